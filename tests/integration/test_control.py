#!/usr/bin/python3
"""Officers' orders: busbar's commands, the control socket of a running busbard, and the store's lock
when none is running. Mistakes of form are found by the tools, by the rules of the daemon."""
import datetime
import fcntl
import json
import os
import pathlib
import signal
import socket
import stat
import subprocess
import tempfile
import unittest

from gateway import CONFIG, Gateway, query
from simulator import BUSBAR

SITE = """\
site: {id: works, gateway: gw1, district: d1, timezone: Asia/Shanghai}
links:
  - {id: a, tcp: "127.0.0.1:1"}
devices:
  - {id: grid, link: a, unit: 1, profile: eastron-sdm630, role: grid}
store: {path: busbar.db}
"""
PRICES = """\
component,unit,month,version,price,status
energy,CNY/kWh,2026-11,1,0.3821,verified
capacity,CNY/kVA,2026-11,1,24,
"""


def hours_ago(hours):
    """A time that is always past and always close, in the site's zone."""
    zone = datetime.timezone(datetime.timedelta(hours=8))
    return (datetime.datetime.now(zone) - datetime.timedelta(hours=hours)).isoformat("T", "minutes")


class Control(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="busbar-control-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.site = self.folder / "site.yaml"
        self.site.write_text(SITE)
        self.store = self.folder / "busbar.db"
        self.socket = self.folder / "busbar.db.ctl"

    def gateway(self):
        gateway = Gateway(self.site)
        self.addCleanup(gateway.stop)
        gateway.wait_log("busbard", "site works")
        return gateway

    def store_of_a_short_run(self):
        """A daemon has made the store and has gone."""
        self.assertEqual(self.gateway().stop(), 0)

    def run_tool(self, *words, environment=None):
        done = subprocess.run([str(BUSBAR), *map(str, words)], capture_output=True, text=True,
                              timeout=60, env={**os.environ, **(environment or {})})
        return done.returncode, done.stdout, done.stderr

    def tool(self, *words):
        """A command on this site, by its site file."""
        cut = 2 if words[0] in ("meter", "import") else 1
        return self.run_tool(*words[:cut], "--config", self.site, "--data", CONFIG, *words[cut:])

    def change(self, **other):
        words = {"device": "grid", "direction": "import", "old-end": "1234.5", "new-start": "0",
                 "at": "2026-11-20T10:00", "by": "王工", **other}
        return ("meter", "change",
                *(w for k, v in words.items() if v is not None for w in (f"--{k}", v)))

    def all_orders(self):
        prices = self.folder / "prices.csv"
        prices.write_text(PRICES)
        return [
            self.change(), self.change(note="seal 77"),
            ("meter", "ratio", "--device", "grid", "--ct-ratio", "80", "--at",
             "2026-11-20T10:00:00+08:00", "--by", "x"),
            ("recompute", "--from", "2026-11-01"),
            ("file-month", "--month", "2026-10", "--by", "Li Na"),
            ("import", "prices", prices),
        ]


    def orders_and_outcomes(self, daemon):
        """Orders that are good in form -> (exit status, what is printed) on a store without a slot.
        Without a daemon nobody has closed any."""
        *_, recompute, month, prices = self.all_orders()
        at = hours_ago(2)
        open_yet = "refused: the quarter of an hour of that moment has not closed"
        return [
            (self.change(at=at), 1, "refused: there is no record of the quarter of an hour of that "
                                    "moment" if daemon else open_yet),
            (self.change(device="feeder", at=at), 1, "refused: the site has no meter feeder"),
            (self.change(at=hours_ago(-2)), 1, open_yet),
            (("meter", "ratio", "--device", "grid", "--ct-ratio", "80", "--at", at, "--by", "x"), 1,
             "refused: the energies and powers of grid are not all multiplied by ct_ratio and "
             "pt_ratio alike" if daemon else open_yet),
            (recompute, 0, "done\n  days: 0\n"),
            (month, 1, "refused: 2026-10 has no record of the month yet"),
            (prices, 0, "done\n  rows: 2\n"),
        ]

    def check_outcomes(self, daemon):
        for words, status, expected in self.orders_and_outcomes(daemon):
            with self.subTest(words=words):
                code, out, err = self.tool(*words)
                self.assertEqual(code, status, err)
                self.assertIn(expected, out if status == 0 else err)
                self.assertEqual((err if status == 0 else out), "")
        self.assertEqual(query(self.store, "SELECT month,price_e8,verified FROM price ORDER BY"
                                           " component"),
                         [(2026 * 12 + 10, 38210000, 1), (2026 * 12 + 10, 2400000000, 0)])


class Socket(Control):
    def connect(self):
        s = socket.socket(socket.AF_UNIX)
        self.addCleanup(s.close)
        s.connect(str(self.socket))
        s.settimeout(20)
        return s

    def ask(self, s, order):
        data = order if isinstance(order, bytes) else json.dumps(order).encode()
        s.sendall(data + b"\n")
        return self.hear(s)

    def hear(self, s):
        line = b""
        while not line.endswith(b"\n"):
            part = s.recv(4096)
            self.assertTrue(part, "closed without an answer")
            line += part
        return json.loads(line)

    def test_ping_and_config_hash_are_answered(self):
        gateway = self.gateway()
        self.assertEqual(stat.S_IMODE(self.socket.stat().st_mode), 0o660)
        self.assertTrue(stat.S_ISSOCK(self.socket.stat().st_mode))
        s = self.connect()
        pong = self.ask(s, {"cmd": "ping"})
        time = pong.pop("t")
        version = subprocess.run([str(BUSBAR), "--version"], capture_output=True, text=True)
        self.assertEqual(pong, {"ok": True, "version": version.stdout.split()[1], "site": "works",
                                "gateway": "gw1"})
        self.assertRegex(time, r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?\+08:00$")
        first = self.ask(s, {"cmd": "config-hash"})
        self.assertRegex(first["config"], "^[0-9a-f]{16}$")
        # a reload keeps the connection, and is seen on it
        self.site.write_text(SITE.replace("role: grid}", "role: grid, poll_ms: 2000}"))
        gateway.send(signal.SIGHUP)
        gateway.wait_log("reload: configuration", "is active")
        second = self.ask(s, {"cmd": "config-hash"})
        self.assertNotEqual(second["config"], first["config"])
        s.close()
        self.assertEqual(gateway.stop(), 0)
        self.assertFalse(self.socket.exists())

    def test_garbage_does_not_disturb_the_daemon(self):
        gateway = self.gateway()
        s = self.connect()
        for bad in (b"", b"\0\0", b"\xff\xfe", b"[" * 5000, b'{"cmd":', b'{"cmd":"dance"}', b"{}"):
            answer = self.ask(s, bad)
            self.assertEqual(answer["ok"], False, bad)
            self.assertTrue(answer["error"], bad)
        self.assertIn("at most 65536 bytes", self.ask(s, b"x" * 70000)["error"])
        for _ in range(30):  # they vanish in the middle
            t = self.connect()
            t.sendall(b'{"cmd":"ping"}\n{"cmd":')
            t.close()
        self.assertTrue(self.ask(self.connect(), {"cmd": "ping"})["ok"])
        self.assertEqual(gateway.stop(), 0)

    def test_orders_are_logged_with_the_user(self):
        gateway = self.gateway()
        answer = self.ask(self.connect(), {"cmd": "recompute", "from": "2026-11-01"})
        self.assertEqual(answer, {"ok": True, "days": 0})
        gateway.wait_log("control: recompute by local:", '{"ok":true,"days":0}')

    def test_an_order_with_an_id_is_executed_once(self):
        self.gateway()
        s = self.connect()
        row = {"month": "2026-11", "component": "energy", "unit": "CNY/kWh", "price": "0.3821",
               "version": 1}
        first = self.ask(s, {"cmd": "prices", "id": "17", "rows": [row]})
        self.assertEqual(first, {"ok": True, "days": 0})
        again = self.ask(s, {"cmd": "prices", "id": "17", "rows": [{**row, "price": "9"}]})
        self.assertEqual(again, first)
        self.assertEqual(query(self.store, "SELECT price_e8 FROM price"), [(38210000,)])
        self.ask(s, {"cmd": "prices", "id": "18", "rows": [{**row, "price": "9"}]})
        self.assertEqual(query(self.store, "SELECT price_e8 FROM price"), [(900000000,)])

    def test_what_the_gateway_cannot_do_is_said(self):
        self.gateway()
        answer = self.ask(self.connect(), {"cmd": "replay", "epoch": 1, "from_seq": 1, "to_seq": 2})
        self.assertEqual(answer, {"ok": False, "error": "this gateway delivers nothing over MQTT; configure mqtt.url first"})

    def test_a_killed_daemon_leaves_a_socket_that_the_next_one_replaces(self):
        gateway = Gateway(self.site, expect=-signal.SIGKILL)
        gateway.wait_log("busbard", "site works")
        self.assertEqual(gateway.stop(signal.SIGKILL), -signal.SIGKILL)
        self.assertTrue(self.socket.exists())
        code, _, err = self.run_tool("recompute", "--db", self.store, "--from", "2026-11-01")
        self.assertEqual(code, 69, err)
        code, out, err = self.tool("recompute", "--from", "2026-11-01")
        self.assertEqual((code, out, err), (0, "done\n  days: 0\n", ""))
        self.gateway()
        self.assertTrue(self.ask(self.connect(), {"cmd": "ping"})["ok"])

    def test_a_file_in_its_place_is_kept_and_the_gateway_measures_on(self):
        self.socket.write_text("mine")
        gateway = self.gateway()
        gateway.wait_log("control socket", "it is no socket")
        self.assertEqual(gateway.stop(), 0)
        self.assertEqual(self.socket.read_text(), "mine")


class Tools(Control):
    def test_the_daemon_executes_or_refuses(self):
        gateway = self.gateway()
        self.check_outcomes(daemon=True)
        code, out, err = self.run_tool("recompute", "--db", self.store, "--from", "2026-11-01")
        self.assertEqual((code, out, err), (0, "done\n  days: 0\n", ""))
        self.assertEqual(gateway.stop(), 0)

    def test_without_a_daemon_the_tool_does_the_same_itself(self):
        self.store_of_a_short_run()
        self.assertFalse(self.socket.exists())
        self.check_outcomes(daemon=False)
        # what it did is there for the next daemon, and the lock is free
        gateway = self.gateway()
        self.assertEqual(len(query(self.store, "SELECT 1 FROM price")), 2)
        self.assertEqual(gateway.stop(), 0)

    def test_without_a_daemon_and_site_file_every_order_says_so(self):
        self.store_of_a_short_run()
        for words in self.all_orders():
            cut = 2 if words[0] in ("meter", "import") else 1
            with self.subTest(words=words):
                code, out, err = self.run_tool(*words[:cut], "--db", self.store, *words[cut:])
                self.assertEqual((code, out), (69, ""))
                self.assertRegex(err, f"^busbar [a-z -]+: busbard is not running on {self.store}; "
                                      "start it, or give --config FILE to work on the store "
                                      "itself\n$")

    def test_a_store_that_another_process_holds_is_left_alone(self):
        self.store_of_a_short_run()
        with open(f"{self.store}.lock") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            for words in self.all_orders():
                with self.subTest(words=words):
                    code, out, err = self.tool(*words)
                    self.assertEqual((code, out), (74, ""))
                    self.assertIn("another process writes to it", err)
                    self.assertIn("in use by another process; see the message above", err)
        self.assertEqual(query(self.store, "SELECT 1 FROM price"), [])

    def test_without_a_store_there_is_nothing_to_work_on(self):
        code, out, err = self.tool("recompute", "--from", "2026-11-01")
        self.assertEqual((code, out), (74, ""))
        self.assertEqual(err, f"busbar recompute: store {self.store}: not found; busbard makes it at "
                              "its first start\n")
        self.assertFalse(self.store.exists())

    def test_mistakes_are_found_before_anything_is_sent(self):
        cases = [
            (self.change(**{"old-end": "12 kWh"}), "old_end is \"12 kWh\""),
            (self.change(direction="in"), "direction is \"in\""),
            (self.change(device="Grid"), "device is \"Grid\""),
            (self.change(at="yesterday"), "--at 'yesterday' is no date"),
            (self.change(by="x" * 65), "by is not usable"),
            (self.change(by=None), "an option is missing: --by"),
            (("meter",), "change or ratio?"), (("meter", "swap"), "change or ratio?"),
            (("meter", "ratio", "--device", "grid", "--at", "2026-11-20", "--by", "x"),
             "ct_ratio and pt_ratio are missing"),
            (("recompute", "--from", "2026-11"), "from is \"2026-11\""),
            (("recompute", "--from", "2026-11-01", "now"), "unexpected word now"),
            (("recompute", "--form", "2026-11-01"), "unknown option"),
            (("recompute", "--from"), "a value is missing after"),
            (("file-month", "--month", "11/2026", "--by", "x"), "month is \"11/2026\""),
            (("import", "factors", "x.csv"), "only prices is known"),
            (("import", "prices"), "which file?"),
        ]
        for words, expected in cases:
            with self.subTest(words=words):
                code, out, err = self.tool(*words) if len(words) > 1 else self.run_tool(*words)
                self.assertEqual((code, out), (64, ""), err)
                self.assertIn(expected, err)
                self.assertEqual(err.count("\n"), 1, err)
        code, _, err = self.run_tool("recompute", "--from", "2026-11-01")
        self.assertEqual(code, 64)
        self.assertIn("give --config FILE or --db FILE", err)
        code, _, err = self.run_tool("recompute", "--from", "2026-11-01", "--config", "none.yaml")
        self.assertEqual(code, 78, err)

    def test_every_command_explains_itself(self):
        _, overview, _ = self.run_tool("--help")
        for words in (("meter",), ("meter", "change"), ("meter", "ratio"), ("recompute",),
                      ("file-month",), ("import",), ("import", "prices"), ("alerts",),
                      ("alerts", "show"), ("alerts", "close")):
            with self.subTest(words=words):
                code, out, err = self.run_tool(*words, "--help")
                self.assertEqual((code, err), (0, ""))
                self.assertIn(f"usage: busbar {words[0]}", out)
                self.assertIn("69 no daemon is running (with --db)", out)
                self.assertIn(f"\n  {words[0]} ", overview)


class Listener:
    """In place of the daemon: takes orders, gives one answer."""

    def __init__(self, path, answer):
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        self.listener.listen(4)
        self.listener.settimeout(20)
        self.answer = answer
        self.orders = []

    def serve(self, process, count=1):
        for _ in range(count):
            s, _ = self.listener.accept()
            with s, s.makefile("rb") as f:
                self.orders.append(json.loads(f.readline()))
                s.sendall(self.answer)
        out, err = process.communicate(timeout=20)
        return process.returncode, out, err

    def close(self):
        self.listener.close()


class Sending(Control):
    """Runs a command against a daemon of the test's own."""

    def send(self, *words, answer=b'{"ok":true}\n', count=1, zone="Asia/Shanghai"):
        listener = Listener(self.socket, answer)
        try:
            process = subprocess.Popen([str(BUSBAR), *map(str, words), "--db", str(self.store)],
                                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                       env={**os.environ, "TZ": zone})
            result = listener.serve(process, count)
        finally:
            listener.close()
            self.socket.unlink()
        return result, listener.orders


class Orders(Sending):
    def test_each_command_sends_its_order(self):
        change, note, ratio, recompute, month, prices = self.all_orders()
        meter = {"cmd": "meter-change", "device": "grid", "direction": "import",
                 "old_end": "1234.5", "new_start": "0", "at": "2026-11-20T10:00:00+08:00",
                 "by": "王工"}
        row = {"month": "2026-11", "version": 1}
        expected = [
            (change, meter), (note, {**meter, "note": "seal 77"}),
            (ratio, {"cmd": "ratio-change", "device": "grid", "ct_ratio": "80",
                     "at": "2026-11-20T10:00:00+08:00", "by": "x"}),
            (recompute, {"cmd": "recompute", "from": "2026-11-01"}),
            (month, {"cmd": "file-month", "month": "2026-10", "by": "Li Na"}),
            (prices, {"cmd": "prices", "rows": [
                {**row, "component": "energy", "unit": "CNY/kWh", "price": "0.3821",
                 "status": "verified"},
                {**row, "component": "capacity", "unit": "CNY/kVA", "price": "24",
                 "status": "unverified"}]}),
        ]
        for words, order in expected:
            with self.subTest(words=words):
                (code, _, err), orders = self.send(*words)
                self.assertEqual((code, err), (0, ""))
                self.assertEqual(orders, [order])

    def test_a_local_time_is_of_the_zone_and_of_that_day(self):
        # Berlin changes from +02:00 to +01:00 on 2026-10-25
        for day, offset in (("2026-10-24", "+02:00"), ("2026-10-26", "+01:00")):
            _, orders = self.send(*self.change(at=f"{day}T10:00"), zone="Europe/Berlin")
            self.assertEqual(orders[0]["at"], f"{day}T10:00:00{offset}")

    def test_answers_are_told_in_words(self):
        recompute = ("recompute", "--from", "2026-11-01")
        (code, out, err), _ = self.send(*recompute, answer=(
            b'{"ok":true,"revisions":12,"note":"November is open"}\n'))
        self.assertEqual((code, err), (0, ""))
        self.assertEqual(out, "done\n  revisions: 12\n  note: November is open\n")
        (code, out, err), _ = self.send(*recompute, answer=b'{"ok":false,"error":"filed; no"}\n')
        self.assertEqual((code, out), (1, ""))
        self.assertEqual(err, "busbar recompute: refused: filed; no\n")
        for answer, expected, words in ((b"", 74, "gave no answer"),
                                        (b'{"ok":tr', 74, "gave no answer"),
                                        (b"x" * 9000 + b"\n", 74, "gave no answer"),
                                        (b"hello\n", 1, "without meaning"),
                                        (b'{"ok":false}\n', 1, "without meaning")):
            with self.subTest(answer=answer[:20]):
                (code, out, err), _ = self.send(*recompute, answer=answer)
                self.assertEqual((code, out), (expected, ""))
                self.assertIn(words, err)


class Prices(Sending):
    def write(self, text, encoding="utf-8"):
        path = self.folder / "list.csv"
        path.write_bytes(text.encode(encoding) if isinstance(text, str) else text)
        return path

    def test_what_spreadsheets_write_is_read(self):
        text = ("# source: the announcement of 2026-10-28\r\n\r\n"
                'month, price ,"component",unit,version,note\r\n'
                '2026-11,0.3821,"energy",CNY/kWh,2,"a ""note"", long"\r\n'
                ",,,,,\r\n"
                ' 2026-12 , -0.00000001 ,losses, CNY/kWh ,1,\r\n')
        (code, out, err), orders = self.send("import", "prices", self.write(text, "utf-8-sig"))
        self.assertEqual((code, out, err), (0, "done\n  rows: 2\n", ""))
        self.assertEqual(orders[0]["rows"], [
            {"month": "2026-11", "component": "energy", "unit": "CNY/kWh", "price": "0.3821",
             "version": 2, "status": "unverified"},
            {"month": "2026-12", "component": "losses", "unit": "CNY/kWh", "price": "-0.00000001",
             "version": 1, "status": "unverified"}])

    def test_a_long_list_goes_in_several_orders(self):
        rows = [f"system_operation,CNY/kWh,{2000 + i // 12}-{i % 12 + 1:02},2147483647,"
                "-0000009999.12345678,unverified\n" for i in range(900)]
        text = PRICES.splitlines(keepends=True)[0] + "".join(rows)
        (code, out, err), orders = self.send("import", "prices", self.write(text), count=3)
        self.assertEqual((code, out, err), (0, "done\n  rows: 900\n", ""))
        sent = [row for order in orders for row in order["rows"]]
        self.assertEqual([row["month"] for row in sent], [r.split(",")[2] for r in rows])
        self.assertLessEqual(max(len(json.dumps(o)) for o in orders), 65536)

    def test_every_wrong_row_is_named_and_nothing_is_sent(self):
        bad = [
            ("energy,CNY/kWh,2026-11,1,0.3821", None),
            ("energy,CNY/MWh,2026-11,1,382.1", 'unit "CNY/MWh" does not fit energy'),
            ("vat,CNY/kWh,2026-11,1,0.1", 'component "vat" is none of'),
            ("energy,CNY/kWh,Nov-26,1,0.1", 'month "Nov-26" is none'),
            ("energy,CNY/kWh,2026-12,0,0.1", 'version "0" is none'),
            ("energy,CNY/kWh,2026-12,1.0,0.1", 'version "1.0" is none'),
            ("energy,CNY/kWh,2026-12,1,0.123456789", "8 decimals"),
            ("energy,CNY/kWh,2026-12,1,", 'price "" is no decimal number'),
            ("energy,CNY/kWh,2026-12,1,0,38", "6 fields, but the first row names 5"),
            ("energy,CNY/kWh", "2 fields"),
            ('energy,"CNY/kWh,2026-12,1,0.1', "a quote is not closed"),
            ("energy,CNY/kWh,2026-11,1,0.4", "as line 3;"),
            ("losses,CNY/kWh,2026-11,1,0.02", None),
        ]
        text = "# a comment\ncomponent,unit,month,version,price\n" + "\n".join(r for r, _ in bad)
        path = self.write(text)
        code, out, err = self.run_tool("import", "prices", "--db", self.store, path)
        self.assertEqual((code, out), (1, ""))
        lines = err.splitlines()
        expected = [(i, why) for i, (_, why) in enumerate(bad, 3) if why]
        self.assertEqual(len(lines), len(expected) + 1, err)
        for line, (number, why) in zip(lines, expected):
            self.assertTrue(line.startswith(f"{path}:{number}: "), line)
            self.assertIn(why, line)
        self.assertIn(f"{len(expected)} rows are wrong; correct them, nothing was sent", lines[-1])

    def test_files_that_are_no_price_list(self):
        head = PRICES.splitlines(keepends=True)[0]
        for content, code, words in (
                ("", 1, "the file is empty"), ("\n\n# nothing\n", 1, "the file is empty"),
                (head, 1, "no rows below the first one"),
                ("energy,CNY/kWh,2026-11,1,0.3821\n", 1, ':1: column "energy" is not known'),
                ("component,unit,month,version\n", 1, "column price is missing"),
                ("component,unit,month,version,price,price\n", 1, 'column "price" is there twice'),
                ("component;unit;month;version;price\n", 1, "the first row must be component,"),
                (PRICES.encode("utf-16"), 1, "save it as csv in UTF-8"),
                (head + "#" * (1 << 20), 1, "larger than 1 MiB"),
                (head + "".join(f"energy,CNY/kWh,2026-11,{i},0.1,\n" for i in range(1, 5002)), 1,
                 ":5002: a file has at most 5000 rows")):
            with self.subTest(words=words):
                result = self.run_tool("import", "prices", "--db", self.store, self.write(content))
                self.assertEqual(result[0], code, result)
                self.assertIn(words, result[2])
        result = self.run_tool("import", "prices", "--db", self.store, self.folder / "none.csv")
        self.assertEqual(result[0], 74)
        self.assertIn("cannot be read: No such file", result[2])
        result = self.run_tool("import", "prices", "--db", self.store, self.folder)
        self.assertEqual(result[0], 74)
        self.assertIn("Is a directory", result[2])


if __name__ == "__main__":
    unittest.main()

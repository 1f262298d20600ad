#!/usr/bin/python3
"""Delivery to HTTPS destinations: batches, keys of idempotency, destinations in every kind of trouble,
a killed gateway.

All gateways read one simulator and start from copies of one store, which has a minute and a quarter
record in it; further rows are put into its outbox by hand."""
import json
import os
import pathlib
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import unittest

from gateway import Gateway, clock_offset, query, wait_until
from receiver import Receiver, answer
from simulator import Sim, free_port
from uplink import Broker, Platform

SITE = """\
site: {id: works, gateway: gw1, district: d1, timezone: Asia/Shanghai}
links:
  - {id: a, tcp: "127.0.0.1:502"}
devices:
  - {id: grid, link: a, unit: 1, profile: eastron-sdm630, role: grid, poll_ms: 500, rated_kw: 500}
"""
TOKEN = "Correct-horse-7"


def write_site(path, store, sections):
    served = simulator.site_file.read_text().split("\nstore:")[0].rstrip("\n")
    path.write_text("\n".join([served, f"store: {{path: {store}}}", *sections, ""]))
    return path


def setUpModule():
    global simulator, first_store, offset
    folder = tempfile.TemporaryDirectory(prefix="busbar-https-sim-")
    unittest.addModuleCleanup(folder.cleanup)
    where = pathlib.Path(folder.name)
    site = where / "site.yaml"
    site.write_text(SITE)
    simulator = Sim(folder.name, site)
    unittest.addModuleCleanup(simulator.stop)
    first_store = where / "first" / "busbar.db"
    first_store.parent.mkdir()
    offset = clock_offset(4)
    with Gateway(write_site(where / "first.yaml", first_store, []), offset) as gateway:
        gateway.wait_log("configuration")
        wait_until("the records of a quarter", lambda: len(kinds(first_store)) >= 2, 40)


def kinds(store):
    try:
        return [k for k, in query(store, "SELECT DISTINCT kind FROM outbox WHERE kind IN (2, 3)")]
    except sqlite3.OperationalError:
        return []


class Delivery(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="busbar-https-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        shutil.copytree(first_store.parent, self.folder / "store")
        self.store = self.folder / "store" / "busbar.db"

    def receiver(self, *args, **named):
        receiver = Receiver(*args, **named)
        self.addCleanup(receiver.stop)
        return receiver

    def site(self, *destinations, more=(), name="works"):
        """destinations: dicts of a destination's keys."""
        lines = ["deliver:"] if destinations else []
        for d in destinations:
            d = {"id": "regulator", "from": "start", **d}
            lines.append("  - {" + ", ".join(f'{k}: "{v}"' if k == "https" else f"{k}: {v}" for k, v in d.items()) + "}")
        return write_site(self.folder / f"{name}.yaml", self.store, [*more, *lines])

    def start(self, site, **named):
        return Gateway(site, offset, **named)

    def outbox(self):
        return [seq for seq, in query(self.store, "SELECT seq FROM outbox ORDER BY seq")]

    def add_rows(self, count, kind=2):
        """Further rows of the kind, without a gateway: each is a message of its own."""
        db = sqlite3.connect(self.store)
        with db:
            db.executemany("INSERT INTO outbox SELECT (SELECT max(seq) FROM outbox) + 1, kind, key,"
                           " revision, part, parts, t FROM outbox WHERE kind=? ORDER BY seq LIMIT 1",
                           [(kind,)] * count)
        db.close()

    def cursor(self, dest="regulator"):
        rows = query(self.store, "SELECT floor, length(ranges) FROM cursor WHERE dest=?", dest)
        return rows[0] if rows else None

    def wait_stored(self, dest="regulator"):
        wait_until(f"the cursor of {dest} at the last row",
                   lambda: self.cursor(dest) == (self.outbox()[-1], 0), 40)

    def check_everything_once(self, receiver):
        self.assertEqual(sorted(receiver.seqs()), self.outbox())
        self.assertEqual(receiver.invalid, [])
        self.check_keys(receiver)

    def check_keys(self, receiver):
        """A key stands for the same bytes each time, and tells what is in them."""
        by_key = {}
        for r in receiver.requests:
            by_key.setdefault(r.key, set()).add(r.raw)
            site, gateway, epoch, ends = r.key.split("/")
            self.assertEqual((site, gateway), ("works", "gw1"))
            self.assertEqual({line["body"]["epoch"] for line in r.lines}, {int(epoch)})
            first, last = map(int, ends.split("-"))
            self.assertEqual(r.seqs, list(range(first, last + 1)))
        self.assertEqual([k for k, raws in by_key.items() if len(raws) != 1], [])


class Batches(Delivery):
    def test_everything_comes_once_in_each_compression(self):
        self.add_rows(30)
        for compression in ("zstd", "gzip", "none"):
            receiver = self.receiver()
            with self.start(self.site({"id": compression, "https": receiver.url, "batch": 20,
                                       "compression": compression})) as gateway:
                gateway.wait_log(f"deliver {compression}: delivers to 127.0.0.1:{receiver.port}")
                self.wait_stored(compression)
            self.check_everything_once(receiver)
            self.assertTrue(all(len(r.lines) <= 20 for r in receiver.requests))
            self.assertEqual({r.headers.get("Content-Encoding", "none") for r in receiver.requests},
                             {compression})
            topics = {line["topic"] for r in receiver.requests for line in r.lines}
            self.assertLessEqual({"record/1m", "record/15m"}, topics)

    def test_where_a_destination_begins_is_its_own_choice(self):
        old = self.outbox()
        later = query(self.store, "SELECT max(t) FROM outbox")[0][0] + 1
        self.add_rows(5)
        db = sqlite3.connect(self.store)
        with db:
            db.execute("UPDATE outbox SET t=? WHERE seq>?", (later, old[-1]))
        db.close()
        at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(later // 1000)) + f".{later % 1000:03d}+00:00"
        known = self.outbox()
        receivers = {start: self.receiver() for start in ("start", "now", at)}
        with self.start(self.site(*({"id": f"d{i}", "https": r.url, "from": start}
                                    for i, (start, r) in enumerate(receivers.items())))):
            for i in range(3):
                wait_until("a cursor", lambda: self.cursor(f"d{i}"))
                self.wait_stored(f"d{i}")
        self.check_everything_once(receivers["start"])
        new = [seq for seq in self.outbox() if seq > known[-1]]
        self.assertEqual(sorted(receivers["now"].seqs()), new)
        self.assertEqual(sorted(receivers[at].seqs()), list(range(old[-1] + 1, known[-1] + 1)) + new)

    def test_a_destination_that_was_taken_out_goes_on_where_it_was(self):
        receiver = self.receiver()
        site = self.site({"https": receiver.url})
        with self.start(site) as gateway:
            self.wait_stored()
            done = self.cursor()[0]
            self.site()
            gateway.send(signal.SIGHUP)
            number = gateway.wait_log("reload:", "is active")
            gateway.stop()
            self.add_rows(7)
        self.site({"https": receiver.url, "from": "now"})
        with self.start(site):
            self.wait_stored()
        self.assertGreaterEqual(number, 0)
        self.assertGreaterEqual(self.cursor()[0], done + 7)
        self.check_everything_once(receiver)


class Trouble(Delivery):
    def deliver_through(self, script, words, **options):
        """The first answers are those of script, each of which fails; then everything is taken.
        Returns receiver and log."""
        receiver = self.receiver(script=script)
        with self.start(self.site({"https": receiver.url, "timeout_s": 1, **options})) as gateway:
            number = gateway.wait_log("deliver regulator: not delivered to",
                                      f"127.0.0.1:{receiver.port}", "next try in", *words)
            gateway.wait_log("deliver regulator: delivers to", after=number)
            self.wait_stored()
        self.check_everything_once(receiver)
        first = receiver.requests[:len(script) + 1]
        self.assertEqual(len({r.key for r in first}), 1)
        self.assertEqual(len({r.raw for r in first}), 1)
        return receiver, gateway.lines

    def test_a_server_error_is_tried_again_with_the_same_key(self):
        self.deliver_through([answer(500, b"oh \x1b[31m\0no"), answer(503)],
                             ["status 500", "oh ?[31m?no", "trouble is on its side"])

    def test_a_hanging_endpoint_is_given_up_and_tried_again(self):
        def hang(handler, _):
            time.sleep(3)
            handler.close_connection = True
        self.deliver_through([hang], ["no answer in time"])

    def test_an_answer_that_drips_is_given_up(self):
        def drip(handler, _):
            for byte in b"HTTP/1.1 200 OK\r\nContent-Le":
                handler.wfile.write(bytes([byte]))
                time.sleep(0.1)
            handler.close_connection = True
        self.deliver_through([drip], ["no answer in time"])

    def test_a_truncated_answer_counts_for_nothing(self):
        def truncate(handler, _):
            handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
            handler.close_connection = True
        self.deliver_through([truncate], ["before its answer was whole"])

    def test_a_connection_closed_without_an_answer_counts_for_nothing(self):
        def close(handler, _):
            handler.close_connection = True
        self.deliver_through([close], ["before its answer was whole"])

    def test_garbage_for_an_answer_counts_for_nothing(self):
        def garbage(handler, _):
            handler.wfile.write(bytes(range(256)) * 10)
            handler.close_connection = True
        self.deliver_through([garbage], [])

    def test_an_endless_answer_is_not_read(self):
        def endless(handler, request):
            request.answer = 200
            handler.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
            try:
                while True:
                    handler.wfile.write(b"x" * 65536)
            except OSError:
                handler.close_connection = True
        receiver = self.receiver(then=endless)
        with self.start(self.site({"https": receiver.url})):
            self.wait_stored()
        self.check_everything_once(receiver)

    def test_retry_after_is_honoured(self):
        receiver, _ = self.deliver_through([answer(429, headers=[("Retry-After", "4")])],
                                           ["status 429", "fewer requests", "next try in 4.0 s"])
        self.assertGreaterEqual(receiver.requests[1].at - receiver.requests[0].at, 3.9)

    def test_a_refused_token_is_named(self):
        path = self.folder / "token"
        path.write_text(TOKEN + "\n")
        path.chmod(0o600)
        receiver, lines = self.deliver_through([answer(401)], ["status 401", f"check token_file {path}"],
                                               token_file=path)
        self.assertEqual({r.headers["Authorization"] for r in receiver.requests}, {f"Bearer {TOKEN}"})
        self.assertEqual([line for line in lines if TOKEN in line], [])

    def test_a_redirection_is_not_followed(self):
        elsewhere = self.receiver()
        self.deliver_through([answer(307, headers=[("Location", elsewhere.url)])],
                             ["status 307", "not followed"])
        self.assertEqual(elsewhere.connections, 0)

    def test_a_batch_that_is_too_large_is_halved(self):
        self.add_rows(40)

        def at_most_10(handler, request):
            answer(413 if len(request.lines) > 10 else 204)(handler, request)
        receiver = self.receiver(then=at_most_10)
        with self.start(self.site({"https": receiver.url})) as gateway:
            gateway.wait_log("deliver regulator:", "(413)", "sends at most")
            self.wait_stored()
        self.check_everything_once(receiver)

    def test_one_row_that_is_refused_does_not_hold_up_the_others(self):
        self.add_rows(40)
        bad = self.outbox()[20]

        def not_that(handler, request):
            wrong = bad in request.seqs
            answer(422 if wrong else 204, b'{"error": "line"}' if wrong else b"")(handler, request)
        receiver = self.receiver(then=not_that)
        with self.start(self.site({"https": receiver.url})) as gateway:
            gateway.wait_log("deliver regulator:", f"refuses the message with seq {bad} (status 422)", "line")

            def event():
                return [line["body"] for r in receiver.accepted() for line in r.lines
                        if line["topic"] == "event" and line["body"].get("event") == "message_refused"]
            raised = receiver.wait("the event", event)
            receiver.wait("all others", lambda: sorted(receiver.seqs()) ==
                          [seq for seq in self.outbox() if seq != bad])
        self.assertEqual(len(raised), 1)
        self.assertEqual((raised[0]["object"], raised[0]["state"]), ("regulator", "raised"))
        self.assertEqual(self.cursor()[0], bad - 1)
        self.assertEqual(receiver.invalid, [])
        self.check_keys(receiver)


class Documented(Delivery):
    def test_the_receiver_in_the_documentation_works(self):
        """The example of docs/https.md, on a port of its own, and what it has taken."""
        text = (pathlib.Path(__file__).resolve().parents[2] / "docs" / "https.md").read_text()
        code = text.split("```python\n")[1].split("```")[0]
        port, kept = free_port(), self.folder / "taken"
        self.assertIn('("127.0.0.1", 8081)', code)
        self.assertIn("        self.send_response(204)\n", code)
        code = code.replace("8081", str(port)).replace(
            "        self.send_response(204)\n",
            f"        open({str(kept)!r}, 'w').write(json.dumps(sorted(k[1] for k in messages)))\n"
            "        self.send_response(204)\n")
        example = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL)
        self.addCleanup(example.wait)
        self.addCleanup(example.kill)
        self.add_rows(20)
        with self.start(self.site({"https": f"http://127.0.0.1:{port}/in", "compression": "gzip",
                                   "batch": 8})):
            self.wait_stored()
        self.assertEqual(json.loads(kept.read_text()), self.outbox())


class Kill(Delivery):
    def killed(self, site, condition, receiver):
        gateway = self.start(site, expect=-signal.SIGKILL)
        try:
            receiver.wait("what the kill waits for", condition)
        finally:
            self.assertEqual(gateway.stop(signal.SIGKILL), -signal.SIGKILL)

    def test_a_batch_without_an_answer_comes_again_just_as_it_was(self):
        def never(handler, _):
            time.sleep(3)
            handler.close_connection = True
        receiver = self.receiver(script=[never])
        site = self.site({"https": receiver.url})
        self.killed(site, lambda: receiver.requests, receiver)
        sent = receiver.requests[0]
        self.add_rows(12)  # a batch cut anew would have these in it
        with self.start(site):
            self.wait_stored()
        self.assertEqual(receiver.requests[1].key, sent.key)
        self.assertEqual(receiver.requests[1].raw, sent.raw)
        self.check_everything_once(receiver)

    def test_answers_that_were_not_yet_on_disk_change_nothing(self):
        self.add_rows(200)
        receiver = self.receiver()
        site = self.site({"https": receiver.url, "batch": 7})
        for count in (3, 9, 14):
            self.killed(site, lambda: len(receiver.accepted()) >= count, receiver)
            self.add_rows(1, 3)
        with self.start(site):
            self.wait_stored()
        self.check_everything_once(receiver)


    def test_kills_at_random_instants_lose_and_repeat_nothing(self):
        """BUSBAR_KILLS rounds; the receiver errs, delays and hangs up meanwhile."""
        chance = random.Random(20261125)

        def capricious(handler, request):
            mood = chance.random()
            handler.close_connection = mood < 0.1 or mood > 0.9
            if mood >= 0.1:
                time.sleep(0.2 if mood > 0.8 else 0)
                answer(503 if mood < 0.2 else 204)(handler, request)
        receiver = self.receiver(then=capricious)
        site = self.site({"https": receiver.url, "batch": 13})
        for _ in range(int(os.environ.get("BUSBAR_KILLS", 8))):
            self.add_rows(1 + chance.randrange(40), chance.choice((2, 2, 3)))
            before = len(receiver.requests)
            self.killed(site, lambda: len(receiver.requests) > before + chance.randrange(3), receiver)
        with self.start(site) as gateway:
            gateway.wait_log("configuration")
            self.wait_stored()
        self.check_everything_once(receiver)


class Isolation(Delivery):
    def test_a_dead_destination_costs_the_others_nothing(self):
        def never(handler, _):
            receiver.closing.wait(30)
            handler.close_connection = True
        receiver = self.receiver(then=never)
        healthy = self.receiver()
        broker = Broker(self.folder)
        self.addCleanup(broker.stop)
        mqtt = f"mqtt: {{url: \"{broker.url}\", live_s: 1}}"
        with Platform(broker) as platform, \
                self.start(self.site({"id": "dead", "https": receiver.url, "timeout_s": 600},
                                     {"id": "alive", "https": healthy.url}, more=[mqtt])) as gateway:
            receiver.wait("a request to the dead one", lambda: receiver.requests)
            self.wait_stored("alive")
            self.wait_stored("mqtt")
            before = len(platform.bodies("live"))
            platform.wait("live values", lambda: len(platform.bodies("live")) > before + 3, 20)
            self.assertEqual(self.cursor("dead"), (0, 0))
            gateway.stop()  # with the request still open
            receiver.closing.set()
        self.assertEqual(len(receiver.requests), 1)
        self.check_everything_once(healthy)
        self.assertEqual(sorted(platform.seqs()), self.outbox())

    def test_a_dead_broker_costs_a_destination_nothing(self):
        receiver = self.receiver()
        mqtt = f"mqtt: {{url: \"mqtt://127.0.0.1:{free_port()}\"}}"
        with self.start(self.site({"https": receiver.url}, more=[mqtt])) as gateway:
            gateway.wait_log("mqtt: not connected")
            self.wait_stored()
        self.check_everything_once(receiver)


if __name__ == "__main__":
    unittest.main()

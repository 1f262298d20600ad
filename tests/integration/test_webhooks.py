#!/usr/bin/python3
"""Notification by webhooks: the real gateway and receivers that check what they get.

Each test starts from a copy of one store; its alerts are put into the outbox while no gateway runs."""
import json
import pathlib
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import time
import unittest
import urllib.request

import jsonschema

from gateway import BUSBARD, CONFIG, Gateway, query, wait_until
from receiver import SCHEMAS, Authority
from robots import TAKEN, Robot, answer
from simulator import free_port

SECRET = "SEC-of-a-test-7"
ZONE_S = 8 * 3600
DAY_S = 86400


def write_site(path, store, sections=()):
    path.write_text("\n".join([
        "site: {id: works, gateway: gw1, name: 天玺, district: d1, timezone: Asia/Shanghai}",
        "links:", f'  - {{id: a, tcp: "127.0.0.1:{free_port()}"}}',
        "devices:", "  - {id: grid, link: a, unit: 1, profile: eastron-sdm630, role: grid}",
        f"store: {{path: {store}}}", f'web: {{listen: "127.0.0.1:{free_port()}"}}', *sections, ""]))
    return path


def setUpModule():
    global first_store
    folder = tempfile.TemporaryDirectory(prefix="busbar-webhooks-first-")
    unittest.addModuleCleanup(folder.cleanup)
    where = pathlib.Path(folder.name)
    first_store = where / "first" / "busbar.db"
    first_store.parent.mkdir()
    with Gateway(write_site(where / "first.yaml", first_store)) as gateway:
        gateway.wait_log("configuration")
        wait_until("a layout", lambda: first_store.exists() and query(first_store, "SELECT id FROM layout"))


class Webhooks(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="busbar-webhooks-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        shutil.copytree(first_store.parent, self.folder / "store")
        self.store = self.folder / "store" / "busbar.db"
        self.seqs = []

    def robot(self, *args, **named):
        robot = Robot(*args, **named)
        self.addCleanup(robot.stop)
        return robot

    def secret(self, name, text):
        path = self.folder / name
        path.write_text(text + "\n")
        path.chmod(0o600)
        return path

    def site(self, *hooks, quiet=None):
        lines = ["alerts:", "  webhooks:"]
        for h in hooks:
            h = {"id": "hook", **h}
            lines.append("    - {" + ", ".join(f"{k}: {json.dumps(v) if k == 'url' else v}"
                                               for k, v in h.items()) + "}")
        if quiet:
            lines.append(f"  quiet: {quiet}")
        return write_site(self.folder / "site.yaml", self.store, lines)

    def begin(self, *ids):
        """The webhooks are known from now on: their place is behind the last row."""
        db = sqlite3.connect(self.store)
        with db:
            for i in ids or ("hook",):
                db.execute("INSERT INTO cursor SELECT 'alert/' || ?, value, (SELECT coalesce(max(seq), 0) FROM outbox), x''"
                           " FROM meta WHERE key='epoch'", (i,))
        db.close()

    def put(self, severity="warning", state="raised", age_s=0, object_="main", now=None, **more):
        """An event of an alert at the end of the outbox."""
        t = (now or time.time()) - age_s
        at = time.strftime("%Y-%m-%dT%H:%M:%S+08:00", time.gmtime(t + ZONE_S))
        members = {"event": "alert", "object": object_, "rule": "A01", "severity": severity, "state": state,
                   "at": at, "value": 2950.5, "threshold": 2880, "unit": "kW", "actor": None,
                   "note": "70 kW to shed", "evidence": [], "alert": 100 + len(self.seqs), "action": "shed_load",
                   "text": {"zh": "需量接近：错峰", "en": "Demand near contract: stagger loads"},
                   "note_zh": "需减 70 kW", **more}
        db = sqlite3.connect(self.store)
        with db:
            body = json.dumps(members, ensure_ascii=False)[1:-1]
            event = db.execute("INSERT INTO event(t, layout, offset_s, body) SELECT ?, max(id), 28800, ? FROM layout",
                               (int(t * 1000), body)).lastrowid
            seq = db.execute("SELECT coalesce(max(seq), 0) + 1 FROM outbox").fetchone()[0]
            db.execute("INSERT INTO outbox VALUES(?, 1, ?, 0, 1, 1, ?)", (seq, event, int(t * 1000)))
        db.close()
        self.seqs.append(seq)
        return seq

    def told(self, robot):
        return [a["seq"] for m in robot.taken for a in m.body["alerts"]]

    def stored(self, hook="hook"):
        """Everything up to the last alert is done, on disk."""
        floor = query(self.store, "SELECT floor FROM cursor WHERE dest=?", f"alert/{hook}")
        return floor and floor[0][0] >= self.seqs[-1]

    def wait_stored(self, hook="hook"):
        wait_until(f"the cursor of {hook} behind the last alert", lambda: self.stored(hook), 20)


class Kinds(Webhooks):
    def test_each_kind_gets_its_message_signed(self):
        kinds = ("json", "wecom", "dingtalk", "feishu")
        robots = {k: self.robot(k) for k in kinds}
        secret = self.secret("secret", SECRET)
        hooks = [{"id": k, "kind": k, "url_file": self.secret(f"{k}.url", robots[k].url()),
                  **({} if k == "wecom" else {"secret_file": secret})} for k in kinds]
        self.begin(*kinds)
        self.put("critical")
        with Gateway(self.site(*hooks)) as gateway:
            for k in kinds:
                robots[k].wait(k, lambda: robots[k].taken)
                gateway.wait_log(f"webhook {k}: tells 127.0.0.1:{robots[k].port} of alerts")
                self.wait_stored(k)
        for k in kinds:
            message, = robots[k].messages
            self.assertTrue(message.path.startswith("/send?key=S3cret-Key"), message.path)
            self.assertTrue(k == "wecom" or message.signed_by(k, SECRET, time.time()), message.path)
            self.assertFalse(k != "wecom" and message.signed_by(k, "another", time.time()))
            for words in ("天玺", "A01 需量接近 main", "2950.5 kW", "2880 kW", "需减 70 kW"):
                self.assertIn(words, message.text())
        schema = json.loads((SCHEMAS / "webhook.json").read_text())
        jsonschema.Draft202012Validator(schema).validate(robots["json"].messages[0].body)
        self.assertEqual([line for line in gateway.lines if "S3cret" in line or SECRET in line], [])

    def test_only_what_is_asked_for_is_told(self):
        robot = self.robot()
        self.begin()
        wanted = [self.put("critical"), self.put("major", "cleared")]
        self.put("warning")
        self.put("critical", "acknowledged")
        self.put("critical", rule="A02")
        self.put("critical", alert=None)
        wanted += [self.put("critical", "escalated"), self.put("critical", "reopened")]
        with Gateway(self.site({"url": robot.url(), "min_severity": "major", "rules": "[A01]"})):
            robot.wait("four messages", lambda: len(robot.taken) == 4)
            self.wait_stored()
        self.assertEqual(self.told(robot), wanted)

    def test_a_template_makes_the_body(self):
        robot = self.robot()
        self.begin()
        self.put("major")
        template = "'{\"msg\": {\"title\": \"{title}\", \"who\": \"{rule}/{object} {value} {unit}\"}}'"
        with Gateway(self.site({"url": robot.url(), "lang": "en", "template": template})):
            robot.wait("the message", lambda: robot.taken)
        self.assertEqual(robot.messages[0].body["msg"],
                         {"title": "major raised: A01 Demand near contract main", "who": "A01/main 2950.5 kW"})


class Trouble(Webhooks):
    def test_an_outage_is_waited_out(self):
        def hang(handler, _):
            robot.closing.wait(3)
            handler.close_connection = True
        robot = self.robot(script=[answer(503), hang])
        self.begin()
        for _ in range(3):
            self.put("major")
        with Gateway(self.site({"url": robot.url(), "timeout_s": 1})) as gateway:
            gateway.wait_log("webhook hook: nothing told to 127.0.0.1", "status 503", "on its side", "next try in")
            gateway.wait_log("webhook hook: nothing told to", "no answer in time")
            number = gateway.wait_log("webhook hook: tells")
            self.wait_stored()
        self.assertEqual(self.told(robot), self.seqs)
        self.assertGreater(number, 0)

    def test_what_a_robot_does_not_want_is_said_once(self):
        denied = answer(200, '{"errcode":310000,"errmsg":"sign not match"}')
        robot = self.robot("dingtalk", then=denied)
        self.begin()
        self.put("critical")
        url = self.secret("url", robot.url("/robot/send?access_token=T0ken-of-this-robot"))
        with Gateway(self.site({"kind": "dingtalk", "url_file": url})) as gateway:
            number = gateway.wait_log("webhook hook: nothing told to", "sign not match", "secret_file",
                                      "1 alerts wait, next try in 300 s")
        self.assertEqual(len(robot.messages), 1)
        self.assertFalse(self.stored())
        self.assertEqual(len([line for line in gateway.lines if "nothing told" in line]), 1)
        self.assertNotIn("T0ken", "\n".join(gateway.lines[number:]))
        self.assertEqual(set(robot.messages[0].query), {"access_token"})  # unsigned without a secret

    def test_an_answer_that_repeats_the_address_is_not_logged(self):
        robot = self.robot("wecom", then=answer(200, '{"errcode":93000,"errmsg":"bad S3cret-Key-of-this-robot"}'))
        self.begin()
        self.put("critical")
        url = self.secret("url", robot.url())
        with Gateway(self.site({"kind": "wecom", "url_file": url})) as gateway:
            gateway.wait_log("nothing told to", "it repeats its address")
        self.assertEqual([line for line in gateway.lines if "S3cret" in line], [])

    def test_a_file_that_others_can_read_is_not_used(self):
        robot = self.robot()
        url = self.secret("url", robot.url())
        url.chmod(0o644)
        self.begin()
        self.put("critical")
        with Gateway(self.site({"url_file": url})) as gateway:
            gateway.wait_log("webhook hook: nothing told", "mode 0644", "chmod 0600")
            self.assertEqual(robot.connections, 0)
            url.chmod(0o600)
            robot.wait("the alert", lambda: robot.taken)
            self.wait_stored()

    def test_texts_that_are_refused_become_numbers(self):
        refuse = answer(422)
        robot = self.robot(script=[refuse] * 2)
        self.begin()
        self.put("critical")
        with Gateway(self.site({"url": robot.url(), "lang": "en"})) as gateway:
            gateway.wait_log("nothing told to", "status 422")
            robot.wait("the number alone", lambda: robot.taken)
        self.assertEqual(robot.taken[0].body["alerts"], [])
        self.assertIn("no. 100", robot.taken[0].body["text"])
        self.assertNotIn("Demand", robot.taken[0].body["text"])


class Tls(Webhooks):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="busbar-webhooks-tls-")
        cls.addClassCleanup(folder.cleanup)
        cls.authority = Authority(folder.name, "authority")
        cls.other = Authority(folder.name, "other")
        cls.pair = cls.authority.issue("robot")

    def test_its_own_authority_is_enough(self):
        robot = self.robot(certificate=self.pair)
        self.begin()
        self.put("critical")
        with Gateway(self.site({"url": robot.url(), "ca_file": self.authority.cert})):
            robot.wait("the alert", lambda: robot.taken)
            self.wait_stored()

    def test_to_a_stranger_nothing_is_said(self):
        robot = self.robot(certificate=self.pair)
        self.begin()
        self.put("critical")
        with Gateway(self.site({"url": robot.url(), "ca_file": self.other.cert})) as gateway:
            gateway.wait_log("nothing told to", "not from an authority in", "nothing was sent")
        self.assertEqual(robot.messages, [])
        self.assertFalse(self.stored())


class Kill(Webhooks):
    def test_kills_lose_none(self):
        chance = random.Random(20261125)

        def slow(handler, message):
            time.sleep(chance.random() / 4)
            TAKEN["json"](handler, message)
            with robot.changed:
                robot.taken.append(message)
        robot = self.robot(then=slow)
        site = self.site({"url": robot.url(), "per_minute": 100})
        self.begin()
        for i in range(3):
            for _ in range(3):
                self.put("critical")
            before = len(robot.messages)
            gateway = Gateway(site, expect=-signal.SIGKILL)
            try:
                robot.wait("a message", lambda: len(robot.messages) > before + i % 2)
            finally:
                self.assertEqual(gateway.stop(signal.SIGKILL), -signal.SIGKILL)
        with Gateway(site):
            self.wait_stored()
        self.assertEqual(sorted(set(self.told(robot))), self.seqs)


class Live(Webhooks):
    def test_what_an_officer_enters_is_told_at_once(self):
        robot = self.robot("wecom")
        site = self.site({"kind": "wecom", "url_file": self.secret("url", robot.url())})
        with Gateway(site) as gateway:
            gateway.wait_log("configuration")
            enter = [str(BUSBARD.with_name("busbar")), "alerts", "enter", "--config", str(site), "--data",
                     str(CONFIG), "--by", "王工", "--rule", "leak", "--object", "配电室", "--text", "配电室漏水", "--severity", "critical"]
            wait_until("the order to be taken", lambda: subprocess.run(enter, capture_output=True).returncode == 0)
            robot.wait("the alert", lambda: robot.taken)
            self.seqs = [seq for seq, in query(self.store, "SELECT max(seq) FROM outbox WHERE kind=1")]
            wait_until("its cursor", lambda: query(self.store, "SELECT length(ranges) = 0 AND floor >= ? FROM cursor"
                                                   " WHERE dest='alert/hook'", self.seqs[0])[0][0], 90)
        self.assertEqual(len(robot.messages), 1)
        for words in ("严重 触发", "leak", "配电室漏水", "编号 1", "王工"):
            self.assertIn(words, robot.messages[0].text())


class Many(Webhooks):
    def test_beyond_the_rate_alerts_are_joined(self):
        robot = self.robot()
        self.begin()
        for i in range(12):
            self.put("critical" if i == 7 else "major")
        with Gateway(self.site({"url": robot.url(), "per_minute": 3, "lang": "en"})):
            self.wait_stored()
        message, = robot.messages
        self.assertEqual(message.body["count"], 12)
        self.assertEqual(message.body["title"], "12 alerts: 1 critical, 11 major")
        self.assertEqual(message.body["alerts"][0]["seq"], self.seqs[7])
        self.assertEqual(sorted(self.told(robot)), self.seqs)

    def test_within_the_rate_each_has_its_own(self):
        robot = self.robot()
        self.begin()
        for _ in range(5):
            self.put("major")
        site = self.site({"url": robot.url(), "per_minute": 5})
        address = re.search(r'listen: "(.*?)"', site.read_text())[1]
        with Gateway(site):
            self.wait_stored()
            metrics = urllib.request.urlopen(f"http://{address}/metrics").read().decode()
        for line in ("sent_total{webhook=\"hook\"} 5", "alerts_total{webhook=\"hook\"} 5",
                     "failed_total{webhook=\"hook\"} 0", "waiting{webhook=\"hook\"} 0"):
            self.assertIn(f"busbar_webhook_{line}\n", metrics)
        self.assertEqual([m.body["count"] for m in robot.messages], [1] * 5)
        self.assertEqual(self.told(robot), self.seqs)

    def test_old_alerts_are_only_counted(self):
        robot = self.robot()
        self.begin()
        self.put("critical", age_s=2 * DAY_S)
        self.put("critical", age_s=DAY_S + 60)
        fresh = self.put("major", age_s=3600)
        with Gateway(self.site({"url": robot.url(), "lang": "en"})):
            self.wait_stored()
        self.assertEqual(self.told(robot), [fresh])
        self.assertEqual([(m.body["count"], m.body["late"]) for m in robot.messages], [(1, 0), (2, 2)])
        self.assertIn("2 older than 24 h", robot.messages[1].body["text"])


class Quiet(Webhooks):
    def test_quiet_hours_hold_back_and_end_with_one_summary(self):
        robot = self.robot()
        self.begin()
        night = (6 * 3600 - (time.time() + ZONE_S)) % DAY_S  # six o'clock
        now = time.time() + night
        self.put("warning", age_s=3000, now=now)
        urgent = self.put("critical", age_s=2000, now=now)
        self.put("major", age_s=1000, now=now)
        self.put("warning", "cleared", age_s=500, now=now)
        site = self.site({"url": robot.url(), "lang": "en"}, quiet='[{from: "22:00", to: "07:00"}]')
        with Gateway(site, night):
            robot.wait("what cannot wait", lambda: robot.taken)
            wait_until("its place on disk", lambda: query(
                self.store, "SELECT length(ranges) FROM cursor WHERE dest='alert/hook'")[0][0] > 0)
        self.assertEqual(self.told(robot), [urgent])
        self.assertFalse(self.stored())
        with Gateway(site, night + 2 * 3600):
            self.wait_stored()
        self.assertEqual(len(robot.messages), 2)
        self.assertEqual(robot.messages[1].body["title"], "3 alerts: 1 major, 2 warning")
        self.assertEqual(sorted(self.told(robot)), self.seqs)


if __name__ == "__main__":
    unittest.main()

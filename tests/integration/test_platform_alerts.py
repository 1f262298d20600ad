#!/usr/bin/python3
"""/alert: each of the platform's alerts is answered by one event, stands once in the ledger, and is told
when it is over, with what came of it; over kill -9, duplicates and hostile messages."""
import datetime
import json
import signal
import time
import unittest

import paho.mqtt.client as mqtt

from gateway import Gateway, clock_offset, query, wait_until
from test_mqtt_delivery import ROOT, Delivery, setUpModule
from uplink import Platform

FAR_FROM_EDGE_S = 450
CHINA = datetime.timezone(datetime.timedelta(hours=8))


class Watcher(Platform):
    """A platform that does not validate /alert, which this test writes to, hostile things too."""

    def _on_message(self, client, data, m):
        if m.topic != f"{ROOT}/alert":
            super()._on_message(client, data, m)

    def events(self, name, **members):
        """The events of that name with these members, each seq once."""
        found = {b["seq"]: b for b in self.bodies("event") if b and b["event"] == name and
                 all(b.get(k) == v for k, v in members.items())}
        return [found[seq] for seq in sorted(found)]


class AlertCase(Delivery):
    def setUp(self):
        super().setUp()
        self.server = self.broker()
        self.sender = mqtt.Client(client_id="alerter", protocol=mqtt.MQTTv5)
        self.sender.connect("127.0.0.1", self.server.port)
        self.sender.loop_start()
        self.addCleanup(self.sender.loop_stop)
        self.addCleanup(self.sender.disconnect)
        self.platform = Watcher(self.server)
        self.addCleanup(self.platform.stop)
        self.offset = clock_offset(FAR_FROM_EDGE_S)
        self.file = self.site(self.server.url)

    def tearDown(self):
        self.assertEqual(self.platform.invalid, [])

    def run_gateway(self, expect=0):
        gateway = Gateway(self.file, self.offset, expect=expect)
        self.addCleanup(gateway.stop)
        return gateway

    def online(self):
        number = len(self.platform.bodies("status"))
        return lambda: self.platform.wait("online", lambda: [
            b for b in self.platform.bodies("status")[number:] if b["state"] == "online"], 20)

    def at(self, seconds):
        """So many seconds from now on the gateway's clock."""
        t = datetime.datetime.fromtimestamp(int(time.time() + self.offset + seconds), CHINA)
        return t.isoformat()

    def alert(self, name, seconds=600, **members):
        return {"id": name, "severity": "major", "code": "PEAK-SHAVE",
                "text": {"zh": "压减负荷", "en": "Cut the load"}, "valid_until": self.at(seconds),
                "expected_kw": 300, **members}

    def publish(self, payload, retain=False):
        if isinstance(payload, dict):
            payload = json.dumps(payload)
        return self.sender.publish(f"{ROOT}/alert", payload, qos=1, retain=retain)

    def wait_event(self, name, count=1, **members):
        found = self.platform.wait(f"{count} of {name} {members}", lambda: (
            e if len(e := self.platform.events(name, **members)) >= count else None), 20)
        self.assertEqual(len(found), count)
        return found[-1]

    def rows(self, columns="message_id, rule, active, handling"):
        return query(self.store, f"SELECT {columns} FROM alert WHERE source=1 ORDER BY id")


class Taken(AlertCase):
    def test_each_is_answered_by_one_event(self):
        online = self.online()
        with self.run_gateway() as gateway:
            online()
            self.publish(self.alert("a-1"))
            raised = self.wait_event("alert", message_id="a-1")
            self.assertEqual([raised[k] for k in ("state", "object", "rule", "severity", "threshold",
                                                  "unit")],
                             ["raised", "site", "PEAK-SHAVE", "major", 300, "kW"])
            self.assertEqual(raised["text"], {"zh": "压减负荷", "en": "Cut the load"})
            self.publish(self.alert("a-1"))  # again
            self.publish(self.alert("a-2", severity="info"))  # the same code, another alert
            self.wait_event("alert", message_id="a-2", state="raised")
            self.publish(self.alert("late", seconds=-5))
            late = self.wait_event("alert", message_id="late")
            self.assertEqual(late["state"], "refused")
            self.assertIn("expired: valid_until", late["note"])
            self.publish(self.alert("late", seconds=-5))
            self.refuse_hostile()
            self.publish(b"x" * 200000)  # kept away by the broker: we told it that we take 64 KiB
            self.publish(self.alert("a-3"))
            self.wait_event("alert", message_id="a-3", state="raised")
            gateway.wait_log("mqtt: alert, id late:", "expired")
            self.assertEqual(self.rows(), [(f"a-{i}", "PEAK-SHAVE", 1, 0) for i in (1, 2, 3)])
            for name in ("a-1", "a-2", "a-3", "late"):
                self.assertEqual(len(self.platform.events("alert", message_id=name)), 1, name)
        self.assertEqual(len(self.platform.events("alert")), 4 + len(self.hostile()))

    def hostile(self):
        """Message -> (its id, words of the refusal)."""
        good = self.alert("b-1")
        bad = lambda **members: json.dumps({**good, **members}).encode()
        return {
            b"": (None, "no JSON"),
            b"\x00\xff\xfe": (None, "no JSON"),
            b"[" * 15000: (None, "no JSON"),
            b'{"id":"b-1"}': ("b-1", "severity is missing"),
            bad(id=7): (None, "id is not usable"),
            bad(severity="red"): ("b-1", 'severity is "red"'),
            bad(text={"zh": "x"}): ("b-1", "text.en is missing"),
            bad(valid_until="2026-11-25T12:00:00"): ("b-1", "valid_until is"),
            bad(expected_kw="300"): ("b-1", 'expected_kw is "300"'),
            bad(more="x" * 20000): (None, "an alert has at most 16384 bytes"),
        }

    def refuse_hostile(self):
        for payload, (name, words) in self.hostile().items():
            with self.subTest(payload=payload[:40]):
                number = len(self.platform.events("alert", state="refused"))
                self.publish(payload)
                event = self.wait_event("alert", number + 1, state="refused")
                self.assertEqual(event["message_id"], name)
                self.assertIn(words, event["note"])

    def test_a_retained_one_is_refused_without_an_event(self):
        self.publish(self.alert("old"), retain=True).wait_for_publish(10)
        online = self.online()
        with self.run_gateway() as gateway:
            online()
            gateway.wait_log("a retained message on /alert was refused")
            self.publish(self.alert("new"))
            self.wait_event("alert", message_id="new")
            self.assertEqual([row[0] for row in self.rows()], ["new"])
        self.assertEqual(len(self.platform.events("alert")), 1)

    def test_it_ends_with_its_time_and_the_effect_is_told(self):
        online = self.online()
        with self.run_gateway():
            online()
            self.publish(self.alert("short", seconds=3))
            self.wait_event("alert", message_id="short", state="raised")
            self.wait_event("alert", message_id="short", state="cleared")
            told = self.wait_event("alert_effect", message_id="short")
            self.assertIsNone(told["state"])
            self.assertFalse(told["effect"]["complete"])
            self.assertEqual(told["effect"]["baseline"], "before")
            self.assertIsNone(told["effect"]["rebound_kwh"])
            self.assertIn("the effect is not known", told["note"])  # of a few seconds
            [(active, effect)] = self.rows("active, effect")
            self.assertEqual((active, json.loads(effect)), (0, told["effect"]))


class Killed(AlertCase):
    """The platform sends again what got no event, under the same id."""

    def until_raised(self, message):
        raised = lambda: self.platform.events("alert", message_id=message["id"], state="raised")
        for _ in range(40):
            self.publish(message)
            end = time.monotonic() + 0.5
            while time.monotonic() < end:
                if raised():
                    return
                time.sleep(0.02)
        self.fail("never raised")

    def stood_still(self, gateway, message):
        """It has the message in its socket, unread: no PUBACK was sent."""
        gateway.send(signal.SIGSTOP)
        self.publish(message).wait_for_publish(10)

    def after(self, seconds):
        def wait(_gateway, message):
            self.publish(message).wait_for_publish(10)
            time.sleep(seconds)
        return wait

    def on_record(self, gateway, message):
        self.publish(message)
        gateway.wait_log("mqtt: alert, id", message["id"])

    def test_one_row_and_one_event_whenever_it_is_killed(self):
        kills = {"unread": self.stood_still, "at once": self.after(0), "soon": self.after(0.004),
                 "on record": self.on_record}
        for i, (name, before) in enumerate(kills.items()):
            message = self.alert(f"k-{i}")
            online = self.online()
            gateway = self.run_gateway(expect=-signal.SIGKILL)
            online()
            before(gateway, message)
            gateway.stop(signal.SIGKILL)
            if name == "on record":
                wait_until("the row", lambda: message["id"] in [row[0] for row in self.rows()], 5)
        message = self.alert("k-last")
        online = self.online()
        with self.run_gateway():
            online()
            for i in range(len(kills)):
                self.until_raised(self.alert(f"k-{i}"))
            self.until_raised(message)
            self.wait_all_acknowledged()
        self.assertEqual(sorted(row[0] for row in self.rows()),
                         sorted([f"k-{i}" for i in range(len(kills))] + ["k-last"]))
        events = query(self.store, "SELECT count(*) FROM event WHERE body LIKE '%\"alert\"%'"
                                   " AND body LIKE '%\"state\":\"raised\"%'")
        self.assertEqual(events, [(len(kills) + 1,)])
        for i in range(len(kills)):
            self.assertEqual(len(self.platform.events("alert", message_id=f"k-{i}")), 1)


if __name__ == "__main__":
    unittest.main()

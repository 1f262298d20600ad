#!/usr/bin/python3
"""/cmd and /cmd/reply: each command gets one reply, whatever it is; none can disturb delivery."""
import json
import signal
import subprocess
import time
import unittest

import paho.mqtt.client as mqtt

from gateway import BUSBARD, Gateway, clock_offset, query, wait_until
from test_mqtt_delivery import ROOT, Delivery, OldBroker, setUpModule
from uplink import Platform

FAR_FROM_EDGE_S = 450


class Watcher(Platform):
    """A platform that does not validate /cmd, which this test writes to, hostile things too."""

    def _on_message(self, client, data, m):
        if m.topic != f"{ROOT}/cmd":
            super()._on_message(client, data, m)

    def replies(self):
        return self.bodies("cmd/reply")


class CommandCase(Delivery):
    def setUp(self):
        super().setUp()
        self.server = self.broker()
        self.sender = mqtt.Client(client_id="commander", protocol=mqtt.MQTTv5)
        self.sender.connect("127.0.0.1", self.server.port)
        self.sender.loop_start()
        self.addCleanup(self.sender.loop_stop)
        self.addCleanup(self.sender.disconnect)
        self.platform = Watcher(self.server)
        self.addCleanup(self.platform.stop)

    def publish(self, payload, retain=False, qos=1):
        if isinstance(payload, dict):
            payload = json.dumps(payload)
        self.sender.publish(f"{ROOT}/cmd", payload, qos=qos, retain=retain).wait_for_publish(10)

    def reply(self, number):
        """The reply with that number, from 0."""
        return self.platform.wait(f"reply {number}",
                                  lambda: self.platform.replies()[number:], 15)[0]

    def ask(self, payload, **options):
        number = len(self.platform.replies())
        self.publish(payload, **options)
        return self.reply(number)

    def wait_online(self):
        self.platform.wait("online", lambda: [b for b in self.platform.bodies("status")
                                              if b["state"] == "online"], 20)

    def check_valid(self):
        self.assertEqual(self.platform.invalid, [])


class Commands(CommandCase):
    def test_ping_and_config_hash_are_answered(self):
        with Gateway(self.site(self.server.url), clock_offset(FAR_FROM_EDGE_S)):
            self.wait_online()  # from then on commands can come
            version = subprocess.run([str(BUSBARD), "--version"], capture_output=True, text=True)
            pong = self.ask({"id": "p-1", "cmd": "ping"})
            self.assertEqual({k: v for k, v in pong.items() if k not in ("v", "t")},
                             {"id": "p-1", "ok": True, "version": version.stdout.split()[1],
                              "site": "works", "gateway": "gw1"})
            answer = self.ask({"cmd": "config-hash", "id": "哈希"}, qos=0)
            self.assertEqual(answer["id"], "哈希")
            self.assertEqual(answer["config"], self.platform.bodies("status")[0]["config"])
            again = self.ask({"id": "p-1", "cmd": "ping"})
            self.assertTrue(again["ok"])
        self.check_valid()
        with self.platform.changed:
            retained = [m for m in self.platform.messages if m[0] == "cmd/reply" and m[2]]
        self.assertEqual(retained, [])

    def hostile(self):
        """Message -> (id of the reply, words of its error)."""
        row = {"month": "2026-11", "component": "energy", "unit": "CNY/kWh", "price": "0.3821",
               "version": 1}
        return {
            b"": (None, "no JSON"), b"\x00\xff\xfe garbage": (None, "no JSON"),
            b"[" * 15000: (None, "no JSON"), b"7": (None, "no JSON"),
            b'{"id":"a","cmd":"ping"': (None, "no JSON"),
            b'{"cmd":"ping"}': (None, "id is missing"),
            b'{"id":"","cmd":"ping"}': (None, "id is missing"),
            b'{"id":7,"cmd":"ping"}': (None, "id is not usable"),
            b'{"id":"b"}': ("b", "cmd is missing"),
            b'{"id":"c","cmd":"dance"}': ("c", 'cmd "dance" is not known'),
            b'{"id":"d","cmd":"recompute","from":"2026-11-01"}': ("d", "not taken over MQTT"),
            b'{"id":"e","cmd":"replay","epoch":1}': ("e", "from_seq is missing"),
            json.dumps({"id": "f", "cmd": "prices", "rows": [{**row, "price": 0.3821}]}).encode():
                ("f", "price is 0.3821; it must be a text"),
            b'{"id":"g","cmd":"replay","epoch":1,"from_seq":1,"to_seq":9}':
                ("g", "epoch 1 is not the one of this store"),
            b'{"id":"h","cmd":"ping","x":"' + b"x" * 20000 + b'"}': (None, "at most 16384 bytes"),
        }

    def test_each_mistake_gets_one_reply_that_names_it(self):
        site = self.site(self.server.url)
        with Gateway(site, clock_offset(FAR_FROM_EDGE_S)) as gateway:
            self.wait_online()
            for payload, (name, words) in self.hostile().items():
                with self.subTest(payload=payload[:40]):
                    answer = self.ask(payload)
                    self.assertIs(answer["ok"], False)
                    self.assertEqual(answer["id"], name)
                    self.assertIn(words, answer["error"])
            self.assertEqual(len(self.platform.replies()), len(self.hostile()))
            gateway.wait_log("mqtt: command replay, id g:", "epoch 1")
        self.check_valid()

    def test_retained_commands_are_refused_without_a_reply(self):
        self.publish({"id": "old", "cmd": "ping"}, retain=True)
        with Gateway(self.site(self.server.url), clock_offset(FAR_FROM_EDGE_S)) as gateway:
            self.wait_online()
            gateway.wait_log("a retained message on /cmd was refused")
            self.assertEqual(self.ask({"id": "new", "cmd": "ping"})["id"], "new")
            self.assertEqual(len(self.platform.replies()), 1)
            self.publish(b"", retain=True)  # removes it
        self.check_valid()

    def test_twenty_commands_a_minute_are_executed(self):
        with Gateway(self.site(self.server.url), clock_offset(FAR_FROM_EDGE_S)):
            self.wait_online()
            for i in range(25):
                self.publish({"id": f"n{i}", "cmd": "ping"})
                time.sleep(0.02)  # the gateway keeps 16 unread messages, no more
            self.reply(24)
            replies = {b["id"]: b for b in self.platform.replies()}
            self.assertEqual([replies[f"n{i}"]["ok"] for i in range(25)], [True] * 20 + [False] * 5)
            self.assertEqual(replies["n24"]["error"], "too many")
        self.check_valid()

    def test_commands_and_acknowledgements_are_told_apart(self):
        site = self.site(self.server.url, ack="platform")
        with Gateway(site, clock_offset(4)) as gateway:
            self.platform.wait("two records", lambda: len(self.platform.seqs()) >= 2, 40)
            epoch, head = self.epoch(), self.outbox()[-1]
            ack = {"epoch": epoch, "ranges": [[1, head]]}
            self.assertIn("cmd is missing", self.ask(ack)["error"])  # an /ack on /cmd moves nothing
            self.assertEqual(self.cursor(), (0, b""))
            self.assertTrue(self.ask({"id": "a", "cmd": "ping"})["ok"])
            self.sender.publish(f"{ROOT}/ack", json.dumps(ack), qos=1).wait_for_publish(10)
            wait_until("all acknowledged", lambda: self.cursor() == (head, b""), 10)
            self.assertEqual([line for line in gateway.lines if "ignored" in line], [])
        self.assertEqual([e for e in self.platform.invalid if not e[0].endswith("/ack")], [])


ROW = {"month": "2026-11", "component": "energy", "unit": "CNY/kWh", "price": "0.3821",
       "version": 1, "status": "verified"}


class Prices(CommandCase):
    def prices(self):
        return query(self.store, "SELECT month, component, version, price_e8, verified FROM price"
                                 " ORDER BY component")

    def done(self, command):
        answer = self.ask(command)
        self.assertEqual({k: v for k, v in answer.items() if k not in ("v", "t")},
                         {"id": command["id"], "ok": True, "days": 0})
        return answer

    def test_prices_are_stored_by_the_command(self):
        rows = [ROW, {**ROW, "component": "capacity", "unit": "CNY/kVA", "price": "24",
                      "status": "unverified"}]
        with Gateway(self.site(self.server.url), clock_offset(FAR_FROM_EDGE_S)) as gateway:
            self.wait_online()
            self.done({"id": "p-1", "cmd": "prices", "rows": rows})
            month = 2026 * 12 + 10
            self.assertEqual(self.prices(), [(month, 0, 1, 38210000, 1),
                                             (month, 8, 1, 2400000000, 0)])
            gateway.wait_log("mqtt: command prices, id p-1:", '"ok":true')
        self.check_valid()

    def test_a_curve_is_stored_by_the_command(self):
        curve = {"cmd": "curve", "date": "2026-11-25", "version": 1, "kind": "price",
                 "unit": "CNY/kWh", "label": "start", "points": [0.2914] * 96}
        factors = {**curve, "kind": "factor", "unit": "kg/kWh", "label": "end",
                   "points": ["0.5"] * 96}
        with Gateway(self.site(self.server.url), clock_offset(FAR_FROM_EDGE_S)):
            self.wait_online()
            self.done({"id": "c-1", **curve})
            self.done({"id": "c-2", **factors})
            self.assertIn("points must be a list of 96",
                          self.ask({"id": "c-3", **curve, "points": [1] * 95})["error"])
            day = 20782  # date(2026, 11, 25).toordinal() - 719163
            self.assertEqual(query(self.store, "SELECT kind, day, version FROM curve ORDER BY kind"),
                             [(1, day, 1), (2, day, 1)])
        self.check_valid()

    def test_an_id_is_executed_once_also_after_a_kill(self):
        first = {"id": "p-1", "cmd": "prices", "rows": [ROW]}
        other = {"id": "p-1", "cmd": "prices", "rows": [{**ROW, "price": "9"}]}
        site = self.site(self.server.url)
        gateway = Gateway(site, clock_offset(FAR_FROM_EDGE_S), expect=-signal.SIGKILL)
        self.addCleanup(gateway.stop)
        self.wait_online()
        self.done(first)
        self.done(other)
        before = self.prices()
        self.assertEqual([row[3] for row in before], [38210000])
        gateway.stop(signal.SIGKILL)
        with Gateway(site, clock_offset(FAR_FROM_EDGE_S)) as second:
            second.wait_log("connected to")
            second.wait_log("site works")
            self.repeat_until_answered(other)
            self.assertEqual(self.prices(), before)
            self.done({**other, "id": "p-2"})
            self.assertEqual([row[3] for row in self.prices()], [900000000])
        self.check_valid()

    def repeat_until_answered(self, command):
        """As a platform does: the subscription of a new connection may not stand yet."""
        number = len(self.platform.replies())
        for _ in range(10):
            self.publish(command)
            time.sleep(0.5)
            if len(self.platform.replies()) > number:
                break
        self.assertIs(self.reply(number)["ok"], True)
        time.sleep(1)  # replies to repeated ones


class NarrowBroker(Commands):
    """The same, on a broker that takes one message of a client at a time."""

    def broker(self, *options):
        return super().broker("max_inflight_messages 1", *options)


class TooLarge(CommandCase):
    def test_a_message_of_a_megabyte_is_kept_away_by_the_broker(self):
        with Gateway(self.site(self.server.url), clock_offset(FAR_FROM_EDGE_S)):
            self.wait_online()
            self.publish(b"x" * 1000000)  # we told the broker that we take 64 KiB
            self.assertTrue(self.ask({"id": "after", "cmd": "ping"})["ok"])
            self.assertEqual(len(self.platform.replies()), 1)


class Forbidding(OldBroker):
    """Refuses each subscription, or closes the connection on it."""

    def __init__(self, closes):
        self.closes = closes
        super().__init__()

    def _subscribe(self, s, body):
        self._keep(body)
        if self.closes:
            raise EOFError
        self._suback(s, body, b"\x80")


class Forbidden(Delivery):
    """A broker that allows neither /cmd nor /alert gets everything all the same."""

    def run_against(self, peer):
        self.addCleanup(peer.stop)
        with Gateway(self.site(f"mqtt://127.0.0.1:{peer.port}"), clock_offset(10)) as gateway:
            gateway.wait_log("check its access list")
            self.wait_rows(2)
            self.wait_all_acknowledged()
        # at the end of an hour there is a third one, or more
        self.assertEqual(len([t for t, _, _ in peer.published if t.endswith(("/1m", "/15m"))]), 2)
        return [line for line in gateway.lines if "subscription" in line]

    def test_by_refusing(self):
        peer = Forbidding(closes=False)
        lines = self.run_against(peer)
        self.assertEqual(peer.subscribed, [f"{ROOT}/cmd", f"{ROOT}/alert"])
        self.assertEqual(len(lines), 2, lines)
        self.assertIn(f"refused the subscription to {ROOT}/cmd", lines[0])
        self.assertIn(f"refused the subscription to {ROOT}/alert", lines[1])

    def test_by_closing_the_connection(self):
        peer = Forbidding(closes=True)
        lines = self.run_against(peer)
        self.assertEqual(peer.subscribed, [f"{ROOT}/cmd"] * 2)
        self.assertEqual(len(lines), 1, lines)
        self.assertIn(f"closed the connection on the subscription to {ROOT}/cmd", lines[0])


if __name__ == "__main__":
    unittest.main()

#!/usr/bin/python3
"""Delivery to the platform: broker outages, a killed gateway, the three rules of mqtt.ack, hostile
/ack messages, and brokers that speak nothing newer than MQTT 3.1.1.

Each gateway's clock is set so that the end of a quarter of an hour, where a minute and a quarter
record are stored together, comes seconds after the start."""
import json
import pathlib
import signal
import socket
import struct
import tempfile
import threading
import time
import unittest

import paho.mqtt.client as mqtt

from gateway import Gateway, clock_offset, query, wait_until
from simulator import Sim
from uplink import Broker, Platform

SITE = """\
site: {id: works, gateway: gw1, district: d1, timezone: Asia/Shanghai}
links:
  - {id: a, tcp: "127.0.0.1:502"}
devices:
  - {id: grid, link: a, unit: 1, profile: eastron-sdm630, role: grid, poll_ms: 500, rated_kw: 500}
  - {id: f1, link: a, unit: 2, profile: eastron-sdm630, role: load, poll_ms: 500, rated_kw: 300}
"""
ROOT = "busbar/1/d1/works/gw1"
BEFORE_EDGE_S = 4  # enough to connect and to read the meters


def setUpModule():
    global simulator
    folder = tempfile.TemporaryDirectory(prefix="busbar-mqtt-sim-")
    unittest.addModuleCleanup(folder.cleanup)
    site = pathlib.Path(folder.name) / "site.yaml"
    site.write_text(SITE)
    simulator = Sim(folder.name, site)
    unittest.addModuleCleanup(simulator.stop)


class Delivery(unittest.TestCase):
    """A folder with a store of its own; gateways read the module's simulator."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="busbar-mqtt-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.store = self.folder / "busbar.db"

    def site(self, url, **options):
        path = self.folder / "works.yaml"
        lines = [f"  url: {url}", "  live_s: 1", *(f"  {k}: {v}" for k, v in options.items())]
        sections = simulator.site_file.read_text().split("\nstore:")[0].rstrip("\n")
        parts = [sections, "store:", f"  path: {self.store}", "mqtt:", *lines, ""]
        path.write_text("\n".join(parts))
        return path

    def broker(self, *options):
        broker = Broker(self.folder, options)
        self.addCleanup(broker.stop)
        return broker

    def outbox(self):
        return [seq for seq, in query(self.store, "SELECT seq FROM outbox ORDER BY seq")]

    def wait_rows(self, count):
        return wait_until(f"{count} rows in the outbox", lambda: len(self.outbox()) >= count, 30)

    def cursor(self):
        """(floor, ranges): what counts as delivered."""
        rows = query(self.store, "SELECT floor, ranges FROM cursor WHERE dest='mqtt'")
        return (rows[0][0], bytes(rows[0][1])) if rows else (0, b"")

    def epoch(self):
        return query(self.store, "SELECT value FROM meta WHERE key='epoch'")[0][0]

    def wait_all_acknowledged(self):
        wait_until("the cursor at the last row", lambda: self.outbox() and
                   self.cursor() == (self.outbox()[-1], b""), 40)

    def times_seen(self, platform, seq):
        with platform.changed:
            return sum(bool(m[1]) and m[1].get("seq") == seq for m in platform.messages)

    def check_dense_and_identical(self, platform):
        """Every row of the outbox has come, and came with the same bytes however often it did."""
        seqs = platform.seqs()
        self.assertEqual(sorted(seqs), self.outbox())
        self.assertEqual(sorted(seqs), list(range(1, max(seqs) + 1)))
        self.assertEqual([s for s, bodies in seqs.items() if len(bodies) != 1], [])
        self.assertEqual(platform.invalid, [])


class Outage(Delivery):
    def test_a_broker_away_over_a_slot_edge_costs_nothing(self):
        broker = self.broker()
        with Platform(broker) as platform, \
                Gateway(self.site(broker.url), clock_offset(BEFORE_EDGE_S)) as gateway:
            platform.wait("live values", lambda: platform.bodies("live"), 20)
            broker.stop()
            lost = gateway.wait_log("not connected to", "connection lost", "next try in")
            refused = gateway.wait_log("not connected to", "connection refused", "next try in",
                                       after=lost)
            for number in (lost, refused):
                self.assertIn(f"127.0.0.1:{broker.port}:", gateway.lines[number])
            self.wait_rows(2)
            self.assertEqual(self.cursor()[0], 0)
            self.assertEqual(platform.seqs(), {})
            broker.start()
            gateway.wait_log("connected to", "MQTT 5", after=refused + 1)
            platform.wait("the stored rows", lambda: len(platform.seqs()) >= len(self.outbox()), 30)
            before = len(platform.bodies("live"))
            platform.wait("live values again",
                          lambda: len(platform.bodies("live")) > before + 2, 20)
            self.wait_all_acknowledged()
            self.check_dense_and_identical(platform)
            self.assertEqual(len(platform.bodies("record/1m")), 1)
            self.assertEqual(len(platform.bodies("record/15m")), 1)

    def test_a_broker_that_hangs_over_a_slot_edge_gets_everything_after_it(self):
        broker = self.broker()
        with Platform(broker) as platform, \
                Gateway(self.site(broker.url), clock_offset(BEFORE_EDGE_S)) as gateway:
            platform.wait("live values", lambda: platform.bodies("live"), 20)
            broker.process.send_signal(signal.SIGSTOP)
            self.wait_rows(2)
            self.assertEqual(self.cursor()[0], 0)
            broker.stop()  # what it had not read is lost with it
            number = gateway.wait_log("not connected to", "connection lost")
            broker.start()
            gateway.wait_log("connected to", "MQTT 5", after=number + 1)
            platform.wait("the stored rows", lambda: len(platform.seqs()) >= len(self.outbox()), 30)
            self.wait_all_acknowledged()
            self.check_dense_and_identical(platform)


class Kill(Delivery):
    def killed(self, site, offset, platform, condition):
        """A gateway that is killed as soon as the condition holds."""
        gateway = Gateway(site, offset, expect=-signal.SIGKILL)
        try:
            platform.wait("what the kill waits for", condition, 40)
        finally:
            self.assertEqual(gateway.stop(signal.SIGKILL), -signal.SIGKILL)

    def test_sigkill_loses_no_row_and_changes_none(self):
        broker = self.broker()
        site = self.site(broker.url, ack="platform", minute_devices="true")
        offset = clock_offset(BEFORE_EDGE_S)
        with Platform(broker) as platform:
            minutes = lambda: {b["start"] for b in platform.bodies("record/1m")}
            self.killed(site, offset, platform,
                        lambda: len(minutes()) == 1 and platform.bodies("record/15m"))
            epoch = self.epoch()
            first = self.outbox()
            sent = self.times_seen(platform, 1)
            for more in (2, 3):  # as if it came back some 50 s later, just before the next minute
                offset += 60 - BEFORE_EDGE_S - (time.time() + offset) % 60
                self.killed(site, offset, platform, lambda: len(minutes()) >= more)
            offset += 60 - BEFORE_EDGE_S - (time.time() + offset) % 60
            with Gateway(site, offset):
                platform.wait("a fourth minute", lambda: len(minutes()) >= 4, 40)
                platform.wait("every row", lambda: sorted(platform.seqs()) == self.outbox(), 40)
            self.assertGreater(self.times_seen(platform, 1), sent + 1)
            self.assertEqual(self.outbox()[:len(first)], first)
            self.check_dense_and_identical(platform)
            with platform.changed:
                bodies = [m[1] for m in platform.messages if m[1] and "seq" in m[1]]
            self.assertEqual({b["epoch"] for b in bodies}, {epoch})
            self.check_contents(bodies)
            self.check_chain(platform.bodies("record/1m"))

    def check_contents(self, bodies):
        """(period, start, revision, part) names one content."""
        seen = {}
        for body in bodies:
            if "period" in body:
                key = (body["period"], body["start"], body["revision"], body.get("part"))
                seen.setdefault(key, set()).add(json.dumps(body, sort_keys=True))
        self.assertEqual([key for key, contents in seen.items() if len(contents) > 1], [])

    def check_chain(self, records):
        """The counters of a minute begin where those of the minute before ended."""
        newest = {}
        for record in records:
            old = newest.get(record["start"])
            if not old or old["revision"] < record["revision"]:
                newest[record["start"]] = record
        ordered = [newest[start] for start in sorted(newest)]
        links = 0
        for a, b in zip(ordered, ordered[1:]):
            self.assertEqual(a["end"], b["start"])
            after = {d["id"]: d for d in b["devices"]}
            for device in a["devices"]:
                for side, register in device["register"].items():
                    following = after[device["id"]]["register"][side]
                    if register:
                        self.assertEqual(register["end"], following["start"],
                                         f"{device['id']} {side} {b['start']}")
                        links += register["end"] is not None
        self.assertGreaterEqual(links, 2 * 3)


class Acknowledgement(Delivery):
    def no_subscriber_events(self):
        rows = query(self.store, "SELECT body FROM event ORDER BY id")
        return [body for body, in rows if '"no_subscriber"' in body]

    def test_subscriber_waits_for_one(self):
        broker = self.broker()
        with Gateway(self.site(broker.url, ack="subscriber"),
                     clock_offset(BEFORE_EDGE_S)) as gateway:
            gateway.wait_log("no subscriber for the records")
            self.wait_rows(3)  # the two records and the event about it
            self.assertEqual(self.cursor(), (0, b""))
            self.assertEqual(len(self.no_subscriber_events()), 1)
            with Platform(broker) as platform:
                platform.wait("the rows", lambda: len(platform.seqs()) >= 3, 40)
                gateway.wait_log("have a subscriber again")
                wait_until("the event that clears it",
                           lambda: len(self.no_subscriber_events()) == 2, 10)
                self.wait_all_acknowledged()
                platform.wait("every row", lambda: sorted(platform.seqs()) == self.outbox(), 20)
                self.check_dense_and_identical(platform)

    def test_puback_counts_without_a_subscriber_but_says_so_once(self):
        broker = self.broker()
        with Gateway(self.site(broker.url), clock_offset(BEFORE_EDGE_S)) as gateway:
            number = gateway.wait_log("no subscriber for the records")
            self.wait_rows(3)
            self.wait_all_acknowledged()
            events = self.no_subscriber_events()
            self.assertEqual(len(events), 1, events)
            self.assertIn("raised", events[0])
        self.assertEqual([line for line in gateway.lines[number + 1:] if "subscriber" in line], [])


class Receiver(Platform):
    """A platform that does not read /ack, which others write to here."""

    def _on_message(self, client, data, m):
        if m.topic != f"{ROOT}/ack":
            super()._on_message(client, data, m)


class PlatformAck(Delivery):
    def setUp(self):
        super().setUp()
        self.server = self.broker()
        self.sender = mqtt.Client(client_id="acknowledger", protocol=mqtt.MQTTv5)
        self.sender.connect("127.0.0.1", self.server.port)
        self.sender.loop_start()
        self.addCleanup(self.sender.loop_stop)
        self.addCleanup(self.sender.disconnect)

    def publish(self, payload, retain=False):
        self.sender.publish(f"{ROOT}/ack", payload, qos=1, retain=retain).wait_for_publish(10)

    def acknowledge(self, *ranges, retain=False):
        self.publish(json.dumps({"epoch": self.epoch(), "ranges": ranges}), retain)

    def hostile(self, head):
        epoch = self.epoch()
        body = lambda **members: json.dumps({"epoch": epoch, "ranges": [[1, head]], **members})
        return {
            "empty": b"", "no JSON": b"\x00\xff\xfe garbage", "half": body()[:-2],
            "number": "7", "array": "[]", "no epoch": '{"ranges":[[1,2]]}',
            "no ranges": json.dumps({"epoch": epoch}),
            "another epoch": body(epoch=epoch + 1), "epoch as text": body(epoch=str(epoch)),
            "epoch as float": body(epoch=float(epoch)),
            "beyond the head": body(ranges=[[1, head + 1]]),
            "one bad among good": body(ranges=[[1, head], [head, head - 1]]),
            "reversed": body(ranges=[[head, 1]]), "zero": body(ranges=[[0, head]]),
            "negative": body(ranges=[[-1, head]]), "2^63": body(ranges=[[1, 2 ** 63]]),
            "2^64 + 2": body(ranges=[[1, 2 ** 64 + head]]),
            "400 digits": body(ranges=[[1, 10 ** 400]]),
            "floats": body(ranges=[[1.0, float(head)]]),
            "texts": body(ranges=[["1", "2"]]), "three": body(ranges=[[1, head, 3]]),
            "flat": body(ranges=[1, head]), "deep": "[" * 15000,
            "too many ranges": body(ranges=[[1, 1]] * 1025),
            "20 kB": body(padding="x" * 20000), "1 MB": body(padding="x" * 1000000),
            "twice": body()[:-1] + f', "epoch": {epoch}}}',
        }

    def test_only_the_platform_moves_the_cursor(self):
        site = self.site(self.server.url, ack="platform")
        with Receiver(self.server) as platform:
            offset = clock_offset(BEFORE_EDGE_S)
            with Gateway(site, offset) as gateway:
                platform.wait("two records", lambda: len(platform.seqs()) >= 2, 30)
                head = self.outbox()[-1]
                for payload in self.hostile(head).values():
                    self.publish(payload)
                    time.sleep(0.02)  # the gateway keeps 16 unread messages, no more
                gateway.wait_log("an /ack message was ignored", seconds=10)
                # messages keep their order: when this one works, the others have had their turn
                self.acknowledge([2, 2])
                wait_until("row 2 acknowledged", lambda: self.cursor()[1] != b"", 10)
                self.assertEqual(self.cursor()[0], 0)
                self.assertIsNone(gateway.process.poll())
            sent = self.times_seen(platform, 1), self.times_seen(platform, 2)
            self.acknowledge([1, head], retain=True)  # kept by the broker for the next connection
            with Gateway(site, offset) as gateway:
                gateway.wait_log("an /ack message was ignored", seconds=20)
                platform.wait("row 1 again", lambda: self.times_seen(platform, 1) > sent[0], 20)
                self.assertEqual(self.cursor()[0], 0)
                self.assertEqual(self.times_seen(platform, 2), sent[1])
                self.acknowledge([1, 1])
                wait_until("all acknowledged", lambda: self.cursor() == (2, b""), 10)
            self.check_dense_and_identical(platform)


class OldBroker:
    """A broker of MQTT 3.1.1 and no more: takes one client at a time and keeps what it publishes.
    To a CONNECT of MQTT 5 it says so, or just closes when `silent`."""

    def __init__(self, silent=False):
        self.silent = silent
        self.versions, self.published, self.subscribed = [], [], []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.stopping = threading.Event()
        self.connection = None
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def stop(self):
        self.stopping.set()
        for s in (self.listener, self.connection):
            if s:
                try:
                    s.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass  # the peer was faster
        self.thread.join(10)
        self.listener.close()

    def _serve(self):
        while not self.stopping.is_set():
            try:
                self.connection, _ = self.listener.accept()
            except OSError:
                return
            with self.connection:
                try:
                    self._talk(self.connection)
                except (ConnectionError, EOFError):
                    pass  # the next one may connect

    def _read(self, s, n):
        data = b""
        while len(data) < n:
            part = s.recv(n - len(data))
            if not part:
                raise EOFError
            data += part
        return data

    def _packet(self, s):
        kind = self._read(s, 1)[0]
        length = shift = 0
        while True:
            byte = self._read(s, 1)[0]
            length |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return kind, self._read(s, length)

    def _talk(self, s):
        kind, body = self._packet(s)
        assert kind == 0x10 and body[:6] == b"\x00\x04MQTT", body
        self.versions.append(body[6])
        if body[6] == 5:
            if not self.silent:
                s.sendall(b"\x20\x03\x00\x84\x00")  # unsupported protocol version
            return
        s.sendall(b"\x20\x02\x00\x00")
        while True:
            kind, body = self._packet(s)
            if kind >> 4 == 3:
                self._publish(s, kind, body)
            elif kind == 0x82:
                self._subscribe(s, body)
            elif kind == 0xC0:
                s.sendall(b"\xD0\x00")
            elif kind == 0xE0:
                return

    def _subscribe(self, s, body):
        self._keep(body)
        self._suback(s, body, b"\x01")

    def _keep(self, body):
        size = struct.unpack(">H", body[2:4])[0]
        self.subscribed.append(body[4:4 + size].decode())

    def _suback(self, s, body, result):
        s.sendall(b"\x90\x03" + body[:2] + result)

    def _publish(self, s, kind, body):
        size = struct.unpack(">H", body[:2])[0]
        topic, rest = body[2:2 + size].decode(), body[2 + size:]
        if kind & 0x06:
            s.sendall(b"\x40\x02" + rest[:2])
            rest = rest[2:]
        self.published.append((topic, kind >> 1 & 3, json.loads(rest)))


class OldProtocol(Delivery):
    def run_against(self, peer):
        self.addCleanup(peer.stop)
        with Gateway(self.site(f"mqtt://127.0.0.1:{peer.port}"), clock_offset(9)) as gateway:
            number = gateway.wait_log("connected to", "(MQTT 3.1.1)", seconds=20)
            self.wait_rows(2)
            self.wait_all_acknowledged()
            wait_until("live values", lambda: any(
                topic == f"{ROOT}/live" for topic, _, _ in peer.published), 10)
        records = [(t, q) for t, q, _ in peer.published if "/record/" in t]
        self.assertEqual(sorted(records), [(f"{ROOT}/record/15m", 1), (f"{ROOT}/record/1m", 1)])
        states = [b["state"] for t, _, b in peer.published if t == f"{ROOT}/status"]
        self.assertEqual(states, ["online", "offline"])
        return gateway.lines[:number]

    def test_a_broker_that_refuses_mqtt_5_is_served_with_3_1_1_at_once(self):
        peer = OldBroker()
        lines = self.run_against(peer)
        self.assertEqual(peer.versions, [5, 4])
        self.assertTrue([line for line in lines if "does not speak MQTT 5; using 3.1.1" in line])

    def test_a_broker_that_only_closes_is_tried_with_3_1_1(self):
        peer = OldBroker(silent=True)
        lines = self.run_against(peer)
        self.assertEqual(peer.versions, [5, 5, 4])
        self.assertTrue([line for line in lines
                         if "closed the connection without an answer" in line])


if __name__ == "__main__":
    unittest.main()

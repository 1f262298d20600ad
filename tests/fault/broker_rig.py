"""What test_broker.py needs around a faulty broker: meters and a gateway on a fast clock, platforms."""
import datetime
import json
import pathlib
import sys
import tempfile
import unittest

import delivered
import yaml
from gateway import Gateway, wait_until
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from records import newest
from simulator import Sim, free_port
from speed import SpeedClock
from uplink import Platform

SPEED = 60  # a record a second; a connect is given up after 83 ms, an answer after half a second
ZONE = datetime.timezone(datetime.timedelta(hours=8))
START = datetime.datetime(2026, 7, 1, 9, 58, tzinfo=ZONE)
MINUTE = datetime.timedelta(minutes=1)
ROOT = "busbar/1/d1/works/gw1"
SITE = """\
site: {id: works, gateway: gw1, district: d1, timezone: Asia/Shanghai}
links:
  - {id: a, tcp: "127.0.0.1:502", timeout_ms: 60000}
  - {id: b, tcp: "127.0.0.1:503", timeout_ms: 60000}
devices:
  - {id: grid, link: a, unit: 1, profile: eastron-sdm630, role: grid, poll_ms: 4000, rated_kw: 500}
  - {id: f1, link: b, unit: 2, profile: eastron-sdm630, role: load, poll_ms: 4000, rated_kw: 300}
"""


def lasting_session():
    """Options of a platform whose subscription and queue outlive its connection."""
    properties = Properties(PacketTypes.CONNECT)
    properties.SessionExpiryInterval = 3600
    return {"clean_start": False, "properties": properties}


class AckingPlatform(Platform):
    """Acknowledges every seq itself, as `mqtt.ack: platform` asks."""

    def _on_message(self, client, data, m):
        if m.topic == ROOT + "/ack":
            return  # our own
        super()._on_message(client, data, m)
        body = self.messages[-1][1]
        if body and "seq" in body:
            ack = {"epoch": body["epoch"], "ranges": [[body["seq"], body["seq"]]]}
            client.publish(ROOT + "/ack", json.dumps(ack), qos=1)


class Meters:
    """busbar sim on the clock of everybody."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="busbar-broker-sim-")
        folder = pathlib.Path(self.folder.name)
        (folder / "site.yaml").write_text(SITE)
        self.clock = SpeedClock(START, [(SPEED, None)])
        self.sim = Sim(folder, folder / "site.yaml", env=self.clock.environment())
        self.sections = yaml.safe_load(self.sim.site_file.read_text())

    def stop(self):
        self.sim.stop()
        self.folder.cleanup()


class FaultCase(unittest.TestCase):
    """One gateway with a store of its own. Subclasses' module sets `meters`."""

    meters = None
    running = None

    def run(self, result=None):
        """A failure shows what the gateway said."""
        before = len(result.failures) + len(result.errors)
        super().run(result)
        if len(result.failures) + len(result.errors) > before and self.running:
            print(self.id(), *self.running.lines[-30:], sep="\n  ", file=sys.stderr)
        return result

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="busbar-broker-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.store = self.folder / "busbar.db"

    def gateway(self, url, **mqtt):
        """Started, its first record at the platform."""
        site = {k: self.meters.sections[k] for k in ("site", "links", "devices")}
        site.update(store={"path": str(self.store)}, mqtt={"url": url, "live_s": 5, **mqtt},
                    web={"listen": f"127.0.0.1:{free_port()}"})
        path = self.folder / "works.yaml"
        path.write_text(yaml.safe_dump(site, sort_keys=False))
        gateway = Gateway(path, env=self.meters.clock.environment())
        self.addCleanup(gateway.process.wait)
        self.addCleanup(gateway.process.kill)
        self.running = gateway
        return gateway

    def wait_head(self, more, seconds=60):
        """Until the store has so many more messages: time of the gateway passes."""
        before = delivered.head(self.store)
        wait_until(f"{more} more messages", lambda: delivered.head(self.store) >= before + more, seconds)

    def requests(self):
        return {d: s["requests"] for d, s in self.meters.sim.statistics()["devices"].items()}

    def begin(self, platform):
        try:
            platform.wait("the first two records", lambda: len(platform.bodies("record/1m")) >= 2)
        except AssertionError as e:
            raise AssertionError("\n".join(self.running.lines[-20:])) from e
        self.asked_before = self.requests()

    def assert_nothing_lost(self, gateway, platform, complaints=()):
        """After the fault: all there, live goes on, polling never stopped. Ends the gateway."""
        self.assertIsNone(gateway.process.poll(), "the gateway ended")
        for device, count in self.requests().items():
            self.assertGreater(count, self.asked_before[device] + 10, f"{device} is not polled")
        seen = platform.bodies("live")[-1]["t"]
        platform.wait("live values after the fault", lambda: any(
            b["t"] > seen for b in platform.bodies("live")))
        delivered.wait_for_all(platform, self.store)
        self.assertEqual(gateway.stop(), 0)
        last = delivered.head(self.store)
        platform.wait("what was written at the end", lambda: len(platform.seqs()) >= last - 1)
        delivered.assert_seqs(self, platform, max(platform.seqs()))
        delivered.assert_revisions(self, platform)
        self.assertEqual(platform.invalid, [])
        minutes = newest(platform.bodies("record/1m"))
        starts = list(minutes)
        self.assertEqual(starts, [starts[0] + k * MINUTE for k in range(len(starts))])
        coverage = [minutes[start]["coverage"] for start in starts[1:]]
        # a late answer of a busy computer is worth seconds on this clock; a stop would be a hole
        self.assertGreater(min(coverage), 0.2, f"polling stopped: {coverage}")
        self.assertGreater(sum(coverage) / len(coverage), 0.9, coverage)
        errors = [line for line in gateway.lines if line.startswith("<3>")
                  and not any(c in line for c in complaints)]
        self.assertEqual(errors, [])

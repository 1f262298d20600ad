#!/usr/bin/python3
"""Inverters that keep a clock of their own: one agrees, one is 90 s fast, one refuses to tell. busbard asks
each once after the start, tells what came of it in one event each and in /metrics, and polls them on
as before. A gateway that is not synchronised itself judges nobody."""
import os
import pathlib
import re
import struct
import tempfile
import unittest
import urllib.request

from gateway import CONFIG, Gateway, wait_until
from simulator import Sim
from uplink import Broker, Platform

LIBRARY = pathlib.Path(os.environ["BUSBAR_BIN_DIR"]) / "wall_clock.so"
SITE = """\
site: {id: works, gateway: gw1, district: d1, timezone: Asia/Shanghai}
links:
  - {id: a, tcp: "127.0.0.1:502"}
  - {id: b, tcp: "127.0.0.1:503"}
devices:
  - {id: grid, link: a, unit: 1, profile: acrel-adl400, role: grid, poll_ms: 500, rated_kw: 2000}
  - {id: right, link: b, unit: 1, profile: huawei-sun2000, role: pv, poll_ms: 2000, rated_kw: 100}
  - {id: fast, link: b, unit: 2, profile: huawei-sun2000, role: pv, poll_ms: 2000, rated_kw: 100}
  - {id: mute, link: b, unit: 3, profile: huawei-sun2000, role: pv, poll_ms: 2000, rated_kw: 100}
mqtt: {url: "mqtt://127.0.0.1:1883"}
web: {listen: "127.0.0.1:8080"}
"""
METRIC = re.compile(r'^busbar_meter_clock_offset_seconds\{device="(\w+)"\} (\S+)$', re.M)


def no_clock(folder, site_file):
    """Device mute gets a profile whose clock stands where the device has nothing."""
    (folder / "profiles").mkdir()
    text = (CONFIG / "profiles" / "huawei-sun2000.yaml").read_text()
    (folder / "profiles" / "odd-clock.yaml").write_text(text.replace("register: 40000", "register: 41000"))
    lines = site_file.read_text().splitlines()
    site_file.write_text("\n".join(
        line.replace("huawei-sun2000", "odd-clock") if "id: mute" in line else line for line in lines) + "\n")
    assert "odd-clock" in site_file.read_text()


class MeterClock(unittest.TestCase):
    def start(self, synced):
        folder = tempfile.TemporaryDirectory(prefix="busbar-meter-clock-")
        self.addCleanup(folder.cleanup)
        folder = pathlib.Path(folder.name)
        (folder / "plain.yaml").write_text(SITE)
        (folder / "wall").write_bytes(struct.pack("=qq", 0, synced))
        broker = Broker(folder)
        self.addCleanup(broker.stop)
        self.platform = Platform(broker)
        self.addCleanup(self.platform.stop)
        self.sim = Sim(folder, folder / "plain.yaml",
                       ("--seed", "1", "--store", str(folder / "busbar.db"), "--mqtt", broker.url),
                       faults=[{"device": "fast", "fault": "clock", "s": 90}])
        self.addCleanup(self.sim.stop)
        no_clock(folder, self.sim.site_file)
        env = dict(os.environ, LD_PRELOAD=str(LIBRARY), BUSBAR_WALL=str(folder / "wall"))
        env["ASAN_OPTIONS"] = env.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"
        gateway = Gateway(self.sim.site_file, env=env)
        self.addCleanup(gateway.stop)
        return gateway

    def events(self, kind):
        return {b["object"]: b for b in self.platform.bodies("event") if b["event"] == kind}

    def metrics(self):
        url = f"http://127.0.0.1:{self.sim.web_port}/metrics"
        with urllib.request.urlopen(url, timeout=20) as answer:
            return answer.read().decode()

    def readings(self):
        return float(re.search(r"^busbar_readings_total (\S+)$", self.metrics(), re.M)[1])

    def test_each_clock_is_told_once(self):
        gateway = self.start(synced=True)
        refused = gateway.wait_log("device mute", "exception 2", "register 41000")
        self.platform.wait("two clocks", lambda: len(self.events("meter_clock")) == 2)
        told = self.events("meter_clock")
        self.assertAlmostEqual(told["right"]["value"], 0, delta=2)
        self.assertAlmostEqual(told["fast"]["value"], 90, delta=2)
        self.assertEqual((told["right"]["severity"], told["fast"]["severity"]), ("info", "warning"))
        self.assertIn("fast", told["fast"]["note"])
        for body in told.values():
            self.assertEqual((body["threshold"], body["unit"], body["state"]), (60, "s", None))
        shown = {device: float(value) for device, value in METRIC.findall(self.metrics())}
        self.assertEqual(shown, {device: body["value"] for device, body in told.items()})
        count = self.readings()
        wait_until("more polls", lambda: self.readings() >= count + 20)
        self.assertEqual(len([b for b in self.platform.bodies("event") if b["event"] == "meter_clock"]), 2)
        self.assertEqual(self.events("device_down"), {})  # mute is no worse for its answer
        self.assertEqual(self.platform.invalid, [])
        self.assertFalse([line for line in gateway.lines[refused + 1:] if "register 41000" in line])

    def test_an_unsynchronised_gateway_judges_nobody(self):
        self.start(synced=False)
        self.platform.wait("the event", lambda: "fast" in self.events("meter_clock"))
        told = self.events("meter_clock")["fast"]
        self.assertAlmostEqual(told["value"], 90, delta=2)
        self.assertEqual(told["severity"], "info")
        self.assertIn("not synchronised", told["note"])


if __name__ == "__main__":
    unittest.main()

#!/usr/bin/python3
"""A back-feed where export is barred: one alert in the ledger and on MQTT, through kill -9, until it
is gone. The meter's registers are the test's own."""
import pathlib
import signal
import tempfile
import time
import unittest

from gateway import Gateway, query, wait_until
from records import when
from set_meter import SetMeter
from uplink import Broker, Platform

SITE = """\
site: {{id: works, gateway: gw1, district: d1, timezone: Asia/Shanghai, export_allowed: false}}
accounts:
  - id: main
    metering_points: [{{id: p1, device: grid}}]
links:
  - {{id: a, tcp: "127.0.0.1:{meter}"}}
devices:
  - {{id: grid, link: a, unit: 1, profile: eastron-sdm630, role: grid, poll_ms: 500, rated_kw: 1000}}
  - {{id: pv1, link: a, unit: 2, profile: eastron-sdm630, role: pv, poll_ms: 500, rated_kw: 100}}
store: {{path: "{store}"}}
mqtt: {{url: "{broker}", live_s: 1}}
alerts:
  thresholds:
    A13: {{hold_s: 1, clear_s: 1}}
"""
POWER = "r52"  # W


class BackFeed(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="busbar-alerts-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.store = self.folder / "busbar.db"
        self.site = self.folder / "site.yaml"
        self.meter, self.broker = SetMeter(), Broker(self.folder)
        self.addCleanup(self.meter.listener.close)
        self.addCleanup(self.broker.stop)
        self.site.write_text(SITE.format(meter=self.meter.port, store=self.store, broker=self.broker.url))
        for unit in (1, 2):
            self.meter.set(unit, r72=1000.0, r52=50000.0)

    def states(self, platform):
        """One a seq: what was on its way at the kill may come a second time."""
        events = {e["seq"]: e for e in platform.bodies("event") if e["rule"] == "A13"}
        return [events[seq]["state"] for seq in sorted(events)]

    def newest_live(self, platform, after):
        """A live body of after that instant: the watches have looked at it."""
        return platform.wait("live values", lambda: [
            b for b in platform.bodies("live") if when(b["t"]).timestamp() > after])

    def rows(self, where):
        return query(self.store, f"SELECT count(*) FROM alert WHERE rule='A13' AND {where}")[0][0]

    def test_it_is_raised_once_and_cleared(self):
        with Platform(self.broker) as platform:
            with Gateway(self.site) as gateway:
                platform.wait("live power", lambda: [
                    b for b in platform.bodies("live") if b["power_kw"]["grid"] == 50])
                self.meter.set(1, r52=-8000.0)
                event = platform.wait("the alert", lambda: [
                    e for e in platform.bodies("event") if e["rule"] == "A13"])[0]
                self.assertEqual((event["event"], event["object"], event["severity"], event["state"]),
                                 ("alert", "p1", "critical", "raised"))
                self.assertEqual((event["value"], event["threshold"], event["unit"]), (-8, -5, "kW"))
                self.assertIn("8 kW flow back, 8.0 % of 100 kW", event["note"])
                wait_until("the row", lambda: self.rows("active") == 1)
                gateway.expect = -signal.SIGKILL
                gateway.send(signal.SIGKILL)
            killed = time.time()
            with Gateway(self.site):
                self.newest_live(platform, killed + 3)
                self.assertEqual(self.states(platform), ["raised"])
                self.assertEqual((self.rows("active"), self.rows("1")), (1, 1))
                self.meter.set(1, r52=50000.0)
                platform.wait("cleared", lambda: "cleared" in self.states(platform))
            self.assertEqual(self.states(platform), ["raised", "cleared"])
            self.assertEqual((self.rows("active"), self.rows("1")), (0, 1))
            self.assertEqual(platform.invalid, [])


if __name__ == "__main__":
    unittest.main()

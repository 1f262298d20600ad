#!/usr/bin/python3
"""Troubles of devices, from the simulated plant to the platform: each is one alert, raised once and
cleared when it is over, and nobody else is accused.

All of them at a time in one gateway, on devices that do not disturb each other: a meter that is stuck, a
meter that is silent, a dead inverter, storage that rests in the peak; and current transformers that
were put in the wrong way round, which are for the balance of a quarter to find, not for these rules.
Holds are seconds here, by the site file's own thresholds; the tariff is a peak that never ends."""
import pathlib
import tempfile
import unittest

import yaml

from gateway import Gateway, query
from simulator import DEMO, Sim
from uplink import Broker, Platform

THRESHOLDS = {
    "A16": {"hold_s": 3, "clear_s": 2},
    "A17": {"hold_s": 3, "clear_s": 2},
    "A22": {"objects": {"feeder2": {"major": 10, "clear": 5}}},  # of 60 equal polls
    "A23": {"objects": {"feeder4": {"major": 10, "clear": 5}}},  # of a minute
}
TARIFF = """\
id: always-peak
name: a peak that never ends
versions:
  - document: test
    source: test
    status: unverified
    valid_from: 2020-01-01
    ratios: {peak: 1.6, flat: 1, valley: 0.4}
    windows:
      - {from: "00:00", to: "24:00", period: peak, priority: 1}
"""
# Outputs are fixed, so that the hour of the test does not matter; the works draw enough for no back-feed.
CALM = [{"device": "feeder1", "fault": "extra_load", "kw": 900},
        {"device": "pv1", "fault": "output", "kw": 250},
        {"device": "pv2", "fault": "output", "kw": 200},
        {"device": "pcs", "fault": "output", "kw": 200}]
TROUBLE = [CALM[0], CALM[2],
           {"device": "pv1", "fault": "output", "kw": 0},
           {"device": "pcs", "fault": "output", "kw": 0},
           {"device": "feeder2", "fault": "freeze_value"},
           {"device": "feeder3", "fault": "reversed_ct"},
           {"device": "feeder4", "fault": "silent"}]
EXPECTED = {("A16", "pv1"), ("A17", "pcs"), ("A22", "feeder2"), ("A23", "feeder4")}


def site_text():
    site = yaml.safe_load(DEMO.read_text())
    site["site"]["tariff"] = "always-peak"
    site["alerts"] = {"thresholds": THRESHOLDS}
    for device in site["devices"]:
        if device["id"] == "pv1":  # so that a silent feeder4 is not asked to say what pv1 does
            del device["parent"]
    return yaml.safe_dump(site, allow_unicode=True, sort_keys=False)


class DeviceScenarios(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="busbar-alerts-")
        cls.addClassCleanup(folder.cleanup)
        path = pathlib.Path(folder.name)
        (path / "tariffs").mkdir()
        (path / "tariffs" / "always-peak.yaml").write_text(TARIFF)
        (path / "site.yaml").write_text(site_text())
        cls.store = path / "busbar.db"
        with Broker(path) as broker, Platform(broker) as platform, \
                Sim(path, path / "site.yaml", ["--mqtt", broker.url, "--store", str(cls.store)],
                    CALM) as sim, Gateway(sim.site_file):
            cls.platform = platform
            platform.wait("all devices", lambda: any(
                b["devices"]["online"] == b["devices"]["total"] for b in platform.bodies("live")), 60)
            cls.before = cls.alerts()
            sim.set_faults(TROUBLE)
            platform.wait("the alerts", lambda: cls.objects("raised") >= EXPECTED, 60)
            sim.set_faults(CALM)
            platform.wait("their end", lambda: cls.objects("cleared") >= EXPECTED, 60)
        cls.all = cls.alerts()
        cls.ledger = query(cls.store, "SELECT rule,object,active FROM alert ORDER BY rule")

    @classmethod
    def alerts(cls):
        return [b for b in cls.platform.bodies("event") if b["event"] == "alert"]

    @classmethod
    def objects(cls, state):
        return {(b["rule"], b["object"]) for b in cls.alerts() if b["state"] == state}

    def alert(self, rule, state="raised"):
        return next(b for b in self.all if (b["rule"], b["state"]) == (rule, state))

    def test_nothing_is_told_while_all_is_well(self):
        self.assertEqual(self.before, [])

    def test_each_trouble_is_one_alert_raised_and_cleared_once(self):
        told = sorted((b["rule"], b["object"], b["state"]) for b in self.all)
        self.assertEqual(told, sorted((r, o, s) for r, o in EXPECTED for s in ("raised", "cleared")))

    def test_the_ledger_has_each_of_them_once_and_none_stands(self):
        self.assertEqual(self.ledger, [(r, o, 0) for r, o in sorted(EXPECTED)])

    def test_they_say_what_was_seen(self):
        self.assertLess(self.alert("A16")["value"], 1)
        self.assertIn("the other plants", self.alert("A16")["note"])
        self.assertIn("0 kW of 300 kW", self.alert("A17")["note"])
        self.assertIn("polls in a row", self.alert("A22")["note"])
        self.assertGreaterEqual(self.alert("A22")["value"], 6)
        self.assertIn("link meters", self.alert("A23")["note"])
        self.assertGreaterEqual(self.alert("A23")["value"], 6)

    def test_every_message_obeys_its_schema(self):
        self.assertEqual(self.platform.invalid, [])


if __name__ == "__main__":
    unittest.main()

#!/usr/bin/python3
"""The main job: simulated substation -> busbard -> SQLite -> mosquitto -> platform.

One run across the end of a quarter of an hour. The registers in the records equal the simulator's own
counters, energies add up exactly from slot to slot, seq is dense, every message obeys its schema."""
import datetime
import pathlib
import tempfile
import unittest

from gateway import Gateway, clock_offset, query
from records import SOURCES, reproduced
from simulator import Sim
from uplink import Broker, Platform

RESOLUTION_KWH = 0.06  # the coarsest counter of the demo site shows 0.1 kWh: half a step, rounded


def ms(text):
    return round(datetime.datetime.fromisoformat(text).timestamp() * 1000)


class EndToEnd(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="busbar-e2e-")
        cls.addClassCleanup(folder.cleanup)
        cls.store = pathlib.Path(folder.name) / "busbar.db"
        offset = clock_offset(130)
        cls.offset_ms = round(offset * 1000)
        with Broker(folder.name) as broker, Platform(broker) as platform, \
                Sim(folder.name, options=["--mqtt", broker.url, "--store", str(cls.store)]) as sim:
            text = sim.site_file.read_text()
            sim.site_file.write_text(text.replace("\nmqtt:\n", "\nmqtt:\n  minute_devices: true\n"))
            with Gateway(sim.site_file, offset) as gateway:
                platform.wait("a 15-minute record", lambda: platform.bodies("record/15m"), 180)
                platform.wait("what was stored before it", lambda: len(platform.seqs()) == query(
                    cls.store, "SELECT max(seq) FROM outbox")[0][0])
                cls.log = gateway.lines
            platform.wait("the goodbye", lambda: [
                b for b in platform.bodies("status") if b["state"] == "offline"])
            cls.platform = platform
            cls.truths = sim.truths()
        cls.minutes = platform.bodies("record/1m")
        cls.quarter = platform.bodies("record/15m")[0]

    def truth_at(self, t):
        """What held at that time of the gateway's clock."""
        t -= self.offset_ms
        return [line for line in self.truths if line["t"] <= t][-1]["devices"]

    def chains(self):
        """Each device's entries in the minutes, in order of time."""
        found = {}
        for record in self.minutes:
            for device in record["devices"]:
                found.setdefault(device["id"], []).append(device)
        return found

    def test_every_message_obeys_its_schema(self):
        self.assertEqual(self.platform.invalid, [])
        self.assertTrue(self.platform.bodies("site")[0]["devices"])
        self.assertGreater(len(self.platform.bodies("live")), 10)

    def test_seq_is_dense_and_the_cursor_reaches_the_end(self):
        seqs = self.platform.seqs()
        self.assertEqual(sorted(seqs), list(range(1, max(seqs) + 1)))
        floor = query(self.store, "SELECT floor FROM cursor WHERE dest='mqtt'")[0][0]
        self.assertEqual(floor, max(seqs))

    def test_minutes_follow_each_other_without_gap_or_overlap(self):
        self.assertGreaterEqual(len(self.minutes), 3)
        for a, b in zip(self.minutes, self.minutes[1:]):
            self.assertEqual(a["end"], b["start"])
        for record in self.minutes[1:]:
            self.assertEqual((record["quality"], record["cause"]), ("good", None))
            self.assertGreater(record["coverage"], 0.98)

    def test_registers_equal_the_simulators_counters(self):
        checked = 0
        for record in self.minutes:
            for device in record["devices"]:
                source = device["role"] in SOURCES
                for name, truth in (("import", "export_kwh" if source else "import_kwh"),
                                    ("export", "import_kwh" if source else "export_kwh")):
                    register = device["register"].get(name)
                    if not register or register["end"] is None:
                        continue
                    true = self.truth_at(ms(device["register_at"][1]))[device["id"]][truth]
                    self.assertAlmostEqual(register["end"] * device["multiplier"], true,
                                           delta=RESOLUTION_KWH, msg=f"{device['id']} {name}")
                    checked += 1
        self.assertGreaterEqual(checked, 3 * 14)

    def test_energy_of_a_slot_is_its_register_difference_shared_at_the_edges_and_slots_chain(self):
        for name, chain in self.chains().items():
            for side in ("import", "export"):
                registers = [d["register"].get(side) for d in chain]
                if not all(r and r["start"] is not None for r in registers[1:]):
                    continue
                for device in chain[1:]:
                    energy, near = reproduced(device, side)
                    self.assertAlmostEqual(device[f"energy_{side}_kwh"], energy, delta=near,
                                           msg=f"{name} {side}")
                    self.assertEqual(device["energy_method"], "register")
                    suffix = "kwh" if side == "import" else "export_kwh"
                    self.assertEqual(device[f"rollover_{suffix}"], 0)
                    # what is shared is what flows in a poll, and a step of the register, at each edge;
                    # a battery shows no power
                    kw = max(abs(device["power_kw"][k] or 0) for k in ("min", "max"))
                    if device["role"] == "battery":
                        kw = 300
                    most = 2 * (kw * 1.5 / 3600 + 2 * RESOLUTION_KWH)
                    self.assertLess(abs(device[f"edge_{suffix}"]), most, f"{name} {side}")
                for a, b in zip(registers[1:], registers[2:]):
                    self.assertEqual(a["end"], b["start"], f"{name} {side}")

    def test_a_quarter_is_the_sum_of_its_minutes(self):
        inside = [r for r in self.minutes if r["end"] <= self.quarter["end"]]
        self.assertTrue(inside)
        for name in ("import", "export", "pv", "charge", "discharge", "load"):
            parts = [r["energy_kwh"][name] for r in inside]
            if None not in parts:
                self.assertAlmostEqual(self.quarter["energy_kwh"][name], sum(parts),
                                       delta=0.001 * len(parts), msg=name)

    def test_site_energy_is_the_sum_of_its_devices(self):
        for record in self.minutes[1:]:
            by_role = {}
            for d in record["devices"]:
                by_role.setdefault(d["role"], []).append(d)
            total = lambda role, side: sum(d[f"energy_{side}_kwh"] for d in by_role[role])
            self.assertAlmostEqual(record["energy_kwh"]["import"], total("grid", "import"), delta=.002)
            self.assertAlmostEqual(record["energy_kwh"]["export"], total("grid", "export"), delta=.002)
            self.assertAlmostEqual(record["energy_kwh"]["pv"], total("pv", "export"), delta=.002)
            self.assertAlmostEqual(record["energy_kwh"]["discharge"], total("storage", "export"),
                                   delta=.002)

    def test_power_of_a_minute_lies_within_the_simulators(self):
        for record in self.minutes[1:]:
            start, end = (ms(record[k]) - self.offset_ms for k in ("start", "end"))
            true = [line["devices"]["grid"]["power_kw"] for line in self.truths
                    if start - 1500 <= line["t"] <= end + 500]
            grid = record["power_kw"]["grid"]
            self.assertGreaterEqual(grid["min"], min(true) - 0.01)
            self.assertLessEqual(grid["max"], max(true) + 0.01)
            self.assertTrue(grid["min"] <= grid["avg"] <= grid["max"])

    def test_status_says_online_then_offline(self):
        states = [b["state"] for b in self.platform.bodies("status")]
        self.assertEqual((states[0], states[-1]), ("online", "offline"))

    def test_the_log_is_quiet(self):
        self.assertEqual([line for line in self.log if line.startswith(("<3>", "<4>"))], [])


if __name__ == "__main__":
    unittest.main()

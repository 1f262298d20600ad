"""A small works with one gateway, for the tests of a store in trouble, and what the platform must see:
seq dense in each epoch, registers that chain from minute to minute and equal the simulator's."""
import datetime
import pathlib
import tempfile
import unittest

from gateway import Gateway
from simulator import Sim, free_port
from speed import SpeedClock
from uplink import Broker

SITE = """\
site: {id: works, gateway: gw1, district: d1, timezone: Asia/Shanghai}
links:
  - {id: a, tcp: "127.0.0.1:502"}
devices:
  - {id: grid, link: a, unit: 1, profile: eastron-sdm630, role: grid, poll_ms: 500, rated_kw: 500}
  - {id: f1, link: a, unit: 2, profile: eastron-sdm630, role: load, poll_ms: 500, rated_kw: 300}
"""
RESOLUTION_KWH = 0.06  # a counter shows 0.1 kWh or less: half a step, rounded


# Records of minutes are what is waited for: the clock runs five times as fast, and a quarter of an hour
# ends while a test runs.
SPEED = 5
START = datetime.datetime(2026, 6, 10, 10, 13, 20, tzinfo=datetime.timezone(datetime.timedelta(hours=8)))


class FaultRig(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="busbar-faults-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.store = self.folder / "busbar.db"
        self.broker = Broker(self.folder)
        self.addCleanup(self.broker.stop)
        self.environment = SpeedClock(START, [(SPEED, None)]).environment()
        works = self.folder / "plan.yaml"
        works.write_text(SITE)
        self.simulator = Sim(self.folder, works, env=self.environment)
        self.addCleanup(self.simulator.stop)

    def gateway(self):
        return Gateway(self.site(), env=self.environment)

    def site(self):
        path = self.folder / "works.yaml"
        sections = self.simulator.site_file.read_text().split("\nstore:")[0].rstrip("\n")
        path.write_text("\n".join([sections, "store:", f"  path: {self.store}", "mqtt:",
                                   f"  url: {self.broker.url}", "  live_s: 1",
                                   "  minute_devices: true", "web:",
                                   f"  listen: 127.0.0.1:{free_port()}", ""]))
        return path

    def events(self, platform, name):
        return [b for b in platform.bodies("event") if b and b["event"] == name]

    def wait_minutes(self, platform, count, seconds=150):
        platform.wait(f"{count} minutes", lambda: len(
            {b["start"] for b in platform.bodies("record/1m")}) >= count, seconds)

    def minutes(self, platform):
        return len({b["start"] for b in platform.bodies("record/1m")})

    def seqs(self, platform):
        """By epoch."""
        found = {}
        with platform.changed:
            for _, body, _, _ in platform.messages:
                if body and "seq" in body:
                    found.setdefault(body["epoch"], set()).add(body["seq"])
        return found

    def check_dense(self, platform):
        for epoch, seqs in self.seqs(platform).items():
            self.assertEqual(sorted(seqs), list(range(1, max(seqs) + 1)), f"epoch {epoch}")
        self.assertEqual(platform.invalid, [])

    def newest(self, platform):
        """The minutes as a platform keeps them: the highest revision, whatever its epoch."""
        found = {}
        for b in platform.bodies("record/1m"):
            if b["start"] not in found or b["revision"] > found[b["start"]]["revision"]:
                found[b["start"]] = b
        return [found[start] for start in sorted(found)]

    def check_energy(self, platform, least):
        """Over all minutes the energy of a device is the difference of its registers, and those are
        the simulator's."""
        minutes = self.newest(platform)
        self.assertGreaterEqual(len(minutes), least)
        for a, b in zip(minutes, minutes[1:]):
            self.assertEqual(a["end"], b["start"])
        truths = self.simulator.truths()
        for name in ("grid", "f1"):
            entries = [d for m in minutes for d in m["devices"] if d["id"] == name]
            known = [d for d in entries if d["register"]["import"] and
                     d["register"]["import"]["end"] is not None]
            for a, b in zip(known, known[1:]):
                self.assertEqual(a["register"]["import"]["end"], b["register"]["import"]["start"])
            first, last = known[1], known[-1]
            multiplier = last["multiplier"]
            whole = (last["register"]["import"]["end"] - first["register"]["import"]["start"]) * multiplier
            total = sum(d["energy_import_kwh"] or 0 for d in known[1:])
            edges = sum(abs(d["edge_kwh"] or 0) for d in (first, last))
            self.assertAlmostEqual(total, whole, delta=edges + 0.002 * len(known), msg=name)
            at = datetime.datetime.fromisoformat(last["register_at"][1]).timestamp() * 1000
            true = [t for t in truths if t["t"] <= at][-1]["devices"][name]
            self.assertAlmostEqual(last["register"]["import"]["end"] * multiplier, true["import_kwh"],
                                   delta=RESOLUTION_KWH, msg=name)

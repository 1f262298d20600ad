#!/usr/bin/python3
"""The gateway's clock starts in 1970, is synchronised, and is then stepped: by an hour forward, ten minutes
back, three hours back. busbard sees a clock that the test sets (wall_clock.c); the simulator, mosquitto
and the platform live in real time. What the platform has in the end is each slot once in each
revision, every slot between the first and the last, and in sum what the simulator's meter counted."""
import datetime
import os
import pathlib
import struct
import tempfile
import time
import unittest

from gateway import Gateway, made, query, wait_until
from records import newest, when
from simulator import Sim
from uplink import Broker, Platform

LIBRARY = pathlib.Path(os.environ["BUSBAR_BIN_DIR"]) / "wall_clock.so"
SITE = """\
site: {id: works, gateway: gw1, district: d1, timezone: Asia/Shanghai}
links:
  - {id: a, tcp: "127.0.0.1:502"}
devices:
  - {id: grid, link: a, unit: 1, profile: acrel-adl400, role: grid, poll_ms: 500, ct_ratio: 80,
     rated_kw: 2000}
mqtt: {url: "mqtt://127.0.0.1:1883", minute_devices: true}
"""
MINUTE, QUARTER = (datetime.timedelta(minutes=n) for n in (1, 15))
SEGMENT_S = 12  # at each time, long enough to count more than the comparison allows
# at the start the wall clock stands in the middle of a minute: no step meets an edge by chance
MIDDLE_OF_MINUTE_S = 10


class Wall:
    """The clock that busbard sees."""

    def __init__(self, path):
        self.path = path
        self.set(0, False)

    def set(self, ahead_s, synced):
        self.ahead_s = ahead_s
        with open(self.path, "r+b" if self.path.exists() else "wb") as f:
            f.write(struct.pack("=qq", round(ahead_s * 1e9), synced))

    def environment(self):
        env = dict(os.environ, LD_PRELOAD=str(LIBRARY), BUSBAR_WALL=str(self.path))
        env["ASAN_OPTIONS"] = env.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"
        return env


class ClockSteps(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="busbar-clock-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.store = self.folder / "busbar.db"
        (self.folder / "plain.yaml").write_text(SITE)

    def events(self):
        return [b for b in self.platform.bodies("event") if b["event"] == "clock_step"]

    def step(self, ahead_s):
        """The clock is set, the gateway says so, and goes on for a while."""
        count = len(self.events())
        by = ahead_s - self.wall.ahead_s
        self.wall.set(ahead_s, True)
        wait_until("the event of the step", lambda: len(self.events()) > count, 20)
        self.assertAlmostEqual(self.events()[-1]["value"], by, delta=1.5)
        time.sleep(SEGMENT_S)

    def start_before_ntp(self):
        """Nothing is stored under a time that cannot be right."""
        wait_until("held readings", lambda: made(self.store) and
                   query(self.store, "SELECT count(*) FROM held")[0][0] > 8, 30)
        self.assertEqual(query(self.store, "SELECT count(*) FROM raw")[0][0], 0)
        held = query(self.store, "SELECT count(*) FROM held")[0][0]
        self.step((MIDDLE_OF_MINUTE_S - time.time()) % 60)
        self.assertEqual(query(self.store, "SELECT count(*) FROM held")[0][0], 0)
        first, = query(self.store, "SELECT min(t) FROM raw")[0]
        self.assertGreater(first, (time.time() - 120) * 1000)
        self.assertGreater(query(self.store, "SELECT count(*) FROM raw")[0][0], held / 4)

    def test_the_platform_has_all_energy_and_each_slot_once(self):
        self.wall = Wall(self.folder / "wall")
        self.wall.set(10 * 86400 - time.time(), False)
        with Broker(self.folder) as broker, Platform(broker) as self.platform, \
                Sim(self.folder, self.folder / "plain.yaml",
                    ("--seed", "1", "--store", str(self.store), "--mqtt", broker.url)) as sim:
            first = sim.wait_truth(0)
            with Gateway(sim.site_file, env=self.wall.environment()) as gateway:
                self.start_before_ntp()
                base = self.wall.ahead_s
                for hours in (1, 1 - 1 / 6, 1 - 1 / 6 - 3):
                    self.step(base + hours * 3600)
                self.last = sim.truth()
                self.step(base - 1.5 * 3600)  # closes what was open
                self.platform.wait("every row", lambda: (
                    lambda n: len(self.platform.seqs()) == n)(
                        query(self.store, "SELECT max(seq) FROM outbox")[0][0]), 30)
                self.gateway = gateway
        self.look_at_the_records(first)

    def look_at_the_records(self, first):
        self.assertEqual(self.platform.invalid, [])
        self.assertEqual(len(self.events()), 5)
        seqs = self.platform.seqs()
        self.assertEqual(sorted(seqs), list(range(1, len(seqs) + 1)))
        counted = (self.last["devices"]["grid"]["import_kwh"] -
                   first["devices"]["grid"]["import_kwh"])
        power = abs(self.last["devices"]["grid"]["power_kw"])
        for period, length in (("1m", MINUTE), ("15m", QUARTER)):
            bodies = self.platform.bodies(f"record/{period}")
            keys = [(b["start"], b["revision"]) for b in bodies]
            self.assertEqual(len(keys), len(set(keys)), period)
            records = newest(bodies)
            starts = list(records)
            self.assert_dense(starts, length)
            total = sum(b["energy_kwh"]["import"] or 0 for b in records.values())
            # a count of the register at both ends, and the seconds between the looks at the truth
            self.assertAlmostEqual(total, counted, delta=2 * 0.8 + power * 3 / 3600, msg=period)
        stepped = [b for b in newest(self.platform.bodies("record/15m")).values()
                   if b["clock"]["state"] == "stepped" and b["energy_kwh"]["import"]]
        self.assertTrue(stepped)
        for body in stepped:
            self.assertGreater(body["clock"]["length_s"], 0)
            self.assertEqual(body["quality"], "clock_suspect")

    def assert_dense(self, starts, length):
        """From the first to the last; what the clock left for a while, and then was not reached again,
        is no hole."""
        gaps = [(a, b) for a, b in zip(starts, starts[1:]) if b - a != length]
        # three hours back leads to before the first slot; the way from there to it was not finished
        self.assertLessEqual(len(gaps), 1, gaps)


if __name__ == "__main__":
    unittest.main(verbosity=2)

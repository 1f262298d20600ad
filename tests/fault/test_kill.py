#!/usr/bin/python3
"""kill -9 at random instants: while the gateway runs, starts, reloads, commits, closes a day. In the end
the platform has what that of an uninterrupted twin has: every seq once in content, every slot, and all
the energy that the simulator's counters counted.

By hand: test_kill.py --rounds 2000 --pause 0.75 [--seed N]. The seed of a failure is printed."""
import argparse
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import unittest

import delivered
import kill_run
from gateway import BUSBARD, CONFIG, Gateway, made, query, wait_until
from records import SOURCES, device
from simulator import DEMO, free_port, profile_points, resolution

ROUNDS, PAUSE_S, SEED = 60, 2.5, None
# alert/alert.h
ALERT_STEPS = ("raised", "reopened", "escalated", "eased", "cleared", "acknowledged", "refused", "assigned",
               "measure", "effect", "closed")
EDGE_LATE_S = 0.3  # 60 ms of the computer at the slow clock
COUNTERS = {"import": ("energy_import",), "export": ("energy_export", "pv_energy"),
            "storage import": ("charge_energy",), "storage export": ("discharge_energy",)}


class Killed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        seed = SEED if SEED is not None else random.SystemRandom().randrange(10 ** 6)
        print(f"seed {seed}", flush=True)
        cls.run_ = kill_run.KillRun(ROUNDS, PAUSE_S, seed)
        cls.span = (kill_run.FIRST_EDGE, cls.run_.last_edge)
        print(f"{ROUNDS} kills {cls.run_.kills}, {cls.run_.head} messages, "
              f"{len(cls.run_.platform.bodies('record/15m'))} records of quarters", flush=True)

    def test_no_seq_is_missing_or_has_two_contents(self):
        delivered.assert_seqs(self, self.run_.platform, self.run_.head)
        delivered.assert_seqs(self, self.run_.twin_platform, self.run_.twin_head)
        self.assertEqual(self.run_.platform.invalid, [])

    def test_every_slot_is_there_in_every_revision(self):
        for platform in (self.run_.platform, self.run_.twin_platform):
            delivered.assert_revisions(self, platform)
            for period in ("1m", "15m"):
                delivered.assert_slots(self, platform, period, *self.span)

    def test_the_platforms_have_the_same_slots(self):
        for period in delivered.PERIODS:
            mine, twins = ({b["start"] for b in p.bodies(f"record/{period}")}
                           for p in (self.run_.platform, self.run_.twin_platform))
            self.assertEqual(mine, twins, period)

    def test_registers_go_on(self):
        quarters = delivered.assert_slots(self, self.run_.platform, "15m", *self.span)
        self.assertGreater(delivered.assert_registers_go_on(self, quarters), len(quarters))

    # ---- energies ------------------------------------------------------------------------------

    def step(self, name, side):
        """One step of a device's register, kWh; None without one."""
        entry = self.run_.devices[name]
        stores = entry["role"] in ("storage", "battery")
        points = {p["quantity"]: p for p in profile_points(entry["profile"])[::-1]
                  if p.get("phase", "total") == "total"}
        names = COUNTERS[f"storage {side}" if stores else side] + COUNTERS[side]
        point = next((points[n] for n in names if n in points), None)
        return None if point is None else 2 * resolution(point, entry, 100000)

    def sums(self, period):
        """(device, side, sums of the killed one's and the twin's slots, truth, tolerance)."""
        first, last = self.span
        a, b = self.run_.truth.at(first), self.run_.truth.at(last)
        both = [[r for s, r in delivered.assert_slots(self, p, period, first, last).items()
                 if first <= s < last] for p in (self.run_.platform, self.run_.twin_platform)]
        for name, entry in self.run_.devices.items():
            sides = ("export", "import") if entry["role"] in SOURCES else ("import", "export")
            for k, side in enumerate(sides):
                step = self.step(name, side)
                if step is None:
                    continue
                values = [[device(r, name)[f"energy_{side}_kwh"] for r in slots] for slots in both]
                for starts, mine in zip(both, values):
                    unknown = [r["start"] for r, v in zip(starts, mine) if v is None]
                    self.assertEqual(unknown, [], f"{period} {name} {side}: slots without energy")
                late = (a[name][2] + b[name][2]) * EDGE_LATE_S / 3600
                yield (name, side, *map(sum, values), b[name][k] - a[name][k],
                       step + late + 0.0005 * len(values[0]))

    def test_no_energy_is_lost(self):
        for period in ("1m", "15m"):
            count = 0
            for name, side, mine, twins, true, delta in self.sums(period):
                self.assertAlmostEqual(mine, true, delta=delta, msg=f"{period} {name} {side}")
                self.assertAlmostEqual(mine, twins, delta=2 * delta, msg=f"{period} {name} {side}")
                count += 1
            self.assertEqual(count, 16)

    def test_the_sites_energy_is_that_of_its_meters(self):
        first, last = self.span
        a, b = self.run_.truth.at(first), self.run_.truth.at(last)
        slots = delivered.assert_slots(self, self.run_.platform, "15m", first, last)
        for name, devices, k in (("import", ["grid"], 0), ("export", ["grid"], 1), ("pv", ["pv1", "pv2"], 0),
                                 ("discharge", ["pcs"], 0), ("charge", ["pcs"], 1)):
            values = [r["energy_kwh"][name] for s, r in slots.items() if first <= s < last]
            self.assertNotIn(None, values, name)
            sides = ("import", "export") if name in ("import", "export") else ("export", "import")
            delta = sum(self.step(d, sides[k]) + (a[d][2] + b[d][2]) * EDGE_LATE_S / 3600 for d in devices)
            true = sum(b[d][k] - a[d][k] for d in devices)
            self.assertAlmostEqual(sum(values), true, delta=delta + 0.0005 * len(values), msg=name)

    def test_longer_slots_are_the_sums_of_their_quarters(self):
        quarters = delivered.newest(self.run_.platform.bodies("record/15m"))
        for start, hour in delivered.newest(self.run_.platform.bodies("record/1h")).items():
            if not self.span[0] <= start < self.span[1] - delivered.LENGTH["1h"]:
                continue
            parts = [quarters[start + n * delivered.LENGTH["15m"]] for n in range(4)]
            for name in ("import", "pv", "charge", "discharge"):
                total = sum(p["energy_kwh"][name] for p in parts)
                self.assertAlmostEqual(hour["energy_kwh"][name], total, delta=0.0026, msg=f"{start} {name}")

    # ---- alerts --------------------------------------------------------------------------------

    def test_each_step_of_an_alert_is_one_event(self):
        """And every problem that an officer was told is entered is there."""
        steps = sorted((alert, ALERT_STEPS[step]) for alert, step in self.run_.steps
                       if ALERT_STEPS[step] != "effect")  # has events of another name
        events = {b["seq"]: b for b in self.run_.platform.bodies("event")}.values()
        self.assertEqual(sorted((e["alert"], e["state"]) for e in events if e["event"] == "alert"), steps)
        self.assertGreater(self.run_.problems, 0)
        self.assertGreaterEqual(len(steps), self.run_.problems)

    # ---- words ---------------------------------------------------------------------------------

    def test_nothing_complains_of_its_store(self):
        # on the fast clock a thread is "stuck" when a busy computer leaves it waiting for 75 ms
        errors = [line for line in self.run_.log if line.startswith("<3>") and " is stuck: silent for " not in line]
        self.assertEqual(errors, [])
        bad = [line for line in self.run_.log if "cannot be" in line or "no room" in line]
        self.assertEqual(bad, [])


class FirstStart(unittest.TestCase):
    """In an empty folder, killed before the store is whole; and two gateways on one store."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="busbar-first-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.store = self.folder / "busbar.db"
        text = DEMO.read_text().replace("/dev/ttyS1", str(self.folder / "no-such-line"))
        self.site = self.folder / "site.yaml"
        self.site.write_text(text.split("\nstore:")[0] + f"\nstore:\n  path: {self.store}\n"
                             f"web:\n  listen: 127.0.0.1:{free_port()}\n")

    def started(self, **options):
        gateway = Gateway(self.site, **options)
        self.addCleanup(gateway.process.wait)
        self.addCleanup(gateway.process.kill)
        return gateway

    def test_killed_at_its_very_first_start_it_starts_the_next_time(self):
        seed = SEED if SEED is not None else random.SystemRandom().randrange(10 ** 6)
        chance, whole = random.Random(seed), 0
        for number in range(30):
            for file in self.folder.glob("busbar.db*"):
                file.unlink()
            for _ in range(chance.randrange(1, 4)):
                gateway = self.started()
                try:
                    gateway.process.wait(chance.uniform(0.001, 0.05))
                except subprocess.TimeoutExpired:
                    pass
                gateway.stop(9)
            whole += bool(self.store.exists() and self.store.stat().st_size)
            gateway = self.started()
            try:
                gateway.wait_log("configuration")
            except AssertionError as e:
                raise AssertionError(f"seed {seed}, number {number}") from e
            wait_until("a store", lambda: made(self.store))
            self.assertEqual(gateway.stop(), 0)
            self.assertEqual(query(self.store, "PRAGMA integrity_check"), [("ok",)])
            self.assertEqual(query(self.store, "SELECT count(*) FROM meta WHERE key='epoch'"), [(1,)])
        self.assertGreater(whole, 0, "no kill came after the store was begun")

    def test_a_second_gateway_on_the_store_is_refused_and_harms_nobody(self):
        first = self.started()
        first.wait_log("configuration")
        for _ in range(5):
            second = subprocess.run([BUSBARD, "--config", self.site, "--data", CONFIG],
                                    capture_output=True, text=True, timeout=20)
            self.assertEqual(second.returncode, 74, second.stderr)
            self.assertIn("another process writes to it", second.stderr)
        self.assertIsNone(first.process.poll())
        first.stop(9)
        heir = self.started()  # the lock went with the process
        heir.wait_log("configuration")
        self.assertEqual(heir.stop(), 0)
        self.assertEqual(query(self.store, "PRAGMA integrity_check"), [("ok",)])


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=int(os.environ.get("BUSBAR_KILL_ROUNDS", ROUNDS)))
    parser.add_argument("--pause", type=float, default=PAUSE_S, help="real seconds a round, on average")
    parser.add_argument("--seed", type=int)
    options, rest = parser.parse_known_args()
    ROUNDS, PAUSE_S, SEED = options.rounds, options.pause, options.seed
    unittest.main(argv=[sys.argv[0], *rest])

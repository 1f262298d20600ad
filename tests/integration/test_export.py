#!/usr/bin/python3
"""busbar export: what a real gateway stored comes out as csv and ndjson, by time; energies equal
the stored registers; mistakes are named.

One gateway for all tests: it polls the demo substation across the end of a quarter of an hour."""
import csv
import datetime
import io
import json
import os
import pathlib
import subprocess
import tempfile
import unittest

from gateway import Gateway, clock_offset, made, query, wait_until
from records import reproduced
from simulator import BUSBAR, Sim

HEAD = "time,point,value,unit,quality"


def export(*arguments):
    return subprocess.run([str(BUSBAR), "export", *map(str, arguments)], capture_output=True,
                          text=True, timeout=60, env=dict(os.environ, TZ="Asia/Shanghai"))


def at(text):
    return datetime.datetime.fromisoformat(text)


class Export(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="busbar-export-")
        cls.addClassCleanup(folder.cleanup)
        cls.store = pathlib.Path(folder.name) / "busbar.db"
        with Sim(folder.name) as sim, Gateway(sim.site_file, clock_offset(20)):
            wait_until("a 15-minute record", lambda: made(cls.store) and query(
                cls.store, "SELECT 1 FROM outbox WHERE kind=3"), 60)
            cls.while_running = export("--db", cls.store, "--what", "records")

    def lines(self, *arguments):
        done = export("--db", self.store, *arguments)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stderr, "")
        return done.stdout

    def test_readings_as_csv_and_ndjson_say_the_same(self):
        text = self.lines("--what", "readings")
        self.assertEqual(text.splitlines()[0], HEAD)
        rows = list(csv.DictReader(io.StringIO(text)))
        lines = [json.loads(line) for line in self.lines("--what", "readings", "--format",
                                                         "ndjson").splitlines()]
        self.assertGreater(len(rows), 1000)
        self.assertEqual(len(rows), len(lines))
        for row, line in zip(rows, lines):
            self.assertEqual((row["time"], row["point"], row["quality"]),
                             (line["time"], line["point"], line["quality"]))
            if isinstance(line["value"], (int, float)):
                self.assertEqual(float(row["value"]), line["value"])
        powers = [row for row in rows if row["point"] == "grid.active_power.total"]
        self.assertGreater(len(powers), 15)
        self.assertEqual({(row["unit"], row["quality"]) for row in powers}, {("W", "good")})

    def test_a_range_of_time_includes_its_start_and_not_its_end(self):
        times = sorted({line.split(",")[0] for line in
                        self.lines("--what", "readings").splitlines()[1:]})
        middle = times[len(times) // 2]
        before = self.lines("--what", "readings", "--to", middle).splitlines()[1:]
        after = self.lines("--what", "readings", "--from", middle).splitlines()[1:]
        self.assertTrue(before and after)
        # a point's own time lies at most the length of a poll behind that of its reading
        late = datetime.timedelta(seconds=2)
        self.assertTrue(all(at(row.split(",")[0]) < at(middle) + late for row in before))
        self.assertTrue(all(at(row.split(",")[0]) >= at(middle) for row in after))
        self.assertEqual(self.lines("--what", "readings", "--to", "2020-01-01").strip(), HEAD)

    def test_one_point_or_one_device_alone(self):
        every = self.lines("--what", "readings").splitlines()[1:]
        point = self.lines("--what", "readings", "--point", "grid.active_power.total")
        self.assertEqual(point.splitlines()[1:], [line for line in every if
                         line.split(",")[1] == "grid.active_power.total"])
        device = self.lines("--what", "readings", "--point", "grid").splitlines()[1:]
        self.assertEqual(device, [line for line in every if line.split(",")[1].startswith("grid.")])
        wrong = export("--db", self.store, "--what", "readings", "--point", "grid.activ_power")
        self.assertEqual(wrong.returncode, 1)
        self.assertIn("nothing is stored of grid.activ_power", wrong.stderr)

    def test_records_have_the_energies_of_the_registers(self):
        bodies = [json.loads(line) for line in self.lines("--what", "records", "--format",
                                                          "ndjson").splitlines()]
        quarter = [b for b in bodies if b["period"] == "15m"][0]
        grid = [d for d in quarter["devices"] if d["id"] == "grid"][0]
        energy, near = reproduced(grid, "import")
        self.assertAlmostEqual(energy, grid["energy_import_kwh"], delta=near)
        self.assertLess(quarter["coverage"], 0.2)
        rows = list(csv.DictReader(io.StringIO(self.lines("--what", "records"))))
        self.assertEqual([r["period"] for r in rows], [b["period"] for b in bodies])
        row = [r for r in rows if r["period"] == "15m"][0]
        self.assertEqual(float(row["import_kwh"]), quarter["energy_kwh"]["import"])
        self.assertEqual(float(row["grid_kw_avg"]), quarter["power_kw"]["grid"]["avg"])

    def test_the_store_can_be_read_while_the_gateway_writes(self):
        self.assertEqual(self.while_running.returncode, 0, self.while_running.stderr)
        self.assertIn("15m,", self.while_running.stdout)

    def test_events_have_a_header_even_when_nothing_happened(self):
        text = self.lines("--what", "events", "--to", "2020-01-01")
        self.assertEqual(text, "at,event,object,severity,state,value,threshold,unit,note\n")

    def test_mistakes_are_named_with_the_exit_status(self):
        for words, status, named in [
                ([], 64, "--db"), (["--db", self.store], 64, "--what"),
                (["--db", self.store, "--what", "nonsense"], 64, "nonsense"),
                (["--db", self.store, "--what", "records", "--from", "yesterday"], 64, "yesterday"),
                (["--db", self.store, "--what", "records", "--format", "xml"], 64, "xml"),
                (["--db", self.store, "--what", "events", "--from", "2026-02-02", "--to",
                  "2026-01-01"], 64, "--from"),
                (["--wrong"], 64, "--wrong"),
                (["--db", "/nonexistent/x.db", "--what", "records"], 74, "/nonexistent/x.db"),
                (["--db", __file__, "--what", "records"], 74, __file__)]:
            done = export(*words)
            self.assertEqual(done.returncode, status, (words, done.stderr))
            self.assertIn(named, done.stderr)
            self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
        self.assertEqual(export("--help").returncode, 0)


if __name__ == "__main__":
    unittest.main()

#!/usr/bin/python3
"""busbar advise on a real gateway's store: what a quarter of an hour shows of capacity and power
factor is said, what needs months is refused in words, prices included; mistakes are named.

Months of records are made in tests/unit/advise_fixture.h: here is what a real run writes."""
import json
import pathlib
import subprocess
import tempfile
import unittest

from gateway import CONFIG, Gateway, clock_offset, environment, query, wait_until
from simulator import BUSBAR, Sim


class Advise(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="busbar-advise-")
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        cls.store = cls.folder / "busbar.db"
        cls.offset = clock_offset(20)
        with Sim(folder.name) as sim, Gateway(sim.site_file, cls.offset) as gateway:
            cls.site = sim.site_file
            gateway.wait_log("busbard", "site tianxi")  # the store has its tables then
            wait_until("a 15-minute record", lambda: query(
                cls.store, "SELECT 1 FROM outbox WHERE kind=3"), 60)
            cls.while_running = cls.run_tool("--json")

    @classmethod
    def run_tool(cls, *words, config=None):
        """At the time of the gateway's clock."""
        return subprocess.run([str(BUSBAR), "advise", "--config", str(config or cls.site), "--data",
                               str(CONFIG), *map(str, words)], capture_output=True, text=True,
                              timeout=60, env=environment(cls.offset))

    def said(self, *words):
        done = self.run_tool(*words)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout

    def quarter(self):
        text = query(self.store, "SELECT body FROM record WHERE period=900 ORDER BY start DESC,"
                                 "revision DESC LIMIT 1")[0][0]
        return json.loads("{" + text + "}")

    def test_capacity_and_power_factor_are_those_of_the_record(self):
        record = self.quarter()
        # a quarter that ended the month is of the month that ran until then
        words = ["--to", record["end"][:10]] if "-01T00:00" in record["end"] else []
        account = json.loads(self.said("--json", *words))["accounts"][0]
        rows = {row["object"]: row for row in account["capacity"]}
        point, transformer = record["points"][0], record["transformers"][0]
        self.assertGreater(point["s_max_kva"], 100)
        self.assertEqual(rows["incomer"]["max_kva"], point["s_max_kva"])
        self.assertEqual(rows["incomer"]["max_at"], record["start"])
        self.assertEqual(rows["incomer"]["limit_kva"], 4000)
        self.assertAlmostEqual(rows["incomer"]["headroom_kva"], 4000 - point["s_max_kva"], places=2)
        self.assertEqual(rows["transformer"]["max_kva"], transformer["s_max_kva"])
        self.assertAlmostEqual(rows["transformer"]["load_pct"], transformer["load_pct"], places=2)
        self.assertIsNone(rows["transformer"]["growth_pct_year"])
        month = account["power_factor"]
        self.assertAlmostEqual(month["kwh"], point["import_kwh"], places=2)
        reactive = (point["kvarh"]["q1"] or 0) + (point["kvarh"]["q4"] or 0)
        self.assertAlmostEqual(month["kvarh"], reactive, places=2)
        measured = month["kwh"] / (month["kwh"]**2 + month["kvarh"]**2)**0.5
        self.assertAlmostEqual(month["so_far"]["power_factor"], measured, delta=0.0051)
        self.assertGreater(month["hours"], 0)

    def test_a_contract_needs_whole_months_and_says_so(self):
        demand = json.loads(self.said("--json"))["accounts"][0]["demand"]
        self.assertEqual((demand["refusal"], demand["months"], demand["months_expected"]),
                         ("no_months", [], 12))
        self.assertEqual((demand["tariff"], demand["verified"]), ("henan-2024", False))
        for lang, words in (("en", "no advice: no billing month that ended in this range"),
                            ("zh", "无法给出建议：统计期内没有户 main 的已结算月份记录")):
            text = self.said("--lang", lang)
            self.assertIn(words, text)
            self.assertIn("4000.0", text)

    def test_it_works_while_the_gateway_writes_and_writes_nothing(self):
        self.assertEqual(self.while_running.returncode, 0, self.while_running.stderr)
        self.assertEqual(json.loads(self.while_running.stdout)["quarters"], 1)
        before = self.store.read_bytes()
        self.said()
        self.assertEqual(self.store.read_bytes(), before)

    def test_another_store_and_one_account(self):
        moved = self.folder / "moved.db"
        moved.write_bytes(self.store.read_bytes())
        self.assertEqual(self.said("--db", moved, "--account", "main"), self.said())

    def test_a_range_without_records_is_said_with_status_1(self):
        done = self.run_tool("--from", "2020-01-01", "--to", "2020-02-01")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("holds no records from 2020-01-01T00:00:00+08:00", done.stderr)
        self.assertIn("give another range", done.stderr)

    def test_mistakes_are_named_with_the_exit_status(self):
        for words, status, named in [
                (["--account", "dorm"], 64, "no account 'dorm'"), (["--account", "x"], 64, "main"),
                (["--db", self.folder / "none.db"], 74, "none.db"), (["--db", __file__], 74, __file__),
                (["--from", "yesterday"], 64, "yesterday"), (["--to", "2026-02-30"], 64, "2026-02-30"),
                (["--from", "2020-02-01", "--to", "2020-01-01"], 64, "--from"),
                (["--from", "2099-01-01"], 64, "--from"),
                (["--step-kw", "0"], 64, "--step-kw"), (["--step-kw", "50 kW"], 64, "50 kW"),
                (["--step-kw", "nan"], 64, "nan"), (["--step-kw", "inf"], 64, "inf"),
                (["--lang", "de"], 64, "de"), (["--wrong"], 64, "--wrong"), (["word"], 64, "word"),
                (["--step-kw"], 64, "--step-kw")]:
            done = self.run_tool(*words)
            self.assertEqual(done.returncode, status, (words, done.stderr))
            self.assertEqual(done.stdout, "")
            self.assertIn(named, done.stderr)
            self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
        self.assertEqual(self.run_tool(config="/nonexistent/s.yaml").returncode, 78)
        none = subprocess.run([str(BUSBAR), "advise"], capture_output=True, text=True, timeout=60)
        self.assertEqual(none.returncode, 64)
        self.assertIn("--config is missing", none.stderr)
        help_text = subprocess.run([str(BUSBAR), "advise", "--help"], capture_output=True, text=True,
                                   timeout=60)
        self.assertEqual(help_text.returncode, 0)
        self.assertIn("--step-kw", help_text.stdout)


if __name__ == "__main__":
    unittest.main()

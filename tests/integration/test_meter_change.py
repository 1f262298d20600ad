#!/usr/bin/python3
"""A meter is exchanged while busbard measures, and the officer enters what both displays showed: the
story of docs/operations.md. The exchange is another simulator, of another seed, behind the same
address: its register begins lower."""
import datetime
import json
import pathlib
import subprocess
import tempfile
import unittest

from gateway import CONFIG, Gateway, clock_offset, query, wait_until
from simulator import BUSBAR, Sim

SITE = """\
site: {id: works, gateway: gw1, district: d1, timezone: Asia/Shanghai}
links:
  - {id: a, tcp: "127.0.0.1:502"}
devices:
  - {id: grid, link: a, unit: 1, profile: acrel-adl400, role: grid, poll_ms: 500, ct_ratio: 80,
     rated_kw: 2000}
"""
RATIO = 80
BEFORE_EDGE_S = 20  # enough to read the old meter, exchange it, and read the new one


def iso(utc_ms):
    return datetime.datetime.fromtimestamp(utc_ms / 1000, datetime.timezone.utc).isoformat()


class MeterChange(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="busbar-change-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        (self.folder / "plain.yaml").write_text(SITE)
        self.store = self.folder / "busbar.db"

    def simulator(self, seed, *options):
        sim = Sim(self.folder, self.folder / "plain.yaml",
                  ("--seed", str(seed), "--store", str(self.store), *options))
        self.addCleanup(lambda: sim.process.poll() is None and sim.stop())
        return sim

    def seeds_by_register(self):
        """The seeds of the old meter and of the new one, whose register begins lower."""
        registers = {}
        for seed in (1, 2):
            sim = self.simulator(seed)
            registers[seed] = sim.wait_truth(0)["devices"]["grid"]["import_kwh"]
            sim.stop()
        return sorted(registers, key=registers.get, reverse=True)

    def tool(self, *words):
        done = subprocess.run([str(BUSBAR), *words[:2], "--config", str(self.site), "--data",
                               str(CONFIG), *map(str, words[2:])], capture_output=True, text=True,
                              timeout=60)
        return done.returncode, done.stdout, done.stderr

    def ledger(self):
        """The exchange as the import register shows it; the meter's other registers have rows too."""
        return query(self.store, "SELECT t, old, first, multiplier FROM ledger WHERE counter=0")

    def quarter(self):
        """(revision, import) of the newest record of the quarter."""
        row = query(self.store, "SELECT revision, body FROM record WHERE period=900 ORDER BY"
                                " start, revision DESC LIMIT 1")
        if not row:
            return None
        return row[0][0], json.loads("{" + row[0][1].strip(",") + "}")["energy_kwh"]["import"]

    def test_the_energy_that_the_exchange_left_out_is_entered(self):
        old, new = self.seeds_by_register()
        sim = self.simulator(old)
        self.site = sim.site_file
        port = sim.links["a"]["tcp"].rsplit(":", 1)[1]
        with Gateway(self.site, clock_offset(BEFORE_EDGE_S)) as gateway:
            gateway.wait_log("site works")
            wait_until("seconds of the old meter",
                       lambda: len(query(self.store, "SELECT 1 FROM raw")) > 2, 10)
            sim.stop()
            self.simulator(new, "--listen", f"127.0.0.1:{port}")
            t, last, first, multiplier = wait_until("a ledger row", self.ledger, 30)[0]
            self.assertGreater(last, first)
            self.assertEqual(multiplier, RATIO)
            revision, before = wait_until("the quarter's record", self.quarter, 40)
            self.assertEqual(revision, 0)
            change = ("meter", "change", "--device", "grid", "--direction", "import", "--at",
                      iso(t), "--by", "王工", "--note", "seal 77")
            code, out, err = self.tool(*change, "--old-end", last - 1, "--new-start", 0)
            self.assertEqual((code, out), (1, ""))
            self.assertIn(f"old_end {last - 1:.3f} is less than the last register", err)
            # 2.5 that the old meter counted unseen, 1.25 of the new one
            code, out, err = self.tool(*change, "--old-end", f"{last + 2.5:.2f}", "--new-start",
                                       f"{first - 1.25:.2f}")
            self.assertEqual((code, out, err), (0, "done\n  slots: 2\n", ""))
            revision, after = wait_until("its revision", lambda: self.revised(0), 40)
            self.assertAlmostEqual(after - before, 3.75 * RATIO, places=2)
            code, _, err = self.tool(*change, "--old-end", f"{last:.2f}", "--new-start",
                                     f"{first:.2f}")
            self.assertEqual(code, 0, err)
            revision, corrected = wait_until("the correction", lambda: self.revised(1), 40)
            self.assertAlmostEqual(corrected, before, places=2)
            gateway.wait_log("control: meter-change by local:", '{"ok":true,"slots":2}')
        events = [json.loads("{" + body.strip(",") + "}") for body, in
                  query(self.store, "SELECT body FROM event ORDER BY id")]
        of_import = [e for e in events if e["object"] == "grid.energy_import.total"]
        self.assertEqual([e["event"] for e in of_import], ["counter_reset"])
        told = [e for e in events if e["event"] == "meter_change"]
        self.assertEqual([e["threshold"] for e in told], [round(last + 2.5, 2), round(last, 2)])
        self.assertTrue(told[0]["actor"].startswith("王工 (local:"), told)
        self.assertEqual((told[0]["object"], told[0]["note"]), ("grid", "seal 77"))

    def revised(self, revision):
        found = self.quarter()
        return found if found[0] > revision else None


if __name__ == "__main__":
    unittest.main()

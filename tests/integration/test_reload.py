#!/usr/bin/python3
"""Configuration of the running daemon: SIGHUP takes a good file, keeps the old one on a bad file;
a bad file at start ends with status 78 and says everything that is wrong."""
import pathlib
import signal
import subprocess
import tempfile
import unittest

from gateway import BUSBARD, CONFIG, Gateway, made, query, wait_until
from simulator import Sim


class Reload(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="busbar-reload-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.store = self.folder / "busbar.db"

    def test_reload_takes_a_good_file_and_keeps_the_old_on_a_bad_one(self):
        with Sim(self.folder, options=["--store", str(self.store)]) as sim, \
                Gateway(sim.site_file) as gateway:
            good = sim.site_file.read_text()
            wait_until("raw rows", lambda: made(self.store) and query(
                self.store, "SELECT count(*) FROM raw")[0][0] > 2)

            sim.site_file.write_text(good.replace("role: storage", "role: strage"))
            gateway.send(signal.SIGHUP)
            line = gateway.wait_log("reload", "running configuration", "stays")
            self.assertTrue(any("served.yaml:" in text and "strage" in text
                                for text in gateway.lines), gateway.lines)
            before = sim.statistics()["devices"]["pcs"]["requests"]
            wait_until("polling goes on", lambda: sim.statistics()["devices"]["pcs"]["requests"] > before)

            # the racks leave the site: nobody asks them any more, everybody else is asked on
            kept = good[:good.index("  - {id: bms,")] + good[good.index("\nstore:"):]
            sim.site_file.write_text(kept)
            gateway.send(signal.SIGHUP)
            gateway.wait_log("reload", "is active", "8 devices", after=line)
            count = sim.statistics()["devices"]
            wait_until("pcs is polled under the new configuration", lambda: sim.statistics()[
                "devices"]["pcs"]["requests"] > count["pcs"]["requests"] + 9)
            self.assertEqual(sim.statistics()["devices"]["bms"]["requests"], count["bms"]["requests"])
            layouts = wait_until("readings of both layouts", lambda: (lambda n: n if n == 2 else 0)(
                query(self.store, "SELECT count(DISTINCT layout) FROM raw")[0][0]))
            self.assertEqual(layouts, 2)

    def test_ten_mistakes_are_all_named_at_start(self):
        site = self.folder / "site.yaml"
        site.write_text("""site: {id: Works, district: d1, transformer_kva: -5}
links:
  - {id: a, tcp: "10.0.0.1:502"}
  - {id: a, tcp: "10.0.0.2:502"}
  - {id: c, rtu: /dev/ttyS1, boud: 9600}
devices:
  - {id: m1, link: a, unit: 1, profile: no-such-meter, role: grid}
  - {id: m2, link: zz, unit: 2, profile: eastron-sdm630, role: load}
  - {id: m3, link: c, unit: 300, profile: eastron-sdm630, role: load}
  - {id: m3, link: c, unit: 4, profile: eastron-sdm630, role: lode}
  - {id: m5, link: c, unit: 5, profile: eastron-sdm630, role: load, poll_ms: fast}
mqtt: {url: "http://broker"}
""")
        done = subprocess.run([str(BUSBARD), "--config", str(site), "--data", str(CONFIG)],
                              capture_output=True, text=True, timeout=30)
        self.assertEqual(done.returncode, 78, done.stderr)
        for line, word in ((1, "Works"), (1, "transformer_kva"), (4, "stands twice"), (5, "baud"),
                           (7, "no-such-meter"), (8, "zz"), (9, "unit"), (10, "lode"), (10, "m3"),
                           (11, "poll_ms"), (12, "mqtt://")):
            self.assertTrue(any(text.startswith(f"{site}:{line}:") and word in text
                                for text in done.stderr.splitlines()),
                            f"line {line}, {word}:\n{done.stderr}")
        self.assertFalse(self.store.exists())


if __name__ == "__main__":
    unittest.main()

#!/usr/bin/python3
"""A configuration is a reviewed change: the difference is shown, the reads are watched, and the
former configuration comes back when they get worse."""
import json
import pathlib
import signal
import subprocess
import tempfile
import unittest
import urllib.request

from gateway import BUSBARD, CONFIG, Gateway, made, query, wait_until
from simulator import Sim
from uplink import Broker, Platform

PROBATION = "reload: {probation_s: 8}\n"
BUSBAR = BUSBARD.parent / "busbar"


class Rollback(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="busbar-rollback-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.store = self.folder / "busbar.db"

    def polled(self, sim, *devices):
        """Each of them has been read some times more."""
        before = sim.statistics()["devices"]
        wait_until("polls of " + ", ".join(devices), lambda: all(
            sim.statistics()["devices"][d]["requests"] > before[d]["requests"] + 4 for d in devices))

    def reload(self, sim, gateway, text, *words):
        """Writes the file, reloads; the log line's number with these words."""
        before = len(gateway.lines)
        sim.site_file.write_text(text)
        gateway.send(signal.SIGHUP)
        return gateway.wait_log("reload:", *words, after=before)

    def test_worse_reads_roll_back_and_good_ones_stay(self):
        with Broker(self.folder) as broker, Platform(broker) as platform, \
                Sim(self.folder, options=["--store", str(self.store)]) as sim:
            text = sim.site_file.read_text()
            text = text[:text.index("mqtt:")] + f"mqtt: {{url: \"{broker.url}\"}}\n" \
                + text[text.index("web:"):] + PROBATION
            sim.site_file.write_text(text)
            with Gateway(sim.site_file) as gateway:
                wait_until("raw rows", lambda: made(self.store) and query(
                    self.store, "SELECT count(*) FROM raw")[0][0] > 2)
                good = platform.wait("status", lambda: platform.bodies("status"))[-1]["config"]
                self.polled(sim, "grid", "pv2")

                # a unit that nobody is: taken back, and the platform is told which device
                old_unit = next(d for d in sim.site["devices"] if d["id"] == "pv2")["unit"]
                bad = text.replace("{id: pv2,", "{id: pv2, timeout_ms: 200,", 1)
                at = bad.index("{id: pv2,")
                bad = bad[:at] + bad[at:].replace(f"unit: {old_unit}", "unit: 77", 1)
                self.assertNotEqual(bad, text)
                shown = self.reload(sim, gateway, bad, "~ device pv2:", f"unit {old_unit} -> 77")
                gateway.wait_log("on probation for 8 s", after=shown)
                back = gateway.wait_log("1 of 10 devices read worse (pv2)", "is active again", after=shown)
                self.assertEqual(sim.site_file.read_text(), bad)
                event = platform.wait("event", lambda: [
                    e for e in platform.bodies("event") if e["event"] == "config_rolled_back"])[-1]
                self.assertIn("pv2", event["note"])
                self.assertIn(good, event["note"])
                self.assertEqual((event["severity"], event["object"]), ("warning", None))
                platform.wait("status", lambda: platform.bodies("status")[-1]["config"] == good
                              and platform.bodies("status")[-1]["state"] == "online")
                platform.wait("site", lambda: platform.bodies("site")[-1]["config"] == good)
                self.polled(sim, "pv2", "grid")

                # the same file again, while it is on probation put right: no probation is left
                shown = self.reload(sim, gateway, bad, "on probation", good)
                self.assertGreater(shown, back)
                self.reload(sim, gateway, text, f"configuration {good} is active, in place of {good}")

                # a change that reads as well stays
                better = text.replace("name: 压机车间", "name: 压机", 1).replace("poll_ms: 1000", "poll_ms: 500", 1)
                self.reload(sim, gateway, better, "is active, in place of", good)
                event = platform.wait("event", lambda: [
                    e for e in platform.bodies("event") if e["event"] == "config_activated"
                    and good not in e["note"].split(" is ")[0]])[-1]
                self.assertEqual(event["severity"], "info")
                self.assertNotEqual(platform.bodies("status")[-1]["config"], good)
            self.assertEqual(platform.invalid, [])

    def test_a_device_elsewhere_that_falls_silent_is_no_reason(self):
        with Sim(self.folder, options=["--store", str(self.store)]) as sim:
            text = sim.site_file.read_text() + PROBATION
            sim.site_file.write_text(text)
            with Gateway(sim.site_file) as gateway:
                wait_until("raw rows", lambda: made(self.store) and query(
                    self.store, "SELECT count(*) FROM raw")[0][0] > 2)
                self.polled(sim, "grid", "pv2")
                changed = text.replace("rated_kw: 4000", "rated_kw: 4001", 1)
                self.reload(sim, gateway, changed, "on probation")
                sim.set_faults([{"device": "pv2", "fault": "silent"}])
                gateway.wait_log("(pv2)", "none of which the change could reach; it stays")
                gateway.wait_log("is active, in place of")

    def test_diff_says_what_a_file_would_change(self):
        old = CONFIG / "sites" / "demo.yaml"
        new = self.folder / "new.yaml"
        new.write_text(old.read_text().replace("baud: 19200", "baud: 9600").replace("ct_ratio: 80,", "ct_ratio: 100,"))
        done = subprocess.run([str(BUSBAR), "diff", "--config", str(new), "--against", str(old),
                               "--data", str(CONFIG)], capture_output=True, text=True, timeout=30)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("~ link bus1: baud 19200 -> 9600\n", done.stdout)
        self.assertIn("~ device grid: ct_ratio 80 -> 100\n", done.stdout)
        self.assertRegex(done.stdout.splitlines()[-1], r"^\d+ differences, configuration [0-9a-f]{16} -> [0-9a-f]{16}$")
        new.write_text(old.read_text().replace("baud: 19200", "boud: 9600"))
        done = subprocess.run([str(BUSBAR), "diff", "--config", str(new), "--against", str(old),
                               "--data", str(CONFIG)], capture_output=True, text=True, timeout=30)
        self.assertEqual(done.returncode, 78)
        self.assertIn("boud", done.stderr)


if __name__ == "__main__":
    unittest.main()

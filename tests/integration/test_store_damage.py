#!/usr/bin/python3
"""A damaged store at the start and at run time, and a backup that comes back: a new epoch begins, the
platform is told, and no energy is missing or counted twice."""
import subprocess
import unittest

from gateway import query
from simulator import BUSBAR
from store_rig import FaultRig
from uplink import Platform


class Damage(FaultRig):
    # ---- damage ------------------------------------------------------------------------------

    def damage(self, at, size):
        with open(self.store, "r+b") as f:
            f.seek(at)
            f.write(bytes((0xa5 ^ (i * 7)) & 0xff for i in range(size)))

    def check_replaced(self, platform, old_epoch, last_seq):
        event = platform.wait("the event", lambda: self.events(platform, "store_replaced"), 60)[0]
        self.assertEqual(event["value"], last_seq)
        self.assertGreater(event["epoch"], old_epoch)
        self.assertIn(f"epoch {old_epoch} ended at seq {last_seq}", event["note"])
        platform.wait("the status", lambda: platform.bodies("status")[-1]["epoch"] == event["epoch"], 30)
        self.assertTrue(list(self.store.parent.glob("busbar.db.corrupt-*")))

    def test_a_damaged_header_at_the_start(self):
        with Platform(self.broker) as platform:
            with self.gateway():
                self.wait_minutes(platform, 1)
            platform.wait("the goodbye", lambda: platform.bodies("status")[-1]["state"] == "offline")
            epoch, last = query(self.store, "SELECT (SELECT value FROM meta WHERE key='epoch'),"
                                            "(SELECT max(seq) FROM outbox)")[0]
            self.damage(0, 100)
            with self.gateway() as gateway:
                gateway.wait_log("is damaged; it is set aside as", str(self.store), "check the disk")
                self.check_replaced(platform, epoch, last)
                self.wait_minutes(platform, 3)
            self.check_dense(platform)
            self.assertEqual(len(self.seqs(platform)), 2)
            self.check_energy(platform, 3)
        self.assertGreater(query(self.store, "SELECT count(*) FROM raw")[0][0], 60)

    def test_damaged_pages_at_run_time(self):
        with Platform(self.broker) as platform:
            with self.gateway():
                self.wait_minutes(platform, 1)
            # stopped, everything lies in the file itself: from now on it is read from there
            with self.gateway() as gateway:
                platform.wait("it is back", lambda: platform.bodies("status")[-1]["state"] == "online")
                epoch = query(self.store, "SELECT value FROM meta WHERE key='epoch'")[0][0]
                before = len(platform.bodies("live"))
                self.damage(4096, self.store.stat().st_size - 4096)  # all but the first page
                gateway.wait_log("is damaged; it is set aside as", seconds=90)
                event = platform.wait("the event", lambda: self.events(platform, "store_replaced"), 60)[0]
                self.check_replaced(platform, epoch, event["value"])
                platform.wait("live values", lambda: len(platform.bodies("live")) > before + 10, 30)
                self.wait_minutes(platform, self.minutes(platform) + 2)
                self.assertEqual(len([x for x in gateway.lines if "is damaged; it is set aside" in x]), 1)
            self.check_dense(platform)
            self.assertEqual(len(self.seqs(platform)), 2)
            self.check_energy(platform, 3)

    # ---- backup and restore ------------------------------------------------------------------

    def busbar(self, *words):
        return subprocess.run([str(BUSBAR), *map(str, words)], capture_output=True, text=True, timeout=60)

    def test_a_backup_while_it_runs_and_its_return(self):
        copy = self.folder / "copy.db"
        with Platform(self.broker) as platform:
            with self.gateway():
                self.wait_minutes(platform, 1)
                done = self.busbar("backup", "--db", self.store, "--to", copy)
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                self.assertIn("check: ok", done.stdout)
                self.assertEqual(copy.stat().st_mode & 0o777, 0o640)
                again = self.busbar("backup", "--db", self.store, "--to", copy)
                self.assertEqual(again.returncode, 74)
                self.assertIn("exists", again.stderr)
                running = self.busbar("restore", "--db", self.store, "--from", copy)
                self.assertEqual(running.returncode, 74)
                self.assertIn("another process writes to it; stop the other busbard", running.stderr)
                self.wait_minutes(platform, 2)
            platform.wait("the goodbye", lambda: platform.bodies("status")[-1]["state"] == "offline")
            epoch, last = query(self.store, "SELECT (SELECT value FROM meta WHERE key='epoch'),"
                                            "(SELECT max(seq) FROM outbox)")[0]
            broken = self.folder / "broken.db"
            broken.write_bytes(copy.read_bytes()[:20000])
            bad = self.busbar("restore", "--db", self.store, "--from", broken)
            self.assertEqual(bad.returncode, 74, bad.stderr)
            self.assertEqual(query(self.store, "SELECT max(seq) FROM outbox")[0][0], last)
            done = self.busbar("restore", "--db", self.store, "--from", copy)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertIn(f"last_seq_known: {last}", done.stdout)
            self.assertTrue(list(self.folder.glob("busbar.db.before-restore-*")))
            with self.gateway():
                event = platform.wait("the event", lambda: self.events(platform, "store_replaced"), 60)[0]
                self.assertEqual(event["value"], last)
                self.assertIn(f"epoch {epoch} ended at seq {last}", event["note"])
                self.wait_minutes(platform, self.minutes(platform) + 2)
            self.check_dense(platform)
            self.check_energy(platform, 4)


if __name__ == "__main__":
    unittest.main()

#!/usr/bin/python3
"""The store on a disk in trouble while the real programs run: full, not writable, read-only. Nothing of
what the platform gets is missing, and live values go on all the while."""
import pathlib
import resource
import subprocess
import threading
import time
import unittest

from gateway import BUSBARD, CONFIG, query, wait_until
from store_rig import FaultRig
from uplink import Platform

DISK_MB = 24


def mount(folder, *options):
    """A small disk; skips the test where mounting is not permitted."""
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", ",".join((f"size={DISK_MB}m", *options)),
                           "none", str(folder)], capture_output=True, text=True)
    if done.returncode != 0:
        raise unittest.SkipTest(f"mounting a small disk is not permitted here: {done.stderr.strip()}")


class Filler:
    """Keeps a disk full: what is given back is taken at once."""

    def __init__(self, folder):
        self.path = pathlib.Path(folder) / "filler"
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self._fill, daemon=True)
        self.thread.start()

    def _fill(self):
        with open(self.path, "ab", buffering=0) as f:
            while not self.stopping.is_set():
                for size in (1 << 20, 4096):
                    try:
                        while not self.stopping.is_set() and f.write(bytes(size)):
                            pass
                    except OSError:
                        pass  # full
                time.sleep(0.05)

    def stop(self):
        self.stopping.set()
        self.thread.join(10)
        self.path.unlink(missing_ok=True)


class Disks(FaultRig):
    def disk(self, *options):
        place = self.folder / "disk"
        place.mkdir()
        mount(place, *options)
        self.addCleanup(subprocess.run, ["umount", "-l", str(place)], check=True)
        self.store = place / "busbar.db"
        return place

    # ---- a full disk -------------------------------------------------------------------------

    def ride_out(self, platform, gateway, name, words, fill, release):
        """Over the end of at least one minute nothing can be written; then there is space again."""
        self.wait_minutes(platform, 1)
        fill()
        gateway.wait_log(words, str(self.store), "raw readings are lost first")
        gateway.wait_log("commit failed, kept in memory and tried again each second", str(self.store))
        before = len(platform.bodies("live"))
        stood = query(self.store, "SELECT max(seq) FROM outbox")[0][0] if self.readable else None
        platform.wait("live values for a minute", lambda: len(platform.bodies("live")) > before + 65, 90)
        self.assertIsNone(gateway.process.poll())
        if self.readable:
            self.assertEqual(query(self.store, "SELECT max(seq) FROM outbox")[0][0], stood)
        number = len(gateway.lines)
        release()
        gateway.wait_log("commits work again", after=0)
        gateway.wait_log("can be written again", after=max(0, number - 5))
        platform.wait("the events", lambda: {e["state"] for e in self.events(platform, name)}
                      == {"raised", "cleared"}, 60)
        self.wait_minutes(platform, self.minutes(platform) + 1, 90)

    def test_a_full_disk_costs_no_record_and_no_energy(self):
        self.readable = False  # another reader of a full disk cannot even map the log's index
        place = self.disk()
        with Platform(self.broker) as platform:
            with self.gateway() as gateway:
                wait_until("the reserve", lambda: (place / "busbar.db.reserve").exists(), 20)
                filler = []
                self.ride_out(platform, gateway, "store_full", "the disk of the store is full",
                              lambda: filler.append(Filler(place)),
                              lambda: filler[0].stop())
                wait_until("the reserve again", lambda: (place / "busbar.db.reserve").exists(), 20)
            platform.wait("the goodbye", lambda: platform.bodies("status")[-1]["state"] == "offline")
            self.assertEqual(len(self.seqs(platform)), 1)
            self.check_dense(platform)
            self.check_energy(platform, 3)

    def test_a_store_that_cannot_be_written_costs_no_record_and_no_energy(self):
        """Every write fails, by RLIMIT_FSIZE: it needs no right to mount."""
        self.readable = True
        with Platform(self.broker) as platform:
            with self.gateway() as gateway:
                pid = gateway.process.pid
                unlimited = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
                self.ride_out(
                    platform, gateway, "store_unwritable", "the store cannot be written",
                    lambda: resource.prlimit(pid, resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY)),
                    lambda: resource.prlimit(pid, resource.RLIMIT_FSIZE, unlimited))
            platform.wait("the goodbye", lambda: platform.bodies("status")[-1]["state"] == "offline")
            self.assertEqual(len(self.seqs(platform)), 1)
            self.check_dense(platform)
            self.check_energy(platform, 3)

    # ---- a read-only disk --------------------------------------------------------------------

    def test_a_read_only_disk_at_the_start_is_refused_in_words(self):
        self.disk("ro")
        done = subprocess.run([str(BUSBARD), "--config", str(self.site()), "--data", str(CONFIG)],
                              capture_output=True, text=True, timeout=30)
        self.assertEqual(done.returncode, 74)
        self.assertIn("Read-only file system; mount its disk writable", done.stderr)


if __name__ == "__main__":
    unittest.main()

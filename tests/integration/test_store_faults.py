#!/usr/bin/python3
"""The store in trouble while the real programs run: a full disk, a read-only disk, a damaged file at
the start and at run time. The platform's view: seq dense in each epoch, an event that says so, live
values all the while, and registers that chain from minute to minute and equal the simulator's."""
import datetime
import pathlib
import resource
import subprocess
import tempfile
import threading
import time
import unittest

from gateway import BUSBARD, CONFIG, Gateway, clock_offset, made, query, wait_until
from simulator import BUSBAR, Sim, free_port
from uplink import Broker, Platform

SITE = """\
site: {id: works, gateway: gw1, district: d1, timezone: Asia/Shanghai}
links:
  - {id: a, tcp: "127.0.0.1:502"}
devices:
  - {id: grid, link: a, unit: 1, profile: eastron-sdm630, role: grid, poll_ms: 500, rated_kw: 500}
  - {id: f1, link: a, unit: 2, profile: eastron-sdm630, role: load, poll_ms: 500, rated_kw: 300}
"""
RESOLUTION_KWH = 0.06  # a counter shows 0.1 kWh or less: half a step, rounded
DISK_MB = 24


def setUpModule():
    global simulator
    folder = tempfile.TemporaryDirectory(prefix="busbar-faults-sim-")
    unittest.addModuleCleanup(folder.cleanup)
    site = pathlib.Path(folder.name) / "site.yaml"
    site.write_text(SITE)
    simulator = Sim(folder.name, site)
    unittest.addModuleCleanup(simulator.stop)


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


class Faults(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="busbar-faults-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.store = self.folder / "busbar.db"
        self.offset = clock_offset(100)  # a quarter of an hour ends while it runs
        self.broker = Broker(self.folder)
        self.addCleanup(self.broker.stop)

    def disk(self, *options):
        place = self.folder / "disk"
        place.mkdir()
        mount(place, *options)
        self.addCleanup(subprocess.run, ["umount", "-l", str(place)], check=True)
        self.store = place / "busbar.db"
        return place

    def site(self):
        path = self.folder / "works.yaml"
        sections = simulator.site_file.read_text().split("\nstore:")[0].rstrip("\n")
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
        truths = simulator.truths()
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
            true = [t for t in truths if t["t"] <= at - self.offset * 1000][-1]["devices"][name]
            self.assertAlmostEqual(last["register"]["import"]["end"] * multiplier, true["import_kwh"],
                                   delta=RESOLUTION_KWH, msg=name)

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
            with Gateway(self.site(), self.offset) as gateway:
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
            with Gateway(self.site(), self.offset) as gateway:
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
            with Gateway(self.site(), self.offset):
                self.wait_minutes(platform, 1)
            platform.wait("the goodbye", lambda: platform.bodies("status")[-1]["state"] == "offline")
            epoch, last = query(self.store, "SELECT (SELECT value FROM meta WHERE key='epoch'),"
                                            "(SELECT max(seq) FROM outbox)")[0]
            self.damage(0, 100)
            with Gateway(self.site(), self.offset) as gateway:
                gateway.wait_log("is damaged; it is set aside as", str(self.store), "check the disk")
                self.check_replaced(platform, epoch, last)
                self.wait_minutes(platform, 3)
            self.check_dense(platform)
            self.assertEqual(len(self.seqs(platform)), 2)
            self.check_energy(platform, 3)
        self.assertGreater(query(self.store, "SELECT count(*) FROM raw")[0][0], 60)

    def test_damaged_pages_at_run_time(self):
        with Platform(self.broker) as platform:
            with Gateway(self.site(), self.offset):
                self.wait_minutes(platform, 1)
            # stopped, everything lies in the file itself: from now on it is read from there
            with Gateway(self.site(), self.offset) as gateway:
                platform.wait("it is back", lambda: platform.bodies("status")[-1]["state"] == "online")
                epoch = query(self.store, "SELECT value FROM meta WHERE key='epoch'")[0][0]
                before = len(platform.bodies("live"))
                self.damage(4096, self.store.stat().st_size - 4096)  # all but the first page
                gateway.wait_log("is damaged; it is set aside as", seconds=90)
                event = platform.wait("the event", lambda: self.events(platform, "store_replaced"), 60)[0]
                self.check_replaced(platform, epoch, event["value"])
                platform.wait("live values", lambda: len(platform.bodies("live")) > before + 10, 30)
                self.wait_minutes(platform, self.minutes(platform) + 2)
                self.assertEqual(len([x for x in gateway.lines if "is damaged" in x]), 1)
            self.check_dense(platform)
            self.assertEqual(len(self.seqs(platform)), 2)
            self.check_energy(platform, 3)

    # ---- backup and restore ------------------------------------------------------------------

    def busbar(self, *words):
        return subprocess.run([str(BUSBAR), *map(str, words)], capture_output=True, text=True, timeout=60)

    def test_a_backup_while_it_runs_and_its_return(self):
        copy = self.folder / "copy.db"
        with Platform(self.broker) as platform:
            with Gateway(self.site(), self.offset):
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
            with Gateway(self.site(), self.offset):
                event = platform.wait("the event", lambda: self.events(platform, "store_replaced"), 60)[0]
                self.assertEqual(event["value"], last)
                self.assertIn(f"epoch {epoch} ended at seq {last}", event["note"])
                self.wait_minutes(platform, self.minutes(platform) + 2)
            self.check_dense(platform)
            self.check_energy(platform, 4)


if __name__ == "__main__":
    unittest.main()

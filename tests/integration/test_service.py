#!/usr/bin/python3
"""busbard as a service: what the service manager is told, what a stuck thread does to the watchdog,
and that a stop is quick and loses nothing whatever hangs outside."""
import ctypes
import os
import pathlib
import signal
import socket
import subprocess
import tempfile
import threading
import time
import unittest

from gateway import Gateway, environment, made, query, wait_until
from simulator import Sim
from uplink import Broker

ROOT = pathlib.Path(__file__).resolve().parents[2]
STOP_LIMIT_S = 5  # the promise is 2 s; a loaded machine gets more
PTRACE_SEIZE, PTRACE_INTERRUPT, PTRACE_DETACH = 0x4206, 0x4207, 17


class Manager:
    """The service manager's side of sd_notify: keeps every message in order."""

    def __init__(self, folder):
        self.path = str(pathlib.Path(folder) / "notify")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.messages = []
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        while True:
            self.messages.append(self.socket.recv(4096).decode())

    def environment(self, watchdog_s):
        env = environment()
        env.update(NOTIFY_SOCKET=self.path, WATCHDOG_USEC=str(int(watchdog_s * 1e6)))
        return env

    def wait(self, word, after=0):
        """The number of the first message from `after` on that holds the word."""
        return wait_until(f"message {word}", lambda: next(
            (i + 1 for i, m in enumerate(self.messages) if i >= after and word in m), 0)) - 1


class Frozen:
    """One thread of a process stands still, the others run."""

    def __init__(self, pid, name):
        self.libc = ctypes.CDLL(None, use_errno=True)
        self.tid = next(int(t.name) for t in pathlib.Path(f"/proc/{pid}/task").iterdir()
                        if (t / "comm").read_text().strip() == name)

    def _call(self, request):
        if self.libc.ptrace(request, self.tid, None, None) != 0:
            raise OSError(ctypes.get_errno(), "ptrace")

    def __enter__(self):
        self._call(PTRACE_SEIZE)
        self._call(PTRACE_INTERRUPT)
        os.waitpid(self.tid, 0x40000000)  # __WALL: it has stopped

    def __exit__(self, *_):
        self._call(PTRACE_DETACH)


class Service(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="busbar-service-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.store = self.folder / "busbar.db"

    def rows(self):
        return query(self.store, "SELECT count(*) FROM raw")[0][0] if made(self.store) else 0

    def test_the_manager_hears_of_start_reload_and_stop(self):
        manager = Manager(self.folder)
        with Sim(self.folder, options=["--store", str(self.store)]) as sim:
            with Gateway(sim.site_file, env=manager.environment(3)) as gateway:
                at = manager.wait("READY=1")
                self.assertIn("10 devices", manager.messages[at])
                at = manager.wait("WATCHDOG=1")
                gateway.send(signal.SIGHUP)
                at = manager.wait("RELOADING=1", at)
                self.assertIn("MONOTONIC_USEC=", manager.messages[at])
                at = manager.wait("READY=1", at)
                manager.wait("WATCHDOG=1", at)
            manager.wait("STOPPING=1", at)

    def test_a_stuck_thread_stops_the_pings_and_is_named(self):
        manager = Manager(self.folder)
        with Sim(self.folder, options=["--store", str(self.store)]) as sim, \
                Gateway(sim.site_file, env=manager.environment(3)) as gateway:
            manager.wait("WATCHDOG=1")
            wait_until("raw rows", self.rows)
            with Frozen(gateway.process.pid, "engine"):
                gateway.wait_log("thread engine is stuck", "the service manager restarts", seconds=60)
                stuck = manager.wait("STATUS=thread engine is stuck")
                before = self.rows()
                wait_until("serial lines are read and stored meanwhile", lambda: self.rows() > before + 4)
                self.assertFalse([m for m in manager.messages[stuck:] if "WATCHDOG" in m])
            gateway.wait_log("every thread beats again")
            manager.wait("WATCHDOG=1", stuck)

    def test_dead_peers_do_not_stop_the_pings(self):
        manager = Manager(self.folder)
        with Broker(self.folder) as broker, Sim(self.folder, options=["--store", str(self.store)]) as sim:
            self.configure(sim, broker)
            sim.set_faults([{"link": link, "fault": "silent"} for link in sim.links])
            broker.process.send_signal(signal.SIGSTOP)
            with Gateway(sim.site_file, env=manager.environment(3)) as gateway:
                gateway.wait_log("mqtt: not connected")
                before = len(manager.messages)
                wait_until("twenty pings more", lambda: len(manager.messages) > before + 20)
                self.assertEqual({m for m in manager.messages[before:]}, {"WATCHDOG=1"})

    def configure(self, sim, broker):
        text = sim.site_file.read_text()
        sim.site_file.write_text(text[:text.index("mqtt:")] + f"mqtt: {{url: \"{broker.url}\"}}\n"
                                 + text[text.index("web:"):])

    def test_a_stop_is_quick_and_flushes_whatever_hangs_outside(self):
        with Broker(self.folder) as broker, Sim(self.folder, options=["--store", str(self.store)]) as sim:
            self.configure(sim, broker)
            with Gateway(sim.site_file) as gateway:
                gateway.wait_log("mqtt: connected")
                wait_until("raw rows", lambda: self.rows() > 3)
                sim.set_faults([{"link": "bus1", "fault": "silent"}])  # the serial line
                gateway.wait_log("on link bus1", "is down")
                broker.process.send_signal(signal.SIGSTOP)
                half = socket.create_connection(("127.0.0.1", sim.web_port))
                half.sendall(b"GET /api/v1/live HTTP/1.1\r\nHost: local")
                slow = socket.socket()
                slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
                slow.connect(("127.0.0.1", sim.web_port))
                slow.sendall(b"GET /api/v1/completeness HTTP/1.1\r\nHost: localhost\r\n\r\n")
                slow.recv(1)
                asked, begun = time.time(), time.monotonic()
                self.assertEqual(gateway.stop(), 0)
                took = time.monotonic() - begun
                half.close()
                slow.close()
            print(f"stopped in {took:.2f} s with a frozen broker, a silent line, two web clients")
            self.assertLess(took, STOP_LIMIT_S)
            last = query(self.store, "SELECT max(t) FROM raw")[0][0]
            self.assertGreaterEqual(last, asked * 1000 - 2000)

    def test_stop_while_the_broker_does_not_answer_the_connection(self):
        with Broker(self.folder) as broker, Sim(self.folder, options=["--store", str(self.store)]) as sim:
            self.configure(sim, broker)
            broker.process.send_signal(signal.SIGSTOP)
            with Gateway(sim.site_file) as gateway:
                wait_until("raw rows", lambda: self.rows() > 3)
                begun = time.monotonic()
                self.assertEqual(gateway.stop(), 0)
                took = time.monotonic() - begun
            print(f"stopped in {took:.2f} s while connecting to a frozen broker")
            self.assertLess(took, STOP_LIMIT_S)

    def test_the_unit_is_sound_and_its_sandbox_tight(self):
        unit = self.folder / "busbard.service"
        unit.write_text((ROOT / "config/systemd/busbard.service.in").read_text()
                        .replace("@CMAKE_INSTALL_FULL_BINDIR@", os.environ["BUSBAR_BIN_DIR"])
                        .replace("@CMAKE_INSTALL_FULL_DOCDIR@", "/usr/share/doc/busbar"))
        verify = subprocess.run(["systemd-analyze", "verify", "--man=no", str(unit)],
                                capture_output=True, text=True, timeout=60)
        self.assertNotIn("busbard.service", verify.stderr)
        rated = subprocess.run(["systemd-analyze", "security", "--offline=true", "--threshold=20",
                                "--no-pager", str(unit)], capture_output=True, text=True, timeout=60)
        self.assertEqual(rated.returncode, 0, rated.stdout[-400:])
        self.assertIn("Overall exposure level", rated.stdout)


if __name__ == "__main__":
    unittest.main()

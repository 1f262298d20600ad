#!/usr/bin/python3
"""A broker in a network namespace of its own, behind a wire that is cut, and one that loses, delays and
doubles packets (tc netem). Needs root, and a kernel with namespaces and netem: what a machine does
not allow is skipped with the reason; test_network.py has the same faults by a proxy."""
import os
import socket
import subprocess
import time
import unittest

from broker_rig import FaultCase, Meters
from simulator import free_port
from uplink import MOSQUITTO, Platform

FAULT_ROWS = 4
NAME = f"busbar{os.getpid()}"
# the gateway's wire, which suffers, and the platform's, which does not: (ours, the broker's)
WIRES = {"g": ("198.18.7.1", "198.18.7.2"), "p": ("198.18.7.5", "198.18.7.6")}


def run(*words):
    done = subprocess.run(words, capture_output=True, text=True)
    if done.returncode != 0:
        raise unittest.SkipTest(f"{' '.join(words)}: {done.stderr.strip() or done.returncode}")


def wire(letter):
    """Name of our end: at most 15 characters."""
    return f"bb{os.getpid()}{letter}"


def setUpModule():
    if os.geteuid() != 0:
        raise unittest.SkipTest("network namespaces need root")
    run("ip", "netns", "add", NAME)
    unittest.addModuleCleanup(subprocess.run, ["ip", "netns", "del", NAME])
    for letter, (ours, theirs) in WIRES.items():
        run("ip", "link", "add", wire(letter), "type", "veth", "peer", "name", "w" + letter, "netns", NAME)
        run("ip", "addr", "add", ours + "/30", "dev", wire(letter))
        run("ip", "link", "set", wire(letter), "up")
        run("ip", "-n", NAME, "addr", "add", theirs + "/30", "dev", "w" + letter)
        run("ip", "-n", NAME, "link", "set", "w" + letter, "up")
    FaultCase.meters = Meters()
    unittest.addModuleCleanup(FaultCase.meters.stop)


class FarBroker:
    """mosquitto in the namespace; the platform's end of it."""

    host = WIRES["p"][1]

    def __init__(self, folder):
        self.port = free_port()
        config = folder / "mosquitto.conf"
        config.write_text(f"listener {self.port} 0.0.0.0\nallow_anonymous true\n")
        self.process = subprocess.Popen(["ip", "netns", "exec", NAME, MOSQUITTO, "-c", str(config)],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        end = time.monotonic() + 10
        while time.monotonic() < end:
            with socket.socket() as s:
                s.settimeout(1)
                if s.connect_ex((self.host, self.port)) == 0:
                    return
            time.sleep(0.02)
        raise AssertionError("mosquitto does not listen")

    def stop(self):
        self.process.kill()
        self.process.wait()


class Wire(FaultCase):
    def setUp(self):
        super().setUp()
        self.broker = FarBroker(self.folder)
        self.addCleanup(self.broker.stop)
        self.platform = Platform(self.broker)
        self.addCleanup(self.platform.stop)
        self.gateway(f"mqtt://{WIRES['g'][1]}:{self.broker.port}")
        self.begin(self.platform)

    def test_cut(self):
        for _ in range(2):
            run("ip", "-n", NAME, "link", "set", "wg", "down")
            self.wait_head(FAULT_ROWS)
            run("ip", "-n", NAME, "link", "set", "wg", "up")
            self.wait_head(2)
        self.assert_nothing_lost(self.running, self.platform)

    def test_impaired(self):
        for inside, end in ((["ip", "netns", "exec", NAME], "wg"), ([], wire("g"))):
            run(*inside, "tc", "qdisc", "add", "dev", end, "root", "netem", "delay", "10ms", "5ms",
                "loss", "3%", "duplicate", "3%", "reorder", "10%")
            self.addCleanup(subprocess.run, [*inside, "tc", "qdisc", "del", "dev", end, "root"])
        self.wait_head(4 * FAULT_ROWS)
        self.assert_nothing_lost(self.running, self.platform)


if __name__ == "__main__":
    unittest.main()

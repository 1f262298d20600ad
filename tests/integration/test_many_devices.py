#!/usr/bin/python3
"""A site of 200 meters: its 15-minute record is longer than one message may be, and comes in parts,
each with its own seq, that together name every device once."""
import os
import pathlib
import socket
import subprocess
import tempfile
import unittest

from gateway import Gateway, clock_offset
from uplink import Broker, Platform, free_port

FARM = pathlib.Path(os.environ["BUSBAR_BIN_DIR"]) / "modbus_farm"
DEVICES = 200
PROFILE = """vendor: none
model: two registers
roles: [load]
source: tests/integration/test_many_devices.py
confidence: A
modbus: {function: 3}
points:
  - {register: 0, type: f32, quantity: active_power, phase: total, unit: W}
"""


class Parts(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="busbar-many-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        (self.folder / "profiles").mkdir()
        (self.folder / "profiles" / "two.yaml").write_text(PROFILE)

    def farm(self):
        port = free_port()
        farm = subprocess.Popen([str(FARM), "-b", str(port), "-P", "1", "-u", str(DEVICES)],
                                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        self.addCleanup(farm.stderr.close)
        self.addCleanup(farm.wait)
        self.addCleanup(farm.terminate)
        farm.stderr.readline()  # it says so when it listens
        with socket.create_connection(("127.0.0.1", port), timeout=5):
            return port

    def test_a_long_record_comes_in_parts(self):
        site = self.folder / "site.yaml"
        port = self.farm()
        with Broker(self.folder) as broker, Platform(broker) as platform:
            devices = "\n".join(f"  - {{id: d{u}, link: l, unit: {u}, profile: two, role: load}}"
                                for u in range(1, DEVICES + 1))
            site.write_text(f"site: {{id: many, district: test}}\nlinks:\n"
                            f"  - {{id: l, tcp: \"127.0.0.1:{port}\"}}\ndevices:\n{devices}\n"
                            f"mqtt: {{url: \"{broker.url}\"}}\nstore: {{path: many.db}}\n")
            with Gateway(site, clock_offset(8)):
                parts = platform.wait("every part", lambda: (
                    lambda got: got if len(got) >= 3 else None)(platform.bodies("record/15m")))
            self.assertEqual(platform.invalid, [])
            self.assertEqual([(p["part"], p["parts"]) for p in parts], [(1, 3), (2, 3), (3, 3)])
            self.assertEqual([p["seq"] - parts[0]["seq"] for p in parts], [0, 1, 2])
            for part in parts[1:]:
                self.assertEqual(part["energy_kwh"], parts[0]["energy_kwh"])
            names = [d["id"] for p in parts for d in p["devices"]]
            self.assertEqual(sorted(names), sorted(f"d{u}" for u in range(1, DEVICES + 1)))
            for payload in (m[3] for m in platform.messages if m[0] == "record/15m"):
                self.assertLessEqual(len(payload), 100_000)
            # no counter: energy comes from power, and says so
            self.assertEqual({d["energy_method"] for p in parts for d in p["devices"]},
                             {"integrated"})


if __name__ == "__main__":
    unittest.main()

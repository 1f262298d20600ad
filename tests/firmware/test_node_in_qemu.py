#!/usr/bin/python3
"""The image of the STM32F405 in QEMU, read over its emulated USART by the gateway's tools."""
import csv
import io
import pathlib
import subprocess
import unittest

from gateway import Gateway, made, query, wait_until
from node_cases import BIN, WATTS, NodeCases
from nodes import qemu_node
from simulator import free_port

SITE = """\
site: {{id: node-test, name: node test, district: test, timezone: UTC}}
store: {{path: {folder}/busbar.db}}
links:
  - {{id: bus1, rtu: {path}, baud: 19200, parity: even}}
web: {{listen: "127.0.0.1:{port}"}}
devices:
  - {{id: feeder1, link: bus1, unit: 1, profile: busbar-node, role: load, poll_ms: 1000}}
"""


class NodeInQemu(NodeCases, unittest.TestCase):
    start = staticmethod(qemu_node)

    def test_busbard_stores_its_readings(self):
        """The real daemon polls the image over RTU (its serial code is libmodbus's)."""
        folder = pathlib.Path(self.folder.name)
        site = folder / "site.yaml"
        site.write_text(SITE.format(folder=folder, path=self.node.path, port=free_port()))
        with Gateway(site):
            wait_until("five readings in the store", lambda: made(folder / "busbar.db") and query(
                folder / "busbar.db", "SELECT count(*) >= 5 FROM raw")[0][0])
        done = subprocess.run([BIN / "busbar", "export", "--db", folder / "busbar.db", "--what", "readings"],
                              capture_output=True, text=True, timeout=60, check=True)
        rows = [r for r in csv.DictReader(io.StringIO(done.stdout)) if r["quality"] == "good"]
        power = [float(r["value"]) for r in rows if r["point"].endswith(".active_power.total")]
        energy = [float(r["value"]) for r in rows if r["point"].endswith(".energy_import.total")]
        self.assertGreaterEqual(len(power), 4, done.stdout[:400])
        for watts in power:
            self.near(watts, WATTS, 0.005)
        self.assertEqual(energy, sorted(energy))
        self.assertGreater(energy[-1], energy[0])


if __name__ == "__main__":
    unittest.main()

#!/usr/bin/python3
"""Foreign Modbus clients read the simulated substation: pymodbus and mbpoll against `busbar sim`
over TCP, RTU over TCP and a serial line; every number is held against the simulator's truth."""
import logging
import re
import subprocess
import tempfile
import unittest

from pymodbus.client import ModbusSerialClient, ModbusTcpClient
from pymodbus.framer.rtu_framer import ModbusRtuFramer

from simulator import WIDTH, Sim, decode, resolution

logging.disable(logging.CRITICAL)  # pymodbus logs every exception it is asked to take


def pymodbus_client(link):
    if "rtu" in link:  # pyserial insists on the parity that it asks for, and a pty has none
        return ModbusSerialClient(port=link["rtu"], baudrate=link["baud"], parity="N", timeout=5)
    framed = {"framer": ModbusRtuFramer} if "rtu_over_tcp" in link else {}
    host, port = link.get("tcp", link.get("rtu_over_tcp")).rsplit(":", 1)
    return ModbusTcpClient(host, port=int(port), timeout=5, **framed)


class ForeignPeers(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="busbar-peers-")
        cls.sim = Sim(cls.folder.name, options=["--start", "2026-06-24T12:30:00+08:00"])

    @classmethod
    def tearDownClass(cls):
        cls.sim.stop()
        cls.folder.cleanup()

    def total_power(self, name):
        return next(p for p in self.sim.points(name) if p["quantity"] == "active_power"
                    and p.get("phase", "total") == "total")

    def check(self, name, point, words, truth):
        device = self.sim.devices[name]
        value = decode(point, words, device)
        expected = truth["devices"][name]["power_kw"] * 1000
        self.assertAlmostEqual(value, expected, delta=resolution(point, device, expected), msg=name)

    def read_with_pymodbus(self, name, point):
        device = self.sim.devices[name]
        client = pymodbus_client(self.sim.links[device["link"]])
        self.assertTrue(client.connect(), name)
        try:
            read = (client.read_input_registers if point["function"] == 4
                    else client.read_holding_registers)
            reply = read(point["register"], WIDTH[point["type"]], slave=device["unit"])
            self.assertFalse(reply.isError(), f"{name}: {reply}")
            return reply.registers
        finally:
            client.close()

    def test_pymodbus_reads_the_power_of_every_device_on_every_kind_of_link(self):
        kinds = set()
        for name, device in self.sim.devices.items():
            if device["role"] == "battery":
                continue
            point = self.total_power(name)
            words, truth = self.sim.at_one_instant(
                lambda n=name, p=point: self.read_with_pymodbus(n, p))
            self.check(name, point, words, truth)
            kinds |= {"tcp", "rtu", "rtu_over_tcp"} & set(self.sim.links[device["link"]])
        self.assertEqual(kinds, {"tcp", "rtu", "rtu_over_tcp"})

    def test_pymodbus_sees_exceptions(self):
        for name in ("feeder4", "feeder1", "pv1"):
            device = self.sim.devices[name]
            client = pymodbus_client(self.sim.links[device["link"]])
            self.assertTrue(client.connect())
            try:
                reply = client.write_register(0, 1, slave=device["unit"])
                self.assertEqual((reply.function_code, reply.exception_code), (0x86, 1))
                function = self.sim.points(name)[0]["function"]
                read = (client.read_input_registers if function == 4
                        else client.read_holding_registers)
                reply = read(64000, 2, slave=device["unit"])
                self.assertEqual((reply.function_code, reply.exception_code),
                                 (function | 0x80, 2))
            finally:
                client.close()

    def read_with_mbpoll(self, name, point):
        device = self.sim.devices[name]
        link = self.sim.links[device["link"]]
        table = "3:hex" if point["function"] == 4 else "4:hex"
        where = (["-m", "rtu", "-b", str(link["baud"]), "-P", "even", link["rtu"]] if "rtu" in link
                 else ["-p", link["tcp"].rsplit(":", 1)[1], "127.0.0.1"])
        done = subprocess.run(
            ["mbpoll", "-0", "-1", "-a", str(device["unit"]), "-t", table, "-r",
             str(point["register"]), "-c", str(WIDTH[point["type"]]), *where],
            capture_output=True, text=True, timeout=30, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return [int(word, 16) for word in re.findall(r"^\[\d+\]:\s+0x([0-9A-F]{4})", done.stdout,
                                                     re.M)]

    def test_mbpoll_reads_tcp_and_serial_devices(self):
        for name in ("grid", "feeder1", "feeder3", "feeder4", "pv2", "pcs"):
            point = self.total_power(name)
            words, truth = self.sim.at_one_instant(
                lambda n=name, p=point: self.read_with_mbpoll(n, p))
            self.check(name, point, words, truth)

    def test_mbpoll_names_the_exception(self):
        done = subprocess.run(
            ["mbpoll", "-0", "-1", "-a", "4", "-t", "4", "-r", "60000", "-c", "1", "-p",
             self.sim.links["meters"]["tcp"].rsplit(":", 1)[1], "127.0.0.1"],
            capture_output=True, text=True, timeout=30, check=False)
        self.assertIn("Illegal data address", done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main()

#!/usr/bin/python3
"""busbar probe against a foreign peer (pymodbus) over TCP, RTU over TCP and a serial line."""
import asyncio
import json
import logging
import os
import pathlib
import socket
import socketserver
import struct
import subprocess
import tempfile
import threading
import time
import tty
import unittest

from pymodbus.datastore import ModbusServerContext, ModbusSlaveContext, ModbusSparseDataBlock
from pymodbus.framer.rtu_framer import ModbusRtuFramer
from pymodbus.framer.socket_framer import ModbusSocketFramer
from pymodbus.server.async_io import ModbusTcpServer

BUSBAR = pathlib.Path(os.environ["BUSBAR_BIN_DIR"]) / "busbar"
logging.disable(logging.CRITICAL)  # the peer logs every exception it is asked to give
CONFIG = pathlib.Path(__file__).resolve().parents[2] / "config"


def f32(value):
    high, low = struct.unpack(">HH", struct.pack(">f", value))
    return [high, low]


def registers(*runs):
    """{address: value} of (start, [values...]) runs."""
    return {start + i: v for start, values in runs for i, v in enumerate(values)}


class Peer:
    """A pymodbus server on a free port of 127.0.0.1, in its own thread and event loop."""

    def __init__(self, units, framer=ModbusSocketFramer):
        slaves = {unit: ModbusSlaveContext(zero_mode=True, **{
            name: ModbusSparseDataBlock(values) for name, values in blocks.items()})
            for unit, blocks in units.items()}
        self.context = ModbusServerContext(slaves=slaves, single=False)
        self.framer = framer
        self.ready = threading.Event()
        self.thread = threading.Thread(target=lambda: asyncio.run(self.serve()), daemon=True)
        self.thread.start()
        if not self.ready.wait(10):
            raise RuntimeError("the peer did not start")

    async def serve(self):
        self.loop = asyncio.get_running_loop()
        self.stop = asyncio.Event()
        server = ModbusTcpServer(self.context, framer=self.framer, address=("127.0.0.1", 0))
        task = asyncio.create_task(server.serve_forever())
        await server.serving
        self.port = server.server.sockets[0].getsockname()[1]
        self.ready.set()
        await self.stop.wait()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    def close(self):
        self.loop.call_soon_threadsafe(self.stop.set)
        self.thread.join(10)


class SerialLine:
    """A pty whose far end is joined to a peer that speaks RTU frames over TCP."""

    def __init__(self, port):
        self.master, self.slave = os.openpty()
        tty.setraw(self.slave)
        self.path = os.ttyname(self.slave)
        self.peer = socket.create_connection(("127.0.0.1", port))
        threading.Thread(target=self.out, daemon=True).start()
        threading.Thread(target=self.back, daemon=True).start()

    def out(self):
        try:
            while True:
                self.peer.sendall(os.read(self.master, 256))
        except OSError:
            pass

    def back(self):
        try:
            while data := self.peer.recv(256):
                os.write(self.master, data)
        except OSError:
            pass

    def close(self):
        self.peer.shutdown(socket.SHUT_RDWR)
        self.peer.close()
        os.close(self.slave)
        os.close(self.master)


def probe(*arguments):
    return subprocess.run([BUSBAR, "probe", *map(str, arguments)], capture_output=True, text=True,
                          timeout=60, check=False)


def points(result):
    body = json.loads(result.stdout)
    return body["unit"], {p["id"]: p for p in body["points"]}


METER = {"ir": registers((0, f32(230.5) + f32(231.25) + f32(229.75) + f32(10) + f32(11) + f32(12)
                          + f32(2300) + f32(2400) + f32(-2500)),
                         (18, [0] * 6), (24, f32(100) * 3), (30, f32(0.5) + f32(-0.25) + f32(1.5)),
                         (36, [0] * 16), (52, f32(-2200)), (54, [0, 0]), (56, f32(2600)),
                         (58, [0, 0]), (60, f32(300)), (62, f32(-0.875)), (64, [0] * 6),
                         (70, f32(49.984375)), (72, f32(12345.5)), (74, f32(0.25)),
                         (76, f32(77)), (78, f32(float("nan"))), (80, [0] * 4),
                         (84, f32(2000)), (86, f32(2900)))}

PROFILE = """
vendor: Test
model: every type
roles: [load]
modbus: {function: 3, word_order: big, max_registers: 125}
points:
  - {register: 100, type: string, count: 4, quantity: serial}
  - {register: 104, type: i64, quantity: energy_import, phase: total, unit: kWh, scale: 0.001}
  - {register: 108, type: u32, quantity: energy_export, phase: total, unit: kWh, word_order: little}
  - {register: 110, type: i16, quantity: temperature, unit: degC, scale: 0.1, unavailable: [0x8000]}
  - {register: 111, type: bits16, quantity: state, bits: {0: run, 3: fault}}
  - {register: 112, type: i16, quantity: dc_current, unit: A, max: 100}
  - {register: 113, type: u16, quantity: ct_ratio}
  - {register: 114, type: u16, quantity: current, phase: l1, unit: A, scale: 0.1, ratio: ct}
  - {register: 7, type: bit, function: 1, quantity: state, name: breaker}
  - {register: 9, type: bit, function: 2, quantity: state, name: door}
"""
EVERY_TYPE = {"hr": registers((100, [0x534E, 0x2D31, 0x3200, 0x0000]), (104, [0, 0, 1, 0x86A0]),
                              (108, [0x0002, 0x0001]), (110, [0x8000, 0x0009, 101, 40, 25])),
              "co": {7: True}, "di": {9: False}}


class ProbeTest(unittest.TestCase):
    def peer(self, units, **options):
        peer = Peer(units, **options)
        self.addCleanup(peer.close)
        return peer

    def profile_file(self, text):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        path = pathlib.Path(folder.name) / "device.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    def check_meter(self, result):
        self.assertEqual(result.returncode, 0, result.stderr)
        unit, found = points(result)
        self.assertEqual(unit, 3)
        self.assertEqual(found["voltage.l1"], {"id": "voltage.l1", "value": 230.5, "unit": "V",
                                               "quality": "good",
                                               "registers": ["0x4366", "0x8000"]})
        self.assertEqual(found["active_power.total"]["value"], -2200)
        self.assertEqual(found["power_factor.l3"]["value"], 1.5)
        self.assertEqual(found["power_factor.l3"]["quality"], "out_of_range")
        self.assertEqual(found["energy_import.total"]["value"], 12345.5)
        nan = found["reactive_energy_export.total"]
        self.assertIsNone(nan["value"])
        self.assertEqual((nan["quality"], nan["registers"]), ("missing", ["0x7FC0", "0x0000"]))

    def test_a_meter_over_tcp(self):
        peer = self.peer({3: METER})
        self.check_meter(probe(f"tcp:127.0.0.1:{peer.port}", "--unit", 3, "--profile",
                               "eastron-sdm630", "--data", CONFIG, "--json"))

    def test_a_meter_over_rtu_over_tcp(self):
        peer = self.peer({3: METER}, framer=ModbusRtuFramer)
        self.check_meter(probe(f"rtutcp:127.0.0.1:{peer.port}", "--unit", 3, "--profile",
                               "eastron-sdm630", "--data", CONFIG, "--json"))

    def test_a_meter_on_a_serial_line(self):
        peer = self.peer({3: METER}, framer=ModbusRtuFramer)
        line = SerialLine(peer.port)
        self.addCleanup(line.close)
        self.check_meter(probe(f"rtu:{line.path},19200,8E1", "--unit", 3, "--profile",
                               "eastron-sdm630", "--data", CONFIG, "--json"))

    def test_points_that_the_device_lacks_are_exceptions_and_the_rest_is_read(self):
        peer = self.peer({3: METER})  # no registers 200 to 224
        _, found = points(probe(f"tcp:127.0.0.1:{peer.port}", "--unit", 3, "--profile",
                                "eastron-sdm630", "--data", CONFIG, "--json"))
        refused = {i for i, p in found.items() if p["quality"] == "exception"}
        self.assertEqual(refused, {"voltage.l1l2", "voltage.l2l3", "voltage.l3l1", "current.n"})
        for i in refused:
            self.assertIsNone(found[i]["value"])
            self.assertEqual(found[i]["registers"], [])

    def test_a_hole_in_the_middle_of_a_merged_read_costs_only_its_own_point(self):
        blocks = {"ir": {a: v for a, v in METER["ir"].items() if a not in (60, 61)}}
        peer = self.peer({3: blocks}, framer=ModbusRtuFramer)
        _, found = points(probe(f"rtutcp:127.0.0.1:{peer.port}", "--unit", 3, "--profile",
                                "eastron-sdm630", "--data", CONFIG, "--json"))
        self.assertEqual(found["reactive_power.total"]["quality"], "exception")
        self.assertEqual(found["apparent_power.total"]["value"], 2600)
        self.assertEqual(found["power_factor.total"]["value"], -0.875)
        self.assertEqual(found["frequency"]["value"], 49.984375)

    def test_every_type_from_a_profile_file(self):
        peer = self.peer({1: EVERY_TYPE})
        result = probe(f"tcp:127.0.0.1:{peer.port}", "--unit", 1, "--profile",
                       self.profile_file(PROFILE), "--json")
        self.assertEqual(result.returncode, 0, result.stderr)
        _, found = points(result)
        self.assertEqual({i: (p["value"], p["quality"]) for i, p in found.items()}, {
            "serial": ("SN-12", "good"),
            "energy_import.total": (100, "good"),  # 0x186A0 Wh
            "energy_export.total": (65538, "good"),  # low word first
            "temperature": (None, "missing"),
            "state": (9, "good"),
            "dc_current": (101, "out_of_range"),
            "ct_ratio": (40, "good"),
            "current.l1": (100, "good"),  # 25 x 0.1 x 40
            "breaker": (1, "good"),
            "door": (0, "good")})
        self.assertEqual(found["energy_import.total"]["registers"],
                         ["0x0000", "0x0000", "0x0001", "0x86A0"])

    def test_the_table_shows_units_words_bits_and_exceptions(self):
        blocks = {**EVERY_TYPE, "di": {1: False}}
        peer = self.peer({1: blocks})
        result = probe(f"tcp:127.0.0.1:{peer.port}", "--unit", 1, "--profile",
                       self.profile_file(PROFILE))
        self.assertEqual(result.returncode, 0, result.stderr)
        rows = {line.split()[0]: line for line in result.stdout.splitlines()}
        self.assertRegex(rows["energy_import.total"], r" 100 kWh +good +0000 0000 0001 86A0$")
        self.assertRegex(rows["state"], r" 9 +good +0009 run,fault$")
        self.assertRegex(rows["temperature"], r" - degC +missing +8000$")
        self.assertRegex(rows["serial"], r" SN-12 ")
        self.assertRegex(rows["door"], r" - +exception +exception 2: illegal data address$")

    def test_nobody_at_the_address_is_said_in_one_line(self):
        with socket.socket() as s:  # a port that was free a moment ago
            s.bind(("127.0.0.1", 0))
            port = s.getsockname()[1]
        for kind in ("tcp", "rtutcp"):
            result = probe(f"{kind}:127.0.0.1:{port}", "--unit", 7, "--profile", "eastron-sdm630",
                           "--data", CONFIG)
            self.assertEqual(result.returncode, 69)
            self.assertEqual(result.stdout, "")
            self.assertRegex(result.stderr, rf"^busbar probe: {kind}:127\.0\.0\.1:{port} unit 7: "
                                            r"connection refused; check [^\n]+\n$")

    def test_a_device_that_never_answers_is_given_up_in_time(self):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
            for kind in ("tcp", "rtutcp"):
                begin = time.monotonic()
                result = probe(f"{kind}:127.0.0.1:{port}", "--unit", 1, "--profile",
                               "eastron-sdm630", "--data", CONFIG, "--timeout", 200)
                self.assertLess(time.monotonic() - begin, 10)
                self.assertEqual(result.returncode, 69)
                self.assertRegex(result.stderr, rf"^busbar probe: {kind}:\S+ unit 1: "
                                                r"no reply in time; check [^\n]+\n$")

    def test_a_unit_that_is_not_behind_the_gateway_is_unreachable(self):
        class Refuse(socketserver.BaseRequestHandler):
            def handle(self):  # exception 11: the gateway's device did not respond
                while request := self.request.recv(260):
                    reply = bytes([request[6], request[7] | 0x80, 11])
                    self.request.sendall(request[:4] + struct.pack(">H", len(reply)) + reply)

        with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Refuse) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            result = probe(f"tcp:127.0.0.1:{server.server_address[1]}", "--unit", 4, "--profile",
                           "eastron-sdm630", "--data", CONFIG)
            server.shutdown()
        self.assertEqual(result.returncode, 69)
        self.assertRegex(result.stderr, r"^busbar probe: tcp:\S+ unit 4: device answered with an "
                                        r"exception; the unit does not answer [^\n]+\n$")

    def test_a_missing_serial_device_is_named(self):
        result = probe("rtu:/dev/no-such-port,9600,8N1", "--unit", 1, "--profile",
                       "chint-dtsu666", "--data", CONFIG)
        self.assertEqual(result.returncode, 69)
        self.assertRegex(result.stderr, r"^busbar probe: rtu:/dev/no-such-port,9600,8N1 unit 1: "
                                        r"not found; check [^\n]+\n$")

    def test_mistakes_on_the_command_line_exit_64(self):
        good = ["tcp:127.0.0.1:502", "--unit", "1", "--profile", "eastron-sdm630"]
        for wrong in ([], good[:1], good[:3], ["tcp:127.0.0.1"] + good[1:],
                      ["rtu:/dev/ttyS1,9600,9X1"] + good[1:], good[:2] + ["300"] + good[3:],
                      good + ["--timeout", "0"], good + ["--nonsense"], good + ["tcp:a:1"]):
            result = probe(*wrong)
            self.assertEqual(result.returncode, 64, wrong)
            self.assertEqual(len(result.stderr.splitlines()), 1, result.stderr)

    def test_a_profile_that_is_missing_or_wrong_exits_78(self):
        result = probe("tcp:127.0.0.1:1", "--unit", 1, "--profile", "no-such", "--data", CONFIG)
        self.assertEqual(result.returncode, 78)
        self.assertIn("no-such", result.stderr)
        bad = self.profile_file(PROFILE.replace("type: u32", "type: u33"))
        result = probe("tcp:127.0.0.1:1", "--unit", 1, "--profile", bad)
        self.assertEqual(result.returncode, 78)
        self.assertRegex(result.stderr, rf"{bad}:\d+:\d+: ")

    def test_help_is_good(self):
        result = probe("--help")
        self.assertEqual(result.returncode, 0)
        self.assertIn("usage: busbar probe", result.stdout)


if __name__ == "__main__":
    unittest.main()

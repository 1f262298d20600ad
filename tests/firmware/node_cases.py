"""What a node must do whatever it runs on: read by the gateway's own tools and by foreign ones."""
import json
import math
import os
import pathlib
import random
import re
import select
import struct
import subprocess
import tempfile
import time

BIN = pathlib.Path(os.environ["BUSBAR_BIN_DIR"])
CONFIG = pathlib.Path(__file__).resolve().parents[2] / "config"
LINE = "19200,8E1"

# The synthetic feeder of firmware/hal/feeder.c behind CTs of 100/5.
AMPS = (50.0, 48.0, 52.0)
WATTS = 230.0 * sum(AMPS) * math.cos(math.pi / 6)
VARS = 230.0 * sum(AMPS) * 0.5


def crc16(data):
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0xA001 if crc & 1 else 0)
    return struct.pack("<H", crc)


class Client:
    """A plain Modbus RTU client on the node's pty."""

    def __init__(self, path):
        self.fd = os.open(path, os.O_RDWR | os.O_NOCTTY)

    def close(self):
        os.close(self.fd)

    def raw(self, frame, seconds=2.0):
        """Sends bytes; what comes back until 50 ms of silence, or b"" after `seconds`."""
        os.write(self.fd, frame)
        reply, wait = b"", seconds
        while select.select([self.fd], [], [], wait)[0]:
            reply += os.read(self.fd, 512)
            wait = 0.05
        return reply

    def ask(self, pdu, unit=1, seconds=2.0):
        """The reply's PDU; None when nobody answers."""
        frame = bytes([unit]) + pdu
        reply = self.raw(frame + crc16(frame), seconds)
        if not reply:
            return None
        assert crc16(reply[:-2]) == reply[-2:] and reply[0] == unit, reply.hex()
        return reply[1:-2]

    def registers(self, start, count, form):
        reply = self.ask(struct.pack(">BHH", 3, start, count))
        assert reply and reply[0] == 3, reply
        return struct.unpack(">" + form, reply[2:])

    def write(self, address, *words):
        return self.ask(struct.pack(">BHHB", 16, address, len(words), 2 * len(words)) +
                        struct.pack(f">{len(words)}H", *words))


class NodeCases:
    """Mixed into a TestCase that has start(memory)."""

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.memory = pathlib.Path(self.folder.name) / "memory"
        self.node = self.start(self.memory)
        self.connect()
        self.wait_for_a_second()

    def tearDown(self):
        self.client.close()
        self.node.__exit__()
        self.folder.cleanup()

    def connect(self):
        """QEMU takes a while to notice that somebody has opened its pty, and drops replies until then."""
        self.client = Client(self.node.path)
        end = time.monotonic() + 20
        while self.client.ask(b"\x03\x00\x00\x00\x01", seconds=0.2) is None:
            assert time.monotonic() < end, "the node does not answer"

    def wait_for_a_second(self, uptime=2):
        end = time.monotonic() + 30
        while self.client.registers(20, 2, "I")[0] < uptime:
            assert time.monotonic() < end, "the node measures no seconds"
            time.sleep(0.1)

    def cut_power(self):
        self.client.close()
        self.node.kill()
        os.close(self.node.held)
        self.node = self.start(self.memory)
        self.connect()

    def near(self, value, truth, part):
        self.assertLessEqual(abs(value - truth), part * abs(truth), f"{value} is not {truth}")

    def test_busbar_probe_reads_the_truth(self):
        result = subprocess.run(
            [BIN / "busbar", "probe", f"rtu:{self.node.path},{LINE}", "--unit", "1", "--profile",
             "busbar-node", "--data", CONFIG, "--json"],
            capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(result.returncode, 0, result.stderr)
        points = {p["id"]: p for p in json.loads(result.stdout)["points"]}
        for p, amps in zip(("l1", "l2", "l3"), AMPS):
            self.near(points[f"voltage.{p}"]["value"], 230.0, 0.002)
            self.near(points[f"current.{p}"]["value"], amps, 0.002)
            self.near(points[f"active_power.{p}"]["value"], 230.0 * amps * math.cos(math.pi / 6), 0.005)
        self.near(points["current.n"]["value"], 6.0, 0.002)
        self.near(points["active_power.total"]["value"], WATTS, 0.005)
        self.near(points["reactive_power.total"]["value"], VARS, 0.005)
        self.assertLess(abs(points["frequency"]["value"] - 50.0), 0.01)
        self.assertEqual(points["demand.total"]["quality"], "missing")  # of the first quarter hour
        bad = [i for i, p in points.items() if p["quality"] != "good" and i != "demand.total"]
        self.assertEqual(bad, [])

    def test_mbpoll_reads_the_truth(self):
        result = subprocess.run(
            ["mbpoll", "-m", "rtu", "-a", "1", "-b", "19200", "-P", "even", "-0", "-r", "100", "-c", "3",
             "-t", "3:float", "-B", "-1", self.node.path],
            capture_output=True, text=True, timeout=30, check=False)
        self.assertEqual(result.returncode, 0, result.stderr + result.stdout)
        volts = [float(v) for v in re.findall(r"^\[10[0-9]\]:\s+(\S+)", result.stdout, re.M)]
        self.assertEqual(len(volts), 3, result.stdout)
        for v in volts:
            self.near(v, 230.0, 0.002)

    def test_energy_is_power_times_time(self):
        def now():
            # one read: power of the last second does not move here
            wh = self.client.registers(200, 4, "Q")[0] / 10.0
            return self.client.registers(20, 2, "I")[0], wh
        seconds0, wh0 = now()
        self.wait_for_a_second(seconds0 + 4)
        seconds1, wh1 = now()
        # uptime counts whole seconds, and moves between two reads: two seconds of tolerance
        self.assertAlmostEqual(wh1 - wh0, WATTS * (seconds1 - seconds0) / 3600.0,
                               delta=2.0 * WATTS / 3600.0)
        reactive = self.client.registers(208, 4, "Q")[0] / 10.0
        self.near(reactive / self.client.registers(200, 4, "Q")[0] * 10.0, VARS / WATTS, 0.05)

    def test_counters_survive_a_power_cut(self):
        self.wait_for_a_second(5)
        before = self.client.registers(200, 36, "9Q")
        runs = self.client.registers(22, 2, "I")[0]
        self.cut_power()
        after = self.client.registers(200, 36, "9Q")
        self.assertEqual(self.client.registers(24, 2, "I")[0], 1, "restarts")
        self.assertGreaterEqual(self.client.registers(22, 2, "I")[0], runs - 1)
        # one second and one count of a tenth of a Wh may be gone; time since then is added
        lost = (before[0] - after[0]) / 10.0
        self.assertLessEqual(lost, WATTS * 1.05 / 3600.0 + 0.1)
        self.assertGreaterEqual(lost, -WATTS * 5.0 / 3600.0)
        self.assertEqual(before[1], after[1])  # nothing was exported
        self.assertEqual(self.client.registers(1, 1, "H")[0], 0, "faults")

    def test_settings_are_locked_checked_and_kept(self):
        self.assertEqual(self.client.write(1003, 200), b"\x90\x02")
        self.assertEqual(self.client.write(1100, 0x4E4F)[0], 16)
        self.assertEqual(self.client.write(1001, 97), b"\x90\x03")
        self.assertEqual(self.client.write(1003, 200)[0], 16)
        self.assertEqual(self.client.write(1101, 1)[0], 16)
        time.sleep(0.2)
        self.cut_power()
        self.assertEqual(self.client.registers(1003, 1, "H"), (200,))
        self.wait_for_a_second()
        self.near(self.client.registers(112, 2, "f")[0], 100.0, 0.002)

    def test_identification_exceptions_and_broadcast(self):
        reply = self.client.ask(bytes([43, 14, 1, 0]))
        self.assertIn(b"busbar-node", reply)
        self.assertEqual(self.client.ask(bytes([1, 0, 0, 0, 1])), b"\x81\x01")
        self.assertEqual(self.client.ask(bytes([3, 0, 99, 0, 1])), b"\x83\x02")
        self.assertEqual(self.client.ask(bytes([3, 0, 100, 0, 126])), b"\x83\x03")
        self.assertIsNone(self.client.ask(bytes([3, 0, 100, 0, 1]), unit=2, seconds=0.3))
        self.assertIsNone(self.client.ask(struct.pack(">BHH", 6, 1100, 0x4E4F), unit=0, seconds=0.3))
        self.assertGreater(self.client.registers(1100, 1, "H")[0], 0)  # the broadcast was done

    def test_noise_on_the_line_does_no_harm(self):
        chance = random.Random(20261125)
        for _ in range(60):
            frame = bytes(chance.randrange(256) for _ in range(chance.randrange(1, 80)))
            if chance.random() < 0.5:  # a frame for this unit that is right but for its contents
                frame = b"\x01" + frame
                frame += crc16(frame)
            self.client.raw(frame, 0.05)
        time.sleep(0.1)
        self.near(self.client.registers(100, 2, "f")[0], 230.0, 0.002)
        self.assertEqual(self.client.registers(24, 2, "I")[0], 0, "the node restarted")

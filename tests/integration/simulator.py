"""Starts `busbar sim` for a test, speaks raw Modbus to it, and decodes registers by the profile.

The decoding here is written from the profile format alone, on purpose: it is a second opinion on
the simulator's encoding.
"""
import json
import os
import pathlib
import select
import signal
import socket
import struct
import subprocess
import time

import yaml

BUSBAR = pathlib.Path(os.environ["BUSBAR_BIN_DIR"]) / "busbar"
CONFIG = pathlib.Path(__file__).resolve().parents[2] / "config"
DEMO = CONFIG / "sites" / "demo.yaml"
WIDTH = {"u16": 1, "i16": 1, "bits16": 1, "u32": 2, "i32": 2, "f32": 2, "bits32": 2,
         "u64": 4, "i64": 4, "f64": 4}
FORMAT = {"u16": ">H", "i16": ">h", "bits16": ">H", "u32": ">I", "i32": ">i", "f32": ">f",
          "bits32": ">I", "u64": ">Q", "i64": ">q", "f64": ">d"}


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Sim:
    """A running simulator. Use as a context manager; `site` is the rewritten site file. The page of
    a gateway that runs it has a port of its own: tests run side by side."""

    def __init__(self, folder, site=DEMO, options=(), faults=None, env=None):
        self.folder = pathlib.Path(folder)
        self.site_file = self.folder / "served.yaml"
        self.truth_file = self.folder / "truth.ndjson"
        self.faults_file = self.folder / "faults.yaml"
        self.faults_file.write_text(yaml.safe_dump(faults or []))
        command = [str(BUSBAR), "sim", str(site), "--data", str(CONFIG),
                   "--write-site", str(self.site_file), "--truth", str(self.truth_file),
                   "--faults", str(self.faults_file), *options]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        text=True, env=env)
        while True:
            line = self.process.stdout.readline()
            if line.startswith("ready:"):
                break
            if not line:
                complaint = self.process.stderr.read()
                self.stop()
                raise RuntimeError(complaint)
        self.web_port = free_port()
        text = self.site_file.read_text()
        self.site_file.write_text(text.replace("127.0.0.1:8080", f"127.0.0.1:{self.web_port}"))
        self.site = yaml.safe_load(self.site_file.read_text())
        self.links = {link["id"]: link for link in self.site["links"]}
        self.devices = {device["id"]: device for device in self.site["devices"]}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        self.process.wait(20)
        self.process.stdout.close()
        self.process.stderr.close()
        return self.process.returncode

    def set_faults(self, faults):
        """Takes effect before this returns."""
        self.faults_file.write_text(yaml.safe_dump(faults))
        self.process.send_signal(signal.SIGUSR2)
        line = self.process.stdout.readline()
        assert line == f"faults: {len(faults)}\n", line

    def statistics(self):
        self.process.send_signal(signal.SIGUSR1)
        return json.loads(self.process.stdout.readline())["statistics"]

    def truth(self):
        """The last whole line."""
        return self.truths()[-1]

    def truths(self):
        text = self.truth_file.read_text()
        return [json.loads(line) for line in text[:text.rfind("\n")].splitlines()]

    def wait_truth(self, after):
        """The first line after that time."""
        give_up = time.monotonic() + 20
        while time.monotonic() < give_up:
            line = self.truth()
            if line["t"] > after:
                return line
            time.sleep(0.02)
        raise AssertionError("the truth file stands still")

    def at_one_instant(self, action):
        """action(), and the truth that held all the while."""
        for _ in range(20):
            before = self.truth()
            result = action()
            if self.truth()["t"] == before["t"]:
                return result, before
        raise AssertionError("no action fits between two steps of the simulator")

    def client(self, link):
        return Client(self.links[link])

    def points(self, device):
        return profile_points(self.devices[device]["profile"])


def profile_points(name):
    """What every poll reads: not the clock."""
    profile = yaml.safe_load((CONFIG / "profiles" / f"{name}.yaml").read_text())
    points = []
    for point in profile["points"]:
        if point["quantity"] == "clock":
            continue
        point = {**profile["modbus"], **point}
        names = [point["quantity"], point["phase"]] if point.get("phase") else [point["quantity"]]
        point["id"] = point.get("name", ".".join(names))
        points.append(point)
    return points


def decode(point, words, device=None):
    """The value of a numeric point from its registers."""
    if point.get("word_order", "big") == "little":
        words = words[::-1]
    raw = struct.unpack(FORMAT[point["type"]], struct.pack(f">{len(words)}H", *words))[0]
    return (raw * point.get("scale", 1) + point.get("offset", 0)) * multiplier(point, device)


def multiplier(point, device):
    device = device or {}
    ct, pt = device.get("ct_ratio", 1), device.get("pt_ratio", 1)
    ratio = {None: 1, "ct": ct, "pt": pt, "ct_pt": ct * pt}[point.get("ratio")]
    return ratio * point.get("sign", 1)


def resolution(point, device, value):
    """Half a register step, or the rounding of a float."""
    if point["type"] == "f32":
        return abs(value) * 2 ** -23 + 1e-9
    return abs(point.get("scale", 1) * multiplier(point, device)) * 0.5001


def crc16(data):
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ 0xA001 if crc & 1 else crc >> 1
    return struct.pack("<H", crc)


class Client:
    """One raw connection to a link: sends requests, returns whatever bytes come back."""

    def __init__(self, link):
        self.transaction = 0
        self.tcp = "tcp" in link
        self.fd = None
        if "rtu" in link:
            self.fd = os.open(link["rtu"], os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
            return
        host, port = link.get("tcp", link.get("rtu_over_tcp")).rsplit(":", 1)
        self.socket = socket.create_connection((host, int(port)), timeout=10)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.fd is None:
            self.socket.close()
        else:
            os.close(self.fd)

    def fileno(self):
        return self.socket.fileno() if self.fd is None else self.fd

    def send(self, data):
        if self.fd is None:
            self.socket.sendall(data)
        else:
            os.write(self.fd, data)

    def receive(self, n, wait=10.0):
        """Exactly n bytes; fewer when no more come within the wait or the peer closes."""
        data = b""
        give_up = time.monotonic() + wait
        while len(data) < n:
            left = give_up - time.monotonic()
            if left <= 0 or not select.select([self.fileno()], [], [], left)[0]:
                break
            part = (self.socket.recv(n - len(data)) if self.fd is None
                    else os.read(self.fd, n - len(data)))
            if not part:
                break
            data += part
        return data

    def request(self, unit, pdu):
        """The bytes of a request."""
        if self.tcp:
            self.transaction += 1
            return struct.pack(">HHHB", self.transaction, 0, len(pdu) + 1, unit) + pdu
        frame = bytes([unit]) + pdu
        return frame + crc16(frame)

    def ask(self, unit, function, start, count):
        self.send(self.request(unit, struct.pack(">BHH", function, start, count)))

    def reply(self, wait=10.0):
        """(unit, pdu) of one well-formed reply."""
        if self.tcp:
            head = self.receive(7, wait)
            transaction, protocol, length, unit = struct.unpack(">HHHB", head)
            assert (transaction, protocol) == (self.transaction, 0), head
            return unit, self.receive(length - 1, wait)
        head = self.receive(3, wait)
        more = 2 if head[1] & 0x80 else head[2] + 2
        frame = head + self.receive(more, wait)
        assert crc16(frame[:-2]) == frame[-2:], frame
        return frame[0], frame[1:-2]

    def read(self, unit, function, start, count):
        """Registers, or the number of the exception."""
        self.ask(unit, function, start, count)
        answered, pdu = self.reply()
        assert answered == unit, (answered, unit)
        if pdu[0] == function | 0x80:
            return pdu[1]
        assert pdu[0] == function and pdu[1] == 2 * count, pdu
        return list(struct.unpack(f">{count}H", pdu[2:]))

    def point(self, device, point):
        words = self.read(device["unit"], point["function"], point["register"],
                          WIDTH[point["type"]])
        assert isinstance(words, list), f"{device['id']} {point['id']}: exception {words}"
        return decode(point, words, device)

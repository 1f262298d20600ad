#!/usr/bin/python3
"""busbar sim: registers equal the truth, the substation is one whole, faults do what they say."""
import os
import pathlib
import socket
import struct
import subprocess
import tempfile
import time
import unittest

from simulator import BUSBAR, CONFIG, DEMO, Sim, crc16, resolution

NOON = ["--start", "2026-06-24T12:30:00+08:00"]
COMMENTED = """\
# 站点: every byte but the addresses stays
site: {id: works, district: d1, timezone: Asia/Shanghai}   # 中文
links:
  - {id: a, tcp: "10.0.0.1:502", timeout_ms: 700} # flow
  - id: b
    rtu_over_tcp: 10.0.0.2:8899   # block, unquoted
  - {id: c, rtu: /dev/ttyS9, baud: 9600}
devices:
  - {id: grid, link: a, unit: 1, profile: eastron-sdm630, role: grid, rated_kw: 500}
  - {id: f1, link: b, unit: 2, profile: eastron-sdm630, role: load, rated_kw: 300}
  - {id: f2, link: c, unit: 3, profile: eastron-sdm630, role: load, rated_kw: 200}
store:
  budget_mb: 64   # a section without path
"""


def start(case, **options):
    folder = tempfile.TemporaryDirectory(prefix="busbar-sim-")
    case.addCleanup(folder.cleanup)
    sim = Sim(folder.name, **options)
    case.addCleanup(sim.stop)
    return sim


def small_site(case, text=COMMENTED):
    folder = tempfile.TemporaryDirectory(prefix="busbar-sim-")
    case.addCleanup(folder.cleanup)
    path = pathlib.Path(folder.name) / "site.yaml"
    path.write_text(text)
    return path


def total(points, quantity):
    return next(p for p in points
                if p["quantity"] == quantity and p.get("phase", "total") == "total")


class Values(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="busbar-sim-")
        cls.sim = Sim(cls.folder.name, options=NOON)

    @classmethod
    def tearDownClass(cls):
        cls.sim.stop()
        cls.folder.cleanup()

    def read_all(self, quantity):
        values = {}
        for name, device in self.sim.devices.items():
            found = [p for p in self.sim.points(name) if p["quantity"] == quantity]
            if found:
                with self.sim.client(device["link"]) as client:
                    point = total(found, quantity)
                    values[name] = (client.point(device, point), point, device)
        return values

    def test_active_power_registers_equal_the_truth_and_balance(self):
        values, truth = self.sim.at_one_instant(lambda: self.read_all("active_power"))
        kw = {}
        for name, (value, point, device) in values.items():
            expected = truth["devices"][name]["power_kw"] * 1000
            self.assertAlmostEqual(value, expected, delta=resolution(point, device, expected),
                                   msg=name)
            kw[name] = value / 1000
        self.assertEqual(set(kw), {"grid", "feeder1", "feeder2", "feeder3", "feeder4", "pv1",
                                   "pv2", "pcs"})
        self.assertGreater(kw["pv1"], 20, "the sun shines at noon in June")
        self.assertLess(kw["pcs"], 0, "the storage charges at noon")
        feeders = sum(kw[f"feeder{i}"] for i in range(1, 5))
        self.assertAlmostEqual(kw["grid"], feeders - kw["pv2"] - kw["pcs"], delta=0.05)

    def test_energy_registers_equal_the_counters(self):
        forward = {"energy_import": "import_kwh", "energy_export": "export_kwh"}
        backward = {"energy_import": "export_kwh", "energy_export": "import_kwh"}
        compared = 0
        for quantity in forward:
            values, truth = self.sim.at_one_instant(lambda q=quantity: self.read_all(q))
            for name, (value, point, device) in values.items():
                names = backward if device["role"] == "pv" else forward
                expected = truth["devices"][name][names[quantity]]
                self.assertAlmostEqual(value, expected,
                                       delta=resolution(point, device, expected), msg=name)
                compared += 1
        self.assertGreaterEqual(compared, 10)

    def test_counters_of_the_storage_and_its_racks(self):
        for quantity, key in (("charge_energy", "export_kwh"), ("discharge_energy", "import_kwh")):
            values, truth = self.sim.at_one_instant(lambda q=quantity: self.read_all(q))
            self.assertIn("pcs", values)
            self.assertIn("bms", values)
            for name, (value, point, device) in values.items():
                expected = truth["devices"][name][key]
                self.assertAlmostEqual(value, expected,
                                       delta=resolution(point, device, expected), msg=name)

    def test_counters_are_the_integral_of_power(self):
        first = self.sim.truth()
        last = self.sim.wait_truth(first["t"] + 3500)
        lines = [t for t in self.sim.truths() if first["t"] <= t["t"] <= last["t"]]
        for name in first["devices"]:
            kwh = sum(line["devices"][name]["power_kw"] / 3600 for line in lines[:-1])
            net = [t["devices"][name]["import_kwh"] - t["devices"][name]["export_kwh"]
                   for t in (lines[0], lines[-1])]
            self.assertAlmostEqual(net[1] - net[0], kwh, delta=3e-6, msg=name)

    def test_state_of_charge_of_rack_and_truth_agree(self):
        values, truth = self.sim.at_one_instant(lambda: self.read_all("soc"))
        self.assertIn("bms", values)
        for name, (value, point, device) in values.items():
            expected = truth["devices"][name]["soc_pct"]
            self.assertAlmostEqual(value, expected, delta=resolution(point, device, expected))

    def test_phases_add_up_and_power_follows_voltage_and_current(self):
        device = self.sim.devices["feeder1"]

        def read():
            with self.sim.client(device["link"]) as client:
                return {p["id"]: client.point(device, p) for p in self.sim.points("feeder1")
                        if p["type"] == "f32"}
        v, _ = self.sim.at_one_instant(read)
        power = [v[f"active_power.l{k}"] for k in (1, 2, 3)]
        self.assertAlmostEqual(sum(power), v["active_power.total"], delta=1)
        self.assertAlmostEqual(v["frequency"], 50, delta=0.05)
        for k in (1, 2, 3):
            self.assertTrue(215 < v[f"voltage.l{k}"] < 245, v[f"voltage.l{k}"])
            apparent = v[f"voltage.l{k}"] * v[f"current.l{k}"]
            self.assertAlmostEqual(v[f"power_factor.l{k}"], power[k - 1] / apparent, delta=1e-4)
            self.assertTrue(0.8 < v[f"power_factor.l{k}"] < 0.99)

    def test_every_point_of_every_device_can_be_read(self):
        for name, device in self.sim.devices.items():
            with self.sim.client(device["link"]) as client:
                for point in self.sim.points(name):
                    width = {"u32": 2, "i32": 2, "f32": 2, "bits32": 2, "i64": 4, "u64": 4,
                             "f64": 4, "string": point.get("count", 1)}.get(point["type"], 1)
                    words = client.read(device["unit"], point["function"], point["register"],
                                        width)
                    self.assertIsInstance(words, list, f"{name} {point['id']}")

    def test_exceptions_of_a_real_device(self):
        device = self.sim.devices["feeder1"]  # SDM630: function 4, even starts, 80 registers
        with self.sim.client("bus1") as client:
            self.assertEqual(client.read(1, 3, 0, 2), 1, "function it does not have")
            self.assertEqual(client.read(1, 4, 1, 2), 2, "odd start")
            self.assertEqual(client.read(1, 4, 60000, 2), 2, "hole")
            self.assertEqual(client.read(1, 4, 0, 82), 3, "more than it allows")
            client.send(client.request(device["unit"], struct.pack(">BHH", 6, 0, 1)))
            self.assertEqual(client.reply(), (1, bytes([0x86, 1])), "write")
            self.assertEqual(len(client.read(1, 4, 0, 2)), 2)

    def test_an_unknown_unit_is_silent(self):
        with self.sim.client("meters") as client:
            client.ask(99, 3, 0, 2)
            point = total(self.sim.points("feeder4"), "active_power")
            client.ask(4, 3, point["register"], 2)  # replies come in order: the first is this one's
            self.assertEqual(client.reply()[0], 4)

    def test_requests_cut_into_bytes_and_glued_together(self):
        with self.sim.client("dtu") as client:
            one = client.request(3, struct.pack(">BHH", 3, 32080, 2))
            for byte in one:
                client.send(bytes([byte]))
            self.assertEqual(client.reply()[0], 3)
            client.send(one + one)
            self.assertEqual([client.reply()[0], client.reply()[0]], [3, 3])

    def test_a_damaged_request_is_not_answered(self):
        with self.sim.client("dtu") as client:
            good = client.request(3, struct.pack(">BHH", 3, 32080, 2))
            before = self.sim.statistics()["links"]["dtu"]["bad_frames"]
            client.send(good[:-1] + bytes([good[-1] ^ 0xFF]))
            while self.sim.statistics()["links"]["dtu"]["bad_frames"] == before:
                pass
            client.send(good)
            self.assertEqual(client.reply()[0], 3)
            self.assertEqual(client.receive(1, wait=0.2), b"")


class Faults(unittest.TestCase):
    """Each fault on a TCP device and, where it applies, on a serial one; the neighbour stays well.
    """

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="busbar-sim-")
        cls.sim = Sim(cls.folder.name)

    @classmethod
    def tearDownClass(cls):
        cls.sim.stop()
        cls.folder.cleanup()

    def tearDown(self):
        self.sim.set_faults([])

    def fault(self, device, kind, **more):
        self.sim.set_faults([{"device": device, "fault": kind, **more}])

    def ask(self, client, name):
        device = self.sim.devices[name]
        point = self.sim.points(name)[0]
        client.ask(device["unit"], point["function"], point["register"] & ~1, 2)
        return device["unit"], point["function"]

    def test_exception(self):
        self.fault("pcs", "exception", code=6)
        with self.sim.client("station") as client:
            _, function = self.ask(client, "pcs")
            self.assertEqual(client.reply()[1], bytes([function | 0x80, 6]))
            self.ask(client, "bms")
            self.assertEqual(client.reply()[1][1], 4)

    def test_silent(self):
        self.fault("pcs", "silent")
        with self.sim.client("station") as client:
            self.ask(client, "pcs")
            unit, _ = self.ask(client, "bms")
            self.assertEqual(client.reply()[0], unit)
        self.assertGreater(self.sim.statistics()["devices"]["pcs"]["faults"], 0)

    def test_wrong_unit(self):
        self.fault("pcs", "wrong_unit")
        with self.sim.client("station") as client:
            unit, _ = self.ask(client, "pcs")
            self.assertEqual(client.reply()[0], unit + 1)
        self.fault("feeder1", "wrong_unit")
        with self.sim.client("bus1") as client:
            unit, _ = self.ask(client, "feeder1")
            self.assertEqual(client.reply()[0], unit + 1)  # its CRC is right: reply() checks

    def test_wrong_transaction(self):
        self.fault("pcs", "wrong_transaction")
        with self.sim.client("station") as client:
            self.ask(client, "pcs")
            self.assertEqual(client.receive(2), struct.pack(">H", client.transaction + 1))

    def test_truncated(self):
        self.fault("pcs", "truncated")
        with self.sim.client("station") as client:
            self.ask(client, "pcs")
            self.assertEqual(len(client.receive(13, wait=0.3)), 6)

    def test_oversized(self):
        self.fault("pcs", "oversized", bytes=300)
        with self.sim.client("station") as client:
            self.ask(client, "pcs")
            head = client.receive(6)
            self.assertEqual(struct.unpack(">H", head[4:])[0], 7 + 300)
            self.assertEqual(len(client.receive(307)), 307)
        self.fault("feeder1", "oversized", bytes=4)
        with self.sim.client("bus1") as client:
            self.ask(client, "feeder1")
            self.assertEqual(len(client.reply()[1]), 2 + 4 + 4)

    def test_trickle(self):
        self.fault("pcs", "trickle", ms=30)
        with self.sim.client("station") as client:
            began = time.monotonic()
            self.ask(client, "pcs")
            client.reply()
            self.assertGreater(time.monotonic() - began, 12 * 0.03)

    def test_reset(self):
        self.fault("pcs", "reset")
        with self.sim.client("station") as client:
            self.ask(client, "pcs")
            with self.assertRaises(ConnectionResetError):
                client.receive(1)

    def test_bad_crc(self):
        self.fault("pv1", "bad_crc")
        with self.sim.client("dtu") as client:
            self.ask(client, "pv1")
            frame = client.receive(9)
            self.assertNotEqual(crc16(frame[:-2]), frame[-2:])
            self.assertEqual(crc16(frame[:-2])[0], frame[-2])

    def test_late_does_not_hold_the_neighbour_up(self):
        self.fault("pcs", "late", ms=400)
        with self.sim.client("station") as client:
            began = time.monotonic()
            late, _ = self.ask(client, "pcs")
            prompt, _ = self.ask(client, "bms")
            self.assertEqual(client.reply()[0], prompt)
            client.transaction -= 1
            self.assertEqual(client.reply()[0], late)
            self.assertGreaterEqual(time.monotonic() - began, 0.4)

    def test_freeze_value(self):
        device = self.sim.devices["grid"]
        point = total(self.sim.points("grid"), "active_power")
        self.fault("grid", "freeze_value")
        with self.sim.client("incomer") as client:
            first = client.read(device["unit"], 3, point["register"], 2)
            self.sim.wait_truth(self.sim.wait_truth(self.sim.truth()["t"])["t"])
            self.assertEqual(client.read(device["unit"], 3, point["register"], 2), first)
            self.sim.set_faults([])
            self.sim.wait_truth(self.sim.truth()["t"])
            self.assertNotEqual(client.read(device["unit"], 3, point["register"], 2), first)

    def test_refuse_and_come_back_at_the_same_port(self):
        host, port = self.sim.links["sungrow"]["tcp"].rsplit(":", 1)
        with self.sim.client("sungrow") as client:
            self.sim.set_faults([{"link": "sungrow", "fault": "refuse"}])
            self.assertEqual(client.receive(1), b"", "running connections are closed")
        with self.assertRaises(ConnectionRefusedError):
            socket.create_connection((host, int(port)), timeout=5)
        self.sim.set_faults([])
        self.wait_for(lambda: socket.create_connection((host, int(port)), timeout=5).close())
        with self.sim.client("sungrow") as client:
            self.ask(client, "pv2")
            client.reply()

    def test_vanish_pty_and_come_back(self):
        path = pathlib.Path(self.sim.links["bus1"]["rtu"])
        with self.sim.client("bus1"):
            self.sim.set_faults([{"link": "bus1", "fault": "vanish_pty"}])
            self.wait_for(lambda: self.assertFalse(path.is_symlink()))
        self.sim.set_faults([])
        self.wait_for(lambda: os.stat(path))
        with self.sim.client("bus1") as client:
            unit, _ = self.ask(client, "feeder2")
            self.assertEqual(client.reply()[0], unit)

    def test_times_of_a_fault(self):
        self.sim.set_faults([{"device": "pcs", "fault": "exception", "at_s": 0.3, "for_s": 0.4}])
        seen = []
        with self.sim.client("station") as client:
            while len(seen) < 3:
                self.ask(client, "pcs")
                bad = client.reply()[1][0] >= 0x80
                if not seen or seen[-1] != bad:
                    seen.append(bad)
        self.assertEqual(seen, [False, True, False])

    def wait_for(self, check):
        give_up = time.monotonic() + 10
        while True:
            try:
                return check()
            except (OSError, AssertionError):
                if time.monotonic() > give_up:
                    raise
                time.sleep(0.01)


class Program(unittest.TestCase):
    def run_sim(self, *arguments):
        return subprocess.run([str(BUSBAR), *arguments], capture_output=True, text=True,
                              timeout=60, check=False)

    def test_rewritten_site_keeps_everything_else(self):
        sim = start(self, site=small_site(self), options=["--mqtt", "mqtt://127.0.0.1:9",
                                                          "--store", "/tmp/x y.db"])
        text = sim.site_file.read_text()
        host = "127.0.0.1"
        ports = [int(sim.links[i][k].rsplit(":", 1)[1]) for i, k in (("a", "tcp"),
                                                                     ("b", "rtu_over_tcp"))]
        expected = (COMMENTED.replace('"10.0.0.1:502"', f'"{host}:{ports[0]}"')
                    .replace("10.0.0.2:8899", f'"{host}:{ports[1]}"')
                    .replace("/dev/ttyS9", f'"{sim.folder}/c"')
                    .replace("  budget_mb", '  path: "/tmp/x y.db"\n  budget_mb')
                    + '\nmqtt: {url: "mqtt://127.0.0.1:9"}\n')
        self.assertEqual(text, expected)
        check = self.run_sim("check", str(sim.site_file), "--data", str(CONFIG))
        self.assertEqual(check.returncode, 0, check.stderr)

    def test_rewritten_flow_sections(self):
        text = COMMENTED.split("store:")[0] + "store: {budget_mb: 64}\nmqtt: {url: mqtt://h}\n"
        sim = start(self, site=small_site(self, text), options=["--mqtt", "mqtt://127.0.0.1:9",
                                                                "--store", 'a "b".db'])
        self.assertEqual(sim.site["store"], {"path": 'a "b".db', "budget_mb": 64})
        self.assertEqual(sim.site["mqtt"], {"url": "mqtt://127.0.0.1:9"})

    def test_ports_follow_the_base(self):
        with socket.socket() as probe:  # a free range is likely above a free port
            probe.bind(("127.0.0.1", 0))
            base = min(probe.getsockname()[1], 60000)
        sim = start(self, site=small_site(self), options=["--listen", f"127.0.0.1:{base}"])
        self.assertEqual(sim.links["a"]["tcp"], f"127.0.0.1:{base}")
        self.assertEqual(sim.links["b"]["rtu_over_tcp"], f"127.0.0.1:{base + 1}")

    def test_same_seed_same_values_other_seed_others(self):
        def run(seed):
            sim = start(self, options=[*NOON, "--speed", "20", "--seed", seed, "--for", "2"])
            sim.process.wait(30)
            return {line["offset_ms"]: line["devices"] for line in sim.truths()}
        one, same, other = run("7"), run("7"), run("8")
        common = sorted(set(one) & set(same))
        self.assertGreater(len(common), 3)
        for offset in common:
            self.assertEqual(one[offset], same[offset])
        self.assertNotEqual(one[common[0]], other[common[0]])

    def test_speed_passes_a_day_in_seconds(self):
        sim = start(self, options=["--start", "2026-06-24T00:00:00+08:00", "--speed", "28800"])
        lines = []
        while not lines or lines[-1]["offset_ms"] < 24 * 3600 * 1000:
            lines.append(sim.wait_truth(lines[-1]["t"] if lines else 0))
        pv = [line["site_kw"]["pv"] for line in lines]
        storage = [line["site_kw"]["storage"] for line in lines]
        self.assertLessEqual(min(pv), 0)
        self.assertGreater(max(pv), 200)
        self.assertLess(min(storage), -50)
        self.assertGreater(max(storage), 50)
        for line in lines:
            kw = line["site_kw"]
            self.assertAlmostEqual(kw["load"], kw["grid"] + kw["pv"] + kw["storage"], places=5)
            self.assertTrue(9.99 <= line["devices"]["pcs"]["soc_pct"] <= 95.01)

    def test_stops_cleanly(self):
        sim = start(self)
        link = sim.folder / "bus1"
        self.assertTrue(link.is_symlink())
        last = sim.truth()["t"]
        self.assertEqual(sim.stop(), 0)
        self.assertFalse(link.is_symlink())
        self.assertGreaterEqual(sim.truth()["t"], last)

    def test_statistics_count_requests(self):
        sim = start(self)
        with sim.client("meters") as client:
            point = total(sim.points("feeder4"), "active_power")
            for _ in range(3):
                client.point(sim.devices["feeder4"], point)
            client.ask(77, 3, 0, 1)
            client.point(sim.devices["feeder4"], point)
        seen = sim.statistics()
        self.assertEqual(seen["devices"]["feeder4"],
                         {"requests": 4, "replies": 4, "exceptions": 0, "faults": 0})
        self.assertEqual(seen["links"]["meters"],
                         {"accepted": 1, "bad_frames": 0, "unknown_unit": 1})

    def refused(self, status, words, *arguments):
        done = self.run_sim(*arguments)
        self.assertEqual(done.returncode, status, done.stderr)
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        self.assertIn(words, done.stderr)

    def test_mistakes_are_one_line_and_the_right_status(self):
        data = ["--data", str(CONFIG)]
        with tempfile.TemporaryDirectory() as folder:
            bad = pathlib.Path(folder) / "faults.yaml"
            self.refused(64, "did you mean 'busbar sim'", "smi")
            self.refused(64, "busbar --help", "frobnicate")
            self.refused(64, "see busbar sim --help", "sim")
            self.refused(64, "--speed", "sim", str(DEMO), "--speed", "fast")
            self.refused(64, "--pty-dir", "sim", str(DEMO), *data)
            self.refused(74, "incomer", "sim", str(DEMO), *data, "--pty-dir", folder,
                         "--listen", "192.0.2.1")
            self.refused(74, "--truth", "sim", str(DEMO), *data, "--pty-dir", folder,
                         "--truth", f"{folder}/none/t")
            for text, words in (("- {device: pcs, fault: smoke}", "1:24: no such fault"),
                                ("- {device: nobody, fault: silent}", "no device 'nobody'"),
                                ("- {device: feeder1, fault: output}", "has an output: 'feeder1'"),
                                ("- {device: pcs, fault: extra_load, kw: 5}", "only a load"),
                                ("- {device: pv1, fault: load, kw: 5}", "only a load"),
                                ("- {link: bus1, fault: reversed_ct}", "of a device"),
                                ("- {device: pv1, fault: output, kw: much}", "want a power in kW"),
                                ("- {device: pcs, fault: bad_crc}", "no CRC"),
                                ("- {fault: silent}", "name one of"),
                                ("device: pcs", "want a list")):
                bad.write_text(text)
                self.refused(78, words, "sim", str(DEMO), *data, "--pty-dir", folder,
                             "--faults", str(bad))
            (pathlib.Path(folder) / "bus1").write_text("not a link")
            self.refused(74, "a file stands there", "sim", str(DEMO), *data, "--pty-dir", folder)

    def test_help_and_version(self):
        for arguments in (["--help"], ["sim", "--help"], ["--version"]):
            done = self.run_sim(*arguments)
            self.assertEqual(done.returncode, 0)
            self.assertIn("busbar", done.stdout)


if __name__ == "__main__":
    unittest.main()

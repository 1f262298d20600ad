#!/usr/bin/env python3
"""Busbar's benchmarks: real busbard, real broker, real SQLite, simulated devices on loopback.

usage: bench.py BUILD_DIR [alerts|store|farm|conns|small|silent|dead|rtu|start|drain|event|alert ...] [--seconds N]

  alerts  CPU a second of all alert rules on 200 devices (bench_alerts)
  store   the store alone: 1,000 meters x 30 points, an hour with a clock of its own (bench_store)
  farm    1,000 devices x 60 registers at 1 Hz, 10 ports x 100 units
  conns   the same as 1,000 connections
  small   100 devices on one port (memory)
  silent  100 units behind one endpoint, 10 % silent
  dead    100 connections, 10 % silent
  rtu     an oversubscribed RTU line at 9600, 19200, 115200; one dead unit at 19200
  start   time from exec to the first request
  drain   a week of 1m and 15m records of 200 devices to a broker, against the Paho library alone
  event   from a reply that shows a change to its event at a subscriber
  alert   from a reply that shows a back-feed to its alert at a subscriber

Storage, aggregation and QoS 1 publishing are on. Prints one line of JSON a case; fails on nothing but
a broken set-up: numbers are judged in docs/benchmarks.md, not here."""
import argparse
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

import uplink_cases

PROFILE = """vendor: bench
model: 60 registers
roles: [load]
source: tests/bench/bench.py
confidence: A
modbus: {{function: 3, word_order: big, max_registers: 125}}
points:
{points}
"""
# No counters: the farm's registers walk at random, as counters they would be a storm of resets.
QUANTITIES = [("voltage", p, "V") for p in ("l1", "l2", "l3", "l1l2", "l2l3", "l3l1")] + [
    ("current", p, "A") for p in ("l1", "l2", "l3", "n")] + [
    (q, p, u) for q, u in (("active_power", "W"), ("reactive_power", "var"),
                           ("apparent_power", "VA"), ("power_factor", ""))
    for p in ("l1", "l2", "l3", "total")] + [
    ("frequency", None, "Hz"), ("thd_voltage", "l1", "%"),
    ("demand", "total", "W"), ("max_demand", "total", "W")]


def free_ports(n):
    """The first of n consecutive free loopback ports."""
    for base in range(31000, 60000, 1500):
        held = []
        try:
            for i in range(n):
                s = socket.socket()
                s.bind(("127.0.0.1", base + i))
                held.append(s)
            return base
        except OSError:
            continue
        finally:
            for s in held:
                s.close()
    sys.exit("bench: no range of free ports")


def wait_for(what, condition, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return
        time.sleep(0.02)
    sys.exit(f"bench: {what} did not happen within {seconds} s")


def process_usage(pid):
    """CPU seconds so far, and peak RSS, RSS and anonymous memory in MiB."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    cpu = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    status = dict(line.split(":", 1) for line in
                  pathlib.Path(f"/proc/{pid}/status").read_text().splitlines() if ":" in line)
    mib = {k: int(status[k].split()[0]) / 1024 for k in ("VmHWM", "VmRSS", "RssAnon")}
    return cpu, mib


class Bench:
    def __init__(self, build, seconds):
        self.build, self.seconds = pathlib.Path(build).resolve(), seconds
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="busbar-bench-"))
        (self.dir / "profiles").mkdir()
        points = "\n".join(
            "  - {{register: {}, type: f32, quantity: {}{}, unit: \"{}\"}}".format(
                2 * i, q, f", phase: {p}" if p else "", u)
            for i, (q, p, u) in enumerate(QUANTITIES))
        (self.dir / "profiles" / "bench.yaml").write_text(PROFILE.format(points=points))
        self.children = []
        self.port = free_ports(1)
        broker = self.dir / "mosquitto.conf"
        broker.write_text(f"listener {self.port} 127.0.0.1\nallow_anonymous true\n"
                          "max_queued_messages 100000\n")
        self.spawn([shutil.which("mosquitto") or "/usr/sbin/mosquitto", "-c", str(broker)],
                   stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        wait_for("the broker's port", lambda: socket.socket().connect_ex(
            ("127.0.0.1", self.port)) == 0)
        self.spawn(["mosquitto_sub", "-p", str(self.port), "-t", "busbar/#", "-q", "1"],
                   stdout=subprocess.DEVNULL)

    def spawn(self, argv, **kw):
        p = subprocess.Popen(argv, **kw)
        self.children.append(p)
        return p

    def stop(self, p):
        p.send_signal(signal.SIGTERM)
        out = p.communicate(timeout=20)[0] if p.stdout else p.wait(timeout=20)
        self.children.remove(p)
        return out

    def close(self):
        for p in list(self.children):
            p.kill()
            p.wait()
        shutil.rmtree(self.dir)

    def site(self, links, devices):
        f = self.dir / "site.yaml"
        for old in self.dir.glob("bench.db*"):
            old.unlink()
        f.write_text("site: {id: bench, district: bench}\nlinks:\n" + "\n".join(links) +
                     "\ndevices:\n" + "\n".join(devices) + "\nstore: {path: bench.db}\n"
                     f"mqtt: {{url: \"mqtt://127.0.0.1:{self.port}\"}}\n")
        return f

    def busbard(self, site):
        log = open(self.dir / "busbard.log", "w")
        return self.spawn([str(self.build / "bin" / "busbard"), "--config", str(site)],
                          stderr=log)

    def source(self, program, *args):
        return self.spawn([str(self.build / "bin" / program), *map(str, args)],
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)

    def report(self, p):
        """Statistics since the last report."""
        p.send_signal(signal.SIGUSR1)
        return json.loads(p.stdout.readline())

    def measure(self, source, site, warm):
        daemon = self.busbard(site)
        time.sleep(warm)
        self.report(source)
        cpu0, _ = process_usage(daemon.pid)
        peak_anon = 0
        end = time.monotonic() + self.seconds
        while time.monotonic() < end:
            time.sleep(0.5)
            peak_anon = max(peak_anon, process_usage(daemon.pid)[1]["RssAnon"])
        stats = self.report(source)
        cpu, mem = process_usage(daemon.pid)
        self.stop(daemon)
        return stats, cpu - cpu0, mem, peak_anon

    def tcp(self, name, ports, units, farm_args=(), warm=12, bare=True):
        base = free_ports(ports)
        farm = self.source("modbus_farm", "-b", base, "-P", ports, "-u", units, *farm_args)
        links = [f"  - {{id: l{p}, tcp: \"127.0.0.1:{base + p}\"}}" for p in range(ports)]
        devices = [f"  - {{id: d{p}-{u}, link: l{p}, unit: {u}, profile: bench, role: load}}"
                   for p in range(ports) for u in range(1, units + 1)]
        stats, cpu, mem, anon = self.measure(farm, self.site(links, devices), warm)
        self.stop(farm)
        reads = stats["requests"] - stats["dropped"]
        row = {"case": name, "seconds": round(stats["secs"], 1), "devices": ports * units,
               "hz_p5": stats["cycle_hz_p5"], "hz_min": stats["cycle_hz_min"],
               "cpu_us_per_read": round(1e6 * cpu / reads, 1),
               "peak_rss_mib": round(mem["VmHWM"], 1), "anon_peak_mib": round(anon, 1)}
        if bare:
            farm = self.source("modbus_farm", "-b", base, "-P", ports, "-u", units)
            time.sleep(0.5)
            poller = self.source("bare_poller", base, ports, units, 60, 10)
            row["bare_us_per_read"] = json.loads(poller.communicate()[0])["cpu_us_per_read"]
            self.children.remove(poller)
            self.stop(farm)
            row["ratio_to_bare"] = round(row["cpu_us_per_read"] / row["bare_us_per_read"], 2)
        print(json.dumps(row), flush=True)

    def rtu(self, baud, dead=0, poll_ms=900, units=12, warm=8):
        tty = self.dir / "rtu0"
        line = self.source("modbus_rtu_line", "-l", tty, "-b", baud, "-n", units, "-D", dead)
        wait_for("the pty", tty.exists)
        links = [f"  - {{id: bus, rtu: {tty}, baud: {baud}, parity: even, timeout_ms: 300}}"]
        devices = [f"  - {{id: d{u}, link: bus, unit: {u}, profile: bench, role: load, "
                   f"poll_ms: {poll_ms}}}" for u in range(1, units + 1)]
        stats, cpu, mem, _ = self.measure(line, self.site(links, devices), warm)
        self.stop(line)
        healthy = units - (units // dead if dead else 0)
        row = {"case": f"rtu-{baud}" + (f"-dead-{dead}" if dead else ""),
               "seconds": round(stats["secs"], 1), "proto_share": stats["proto_share"],
               "early": stats["early"], "wire_share": stats["wire_share"],
               "reply_to_next_ms": stats["reply_to_next_ms"], "requests": stats["requests"],
               "healthy_hz": round(stats["answered"] / healthy / stats["secs"], 3),
               "cpu_us_per_read": round(1e6 * cpu / max(stats["requests"], 1), 1)}
        print(json.dumps(row), flush=True)

    def store(self):
        subprocess.run([str(self.build / "bin" / "bench_store")], check=True)

    def pack(self):
        """Bytes on disk: an hour of 100 devices, a day of 7 (200 points); a month's quarters."""
        for arguments in (["3600"], ["86400", "7"], ["0"]):
            subprocess.run([str(self.build / "bin" / "bench_pack"), *arguments], check=True)

    def start(self):
        """From exec to the first request at a device, on a listening socket of our own."""
        s = socket.socket()
        s.bind(("127.0.0.1", 0))
        s.listen(1)
        links = [f"  - {{id: l0, tcp: \"127.0.0.1:{s.getsockname()[1]}\"}}"]
        devices = ["  - {id: d0, link: l0, unit: 1, profile: bench, role: load}"]
        site = self.site(links, devices)
        began = time.monotonic()
        daemon = self.busbard(site)
        c, _ = s.accept()
        c.recv(12)
        first = time.monotonic() - began
        self.stop(daemon)
        print(json.dumps({"case": "start", "first_request_ms": round(1000 * first, 1)}), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build")
    parser.add_argument("cases", nargs="*",
                        default=["start", "store", "pack", "farm", "conns", "small", "silent", "dead", "rtu",
                                 "drain", "event", "alert"])
    parser.add_argument("--seconds", type=int, default=30)
    args = parser.parse_args()
    bench = Bench(args.build, args.seconds)
    run = {"farm": lambda: bench.tcp("farm-10x100", 10, 100),
           "conns": lambda: bench.tcp("conns-1000", 1000, 1),
           "small": lambda: bench.tcp("small-1x100", 1, 100),
           "silent": lambda: bench.tcp("silent-10-percent-shared", 1, 100, ("-D", "10"), warm=70,
                                       bare=False),
           "dead": lambda: bench.tcp("dead-10-percent-own", 100, 1, ("-D", "10"), bare=False),
           "rtu": lambda: [bench.rtu(9600), bench.rtu(19200), bench.rtu(115200, poll_ms=100)] +
                          [bench.rtu(19200, dead=10, poll_ms=1000, units=10, warm=65)],
           "start": bench.start, "store": bench.store,
           "pack": bench.pack,
           "alerts": lambda: subprocess.run([str(bench.build / "bin" / "bench_alerts")], check=True),
           "drain": lambda: uplink_cases.drain(bench, free_ports),
           "event": lambda: uplink_cases.event(bench, free_ports, args.seconds),
           "alert": lambda: uplink_cases.alert(bench, free_ports, args.seconds)}
    try:
        for case in args.cases:
            if case not in run:
                sys.exit(f"bench: no case {case}; known: {', '.join(run)}")
            run[case]()
    finally:
        bench.close()


main()

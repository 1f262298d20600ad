"""Cases of bench.py about the way out: how fast a week of backlog drains, how soon an event is there.

The broker is a mosquitto of its own; mosquitto_sub takes everything at QoS 1 and writes a line
a message that begins with the time of its arrival."""
import contextlib
import json
import pathlib
import shutil
import socket
import sqlite3
import subprocess
import time

from flipping_meter import FlippingMeter
from ratio_meter import RatioMeter

CONFIG = pathlib.Path(__file__).resolve().parents[2] / "config"
WINDOW = 20  # messages in flight, as busbard has them
PORTS, UNITS = 10, 20


class Uplink:
    def __init__(self, bench, port, line="%U %t %l"):
        self.port, self.line, self.file = port, line, bench.dir / f"arrivals-{port}"
        config = bench.dir / f"mosquitto-{port}.conf"
        config.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\n"
                          "max_queued_messages 1000000\nset_tcp_nodelay true\n")
        self.broker = bench.spawn([shutil.which("mosquitto") or "/usr/sbin/mosquitto", "-c",
                                   str(config)], stderr=subprocess.DEVNULL,
                                  stdout=subprocess.DEVNULL)
        while socket.socket().connect_ex(("127.0.0.1", port)) != 0:
            time.sleep(0.05)
        self.subscribe(bench)

    def subscribe(self, bench):
        self.out = open(self.file, "w")
        self.subscriber = bench.spawn(
            ["mosquitto_sub", "-p", str(self.port), "-t", "busbar/#", "-q", "1",
             "-F", self.line], stdout=self.out)
        time.sleep(0.5)

    def arrivals(self, bench):
        """(seconds, last part or parts of the topic, bytes) of each message, in order."""
        bench.stop(self.subscriber)  # which writes what it still holds
        rows = []
        for line in self.file.read_text().splitlines():
            at, topic, size = line.split(" ")
            rows.append((float(at), topic.split("/", 5)[-1], int(size)))
        return rows


def farm_site(bench, base, poll_ms, port, options=""):
    """The site file of the farm's devices; its store stays."""
    links = [f"  - {{id: l{p}, tcp: \"127.0.0.1:{base + p}\"}}" for p in range(PORTS)]
    devices = [f"  - {{id: d{p}-{u}, link: l{p}, unit: {u}, profile: bench, role: load, "
               f"poll_ms: {poll_ms}}}" for p in range(PORTS) for u in range(1, UNITS + 1)]
    f = bench.dir / "site.yaml"
    f.write_text("site: {id: bench, district: bench}\nlinks:\n" + "\n".join(links) + "\ndevices:\n" +
                 "\n".join(devices) + "\nstore: {path: drain.db}\n"
                 f"mqtt: {{url: \"mqtt://127.0.0.1:{port}\", live_s: 1{options}}}\n")
    return f


def rate(bench, port, size, messages):
    """Messages a second that the Paho library alone gets acknowledged."""
    out = subprocess.run([str(bench.build / "bin" / "mqtt_rate"), str(port), str(size), str(WINDOW),
                          str(messages), "1"], check=True, capture_output=True, text=True).stdout
    return float(out.split(",")[5])


def cpu_s(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100


def wait_drained(store, rows, limit_s=600):
    """Until the store says that all have been acknowledged."""
    end = time.monotonic() + limit_s
    while time.monotonic() < end:
        time.sleep(0.5)
        with contextlib.closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True)) as db:
            done = db.execute("SELECT floor FROM cursor WHERE dest='mqtt'").fetchone()
        if done and done[0] >= rows:
            return
    raise SystemExit("bench: the backlog does not drain")


def drain(bench, free_ports, days=7):
    base, port = free_ports(PORTS), free_ports(1)
    backlog = subprocess.run([str(bench.build / "bin" / "bench_backlog"),
                              str(farm_site(bench, base, 20000, port)), str(days), str(CONFIG)],
                             check=True, capture_output=True, text=True).stdout
    rows = json.loads(backlog)["rows"]
    uplink = Uplink(bench, port)
    farm = bench.source("modbus_farm", "-b", base, "-P", PORTS, "-u", UNITS)
    daemon = bench.busbard(farm_site(bench, base, 1000, port))
    wait_drained(bench.dir / "drain.db", rows)
    spent = cpu_s(daemon.pid)
    bench.stop(daemon)
    bench.stop(farm)
    arrivals = uplink.arrivals(bench)
    uplink.subscribe(bench)
    sent = [a for a in arrivals if a[1].startswith(("record", "event"))][:rows]
    begin, end = sent[0][0], sent[-1][0]
    live = [at for at, topic, _ in arrivals if topic == "live" and begin <= at <= end]
    gaps = sorted(b - a for a, b in zip(live, live[1:]))
    sizes = {}
    for _, topic, size in sent:
        sizes.setdefault(topic, []).append(size)
    paho_s, classes = 0.0, {}
    for topic, all_sizes in sizes.items():
        if len(all_sizes) < 500:
            continue  # too few to matter: hours, days
        mean = sum(all_sizes) // len(all_sizes)
        reached = rate(bench, port, mean, 4 * len(all_sizes))
        paho_s += len(all_sizes) / reached
        classes[topic] = {"messages": len(all_sizes), "bytes": mean, "paho_per_s": round(reached)}
    seconds = (end - begin) * sum(len(s) for s in sizes.values() if len(s) >= 500) / len(sent)
    print(json.dumps({"case": "drain", "days": days, "devices": PORTS * UNITS, "rows": rows,
                      "seconds": round(end - begin, 2), "per_s": round(rows / (end - begin)),
                      "mib": round(sum(a[2] for a in sent) / 2 ** 20, 1), "paho_s": round(paho_s, 2),
                      "of_paho": round(paho_s / seconds, 3), "classes": classes,
                      "live_gap_s_median": round(gaps[len(gaps) // 2], 3) if gaps else None,
                      "live_gap_s_max": round(gaps[-1], 3) if gaps else None,
                      "busbard_cpu_s": round(spent, 2)}), flush=True)


def told(bench, port, base, site, meter, seconds):
    """Runs the gateway beside the farm while the meter changes; (when, body) of all that a subscriber got."""
    uplink = Uplink(bench, port, "%U %p")
    farm = bench.source("modbus_farm", "-b", base, "-P", PORTS, "-u", UNITS)
    daemon = bench.busbard(site)
    time.sleep(10 + seconds)
    meter.changing = False
    time.sleep(3)
    bench.stop(daemon)
    bench.stop(farm)
    meter.stop()
    bench.stop(uplink.subscriber)
    for line in uplink.file.read_text().splitlines():
        at, body = line.split(" ", 1)
        yield float(at), json.loads(body)


EVENT_PROFILE = """vendor: bench
model: meter with a ratio
roles: [load]
source: tests/bench/uplink_cases.py
confidence: A
modbus: {function: 3, word_order: big, max_registers: 125}
points:
  - {register: 0, type: u32, quantity: energy_import, phase: total, unit: kWh, ratio: ct}
  - {register: 2, type: f32, quantity: active_power, phase: total, unit: W, ratio: ct}
  - {register: 4, type: u16, quantity: ct_ratio}
"""


def event(bench, free_ports, seconds):
    """From the reply that shows a change to its event at a subscriber, beside 200 polled devices."""
    base, port = free_ports(PORTS), free_ports(1)
    (bench.dir / "profiles" / "ratio.yaml").write_text(EVENT_PROFILE)
    meter = RatioMeter()
    site = farm_site(bench, base, 1000, port)
    site.write_text(site.read_text().replace("drain.db", "event.db")
                    .replace("links:\n", f"links:\n  - {{id: lr, tcp: \"127.0.0.1:{meter.port}\"}}\n")
                    .replace("devices:\n", "devices:\n  - {id: ratio, link: lr, unit: 1, profile: ratio, "
                                           "role: load, poll_ms: 500}\n"))
    took = []
    for at, message in told(bench, port, base, site, meter, seconds):
        if message.get("event") == "ratio_change" and message.get("value") in meter.changed:
            took.append(1000 * (at - meter.changed[message["value"]]))
    print_took("event", seconds, took, len(meter.changed))


def print_took(case, seconds, took, changes):
    took.sort()
    print(json.dumps({"case": case, "seconds": seconds, "changes": changes, "events": len(took),
                      "ms_median": round(took[len(took) // 2], 1),
                      "ms_p99": round(took[int(0.99 * (len(took) - 1) + 0.5)], 1),
                      "ms_max": round(took[-1], 1)}), flush=True)


FLIP_PROFILE = """vendor: bench
model: meter at the incomer
roles: [grid]
source: tests/bench/uplink_cases.py
confidence: A
modbus: {function: 3, word_order: big, max_registers: 125}
points:
  - {register: 0, type: u32, quantity: energy_import, phase: total, unit: kWh}
  - {register: 2, type: f32, quantity: active_power, phase: total, unit: W}
"""


def alert(bench, free_ports, seconds):
    """From the reply that shows a back-feed, or its end, to the alert at a subscriber, beside 200 polled
    devices; the rule's hold times are 0."""
    base, port = free_ports(PORTS), free_ports(1)
    (bench.dir / "profiles" / "flip.yaml").write_text(FLIP_PROFILE)
    meter = FlippingMeter()
    site = farm_site(bench, base, 1000, port)
    site.write_text(site.read_text().replace("drain.db", "alert.db").replace(
        "district: bench}", "district: bench, transformer_kva: 1000, export_allowed: false}")
        .replace("links:\n", f"links:\n  - {{id: lf, tcp: \"127.0.0.1:{meter.port}\"}}\n")
        .replace("devices:\n", "devices:\n  - {id: flip, link: lf, unit: 1, profile: flip, role: grid, "
                                "poll_ms: 1000, rated_kw: 1000}\n")
        + "alerts: {thresholds: {A13: {hold_s: 0, clear_s: 0}}}\n")
    took = []
    for at, message in told(bench, port, base, site, meter, seconds):
        if message.get("rule") == "A13" and message["state"] in ("raised", "reopened", "cleared"):
            before = [t for t, feeds in meter.changed if t <= at and feeds == (message["state"] != "cleared")]
            if before:
                took.append(1000 * (at - before[-1]))
    print_took("alert", seconds, took, len(meter.changed))

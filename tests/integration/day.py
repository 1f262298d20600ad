"""A day of a substation with the real programs, some hundred times as fast: what test_day.py looks at.

busbar sim and busbard share one clock that runs by a plan (speed.py); mosquitto and the platform live in
real time. Around the edges at which energies are compared with the simulator's counters the clock
runs slowly: there a millisecond on the wire must not be worth a kilowatt-hour."""
import bisect
import datetime
import json
import os
import pathlib
import re
import tempfile

import yaml

from gateway import Gateway, query
from simulator import DEMO, Sim, free_port
from speed import SpeedClock
from uplink import Broker, Platform

ZONE = datetime.timezone(datetime.timedelta(hours=8))
MONTH_ENDS = datetime.datetime(2026, 7, 1, tzinfo=ZONE)
DAY_ENDS = MONTH_ENDS + datetime.timedelta(days=1)
START = MONTH_ENDS - datetime.timedelta(minutes=20)
FIRST_EDGE = MONTH_ENDS - datetime.timedelta(minutes=15)
END = DAY_ENDS + datetime.timedelta(minutes=3)
SILENT_FROM = MONTH_ENDS + datetime.timedelta(hours=9, minutes=38)
SILENT_FOR = datetime.timedelta(minutes=40)
FAST, SLOW = 300, 5
POLL_MS = 15000
ACCOUNT = {"id": "main", "billing": "contract_demand",
           "contract_demand": [{"from": datetime.date(2026, 1, 1), "kw": 3200}],
           "transformers": [{"id": "t1", "kva": 4000, "p0_w": 2600, "pk_w": 22000}],
           "metering_points": [{"id": "p1", "device": "grid"}]}


def seconds(n):
    return datetime.timedelta(seconds=n)


def clock_plan():
    """Real time while the programs start and stop, slow around the edges, else fast."""
    plan = [(1, START + seconds(6))]
    for edge in (FIRST_EDGE, MONTH_ENDS, DAY_ENDS):
        plan += [(FAST, edge - seconds(30)), (SLOW, edge + seconds(10))]
    return plan + [(FAST, END), (1, None)]


def site_text():
    """The demo site over TCP, each device on a link of its own, polled every 15 s, with an account,
    a tariff and carbon factors. Time-outs are as long as they may be: at this speed they are short."""
    site = yaml.safe_load(DEMO.read_text())
    site["site"] = {**{k: site["site"][k] for k in ("id", "gateway", "name", "district", "timezone")},
                    "tariff": "henan-2024", "carbon": "china-henan"}
    site["accounts"] = [ACCOUNT]
    devices = [d for d in site["devices"] if d["id"] != "bms2"]
    for device in devices:
        device.update(link=device["id"], poll_ms=POLL_MS)
    site["devices"] = devices
    site["links"] = [{"id": d["id"], "tcp": "127.0.0.1:1502%d" % i, "timeout_ms": 60000}
                     for i, d in enumerate(devices)]
    site["mqtt"].update(live_s=60, minute_devices=True)
    site["web"] = {"listen": f"127.0.0.1:{free_port()}"}
    return yaml.safe_dump(site, allow_unicode=True, sort_keys=False)


class Truth:
    """The simulator's counters at the edges of quarters, by device: kWh in its role's own direction,
    kWh in the other one, kW: the larger of before and after."""

    def __init__(self, path):
        self.times, self.lines = [], []
        pattern = re.compile(rb'\{"t":(\d+),')
        with open(path, "rb") as f:
            for line in f:
                t = int(pattern.match(line).group(1))
                if (t + 10000) % 900000 < 20000:
                    self.times.append(t)
                    self.lines.append(line)

    def at(self, moment):
        """What the meters show at an edge: they move at the half second."""
        t = round(moment.timestamp() * 1000) - 500
        i = bisect.bisect_right(self.times, t) - 1
        a, b = (json.loads(self.lines[k]) for k in (i, i + 1))
        share = (t - a["t"]) / (b["t"] - a["t"])
        assert 0 <= share <= 1 and b["t"] - a["t"] <= 20000, (t, a["t"], b["t"])
        found = {}
        for name, before in a["devices"].items():
            after = b["devices"][name]
            kwh = (before[k] + share * (after[k] - before[k]) for k in ("import_kwh", "export_kwh"))
            found[name] = (*kwh, max(abs(before["power_kw"]), abs(after["power_kw"])))
        return found


class Day:
    """The run; afterwards what the platform has, the truth, and the store's own numbers."""

    def __init__(self):
        memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
        with tempfile.TemporaryDirectory(prefix="busbar-day-") as name, \
                tempfile.TemporaryDirectory(prefix="busbar-day-", dir=memory) as store:
            folder = pathlib.Path(name)
            # in memory where there is such a folder: a disk that takes a second for a commit, as a
            # busy one may, is a gateway that stands still for five minutes
            self.store = pathlib.Path(store) / "busbar.db"
            (folder / "site.yaml").write_text(site_text())
            with Broker(folder) as broker, Platform(broker) as self.platform:
                self.run(folder, broker)
            self.truth = Truth(folder / "truth.ndjson")

    def run(self, folder, broker):
        clock = SpeedClock(START, clock_plan())
        silent = {"device": "grid", "fault": "silent", "at_s": (SILENT_FROM - START).total_seconds(),
                  "for_s": SILENT_FOR.total_seconds()}
        with Sim(folder, folder / "site.yaml", ["--mqtt", broker.url, "--store", str(self.store)],
                 [silent], clock.environment()) as sim, \
                Gateway(sim.site_file, env=clock.environment()) as gateway:
            clock.sleep_until(END)
            self.head = self.platform.wait("every row", lambda: (
                lambda n: n if len(self.platform.seqs()) == n else None)(
                    query(self.store, "SELECT max(seq) FROM outbox")[0][0]))
            self.devices = sim.devices
            self.log = gateway.lines
        self.floor = query(self.store, "SELECT floor FROM cursor WHERE dest='mqtt'")[0][0]

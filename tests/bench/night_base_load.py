#!/usr/bin/python3
"""Eleven days of the simulated works until a night on which something was left on (config/scenarios/
night-base-load.yaml): rule A21 needs the nights before it. By hand, about six minutes:

  BUSBAR_BIN_DIR=build/release/bin tests/bench/night_base_load.py [SPEED]

On a clock that runs SPEED (2800) times as fast, meters polled once a minute; at that speed no broker is
reached in time, so what was told is read from the store. Prints the steps of A21."""
import datetime
import pathlib
import sys
import tempfile

import yaml

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))
import day  # noqa: E402
from gateway import CONFIG, Gateway, query  # noqa: E402
from simulator import Sim  # noqa: E402
from speed import SpeedClock  # noqa: E402

START = datetime.datetime(2026, 6, 1, 20, tzinfo=day.ZONE)  # a Monday
LEFT_ON = datetime.datetime(2026, 6, 10, 22, tzinfo=day.ZONE)
END = datetime.datetime(2026, 6, 12, 7, tzinfo=day.ZONE)
METERS = ("grid", "feeder1", "feeder2", "feeder3", "feeder4")


def works():
    """The incomer and its feeders. Rules that a reply delayed by minutes of the fast clock would meet are off."""
    site = yaml.safe_load(day.site_text())
    site["devices"] = [d for d in site["devices"] if d["id"] in METERS]
    site["links"] = [link for link in site["links"] if link["id"] in METERS]
    for device in site["devices"]:
        device["poll_ms"] = 60000
        device.pop("rated_kw", None)
    site["alerts"] = {"thresholds": {rule: {"enabled": False} for rule in ("A22", "A23", "A24", "A25", "A26")}}
    return yaml.safe_dump(site, allow_unicode=True, sort_keys=False)


def main():
    faults = yaml.safe_load((CONFIG / "scenarios" / "night-base-load.yaml").read_text())
    faults[0]["at_s"] = (LEFT_ON - START).total_seconds()
    speed = int(sys.argv[1]) if len(sys.argv) > 1 else 2800
    with tempfile.TemporaryDirectory(prefix="busbar-night-", dir="/dev/shm") as name:
        folder = pathlib.Path(name)
        (folder / "site.yaml").write_text(works())
        clock = SpeedClock(START, [(20, START + datetime.timedelta(minutes=2)), (speed, None)])
        with Sim(folder, folder / "site.yaml", ["--store", str(folder / "busbar.db")], faults, clock.environment()) as sim, \
                Gateway(sim.site_file, env=clock.environment()):
            clock.sleep_until(END)
            for row in query(folder / "busbar.db", "SELECT datetime(s.t/1000+28800,'unixepoch'),a.object,s.step,s.value,"
                             "s.note_en FROM alert a JOIN alert_step s ON s.alert=a.id WHERE a.rule='A21' ORDER BY s.n"):
                print(*row, flush=True)


if __name__ == "__main__":
    main()

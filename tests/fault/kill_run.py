"""A gateway that is killed again and again, and its twin that is not, on the same meters: what test_kill.py
looks at.

busbar sim and both busbards share one fast clock (speed.py), so that hundreds of slots and a
local midnight at which day, month and bill close pass while it happens. Around the two edges between
which energies are compared with the simulator's counters nothing is killed and the clock is slow."""
import datetime
import os
import pathlib
import random
import signal
import subprocess
import tempfile
import time

import day
import delivered
import yaml
from gateway import Gateway, query
from simulator import BUSBAR, Sim, free_port
from speed import SpeedClock
from uplink import Broker, Platform

FAST, SLOW = 200, 5
FIRST_EDGE = day.MONTH_ENDS - datetime.timedelta(minutes=15)
START = FIRST_EDGE - datetime.timedelta(minutes=5)
QUARTER = datetime.timedelta(minutes=15)


def last_edge(rounds, pause_s):
    """The first edge of a quarter that leaves so many rounds their time."""
    needed = datetime.timedelta(seconds=rounds * pause_s * FAST)
    return FIRST_EDGE + -(-needed // QUARTER) * QUARTER


class Killer:
    """Runs a gateway and kills it. Everything random comes from one seed."""

    def __init__(self, site_file, seed, environment):
        self.site_file, self.environment = site_file, environment
        self.random = random.Random(seed)
        self.kills = {"start-up": 0, "reload": 0, "running": 0}
        self.log = []
        self.gateway = None
        self.reloads = 0
        self.officers = []

    def start(self):
        self.gateway = Gateway(self.site_file, env=self.environment)

    def kill(self, reloading=False):
        code = self.gateway.stop(signal.SIGKILL)
        self.log += self.gateway.lines
        # a SIGHUP so early that nobody waits for it yet ends the program, as it does any other
        early = reloading and code == -signal.SIGHUP and not self.gateway.lines
        assert code == -signal.SIGKILL or early, f"exit {code} by itself:\n" + "\n".join(self.gateway.lines[-20:])

    def other_configuration(self):
        site = yaml.safe_load(self.site_file.read_text())
        self.reloads += 1
        site["mqtt"]["live_s"] = 60 + self.reloads % 2
        draft = self.site_file.with_suffix(".draft")
        draft.write_text(yaml.safe_dump(site, allow_unicode=True, sort_keys=False))
        draft.replace(self.site_file)

    def enter_problem(self):
        """An officer's order, on its way while the gateway is killed: done wholly or not at all."""
        self.officers.append(subprocess.Popen(
            [str(BUSBAR), "alerts", "enter", "--db", str(self.site_file.parent / "busbar.db"),
             "--by", "officer", "--rule", f"k{len(self.officers)}", "--object", "site", "--text", "x"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        time.sleep(self.random.uniform(0, 0.04))

    def round(self, pause_s):
        """One life of the gateway, at most about pause_s long, and its end."""
        kind = self.random.choices(("start-up", "reload", "running"), (25, 20, 55))[0]
        self.kills[kind] += 1
        self.start()
        if kind == "start-up":
            time.sleep(self.random.uniform(0, min(0.25, pause_s)))
        else:
            time.sleep(self.random.uniform(0.02, pause_s))
        if kind == "running":
            self.enter_problem()
        if kind == "reload":
            self.other_configuration()
            self.gateway.send(signal.SIGHUP)
            time.sleep(self.random.uniform(0, 0.06))
        self.kill(reloading=kind == "reload")
        if self.random.random() < 0.15:  # up to some minutes of the clock without a gateway
            time.sleep(self.random.uniform(0, min(1.5, pause_s)))


class KillRun:
    """The run; afterwards what both platforms have, and the truth."""

    def __init__(self, rounds, pause_s, seed):
        self.rounds, self.pause_s, self.seed = rounds, pause_s, seed
        self.last_edge = last_edge(rounds, pause_s)
        self.end = self.last_edge + datetime.timedelta(minutes=3)
        memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
        with tempfile.TemporaryDirectory(prefix="busbar-kill-", dir=memory) as name:
            folder = pathlib.Path(name)
            (folder / "site.yaml").write_text(day.site_text())
            for who in ("killed", "twin"):
                (folder / who).mkdir()
            with Broker(folder / "killed") as broker, Broker(folder / "twin") as twins, \
                    Platform(broker) as self.platform, Platform(twins) as self.twin_platform:
                self._run(folder, broker, twins)
            self.truth = day.Truth(folder / "truth.ndjson")

    def _plan(self):
        plan = [(1, START + datetime.timedelta(seconds=6))]
        for edge in (FIRST_EDGE, self.last_edge):
            plan += [(FAST, edge - datetime.timedelta(seconds=30)),
                     (SLOW, edge + datetime.timedelta(seconds=10))]
        return plan + [(FAST, self.end), (1, None)]

    def _site(self, folder, sim, who, broker):
        site = yaml.safe_load(sim.site_file.read_text())
        site["store"]["path"] = str(folder / who / "busbar.db")
        site["mqtt"]["url"] = broker.url
        site["web"] = {"listen": f"127.0.0.1:{free_port()}"}
        path = folder / who / "site.yaml"
        path.write_text(yaml.safe_dump(site, allow_unicode=True, sort_keys=False))
        return path

    def _run(self, folder, broker, twins):
        clock = SpeedClock(START, self._plan())
        with Sim(folder, folder / "site.yaml", ["--mqtt", broker.url], env=clock.environment()) as sim:
            self.devices = sim.devices
            killer = Killer(self._site(folder, sim, "killed", broker), self.seed, clock.environment())
            with Gateway(self._site(folder, sim, "twin", twins), env=clock.environment()) as twin:
                killer.start()
                try:
                    self._kill_and_start(clock, killer)
                    clock.sleep_until(self.end)
                    stores = [folder / who / "busbar.db" for who in ("killed", "twin")]
                    self.head = delivered.wait_for_all(self.platform, stores[0])
                    self.twin_head = delivered.wait_for_all(self.twin_platform, stores[1])
                finally:
                    code = killer.gateway.stop()
                assert code == 0, f"exit {code}"
            self.problems = sum(officer.wait(60) == 0 for officer in killer.officers)
            self.steps = query(stores[0], "SELECT alert, step FROM alert_step")
            self.log, self.twin_log = killer.log + killer.gateway.lines, twin.lines
            self.kills = killer.kills

    def _kill_and_start(self, clock, killer):
        clock.sleep_until(FIRST_EDGE + datetime.timedelta(seconds=60))
        killer.kill()
        stop_at = self.last_edge - datetime.timedelta(seconds=90 + FAST)
        for done in range(self.rounds):
            left = clock.real_seconds_until(stop_at) / (self.rounds - done)
            assert left > 0.05, f"only {done} of {self.rounds} rounds fit; give a longer --pause"
            # a round takes half of its pause on average, and what starting costs
            killer.round(max(0.1, 2 * left - 0.3))
            if self.rounds >= 200 and done % 100 == 99:
                print(f"{done + 1} rounds", flush=True)
        killer.start()

"""A clock that runs faster for the real programs, by a plan (speed_clock.c), and its twin here."""
import os
import pathlib
import time

LIBRARY = pathlib.Path(os.environ["BUSBAR_BIN_DIR"]) / "speed_clock.so"
NS = 10 ** 9


class SpeedClock:
    """Shows `start` (aware datetime) now. `parts` are (speed, until) in order of time, whole speeds; the
    last `until` is None. Every program started with environment() sees this very clock."""

    def __init__(self, start, parts):
        assert LIBRARY.exists(), f"{LIBRARY} is not built"
        self.plan = []  # (real, shown, speed), in ns
        real = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
        shown = round(start.timestamp()) * NS
        self.text = f"{real} {shown}"
        for speed, until in parts:
            self.plan.append((real, shown, speed))
            self.text += f" {speed}"
            if until is not None:
                end = round(until.timestamp()) * NS
                real, shown = real + -(-(end - shown) // speed), end
                self.text += f" {shown}"

    def environment(self):
        return dict(os.environ, LD_PRELOAD=str(LIBRARY), BUSBAR_SPEED=self.text)

    def real_seconds_until(self, moment):
        """Of this computer's clock; below 0 when it has passed."""
        shown = moment.timestamp() * NS
        part = [p for p in self.plan if p[1] <= shown][-1]
        real = part[0] + (shown - part[1]) / part[2]
        return (real - time.clock_gettime_ns(time.CLOCK_MONOTONIC)) / NS

    def sleep_until(self, moment):
        while (left := self.real_seconds_until(moment)) > 0:
            time.sleep(left)

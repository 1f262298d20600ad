"""Starts `busbard` for a test, keeps its log, reads its store.

A clock offset runs programs at another time of day (libfaketime), so that a test meets the end of a
quarter of an hour within seconds of real time; the monotonic clock stays real."""
import glob
import os
import pathlib
import signal
import sqlite3
import subprocess
import threading
import time

BUSBARD = pathlib.Path(os.environ["BUSBAR_BIN_DIR"]) / "busbard"
CONFIG = pathlib.Path(__file__).resolve().parents[2] / "config"


def clock_offset(seconds_before_quarter):
    """Offset in seconds after which the wall clock stands that long before a quarter of an hour: the
    one that ends at a quarter past, so that no hour, day or month ends in the test."""
    return (900 - seconds_before_quarter - time.time()) % 3600


def environment(offset=None):
    """os.environ, with the wall clock moved on by offset seconds."""
    env = dict(os.environ)
    if offset is not None:
        library = glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")
        assert library, "libfaketime is not installed: tools/setup test installs it"
        env.update(LD_PRELOAD=library[0], FAKETIME=f"{offset:+.3f}", FAKETIME_DONT_FAKE_MONOTONIC="1", FAKETIME_FORCE_MONOTONIC_FIX="0")
        # the sanitizer's runtime is linked, not preloaded: its place behind libfaketime is fine
        env["ASAN_OPTIONS"] = env.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"
    return env


class Gateway:
    """A running busbard. Use as a context manager; leaving it must find a clean exit."""

    def __init__(self, site_file, offset=None, expect=0, env=None, options=()):
        self.site_file = pathlib.Path(site_file)
        self.expect = expect
        self.lines = []
        self.changed = threading.Condition()
        self.process = subprocess.Popen(
            [str(BUSBARD), "--config", str(site_file), "--data", str(CONFIG), *options],
            stderr=subprocess.PIPE, text=True, env=env or environment(offset))
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.process.stderr:
            with self.changed:
                self.lines.append(line.rstrip("\n"))
                self.changed.notify_all()
        with self.changed:
            self.changed.notify_all()

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        code = self.stop()
        if kind is None:
            assert code == self.expect, f"exit {code}:\n" + "\n".join(self.lines[-30:])

    def wait_log(self, *words, after=0, seconds=30):
        """The first line from number `after` on that holds all words; returns its number."""
        end = time.monotonic() + seconds
        with self.changed:
            while True:
                for i, line in enumerate(self.lines[after:], after):
                    if all(w in line for w in words):
                        return i
                left = end - time.monotonic()
                if left <= 0 or self.process.poll() is not None and not self.reader.is_alive():
                    raise AssertionError(f"no log line with {words}:\n" + "\n".join(self.lines[-30:]))
                self.changed.wait(min(left, 0.2))

    def send(self, number):
        self.process.send_signal(number)

    def stop(self, number=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            code = self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError("busbard did not stop within 20 s")
        self.reader.join(5)
        self.process.stderr.close()
        return code


def query(store, sql, *args):
    """Rows of the store, which the daemon may be writing."""
    db = sqlite3.connect(f"file:{store}?mode=ro", uri=True, timeout=10)
    try:
        return db.execute(sql, args).fetchall()
    finally:
        db.close()


def made(store):
    """The daemon has made its store: the file is there before its tables are."""
    return pathlib.Path(store).exists() and query(store, "SELECT 1 FROM sqlite_master WHERE name='outbox'")


def wait_until(what, condition, seconds=60):
    """The first true value of condition()."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.05)
    raise AssertionError(f"{what} did not happen within {seconds} s")

#!/usr/bin/python3
"""One sick device hurts nobody else: every way in which a device or line can misbehave, caused on
purpose. The log names device, link and reason; everybody else keeps the full rate; the device is back
when the fault is over."""
import pathlib
import tempfile
import time
import unittest

from gateway import Gateway, query, wait_until
from simulator import Sim

# fault, what the log must name, devices that may suffer
CASES = [
    ({"device": "bms", "fault": "silent"}, ("bms", "station", "no reply in time"), {"bms"}),
    ({"device": "pv2", "fault": "wrong_unit"}, ("pv2", "sungrow", "another unit id"), {"pv2"}),
    ({"device": "pv2", "fault": "wrong_transaction"}, ("pv2", "sungrow", "transaction id"), {"pv2"}),
    ({"device": "pv2", "fault": "truncated"}, ("pv2", "sungrow", "no reply in time"), {"pv2"}),
    ({"device": "pv2", "fault": "oversized"}, ("pv2", "sungrow", "length impossible"), {"pv2"}),
    ({"device": "pv2", "fault": "trickle"}, ("pv2", "sungrow", "no reply in time"), {"pv2"}),
    ({"device": "pv1", "fault": "bad_crc"}, ("pv1", "dtu", "CRC"), {"pv1"}),
    ({"device": "feeder2", "fault": "bad_crc"}, ("feeder2", "bus1", "CRC"), {"feeder2"}),
    ({"device": "feeder2", "fault": "silent"}, ("feeder2", "bus1", "no reply in time"), {"feeder2"}),
    ({"link": "sungrow", "fault": "reset"}, ("sungrow", "closed by the peer"), {"pv2"}),
    ({"link": "meters", "fault": "refuse"}, ("meters", "next try"), {"feeder4"}),
    ({"link": "bus1", "fault": "vanish_pty"}, ("bus1", "next try"), {"feeder1", "feeder2", "feeder3"}),
]


class BadDevices(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="busbar-bad-")
        cls.addClassCleanup(folder.cleanup)
        cls.store = pathlib.Path(folder.name) / "busbar.db"
        cls.sim = Sim(folder.name, options=["--store", str(cls.store)])
        cls.addClassCleanup(cls.sim.stop)
        cls.gateway = Gateway(cls.sim.site_file)
        cls.addClassCleanup(cls.gateway.stop)
        wait_until("the first poll of all", lambda: all(
            d["requests"] for d in cls.sim.statistics()["devices"].values()))

    def counts(self):
        return {k: v["requests"] for k, v in self.sim.statistics()["devices"].items()}

    def rates(self, seconds):
        """Requests a second of every device over so many seconds of the sim's own statistics."""
        before, began = self.counts(), time.monotonic()
        time.sleep(seconds)
        after, took = self.counts(), time.monotonic() - began
        return {k: (after[k] - before[k]) / took for k in after}

    def back(self, device):
        was = self.counts()[device]
        wait_until(f"{device} is polled again",
                   lambda: self.counts()[device] - was > 4, 90)

    def test_each_fault_stays_with_its_device(self):
        normal = self.rates(5)
        for fault, words, sick in CASES:
            with self.subTest(**fault):
                line = len(self.gateway.lines)
                self.sim.set_faults([{**fault, "at_s": 0, "for_s": 600}])
                self.gateway.wait_log(*words, after=line, seconds=60)
                rates = self.rates(3)
                for device, rate in rates.items():
                    if device not in sick:
                        # who shared the trouble would stand still; tests/bench measures the rest
                        self.assertGreater(rate, normal[device] / 2, device)
                self.assertIsNone(self.gateway.process.poll())
                self.sim.set_faults([])
                for device in sick:
                    self.back(device)
        self.assertLess(len(self.gateway.lines), 12 * len(CASES), "a fault floods the log")

    def test_exceptions_are_named_and_the_device_stays(self):
        line = len(self.gateway.lines)
        self.sim.set_faults([{"device": "pcs", "fault": "exception", "code": 4, "at_s": 0, "for_s": 3}])
        self.gateway.wait_log("pcs", "station", "exception 4", after=line)
        self.back("pcs")

    def test_down_and_up_are_on_record(self):
        self.sim.set_faults([{"device": "bms2", "fault": "silent", "at_s": 0, "for_s": 5}])
        for event in ("device_down", "device_up"):
            wait_until(f"event {event} of bms2", lambda e=event: query(
                self.store, "SELECT 1 FROM event WHERE body LIKE ? AND body LIKE '%bms2%'",
                f"%{e}%"), 60)


if __name__ == "__main__":
    unittest.main()

"""A Modbus TCP meter at an incomer whose power changes its direction at random moments; it keeps when the
first reply with each direction went out."""
import random
import struct
import time

from ratio_meter import RatioMeter


class FlippingMeter(RatioMeter):
    """Registers 0-1: energy, kWh; 2-3: power, W. `changed` is [(when, whether it feeds back)]."""

    def __init__(self, least_s=3.0, most_s=6.0):
        self.feeds = False
        super().__init__(least_s, most_s)
        self.changed = []

    def _reply(self, request, first, count):
        if self.changing and time.monotonic() >= self.next_at:
            self.feeds = not self.feeds
            self.next_at = time.monotonic() + random.uniform(*self.gap)
            self.changed.append((time.time(), self.feeds))
        registers = struct.pack(">If", 1000, -300e3 if self.feeds else 300e3)
        body = registers[2 * first:2 * (first + count)].ljust(2 * count, b"\0")
        return request[:4] + struct.pack(">HBBB", 3 + len(body), request[6], 3, len(body)) + body

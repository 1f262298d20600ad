#!/usr/bin/python3
"""Faults of the network between the gateway and a real mosquitto, made by a proxy: refused, cut off,
slow, ending at random, closed before each PUBACK. After each the platform has every seq, what came
twice is byte for byte the same, live values go on and polling never stopped."""
import time
import unittest

from broker_rig import FaultCase, Meters
from tcp_proxy import Proxy
from uplink import Broker, Platform

FAULT_ROWS = 4  # a fault lasts while the gateway records so many messages


def setUpModule():
    FaultCase.meters = Meters()
    unittest.addModuleCleanup(FaultCase.meters.stop)


class Network(FaultCase):
    """A proxy between the gateway and the broker; the platform is at the broker itself."""

    def setUp(self):
        super().setUp()
        self.broker = Broker(self.folder)
        self.addCleanup(self.broker.stop)
        self.proxy = Proxy(self.broker.port)
        self.addCleanup(self.proxy.stop)
        self.at_broker = Platform(self.broker)
        self.addCleanup(self.at_broker.stop)
        self.gateway(self.proxy.url)
        self.begin(self.at_broker)

    def after(self):
        self.wait_head(2)
        self.assert_nothing_lost(self.running, self.at_broker)

    def copies(self):
        """How often each seq came."""
        found = {}
        for _, body, _, _ in self.at_broker.messages:
            if body and "seq" in body:
                found[body["seq"]] = found.get(body["seq"], 0) + 1
        return found

    def test_refused_connections(self):
        self.proxy.refuse()
        self.wait_head(FAULT_ROWS)
        self.proxy.accept()
        self.after()

    def test_refused_by_the_broker(self):
        self.proxy.refusal = 0x88  # server unavailable
        self.proxy.drop_connections()
        self.wait_head(FAULT_ROWS)
        self.assertGreater(self.proxy.refused, 0)
        self.proxy.refusal = None
        self.after()

    def test_cut_off(self):
        for _ in range(2):
            self.proxy.dark = True
            self.wait_head(FAULT_ROWS)
            self.proxy.dark = False
            self.wait_head(1)
        self.after()

    def test_closed_between_publish_and_puback(self):
        self.proxy.close_at_puback = 6
        self.at_broker.wait("all of them closed", lambda: self.proxy.closed_at_puback == 6)
        self.after()
        self.assertGreater(max(self.copies().values()), 1, "nothing came twice")

    def test_slow(self):
        self.proxy.bytes_s, self.proxy.delay_s, self.proxy.jitter = 20000, 0.02, 0.02
        self.wait_head(3 * FAULT_ROWS)
        self.proxy.bytes_s = self.proxy.delay_s = self.proxy.jitter = 0
        self.after()

    def test_connections_that_end_at_random(self):
        for _ in range(5):  # the pauses between tries grow
            time.sleep(0.05 + self.proxy.chance.random() * 0.7)
            accepted = self.proxy.accepted
            self.proxy.drop_connections()
            self.at_broker.wait("the next connection", lambda: self.proxy.accepted > accepted)
        self.after()


if __name__ == "__main__":
    unittest.main()

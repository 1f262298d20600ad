#!/usr/bin/python3
"""Faults of a real mosquitto: stopped, restarted with and without its memory, killed, frozen. After each
the platform has every seq, what came twice is byte for byte the same, live values go on and
polling never stopped."""
import signal
import time
import unittest

from broker_rig import AckingPlatform, FaultCase, Meters, lasting_session
from uplink import Broker, Platform

FAULT_ROWS = 4  # a fault lasts while the gateway records so many messages


def setUpModule():
    FaultCase.meters = Meters()
    unittest.addModuleCleanup(FaultCase.meters.stop)


class BrokerItself(FaultCase):
    def broker(self, *options):
        # as root mosquitto would become another user, who may not write into our folder
        broker = Broker(self.folder, ["user root", *options])
        self.addCleanup(broker.stop)
        return broker

    def platform(self, broker, kind=Platform, **options):
        platform = kind(broker, **options)
        self.addCleanup(platform.stop)
        return platform

    @staticmethod
    def end(broker):
        """As a service manager does it: it writes down what it has to."""
        broker.process.terminate()
        broker.process.wait(10)
        broker.process = None

    def test_restarted_with_its_memory(self):
        broker = self.broker("persistence true", f"persistence_location {self.folder}/")
        platform = self.platform(broker, **lasting_session())
        gateway = self.gateway(broker.url)
        self.begin(platform)
        for _ in range(2):
            self.end(broker)
            self.wait_head(FAULT_ROWS)
            broker.start()
            self.wait_head(2)
        self.assert_nothing_lost(gateway, platform)

    def test_restarted_without_memory(self):
        """The gateway may be back before the platform: with `ack: subscriber` what nobody heard is
        not delivered."""
        broker = self.broker()
        platform = self.platform(broker)
        gateway = self.gateway(broker.url, ack="subscriber")
        self.begin(platform)
        for _ in range(2):
            self.end(broker)
            self.wait_head(FAULT_ROWS)
            broker.start()
            self.wait_head(2)
        self.assert_nothing_lost(gateway, platform)

    def test_killed_again_and_again(self):
        """What the broker took and lost comes again with `ack: platform`."""
        broker = self.broker()
        platform = self.platform(broker, AckingPlatform)
        gateway = self.gateway(broker.url, ack="platform")
        self.begin(platform)
        for _ in range(5):
            broker.stop()
            time.sleep(0.3)
            broker.start()
            self.wait_head(1)
        self.assert_nothing_lost(gateway, platform)

    def test_stopped_for_long(self):
        """A backlog of more than the window; new records come before old ones."""
        broker = self.broker()
        platform = self.platform(broker)
        gateway = self.gateway(broker.url, ack="subscriber")
        self.begin(platform)
        self.end(broker)
        self.wait_head(25)
        broker.start()
        self.wait_head(1)
        self.assert_nothing_lost(gateway, platform)

    def test_frozen(self):
        broker = self.broker()
        platform = self.platform(broker)
        gateway = self.gateway(broker.url)
        self.begin(platform)
        for _ in range(2):
            broker.process.send_signal(signal.SIGSTOP)
            self.wait_head(FAULT_ROWS)
            broker.process.send_signal(signal.SIGCONT)
            self.wait_head(2)
        self.assert_nothing_lost(gateway, platform)


if __name__ == "__main__":
    unittest.main()

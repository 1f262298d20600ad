#!/usr/bin/python3
"""The gateway's HTTP answers: simulated substation -> busbard -> GET, beside what the platform got
over MQTT. One run across the end of a quarter of an hour for all that only looks."""
import datetime
import http.client
import json
import pathlib
import signal
import socket
import tempfile
import unittest

import jsonschema

from gateway import Gateway, clock_offset, query, wait_until
from simulator import Sim, free_port
from uplink import SCHEMAS, Broker, Platform


def get(port, target):
    """Status, headers and body of one GET on a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", target)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


def get_json(port, target):
    status, _, body = get(port, target)
    assert status == 200, (target, status, body)
    return json.loads(body)


def is_open(port):
    with socket.socket() as s:
        return s.connect_ex(("127.0.0.1", port)) == 0


class Looking(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="busbar-http-")
        cls.addClassCleanup(folder.cleanup)
        cls.store = pathlib.Path(folder.name) / "busbar.db"
        with Broker(folder.name) as broker, Platform(broker) as platform, \
                Sim(folder.name, options=["--mqtt", broker.url, "--store", str(cls.store)]) as sim, \
                Gateway(sim.site_file, clock_offset(75)) as gateway:
            port = sim.web_port
            cls.site = sim.site
            cls.quarters = platform.wait("a 15-minute record", lambda: [
                p for topic, _, _, p in platform.messages if topic == "record/15m"], 120)
            quarter = json.loads(cls.quarters[0])
            wait_until("the platform has all up to the quarter", lambda: query(
                cls.store, "SELECT coalesce(max(floor), 0) FROM cursor")[0][0] >= quarter["seq"])
            cls.quarter_text = get(port, "/api/v1/records?period=15m")[2]
            cls.minutes = get_json(port, "/api/v1/records?period=1m&to=" + quarter["end"])
            cls.first_page = get(port, "/api/v1/records?period=1m&limit=1")
            cls.demand = get_json(port, "/api/v1/demand")
            cls.accounts = get_json(port, "/api/v1/accounts")
            cls.completeness = get_json(port, "/api/v1/completeness?month=" + quarter["start"][:7])
            cls.health = get_json(port, "/healthz")
            cls.live = get_json(port, "/api/v1/live")
            cls.live_messages = platform.bodies("live")
            cls.site_message = platform.bodies("site")[0]
            cls.minute_messages = [b for b in platform.bodies("record/1m")
                                   if b["end"] <= quarter["end"]]
            cls.log = list(gateway.lines)

    def test_a_record_is_what_the_platform_got_byte_for_byte(self):
        self.assertEqual(self.quarter_text, b"[" + self.quarters[0] + b"]")
        self.assertEqual(self.minutes, self.minute_messages)

    def test_pages_are_joined_by_a_link(self):
        _, headers, body = self.first_page
        self.assertEqual(len(json.loads(body)), 1)
        self.assertRegex(headers["Link"], r'^</api/v1/records\?period=1m&from=\S+Z&limit=1>; rel="next"$')

    def test_demand_is_that_of_the_last_quarter(self):
        quarter = json.loads(self.quarters[0])
        self.assertEqual(self.demand["demand"], quarter["demand"])
        for name, value in self.demand["record"].items():
            self.assertEqual(value, quarter[name], name)
        self.assertIsNotNone(self.demand["live"]["demand_forecast_kw"])

    def test_live_is_what_the_platform_sees(self):
        jsonschema.Draft202012Validator(json.loads((SCHEMAS / "live.json").read_text())).validate(self.live)
        message = self.live_messages[-1]
        self.assertEqual(self.live.keys(), message.keys())
        self.assertEqual(self.live["power_kw"].keys(), message["power_kw"].keys())
        for role, kw in message["power_kw"].items():  # at most 5 s apart
            self.assertAlmostEqual(self.live["power_kw"][role], kw, delta=abs(kw) * 0.3 + 100, msg=role)
        self.assertEqual(self.live["devices"], {"online": 10, "total": 10})

    def test_accounts_are_those_of_the_site(self):
        self.assertEqual(self.accounts["accounts"], self.site_message["accounts"])
        self.assertEqual(self.accounts["config"], self.site_message["config"])

    def test_completeness_counts_the_quarter_stored_and_acknowledged(self):
        c, quarter = self.completeness, json.loads(self.quarters[0])
        start = datetime.datetime.fromisoformat(quarter["start"])
        ended = (start.day - 1) * 96 + (start.hour * 60 + start.minute) // 15 + 1
        devices = len(self.site["devices"])
        site = {k: c["site"][k] for k in ("expected", "stored", "acknowledged", "meets")}
        self.assertEqual(site, {"expected": devices * ended, "stored": devices,
                                "acknowledged": devices, "meets": False})
        self.assertEqual([d["id"] for d in c["devices"]], [d["id"] for d in self.site["devices"]])
        for device in c["devices"]:
            self.assertEqual((device["stored"], device["stored_by_day"][start.day - 1]), (1, 1))
        self.assertEqual(c["days"][start.day - 1]["day"], quarter["start"][:10])

    def test_health_names_version_and_configuration(self):
        self.assertEqual((self.health["status"], self.health["config"]),
                         ("ok", self.site_message["config"]))

    def test_the_log_is_quiet(self):
        self.assertEqual([line for line in self.log if line.startswith(("<3>", "<4>"))], [])


class Listening(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="busbar-http-")
        self.addCleanup(folder.cleanup)
        self.store = pathlib.Path(folder.name) / "busbar.db"
        self.sim = Sim(folder.name, options=["--store", str(self.store)])
        self.addCleanup(self.sim.stop)

    def rewrite(self, old, new):
        text = self.sim.site_file.read_text()
        self.assertIn(old, text)
        self.sim.site_file.write_text(text.replace(old, new))

    def polls(self):
        return wait_until("raw rows", lambda: self.store.exists() and query(
            self.store, "SELECT count(*) FROM raw")[0][0] > 2)

    def test_beyond_loopback_without_a_user_nobody_is_answered_and_the_gateway_goes_on(self):
        port = self.sim.web_port
        self.rewrite(f"listen: 127.0.0.1:{port}", f'listen: "0.0.0.0:{port}"\n  users_file: users')
        with Gateway(self.sim.site_file) as gateway:
            gateway.wait_log("web:", "users", "No such file", "goes on without the page")
            self.polls()
            self.assertFalse(is_open(port))

    def test_a_taken_port_is_named_and_the_gateway_goes_on(self):
        with socket.socket() as other:
            other.bind(("127.0.0.1", self.sim.web_port))
            other.listen()
            with Gateway(self.sim.site_file) as gateway:
                gateway.wait_log("web:", str(self.sim.web_port), "in use", "set web.listen")
                self.polls()

    def test_a_reload_moves_it_and_tells_the_new_configuration(self):
        old, new = self.sim.web_port, free_port()
        with Gateway(self.sim.site_file) as gateway:
            wait_until("it listens", lambda: is_open(old))
            before = get_json(old, "/healthz")["config"]
            idle = socket.create_connection(("127.0.0.1", old))  # nobody waits for it
            self.rewrite(f":{old}", f":{new}")
            gateway.send(signal.SIGHUP)
            gateway.wait_log("reload", "is active")
            wait_until("it listens on the new port", lambda: is_open(new))
            self.assertFalse(is_open(old))
            self.assertNotEqual(get_json(new, "/healthz")["config"], before)
            idle.close()
            seen = len(gateway.lines)
            gateway.send(signal.SIGHUP)  # the same port again
            gateway.wait_log("reload", "is active", after=seen)
            wait_until("live values", lambda: get_json(new, "/api/v1/live")["t"])


if __name__ == "__main__":
    unittest.main()

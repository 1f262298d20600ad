#!/usr/bin/python3
"""/metrics as a monitoring system reads it, and /api/v1/delivery, while a broker comes and goes."""
import json
import shutil
import subprocess
import unittest
import urllib.request

import jsonschema
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from gateway import Gateway, clock_offset, wait_until
from simulator import free_port
from test_mqtt_delivery import Delivery, setUpModule
from uplink import SCHEMAS, Platform


class Metrics(Delivery):
    def setUp(self):
        super().setUp()
        self.port = free_port()
        self.server = self.broker()

    def start(self, offset=4, **options):
        path = self.site(self.server.url, **options)
        path.write_text(path.read_text() + f"web: {{listen: \"127.0.0.1:{self.port}\"}}\n")
        gateway = Gateway(path, clock_offset(offset))
        self.addCleanup(gateway.stop)
        gateway.wait_log("web: listens")
        return gateway

    def get(self, target, accept=None):
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{target}",
                                         headers={"Accept": accept} if accept else {})
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.headers["Content-Type"], answer.read().decode()

    def samples(self):
        """(name, destination) -> value, through a strict parser of OpenMetrics."""
        kind, text = self.get("/metrics", "application/openmetrics-text;version=1.0.0,text/plain")
        self.assertEqual(kind, "application/openmetrics-text; version=1.0.0; charset=utf-8")
        return {(s.name, s.labels.get("destination")): s.value
                for family in text_string_to_metric_families(text) for s in family.samples}

    def delivery(self):
        body = json.loads(self.get("/api/v1/delivery")[1])
        schema = json.loads((SCHEMAS / "delivery.json").read_text())
        jsonschema.Draft202012Validator(schema).validate(body)
        return body

    def test_promtool_finds_nothing_to_say(self):
        self.start()
        kind, text = self.get("/metrics", "text/plain;version=0.0.4;q=0.5,*/*;q=0.1")
        self.assertEqual(kind, "text/plain; version=0.0.4; charset=utf-8")
        promtool = shutil.which("promtool")
        self.assertTrue(promtool, "promtool is not installed: tools/setup test installs it")
        done = subprocess.run([promtool, "check", "metrics"], input=text, text=True,
                              capture_output=True)
        self.assertEqual((done.returncode, done.stdout + done.stderr), (0, ""))

    def test_a_broker_away_shows_as_a_backlog_that_grows_and_goes(self):
        with Platform(self.server):
            self.start()
            wait_until("a connection", lambda: self.samples()["busbar_delivery_connected", "mqtt"])
            self.server.stop()
            self.wait_rows(2)
            wait_until("a backlog", lambda: self.samples()["busbar_delivery_backlog_rows", "mqtt"] >= 2, 20)
            wait_until("no connection", lambda: not self.samples()["busbar_delivery_connected", "mqtt"], 20)
            first = self.samples()["busbar_delivery_backlog_age_seconds", "mqtt"]
            wait_until("age", lambda: self.samples()["busbar_delivery_backlog_age_seconds", "mqtt"] > first, 20)
            body = self.delivery()["destinations"]
            self.assertEqual([d["id"] for d in body], ["mqtt"])
            self.assertIs(body[0]["connected"], False)
            self.assertGreaterEqual(body[0]["backlog"]["rows"], 2)
            self.assertGreater(body[0]["backlog"]["age_s"], 0)
            self.server.start()
            self.wait_all_acknowledged()
            after = self.samples()
            self.assertEqual(after["busbar_delivery_backlog_rows", "mqtt"], 0)
            self.assertEqual(after["busbar_delivery_backlog_age_seconds", "mqtt"], 0)
            self.assertGreaterEqual(after["busbar_delivery_acknowledged_total", "mqtt"], 2)
            self.assertGreaterEqual(after["busbar_delivery_reconnects_total", "mqtt"], 1)
            self.assertIsNone(self.delivery()["destinations"][0]["backlog"]["oldest"])

    def test_what_comes_in_is_counted(self):
        self.start(offset=450)
        wait_until("samples", lambda: self.samples()["busbar_samples_total", None] > 100, 20)
        now = self.samples()
        self.assertEqual(now["busbar_devices", None], 2)
        self.assertGreater(now["busbar_uptime_seconds", None], 0)
        self.assertEqual(now["busbar_store_failing", None], 0)
        self.assertEqual(now["busbar_store_budget_bytes", None], 2048 * 2 ** 20)
        wait_until("the store's size", lambda: self.samples()["busbar_store_bytes", None] > 4096, 30)
        wait_until("more readings", lambda: self.samples()["busbar_readings_total", None]
                   > now["busbar_readings_total", None], 20)


if __name__ == "__main__":
    unittest.main()

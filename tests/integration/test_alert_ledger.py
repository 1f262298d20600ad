#!/usr/bin/python3
"""The ledger of alerts with a real busbard: officers work on it with `busbar alerts`, the platform sees
each step, a restart keeps all. The site's meter answers nobody, so that nothing else happens."""
import csv
import datetime
import http.client
import io
import json
import pathlib
import subprocess
import tempfile
import unittest

import jsonschema

from gateway import CONFIG, Gateway, query
from simulator import BUSBAR, free_port
from uplink import SCHEMAS, Broker, Platform

SITE = """\
site: {{id: works, gateway: gw1, district: d1, timezone: Asia/Shanghai}}
links:
  - {{id: a, tcp: "127.0.0.1:1"}}
devices:
  - {{id: grid, link: a, unit: 1, profile: eastron-sdm630, role: grid}}
store: {{path: busbar.db}}
mqtt: {{url: "{url}"}}
web: {{listen: "127.0.0.1:{port}"}}
alerts: {{close_after_days: 1}}
"""
ZONE = datetime.timezone(datetime.timedelta(hours=8))
BY = ("--by", "王工")


def ago(**delta):
    return (datetime.datetime.now(ZONE) - datetime.timedelta(**delta)).isoformat(timespec="seconds")


class Ledger(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="busbar-ledger-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.site = self.folder / "site.yaml"
        self.store = self.folder / "busbar.db"
        self.broker = Broker(self.folder)
        self.addCleanup(self.broker.stop)
        self.port = free_port()
        self.site.write_text(SITE.format(url=self.broker.url, port=self.port))

    def tool(self, *words):
        """(exit status, output, errors) of `busbar alerts` on this site."""
        done = subprocess.run([str(BUSBAR), "alerts", *map(str, words), "--config", str(self.site),
                               "--data", str(CONFIG)], capture_output=True, timeout=60)
        return done.returncode, done.stdout.decode(), done.stderr.decode()

    def done(self, number, *words):
        self.assertEqual(self.tool(*words), (0, f"done\n  alert: {number}\n", ""))

    def refused(self, *words, why, status=1):
        code, out, err = self.tool(*words)
        self.assertEqual((code, out), (status, ""), err)
        self.assertIn(why, err)

    def enter(self, number, rule, *words):
        self.done(number, "enter", *BY, "--rule", rule, "--object", "配电室, 2号柜", "--text",
                  '柜内 "积灰"', *words)

    def alerts(self, parameters=""):
        """What /api/v1/alerts says, by its schema."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request("GET", f"/api/v1/alerts{parameters}")
        body = json.loads(connection.getresponse().read())
        connection.close()
        schema = json.loads((SCHEMAS / "alerts.json").read_text())
        jsonschema.Draft202012Validator(schema).validate(body)
        return body["alerts"]

    def export(self, *words):
        code, out, err = self.tool("export", *words)
        self.assertEqual((code, err), (0, ""))
        return out

    def work(self):
        """The life of three problems; the events that follow from it."""
        self.enter(1, "dust", "--severity", "major", "--at", ago(days=3))
        self.done(1, "ack", 1, *BY, "--note", "seen")
        self.refused("refuse", 1, *BY, why="option is missing: --reason", status=64)
        self.done(1, "assign", 1, *BY, "--owner", "李工", "--due",
                  ago(days=1)[:len("2026-12-01")])
        self.refused("close", 1, why="no measure is entered; no verifier is named")
        self.done(1, "measure", 1, *BY, "--code", "clean", "--text", "清扫", "--at", ago(hours=2))
        self.refused("close", 1, "--verifier", "赵工", why="it must stay away for 1 day, until ")
        self.done(1, "measure", 1, *BY, "--code", "clean", "--text", "清扫", "--at", ago(hours=25))
        self.enter(2, "noise")
        self.done(2, "refuse", 2, *BY, "--reason", "test run")
        self.enter(3, "smell", "--at", ago(days=2))
        self.refused("enter", *BY, "--rule", "smell", "--object", "配电室, 2号柜", "--text", "x",
                     why="alert 3 stands for that already")
        self.refused("ack", 9, *BY, why="there is no alert 9")
        self.refused("ack", *BY, why="the number of an alert is missing", status=64)
        return [(1, "raised"), (1, "acknowledged"), (1, "assigned"), (1, "measure"), (1, "measure"),
                (2, "raised"), (2, "refused"), (3, "raised")]

    def look(self):
        """What lists, the export and HTTP say of the same ledger."""
        code, out, err = self.tool()
        self.assertEqual((code, err), (0, ""))
        lines = out.splitlines()
        self.assertEqual([line.split()[0] for line in lines[1:-1]], ["3", "1"])
        self.assertEqual(lines[-1], "alerts: 2, overdue: 1 (!)")
        self.assertIn("已确认", self.tool("--overdue", "--lang", "zh")[1])
        self.assertIn("共 1 条，逾期 1 条", self.tool("list", "--overdue", "--lang", "zh")[1])
        self.assertIn("alerts: 3,", self.tool("--all")[1])
        self.assertIn("alerts: 1,", self.tool("--all", "--rule", "noise")[1])
        self.assertIn("alerts: 0,", self.tool("--from", ago(hours=1), "--rule", "dust")[1])
        code, shown, _ = self.tool("show", 1)
        self.assertEqual(code, 0)
        for words in ("dust", "李工", "overdue", "clean", "清扫", "王工 (local:"):
            self.assertIn(words, shown)
        self.refused("show", 9, why="there is no alert 9")
        rows = list(csv.DictReader(io.StringIO(self.export(), newline="")))
        self.assertEqual([row["id"] for row in rows], ["3", "2", "1"])
        self.assertEqual((rows[2]["object"], rows[2]["text"]), ("配电室, 2号柜", '柜内 "积灰"'))
        self.assertEqual((rows[2]["overdue"], rows[1]["handling"]), ("true", "refused"))
        self.assertTrue(self.export("--bom").startswith("\ufeffid,source,"))
        self.assertTrue(all(line.endswith("\r\n")
                            for line in self.export().splitlines(keepends=True)))
        lines = [json.loads(line) for line in self.export("--format", "ndjson").splitlines()]
        self.assertEqual(lines[2]["steps"][1]["step"], "acknowledged")
        self.assertEqual([a["id"] for a in self.alerts("?state=all")], [3, 2, 1])
        self.assertEqual([a["id"] for a in self.alerts("?state=overdue")], [1])
        self.assertEqual(self.alerts("?id=1")[0]["steps"], lines[2]["steps"])

    def told(self, platform):
        return [(e["alert"], e["state"]) for e in platform.bodies("event") if e["event"] == "alert"]

    def test_the_life_of_problems_found_on_foot(self):
        with Platform(self.broker) as platform:
            with Gateway(self.site) as gateway:
                gateway.wait_log("web: ")
                expected = self.work()
                self.look()
                platform.wait("all steps as events", lambda: len(self.told(platform)) >= len(expected))
            with Gateway(self.site) as gateway:
                gateway.wait_log("web: ")
                self.look()  # a restart has kept all
                self.done(1, "close", 1, "--verifier", "赵工", "--note", "clean")
                expected.append((1, "closed"))
                platform.wait("the closing", lambda: len(self.told(platform)) >= len(expected))
            self.assertEqual(self.told(platform), expected)
            self.assertEqual(platform.invalid, [])
            closing = [e for e in platform.bodies("event") if e["state"] == "closed"][0]
            self.assertTrue(closing["actor"].startswith("赵工 (local:"), closing)
            self.assertEqual((closing["note"], closing["severity"]), ("clean", "major"))
        # without a daemon the tool works on the store itself
        self.refused("close", 1, "--verifier", "赵工", why="alert 1 is closed")
        self.done(3, "ack", 3, *BY)
        self.assertEqual(query(self.store, "SELECT count(*) FROM alert_step"), [(10,)])
        self.assertEqual(query(self.store, "SELECT count(*) FROM event WHERE body LIKE '%\"alert\":%'"),
                         [(10,)])


if __name__ == "__main__":
    unittest.main()

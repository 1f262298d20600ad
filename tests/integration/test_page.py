#!/usr/bin/python3
"""The officers' page in Chromium against the real gateway and the simulated substation: every view in both
languages and themes, values as the API and the simulator have them, what is old is never shown as live, logins."""
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import unittest
import urllib.request

from gateway import CONFIG, Gateway, wait_until
from simulator import BUSBAR, DEMO, Sim

ROOT = pathlib.Path(__file__).resolve().parents[2]
DESK = {"width": 1440, "height": 900, "theme": "dark", "language": "zh"}
PHONE = dict(DESK, width=390, height=844, theme="light")
SHOTS = pathlib.Path(os.environ.get("BUSBAR_SHOTS", tempfile.gettempdir()))


def setUpModule():
    for name in ("playwright-core", "axe-core"):
        subprocess.run([str(ROOT / "tools/npm-package"), name], check=True, stdout=subprocess.DEVNULL)
    folder = tempfile.TemporaryDirectory(prefix="busbar-page-")
    unittest.addModuleCleanup(folder.cleanup)
    Page.folder = pathlib.Path(folder.name)
    subprocess.run([str(ROOT / "tools/page"), str(Page.folder / "page")], check=True, stdout=subprocess.DEVNULL)
    Page.simulator = Sim(folder.name, DEMO)
    unittest.addModuleCleanup(Page.simulator.stop)
    text = Page.simulator.site_file.read_text()
    Page.simulator.site_file.write_text(re.sub(r"(?m)^  path: .*$", f"  path: {folder.name}/busbar.db", text))


class Browser:
    """A browser that goes through its steps; "tell" and "hear" keep it in step with the test."""

    def __init__(self, url, steps):
        chromium = shutil.which("chromium")
        assert chromium, "chromium is not installed: tools/setup test installs it"
        self.process = subprocess.Popen(
            ["node", str(ROOT / "tests/page/page.mjs"), json.dumps({"url": url, "executable": chromium, "steps": steps})],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env=dict(os.environ, BUSBAR_NPM=str(ROOT / "build/npm")))

    def wait_for(self, word):
        line = self.process.stdout.readline().strip()
        assert line == word, line + self.process.stdout.read()

    def go_on(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def end(self):
        out, _ = self.process.communicate(timeout=120)
        found = json.loads(out.splitlines()[-1])
        assert "failed" not in found, found["failed"]
        return found


class Page(unittest.TestCase):
    simulator = folder = None

    @property
    def url(self):
        return f"http://127.0.0.1:{self.simulator.web_port}"

    def get(self, path):
        with urllib.request.urlopen(f"{self.url}/api/v1/{path}", timeout=20) as answer:
            return json.load(answer)

    def gateway(self, site_file=None):
        gateway = Gateway(site_file or self.simulator.site_file, options=["--page", str(self.folder / "page")])
        self.addCleanup(lambda: gateway.process.poll() is None and gateway.stop())
        gateway.wait_log("web: listens on")
        return gateway

    def steps_of(self, window, views, name):
        steps = []
        for view, ready in views:
            steps += [["open", window, view], ["wait", "#link[data-level=good]"], ["wait", ready],
                      ["axe", f"axe-{view}"], ["shift", f"shift-{view}"],
                      ["look", str(SHOTS / f"busbar-{name}-{view}.png")]]
        return steps

    VIEWS = [("live", "svg.flow text.number"), ("alerts", ".ledger > *"), ("history", ".chart canvas"), ("devices", "table.devices tbody tr")]

    def test_every_view_in_both_languages_and_themes_without_violations(self):
        self.gateway()
        for window, name in ((DESK, "desk-zh"), (dict(DESK, language="en", theme="light"), "desk-en"), (PHONE, "phone")):
            found = Browser(self.url, self.steps_of(window, self.VIEWS, name)).end()
            self.assertEqual(found["errors"], [], name)
            for view, _ in self.VIEWS:
                self.assertEqual(found[f"axe-{view}"], [], f"{name} {view}")

    def test_values_are_those_of_the_api_and_the_simulator(self):
        self.gateway()
        browser = Browser(self.url, [
            ["open", DESK, "live"], ["wait", "#link[data-level=good]"], ["wait", ".flow:not(.stale)"], ["wait", ".small output", "10 / 10"], ["tell", "now"],
            ["texts", "powers", ".flow .number"], ["texts", "what", ".flow .what"], ["text", "devices", ".small .figure:nth-child(2) output"],
            ["text", "contract", ".demand dd:last-of-type output"], ["hear"]])
        browser.wait_for("now")
        live, truth = self.get("live"), self.simulator.truth()
        browser.go_on()
        found = browser.end()
        shown = dict(zip(("grid", "pv", "storage", "load"), (float(re.sub(r"[^\d.-]", "", t)) for t in found["powers"])))
        for role, kw in shown.items():
            self.assertAlmostEqual(kw, live["power_kw"][role], delta=0.05 * abs(live["power_kw"][role]) + 2, msg=role)
        self.assertAlmostEqual(shown["grid"], truth["site_kw"]["grid"], delta=0.05 * abs(shown["grid"]) + 2)
        self.assertEqual(found["devices"], "10 / 10")
        self.assertEqual(found["contract"], "3,200 kW")
        self.assertIn(found["what"][0], ("购电", "上网"))

    def test_it_says_when_values_stand_still_and_since_when_it_is_offline(self):
        gateway = self.gateway()
        browser = Browser(self.url, [
            ["open", dict(DESK, language="en"), "live"], ["wait", "#link[data-level=good]"], ["wait", ".flow:not(.stale)"], ["tell", "live"],
            ["hear"], ["wait", "#link[data-level=bad]", "Offline since"], ["wait", ".flow.stale"], ["tell", "offline"],
            ["texts", "big", ".demand .big, .small output"], ["hear"], ["wait", "#link[data-level=good]", "Live"], ["gone", ".flow.stale"]])
        browser.wait_for("live")
        self.assertEqual(gateway.stop(signal.SIGKILL), -signal.SIGKILL)
        browser.go_on()
        browser.wait_for("offline")
        self.gateway()
        browser.go_on()
        found = browser.end()
        self.assertTrue(all(text.startswith("—") for text in found["big"]), found["big"])

    def test_a_silent_device_is_grey_with_its_age(self):
        self.gateway()
        browser = Browser(self.url, [
            ["open", dict(DESK, language="en"), "devices"], ["wait", "tr:not(.stale) th", "feeder4"], ["tell", "there"], ["hear"],
            ["wait", "tr.stale th", "feeder4"], ["text", "quality", "tr.stale .quality"], ["texts", "others", "tr:not(.stale) tbody th"]])
        browser.wait_for("there")
        self.simulator.set_faults([{"device": "feeder4", "fault": "silent"}])
        self.addCleanup(self.simulator.set_faults, [])
        browser.go_on()
        self.assertEqual(browser.end()["quality"], "stale")

    def test_history_shows_a_point(self):
        self.gateway()
        found = Browser(self.url, [
            ["open", dict(DESK, language="en"), "history"], ["wait", "#point"], ["choose", "#point", "grid.active_power.total"],
            ["choose", "#span", "last_hour"], ["wait", "p.muted", "step raw"], ["text", "rows", "p[role=status]"]]).end()
        self.assertGreater(int(re.match(r"(\d+) rows", found["rows"]).group(1)), 1)

    def test_an_operator_acknowledges_what_was_found_on_foot(self):
        self.gateway()
        enter = [str(BUSBAR), "alerts", "enter", "--config", str(self.simulator.site_file), "--data", str(CONFIG), "--by", "王工", "--rule", "leak",
                 "--object", "room-1", "--text", "配电室漏水", "--severity", "major"]
        wait_until("the order to be taken", lambda: subprocess.run(enter, capture_output=True).returncode == 0)
        found = Browser(self.url, [
            ["open", dict(DESK, language="en"), "alerts"], ["wait", ".entry", "leak room-1"], ["texts", "entry", ".entry"], ["click", ".entry:has-text('leak room-1')"],
            ["wait", ".actions"], ["axe", "axe"], ["click", "form.action:nth-child(2) button"], ["wait", ".advice", "by is missing"],
            ["fill", "form.action:nth-child(1) input[name=by]", "Li"], ["fill", "form.action:nth-child(1) input[name=note]", "on my way"],
            ["click", "form.action:nth-child(1) button"], ["wait", ".details td", "on my way"],
            ["fill", "form.action:nth-child(5) input[name=verifier]", "Li"], ["click", "form.action:nth-child(5) button"], ["wait", ".advice", "measure"],
            ["look", str(SHOTS / "busbar-alert.png")]]).end()
        self.assertEqual((found["axe"], found["errors"]), ([], []))
        self.assertTrue(any("配电室漏水" in text for text in found["entry"]))
        alert = next(a for a in self.get("alerts?state=open")["alerts"] if a["rule"] == "leak")
        self.assertEqual(alert["handling"], "acknowledged")

    def test_login_roles_and_another_sites_post(self):
        users = self.folder / "users"
        subprocess.run([str(BUSBAR), "passwd", "--file", str(users), "wang"], input="correct horse\n", text=True, check=True)
        text = self.simulator.site_file.read_text()
        site = self.folder / "with-users.yaml"
        site.write_text(re.sub(r"(?m)^(  listen: .*)$", rf"\1\n  users_file: {users}", text))
        self.gateway(site)
        found = Browser(self.url, [
            ["open", dict(DESK, language="en"), "live"], ["wait", "form.login"], ["axe", "axe"], ["fill", "#user", "wang"],
            ["fill", "#password", "wrong horse"], ["click", "form button"], ["wait", "[role=alert]", "name or password is wrong"],
            ["fill", "#password", "correct horse"], ["click", "form button"], ["wait", "#link[data-level=good]"],
            ["ask", "other", "POST", "/api/v1/logout", None], ["ask", "viewer", "POST", "/api/v1/alerts/1/ack", "{}"], ["ask", "live", "GET", "/api/v1/live", None],
            ["click", "#logout"], ["wait", "form.login"], ["ask", "after", "GET", "/api/v1/live", None]]).end()
        self.assertEqual((found["axe"], found["other"], found["live"], found["after"]), ([], 403, 200, 401))
        self.assertEqual(found["viewer"], 403)  # by his role


if __name__ == "__main__":
    unittest.main()

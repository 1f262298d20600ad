#!/usr/bin/python3
"""A meter whose voltage sags and fails, read by a real gateway: each is told once, with its depth,
is kept, stands in the page for the grid company; the voltage's good time is in the record."""
import asyncio
import csv
import logging
import pathlib
import re
import sqlite3
import subprocess
import tempfile
import threading
import unittest

from pymodbus.datastore import (ModbusSequentialDataBlock, ModbusServerContext,
                                ModbusSlaveContext)
from pymodbus.server.async_io import ModbusTcpServer

from gateway import CONFIG, Gateway, clock_offset, environment, query, wait_until
from simulator import BUSBAR, free_port
from uplink import Broker, Platform

logging.disable(logging.CRITICAL)  # pymodbus logs each connection that ends

PROFILE = """
vendor: Test
model: incomer
roles: [grid]
modbus: {function: 3, word_order: big, max_registers: 20, bridge_gaps: true}
points:
  - {register: 0, type: u16, quantity: voltage, phase: l1, unit: V, scale: 0.1, min: 100, max: 400}
  - {register: 1, type: u16, quantity: voltage, phase: l2, unit: V, scale: 0.1, min: 100, max: 400}
  - {register: 2, type: u16, quantity: voltage, phase: l3, unit: V, scale: 0.1, min: 100, max: 400}
  - {register: 3, type: u16, quantity: active_power, phase: total, unit: kW}
  - {register: 4, type: u16, quantity: reactive_power, phase: total, unit: kvar}
  - {register: 5, type: u32, quantity: energy_import, unit: kWh, scale: 0.01}
"""

SITE = """
site:
  id: sagging
  name: "<Works> & Sons"
  district: jiaozuo-gxq
  timezone: Asia/Shanghai
accounts:
  - id: main
    account_no: "4100123456"
    billing: contract_demand
    contract_demand: [{{from: 2020-01-01, kw: 350}}]
    transformers: [{{id: t1, kva: 500}}]
    metering_points: [{{id: p1, point_no: "P-77", device: grid, line_no: L9, line_limit_kva: 600}}]
links:
  - {{id: incomer, tcp: "127.0.0.1:{modbus}"}}
devices:
  - {{id: grid, link: incomer, unit: 1, profile: incomer, role: grid, poll_ms: 1000, rated_kw: 500}}
store: {{path: busbar.db}}
mqtt: {{url: "{broker}", client_id: gw}}
"""


class Meter:
    """A Modbus TCP server; all its voltages change between two requests."""

    def __init__(self):
        self.port = free_port()
        self.block = ModbusSequentialDataBlock(1, [2200, 2200, 2200, 300, 400, 0, 1000])
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_until_complete, args=(self.serve(),))
        self.ready = threading.Event()
        self.thread.start()
        self.ready.wait(10)

    async def serve(self):
        context = ModbusServerContext(ModbusSlaveContext(hr=self.block), single=True)
        self.server = ModbusTcpServer(context, address=("127.0.0.1", self.port))
        task = asyncio.ensure_future(self.server.serve_forever())
        await self.server.serving
        self.ready.set()
        try:
            await task
        except asyncio.CancelledError:
            pass

    def set_volts(self, *volts):
        self.loop.call_soon_threadsafe(self.block.setValues, 1, [round(v * 10) for v in volts])

    def stop(self):
        asyncio.run_coroutine_threadsafe(self.server.shutdown(), self.loop).result(10)
        self.thread.join(10)


class SupplyQuality(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="busbar-supply-")
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        cls.store = cls.folder / "busbar.db"
        (cls.folder / "profiles").mkdir()
        (cls.folder / "profiles" / "incomer.yaml").write_text(PROFILE)
        meter = Meter()
        cls.addClassCleanup(meter.stop)
        cls.offset = clock_offset(19)
        with Broker(cls.folder) as broker, Platform(broker) as platform:
            cls.site = cls.folder / "site.yaml"
            cls.site.write_text(SITE.format(modbus=meter.port, broker=broker.url))
            with Gateway(cls.site, cls.offset) as gateway:
                gateway.wait_log("site sagging")
                wait_until("a reading", lambda: query(cls.store, "SELECT 1 FROM raw"))
                cls.play(meter, platform)
                wait_until("the quarter's record", lambda: platform.bodies("record/15m"))
                cls.record = platform.bodies("record/15m")[0]
            cls.events, cls.invalid = platform.bodies("event"), list(platform.invalid)

    @classmethod
    def play(cls, meter, platform):
        def told(event, state):
            return lambda: [e for e in platform.bodies("event")
                            if (e["event"], e["state"]) == (event, state)]
        for event, volts in (("supply_sag", (220, 176, 220)), ("supply_interruption", (11, 11, 2.2))):
            meter.set_volts(*volts)
            platform.wait(event, told(event, "raised"))
            meter.set_volts(220, 220, 220)
            platform.wait(event + " over", told(event, "cleared"))

    def request(self, *words):
        done = subprocess.run([str(BUSBAR), "request", "--config", str(self.site), "--data",
                               str(CONFIG), *map(str, words)], capture_output=True, text=True,
                              timeout=60, env=environment(self.offset))
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout

    def of(self, event):
        return [e for e in self.events if e["event"] == event]

    def test_each_is_told_once_with_its_depth(self):
        self.assertEqual(self.invalid, [])
        for event, lowest, threshold in (("supply_sag", 80, 90), ("supply_interruption", 1, 10)):
            begin, end = self.of(event)
            self.assertEqual((begin["state"], end["state"]), ("raised", "cleared"))
            self.assertEqual((begin["object"], end["object"]), ("p1", "p1"))
            self.assertAlmostEqual(end["value"], lowest, places=6)
            self.assertEqual((end["threshold"], end["unit"]), (threshold, "%"))
            self.assertLess(begin["at"], end["at"])
            self.assertRegex(end["note"], r"each edge may lie up to [0-9.]+ s earlier")

    def test_both_are_kept(self):
        rows = query(self.store, "SELECT object,kind,certain,round(lowest,3),ended>began,"
                                 "resolution BETWEEN 900 AND 3000 FROM supply_event ORDER BY id")
        self.assertEqual(rows, [("p1", 0, 1, 80.0, 1, 1), ("p1", 1, 1, 1.0, 1, 1)])

    def test_the_record_has_the_time_of_good_voltage(self):
        point = self.record["points"][0]
        self.assertGreater(point["voltage_monitored_s"], 3)
        self.assertLess(point["voltage_monitored_s"], 30)
        self.assertTrue(0 <= point["voltage_ok_pct"] <= 100)

    def test_the_page_says_it_in_both_languages(self):
        page = self.folder / "page.html"
        self.request("--html", page)
        zh = page.read_text()
        en = self.request("--lang", "en")
        for text, words in ((zh, ("供电中断", "电压暂降", "合格率", "4100123456", "P-77", "L9")),
                            (en, ("interruption", "sag", "qualified", "4100123456", "P-77", "L9"))):
            for word in words:
                self.assertIn(word, text)
            self.assertIn("&lt;Works&gt; &amp; Sons", text)
            self.assertNotIn("<Works>", text)
            self.assertIn("<path class=\"load\" d=\"M", text)
            self.assertRegex(text, r"80\.0</td>")
            self.assertRegex(text, r">1\.0</td>")
            self.assertIsNone(re.search(r"(src|href)=|url\(", text), "something from outside")
        self.assertEqual(len(re.findall("<td>供电中断</td>", zh)), 1)
        self.assertEqual(len(re.findall("<td>电压暂降</td>", zh)), 1)

    def test_the_csv_has_every_figure(self):
        file = self.folder / "figures.csv"
        self.request("--csv", file)
        with open(file, newline="") as f:
            rows = list(csv.DictReader(f))
        of = {(r["section"], r["object"], r["quantity"]): r for r in rows}
        self.assertAlmostEqual(float(of["sag", "p1", "lowest"]["value"]), 80.0)
        self.assertAlmostEqual(float(of["interruption", "p1", "lowest"]["value"]), 1.0)
        self.assertAlmostEqual(float(of["transformer", "t1", "max"]["value"]), 500.0)
        self.assertAlmostEqual(float(of["line", "L9", "headroom"]["value"]), 100.0)
        self.assertAlmostEqual(float(of["demand", "main", "contract"]["value"]), 350.0)
        self.assertEqual(len([r for r in rows if r["section"] == "curve"]), 96)

    def refused(self, alert):
        done = subprocess.run([str(BUSBAR), "request", "--config", str(self.site), "--data",
                               str(CONFIG), "--measure", str(alert)], capture_output=True, text=True,
                              timeout=60, env=environment(self.offset))
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        return done.stderr

    def test_a_measure_of_yesterday_has_figures_so_far(self):
        self.assertIn("no alert 70", self.refused(70))
        db = sqlite3.connect(self.store)  # the daemon has ended
        begin = db.execute("SELECT min(began) FROM supply_event").fetchone()[0]
        add = ("INSERT INTO alert(id,source,rule,object,active,handling,severity,worst,raised,config,"
               "measure,measured) VALUES(?,2,'A08','p1',0,0,1,1,1,'','tap',?)")
        db.execute(add, (71, None))
        db.execute(add, (72, begin - 86400000))
        db.commit()
        db.close()
        self.assertIn("alert 71 has no measure", self.refused(71))
        page = self.request("--measure", 72, "--lang", "en")
        self.assertIn("Before and after the measure", page)
        for name in ("interruptions", "sags"):
            self.assertIn(f'<td>{name}</td><td class="n">0</td><td class="n">1</td>', page)


if __name__ == "__main__":
    unittest.main()

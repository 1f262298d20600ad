#!/usr/bin/python3
"""cmd replay: a range comes again with the same bytes, whatever happens meanwhile, and hurts nothing.

The store holds ROWS events that count as delivered before the gateway starts, so that whatever a
platform sees of them was sent again."""
import json
import signal
import sqlite3
import time
import unittest

from gateway import Gateway, clock_offset, query, wait_until
from test_mqtt_commands import FAR_FROM_EDGE_S, CommandCase
from test_mqtt_delivery import ROOT, setUpModule
from uplink import Platform

ROWS = 400
DAY_MS = 86400000
MEMBERS = ('"event":"device_down","object":"grid","rule":null,"severity":"warning","state":"raised",'
           '"at":"2026-11-20T10:00:00+08:00","value":%d,"threshold":null,"unit":null,"actor":null,'
           '"note":null,"evidence":[]')


class ReplayCase(CommandCase):
    def prepare(self, delivered=ROWS, **options):
        """A site whose store holds ROWS events, of which the first ones count as delivered."""
        site = self.site(self.server.url, **options)
        with Gateway(site, clock_offset(FAR_FROM_EDGE_S)) as gateway:
            gateway.wait_log("connected to")
        with sqlite3.connect(self.store) as db:
            db.execute("DELETE FROM outbox")
            for i in range(1, ROWS + 1):
                row = db.execute("INSERT INTO event(t,layout,offset_s,body) VALUES(?,1,28800,?)",
                                 (self.epoch() + i, MEMBERS % i))
                db.execute("INSERT INTO outbox VALUES(?,1,?,0,1,1,?)",
                           (i, row.lastrowid, self.now_ms() + i))
            db.execute("INSERT OR REPLACE INTO cursor VALUES('mqtt',?,?,x'')",
                       (self.epoch(), delivered))
        db.close()
        with self.platform.changed:
            self.platform.messages.clear()
        return site

    def now_ms(self):
        return int((time.time() + clock_offset(FAR_FROM_EDGE_S)) * 1000)

    def start(self, site, expect=0):
        gateway = Gateway(site, clock_offset(FAR_FROM_EDGE_S), expect=expect)
        self.addCleanup(gateway.stop)
        self.wait_online()
        return gateway

    def replay(self, name, first, last, **members):
        return self.ask({"id": name, "cmd": "replay", "epoch": self.epoch(), "from_seq": first,
                         "to_seq": last, **members})

    def sent(self, platform=None):
        """seq -> times it came, of the prepared rows."""
        platform, times = platform or self.platform, {}
        with platform.changed:
            for _, body, _, _ in platform.messages:
                if body and body.get("seq", ROWS + 1) <= ROWS:
                    times[body["seq"]] = times.get(body["seq"], 0) + 1
        return times

    def wait_sent(self, first, last, seconds=40):
        wanted = set(range(first, last + 1))
        self.platform.wait(f"{first} to {last}", lambda: wanted <= set(self.sent()), seconds)

    def open_ranges(self):
        return query(self.store, "SELECT from_seq, to_seq, done FROM replay ORDER BY id")

    def wait_closed(self):
        wait_until("no open range", lambda: self.open_ranges() == [], 20)


class Replay(ReplayCase):
    def test_a_range_comes_again_with_the_same_bytes(self):
        site = self.prepare(delivered=0)
        self.start(site)
        self.wait_sent(1, ROWS)
        self.wait_all_acknowledged()
        answer = self.replay("r-1", 10, 60)
        self.assertEqual({k: v for k, v in answer.items() if k not in ("v", "t")},
                         {"id": "r-1", "ok": True, "from_seq": 10, "to_seq": 60, "rows": 51,
                          "expired": 0})
        self.wait_closed()
        times = self.sent()
        self.assertEqual([s for s in times if times[s] != (2 if 10 <= s <= 60 else 1)], [])
        self.assertEqual([s for s, bodies in self.platform.seqs().items() if len(bodies) != 1], [])
        again = self.replay("r-1", 10, 60)  # a repeated command is answered, not executed
        self.assertEqual(again["rows"], 51)
        time.sleep(0.5)
        self.assertEqual(self.sent(), times)
        self.check_valid()

    def test_a_stop_in_the_middle_goes_on_where_it_was(self):
        site = self.prepare(backlog_per_s=60)
        gateway = self.start(site)
        self.assertTrue(self.replay("r-1", 1, ROWS)["ok"])
        self.wait_sent(1, 80)
        self.assertEqual(gateway.stop(), 0)
        done = self.open_ranges()
        self.assertEqual([row[:2] for row in done], [(1, ROWS)])
        self.assertGreater(done[0][2], 50)
        self.start(site)
        self.wait_sent(1, ROWS)
        self.wait_closed()
        twice = [s for s, n in self.sent().items() if n > 1]
        self.assertLessEqual(len(twice), 20)  # what was in flight
        self.check_valid()

    def test_a_kill_in_the_middle_leaves_no_gap(self):
        site = self.prepare(backlog_per_s=60)
        gateway = self.start(site, expect=-signal.SIGKILL)
        self.assertTrue(self.replay("r-1", 1, ROWS)["ok"])
        self.wait_sent(1, 80)
        gateway.stop(signal.SIGKILL)
        self.start(site)
        self.wait_sent(1, ROWS)
        self.wait_closed()
        self.assertLess(len([s for s, n in self.sent().items() if n > 1]), ROWS // 2)
        self.check_valid()

    def test_a_kill_right_after_the_reply_forgets_nothing(self):
        site = self.prepare(backlog_per_s=1)
        gateway = self.start(site, expect=-signal.SIGKILL)
        self.assertTrue(self.replay("r-1", 1, ROWS)["ok"])
        gateway.stop(signal.SIGKILL)
        self.assertEqual([row[:2] for row in self.open_ranges()], [(1, ROWS)])

    def test_a_lost_broker_repeats_what_it_had_not_acknowledged(self):
        site = self.prepare(backlog_per_s=60, ack="subscriber")
        gateway = self.start(site)
        self.assertTrue(self.replay("r-1", 1, ROWS)["ok"])
        self.wait_sent(1, 50)
        self.server.stop()
        lost = gateway.wait_log("not connected to")
        self.server.start()
        gateway.wait_log("connected to", "MQTT 5", after=lost + 1)
        self.wait_sent(1, ROWS)
        self.wait_closed()
        self.check_valid()

    def test_two_ranges_come_one_after_the_other_and_a_third_joins_its_neighbour(self):
        site = self.prepare(backlog_per_s=100)
        self.start(site)
        self.assertEqual(self.replay("r-1", 100, 199)["rows"], 100)
        self.assertEqual(self.replay("r-2", 1, 50)["rows"], 50)
        self.assertEqual(self.replay("r-3", 200, 210)["rows"], 11)
        self.assertEqual(len(self.open_ranges()), 2)
        self.wait_sent(100, 210)
        self.assertNotIn(50, self.sent())
        self.wait_sent(1, 50)
        self.wait_closed()
        self.assertEqual(sorted(self.sent()), [*range(1, 51), *range(100, 211)])
        self.assertEqual(set(self.sent().values()), {1})
        self.check_valid()

    def test_live_values_and_new_events_do_not_wait_for_it(self):
        site = self.prepare(backlog_per_s=5)
        self.start(site)
        self.assertTrue(self.replay("r-1", 1, ROWS)["ok"])
        self.wait_sent(1, 2)
        before = len(self.platform.bodies("live"))
        with sqlite3.connect(self.store) as db:  # the gateway finds it within five seconds
            row = db.execute("INSERT INTO event(t,layout,offset_s,body) VALUES(?,1,28800,?)",
                             (self.epoch(), MEMBERS % 0))
            db.execute("INSERT INTO outbox VALUES(?,1,?,0,1,1,?)",
                       (ROWS + 1, row.lastrowid, self.now_ms()))
        db.close()
        self.platform.wait("the new event", lambda: ROWS + 1 in self.platform.seqs(), 20)
        self.assertLess(max(self.sent()), ROWS)
        self.platform.wait("live values",
                           lambda: len(self.platform.bodies("live")) > before + 2, 20)
        self.check_valid()

    def test_with_platform_its_word_closes_the_range(self):
        site = self.prepare(ack="platform")
        self.start(site)
        self.assertTrue(self.replay("r-1", 1, 30)["ok"])
        self.wait_sent(1, 30)
        time.sleep(1.5)  # commits
        self.assertEqual([row[2] for row in self.open_ranges()], [0])
        ack = {"epoch": self.epoch(), "ranges": [[1, 30]]}
        self.sender.publish(f"{ROOT}/ack", json.dumps(ack), qos=1).wait_for_publish(10)
        self.wait_closed()

    def test_a_reload_goes_on(self):
        site = self.prepare(backlog_per_s=60)
        gateway = self.start(site)
        self.assertTrue(self.replay("r-1", 1, ROWS)["ok"])
        self.wait_sent(1, 60)
        gateway.send(signal.SIGHUP)
        gateway.wait_log("reload: configuration")
        self.wait_sent(1, ROWS)
        self.wait_closed()
        self.check_valid()


class Limits(ReplayCase):
    def test_what_is_beyond_the_reach_is_answered_as_expired(self):
        site = self.prepare()
        with sqlite3.connect(self.store) as db:
            db.execute("UPDATE outbox SET t=t-? WHERE seq<=20", (401 * DAY_MS,))
            db.execute("UPDATE outbox SET t=t-? WHERE seq BETWEEN 30 AND 39", (399 * DAY_MS,))
        db.close()
        self.start(site)
        answer = self.replay("r-1", 1, 50)
        self.assertEqual([answer[k] for k in ("from_seq", "to_seq", "rows", "expired",
                                              "expired_ranges", "expired_unnamed")],
                         [21, 50, 30, 20, [[1, 20]], 0])
        self.wait_sent(21, 50)
        self.wait_closed()
        self.assertEqual(min(self.sent()), 21)
        none = self.replay("r-2", 5, 9)
        self.assertIn("expired: nothing of 5 to 9", none["error"])
        self.check_valid()

    def test_refusals_say_what_to_ask_for(self):
        site = self.prepare()
        self.start(site)
        wrong = self.replay("r-1", 1, 2, epoch=self.epoch() - 1)
        self.assertIn(f"which is {self.epoch()}", wrong["error"])
        beyond = self.replay("r-2", 1, ROWS + 500)
        self.assertRegex(beyond["error"], "beyond the last message, [0-9]+; ask up to that one")
        before = self.replay("r-3", 9, 8)
        self.assertIn("to_seq 8 lies before from_seq 9", before["error"])
        self.assertEqual(self.open_ranges(), [])
        self.check_valid()

    def test_more_than_sixteen_ranges_are_refused(self):
        site = self.prepare(backlog_per_s=1)
        self.start(site)
        for i in range(16):
            self.assertTrue(self.replay(f"r-{i}", 300 - 10 * i, 308 - 10 * i)["ok"])
        self.assertIn("16 ranges wait already", self.replay("one more", 5, 6)["error"])


if __name__ == "__main__":
    unittest.main()

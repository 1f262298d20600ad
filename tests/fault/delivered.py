"""What the platform must have after a fault, whatever the fault was: every seq, each with one content;
every slot in revisions 0, 1, 2 ...; registers that go on where they ended."""
import datetime

from gateway import query
from records import newest, when

PERIODS = ("1m", "15m", "1h", "1d", "1mo", "bill")
LENGTH = {"1m": datetime.timedelta(minutes=1), "15m": datetime.timedelta(minutes=15),
          "1h": datetime.timedelta(hours=1)}


def head(store):
    return query(store, "SELECT max(seq) FROM outbox")[0][0] or 0


def wait_for_all(platform, store, seconds=90):
    """Until the platform has as many seqs as the store gave, while the store gives no more."""
    def all_there():
        last = head(store)
        return last if len(platform.seqs()) >= last and head(store) == last else None
    return platform.wait("every row of the outbox", all_there, seconds)


def assert_seqs(test, platform, last):
    """Dense from 1 to last; what came more than once came byte for byte the same."""
    seqs = platform.seqs()
    test.assertEqual([s for s in range(1, last + 1) if s not in seqs], [], "seqs that never came")
    test.assertEqual([s for s in seqs if s > last], [], "seqs that the store never gave")
    changed = {s: sorted(p)[:2] for s, p in seqs.items() if len(p) != 1}
    test.assertEqual(changed, {}, "seqs with two contents")


def first_bodies(platform, period):
    """The records of a period, each seq once."""
    return list({body["seq"]: body for body in platform.bodies(f"record/{period}")}.values())


def assert_revisions(test, platform):
    """No (period, start, revision) under two seqs, none left out."""
    for period in PERIODS:
        found = {}
        for body in first_bodies(platform, period):
            key = (body["start"], body.get("part", 1), tuple(p["account"] for p in body["demand"])
                   if period == "bill" else None)
            found.setdefault(key, []).append(body["revision"])
        for key, revisions in found.items():
            test.assertEqual(sorted(revisions), list(range(len(revisions))), f"{period} {key}")


def assert_slots(test, platform, period, first, last):
    """Every slot in [first, last) is there. Returns the newest bodies of all by start."""
    found = newest(platform.bodies(f"record/{period}"))
    count = (last - first) // LENGTH[period]
    wanted = [first + k * LENGTH[period] for k in range(count)]
    test.assertEqual([s for s in wanted if s not in found], [], f"{period} slots that never came")
    for start in wanted:
        test.assertEqual(when(found[start]["end"]) - start, LENGTH[period])
    return found


def assert_registers_go_on(test, quarters):
    """Where both are known, a slot's registers begin where those of the slot before ended."""
    compared = 0
    before = None
    for start, body in sorted(quarters.items()):
        if before is not None and when(before["end"]) == start:
            ends = {d["id"]: d["register"] for d in before["devices"]}
            for entry in body["devices"]:
                for side, register in entry["register"].items():
                    end = ends.get(entry["id"], {}).get(side)
                    if register and end and None not in (register["start"], end["end"]):
                        test.assertAlmostEqual(register["start"], end["end"], delta=1e-6,
                                               msg=f"{start} {entry['id']} {side}")
                        compared += 1
        before = body
    return compared

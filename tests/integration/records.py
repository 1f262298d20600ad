"""What several tests ask of records: their times, newest revisions, and that energies can be reproduced."""
import datetime

SOURCES = {"pv", "wind", "generator", "storage", "battery"}  # what they give is export


def when(text):
    return datetime.datetime.fromisoformat(text)


def newest(bodies):
    """By start, in order of time: of each slot the body with the highest revision."""
    found = {}
    for body in bodies:
        start = when(body["start"])
        if start not in found or found[start]["revision"] < body["revision"]:
            found[start] = body
    return dict(sorted(found.items()))


def device(body, name):
    return next(d for d in body["devices"] if d["id"] == name)


def reproduced(entry, side):
    """Energy of a device from the record alone, docs/mqtt.md: (end - start) x multiplier + edge +
    rollover, and how near it must be; None when there is nothing to reproduce it by."""
    register = entry["register"].get(side)
    suffix = "" if side == "import" else "export_"
    if not register or register["start"] is None or entry[f"energy_{side}_kwh"] is None:
        return None
    energy = (register["end"] - register["start"]) * entry["multiplier"]
    energy += entry[f"edge_{suffix}kwh"] + entry[f"rollover_{suffix}kwh"]
    return energy, 0.003 + 0.000001 * entry["multiplier"]

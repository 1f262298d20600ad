#!/usr/bin/env python3
"""docs/schema against what the gateway writes, and against bodies that must be refused.

The bodies come from the unit tests of format/, which leave each of them in BUSBAR_BODY_DIR as
<schema>-<name>.json. Their programs are looked for in BUSBAR_TEST_BIN_DIR.
"""
import copy
import json
import os
import pathlib
import subprocess
import tempfile
import unittest

import jsonschema

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAMS = ("unit_test_record", "unit_test_bodies")
SCHEMAS = ("record", "live", "status", "site", "event", "tombstone")
REMOVED = object()

TOMBSTONE = {
    "v": 1, "t": "2026-11-23T08:15:00+08:00", "epoch": 1795305600123,
    "seq_from": 10, "seq_to": 20, "dropped": "disk_budget",
}

# Members of contract features beside those that are written today.
RECORD_ADDITIONS = {
    "points": [{"id": "p1", "import_kwh": 155.0, "export_kwh": None,
                "kvarh": {"q1": 1, "q2": 0, "q3": 0, "q4": None},
                "s_max_kva": 1000, "power_factor": 0.93}],
    "demand": [{"account": "main", "block_kw": 600, "sliding_max_kw": 640.5,
                "sliding_max_at": "2026-11-23T08:20:00+08:00", "month_max_kw": None,
                "month_max_at": None, "contract_kw": 3200}],
    "transformers": [{"id": "t1", "s_avg_kva": 600, "s_max_kva": 700, "load_pct": 17.5,
                      "headroom_kva": 3300}],
    "carbon": {"location_kg": 90.1, "scope1_kg": None,
               "factor": {"id": "henan-2023", "series": "province", "area": "henan", "year": 2023,
                          "kg_per_kwh": 0.5897, "provisional": False}},
    "tariff": [{"account": "main", "id": "henan-2024", "status": "unverified",
                "import_kwh": {"flat": 155}, "export_kwh": {}, "cost_cny": "101.25"}],
    "ratios": {"self_consumption": 1, "green_share": None},
    "balance": {"residual_kwh": 0.25, "residual_pct": 0.2, "suspect": None},
    "something_new": {"of": "a later version"},
}

# schema, body, path to the member, what is put there.
REFUSED = [
    ("record", "sunny", ["v"], 2),
    ("record", "sunny", ["epoch"], REMOVED),
    ("record", "sunny", ["epoch"], "1795305600123"),
    ("record", "sunny", ["seq"], 0),
    ("record", "sunny", ["seq"], 1.5),
    ("record", "sunny", ["site"], "Not An Id"),
    ("record", "sunny", ["t"], REMOVED),
    ("record", "sunny", ["period"], "2m"),
    ("record", "sunny", ["start"], "2026-11-23T08:15:00"),
    ("record", "sunny", ["start"], "2026-11-23T08:15:00Z"),
    ("record", "sunny", ["start"], "2026-13-23T08:15:00+08:00"),
    ("record", "sunny", ["end"], 1795392900000),
    ("record", "sunny", ["end"], None),
    ("record", "sunny", ["revision"], -1),
    ("record", "sunny", ["coverage"], 1.01),
    ("record", "sunny", ["coverage"], None),
    ("record", "sunny", ["quality"], "fine"),
    ("record", "sunny", ["quality"], None),
    ("record", "sunny", ["cause"], REMOVED),
    ("record", "sunny", ["late"], 0),
    ("record", "sunny", ["clock", "state"], "ok"),
    ("record", "sunny", ["clock", "offset_ms"], REMOVED),
    ("record", "sunny", ["power_kw"], REMOVED),
    ("record", "sunny", ["power_kw", "grid"], 600),
    ("record", "sunny", ["power_kw", "grid", "avg"], "600"),
    ("record", "sunny", ["power_kw", "grid", "min"], REMOVED),
    ("record", "sunny", ["power_kw", "new_role"], {"avg": 1}),
    ("record", "sunny", ["energy_kwh"], REMOVED),
    ("record", "sunny", ["energy_kwh", "import"], -0.001),
    ("record", "sunny", ["energy_kwh", "load"], "149.75"),
    ("record", "sunny", ["storage", "soc_end_pct"], 101),
    ("record", "sunny", ["completeness"], REMOVED),
    ("record", "sunny", ["completeness", "stored"], None),
    ("record", "sunny", ["part"], 1),
    ("record", "devices", ["parts"], REMOVED),
    ("record", "devices", ["parts"], 1),
    ("record", "devices", ["devices"], {}),
    ("record", "devices", ["devices", 0, "id"], ""),
    ("record", "devices", ["devices", 0, "role"], "meter"),
    ("record", "devices", ["devices", 0, "energy_method"], "guess"),
    ("record", "devices", ["devices", 0, "register"], None),
    ("record", "devices", ["devices", 0, "register", "import", "end"], REMOVED),
    ("record", "devices", ["devices", 0, "register_at"], [None]),
    ("record", "devices", ["devices", 0, "register_at", 0], "08:15"),
    ("record", "devices", ["devices", 0, "multiplier"], REMOVED),
    ("record", "devices", ["devices", 1, "power_kw"], None),
    ("live", "sunny", ["t"], None),
    ("live", "sunny", ["power_kw", "grid"], {"avg": 600}),
    ("live", "sunny", ["soc_pct"], REMOVED),
    ("live", "sunny", ["quality"], "ok"),
    ("live", "sunny", ["devices", "online"], None),
    ("status", "online", ["state"], "away"),
    ("status", "online", ["since"], None),
    ("status", "online", ["config"], "xyz"),
    ("status", "online", ["seq_head"], -1),
    ("status", "will", ["epoch"], REMOVED),
    ("site", "hybrid", ["uscc"], REMOVED),
    ("site", "hybrid", ["valid_from"], None),
    ("site", "hybrid", ["accounts"], None),
    ("site", "hybrid", ["accounts", 0, "contract", 0, "from"], "soon"),
    ("site", "hybrid", ["accounts", 0, "points", 0, "device"], None),
    ("site", "hybrid", ["accounts", 0, "points", 0, "line_limit_kva"], "6000"),
    ("site", "hybrid", ["accounts", 0, "billing"], "by month"),
    ("site", "hybrid", ["accounts", 0, "billing_day"], 0),
    ("site", "hybrid", ["accounts", 0, "transformers", 0, "device"], 1),
    ("site", "hybrid", ["devices", 0, "role"], None),
    ("site", "hybrid", ["devices", 0, "rated_kw"], "4000"),
    ("event", "alert", ["severity"], "bad"),
    ("event", "alert", ["state"], "up"),
    ("event", "alert", ["at"], None),
    ("event", "alert", ["event"], "Device Down"),
    ("event", "alert", ["value"], "3360"),
    ("event", "alert", ["evidence"], [0]),
    ("event", "start", ["object"], REMOVED),
]


def replaced(body, path, value):
    """A copy of body whose member at path is value, or gone."""
    result = copy.deepcopy(body)
    place = result
    for key in path[:-1]:
        place = place[key]
    if value is REMOVED:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return result


class Schemas(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.validators = {}
        for name in SCHEMAS:
            schema = json.loads((ROOT / "docs/schema" / f"{name}.json").read_text("utf-8"))
            jsonschema.Draft202012Validator.check_schema(schema)
            cls.validators[name] = jsonschema.Draft202012Validator(schema)
        with tempfile.TemporaryDirectory() as folder:
            for program in PROGRAMS:
                subprocess.run([pathlib.Path(os.environ["BUSBAR_TEST_BIN_DIR"]) / program],
                               check=True, capture_output=True,
                               env={**os.environ, "BUSBAR_BODY_DIR": folder})
            cls.bodies = {tuple(path.stem.split("-", 1)): json.loads(path.read_text("utf-8"))
                          for path in pathlib.Path(folder).glob("*.json")}
        cls.bodies["tombstone", "budget"] = TOMBSTONE

    def assert_valid(self, schema, body):
        errors = [f"{error.json_path}: {error.message}"
                  for error in self.validators[schema].iter_errors(body)]
        self.assertEqual(errors, [])

    def test_every_kind_of_body_is_there(self):
        self.assertEqual({schema for schema, _ in self.bodies}, set(SCHEMAS))

    def test_what_the_gateway_writes_is_valid(self):
        for (schema, name), body in self.bodies.items():
            with self.subTest(schema=schema, body=name):
                self.assert_valid(schema, body)

    def test_members_of_later_versions_are_allowed(self):
        for (schema, name), body in self.bodies.items():
            with self.subTest(schema=schema, body=name):
                self.assert_valid(schema, {**body, "something_new": [1, "two"]})
        self.assert_valid("record", {**self.bodies["record", "sunny"], **RECORD_ADDITIONS})

    def test_additions_are_checked_too(self):
        body = {**self.bodies["record", "sunny"], **RECORD_ADDITIONS}
        for path, value in (
            (["tariff", 0, "cost_cny"], 101.25),
            (["tariff", 0, "status"], "maybe"),
            (["demand", 0, "sliding_max_at"], "noon"),
            (["points", 0, "power_factor"], 1.2),
            (["carbon", "factor", "id"], REMOVED),
        ):
            with self.subTest(path=path):
                self.assertFalse(self.validators["record"].is_valid(replaced(body, path, value)))

    def test_bad_bodies_are_refused(self):
        for schema, name, path, value in REFUSED:
            with self.subTest(schema=schema, body=name, path=path):
                bad = replaced(self.bodies[schema, name], path, value)
                self.assertFalse(self.validators[schema].is_valid(bad))

    def test_every_member_of_a_tombstone_is_needed(self):
        for member in TOMBSTONE:
            with self.subTest(member=member):
                bad = replaced(TOMBSTONE, [member], REMOVED)
                self.assertFalse(self.validators["tombstone"].is_valid(bad))

    def test_a_body_is_an_object(self):
        for schema, validator in self.validators.items():
            for bad in (None, [], "online", 1):
                with self.subTest(schema=schema, body=bad):
                    self.assertFalse(validator.is_valid(bad))


if __name__ == "__main__":
    unittest.main()

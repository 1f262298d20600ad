#!/usr/bin/env python3
"""docs/schema against what the gateway writes and takes, and against bodies that must be refused.

The bodies come from unit tests, which leave each of them in BUSBAR_BODY_DIR as
<schema>-<name>.json: what format/ and publish/ write, and the commands that orders/ accepts. Their programs are looked for in BUSBAR_TEST_BIN_DIR.
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
PROGRAMS = ("unit_test_record", "unit_test_record_month", "unit_test_record_sections",
            "unit_test_bodies", "unit_test_metrics", "unit_test_order_parse",
            "unit_test_publish_commands", "unit_test_alert_body", "unit_test_alert_parse",
            "unit_test_effect_body", "unit_test_notice")
SCHEMAS = ("record", "live", "status", "site", "event", "tombstone", "cmd", "cmd-reply", "alert",
           "delivery", "delivery-line", "alerts", "webhook")
REMOVED = object()

TOMBSTONE = {
    "v": 1, "t": "2026-11-23T08:15:00+08:00", "epoch": 1795305600123,
    "seq_from": 10, "seq_to": 20, "dropped": "disk_budget",
}

# schema, body, path to the member, what is put there.
REFUSED = [
    ("delivery-line", "record", ["topic"], REMOVED),
    ("delivery-line", "record", ["topic"], "record/2m"),
    ("delivery-line", "record", ["topic"], "live"),
    ("delivery-line", "record", ["body"], "{}"),
    ("delivery-line", "record", ["body", "epoch"], REMOVED),
    ("record", "quarter", ["v"], 2),
    ("record", "quarter", ["epoch"], REMOVED),
    ("record", "quarter", ["epoch"], "1795305600123"),
    ("record", "quarter", ["seq"], 0),
    ("record", "quarter", ["seq"], 1.5),
    ("record", "quarter", ["site"], "Not An Id"),
    ("record", "quarter", ["t"], REMOVED),
    ("record", "quarter", ["period"], "2m"),
    ("record", "quarter", ["start"], "2026-11-23T08:15:00"),
    ("record", "quarter", ["start"], "2026-11-23T08:15:00Z"),
    ("record", "quarter", ["start"], "2026-13-23T08:15:00+08:00"),
    ("record", "quarter", ["end"], 1795392900000),
    ("record", "quarter", ["end"], None),
    ("record", "quarter", ["revision"], -1),
    ("record", "quarter", ["coverage"], 1.01),
    ("record", "quarter", ["coverage"], None),
    ("record", "quarter", ["quality"], "fine"),
    ("record", "quarter", ["quality"], None),
    ("record", "quarter", ["cause"], REMOVED),
    ("record", "quarter", ["late"], 0),
    ("record", "quarter", ["clock", "state"], "ok"),
    ("record", "quarter", ["clock", "offset_ms"], REMOVED),
    ("record", "quarter", ["power_kw"], REMOVED),
    ("record", "quarter", ["power_kw", "grid"], 600),
    ("record", "quarter", ["power_kw", "grid", "avg"], "600"),
    ("record", "quarter", ["power_kw", "grid", "min"], REMOVED),
    ("record", "quarter", ["power_kw", "new_role"], {"avg": 1}),
    ("record", "quarter", ["energy_kwh"], REMOVED),
    ("record", "quarter", ["energy_kwh", "import"], -0.001),
    ("record", "quarter", ["energy_kwh", "load"], "149.75"),
    ("record", "quarter", ["storage", "soc_end_pct"], 101),
    ("record", "quarter", ["completeness"], REMOVED),
    ("record", "quarter", ["completeness", "stored"], None),
    ("record", "quarter", ["part"], 1),
    ("record", "quarter", ["ratios"], REMOVED),
    ("record", "quarter", ["ratios", "green_share"], 1.1),
    ("record", "quarter", ["points", 0, "id"], ""),
    ("record", "quarter", ["points", 0, "kvarh", "q4"], REMOVED),
    ("record", "quarter", ["points", 0, "reactive_method"], "guess"),
    ("record", "quarter", ["points", 0, "power_factor"], 1.2),
    ("record", "quarter", ["points", 0, "frequency_hz"], 50),
    ("record", "quarter", ["points", 0, "s_max_at"], REMOVED),
    ("record", "quarter", ["demand", 0, "account"], None),
    ("record", "quarter", ["demand", 0, "sliding_max_at"], "noon"),
    ("record", "quarter", ["demand", 0, "combination"], "sum"),
    ("record", "quarter", ["transformers", 0, "loss_kwh"], "1.25"),
    ("record", "quarter", ["carbon", "location_kg"], REMOVED),
    ("record", "quarter", ["carbon", "national_kg"], REMOVED),
    ("record", "quarter", ["carbon", "stored_estimated"], None),
    ("record", "quarter", ["carbon", "factor", "id"], REMOVED),
    ("record", "quarter", ["carbon", "factor", "kg_per_kwh"], "0.5897"),
    ("record", "quarter", ["tariff", 0, "status"], "maybe"),
    ("record", "quarter", ["tariff", 0, "cost_cny"], 97.51),
    ("record", "quarter", ["tariff", 0, "cost_cny"], "97,51"),
    ("record", "quarter", ["tariff", 0, "estimated"], None),
    ("record", "quarter", ["tariff", 0, "priced_by"], "guess"),
    ("record", "quarter", ["tariff", 0, "import_kwh", "deep"], REMOVED),
    ("record", "quarter", ["balance", "suspect_kind"], "stolen"),
    ("record", "quarter", ["balance", "bad_slots"], -1),
    ("record", "minute", ["power_kw"], REMOVED),
    ("record", "minute", ["carbon", "factor"], REMOVED),
    ("record", "day", ["storage", "round_trip"], REMOVED),
    ("record", "day", ["completeness", "slots"], REMOVED),
    ("record", "day", ["completeness", "boundary_error_s"], REMOVED),
    ("record", "day", ["load"], REMOVED),
    ("record", "day", ["filed"], None),
    ("record", "day", ["month", 0, "total_cny"], 141519.84),
    ("record", "day", ["month", 0, "verified"], REMOVED),
    ("record", "month", ["carbon", "market_kg"], REMOVED),
    ("record", "month", ["ratios", "available_known"], REMOVED),
    ("record", "month", ["energy_kwh"], REMOVED),
    ("record", "bill", ["account"], REMOVED),
    ("record", "bill", ["account"], None),
    ("record", "bill", ["month"], REMOVED),
    ("record", "devices", ["devices", 0, "rollover_kwh"], REMOVED),
    ("record", "devices", ["devices", 0, "edge_export_kwh"], "0"),
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
    ("delivery", "two", ["store", "failing"], 0),
    ("delivery", "two", ["store", "days_until_full"], REMOVED),
    ("delivery", "two", ["destinations", 0, "id"], ""),
    ("delivery", "two", ["destinations", 0, "backlog", "rows"], 1.5),
    ("delivery", "two", ["destinations", 0, "backlog", "age_s"], REMOVED),
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
    ("event", "step", ["alert"], 0),
    ("event", "step", ["action"], REMOVED),
    ("event", "step", ["text", "zh"], REMOVED),
    ("event", "step", ["note_zh"], 7),
    ("alerts", "list", ["next_below"], REMOVED),
    ("alerts", "list", ["alerts", 0, "id"], 0),
    ("alerts", "list", ["alerts", 0, "handling"], "done"),
    ("alerts", "list", ["alerts", 0, "overdue"], None),
    ("alerts", "list", ["alerts", 0, "due"], "2026-11-23T08:15:00+08:00"),
    ("alerts", "list", ["alerts", 0, "measure", "by"], REMOVED),
    ("alerts", "list", ["alerts", 1, "raised"], None),
    ("alerts", "one", ["alerts", 0, "steps", 0, "step"], "up"),
    ("alerts", "one", ["alerts", 0, "steps", 0, "evidence", "seq"], []),
    ("alerts", "one", ["alerts", 0, "steps", 0, "curve", 0, "t"], 5),
    ("event", "platform-raised", ["message_id"], 7),
    ("event", "effect-complete", ["effect"], None),
    ("event", "effect-complete", ["effect", "baseline"], "yesterday"),
    ("event", "effect-complete", ["effect", "cny"], 40.13),
    ("event", "effect-complete", ["effect", "coverage"], None),
    ("event", "effect-complete", ["effect", "rebound_kwh"], REMOVED),
    ("event", "effect-complete", ["effect", "site"], None),
    ("webhook", "two", ["alerts", 0, "seq"], 0),
    ("webhook", "two", ["alerts", 0, "severity"], "bad"),
    ("webhook", "two", ["alerts", 0, "note"], "words"),
    ("webhook", "two", ["alerts"], REMOVED),
    ("webhook", "two", ["count"], 0),
    ("webhook", "two", ["t"], None),
    ("cmd", "ping", ["id"], REMOVED),
    ("cmd", "ping", ["id"], ""),
    ("cmd", "ping", ["id"], "a\nb"),
    ("cmd", "ping", ["id"], 7),
    ("cmd", "ping", ["id"], "x" * 65),
    ("cmd", "ping", ["cmd"], "dance"),
    ("cmd", "ping", ["cmd"], "recompute"),
    ("cmd", "prices", ["rows"], []),
    ("cmd", "prices", ["rows", 0, "price"], 0.3821),
    ("cmd", "prices", ["rows", 0, "price"], "0.123456789"),
    ("cmd", "prices", ["rows", 0, "unit"], "CNY/MWh"),
    ("cmd", "prices", ["rows", 0, "month"], "2026-13"),
    ("cmd", "prices", ["rows", 0, "component"], "vat"),
    ("cmd", "prices", ["rows", 0, "version"], 0),
    ("cmd", "prices", ["rows", 0, "status"], "maybe"),
    ("cmd", "curve", ["points"], [1] * 95),
    ("cmd", "curve", ["points", 5], None),
    ("cmd", "curve", ["date"], "25.11.2026"),
    ("cmd", "curve", ["kind"], "co2"),
    ("cmd", "curve", ["label"], REMOVED),
    ("cmd", "replay", ["to_seq"], REMOVED),
    ("cmd", "replay", ["from_seq"], 0),
    ("cmd-reply", "ping", ["ok"], "yes"),
    ("cmd-reply", "ping", ["id"], REMOVED),
    ("cmd-reply", "ping", ["id"], ""),
    ("cmd-reply", "ping", ["t"], None),
    ("cmd-reply", "ping", ["error"], "yet it is ok"),
    ("cmd-reply", "hash", ["config"], "xyz"),
    ("cmd-reply", "unknown", ["error"], REMOVED),
]


def schema_and_name(stem):
    """("cmd-reply", "ping") of cmd-reply-ping: the longest schema that fits."""
    schema = max((s for s in SCHEMAS if stem.startswith(s + "-")), key=len)
    return schema, stem[len(schema) + 1:]


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
            cls.refused = [path.read_text("utf-8") for path in pathlib.Path(folder).glob("alert-*.refused")]
            cls.bodies = {schema_and_name(path.stem): json.loads(path.read_text("utf-8"))
                          for path in pathlib.Path(folder).glob("*.json")}
        cls.bodies["tombstone", "budget"] = TOMBSTONE
        cls.bodies["delivery-line", "record"] = {"topic": "record/15m", "body": cls.bodies["record", "quarter"]}

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
        for path in (["points", 0], ["demand", 0], ["transformers", 0], ["carbon"], ["tariff", 0],
                     ["ratios"], ["balance"], ["completeness"], ["month", 0], ["load"]):
            with self.subTest(path=path):
                body = replaced(self.bodies["record", "day"], [*path, "something_new"], {"of": 1})
                self.assert_valid("record", body)

    def test_bad_bodies_are_refused(self):
        for schema, name, path, value in REFUSED:
            with self.subTest(schema=schema, body=name, path=path):
                bad = replaced(self.bodies[schema, name], path, value)
                self.assertFalse(self.validators[schema].is_valid(bad))

    def test_an_alert_that_the_gateway_refuses_is_none_by_the_schema(self):
        def once_each(pairs):
            if len(dict(pairs)) < len(pairs):
                raise ValueError("a member comes twice")
            return dict(pairs)

        self.assertGreater(len(self.refused), 20)
        for text in self.refused:
            with self.subTest(text=text):
                try:
                    body = json.loads(text, object_pairs_hook=once_each)
                except ValueError:
                    continue
                self.assertFalse(self.validators["alert"].is_valid(body))

    def test_every_example_of_a_schema_is_valid(self):
        for name, validator in self.validators.items():
            for body in validator.schema.get("examples", []):
                with self.subTest(schema=name):
                    self.assert_valid(name, body)

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

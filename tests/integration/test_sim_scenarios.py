#!/usr/bin/python3
"""Faults of the simulated plant itself show in the truth, and the scenario files are of the demo site."""
import tempfile
import unittest

import yaml

from simulator import CONFIG, Sim


class Scenarios(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="busbar-sim-")
        cls.addClassCleanup(cls.folder.cleanup)
        cls.sim = Sim(cls.folder.name)
        cls.addClassCleanup(cls.sim.stop)

    def test_what_is_wrong_with_the_plant_is_in_the_truth(self):
        self.sim.set_faults([{"device": "pv1", "fault": "output", "kw": 0},
                             {"device": "pv2", "fault": "output", "kw": 200},
                             {"device": "pcs", "fault": "output", "kw": -90}])
        truth = self.sim.wait_truth(self.sim.truth()["t"] + 1000)["devices"]
        self.assertEqual([truth[d]["power_kw"] for d in ("pv1", "pv2", "pcs")], [0, 200, -90])

    def test_every_scenario_is_of_the_demo_site(self):
        files = sorted((CONFIG / "scenarios").glob("*.yaml"))
        self.assertGreaterEqual(len(files), 10)
        for file in files:
            self.sim.set_faults(yaml.safe_load(file.read_text()))


if __name__ == "__main__":
    unittest.main()

#!/usr/bin/python3
"""The node as a program on the host."""
import unittest

from node_cases import NodeCases
from nodes import host_node


class NodeOnHost(NodeCases, unittest.TestCase):
    start = staticmethod(host_node)


if __name__ == "__main__":
    unittest.main()

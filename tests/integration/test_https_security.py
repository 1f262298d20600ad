#!/usr/bin/python3
"""Who may take batches: certificates that must fit, tokens and keys that must be closed to others.

Every refusal is one clear line with the next step, and nothing is sent."""
import stat
import tempfile
import unittest

import test_https_delivery as deliveries
from gateway import environment
from receiver import Authority
from simulator import free_port
from test_https_delivery import TOKEN, setUpModule  # noqa: F401


class Secure(deliveries.Delivery):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="busbar-https-tls-")
        cls.addClassCleanup(folder.cleanup)
        cls.authority = Authority(folder.name, "authority")
        cls.other = Authority(folder.name, "other")
        cls.good = cls.authority.issue("good")
        cls.gateway_pair = cls.authority.issue("gateway")

    def check_delivers(self, receiver, env=None, **options):
        with self.start(self.site({"https": receiver.url, **options}), env=env) as gateway:
            self.wait_stored()
        self.check_everything_once(receiver)
        self.assertFalse([line for line in gateway.lines if "not delivered" in line])

    def check_refused(self, receiver, *words, **options):
        with self.start(self.site({"https": receiver.url, "ca_file": self.authority.cert, **options})) as gateway:
            number = gateway.wait_log("deliver regulator: not delivered to",
                                      f"127.0.0.1:{receiver.port}", *words)
            self.assertIn("next try in", gateway.lines[number])
        self.assertEqual(receiver.requests, [])
        self.assertEqual(self.cursor(), (0, 0))
        return gateway.lines

    def test_a_certificate_that_fits_is_enough(self):
        self.check_delivers(self.receiver(self.good), ca_file=self.authority.cert)

    def test_proxies_of_the_environment_are_not_asked(self):
        dead = f"http://127.0.0.1:{free_port()}"
        env = {**environment(deliveries.offset), "https_proxy": dead, "HTTPS_PROXY": dead, "ALL_PROXY": dead,
               "http_proxy": dead}
        self.check_delivers(self.receiver(self.good), env=env, ca_file=self.authority.cert)

    def test_a_certificate_of_another_authority_is_refused(self):
        self.check_refused(self.receiver(self.other.issue("server")),
                           f"not from an authority in {self.authority.cert}", "ca_file", "nothing was sent")

    def test_without_a_ca_file_the_systems_authorities_count(self):
        receiver = self.receiver(self.good)
        with self.start(self.site({"https": receiver.url})) as gateway:
            gateway.wait_log("not delivered", "not from an authority in the system's certificates")
        self.assertEqual(receiver.requests, [])

    def test_an_expired_certificate_is_refused(self):
        self.check_refused(self.receiver(self.authority.issue("old", days=-1)),
                           "certificate has expired", "check the date", "nothing was sent")

    def test_a_certificate_for_another_host_is_refused(self):
        self.check_refused(self.receiver(self.authority.issue("elsewhere", "DNS:elsewhere.example.org")),
                           "for another host name", "nothing was sent")

    def test_a_server_that_wants_a_certificate_gets_it(self):
        cert, key = self.gateway_pair
        self.check_delivers(self.receiver(self.good, client_authority=self.authority.cert),
                            ca_file=self.authority.cert, cert_file=cert, key_file=key)

    def test_a_missing_certificate_of_the_gateway_is_named(self):
        self.check_refused(self.receiver(self.good, client_authority=self.authority.cert),
                           "give cert_file and key_file")

    def test_a_key_that_others_can_read_is_not_used(self):
        cert, key = self.authority.issue("open")
        key.chmod(0o644)
        receiver = self.receiver(self.good, client_authority=self.authority.cert)
        self.check_refused(receiver, "mode 0644", f"chmod 0600 {key}", cert_file=cert, key_file=key)
        self.assertEqual(receiver.connections, 0)

    def test_a_token_file_that_others_can_read_is_not_used(self):
        path = self.folder / "token"
        path.write_text(TOKEN + "\n")
        path.chmod(0o644)
        self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o644)
        receiver = self.receiver(self.good)
        lines = self.check_refused(receiver, "mode 0644", f"chmod 0600 {path}", token_file=path)
        self.assertEqual(receiver.connections, 0)
        self.assertEqual([line for line in lines if TOKEN in line], [])

    def test_a_plain_server_behind_https_gets_nothing(self):
        receiver = self.receiver()
        self.check_refused(Fake(receiver), "TLS")


class Fake:
    """A receiver with another scheme in its address."""

    def __init__(self, receiver):
        self.receiver, self.port = receiver, receiver.port
        self.url = receiver.url.replace("http:", "https:")
        self.requests = receiver.requests


if __name__ == "__main__":
    unittest.main()

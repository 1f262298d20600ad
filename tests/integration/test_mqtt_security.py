#!/usr/bin/python3
"""Who may talk to the broker: passwords that never show in the log, certificates that must fit.

Every refusal is one clear line with the next step; a broker that could not prove who it is gets not
even a CONNECT."""
import signal
import socket
import ssl
import stat
import subprocess
import threading
import unittest

from gateway import Gateway, clock_offset, environment, wait_until
from test_mqtt_delivery import Delivery, setUpModule
from uplink import Broker

PASSWORD = "Correct-horse-7#"
WRONG = "Battery-staple-8#"
DAY_S = 86400


class Secure(Delivery):
    def setUp(self):
        super().setUp()
        self.broker_log = self.folder / "mosquitto.log"

    def broker(self, *options):
        # as the test's own user: the folder is closed to the one mosquitto would change to
        broker = Broker(self.folder, ["user root", "connection_messages true", "log_type all",
                                      f"log_dest file {self.broker_log}", *options])
        self.addCleanup(broker.stop)
        return broker

    def check_delivers(self, site):
        """Connects and has a record acknowledged; returns the log."""
        with Gateway(site, clock_offset(5)) as gateway:
            gateway.wait_log("connected to", "MQTT 5", seconds=10)
            wait_until("both records acknowledged", lambda: self.cursor()[0] >= 2, 30)
        self.assertIn("Received PUBLISH", self.broker_log.read_text())
        self.assertFalse([line for line in gateway.lines if "not connected" in line])
        return gateway.lines

    def check_refused(self, site, *words):
        """One line says why, and nothing was published; returns the log."""
        with Gateway(site, clock_offset(450)) as gateway:
            number = gateway.wait_log("not connected to", *words, seconds=15)
            self.assertIn("next try in", gateway.lines[number])
        self.assertFalse([line for line in gateway.lines if "(MQTT" in line])
        self.assertNotIn("Received PUBLISH", self.broker_log.read_text())
        return gateway.lines


class Passwords(Secure):
    def setUp(self):
        super().setUp()
        known = self.folder / "known"
        subprocess.run(["mosquitto_passwd", "-c", "-b", str(known), "gateway", PASSWORD],
                       check=True, capture_output=True)
        self.server = self.broker("allow_anonymous false", f"password_file {known}")

    def password_file(self, text, mode=0o600):
        path = self.folder / "secret"
        path.write_text(text + "\n")
        path.chmod(mode)
        self.assertEqual(stat.S_IMODE(path.stat().st_mode), mode)
        return path

    def check_no_password(self, lines):
        found = [line for line in lines if PASSWORD in line or WRONG in line]
        self.assertEqual(found, [])

    def test_the_right_password_in_a_closed_file_delivers(self):
        path = self.password_file(PASSWORD, 0o600)
        self.check_no_password(self.check_delivers(
            self.site(self.server.url, username="gateway", password_file=path)))

    def test_a_wrong_password_names_what_to_check(self):
        path = self.password_file(WRONG)
        lines = self.check_refused(
            self.site(self.server.url, username="gateway", password_file=path),
            f"127.0.0.1:{self.server.port}", "mqtt.password_file", "mqtt.username")
        self.check_no_password(lines)

    def test_no_user_at_all_is_told_the_same(self):
        self.check_refused(self.site(self.server.url), "mqtt.password_file", "mqtt.username")

    def test_a_password_file_that_others_can_read_is_not_used(self):
        path = self.password_file(PASSWORD, 0o644)
        lines = self.check_refused(
            self.site(self.server.url, username="gateway", password_file=path),
            "mode 0644", f"chmod 0600 {path}")
        self.check_no_password(lines)
        self.assertNotIn("New client connected", self.broker_log.read_text())

    def test_an_empty_password_file_is_named(self):
        path = self.password_file("")
        self.check_refused(self.site(self.server.url, username="gateway", password_file=path),
                           str(path), "one line")

    def test_a_missing_password_file_is_named(self):
        path = self.folder / "nowhere"
        self.check_refused(self.site(self.server.url, username="gateway", password_file=path),
                           str(path), "No such file")


class TlsCase(Secure):
    def openssl(self, *arguments, offset=None):
        done = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, text=True,
                              env=environment(offset), cwd=self.folder)
        self.assertEqual(done.returncode, 0, done.stderr)

    def authority(self, name):
        self.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                     "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.pem", "-days", 30,
                     "-subj", f"/CN={name}", offset=-5 * DAY_S)
        return self.folder / f"{name}.pem"

    def certificate(self, names, authority="ca", days=20, offset=-4 * DAY_S):
        """broker.pem and broker.key, for these names and valid for days from the offset on."""
        (self.folder / "names").write_text(f"subjectAltName={names}\n")
        self.openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                     "-keyout", "broker.key", "-out", "broker.csr", "-subj", "/CN=broker")
        self.openssl("x509", "-req", "-in", "broker.csr", "-CA", f"{authority}.pem", "-CAkey",
                     f"{authority}.key", "-CAcreateserial", "-days", days, "-extfile", "names",
                     "-out", "broker.pem", offset=offset)

    def tls_broker(self, names, options=(), **certificate):
        self.certificate(names, **certificate)
        return self.broker(f"certfile {self.folder / 'broker.pem'}",
                           f"keyfile {self.folder / 'broker.key'}", *options)

    def check_no_connect(self, site, *words):
        lines = self.check_refused(site, *words)
        log = self.broker_log.read_text()
        self.assertNotIn("New client connected", log)
        self.assertNotIn("Sending CONNACK", log)
        return lines


class Tls(TlsCase):
    def test_a_certificate_for_the_address_delivers(self):
        ca = self.authority("ca")
        broker = self.tls_broker("IP:127.0.0.1,DNS:localhost")
        self.check_delivers(self.site(f"mqtts://127.0.0.1:{broker.port}", ca_file=ca))

    def test_a_certificate_for_the_name_delivers(self):
        ca = self.authority("ca")
        broker = self.tls_broker("IP:127.0.0.1,DNS:localhost")
        self.check_delivers(self.site(f"mqtts://localhost:{broker.port}", ca_file=ca))

    def test_another_authority_is_not_trusted(self):
        self.authority("ca")
        other = self.authority("other")
        broker = self.tls_broker("IP:127.0.0.1")
        self.check_no_connect(self.site(f"mqtts://127.0.0.1:{broker.port}", ca_file=other),
                              "TLS failed", "unknown CA", "check ca_file")

    def test_the_systems_authorities_do_not_know_the_broker_either(self):
        self.authority("ca")
        broker = self.tls_broker("IP:127.0.0.1")
        self.check_no_connect(self.site(f"mqtts://127.0.0.1:{broker.port}"),
                              "TLS failed", "check ca_file")

    def test_an_expired_certificate_is_refused(self):
        ca = self.authority("ca")
        broker = self.tls_broker("IP:127.0.0.1", days=2)
        self.check_no_connect(self.site(f"mqtts://127.0.0.1:{broker.port}", ca_file=ca),
                              "TLS failed", "certificate expired", "the clock")

    def test_a_certificate_for_another_address_is_refused(self):
        ca = self.authority("ca")
        broker = self.tls_broker("IP:127.0.0.2,DNS:broker.example")
        self.check_no_connect(self.site(f"mqtts://127.0.0.1:{broker.port}", ca_file=ca),
                              "another name than 127.0.0.1", "mqtt.url")

    def test_a_certificate_for_another_name_is_refused(self):
        ca = self.authority("ca")
        broker = self.tls_broker("IP:127.0.0.1,DNS:broker.example")
        self.check_no_connect(self.site(f"mqtts://localhost:{broker.port}", ca_file=ca),
                              "another name than localhost", "mqtt.url")

    def test_a_missing_ca_file_is_named(self):
        self.authority("ca")
        broker = self.tls_broker("IP:127.0.0.1")
        missing = self.folder / "gone.pem"
        self.check_no_connect(self.site(f"mqtts://127.0.0.1:{broker.port}", ca_file=missing),
                              f"cannot read ca_file {missing}")

    def test_a_broker_without_tls_gets_nothing_in_the_open(self):
        ca = self.authority("ca")
        broker = self.broker()
        lines = self.check_no_connect(self.site(f"mqtts://127.0.0.1:{broker.port}", ca_file=ca),
                                      "TLS")
        # what the library sees depends on how the broker hangs up
        self.assertRegex("\n".join(lines), "no TLS there|that the port speaks TLS")


class ClientCertificates(TlsCase):
    """A broker that asks the gateway for a certificate of its own."""

    def strict_broker(self):
        ca = self.authority("ca")
        broker = self.tls_broker("IP:127.0.0.1", options=[f"cafile {ca}", "require_certificate true",
                                                          "use_identity_as_username true"])
        return ca, f"mqtts://127.0.0.1:{broker.port}"

    def client_certificate(self, authority="ca", days=20, offset=-4 * DAY_S):
        self.openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                     "-keyout", "gateway.key", "-out", "gateway.csr", "-subj", "/CN=gateway-1")
        self.openssl("x509", "-req", "-in", "gateway.csr", "-CA", f"{authority}.pem", "-CAkey",
                     f"{authority}.key", "-CAcreateserial", "-days", days, "-out", "gateway.pem",
                     offset=offset)
        return {"cert_file": self.folder / "gateway.pem", "key_file": self.folder / "gateway.key"}

    def test_with_it_everything_is_delivered(self):
        ca, url = self.strict_broker()
        self.check_delivers(self.site(url, ca_file=ca, **self.client_certificate()))
        self.assertIn("u'gateway-1'", self.broker_log.read_text())

    def test_without_it_the_log_says_what_to_configure(self):
        ca, url = self.strict_broker()
        # whether the broker's alert comes before its hanging up is up to the network
        self.check_refused(self.site(url, ca_file=ca), "asks for a certificate",
                           "set mqtt.cert_file and mqtt.key_file")

    def test_one_that_has_expired_is_named(self):
        ca, url = self.strict_broker()
        files = self.client_certificate(days=2)
        self.check_refused(self.site(url, ca_file=ca, **files), "refuses the gateway's certificate",
                           str(files["cert_file"]), "renew it")

    def test_one_of_another_authority_is_named(self):
        ca, url = self.strict_broker()
        self.authority("other")
        files = self.client_certificate(authority="other")
        self.check_refused(self.site(url, ca_file=ca, **files), "refuses the gateway's certificate",
                           str(files["cert_file"]))

    def test_a_missing_key_file_is_named(self):
        ca, url = self.strict_broker()
        files = self.client_certificate()
        files["key_file"].unlink()
        self.check_no_connect(self.site(url, ca_file=ca, **files),
                              f"cannot read key_file {files['key_file']}")

    def test_a_key_of_another_certificate_is_named(self):
        ca, url = self.strict_broker()
        files = self.client_certificate()
        self.openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", "gateway.key")
        self.check_no_connect(self.site(url, ca_file=ca, **files), 
                              str(files["cert_file"]), "do not belong together")


class Listener:
    """Ends the TLS handshake as a server and keeps whatever it could decrypt."""

    def __init__(self, certificate, key):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate, key)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.connections, self.received = 0, b""
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                plain, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            with plain:
                plain.settimeout(2)
                try:
                    with self.context.wrap_socket(plain, server_side=True) as s:
                        self.received += s.recv(65536)
                except OSError:
                    continue

    def stop(self):
        self.listener.close()


class Impostors(TlsCase):
    """A listener that cannot prove who it is gets not one byte of MQTT, seen from its own side."""

    def impostor(self, names, **options):
        self.certificate(names, **options)
        listener = Listener(self.folder / "broker.pem", self.folder / "broker.key")
        self.addCleanup(listener.stop)
        return listener

    def check_hears_nothing(self, listener, ca, *words):
        secret = self.folder / "secret"
        secret.write_text(PASSWORD + "\n")
        secret.chmod(0o600)
        site = self.site(f"mqtts://127.0.0.1:{listener.port}", ca_file=ca, username="gateway",
                         password_file=secret)
        with Gateway(site, clock_offset(450)) as gateway:
            number = gateway.wait_log("not connected to", f"127.0.0.1:{listener.port}", *words)
            wait_until("a second try", lambda: listener.connections >= 2, 20)
        self.assertIn("next try in", gateway.lines[number])
        self.assertEqual(listener.received, b"")
        self.assertFalse([line for line in gateway.lines if PASSWORD in line])

    def test_of_another_authority(self):
        self.authority("ca")
        other = self.authority("other")
        self.check_hears_nothing(self.impostor("IP:127.0.0.1"), other, "TLS failed", f"ca_file {other}")

    def test_with_an_expired_certificate(self):
        ca = self.authority("ca")
        self.check_hears_nothing(self.impostor("IP:127.0.0.1", days=2), ca, "certificate expired")

    def test_with_a_certificate_for_another_name(self):
        ca = self.authority("ca")
        self.check_hears_nothing(self.impostor("DNS:broker.example"), ca, "another name than 127.0.0.1")

    def test_one_that_proves_it_is_heard(self):
        """The same listener: else the tests above could not fail."""
        ca = self.authority("ca")
        listener = self.impostor("IP:127.0.0.1")
        with Gateway(self.site(f"mqtts://127.0.0.1:{listener.port}", ca_file=ca),
                     clock_offset(450)) as gateway:
            gateway.wait_log("not connected to", f"127.0.0.1:{listener.port}")
            wait_until("a CONNECT", lambda: listener.received, 20)
        self.assertEqual(listener.received[:1], b"\x10")  # CONNECT


class AccessLists(Secure):
    """PUBACKs with a reason of 0x80 or more: nothing counts as delivered, all of it comes later."""

    def test_what_the_access_list_forbids_stays_until_it_is_allowed(self):
        rules = self.folder / "acl"
        topics = "topic write busbar/1/d1/works/gw1/{}\n"
        rules.write_text(topics.format("status") + topics.format("site") + topics.format("live"))
        server = self.broker(f"acl_file {rules}")
        with Gateway(self.site(server.url), clock_offset(5)) as gateway:
            refused = gateway.wait_log("refused a message", "0x87", "check the broker's access list")
            self.assertGreaterEqual(len(self.outbox()), 1)
            self.assertEqual(self.cursor()[0], 0)
            rules.write_text("topic readwrite #\n")
            server.process.send_signal(signal.SIGHUP)
            self.wait_all_acknowledged()
        later = [line for line in gateway.lines[refused + 1:] if "refused a message" in line]
        self.assertEqual(later, [])  # said once

if __name__ == "__main__":
    unittest.main()

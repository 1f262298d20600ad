#!/usr/bin/python3
"""Who may see the page: busbar passwd, logins, roles, sessions over a restart, TLS, and what is refused. The
stream of live values, and what many listeners cost nobody."""
import base64
import contextlib
import gzip
import http.client
import json
import pathlib
import signal
import socket
import ssl
import subprocess
import tempfile
import time
import unittest

from gateway import Gateway, wait_until
from simulator import BUSBAR, Sim, free_port
from store_rig import SITE

PASSWORD = "correct horse battery"
JSON = {"Content-Type": "application/json"}


def setUpModule():
    folder = tempfile.TemporaryDirectory(prefix="busbar-web-sim-")
    unittest.addModuleCleanup(folder.cleanup)
    site = pathlib.Path(folder.name) / "site.yaml"
    site.write_text(SITE)
    Login.simulator = Sim(folder.name, site)
    unittest.addModuleCleanup(Login.simulator.stop)


class Login(unittest.TestCase):
    simulator = None

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="busbar-web-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.users = self.folder / "users"
        self.port = free_port()
        self.tls = None
        self.cookie = None

    def passwd(self, *words, password=PASSWORD, expect=0):
        done = subprocess.run([str(BUSBAR), "passwd", "--file", str(self.users), *words], input=password + "\n",
                              capture_output=True, text=True, timeout=30)
        self.assertEqual(done.returncode, expect, done.stderr)
        return done

    def site(self, listen="127.0.0.1", web=""):
        path = self.folder / "site.yaml"
        sections = self.simulator.site_file.read_text().split("\nstore:")[0].rstrip("\n")
        path.write_text(f"{sections}\nstore: {{path: {self.folder}/busbar.db}}\n"
                        f"web: {{listen: \"{listen}:{self.port}\"{web}}}\n")
        return path

    @contextlib.contextmanager
    def gateway(self, **options):
        with Gateway(self.site(web=", users_file: users" + options.pop("web", ""), **options)) as gateway:
            gateway.wait_log("web: listens on")
            yield gateway

    def ask(self, method, path, body=None, headers=None):
        """Status, headers, body of one request, with the cookie that the last answer set."""
        if self.tls:
            c = http.client.HTTPSConnection("localhost", self.port, timeout=20, context=self.tls)
        else:
            c = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        all_headers = dict(headers or {})
        if self.cookie:
            all_headers["Cookie"] = self.cookie
        c.request(method, path, body=body, headers=all_headers)
        r = c.getresponse()
        text = r.read()
        c.close()
        if r.getheader("Set-Cookie"):
            self.cookie = r.getheader("Set-Cookie").split(";")[0]
        return r.status, r.headers, text

    def login(self, user, password=PASSWORD, headers=JSON):
        return self.ask("POST", "/api/v1/login", json.dumps({"user": user, "password": password}), headers)

    # ---- users and sessions --------------------------------------------------------------------

    def test_nothing_is_shown_without_a_login_and_everything_with_one(self):
        self.passwd("wang", "--role", "operator")
        self.passwd("screen")
        self.assertEqual(self.users.stat().st_mode & 0o777, 0o600)
        self.assertEqual(self.passwd("--list").stdout, "wang operator\nscreen viewer\n")
        with self.gateway() as gateway:
            self.assertEqual(self.ask("GET", "/healthz")[0], 200)
            for path in ("/api/v1/live", "/api/v1/records?period=1m", "/metrics", "/api/v1/stream"):
                status, headers, text = self.ask("GET", path)
                self.assertEqual(status, 401, path)
                self.assertIn("/api/v1/login", json.loads(text)["error"])
                self.assertNotIn("Basic", headers["WWW-Authenticate"])
            self.assertEqual(json.loads(self.ask("GET", "/api/v1/session")[2]), {"user": None, "role": None})
            status, headers, text = self.login("wang")
            self.assertEqual((status, json.loads(text)), (200, {"user": "wang", "role": "operator"}))
            for word in ("HttpOnly", "SameSite=Strict", "Path=/"):
                self.assertIn(word, headers["Set-Cookie"])
            self.assertEqual(self.ask("GET", "/api/v1/live")[0], 200)
            self.assertEqual(json.loads(self.ask("GET", "/api/v1/session")[2])["user"], "wang")
            gateway.wait_log("wang logged in")
            kept = self.cookie
        with self.gateway() as gateway:  # a restart
            self.assertEqual(self.ask("GET", "/api/v1/live")[0], 200)
            listens = len([x for x in gateway.lines if "web: listens" in x])
            gateway.send(signal.SIGHUP)  # a reload
            wait_until("it listens again", lambda: len([x for x in gateway.lines if "web: listens" in x]) > listens, 20)
            wait_until("it answers", lambda: self.try_live() == 200, 20)
            self.assertEqual(self.ask("POST", "/api/v1/logout", "{}", JSON)[0], 200)
            self.cookie = kept
            self.assertEqual(self.ask("GET", "/api/v1/live")[0], 401)
            self.login("wang")
            self.passwd("wang", password="another password")  # counts at once
            self.assertEqual(self.ask("GET", "/api/v1/live")[0], 401)
            self.cookie = None
            self.assertEqual(self.login("wang")[0], 401)
            self.assertEqual(json.loads(self.login("wang", "another password")[2])["role"], "operator")
            secrets = [x for x in gateway.lines if "password" in x and ("another" in x or "horse" in x)]
            self.assertEqual(secrets, [])

    def try_live(self):
        try:
            return self.ask("GET", "/api/v1/live")[0]
        except OSError:
            return None

    def test_programs_use_basic(self):
        self.passwd("prometheus")
        with self.gateway():
            def with_password(password):
                words = base64.b64encode(f"prometheus:{password}".encode()).decode()
                return self.ask("GET", "/metrics", headers={"Authorization": "Basic " + words})[0]
            self.assertEqual(with_password(PASSWORD), 200)
            self.assertEqual(with_password(PASSWORD + "x"), 401)

    def test_guessing_is_slowed_down(self):
        self.passwd("wang")
        with self.gateway():
            answers = [self.login("wang", "wrong password " + str(i)) for i in range(6)]
            self.assertEqual([a[0] for a in answers], [401] * 5 + [429])
            self.assertRegex(json.loads(answers[5][2])["error"], r"try again in \d+ s")
            self.assertEqual(self.login("wang")[0], 429)  # right, but too early
            wait_until("its turn", lambda: self.login("wang")[0] == 200, 20)

    def test_another_sites_page_can_do_nothing(self):
        self.passwd("wang", "--role", "operator")
        with self.gateway():
            self.assertEqual(self.login("wang", headers={"Content-Type": "text/plain"})[0], 403)
            self.assertEqual(self.login("wang", headers=dict(JSON, Origin="https://evil.example"))[0], 403)
            self.assertEqual(self.login("wang", headers=dict(JSON, Origin=f"http://127.0.0.1:{self.port}"))[0], 200)
            self.assertEqual(self.ask("POST", "/api/v1/logout", "{}", {"Content-Type": "text/plain"})[0], 403)
            self.assertEqual(self.ask("GET", "/api/v1/live")[0], 200)
            self.assertEqual(self.ask("GET", "/api/v1/login")[0], 405)
            self.assertEqual(self.ask("POST", "/api/v1/live", "{}", JSON)[0], 405)

    def test_bad_bodies_are_named(self):
        self.passwd("wang")
        with self.gateway():
            for body in ("", "{", "[]", '{"user":1,"password":2}', '{"user":"wang"}', "\x00" * 10):
                status, _, text = self.ask("POST", "/api/v1/login", body, JSON)
                self.assertEqual(status, 400, body)
                self.assertIn('{"user":..,"password":..}', json.loads(text)["error"])
            self.assertEqual(self.login("wang", "x" * 5000)[0], 413)
            with self.assertRaises((OSError, http.client.HTTPException)):  # without a length: cut
                self.ask("POST", "/api/v1/login", (b"x" * 1000 for _ in range(1000)), JSON)
            self.assertEqual(self.login("wang")[0], 200)

    # ---- beyond loopback, TLS ------------------------------------------------------------------

    def test_beyond_loopback_only_with_users(self):
        with Gateway(self.site("0.0.0.0"), expect=78) as gateway:
            gateway.wait_log("open to the network", "add users_file")
            gateway.process.wait(20)
        self.passwd("wang")
        with self.gateway(listen="0.0.0.0") as gateway:
            gateway.wait_log("passwords cross the network in the open", "web.tls")
            self.assertEqual(self.ask("GET", "/api/v1/live", headers={"Host": "busbar.works.example"})[0], 401)
            self.login("wang")
            self.assertEqual(self.ask("GET", "/api/v1/live", headers={"Host": "busbar.works.example"})[0], 200)

    def test_mistakes_in_the_users_file_are_named(self):
        for text, mode, words in (("", 0o600, "names no user; run busbar passwd"),
                                  ("wang\n", 0o600, ":1 is not NAME:ROLE:HASH"),
                                  ("wang:viewer:$argon2id$x\n", 0o644, "chmod 0600")):
            self.users.write_text(text)
            self.users.chmod(mode)
            with Gateway(self.site(web=", users_file: users")) as gateway:
                gateway.wait_log("web: ", words, "goes on without the page")
        self.users.unlink()
        self.assertIn("10 to 256 bytes", self.passwd("wang", password="short", expect=1).stderr)
        self.assertIn("a role is viewer or operator", self.passwd("wang", "--role", "boss", expect=64).stderr)
        self.assertIn("letters, digits", self.passwd("wang li", expect=64).stderr)
        self.assertFalse(self.users.exists())

    def test_tls(self):
        self.passwd("wang")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                        "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
                        "-keyout", self.folder / "key.pem", "-out", self.folder / "cert.pem"],
                       check=True, capture_output=True)
        (self.folder / "key.pem").chmod(0o644)
        tls = ", tls: {cert_file: cert.pem, key_file: key.pem}"
        with Gateway(self.site(web=", users_file: users" + tls)) as gateway:
            gateway.wait_log("key.pem has mode 0644", "chmod 0600")
        (self.folder / "key.pem").chmod(0o600)
        with self.gateway(web=tls):
            self.tls = ssl.create_default_context(cafile=str(self.folder / "cert.pem"))
            status, headers, _ = self.login("wang")
            self.assertEqual(status, 200)
            self.assertIn("Secure", headers["Set-Cookie"])
            self.assertEqual(self.ask("GET", "/api/v1/live")[0], 200)
            old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
            old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
            old.set_ciphers("ALL:@SECLEVEL=0")
            with self.assertRaises(ssl.SSLError):
                with socket.create_connection(("127.0.0.1", self.port), timeout=20) as s:
                    old.wrap_socket(s)

    # ---- answers -------------------------------------------------------------------------------

    def test_a_long_answer_is_compressed_and_not_sent_twice(self):
        with Gateway(self.site()) as gateway:
            gateway.wait_log("web: listens on")
            path = "/api/v1/completeness?month=2026-01"
            plain = self.ask("GET", path)[2]
            status, headers, text = self.ask("GET", path, headers={"Accept-Encoding": "br, gzip"})
            self.assertEqual((status, headers["Content-Encoding"]), (200, "gzip"))
            self.assertEqual(json.loads(gzip.decompress(text))["devices"], json.loads(plain)["devices"])
            self.assertLess(len(text), len(plain) / 2)
            status, headers, _ = self.ask("GET", "/healthz")
            self.assertRegex(headers["ETag"], r'^W/"[0-9a-f]{16}"$')

    # ---- the stream ----------------------------------------------------------------------------

    def listen(self, timeout=20):
        """The messages of a stream: (event, id, data), as they come."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=timeout) as s:
            s.sendall(b"GET /api/v1/stream HTTP/1.1\r\nHost: localhost\r\n\r\n")
            with s.makefile("rb") as f:
                head = b""
                while not head.endswith(b"\r\n\r\n"):
                    head += f.readline()
                assert b" 200 " in head.splitlines()[0] and b"text/event-stream" in head, head
                fields = {}
                for line in self.lines_of_chunks(f):
                    if not line and "data" in fields:
                        yield fields["event"], int(fields["id"]), json.loads(fields["data"])
                        fields = {}
                    elif ": " in line:
                        name, value = line.split(": ", 1)
                        fields[name] = value

    @staticmethod
    def lines_of_chunks(f):
        rest = ""
        while (size := int(f.readline() or b"0", 16)) > 0:
            rest += f.read(size).decode()
            f.read(2)
            *lines, rest = rest.split("\n")
            yield from lines

    def test_live_values_come_every_second_and_again_after_a_restart(self):
        for _ in range(2):
            with Gateway(self.site()) as gateway:
                gateway.wait_log("web: listens on")
                stream, seen = self.listen(), []
                while len(seen) < 3 or seen[-1][2]["power_kw"]["grid"] is None:
                    seen.append(next(stream))
                self.assertEqual({event for event, _, _ in seen}, {"live"})
                times = [t for _, t, _ in seen]
                self.assertEqual(times, sorted(set(times)))
                self.assertTrue(all(t % 1000 == 0 for t in times))
                grid = seen[-1][2]["power_kw"]["grid"]
                now = json.loads(self.ask("GET", "/api/v1/live")[2])
                self.assertAlmostEqual(grid, now["power_kw"]["grid"], delta=0.2 * abs(grid) + 1)
            self.assertRaises((StopIteration, OSError, ValueError), lambda: [next(stream) for _ in range(5)])

    def test_50_listeners_get_the_same_and_a_65th_is_told(self):
        with Gateway(self.site()) as gateway:
            gateway.wait_log("web: listens on")
            streams = [self.listen() for _ in range(50)]
            first = [next(s) for s in streams]
            seconds = [next(s) for s in streams]
            by_id = {}
            for _, t, data in first + seconds:
                self.assertEqual(by_id.setdefault(t, data), data)
            more = [self.listen() for _ in range(14)]
            for s in more:
                next(s)
            status, _, text = self.ask("GET", "/api/v1/stream")
            self.assertEqual(status, 503)
            self.assertIn("64 others listen", json.loads(text)["error"])
            self.assertEqual(self.ask("GET", "/api/v1/live")[0], 200)
            for s in streams + more:
                s.close()
            wait_until("places are free again", lambda: self.first_message(), 20)
            begin = time.monotonic()
            list_of = [next(self.listen()) for _ in range(2)]
            self.assertEqual(len(list_of), 2)
            self.assertLess(time.monotonic() - begin, 20)

    def first_message(self):
        try:
            return next(self.listen())
        except AssertionError:
            return None


if __name__ == "__main__":
    unittest.main()

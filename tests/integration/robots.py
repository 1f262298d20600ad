"""Receivers of notifications: group robots that check signatures as their makers say, and plain ones.

`script` says how the first requests are answered, a function each; then `then` answers."""
import base64
import hashlib
import hmac
import http.server
import json
import ssl
import threading
import time
import urllib.parse


def answer(status, text="", headers=()):
    def run(handler, _):
        raw = text.encode()
        handler.send_response(status)
        for name, value in headers:
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(raw)))
        handler.end_headers()
        handler.wfile.write(raw)
    return run


TAKEN = {"json": answer(204), "wecom": answer(200, '{"errcode":0,"errmsg":"ok"}'),
         "dingtalk": answer(200, '{"errcode":0,"errmsg":"ok"}'),
         "feishu": answer(200, '{"code":0,"msg":"success","data":{}}')}


class Message:
    def __init__(self, path, headers, raw):
        self.path, self.headers, self.raw = path, headers, raw
        self.at = time.monotonic()
        self.body = json.loads(raw)
        self.query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(path).query))

    def text(self):
        b = self.body
        return (b.get("markdown", {}).get("content") or b.get("markdown", {}).get("text")
                or b.get("content", {}).get("text") or b["text"])

    def signed_by(self, kind, secret, now):
        """As the receiver's maker computes it, with a time that is right within a minute."""
        if kind == "dingtalk":
            stamp, sign, unit = self.query["timestamp"], self.query["sign"], 1000
            mac = hmac.new(secret.encode(), f"{stamp}\n{secret}".encode(), hashlib.sha256)
        elif kind == "feishu":
            stamp, sign, unit = self.body["timestamp"], self.body["sign"], 1
            mac = hmac.new(f"{stamp}\n{secret}".encode(), b"", hashlib.sha256)
        else:
            mac = hmac.new(secret.encode(), self.raw, hashlib.sha256)
            return self.headers["X-Busbar-Signature"] == "sha256=" + mac.hexdigest()
        return abs(int(stamp) / unit - now) < 60 and sign == base64.b64encode(mac.digest()).decode()


class Robot:
    def __init__(self, kind="json", certificate=None, script=(), then=None):
        self.kind, self.messages, self.sockets, self.connections = kind, [], [], 0
        self.taken = []
        self.script, self.then = list(script), then or TAKEN[kind]
        self.changed = threading.Condition()
        self.closing = threading.Event()
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_: None  # a client that gives up is part of the tests
        self.port = self.server.server_address[1]
        self.context = None
        if certificate:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(*certificate)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def url(self, path="/send?key=S3cret-Key-of-this-robot"):
        return f"{'https' if self.context else 'http'}://127.0.0.1:{self.port}{path}"

    def _handler(self):
        robot = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self):
                robot.connections += 1
                if robot.context:
                    self.request.settimeout(20)
                    try:
                        self.request = robot.context.wrap_socket(self.request, server_side=True)
                    finally:
                        robot.sockets.append(self.request)
                super().setup()

            def do_POST(self):
                message = Message(self.path, self.headers,
                                  self.rfile.read(int(self.headers["Content-Length"])))
                with robot.changed:
                    robot.messages.append(message)
                    act = robot.script.pop(0) if robot.script else robot.then
                    robot.changed.notify_all()
                act(self, message)
                with robot.changed:
                    if act is TAKEN[robot.kind]:
                        robot.taken.append(message)
                    robot.changed.notify_all()

            def log_message(self, *_):
                pass
        return Handler

    def wait(self, what, condition, seconds=30):
        end = time.monotonic() + seconds
        with self.changed:
            while not condition():
                if time.monotonic() >= end:
                    raise AssertionError(f"{what}: not within {seconds} s; messages: "
                                         f"{[m.raw[:300] for m in self.messages[-5:]]}")
                self.changed.wait(0.1)

    def stop(self):
        self.closing.set()
        self.server.shutdown()
        self.server.server_close()
        for s in self.sockets:
            s.close()

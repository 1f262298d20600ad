"""Receivers of notifications: group robots that check signatures as their makers say, and plain ones.

`script` says how the first requests are answered, a function each; then `then` answers."""
import base64
import hashlib
import hmac
import json
import time
import urllib.parse

from scripted_server import ScriptedServer


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


class Robot(ScriptedServer):
    def __init__(self, kind="json", certificate=None, script=(), then=None):
        self.kind, self.messages, self.taken = kind, [], []
        super().__init__(certificate, script=script, then=then or TAKEN[kind])

    def url(self, path="/send?key=S3cret-Key-of-this-robot"):
        return f"{self.address}{path}"

    def read(self, path, headers, raw):
        return Message(path, headers, raw)

    def keep(self, message):
        self.messages.append(message)

    def answered(self, message, act):
        if act is TAKEN[self.kind]:
            self.taken.append(message)

    def wait(self, what, condition, seconds=30):
        end = time.monotonic() + seconds
        with self.changed:
            while not condition():
                if time.monotonic() >= end:
                    raise AssertionError(f"{what}: not within {seconds} s; messages: "
                                         f"{[m.raw[:300] for m in self.messages[-5:]]}")
                self.changed.wait(0.1)

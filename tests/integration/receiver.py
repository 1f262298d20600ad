"""An HTTPS endpoint that takes batches, as docs/https.md asks a receiver to; and certificates for it.

It keeps each request it has read as a whole. `script` says how it answers: a list of functions, one a
request, then `then` for all others. Such a function gets the handler and the request, and answers."""
import gzip
import json
import pathlib
import subprocess
import time

import jsonschema

from scripted_server import ScriptedServer

SCHEMAS = pathlib.Path(__file__).resolve().parents[2] / "docs" / "schema"
DAY_S = 86400


class Authority:
    """A certificate authority of a test, in a folder of its own."""

    def __init__(self, folder, name):
        self.folder = pathlib.Path(folder)
        self.name = name
        self.key, self.cert = self.folder / f"{name}.key", self.folder / f"{name}.pem"
        self.openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", self.key, "-out",
                     self.cert, "-subj", f"/CN={name}", "-days", "30")

    def openssl(self, *words):
        subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True)

    def issue(self, name, alternative="IP:127.0.0.1,DNS:localhost", days=10):
        """(certificate, key); days < 0: it has expired."""
        key, ask, cert = (self.folder / f"{self.name}-{name}.{e}" for e in ("key", "csr", "crt"))
        more = self.folder / f"{self.name}-{name}.ext"
        more.write_text(f"subjectAltName={alternative}\n")
        self.openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", ask, "-subj", f"/CN={name}")
        self.openssl("x509", "-req", "-in", ask, "-CA", self.cert, "-CAkey", self.key, "-CAcreateserial",
                     "-out", cert, "-days", days, "-extfile", more)
        key.chmod(0o600)
        return cert, key


class Request:
    def __init__(self, path, headers, raw):
        self.path, self.headers, self.raw = path, headers, raw
        self.key = headers.get("Idempotency-Key")
        self.at = time.monotonic()
        encoding = headers.get("Content-Encoding")
        if encoding == "zstd":
            raw = subprocess.run(["zstd", "-dc"], input=raw, capture_output=True, check=True).stdout
        elif encoding == "gzip":
            raw = gzip.decompress(raw)
        self.text = raw
        self.lines = [json.loads(line) for line in raw.decode().splitlines()]
        self.answer = None

    @property
    def seqs(self):
        return [line["body"].get("seq", line["body"].get("seq_from")) for line in self.lines]


def answer(status, text=b"", headers=()):
    def run(handler, request):
        request.answer = status
        handler.send_response(status)
        for name, value in headers:
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(text)))
        handler.end_headers()
        handler.wfile.write(text)
    return run


class Receiver(ScriptedServer):
    def __init__(self, certificate=None, client_authority=None, script=(), then=answer(204)):
        self.requests, self.invalid = [], []
        self.line_schema = jsonschema.Draft202012Validator(json.loads((SCHEMAS / "delivery-line.json").read_text()))
        self.schemas = {p.stem: jsonschema.Draft202012Validator(json.loads(p.read_text()))
                        for p in SCHEMAS.glob("*.json")}
        super().__init__(certificate, client_authority, script, then)

    @property
    def url(self):
        return f"{self.address}/in"

    def read(self, path, headers, raw):
        request = Request(path, headers, raw)
        self.check(request)
        return request

    def keep(self, request):
        self.requests.append(request)

    def check(self, request):
        for line in request.lines:
            errors = list(self.line_schema.iter_errors(line))
            leaf = line["topic"].split("/")[0]
            name = "tombstone" if "dropped" in line["body"] else leaf
            errors += self.schemas[name].iter_errors(line["body"])
            self.invalid += [str(e)[:300] for e in errors]

    def accepted(self):
        """What is left after leaving out what came again under the same key."""
        kept = {}
        with self.changed:
            for r in self.requests:
                if r.answer and 200 <= r.answer < 300:
                    kept.setdefault(r.key, r)
        return list(kept.values())

    def seqs(self):
        return [seq for r in self.accepted() for seq in r.seqs]

    def wait(self, what, condition, seconds=60):
        end = time.monotonic() + seconds
        with self.changed:
            while True:
                value = condition()
                if value:
                    return value
                if time.monotonic() >= end:
                    seen = [(r.key, r.answer) for r in self.requests[-10:]]
                    raise AssertionError(f"{what}: not within {seconds} s; last requests {seen}")
                self.changed.wait(0.1)

"""A private mosquitto, and the district platform as a subscriber that keeps every message.

Each message is validated against docs/schema as it comes; what fails is kept in `invalid`."""
import json
import pathlib
import shutil
import signal
import socket
import subprocess
import threading
import time

import jsonschema
import paho.mqtt.client as mqtt

from simulator import free_port

SCHEMAS = pathlib.Path(__file__).resolve().parents[2] / "docs" / "schema"
MOSQUITTO = shutil.which("mosquitto") or "/usr/sbin/mosquitto"


def schema_of(topic):
    """The schema's name for a topic below the gateway's root."""
    leaf = topic.split("/", 5)[5]
    return leaf.split("/")[0] if leaf.startswith("record/") else leaf.replace("/", "-")


class Broker:
    """mosquitto on a loopback port of its own. `options` are further lines of its configuration."""

    host = "127.0.0.1"

    def __init__(self, folder, options=(), port=None):
        self.port = port or free_port()
        self.config = pathlib.Path(folder) / "mosquitto.conf"
        lines = [f"listener {self.port} 127.0.0.1", *options]
        if not any(line.startswith("allow_anonymous") for line in lines):
            lines.append("allow_anonymous true")
        self.config.write_text("\n".join(lines) + "\n")
        self.process = None
        self.start()

    @property
    def url(self):
        return f"mqtt://127.0.0.1:{self.port}"

    def start(self):
        self.process = subprocess.Popen([MOSQUITTO, "-c", str(self.config)],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        end = time.monotonic() + 10
        while time.monotonic() < end:
            with socket.socket() as s:
                if s.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.02)
        raise AssertionError("mosquitto does not listen")

    def stop(self):
        if self.process:
            self.process.send_signal(signal.SIGCONT)
            self.process.kill()
            self.process.wait()
            self.process = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


class Platform:
    """Subscribes to everything at QoS 1 and keeps (topic, body, retained) in order. `options` are those
    of Paho's connect(): a session that outlives its connection, for one."""

    def __init__(self, broker, **options):
        self.messages, self.invalid = [], []
        self.changed = threading.Condition()
        self.validators = {p.stem: jsonschema.Draft202012Validator(json.loads(p.read_text()))
                           for p in SCHEMAS.glob("*.json")}
        self.client = mqtt.Client(client_id="platform", protocol=mqtt.MQTTv5)
        self.client.on_connect = lambda c, *_: c.subscribe("busbar/#", qos=1)
        self.client.on_message = self._on_message
        self.client.reconnect_delay_set(1, 1)
        self.client.connect(broker.host, broker.port, **options)
        self.client.loop_start()

    def _on_message(self, _client, _data, m):
        try:
            body = json.loads(m.payload)
            errors = list(self.validators[schema_of(m.topic)].iter_errors(body))
        except (ValueError, KeyError) as e:
            body, errors = None, [e]
        with self.changed:
            self.messages.append((m.topic.split("/", 5)[5], body, bool(m.retain), m.payload))
            self.invalid += [(m.topic, str(e)[:500]) for e in errors]
            self.changed.notify_all()

    def bodies(self, leaf):
        with self.changed:
            return [body for topic, body, _, _ in self.messages if topic == leaf]

    def seqs(self):
        """Every seq seen, with the payloads it came with."""
        seen = {}
        with self.changed:
            for _, body, _, payload in self.messages:
                if body and "seq" in body:
                    seen.setdefault(body["seq"], set()).add(payload)
        return seen

    def wait(self, what, condition, seconds=90):
        """The first true value of condition(), which is tried after every message."""
        end = time.monotonic() + seconds
        with self.changed:
            while True:
                value = condition()
                if value:
                    return value
                left = end - time.monotonic()
                if left <= 0:
                    topics = [m[0] for m in self.messages]
                    raise AssertionError(f"{what}: not within {seconds} s; got {topics[-20:]}")
                self.changed.wait(left)

    def stop(self):
        self.client.disconnect()
        self.client.loop_stop()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

"""A TCP proxy between a gateway and its broker that makes the network's faults. Loopback, a free port,
threads; nothing of a connection is kept when it ends.

    refuse() / accept()      nobody listens; somebody does again. Open connections are closed.
    dark = True              a cut cable: nothing passes, nothing is closed, new connections hang
    bytes_s, delay_s, jitter throttled (both directions together), late by delay_s +- jitter
    close_at_puback = n      the next n PUBACKs on their way to the gateway: closed instead
    refusal = 0x88           every CONNECT is answered by a CONNACK with that reason
    drop_connections()       what a restarted router does"""
import random
import socket
import threading
import time

CONNACK, PUBACK = 0x20, 0x40


def packet_length(data):
    """Length of the MQTT packet at the start of data; None when its head is not whole yet."""
    length = 0
    for i in range(1, min(len(data), 5)):
        length += (data[i] & 0x7F) << 7 * (i - 1)
        if not data[i] & 0x80:
            return 1 + i + length
    return None


class Proxy:
    def __init__(self, to_port, to_host="127.0.0.1"):
        self.to = (to_host, to_port)
        self.dark = False
        self.bytes_s = self.delay_s = self.jitter = 0
        self.close_at_puback = 0
        self.refusal = None
        self.closed_at_puback = self.refused = self.accepted = 0
        self.chance = random.Random(1)
        self.open = set()
        self.lock = threading.Lock()
        self.stopped = False
        self.port = 0
        self.accept()

    @property
    def url(self):
        return f"mqtt://127.0.0.1:{self.port}"

    def accept(self):
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(("127.0.0.1", self.port))
        self.port = self.listener.getsockname()[1]
        self.listener.listen(16)
        threading.Thread(target=self._listen, args=(self.listener,), daemon=True).start()

    def refuse(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.drop_connections()

    def drop_connections(self):
        with self.lock:
            sockets, self.open = self.open, set()
        for s in sockets:
            self._close(s)

    def stop(self):
        self.stopped, self.dark = True, False
        self.refuse()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    # ---- one connection ------------------------------------------------------------------------

    @staticmethod
    def _close(s):
        try:
            s.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        s.close()

    def _listen(self, listener):
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            self.accepted += 1
            with self.lock:
                self.open.add(client)
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        try:
            self._wait_for_light()
            if self.refusal is not None:
                client.recv(4096)
                client.sendall(bytes([CONNACK, 3, 0, self.refusal, 0]))
                self.refused += 1
                self._close(client)
                return
            broker = socket.create_connection(self.to, timeout=5)
            broker.settimeout(None)
        except OSError:
            self._close(client)
            return
        for s in (client, broker):
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with self.lock:
            self.open.add(broker)
        threading.Thread(target=self._pump, args=(client, broker, False), daemon=True).start()
        self._pump(broker, client, True)

    def _wait_for_light(self):
        while self.dark:
            time.sleep(0.01)

    def _pump(self, source, sink, down):
        """Passes on until one side ends. down: towards the gateway, where PUBACKs are seen."""
        packets = b""
        try:
            while data := source.recv(2048):
                self._wait_for_light()
                if self.delay_s:
                    time.sleep(max(0, self.delay_s + self.chance.uniform(-self.jitter, self.jitter)))
                if self.bytes_s:
                    time.sleep(len(data) / self.bytes_s)
                if down:
                    packets += data
                    data, packets, end = self._before_puback(packets)
                    sink.sendall(data)
                    if end:
                        break
                else:
                    sink.sendall(data)
        except OSError:
            pass
        self._close(source)
        self._close(sink)
        with self.lock:
            self.open -= {source, sink}

    def _before_puback(self, packets):
        """(whole packets to pass on, the rest, whether to close now)."""
        passed = b""
        while (n := packet_length(packets)) is not None and len(packets) >= n:
            if packets[0] == PUBACK and self.close_at_puback > 0:
                self.close_at_puback -= 1
                self.closed_at_puback += 1
                return passed, b"", True
            passed, packets = passed + packets[:n], packets[n:]
        return passed, packets, False

"""A Modbus TCP meter whose current transformer's ratio changes at random moments: each change is an
event that the gateway can only know from a reply, whose moment this meter keeps."""
import random
import socket
import struct
import threading
import time


class RatioMeter:
    """Registers 0-1: energy, kWh; 2-3: power, W; 4: CT ratio. `changed` is {ratio: when the first
    reply with it went out}."""

    def __init__(self, least_s=0.7, most_s=1.6):
        self.gap = (least_s, most_s)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.changed = {}
        self.ratio, self.next_at = 10, time.monotonic() + 8
        self.changing = True
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with connection:
            while True:
                request = connection.recv(12)
                if len(request) < 12:
                    return
                first, count = struct.unpack(">HH", request[8:12])
                connection.sendall(self._reply(request, first, count))

    def _reply(self, request, first, count):
        if self.changing and time.monotonic() >= self.next_at:
            self.ratio += 1
            self.next_at = time.monotonic() + random.uniform(*self.gap)
            self.changed[self.ratio] = time.time()
        registers = struct.pack(">IfH", 1000, 500.0, self.ratio)
        body = registers[2 * first:2 * (first + count)].ljust(2 * count, b"\0")
        return request[:4] + struct.pack(">HBBB", 3 + len(body), request[6], 3, len(body)) + body

    def stop(self):
        self.listener.close()

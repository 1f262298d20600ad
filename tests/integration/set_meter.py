"""A Modbus TCP endpoint whose registers a test sets: floats of two registers, per unit; what was not
set reads 0."""
import socket
import struct
import threading


class SetMeter:
    """Use as a context manager. `registers` of a unit: {first register: value}."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.units = {}
        threading.Thread(target=self._accept, daemon=True).start()

    def set(self, unit, **values):
        """set(1, r52=-5000.0): takes effect with the next poll."""
        known = dict(self.units.get(unit, {}))
        known.update({int(name[1:]): value for name, value in values.items()})
        self.units[unit] = known

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
                connection.sendall(self._reply(request))

    def _reply(self, request):
        unit, function, first, count = struct.unpack(">BBHH", request[6:12])
        image = bytearray(2 * count)
        for register, value in self.units.get(unit, {}).items():
            if first <= register <= first + count - 2:
                struct.pack_into(">f", image, 2 * (register - first), value)
        head = struct.pack(">HBBB", 3 + len(image), unit, function, len(image))
        return request[:4] + head + bytes(image)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()

"""An HTTP or HTTPS server on loopback that takes POSTs and answers by a script: a list of functions, one a request,
then `then` for all others. Such a function gets the handler and what was read of the request, and answers."""
import http.server
import ssl
import threading


class ScriptedServer:
    def __init__(self, certificate=None, client_authority=None, script=(), then=None):
        self.sockets, self.connections = [], 0
        self.script, self.then = list(script), then
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
            if client_authority:
                self.context.verify_mode = ssl.CERT_REQUIRED
                self.context.load_verify_locations(client_authority)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def address(self):
        return f"{'https' if self.context else 'http'}://127.0.0.1:{self.port}"

    def read(self, path, headers, raw):
        """The request as the test wants to see it."""
        raise NotImplementedError

    def keep(self, request):
        """It came; under the lock."""
        raise NotImplementedError

    def answered(self, request, act):
        """It was answered by act; under the lock."""

    def _handler(self):
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self):
                server.connections += 1
                if server.context:
                    self.request.settimeout(20)
                    try:
                        self.request = server.context.wrap_socket(self.request, server_side=True)
                    finally:
                        server.sockets.append(self.request)
                super().setup()

            def do_POST(self):
                raw = self.rfile.read(int(self.headers["Content-Length"]))
                request = server.read(self.path, self.headers, raw)
                with server.changed:
                    server.keep(request)
                    act = server.script.pop(0) if server.script else server.then
                    server.changed.notify_all()
                act(self, request)
                with server.changed:
                    server.answered(request, act)
                    server.changed.notify_all()

            def log_message(self, *_):
                pass
        return Handler

    def stop(self):
        self.closing.set()
        self.server.shutdown()
        self.server.server_close()
        for s in self.sockets:
            s.close()

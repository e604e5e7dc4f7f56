"""A program that is told things: a real HTTP server on loopback, which answers as a test says."""

import contextlib
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Receiver:
    """What came, in order, and what is answered: a code, or a function of the handler and the message."""

    def __init__(self, server):
        self.server = server
        self.url = f"http://127.0.0.1:{server.server_port}/hook"
        self.answer = 200
        self.got = []
        self.connections = 0
        self.most_at_once = 0
        self.at_once = 0
        self.lock = threading.Lock()

    @property
    def messages(self):
        """The bodies that came, as they were read."""
        return [json.loads(body) for _headers, body in self.got]

    @property
    def numbers(self):
        """What `tell` said in each message."""
        return [message["data"]["number"] for message in self.messages]


class Handler(BaseHTTPRequestHandler):
    """Takes a POST."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def setup(self):
        super().setup()
        self.receiver = self.server.receiver
        with self.receiver.lock:
            self.receiver.connections += 1

    def do_POST(self):
        length = int(self.headers["Content-Length"])
        body = self.rfile.read(length)
        if len(body) < length:
            # Who sends was killed between the headers and the body.
            self.close_connection = True
            return
        with self.receiver.lock:
            self.receiver.at_once += 1
            self.receiver.most_at_once = max(self.receiver.at_once, self.receiver.most_at_once)
            self.receiver.got.append((dict(self.headers), body))
        try:
            answer = self.receiver.answer
            if callable(answer):
                answer = answer(self, json.loads(body))
            if answer is not None:
                self.say(answer)
        finally:
            with self.receiver.lock:
                self.receiver.at_once -= 1

    def say(self, code, text=b"", **headers):
        """Answer."""
        self.send_response(code)
        self.send_header("Content-Length", str(len(text)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(text)

    def drip(self, seconds, beginning=b"", drop=b"H"):
        """Answer with a beginning, and then a drop at a time, for ever so long."""
        end = time.monotonic() + seconds
        with contextlib.suppress(OSError):
            self.wfile.write(beginning)
            while time.monotonic() < end:
                self.wfile.write(drop)
                time.sleep(0.1)
        self.close_connection = True

    def log_message(self, *_arguments):
        pass


class Server(ThreadingHTTPServer):
    """A server whose handlers know the receiver."""

    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, client_address):
        """The other side may go away at any moment."""


@contextlib.contextmanager
def receiving():
    """A Receiver, for as long as it is needed."""
    with Server(("127.0.0.1", 0), Handler) as server:
        server.receiver = Receiver(server)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server.receiver
        finally:
            server.shutdown()
            thread.join()

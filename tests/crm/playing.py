"""A server on loopback that plays exchanges: it answers what was written down for a request, and notes what came."""

import base64
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

EXCHANGES = Path(__file__).parent / "exchanges"


class Request:
    """One that came."""

    def __init__(self, method, target, headers, body):
        parts = urlsplit(target)
        self.method, self.path = method, parts.path
        self.query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        self.headers = headers
        self.body = body

    def __repr__(self):
        return f"{self.method} {self.path}"

    @property
    def login(self):
        """Who asks, and with what, of Basic authentication."""
        scheme, _, secret = self.headers["Authorization"].partition(" ")
        return base64.b64decode(secret).decode() if scheme == "Basic" else secret


class Handler(BaseHTTPRequestHandler):
    """Plays one exchange."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *args):
        """Says nothing."""

    def do_GET(self):
        """Any method."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        request = Request(self.command, self.path, self.headers, body)
        player = self.server.player
        player.requests.append(request)
        answer = player.find_answer(request)
        answer = answer["made"](request) if "made" in answer else answer
        if "after" in answer:
            answer["after"].wait(20)
        if "raw" in answer:
            self._send_slowly(answer["raw"], answer.get("pause", 0))
            self.close_connection = True
            return
        content = answer.get("body", "")
        content = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(answer.get("status", 200))
        for name, value in {"Content-Type": "application/json", **answer.get("headers", {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def do_PUT(self):
        """As above."""
        self.do_GET()

    def _send_slowly(self, content, pause):
        """`content` as it is; where there is a `pause`, a byte at a time with as many seconds after each, or after
        nothing."""
        try:
            for part in [content] if not pause or not content else [bytes([byte]) for byte in content]:
                self.wfile.write(part)
                time.sleep(pause)
        except OSError:
            return


class Server(ThreadingHTTPServer):
    """Says nothing of clients that go away."""

    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request, client_address):
        """They may."""


class Player:
    """The server's end, as a test sees it. `url` is where it is."""

    def __init__(self):
        self.requests, self.answers = [], []
        self._server = Server(("127.0.0.1", 0), Handler)
        self._server.player = self
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def play(self, name):
        """From now on it answers as the file says, where nothing else was said before."""
        for exchange in json.loads((EXCHANGES / f"{name}.json").read_text()):
            self.answers.append((exchange["request"], exchange["response"]))

    def answer(self, path="", *, method="", **response):
        """From now on it answers this to requests for this path, or to all; it comes before what was said earlier.
        `made` makes the answer of the request."""
        self.answers.insert(0, ({"method": method, "path": path}, response))

    def find_answer(self, request):
        """What was said last for such a request; 404 in Zendesk's words where nothing was."""
        for wanted, response in self.answers:
            if wanted.get("method") not in (None, "", request.method) or wanted["path"] not in ("", request.path):
                continue
            if wanted.get("query", {}).items() <= request.query.items():
                return response
        return {"status": 404, "body": {"error": "RecordNotFound", "description": "Not found"}}

    def asked(self):
        """The requests that came since this was last asked."""
        came, self.requests = self.requests, []
        return [repr(request) for request in came]

    def stop(self):
        """Nothing listens any more."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

"""A proxy that a client of the API is sent through, which plays every host that the client asks for, with TLS.

Clients of the platform's know one address, `https://….co`. They honour HTTPS_PROXY; what they then send by CONNECT is
decrypted here, and handed on to a center as a proxy in front of it does.
"""

import contextlib
import http.client
import socketserver
import ssl
import subprocess
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from urllib.parse import urlsplit


class Front:
    """The proxy, in threads of this process. `seen(path)` is called before each request is handed on."""

    def __init__(self, center_url, host, directory, *, python):
        # A certificate of its own, and one to believe it by.
        subprocess.run([python, "-m", "trustme", "-q", "-d", directory, "-i", host], check=True)
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(directory / "server.pem", directory / "server.key")
        self.believed = directory / "client.pem"
        self.seen = lambda path: None
        front, center = self, urlsplit(center_url)

        class Forward(BaseHTTPRequestHandler):
            """Requests as they come out of the tunnel."""

            protocol_version = "HTTP/1.1"

            def do_GET(self):
                front.seen(self.path)
                upstream = http.client.HTTPConnection(center.hostname, center.port, timeout=60)
                with contextlib.closing(upstream):
                    upstream.request("GET", self.path, headers={**self.headers, "X-Forwarded-Proto": "https"})
                    answer = upstream.getresponse()
                    body = answer.read()
                self.send_response(answer.status)
                for name, value in answer.getheaders():
                    if name.lower() not in ("content-length", "transfer-encoding", "connection", "date", "server"):
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *arguments):
                """Says nothing."""

        class Tunnel(BaseHTTPRequestHandler):
            """What a client says to its proxy: CONNECT."""

            def do_CONNECT(self):
                self.send_response(HTTPStatus.OK)
                self.end_headers()
                self.wfile.flush()
                with context.wrap_socket(self.connection, server_side=True) as opened:
                    Forward(opened, self.client_address, self.server)
                self.close_connection = True

            def log_message(self, *arguments):
                """Says nothing."""

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True

        self.server = Server(("127.0.0.1", 0), Tunnel)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        """Nobody is let through any more."""
        self.server.shutdown()
        self.server.server_close()

"""Programs that play Twilio, started from npm on this machine's loopback, and the SDK pointed at them."""

import shutil
import signal
import socket
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from calls.models import TwilioLine
from calls.voip.twilio import TwilioProvider
from calls.voip.twilio.client import QuietHttpClient
from tests.servers import Server

PEERS = Path(__file__).parent / "peers"
ACCOUNT = "AC" + "0" * 32
KEY, SECRET = "SK" + "0" * 32, "twilio_test_api_secret"
TOKEN = "a-token-that-nobody-guesses"
OUTBOUND = "+13392195276"


def free_port():
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def start(program, *arguments):
    """A program of the peers, listening on a port of its own; `{port}` in its arguments is that."""
    node = shutil.which("node")
    if node is None or not (PEERS / "node_modules").exists():
        pytest.fail("What plays Twilio is not installed. Install npm (apt install npm), and run `make test-outside`.")
    port = free_port()
    server = Server()
    command = [node, PEERS / program, *(argument.format(port=port) for argument in arguments)]
    server.start([str(part) for part in command], stop_signal=signal.SIGTERM)
    server.url = f"http://127.0.0.1:{port}"

    def answers():
        try:
            requests.get(server.url, timeout=5)
        except requests.ConnectionError:
            return False
        return True

    server.wait_until(answers)
    return server


def start_prism():
    """Twilio's description, served: a request that breaches it is refused."""
    description = str(PEERS / "twilio_calls.json")
    prism = "node_modules/@stoplight/prism-cli/dist/index.js"
    return start(prism, "mock", "--errors", "--host", "127.0.0.1", "--port", "{port}", description)


def start_emulate(public_url, menu_id):
    """A Twilio with one number, for that menu of the center at `public_url`."""
    base = f"{public_url}/voip/twilio"
    return start("emulate.mjs", "{port}", TOKEN, OUTBOUND, f"{base}/inbound/{menu_id}", f"{base}/status")


class Pointed(QuietHttpClient):
    """The SDK's HTTP client, which goes to a program on this machine instead; `statuses` are its answers'."""

    url = ""
    statuses: list = []

    def request(self, method, url, *arguments, **more):
        address = urlsplit(url)
        assert address.netloc == "api.twilio.com", url
        question = f"?{address.query}" if address.query else ""
        answer = super().request(method, self.url + address.path + question, *arguments, **more)
        self.statuses.append(answer.status_code)
        return answer


class PointedAtPrism(Pointed):
    """To Twilio's description."""

    statuses: list = []


class TwilioAtPrism(TwilioProvider):
    """The adapter, asking that."""

    http_client = PointedAtPrism


class PointedAtEmulate(Pointed):
    """To a Twilio that keeps calls. `seen` says of each line that was asked for how far it had come in our books when
    the answer came; what is in `losing` is lost: the next "question", or the next "answer"."""

    statuses: list = []
    seen: list = []
    losing: list = []

    def request(self, method, url, *arguments, **more):
        rings = method == "POST" and url.endswith("/Calls.json")
        losing = self.losing.pop(0) if rings and self.losing else ""
        if losing == "question":
            raise requests.ReadTimeout
        answer = super().request(method, url, *arguments, **more)
        if rings:
            line = TwilioLine.objects.order_by("pk").last()
            self.seen.append((line.state, line.sid))
        if losing == "answer":
            raise requests.ReadTimeout
        return answer


class TwilioAtEmulate(TwilioProvider):
    """The adapter, asking that."""

    http_client = PointedAtEmulate

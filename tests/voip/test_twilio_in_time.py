"""Requests to Twilio end in time, whatever it sends; over sockets."""

import contextlib
import socketserver
import threading
from io import BytesIO

import pytest

from calls.voip.base import VoipError, VoipTimeout
from calls.voip.twilio import client
from calls.voip.twilio.client import QuietHttpClient, understood

SHORT = 0.8
OK = b"HTTP/1.1 200 OK\r\n"


@pytest.fixture
def dripping():
    """A server that says its head at once, and then a byte now and then for ever so long; its address."""
    ended = threading.Event()

    class Dripping(socketserver.BaseRequestHandler):
        def handle(self):
            self.request.recv(65_536)
            with contextlib.suppress(OSError):
                self.request.sendall(self.server.head)
                while not ended.wait(0.02):
                    self.request.sendall(b"1")

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Dripping) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        ended.set()
        server.shutdown()


@pytest.mark.parametrize(
    "head",
    [b"HTTP/1.1 200 ", OK + b"Content-Length: 100000\r\n\r\n", OK + b"\r\n"],
    ids=["head", "body", "body without an end"],
)
def test_who_drips_holds_nobody(dripping, settings, monkeypatch, head):
    dripping.head = head
    settings.CCAI_TWILIO_TIMEOUT = SHORT
    monkeypatch.setattr(client, "RECORDING_SECONDS", SHORT)
    address = f"http://127.0.0.1:{dripping.server_address[1]}/"
    for ask in (
        lambda: QuietHttpClient().request("POST", address, data={"To": "+12025550123"}),
        lambda: QuietHttpClient().fetch_sound(address, ("AC", "secret"), BytesIO()),
    ):
        with pytest.raises(VoipTimeout, match="in time"), understood():
            ask()


def test_an_answer_in_time_is_one(dripping, settings):
    settings.CCAI_TWILIO_TIMEOUT = 5
    dripping.head = OK + b"Content-Length: 2\r\n\r\n{}"
    address = f"http://127.0.0.1:{dripping.server_address[1]}/"
    answer = QuietHttpClient().request("GET", address)
    assert (answer.status_code, answer.text) == (200, "{}")


def test_a_recording_comes_in_pieces_and_no_more_of_them_than_it_may_have(dripping, monkeypatch):
    address = f"http://127.0.0.1:{dripping.server_address[1]}/"
    dripping.head = OK + b"Content-Length: 8\r\n\r\nRIFF"
    sound = BytesIO()
    QuietHttpClient().fetch_sound(address, ("AC", "secret"), sound)
    assert sound.read() == b"RIFF1111"
    for head, limit, said in ((b"RIFX", 8, "no WAV"), (b"RIFF", 7, "too long")):
        dripping.head = OK + b"Content-Length: 8\r\n\r\n" + head
        monkeypatch.setattr(client, "RECORDING_MAX_BYTES", limit)
        with pytest.raises(VoipError, match=said):
            QuietHttpClient().fetch_sound(address, ("AC", "secret"), BytesIO())


@pytest.mark.parametrize("is_proxy", [True, False], ids=["the proxy refuses", "no TLS"])
def test_nobody_there_is_an_error_and_no_doubt(dripping, settings, monkeypatch, is_proxy):
    settings.CCAI_TWILIO_TIMEOUT = SHORT
    dripping.head = b"HTTP/1.1 502 Bad Gateway\r\nConnection: close\r\n\r\n" if is_proxy else b""
    here = f"127.0.0.1:{dripping.server_address[1]}"
    if is_proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://{here}")
    for address in ("http://127.0.0.1:9/", "https://twilio.invalid/" if is_proxy else f"https://{here}/"):
        with pytest.raises(VoipError, match="reached"), understood():
            QuietHttpClient().request("POST", address)

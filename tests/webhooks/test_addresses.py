"""No endpoint leads inside: its addresses are judged when something is sent, and the connection goes to those."""

import contextlib
import errno
import http.client
import socket
import ssl
import threading
from ipaddress import ip_address

import pytest
from django.core.exceptions import ValidationError

from ccai.models import WebhookAttempt, WebhookEndpoint
from ccai.webhooks import endpoints
from ccai.webhooks.addresses import Unreachable, is_inside, resolve
from ccai.webhooks.posting import Place, Target, Watch
from tests.webhooks.conftest import send, tell
from tests.webhooks.receiver import receiving

INSIDE = [
    "127.0.0.1",
    "127.255.255.254",
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "169.254.169.254",
    "169.254.0.1",
    "100.64.0.1",
    "100.100.100.200",
    "192.0.0.192",
    "192.0.2.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "168.63.129.16",
    "::",
    "::1",
    "fe80::1",
    "fc00::1",
    "fd00:ec2::254",
    "fec0::1",
    "ff02::1",
    "2001:db8::1",
    "2001::1",
    "2002:7f00:1::",
    "2002:a00:1::",
    "100::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "::127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::1",
    "3fff::1",
    "5f00::1",
]
OUTSIDE = [
    "8.8.8.8",
    "1.1.1.1",
    "100.63.255.255",
    "100.128.0.1",
    "172.15.255.255",
    "172.32.0.1",
    "192.167.255.255",
    "198.17.255.255",
    "223.255.255.255",
    "2606:4700:4700::1111",
    "2a00:1450:4001:80b::200e",
    "::ffff:8.8.8.8",
    "64:ff9b::808:808",
]


@pytest.mark.parametrize("address", INSIDE)
def test_these_are_inside(address):
    assert is_inside(ip_address(address))


@pytest.mark.parametrize("address", OUTSIDE)
def test_these_are_the_internets(address):
    assert not is_inside(ip_address(address))


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "::1", "::ffff:127.0.0.1", "0.0.0.0"],
)
def test_however_it_is_written_nothing_is_resolved_to_this_machine(host, settings):
    with pytest.raises(Unreachable):
        resolve(host, 80)
    settings.CCAI_WEBHOOK_ALLOW_PRIVATE = True
    assert resolve("127.0.0.1", 80)


@pytest.mark.django_db(transaction=True)
def test_nothing_is_sent_to_a_name_that_is_this_machine():
    with receiving() as receiver:
        WebhookEndpoint.objects.create(url=receiver.url.replace("127.0.0.1", "localhost"))
        tell("call:1", 1)
        send()
        assert receiver.connections == 0
    attempt = WebhookAttempt.objects.get()
    assert (attempt.code, attempt.error) == (None, "Its host is inside this network, where nothing is sent.")


def test_a_name_is_judged_once_and_the_connection_goes_to_what_was_judged(settings, monkeypatch):
    """A name server that says something else each time gets nobody elsewhere."""
    settings.CCAI_WEBHOOK_ALLOW_PRIVATE = True
    asked = []
    real = socket.getaddrinfo

    def rebinding(host, *arguments, **options):
        asked.append(host)
        return real("127.0.0.1" if len(asked) == 1 else "192.0.2.1", *arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    with receiving() as receiver:
        target = Target(receiver.url.replace("127.0.0.1", "rebinding.example"), 2, Watch())
        assert [target.post({}, b"[1]").code for _time in range(3)] == [200] * 3
        target.close()
        assert receiver.got[0][0]["Host"].startswith("rebinding.example:")
    assert asked == ["rebinding.example"]


def test_who_waits_for_a_connection_waits_no_longer_once_all_is_to_end(settings):
    settings.CCAI_WEBHOOK_ALLOW_PRIVATE = True
    watch, answers = Watch(), []
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener, contextlib.ExitStack() as stack:
        # It takes nobody, and who comes after these hears nothing.
        for _number in range(4):
            filling = stack.enter_context(socket.socket())
            filling.setblocking(False)
            filling.connect_ex(listener.getsockname())
        target = Target(f"http://127.0.0.1:{listener.getsockname()[1]}/", 60, watch)
        waiting = threading.Thread(target=lambda: answers.append(target.post({}, b"[1]")))
        waiting.start()
        waiting.join(0.3)
        assert waiting.is_alive()
        watch.end_all()
        waiting.join(3)  # by itself it would have waited for five seconds
        assert not waiting.is_alive()
        assert target.post({}, b"[1]").code is None
    assert [answer.code for answer in answers] == [None]


def test_no_proxy_of_the_environment_is_asked(settings, monkeypatch):
    settings.CCAI_WEBHOOK_ALLOW_PRIVATE = True
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with receiving() as receiver:
        target = Target(receiver.url, 2, Watch())
        assert target.post({}, b"[1]").code == 200
        target.close()


@pytest.mark.parametrize(
    ("error", "sentence", "name"),
    [
        (ConnectionRefusedError(errno.ECONNREFUSED, "no"), "The connection was refused.", ""),
        (ConnectionResetError(errno.ECONNRESET, "no"), "The connection broke.", ""),
        (BrokenPipeError(errno.EPIPE, "no"), "The connection broke.", ""),
        (http.client.RemoteDisconnected("no"), "The connection broke.", ""),
        (TimeoutError("no"), "It did not answer in time.", ""),
        (TimeoutError(errno.ETIMEDOUT, "no"), "It did not answer in time.", ""),
        (ssl.SSLError(1, "no"), "No secure connection came about.", ""),
        (OSError(errno.EHOSTUNREACH, "no"), "No way leads to its host.", ""),
        (OSError(errno.ENETUNREACH, "no"), "No way leads to its host.", ""),
        (OSError(errno.EMFILE, "no"), "This machine could not connect to it.", "EMFILE"),
        (PermissionError(errno.EPERM, "no"), "This machine could not connect to it.", "EPERM"),
        (OSError("no"), "This machine could not connect to it.", ""),
        (http.client.BadStatusLine("no"), "Its answer is not HTTP.", ""),
        (http.client.LineTooLong("no"), "Its answer is not HTTP.", ""),
    ],
)
def test_what_went_wrong_has_a_sentence_that_is_not_the_systems(error, sentence, name, settings, monkeypatch):
    """The system's are in its own language, and nobody translates them."""
    settings.CCAI_WEBHOOK_ALLOW_PRIVATE = True

    def connect(*_arguments):
        raise error

    monkeypatch.setattr(socket.socket, "connect", connect)
    answer = Target("http://127.0.0.1:9/", 2, Watch()).post({}, b"[1]")
    assert (answer.error, answer.text, answer.code) == (sentence, name, None)


def test_a_name_that_nobody_has_is_said_so(monkeypatch):
    def getaddrinfo(*_arguments, **_options):
        raise socket.gaierror(socket.EAI_NONAME, "no")

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    answer = Target("http://nowhere.invalid/", 2, Watch()).post({}, b"[1]")
    assert answer.error == "The name of its host is not known."


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.com/",
        "https:///hook",
        "example.com",
        "file:///etc/passwd",
        "https://user:secret@example.com/",
        "http://[::1",
        "http://example.com:0/",
        "http://example.com:99999/",
        "gopher://127.0.0.1:6379/_SET",
        "https://example.com/\r\nX-Injected: 1",
        "https://exa\nmple.com/",
    ],
)
def test_what_is_no_address_of_the_web_is_refused(url):
    with pytest.raises(ValidationError):
        endpoints.check_url(url)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "LocalHost.", "a.localhost", "10.0.0.1:8000", "2130706433", "127.1", "[::1]"]
)
def test_what_is_written_as_inside_is_refused_at_once_unless_it_is_allowed(host, settings):
    with pytest.raises(ValidationError, match="Nothing is sent inside this network"):
        endpoints.check_url(f"https://{host}/hook")
    settings.CCAI_WEBHOOK_ALLOW_PRIVATE = True
    endpoints.check_url(f"https://{host}/hook")


@pytest.mark.parametrize("host", ["8.8.8.8", "[2606:4700::1]", "nowhere.invalid", "notlocalhost", "10.example.com"])
def test_where_a_name_leads_is_not_asked_when_it_is_written(host):
    endpoints.check_url(f"https://{host}/hook")


@pytest.mark.parametrize(
    ("url", "shown", "path"),
    [
        ("https://example.com", "example.com", "/"),
        ("http://example.com:443/a b?c=ü#d", "example.com:443", "/a%20b?c=%C3%BC"),
        ("https://bücher.example/ü", "xn--bcher-kva.example", "/%C3%BC"),
        ("http://[2606:4700::1]:8080/", "[2606:4700::1]:8080", "/"),
    ],
)
def test_an_address_goes_over_the_wire_as_http_has_it(url, shown, path):
    place = Place.of(url)
    assert (place.shown, place.path) == (shown, path)


@pytest.mark.django_db
def test_an_endpoint_wants_events_that_there_are():
    made = endpoints.make_endpoint(
        "https://example.com/hook?key=1", ["offer.*", "call.failed", "call.failed"], "Billing"
    )
    assert (made.events, made.active, str(made)) == (["call.failed", "offer.*"], True, "Billing")
    assert made.secret.startswith("whsec_")
    for unknown in ("call.exploded", "endpoint.test", "endpoint.*"):
        with pytest.raises(ValidationError):
            endpoints.make_endpoint("https://example.com/hook", [unknown])
    assert WebhookEndpoint.objects.count() == 1

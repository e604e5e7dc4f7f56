"""Posting one message: over connections that stay open, to addresses that were judged, with an end in sight.

No proxy of the environment is asked and no redirect followed, since both lead to addresses that nobody has judged. That
is why sockets are opened here. A socket's own time-out begins anew with each byte; whoever sends calls
`Watch.end_late()` several times a second, which ends what has taken too long in all.
"""

import contextlib
import errno
import http.client
import math
import select
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from django.utils.encoding import iri_to_uri
from django.utils.translation import gettext_noop as _

from ccai.models.webhooks import ANSWER_LENGTH
from ccai.times import now
from ccai.webhooks.addresses import Address, Unreachable, resolve

# Seconds.
CONNECT_TIMEOUT = 5.0
KEEP_ADDRESSES = 30.0
KEEP_IDLE = 20.0
MOST_IDLE = 8  # connections
A_LONG_TIME = 10**9  # seconds

TOO_LATE = _("It did not answer in time.")
REFUSED = _("The connection was refused.")
BROKEN = _("The connection broke.")
NOT_SECURE = _("No secure connection came about.")
WRONG_CERTIFICATE = _("Its certificate is not good for this address.")
NOT_HTTP = _("Its answer is not HTTP.")
NOT_AN_ADDRESS = _("The URL is not one that can be asked.")
NO_WAY = _("No way leads to its host.")
NOT_CONNECTED = _("This machine could not connect to it.")

# The first that fits says what went wrong.
SENTENCES: tuple[tuple[type[Exception] | tuple[type[Exception], ...], str], ...] = (
    (TimeoutError, TOO_LATE),
    (ConnectionRefusedError, REFUSED),
    (ssl.SSLError, NOT_SECURE),
    ((http.client.InvalidURL, UnicodeError), NOT_AN_ADDRESS),
    ((ConnectionError, http.client.IncompleteRead), BROKEN),
)
NO_WAY_ERRORS = (errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN, errno.ENETDOWN)


@dataclass(frozen=True)
class Answer:
    """What came of a try: a code and the beginning of the answer, or `error`, a sentence. `retry_after` are seconds
    that the endpoint asks to be left in peace."""

    code: int | None = None
    error: str = ""
    text: str = ""
    milliseconds: int = 0
    retry_after: int = 0

    @property
    def is_good(self) -> bool:
        """Whether the endpoint has taken the message."""
        return self.code is not None and 200 <= self.code < 300


@dataclass(frozen=True)
class Place:
    """Where a URL leads, as it goes over the wire. `shown` is what the Host header says."""

    is_secure: bool
    host: str
    port: int
    shown: str
    path: str

    @classmethod
    def of(cls, url: str) -> "Place":
        """The place of `url`. ValueError where it has none."""
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError
        is_secure = parts.scheme == "https"
        host = parts.hostname if ":" in parts.hostname else parts.hostname.encode("idna").decode()
        usual = 443 if is_secure else 80
        port = parts.port or usual
        shown = f"[{host}]" if ":" in host else host
        path = iri_to_uri(parts.path or "/") + (f"?{iri_to_uri(parts.query)}" if parts.query else "")
        return cls(is_secure, host, port, shown if port == usual else f"{shown}:{port}", path)


class Watch:
    """Knows which connections are busy, and until when they may be."""

    def __init__(self) -> None:
        self._busy: dict[socket.socket, float] = {}
        self._is_over = False
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def over(self, sock: socket.socket, deadline: float) -> Iterator[None]:
        """`sock` is busy until `deadline` (monotonic seconds) at the latest. TimeoutError after `end_all`."""
        with self._lock:
            if self._is_over:
                raise TimeoutError
            self._busy[sock] = deadline
        try:
            yield
        finally:
            with self._lock:
                del self._busy[sock]

    def end_late(self) -> None:
        """Who waits for a connection that is busy for too long waits no longer."""
        self._end(time.monotonic())

    def end_all(self) -> None:
        """Nobody waits any longer, nor begins to."""
        with self._lock:
            self._is_over = True
        self._end(math.inf)

    def _end(self, at: float) -> None:
        with self._lock:
            for sock in [sock for sock, deadline in self._busy.items() if deadline <= at]:
                with contextlib.suppress(OSError):
                    # The plain socket's, which leaves what TLS has of it to the thread that reads.
                    socket.socket.shutdown(sock, socket.SHUT_RDWR)


class Lines:
    """What is read line by line, and the last line."""

    def __init__(self, file: Any) -> None:
        self.file = file
        self.last = b""

    def readline(self, most: int) -> bytes:
        """As the file's."""
        self.last = self.file.readline(most)
        return self.last

    def close(self) -> None:
        """As the file's."""
        self.file.close()


class WholeHeaders(http.client.HTTPResponse):
    """An answer whose headers have come to their end. Python takes a connection that breaks off, or is shut down
    because it takes too long, for that end."""

    def begin(self) -> None:
        """As Python's; IncompleteRead where they break off."""
        answer: Any = self
        lines = answer.fp = Lines(answer.fp)
        try:
            super().begin()
        finally:
            # Whoever closes it expects a file; nothing is there where it is closed.
            if answer.fp is lines:
                answer.fp = lines.file
        if lines.last not in (b"\r\n", b"\n"):
            raise http.client.IncompleteRead(lines.last)


@dataclass
class Connection:
    """An open connection, and since when nobody uses it (monotonic seconds)."""

    http: http.client.HTTPConnection
    sock: socket.socket
    idle_since: float = 0.0

    def is_fresh(self) -> bool:
        """Whether it may be used again: the other side has not closed it, nor said anything unasked."""
        if time.monotonic() - self.idle_since > KEEP_IDLE:
            return False
        poll = select.poll()
        poll.register(self.sock, select.POLLIN)
        return not poll.poll(0)

    def close(self) -> None:
        """It is over."""
        with contextlib.suppress(OSError):
            self.http.close()
            self.sock.close()


class Target:
    """Where one endpoint is, with its open connections. Any number of threads may post at once."""

    def __init__(self, url: str, timeout: float, watch: Watch) -> None:
        self.url = url
        self._timeout = timeout
        self._watch = watch
        self._known_place: Place | None = None
        self._idle: list[Connection] = []
        self._addresses: list[Address] = []
        self._resolved_at = 0.0
        self._lock = threading.Lock()

    def post(self, headers: Mapping[str, str], body: bytes) -> Answer:
        """What came of posting `body`. Never raises for what the other side does."""
        began = time.monotonic()
        deadline = began + self._timeout
        try:
            answer = self._post(headers, body, deadline)
        except Unreachable as error:
            answer = Answer(error=str(error))
        except ssl.SSLCertVerificationError as error:
            answer = Answer(error=WRONG_CERTIFICATE, text=error.verify_message)
        except (OSError, http.client.HTTPException, ValueError) as error:
            answer = Answer(error=TOO_LATE) if time.monotonic() >= deadline else failure_of(error)
        return Answer(
            answer.code, answer.error, answer.text, int((time.monotonic() - began) * 1_000), answer.retry_after
        )

    def close(self) -> None:
        """No connection is open any more, but those that are busy."""
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def _post(self, headers: Mapping[str, str], body: bytes, deadline: float) -> Answer:
        connection = self._take_idle()
        if connection is not None:
            try:
                return self._ask(connection, headers, body, deadline)
            except (ConnectionError, http.client.RemoteDisconnected):
                # Closed the moment it was used again, as servers do; a new one tells whether the endpoint is there.
                if time.monotonic() >= deadline:
                    raise
        return self._ask(self._open(deadline), headers, body, deadline)

    def _ask(self, connection: Connection, headers: Mapping[str, str], body: bytes, deadline: float) -> Answer:
        """The answer to one request; the connection is kept where that may be."""
        place = self._place()
        keep = False
        try:
            with self._watch.over(connection.sock, deadline):
                connection.sock.settimeout(max(0.01, deadline - time.monotonic()))
                asks = connection.http
                asks.putrequest("POST", place.path, skip_host=True, skip_accept_encoding=True)
                asks.putheader("Host", place.shown)
                for name, value in {**headers, "Content-Length": str(len(body))}.items():
                    asks.putheader(name, value)
                asks.endheaders(body)
                response = asks.getresponse()
                text, is_whole = read_beginning(response)
                keep = is_whole and not response.will_close
            asked = seconds_of(response.headers.get("Retry-After", ""), now())
            return Answer(response.status, text=text, retry_after=asked)
        finally:
            if keep:
                self._keep(connection)
            else:
                connection.close()

    def _place(self) -> Place:
        """Where the URL leads. Unreachable where it is none that can be asked."""
        if self._known_place is None:
            try:
                self._known_place = Place.of(self.url)
            except ValueError:
                raise Unreachable(NOT_AN_ADDRESS) from None
        return self._known_place

    def _take_idle(self) -> Connection | None:
        """A connection that nobody uses, where there is one that is good still."""
        while True:
            with self._lock:
                connection = self._idle.pop() if self._idle else None
            if connection is None or connection.is_fresh():
                return connection
            connection.close()

    def _keep(self, connection: Connection) -> None:
        connection.idle_since = time.monotonic()
        with self._lock:
            if len(self._idle) < MOST_IDLE:
                self._idle.append(connection)
                return
        connection.close()

    def _open(self, deadline: float) -> Connection:
        """A new connection. OSError, or Unreachable, where none comes about."""
        place = self._place()
        sock = self._connect(place.host, place.port, deadline)
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if place.is_secure:
                sock = tls().wrap_socket(sock, server_hostname=place.host, do_handshake_on_connect=False)
                with self._watch.over(sock, deadline):
                    sock.do_handshake()
        except BaseException:
            sock.close()
            raise
        plain = http.client.HTTPConnection(place.host)
        plain.response_class = WholeHeaders
        # With a socket of its own it would resolve the name once more.
        plain.auto_open = 0
        plain.sock = sock
        return Connection(plain, sock)

    def _connect(self, host: str, port: int, deadline: float) -> socket.socket:
        failure: OSError | None = None
        for address in self._judged(host, port):
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError
            sock = socket.socket(address.family, socket.SOCK_STREAM)
            sock.settimeout(min(CONNECT_TIMEOUT, left))
            try:
                with self._watch.over(sock, deadline):
                    sock.connect(address.at)
                return sock
            except OSError as error:
                sock.close()
                failure = error
        raise failure or Unreachable(REFUSED)

    def _judged(self, host: str, port: int) -> list[Address]:
        """The addresses of `host`, judged within the last half minute."""
        with self._lock:
            if self._addresses and time.monotonic() - self._resolved_at < KEEP_ADDRESSES:
                return self._addresses
        addresses = resolve(host, port)
        with self._lock:
            self._addresses, self._resolved_at = addresses, time.monotonic()
        return addresses


@cache
def tls() -> ssl.SSLContext:
    """What this process trusts: the system's authorities, or those that SSL_CERT_FILE names."""
    return ssl.create_default_context()


def read_beginning(response: http.client.HTTPResponse) -> tuple[str, bool]:
    """The first kilobyte of an answer, and whether that is all of it. What breaks off later has been answered."""
    pieces: list[bytes] = []
    left = ANSWER_LENGTH
    is_whole = False
    try:
        while left > 0 and not is_whole:
            piece = response.read1(left)
            pieces.append(piece)
            left -= len(piece)
            is_whole = not piece or response.length == 0
        if is_whole:
            response.close()
    except (OSError, http.client.HTTPException):
        is_whole = False
    # A database of text takes no NUL.
    return b"".join(pieces).decode(errors="replace").replace("\0", "\ufffd"), is_whole


def seconds_of(retry_after: str, at: datetime) -> int:
    """How long, from the moment `at` on, a Retry-After asks one to wait (RFC 9110: seconds, or a date); 0 where it says
    neither."""
    text = retry_after.strip()
    if text.isascii() and text.isdecimal():
        return int(text) if len(text) < 10 else A_LONG_TIME
    try:
        moment = parsedate_to_datetime(text)
        return max(0, math.ceil((moment - at).total_seconds()))
    except (ValueError, TypeError, OverflowError):
        return 0


def failure_of(error: Exception) -> Answer:
    """Why nothing was answered, in words that show neither a secret nor the URL. What has no words of its own has the
    name that the system gives it, such as EMFILE."""
    for kinds, sentence in SENTENCES:
        if isinstance(error, kinds):
            return Answer(error=sentence)
    if not isinstance(error, OSError):
        return Answer(error=NOT_HTTP)
    if error.errno in NO_WAY_ERRORS:
        return Answer(error=NO_WAY)
    return Answer(error=NOT_CONNECTED, text=errno.errorcode.get(error.errno or 0, ""))

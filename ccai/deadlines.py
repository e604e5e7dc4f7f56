"""Requests that end in time, however slowly a peer drips."""

import socket
import threading
from collections.abc import Callable
from contextvars import ContextVar
from types import TracebackType
from typing import Any, Self

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError
from urllib3.poolmanager import PoolManager


class Deadline:
    """After `seconds` the connections that a watched session opens inside are cut, wherever they stand: a server that
    sends a byte now and then keeps every time-out of a socket waiting for ever. It is entered once.

    What such a cut looks like to who reads is left to chance, so ask `has_passed`; and `has_connected` whether anything
    can have been sent: somebody was reached, through a proxy and TLS, where there are such."""

    def __init__(self, seconds: float) -> None:
        self.has_passed = self.has_connected = False
        self._lock = threading.Lock()
        self._watched: list[socket.socket] = []
        self._openings: list[Opening] = []
        self._timer = threading.Timer(seconds, self._pass)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        self._token = running.set(self)
        self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        running.reset(self._token)
        self._timer.cancel()
        with self._lock:
            for watched in self._watched:
                watched.close()
            self._watched.clear()

    def open(self, connect: Callable[[], socket.socket]) -> socket.socket:
        """The connection that `connect` opens, which is cut when time is up. Raises TimeoutError where that was before:
        looking up a name takes as long as the system likes, and so does trying one address after the other."""
        opening = Opening(connect)
        with self._lock:
            self._openings.append(opening)
            if self.has_passed:
                opening.give_up()
        connection = opening.wait()
        with self._lock:
            # A copy stays the same where TLS takes the connection over.
            self._watched.append(connection.dup())
            if self.has_passed:
                self._cut()
        return connection

    def _pass(self) -> None:
        with self._lock:
            self.has_passed = True
            self._cut()
            for opening in self._openings:
                opening.give_up()

    def _cut(self) -> None:
        for watched in self._watched:
            try:
                watched.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # it is over already


class Opening:
    """A connection that is being opened, by a thread of its own: nothing else can be left waiting."""

    def __init__(self, connect: Callable[[], socket.socket]) -> None:
        self._connect = connect
        self._lock = threading.Lock()
        self._is_given_up = False
        self._over = threading.Event()
        self._connection: socket.socket | None = None
        self._error: Exception | None = None

    def wait(self) -> socket.socket:
        """The connection. Raises what `connect` raised, and TimeoutError where it was given up."""
        threading.Thread(target=self._open, daemon=True).start()
        self._over.wait()
        with self._lock:
            if self._error is not None:
                raise self._error
            if self._connection is None:
                self._is_given_up = True
                raise TimeoutError
            return self._connection

    def give_up(self) -> None:
        """Nobody waits any more."""
        self._over.set()

    def _open(self) -> None:
        connection, error = None, None
        try:
            connection = self._connect()
        except Exception as raised:
            error = raised
        with self._lock:
            if not self._is_given_up:
                self._connection, self._error = connection, error
            elif connection is not None:
                connection.close()
        self._over.set()


# Of what is being asked here.
running: ContextVar[Deadline] = ContextVar("running")


def new_connection(connection: HTTPConnection, connect: Callable[[], socket.socket]) -> socket.socket:
    """What `connect` opens for `connection`, watched by the deadline that it is opened in."""
    try:
        return running.get().open(connect)
    except TimeoutError:
        raise ConnectTimeoutError(connection, "not in time") from None


class WatchedConnection(HTTPConnection):
    """Cut by the deadline that it is opened in."""

    def _new_conn(self) -> socket.socket:
        return new_connection(self, super()._new_conn)

    def connect(self) -> None:
        """As the one above; and the deadline knows that somebody is there."""
        super().connect()
        running.get().has_connected = True


class WatchedTlsConnection(HTTPSConnection):
    """As WatchedConnection, from before the handshake on."""

    def _new_conn(self) -> socket.socket:
        return new_connection(self, super()._new_conn)

    def connect(self) -> None:
        """As the one above; and the deadline knows that somebody is there."""
        super().connect()
        running.get().has_connected = True


class WatchedPool(HTTPConnectionPool):
    """Of watched connections."""

    ConnectionCls = WatchedConnection


class WatchedTlsPool(HTTPSConnectionPool):
    """Of watched connections."""

    ConnectionCls = WatchedTlsConnection


class WatchedAdapter(HTTPAdapter):
    """The adapter of requests, over watched connections; through a proxy, too."""

    poolmanager: PoolManager

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """As the one above, with our pools."""
        super().init_poolmanager(*args, **kwargs)
        self._watch(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        """As the one above, with our pools."""
        manager = super().proxy_manager_for(proxy, **kwargs)
        self._watch(manager)
        return manager

    @staticmethod
    def _watch(manager: PoolManager) -> None:
        manager.pool_classes_by_scheme = {"http": WatchedPool, "https": WatchedTlsPool}


def watched_session() -> requests.Session:
    """A session for use inside a Deadline, which cuts its connections."""
    session = requests.Session()
    for scheme in ("http://", "https://"):
        session.mount(scheme, WatchedAdapter())
    return session

"""Requests that end in time, however slowly a peer drips."""

import socket
import threading
from contextvars import ContextVar
from types import TracebackType
from typing import Any, Self

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.poolmanager import PoolManager


class Deadline:
    """After `seconds` the connections that a watched session opens inside are cut, wherever they stand: a server that
    sends a byte now and then keeps every time-out of a socket waiting for ever. It is entered once.

    What such a cut looks like to who reads is left to chance, so ask `has_passed`."""

    def __init__(self, seconds: float) -> None:
        self.has_passed = False
        self._lock = threading.Lock()
        self._watched: list[socket.socket] = []
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

    def watch(self, connection: socket.socket) -> None:
        """`connection` is cut when time is up. A copy of it is kept, which stays the same where TLS takes it over."""
        with self._lock:
            self._watched.append(connection.dup())
            if self.has_passed:
                self._cut()

    def _pass(self) -> None:
        with self._lock:
            self.has_passed = True
            self._cut()

    def _cut(self) -> None:
        for watched in self._watched:
            try:
                watched.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # it is over already


# Of what is being asked here.
running: ContextVar[Deadline] = ContextVar("running")


class WatchedConnection(HTTPConnection):
    """Cut by the deadline that it is opened in."""

    def _new_conn(self) -> socket.socket:
        connection = super()._new_conn()
        running.get().watch(connection)
        return connection


class WatchedTlsConnection(HTTPSConnection):
    """As WatchedConnection, from before the handshake on."""

    def _new_conn(self) -> socket.socket:
        connection = super()._new_conn()
        running.get().watch(connection)
        return connection


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

"""The one connection to the Redis-protocol server that this process shares, and whether it is worth asking."""

import logging
import math
import threading
import time
from functools import cache

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

log = logging.getLogger(__name__)

TIMEOUT = 0.5  # seconds
PAUSE = 5.0  # seconds


@cache
def client() -> redis.Redis:
    """A client that gives up within half a second and does not try again: nothing that waits for it may wait long."""
    return redis.Redis.from_url(
        settings.CCAI_REDIS_URL,
        socket_connect_timeout=TIMEOUT,
        socket_timeout=TIMEOUT,
        retry=Retry(NoBackoff(), 0),
    )


class Breaker:
    """Remembers that the server did not answer, so that not every request finds that out by waiting.

    For those who can do without it: they ask `closed()` first, and tell of a failure with `trip()`.
    """

    def __init__(self) -> None:
        self._closed_from = -math.inf
        self._lock = threading.Lock()

    def closed(self) -> bool:
        """True where the server may be asked: no failure within the last five seconds."""
        return time.monotonic() >= self._closed_from

    def stay_open(self) -> None:
        """Nobody in this process asks the server, ever: it does not run yet, and its absence is no news."""
        self._closed_from = math.inf

    def trip(self, error: Exception) -> None:
        """The server did not answer: nobody asks it for five seconds. Said in the log, once for all who noticed."""
        with self._lock:
            is_news = self.closed()
            self._closed_from = time.monotonic() + PAUSE
        if is_news:
            log.warning(
                "Redis does not answer (%s): no rate limit and no nudges for %g seconds", type(error).__name__, PAUSE
            )


@cache
def breaker() -> Breaker:
    """The breaker that this process shares."""
    return Breaker()

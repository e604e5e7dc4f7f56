"""Signs of life of those who would not be missed at once: keys in Redis.

Of processes that answer no requests it is a key that fades when they are gone. Of those by whom others are judged it is
since when they have been there without a gap, so that their own absence is not held against anybody.
"""

import logging
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import redis

from ccai.redis import breaker, client

log = logging.getLogger(__name__)

WORKER = "worker"
BEAT = "beat"
SENDER = "sender"
# Seconds after which a process that gave no sign counts as gone; each gives one a second.
LATELY = 10

# Sees which pages of agents are open.
DESK = "desk"
# Seconds without a sign after which there is a gap: less than anybody is given to come back.
GAP = 25


def give_sign(name: str) -> None:
    """The process `name` is alive now. Where Redis does not answer nothing is said."""
    try:
        client().set(f"alive:{name}", 1, ex=LATELY)
    except redis.RedisError as error:
        log.debug("no sign of %s could be given: %s", name, type(error).__name__)


def seen_lately(names: Sequence[str]) -> list[bool]:
    """Whether each of `names` gave a sign in the last seconds. Raises RedisError where Redis does not answer."""
    return [value is not None for value in client().mget([f"alive:{name}" for name in names])]


def give_steady_sign(name: str, at: datetime) -> None:
    """`name` is there at the moment `at`, of several processes one. Where Redis does not answer nothing is said."""
    try:
        since = _read_steady(name, at) or at
        client().hset(f"steady:{name}", mapping={"since": since.timestamp(), "last": at.timestamp()})
    except redis.RedisError as error:
        log.debug("no sign of %s could be given: %s", name, type(error).__name__)


def steady_since(name: str, at: datetime) -> datetime | None:
    """Since when `name` has been there without a gap; None where it is not at the moment `at`, or nobody can say."""
    if not breaker().closed():
        return None
    try:
        return _read_steady(name, at)
    except redis.RedisError as error:
        breaker().trip(error)
        return None


def _read_steady(name: str, at: datetime) -> datetime | None:
    """As `steady_since`. Raises RedisError where Redis does not answer."""
    since, last = client().hmget(f"steady:{name}", ["since", "last"])
    if since is None or last is None:
        return None
    if datetime.fromtimestamp(float(last), UTC) < at - timedelta(seconds=GAP):
        return None
    return datetime.fromtimestamp(float(since), UTC)

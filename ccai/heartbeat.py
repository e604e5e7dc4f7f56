"""Signs of life of the processes that answer no requests: a key in Redis that fades when its process is gone."""

import logging
from collections.abc import Sequence

import redis

from ccai.redis import client

log = logging.getLogger(__name__)

WORKER = "worker"
BEAT = "beat"
# Seconds after which a process that gave no sign counts as gone; each gives one a second.
LATELY = 10


def give_sign(name: str) -> None:
    """The process `name` is alive now. Where Redis does not answer nothing is said."""
    try:
        client().set(f"alive:{name}", 1, ex=LATELY)
    except redis.RedisError as error:
        log.debug("no sign of %s could be given: %s", name, type(error).__name__)


def seen_lately(names: Sequence[str]) -> list[bool]:
    """Whether each of `names` gave a sign in the last seconds. Raises RedisError where Redis does not answer."""
    return [value is not None for value in client().mget([f"alive:{name}" for name in names])]

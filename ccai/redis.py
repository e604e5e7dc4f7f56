"""The one connection to the Redis-protocol server that this process shares."""

from functools import cache

import redis
from django.conf import settings


@cache
def client() -> redis.Redis:
    """A client that gives up within a second: nothing that waits for it may wait long."""
    return redis.Redis.from_url(settings.CCAI_REDIS_URL, socket_connect_timeout=1, socket_timeout=1)

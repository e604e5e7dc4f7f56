"""The rate limit: requests per second and token, over a sliding second (contract section 1)."""

import math
import uuid
from typing import Any

import redis
from django.conf import settings
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from ccai.models import ApiToken
from ccai.redis import breaker, client

# Keeps the times of the last second's accepted requests in a sorted set. Returns 0, or the milliseconds to wait.
SLIDING_SECOND = """
local clock = redis.call('TIME')
local at = clock[1] * 1000 + math.floor(clock[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', at - 1000)
if redis.call('ZCARD', KEYS[1]) < tonumber(ARGV[1]) then
    redis.call('ZADD', KEYS[1], at, ARGV[2])
    redis.call('PEXPIRE', KEYS[1], 1000)
    return 0
end
local oldest = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
return math.max(1, oldest[2] + 1000 - at)
"""


class TokenThrottle(BaseThrottle):
    """Lets a token make its number of requests in any one second. Without Redis it lets all through, and says so."""

    def allow_request(self, request: Request, view: Any) -> bool:
        """False where the token has used up its second; `wait()` then says how long that lasts."""
        token: ApiToken = request.auth  # type: ignore[assignment]
        limit = token.rate_limit or settings.CCAI_RATE_LIMIT
        if not breaker().closed():
            return True
        try:
            self.milliseconds = int(client().eval(SLIDING_SECOND, 1, f"rate:{token.pk}", limit, uuid.uuid4().hex))
        except redis.RedisError as error:
            breaker().trip(error)
            return True
        return self.milliseconds == 0

    def wait(self) -> float:
        """Whole seconds until a request is let through again."""
        return math.ceil(self.milliseconds / 1_000)

"""Whether this process can serve."""

import logging

import redis
from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from ccai.redis import client

log = logging.getLogger(__name__)


def database_answers() -> bool:
    """True where the database answers a query."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        log.warning("The database does not answer", exc_info=True)
        return False
    return True


def redis_answers() -> bool:
    """True where the Redis-protocol server answers."""
    try:
        client().ping()
    except redis.RedisError:
        return False
    return True


@never_cache
@require_safe
def health(request: HttpRequest) -> JsonResponse:
    """GET /health/: `{"database": …, "redis": …}`, each `ok` or `down`.

    200 while calls can be accepted; 503 without the database. Without Redis calls are accepted still, and dialled
    when it is back.
    """
    database, broker = database_answers(), redis_answers()
    body = {"database": "ok" if database else "down", "redis": "ok" if broker else "down"}
    return JsonResponse(body, status=200 if database else 503)

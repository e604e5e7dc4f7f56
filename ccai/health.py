"""Whether the center can do its work, and whether this process can answer."""

import logging

import redis
from django.db import Error, connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from ccai.heartbeat import BEAT, WORKER, seen_lately

log = logging.getLogger(__name__)

OK = "ok"
DOWN = "down"


def database_state() -> str:
    """`ok` where the database answers a query."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Error:
        log.warning("The database does not answer", exc_info=True)
        return DOWN
    return OK


def clock_state() -> dict[str, str]:
    """`ok` or `down` for the broker, for workers (one was seen lately) and for beat (it ticked lately)."""
    try:
        worker, beat = seen_lately((WORKER, BEAT))
    except redis.RedisError:
        return {"broker": DOWN, "worker": DOWN, "beat": DOWN}
    return {"broker": OK, "worker": OK if worker else DOWN, "beat": OK if beat else DOWN}


def answer(states: dict[str, str]) -> JsonResponse:
    """200 where all is `ok`, else 503; the body says which."""
    response = JsonResponse(states, status=200 if set(states.values()) == {OK} else 503)
    # Whoever asks is told; Django would also log each 503, and this is asked every few seconds.
    response._has_been_logged = True  # type: ignore[attr-defined]
    return response


@never_cache
@require_safe
def health(request: HttpRequest) -> JsonResponse:
    """GET /health/: `{"database", "broker", "worker", "beat"}`, each `ok` or `down`; 503 where one is down.

    For people and alarms: calls are accepted while the database answers, and dialled while the clock runs.
    """
    return answer({"database": database_state(), **clock_state()})


@never_cache
@require_safe
def health_of_web(request: HttpRequest) -> JsonResponse:
    """GET /health/web/: `{"database"}`, for proxies and containers that ask whether this process can take requests."""
    return answer({"database": database_state()})

"""Nudging the clock: work is found by the next tick anyway, a nudge only brings it forward."""

import redis
from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

from ccai.redis import breaker, client

TICK = "calls.tick"


def nudge() -> None:
    """Ask a worker for a tick now. Where the broker does not answer nothing happens, and the next tick comes."""
    if not breaker().closed():
        return
    try:
        # The broker's own connection waits for ten seconds, as workers need; this one finds out in less than one.
        client().ping()
        current_app.send_task(TICK, expires=2, retry=False, ignore_result=True)
    except (redis.RedisError, OperationalError, OSError) as error:
        breaker().trip(error)


def nudge_on_commit() -> None:
    """As `nudge`, once what the current transaction wrote can be seen."""
    transaction.on_commit(nudge)

"""Nudging the clock: work is found by the next tick anyway, a nudge only brings it forward."""

import redis
from celery import current_app
from kombu.exceptions import OperationalError

from ccai.redis import breaker, client


def nudge(task: str) -> None:
    """Ask a worker to run `task` now. Where the broker does not answer nothing happens, and the next tick comes."""
    if not breaker().closed():
        return
    try:
        # The broker's own connection waits for ten seconds, as workers need; this one finds out in less than one.
        client().ping()
        current_app.send_task(task, expires=2, retry=False, ignore_result=True)
    except (redis.RedisError, OperationalError, OSError) as error:
        breaker().trip(error)

"""The clock as Celery sees it. Beat's schedule is in the settings."""

from celery import shared_task

from calls import dispatch
from calls.clock import TICK
from ccai.heartbeat import WORKER, give_sign


@shared_task(name=TICK)
def tick() -> int:
    """Do everything that is due. Safe to run any number of times, anywhere, at once."""
    give_sign(WORKER)
    return dispatch.tick()

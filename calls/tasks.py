"""The clock as Celery sees it. Beat's schedule is in the settings."""

from celery import shared_task

from calls import dispatch
from calls.clock import TICK


@shared_task(name=TICK)
def tick() -> int:
    """Do everything that is due. Safe to run any number of times, anywhere, at once."""
    return dispatch.tick()

"""The clock, and what is too slow for it, as Celery sees them. Beat's schedule is in the settings."""

import threading

from celery import shared_task

from calls import dispatch
from calls.clock import TICK
from ccai.heartbeat import WORKER, give_sign

# Held while this process fetches.
_fetching = threading.Lock()


@shared_task(name=TICK)
def tick() -> int:
    """Do everything that is due. Safe to run any number of times, anywhere, at once."""
    give_sign(WORKER)
    return dispatch.tick()


@shared_task(name="calls.fetch_recordings")
def fetch_recordings() -> int:
    """Fetch the recordings that are due; nothing where this process does so already, so that a provider who is slow
    keeps one of its threads. Any number of processes may do so at once."""
    if not _fetching.acquire(blocking=False):
        return 0
    try:
        return dispatch.fetch_recordings()
    finally:
        _fetching.release()

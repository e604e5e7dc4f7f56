"""Nudging the clock: work is found by the next tick anyway, a nudge only brings it forward."""

import logging

from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

log = logging.getLogger(__name__)

TICK = "calls.tick"


def nudge() -> None:
    """Ask a worker for a tick now. Where the broker does not answer nothing happens, and the next tick comes."""
    try:
        current_app.send_task(TICK, expires=2, retry=False, ignore_result=True)
    except (OperationalError, OSError) as error:
        log.warning("The clock could not be nudged: %s", type(error).__name__)


def nudge_on_commit() -> None:
    """As `nudge`, once what the current transaction wrote can be seen."""
    transaction.on_commit(nudge)

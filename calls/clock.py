"""Nudging the clock, which dials, offers and settles what there is."""

from django.db import transaction

from ccai import nudging

TICK = "calls.tick"


def nudge() -> None:
    """Ask a worker for a tick now; where none can be asked, the next tick comes by itself."""
    nudging.nudge(TICK)


def nudge_on_commit() -> None:
    """As `nudge`, once what the current transaction wrote can be seen."""
    transaction.on_commit(nudge)

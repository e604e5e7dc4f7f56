"""Celery's beat, with a sign of life."""

from typing import Any

from celery.beat import Scheduler

from ccai.heartbeat import BEAT, give_sign


class HeardScheduler(Scheduler):
    """The plain scheduler, which keeps its schedule in memory, and says that it ticks."""

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """Send what is due, and give a sign. Returns how many seconds there is nothing to do."""
        seconds: float = super().tick(*args, **kwargs)
        give_sign(BEAT)
        return seconds

"""Nudging those who send, so that an event is on its way at once and not with the next second."""

import threading
import time

from ccai import nudging

SEND = "webhooks.send"
# Seconds between two nudges of one process: who sends goes on while there is something to send.
PAUSE = 0.2


class _Last:
    """When this process nudged last."""

    def __init__(self) -> None:
        self._at = 0.0
        self._lock = threading.Lock()

    def is_long_ago(self) -> bool:
        """True where it is time for another nudge, which counts as given then."""
        with self._lock:
            at = time.monotonic()
            if at - self._at < PAUSE:
                return False
            self._at = at
            return True


_last = _Last()


def nudge() -> None:
    """Ask a worker to send what there is; nothing where this process has just asked."""
    if _last.is_long_ago():
        nudging.nudge(SEND)

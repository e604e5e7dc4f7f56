"""The outbox as Celery sees it. Beat's schedule, and the queue, are in the settings."""

import threading
from typing import Any

from celery import shared_task
from celery.signals import worker_shutting_down

from ccai.heartbeat import SENDER, give_sign
from ccai.webhooks.nudging import SEND
from ccai.webhooks.sending import Sender, stopping

# Held while this process sends, which goes on for hours where an endpoint is slow.
_sending = threading.Lock()


@shared_task(name=SEND)
def send_webhooks() -> int:
    """Send all that is due; nothing where this process does so already. Any number of processes may do so at once.

    Tasks that come meanwhile end in the worker's other slot, so that they do not pile up on the broker, which keeps a
    task, expired or not, until a worker takes it.
    """
    give_sign(SENDER)
    if not _sending.acquire(blocking=False):
        return 0
    try:
        return Sender().run()
    finally:
        _sending.release()


@worker_shutting_down.connect
def stop_sending(**_kwargs: Any) -> None:
    """A worker that is to end begins nothing new."""
    stopping.set()

"""The outbox as Celery sees it. Beat's schedule, and the queue, are in the settings."""

from typing import Any

from celery import shared_task
from celery.signals import worker_shutting_down

from ccai.webhooks.nudging import SEND
from ccai.webhooks.sending import Sender, stopping


@shared_task(name=SEND)
def send_webhooks() -> int:
    """Send all that is due. Safe to run any number of times, anywhere, at once."""
    return Sender().run()


@worker_shutting_down.connect
def stop_sending(**_kwargs: Any) -> None:
    """A worker that is to end begins nothing new."""
    stopping.set()

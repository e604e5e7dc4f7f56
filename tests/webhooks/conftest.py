"""What the tests of sending share: receivers, a way to say something, and one run of sending."""

from contextlib import ExitStack

import pytest
from django.db import transaction

from ccai.models import WebhookDelivery
from ccai.webhooks import endpoints, recording
from ccai.webhooks.sending import Sender
from tests.webhooks.receiver import receiving


@pytest.fixture
def inside(settings):
    """Messages may go to this machine, and have two seconds."""
    settings.CCAI_WEBHOOK_ALLOW_PRIVATE = True
    settings.CCAI_WEBHOOK_TIMEOUT = 2


@pytest.fixture
def make_receiver(inside, transactional_db):
    """A function that starts a receiver; its endpoint is `endpoint`."""
    with ExitStack() as stack:

        def make(**columns):
            receiver = stack.enter_context(receiving())
            receiver.endpoint = endpoints.make_endpoint(receiver.url, **columns)
            return receiver

        yield make


@pytest.fixture
def receiver(make_receiver):
    """A receiver that wants everything."""
    return make_receiver()


def tell(subject, *numbers):
    """Something has happened to `subject`, once for each number."""
    for number in numbers:
        with transaction.atomic():
            recording.record("call.flagged", lambda keys: {key: {"number": key} for key in keys}, {number: subject})


def send():
    """Send all that is due. Returns how many tries that were."""
    return Sender().run()


def delivery():
    """The only one."""
    return WebhookDelivery.objects.get()


def statuses():
    """How far each delivery has come, in order."""
    return list(WebhookDelivery.objects.order_by("pk").values_list("status", flat=True))

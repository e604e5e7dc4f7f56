"""Verbs on endpoints and deliveries: what people do on their pages, and what becomes of an endpoint that fails.

Each locks the endpoint's row first, as whoever sends does (`outbox.py`).
"""

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TypedDict
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from ccai.models import WebhookDelivery, WebhookEndpoint, WebhookEvent, make_secret
from ccai.times import now
from ccai.webhooks.addresses import is_written_inside
from ccai.webhooks.events import TEST, is_pattern
from ccai.webhooks.nudging import nudge
from ccai.webhooks.posting import Place
from ccai.webhooks.recording import make_event
from ccai.webhooks.telling import tell_of_disabled

log = logging.getLogger(__name__)

Status = WebhookDelivery.Status
Disabled = WebhookEndpoint.Disabled

# How long the secret before the last signs, too.
ROTATION = timedelta(days=1)
# Another one made within this time, as by a second click, is in place of the first, which nobody can have in use yet.
AT_ONCE = timedelta(minutes=1)
BATCH = 500


class TestedEndpoint(TypedDict):
    """An endpoint as a test names it."""

    id: int
    description: str


class EndpointTest(TypedDict):
    """What a test tells."""

    endpoint: TestedEndpoint


def make_endpoint(url: str, events: Iterable[str] = (), description: str = "") -> WebhookEndpoint:
    """A new endpoint, active, with a secret of its own. ValidationError, with a sentence, as `check_url` and
    `check_events`."""
    patterns = sorted(set(events))
    check_url(url)
    check_events(patterns)
    return WebhookEndpoint.objects.create(url=url, events=patterns, description=description)


def check_url(url: str) -> None:
    """ValidationError where no message can be sent to `url`. Where a name leads is judged when something is sent."""
    try:
        parts = urlsplit(url)
        # Python overlooks line ends within an address.
        is_possible = bool(Place.of(url)) and parts.port != 0 and not any(sign.isspace() for sign in url)
    except ValueError:
        is_possible = False
    if not is_possible:
        raise ValidationError(_("Write an address that begins with https://, such as https://example.com/hook."))
    if parts.username is not None or parts.password is not None:
        raise ValidationError(_("Leave out name and password. The signature shows who sends."))
    if not settings.CCAI_WEBHOOK_ALLOW_PRIVATE and is_written_inside(parts.hostname or ""):
        raise ValidationError(_("Nothing is sent inside this network. Write an address that the internet has."))


def check_events(patterns: Iterable[str]) -> None:
    """ValidationError where one of `patterns` is neither an event nor stands for some."""
    for pattern in patterns:
        if not is_pattern(pattern):
            raise ValidationError(_("There is no event “%(event)s”.") % {"event": pattern})


def rotate_secret(endpoint: WebhookEndpoint, at: datetime | None = None) -> str:
    """The endpoint has a new secret, which is returned. For a day the one before it signs, too."""
    at = at or now()
    with transaction.atomic():
        endpoint = _lock(endpoint)
        until = endpoint.previous_secret_until
        if until is None or until <= at + ROTATION - AT_ONCE:
            endpoint.previous_secret, endpoint.previous_secret_until = endpoint.secret, at + ROTATION
        endpoint.secret = make_secret()
        endpoint.save(update_fields=["secret", "previous_secret", "previous_secret_until"])
    return endpoint.secret


def disable(endpoint: WebhookEndpoint, why: str = Disabled.BY_HAND, at: datetime | None = None) -> None:
    """Nothing is sent to the endpoint any more; what was on its way is kept. Admins are told of one that nobody has
    switched off by hand. Nothing happens to one that is not active."""
    at = at or now()
    with transaction.atomic():
        locked = _lock(endpoint)
        if not locked.active:
            return
        for row in (locked, endpoint):
            row.active, row.disabled, row.disabled_at = False, why, at
        locked.save(update_fields=["active", "disabled", "disabled_at"])
        # What is being sent this moment is left to whoever sends it.
        _pending(locked).filter(claimed_until=None).update(due_at=None)
        if why != Disabled.BY_HAND:
            transaction.on_commit(lambda: tell_of_disabled(locked))
    log.warning("webhook endpoint %s: nothing is sent any more (%s)", endpoint.pk, why)


def enable(endpoint: WebhookEndpoint, at: datetime | None = None) -> int:
    """The endpoint is active, and all that was kept for it is sent, in order, each as if for the first time. Returns
    how many deliveries that are. Nothing happens to one that is active."""
    at = at or now()
    with transaction.atomic():
        locked = _lock(endpoint)
        if locked.active:
            return 0
        for row in (locked, endpoint):
            row.active, row.disabled, row.disabled_at, row.failing_since = True, "", None, None
        locked.save(update_fields=["active", "disabled", "disabled_at", "failing_since"])
        return _begin_anew(locked, at)


def move(endpoint: WebhookEndpoint, at: datetime | None = None) -> None:
    """The endpoint, whose URL is another now, has not failed, and what waits for it is due, each as if for the first
    time; of one that is not active it is kept until it is."""
    at = at or now()
    with transaction.atomic():
        locked = _lock(endpoint)
        locked.failing_since = endpoint.failing_since = None
        locked.save(update_fields=["failing_since"])
        if locked.active:
            _begin_anew(locked, at)


def send_again(delivery: WebhookDelivery, at: datetime | None = None) -> None:
    """The delivery is sent now, as if for the first time; of an endpoint that is not active it is kept until it is."""
    at = at or now()
    with transaction.atomic():
        make_due(_lock(delivery.endpoint), WebhookDelivery.objects.filter(pk=delivery.pk), at)


def send_test(endpoint: WebhookEndpoint, at: datetime | None = None) -> WebhookDelivery:
    """A test is on its way to the endpoint, and to no other; of one that is not active it is kept until it is.

    It is in place of tests that wait there, so that it is tried now and not when one of those is.
    """
    at = at or now()
    subject = f"endpoint:{endpoint.pk}"
    with transaction.atomic():
        locked = _lock(endpoint)
        waiting = _pending(locked).filter(subject=subject, claimed_until=None)
        waiting.update(status=Status.GIVEN_UP, over_at=at, due_at=None)
        data = EndpointTest(endpoint=TestedEndpoint(id=locked.pk, description=locked.description))
        event = make_event(TEST, subject, data, at)
        event.save()
        due = at if locked.active else None
        delivery = WebhookDelivery.objects.create(event=event, endpoint=locked, subject=subject, due_at=due)
        if due:
            transaction.on_commit(nudge)
    return delivery


def forget(at: datetime) -> int:
    """Events older than CCAI_WEBHOOK_DAYS are no more, with their deliveries: a batch. Returns how many rows."""
    old = WebhookEvent.objects.filter(at__lt=at - timedelta(days=settings.CCAI_WEBHOOK_DAYS)).order_by("at", "pk")
    keys = list(old.values_list("pk", flat=True)[:BATCH])
    return WebhookEvent.objects.filter(pk__in=keys).delete()[0] if keys else 0


def _begin_anew(endpoint: WebhookEndpoint, at: datetime) -> int:
    """What waits for the endpoint, and is not being sent, is due, each as if for the first time. Returns how many."""
    waiting = _pending(endpoint).filter(claimed_until=None)
    transaction.on_commit(nudge)
    return waiting.update(due_at=at, attempts=0, first_tried_at=None)


def make_due(endpoint: WebhookEndpoint, deliveries: QuerySet[WebhookDelivery], at: datetime) -> None:
    """`deliveries` to the endpoint, whose row is locked, go once more, those that are on their way now, too."""
    due = at if endpoint.active else None
    deliveries.update(
        status=Status.PENDING, attempts=0, first_tried_at=None, over_at=None, claimed_until=None, due_at=due
    )
    if due:
        transaction.on_commit(nudge)


def _lock(endpoint: WebhookEndpoint) -> WebhookEndpoint:
    return WebhookEndpoint.objects.select_for_update(no_key=True).get(pk=endpoint.pk)


def _pending(endpoint: WebhookEndpoint) -> QuerySet[WebhookDelivery]:
    return WebhookDelivery.objects.filter(endpoint=endpoint, status=Status.PENDING)

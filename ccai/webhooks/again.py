"""Sending again all since a time: an order, which is a row, and which whoever sends carries out a batch at a time.

An order stands among the events until it has been carried out: one that nobody is told of. So it takes part in no
delivery, is found by an index, and is forgotten with the others. A batch and how far it has come are written together;
whoever takes over from one that died goes on from there.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from django.db import transaction
from django.db.models import Q, QuerySet

from ccai.models import WebhookDelivery, WebhookEndpoint, WebhookEvent
from ccai.times import now
from ccai.webhooks.endpoints import make_due
from ccai.webhooks.events import wanted_types
from ccai.webhooks.nudging import nudge

# The type and the subject of orders.
ORDER = "endpoint.again"
BATCH = 500
MOST_COUNTED = 10_000


@dataclass(frozen=True)
class Order:
    """To send again to an endpoint what happened since a moment, beyond the event that it has come to."""

    endpoint_id: int
    since: datetime
    reached: datetime
    reached_key: int = 0

    def written(self) -> str:
        """The order as its row has it."""
        return json.dumps([self.endpoint_id, self.since.isoformat(), self.reached.isoformat(), self.reached_key])

    @classmethod
    def read(cls, row: WebhookEvent) -> "Order":
        """The order of `row`."""
        endpoint_id, since, reached, key = json.loads(row.body)
        return cls(endpoint_id, datetime.fromisoformat(since), datetime.fromisoformat(reached), key)


def send_again_since(endpoint: WebhookEndpoint, moment: datetime, at: datetime | None = None) -> int:
    """Every event since `moment` that the endpoint wants will be sent to it, in order, those that it was never sent,
    too, as far as they were recorded. Returns how many, counted no further than one beyond MOST_COUNTED."""
    wanted = WebhookEvent.objects.filter(at__gte=moment, type__in=wanted_types(endpoint.events)).order_by()
    count = wanted[: MOST_COUNTED + 1].count()
    # A second click orders nothing that is still to come.
    if count and not any(order.reached <= moment for order in orders_of(endpoint.pk)):
        written = Order(endpoint.pk, moment, moment).written()
        with transaction.atomic():
            uid = f"again_{uuid4().hex}"
            WebhookEvent.objects.create(uid=uid, type=ORDER, subject=ORDER, body=written, at=at or now())
            transaction.on_commit(nudge)
    return count


def orders_of(endpoint_id: int) -> list[Order]:
    """What is still to be sent again to the endpoint."""
    return [order for order in map(Order.read, _orders()) if order.endpoint_id == endpoint_id]


def go_on(at: datetime) -> int:
    """The next batch of an order is due. Returns how many events that were; 0 where there is no order, or where others
    see to them."""
    # Looked at first: a transaction takes SQLite's one lock whether it finds anything or not.
    if not _orders().exists():
        return 0
    with transaction.atomic():
        row = _orders().select_for_update(skip_locked=True, no_key=True).first()
        return _carry_out(row, at) if row is not None else 0


def _orders() -> QuerySet[WebhookEvent]:
    return WebhookEvent.objects.filter(subject=ORDER).order_by("pk")


def _carry_out(row: WebhookEvent, at: datetime) -> int:
    """As `go_on`, of the order in `row`, which is locked."""
    order = Order.read(row)
    endpoint = WebhookEndpoint.objects.select_for_update(no_key=True).filter(pk=order.endpoint_id).first()
    events = list(_beyond(order, row.pk)) if endpoint is not None else []
    if endpoint is not None and events:
        types = wanted_types(endpoint.events)
        subjects = {key: subject for key, type_, subject, _at in events if type_ in types}
        known = WebhookDelivery.objects.filter(endpoint=endpoint, event__in=list(subjects))
        missing = subjects.keys() - set(known.values_list("event", flat=True))
        WebhookDelivery.objects.bulk_create(
            WebhookDelivery(event_id=key, endpoint=endpoint, subject=subjects[key], due_at=None)
            for key in sorted(missing)
        )
        make_due(endpoint, known, at)
        key, _type, _subject, reached = events[-1]
        row.body = Order(order.endpoint_id, order.since, reached, key).written()
        row.save(update_fields=["body"])
    if len(events) < BATCH:
        row.delete()
    return len(events)


def _beyond(order: Order, until: int) -> QuerySet[WebhookEvent, tuple[int, str, str, datetime]]:
    """The next events of `order`: key, type, subject and time of each. Those with keys from `until` on came after the
    order, and are on their way by themselves."""
    beyond = Q(at__gt=order.reached) | Q(pk__gt=order.reached_key)
    events = WebhookEvent.objects.filter(beyond, at__gte=order.reached, pk__lt=until).order_by("at", "pk")
    return events.values_list("pk", "type", "subject", "at")[:BATCH]

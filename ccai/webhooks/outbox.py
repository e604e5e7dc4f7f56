"""The outbox as a table: what is to be sent is claimed, and what came of it is written down.

Whoever touches deliveries that are under way has the endpoint's row locked, so claims and results of one endpoint come
one after the other, and none waits for another endpoint's. Recording locks nothing: a new delivery is a new row.

Deliveries of one endpoint and subject are a lane, of which only the first goes. `due_at` of those behind it is brought
to the first one's, so that what a dead endpoint has piled up is not looked at each second.
"""

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Case, Exists, F, Min, OuterRef, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce

from ccai.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint, WebhookEvent
from ccai.webhooks.endpoints import disable
from ccai.webhooks.posting import Answer

Status = WebhookDelivery.Status
Disabled = WebhookEndpoint.Disabled

GONE = 410
# How long after each try the next one comes; after the last, that long again and again.
BACK_OFF = tuple(
    timedelta(seconds=seconds)
    for seconds in (5, 30, 120, 600, 1_800, 3_600, 2 * 3_600, 4 * 3_600, 8 * 3_600, 12 * 3_600)
)
# Each by up to so much sooner or later, so that what failed together is not tried together again.
JITTER = 0.2
# For so long an event is tried, and an endpoint that takes nothing is asked.
PATIENCE = timedelta(days=3)
# A message behind one that is being sent is looked at again after this.
LOOK_AGAIN = timedelta(seconds=2)
LONGEST = 60  # seconds
BATCH = 500
# How often one goes on to look where all that was found waits for others.
ROUNDS = 100


@dataclass(frozen=True)
class Claim:
    """Deliveries of one lane, in order, with their events, that are ours until `until`."""

    endpoint: WebhookEndpoint
    deliveries: tuple[WebhookDelivery, ...]
    until: datetime


@dataclass(frozen=True)
class Result:
    """What came of a claimed delivery, tried at `at`; `answer` is None for one that was not tried after all."""

    delivery: WebhookDelivery
    until: datetime
    at: datetime
    answer: Answer | None = None


def lease() -> timedelta:
    """How long claimed deliveries are somebody's; when it is over they are taken for dead."""
    return timedelta(seconds=4 * timeout())


def timeout() -> int:
    """Seconds that one try may take: CCAI_WEBHOOK_TIMEOUT, and a minute at most."""
    return min(LONGEST, settings.CCAI_WEBHOOK_TIMEOUT)


def find_due(at: datetime) -> list[int]:
    """The keys of the active endpoints for which there is something to send."""
    due = WebhookDelivery.objects.filter(endpoint=OuterRef("pk"), status=Status.PENDING, due_at__lte=at)
    return list(WebhookEndpoint.objects.filter(Exists(due), active=True).values_list("pk", flat=True))


def release_kept(at: datetime) -> int:
    """What is kept for endpoints that are active by now is due: one may have been switched on while it was recorded."""
    active = WebhookEndpoint.objects.filter(active=True)
    kept = WebhookDelivery.objects.filter(status=Status.PENDING, due_at=None, endpoint__in=active)
    # Looked at first: an UPDATE takes SQLite's one lock whether it finds anything or not.
    return kept.update(due_at=at) if kept.exists() else 0


def claim(endpoint_id: int, most: int, at: datetime) -> list[Claim]:
    """At most so many deliveries to the endpoint that are due, by lane; nothing where somebody else claims them now."""
    for _round in range(ROUNDS):
        claims, goes_on = _claim_some(endpoint_id, most, at)
        if claims or not goes_on:
            return claims
    return []


def _claim_some(endpoint_id: int, most: int, at: datetime) -> tuple[list[Claim], bool]:
    """As `claim`, of the first that are due; and whether others are no longer among these, since they wait."""
    until = at + lease()
    with transaction.atomic():
        rows = WebhookEndpoint.objects.filter(pk=endpoint_id, active=True)
        endpoint = rows.select_for_update(skip_locked=True, no_key=True).first()
        if endpoint is None:
            return [], False
        pending = WebhookDelivery.objects.filter(endpoint=endpoint_id, status=Status.PENDING)
        due = list(pending.filter(due_at__lte=at).order_by("due_at", "event_id")[:most])
        lanes: dict[str, list[WebhookDelivery]] = defaultdict(list)
        for delivery in sorted(due, key=lambda one: one.event_id):
            lanes[delivery.subject].append(delivery)
        others = pending.filter(subject__in=lanes).exclude(pk__in=[one.pk for one in due])
        firsts = dict(others.order_by().values_list("subject").annotate(first=Min("event")))
        ours = {
            subject: [one for one in lane if subject not in firsts or one.event_id < firsts[subject]]
            for subject, lane in lanes.items()
        }
        claimed = [one for lane in ours.values() for one in lane]
        pending.filter(pk__in=[one.pk for one in claimed]).update(claimed_until=until, due_at=until)
        keys = {one.pk for one in claimed}
        blocked = [one.pk for one in due if one.pk not in keys]
        _fall_in(pending, blocked, at)
        events = WebhookEvent.objects.in_bulk([one.event_id for one in claimed])
    claims = []
    for lane in ours.values():
        # One may have been forgotten this moment.
        there = [one for one in lane if one.event_id in events]
        for one in there:
            one.event = events[one.event_id]
        if there:
            claims.append(Claim(endpoint, tuple(there), until))
    return claims, bool(blocked)


def _fall_in(pending: QuerySet[WebhookDelivery], keys: Sequence[int], at: datetime) -> None:
    """Those with these keys are due with the first of their lane."""
    if not keys:
        return
    first = pending.filter(subject=OuterRef("subject")).order_by("event_id")
    due = Case(When(claimed_until=None, then=F("due_at")), default=at + LOOK_AGAIN)
    pending.filter(pk__in=keys).update(due_at=Subquery(first.annotate(next_look=due).values("next_look")[:1]))


def write(results: Sequence[Result], at: datetime) -> None:
    """What came of `results` is in the table; an endpoint that is gone, or has failed for too long, is disabled.

    Of a delivery that somebody else has claimed meanwhile nothing is written.
    """
    by_endpoint: dict[int, list[Result]] = defaultdict(list)
    for result in results:
        by_endpoint[result.delivery.endpoint_id].append(result)
    for endpoint_id, its_results in by_endpoint.items():
        with transaction.atomic():
            endpoint = WebhookEndpoint.objects.select_for_update(no_key=True).filter(pk=endpoint_id).first()
            if endpoint is not None:
                _write_of(endpoint, its_results, at)


def _write_of(endpoint: WebhookEndpoint, results: Sequence[Result], at: datetime) -> None:
    """As `write`, of one endpoint, whose row is locked."""
    rows = WebhookDelivery.objects.filter(pk__in=[one.delivery.pk for one in results], status=Status.PENDING)
    stored = {row.pk: row for row in rows.order_by("pk").select_for_update()}
    ours = [one for one in results if one.delivery.pk in stored and stored[one.delivery.pk].claimed_until == one.until]
    tried = [(one, one.answer) for one in ours if one.answer is not None]
    WebhookAttempt.objects.bulk_create([_attempt(one, answer) for one, answer in tried], batch_size=BATCH)
    _judge(endpoint, tried, at)
    good = [one.delivery for one, answer in tried if answer.is_good]
    _update_tried(good, at, status=Status.DELIVERED, over_at=at, due_at=None)
    over = {one.subject for one in good}
    waiting: dict[str, datetime | None] = {}
    for one, answer in tried:
        if answer.is_good:
            continue
        due = _next_try(stored[one.delivery.pk], one.at, answer)
        if endpoint.active and due is None:
            _update_tried([one.delivery], at, status=Status.GIVEN_UP, over_at=at, due_at=None)
            over.add(one.delivery.subject)
        else:
            waiting[one.delivery.subject] = due = due if endpoint.active else None
            _update_tried([one.delivery], at, due_at=due)
    by_due: dict[datetime | None, list[int]] = defaultdict(list)
    for one in ours:
        if one.answer is None:
            due = waiting.get(one.delivery.subject, at) if endpoint.active else None
            by_due[due].append(one.delivery.pk)
    for due, keys in by_due.items():
        WebhookDelivery.objects.filter(pk__in=keys).update(due_at=due, claimed_until=None)
    if endpoint.active:
        # What waited behind them goes next.
        lanes = WebhookDelivery.objects.filter(endpoint=endpoint, subject__in=over - waiting.keys())
        behind = lanes.filter(status=Status.PENDING, claimed_until=None, attempts=0, due_at__gt=at)
        behind.update(due_at=at)


def _attempt(result: Result, answer: Answer) -> WebhookAttempt:
    return WebhookAttempt(
        delivery_id=result.delivery.pk,
        at=result.at,
        code=answer.code,
        milliseconds=answer.milliseconds,
        error=answer.error,
        answer=answer.text,
    )


def _update_tried(deliveries: Sequence[WebhookDelivery], at: datetime, **columns: Any) -> None:
    """`deliveries` have been tried once more, are nobody's, and have `columns`."""
    rows = WebhookDelivery.objects.filter(pk__in=[one.pk for one in deliveries])
    first = Coalesce("first_tried_at", Value(at))
    rows.update(attempts=F("attempts") + 1, first_tried_at=first, claimed_until=None, **columns)


def _judge(endpoint: WebhookEndpoint, tried: Sequence[tuple[Result, Answer]], at: datetime) -> None:
    """It is known since when nothing arrives at the endpoint; one that is gone, or fails for too long, is disabled."""
    if not tried or not endpoint.active:
        return
    if any(answer.code == GONE for _one, answer in tried):
        disable(endpoint, Disabled.GONE, at)
    elif any(answer.is_good for _one, answer in tried):
        if endpoint.failing_since is not None:
            endpoint.failing_since = None
            endpoint.save(update_fields=["failing_since"])
    elif endpoint.failing_since is None:
        endpoint.failing_since = min(one.at for one, _answer in tried)
        endpoint.save(update_fields=["failing_since"])
    elif at - endpoint.failing_since >= PATIENCE:
        disable(endpoint, Disabled.FAILING, at)


def _next_try(delivery: WebhookDelivery, tried_at: datetime, answer: Answer) -> datetime | None:
    """When `delivery`, whose try from `tried_at` on failed, is tried again, after a pause; None where it has been tried
    for long enough."""
    end = (delivery.first_tried_at or tried_at) + PATIENCE
    if tried_at >= end:
        return None
    pause = BACK_OFF[min(delivery.attempts, len(BACK_OFF) - 1)] * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311
    asked = min(timedelta(seconds=answer.retry_after), BACK_OFF[-1])
    seconds = round(max(pause, asked).total_seconds(), 3)  # as finely as the clock goes
    return min(tried_at + timedelta(seconds=seconds, milliseconds=answer.milliseconds), end)

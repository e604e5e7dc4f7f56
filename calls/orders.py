"""Orders to providers: written with the decision they follow from, carried out by the clock after the commit.

So a decision and what it asks of a provider are one, and a worker that dies in between loses neither. An order that
changes nothing when it comes twice is asked for until the provider has answered; one that would ring a phone is asked
for once.
"""

import logging
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from django.db import transaction

from calls import clock
from calls.models import Call, VoipOrder
from ccai.times import now

log = logging.getLogger(__name__)

Kind = VoipOrder.Kind

# These ring a phone: nobody is rung twice to be safe.
ONCE = (Kind.REACH, Kind.ADD_AGENT)
# Seconds after which an order is asked for again.
BACK_OFF = (5, 15, 60, 300)
# Orders that one worker takes upon itself before it asks for them, one after the other.
REQUESTS = 10


def give(call: Call, kind: str, at: datetime | None = None, *, leg: int = 0) -> None:
    """The provider that carries `call` is told after the commit. Nothing where no provider carries it."""
    give_all([call], kind, at, leg=leg)


def give_all(calls: Iterable[Call], kind: str, at: datetime | None = None, *, leg: int = 0) -> None:
    """As `give`, for each of `calls`."""
    at = at or now()
    given = VoipOrder.objects.bulk_create(
        VoipOrder(call=call, provider=call.voip_provider, kind=kind, leg=leg, next_at=at, created_at=at)
        for call in calls
        if call.voip_provider
    )
    if given:
        clock.nudge_on_commit()


def carry_out(at: datetime, ask: Callable[[VoipOrder], None]) -> int:
    """`ask` has been called for every order that is due, in their order, outside of any transaction. Returns how many.

    One that raises is asked for again later, where that can do no harm.
    """
    with transaction.atomic():
        due = list(
            VoipOrder.objects.filter(next_at__lte=at)
            .order_by("next_at", "pk")
            .select_related("call", "call__agent")
            .select_for_update(skip_locked=True, of=("self",))[:REQUESTS]
        )
        for order in due:
            wait = None if order.kind in ONCE or order.attempts >= len(BACK_OFF) else BACK_OFF[order.attempts]
            order.attempts += 1
            order.next_at = None if wait is None else at + timedelta(seconds=wait)
        VoipOrder.objects.bulk_update(due, ["attempts", "next_at"])
    for order in due:
        try:
            ask(order)
        except Exception as error:
            log.warning("call %s: %s was not told to %s: %r", order.call_id, order.provider, order.kind, error)
            VoipOrder.objects.filter(pk=order.pk).update(error=repr(error)[:200])
        else:
            VoipOrder.objects.filter(pk=order.pk).update(next_at=None, error="")
    return len(due)

"""Orders to providers: written with the decision they follow from, carried out by the clock after the commit.

So a decision and what it asks of a provider are one, and a worker that dies in between loses neither. An order that
changes nothing when it comes twice is asked for until the provider has answered; one that would ring a phone is asked
for once.

What one call asks of one provider goes out in the order it was decided: an order waits until those before it have been
asked for, and until a hanging up has been heard. It does not wait for what has failed, which says what holds when it is
asked for again.
"""

import logging
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from calls import clock
from calls.models import Call, VoipOrder
from ccai.times import now

log = logging.getLogger(__name__)

Kind = VoipOrder.Kind

# These ring a phone: nobody is rung twice to be safe.
ONCE = (Kind.REACH, Kind.ADD_AGENT)
# Seconds after which an order is asked for again.
BACK_OFF = (5, 15, 60, 300)
# How long a worker has an order to itself: longer than any adapter waits for its provider's answer. What is not settled
# by then belongs to a worker that died.
LEASE = timedelta(seconds=60)
# Orders that one run of the step asks for, one after the other.
REQUESTS = 10

UNFINISHED = Q(next_at__isnull=False)
# What keeps later orders of the call, and its dialling, waiting: what nobody has asked for yet, what is being asked for
# now (its row has no error), and a hanging up that was not heard.
AHEAD = UNFINISHED & (Q(error="") | Q(kind=Kind.HANG_UP))


def give(call: Call, kind: str, at: datetime | None = None, *, leg: int = 0, provider: str = "") -> None:
    """`provider`, or else the one that carries `call`, is told after the commit. Nothing where no provider does."""
    _write([call], kind, at or now(), leg=leg, provider=provider)


def give_all(calls: Iterable[Call], kind: str, at: datetime | None = None) -> None:
    """As `give`, for each of `calls`."""
    _write(calls, kind, at or now())


def carry_out(at: datetime, ask: Callable[[VoipOrder], None]) -> int:
    """`ask` has been called for orders that are due, in their order, outside of any transaction. Returns how many.

    One that raises is asked for again later, where that can do no harm.
    """
    for done in range(REQUESTS):
        order = _claim(at)
        if order is None:
            return done
        # Another worker's, once the lease is over: what this one then has to say of it is of no account.
        mine = VoipOrder.objects.filter(pk=order.pk, attempts=order.attempts)
        try:
            ask(order)
        except Exception as error:
            log.warning("call %s: %s was not told to %s: %r", order.call_id, order.provider, order.kind, error)
            wait = None if _is_last(order) else timedelta(seconds=BACK_OFF[order.attempts - 1])
            mine.update(next_at=wait and max(at, now()) + wait, error=(str(error) or type(error).__name__)[:200])
        else:
            mine.update(next_at=None, error="")
    return REQUESTS


def _write(calls: Iterable[Call], kind: str, at: datetime, *, leg: int = 0, provider: str = "") -> None:
    """An order to `provider`, or else to the one that carries the call, for each of `calls`."""
    given = VoipOrder.objects.bulk_create(
        VoipOrder(call=call, provider=provider or call.voip_provider, kind=kind, leg=leg, next_at=at, created_at=at)
        for call in calls
        if provider or call.voip_provider
    )
    if given:
        clock.nudge_on_commit()


def _claim(at: datetime) -> VoipOrder | None:
    """The order that is due next, for this worker alone while the lease lasts; None where there is none.

    One at a time, so that a provider that takes its time over one keeps no others for so long that another worker
    takes them for left behind.
    """
    ahead = VoipOrder.objects.filter(AHEAD, call=OuterRef("call"), provider=OuterRef("provider"), pk__lt=OuterRef("pk"))
    with transaction.atomic():
        while True:
            order = (
                VoipOrder.objects.filter(~Exists(ahead), next_at__lte=at)
                .order_by("next_at", "pk")
                .select_for_update(skip_locked=True)
                .first()
            )
            if order is None:
                return None
            if order.attempts and _is_last(order):
                # Whoever asked for it the only, or the last, time did not live to say what came of it.
                order.next_at, order.error = None, "left behind"
                order.save(update_fields=["next_at", "error"])
                continue
            order.attempts, order.next_at, order.error = order.attempts + 1, max(at, now()) + LEASE, ""
            order.save(update_fields=["attempts", "next_at", "error"])
            return order


def _is_last(order: VoipOrder) -> bool:
    """Whether `order`, once it has been asked for as often as it says, is not asked for again."""
    return order.kind in ONCE or order.attempts > len(BACK_OFF)

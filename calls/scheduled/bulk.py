"""What is done to many scheduled calls: each by itself, so that one that cannot be is no hindrance to the others."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from calls import errors, services
from calls.models import Call, Status
from calls.scheduled.hours import Judge
from calls.scope import Scope
from ccai.errors import Refused
from ccai.times import now

# Calls of one request: each is a transaction, and people wait for the answer.
MOST = 500


@dataclass
class Outcome:
    """How many were done, how many needed nothing, which were turned away, and of the others why not."""

    done: int = 0
    kept: int = 0
    refused: list[tuple[int, Refused]] = field(default_factory=list)
    # Calls that were due now, and that their menu did not take.
    turned_away: list[Call] = field(default_factory=list)


def cancel(scope: Scope, call_ids: Collection[int]) -> Outcome:
    """The calls are withdrawn."""
    return _each(scope, call_ids, services.cancel_call)


def start(scope: Scope, call_ids: Collection[int]) -> Outcome:
    """The calls are due now: each waits in a queue, or is turned away."""
    turned_away: list[Call] = []

    def start_one(call: Call) -> None:
        started = services.start_now(call)
        if started.status != Status.QUEUED:
            turned_away.append(started)

    outcome = _each(scope, call_ids, start_one)
    outcome.done -= len(turned_away)
    outcome.turned_away = turned_away
    return outcome


def move_by(scope: Scope, call_ids: Collection[int], length: timedelta) -> Outcome:
    """Each of the calls is due so much later, or earlier."""
    return _each(scope, call_ids, lambda call: services.move_call(call, _due(call) + length))


def move_to(scope: Scope, call_ids: Collection[int], due: datetime) -> Outcome:
    """All of the calls are due at `due`."""
    return _each(scope, call_ids, lambda call: services.move_call(call, due))


def move_to_opening(scope: Scope, call_ids: Collection[int]) -> Outcome:
    """Each of the calls that its menu does not take at its time is due when the menu opens next; others stay."""
    judge = Judge(set(Call.objects.filter(pk__in=call_ids, menu__isnull=False).values_list("menu_id", flat=True)))

    def move(call: Call) -> object:
        opening = judge.next_opening(call.menu_id, max(_due(call), now()))
        if opening is None:
            raise Refused(errors.MENU_HAS_NO_OPENING)
        return opening != call.scheduled_at and services.move_call(call, opening)

    return _each(scope, call_ids, move)


def _due(call: Call) -> datetime:
    if call.scheduled_at is None:
        raise Refused(errors.CALL_CANNOT_BE_MOVED)
    return call.scheduled_at


def _each(scope: Scope, call_ids: Collection[int], deed: Callable[[Call], object]) -> Outcome:
    """`deed`, which is False where nothing was to be done, is done to each of the calls that are seen, at most MOST."""
    outcome = Outcome()
    calls = scope.calls().filter(pk__in=list(call_ids)[:MOST]).order_by("scheduled_at", "pk")
    for call in list(calls):
        try:
            is_kept = deed(call) is False
        except Refused as refusal:
            outcome.refused.append((call.pk, refusal))
        else:
            outcome.kept += is_kept
            outcome.done += not is_kept
    return outcome

"""The lifecycle: one table of what leads where, and the only writer of `Call.status`.

Every move is a compare and swap: whoever finds the call no longer where it was has lost the race, and is told. With
the status go its time stamps, durations and deadline, the call's event, and at the end the participants and the
agent's time; all of it in one transaction.
"""

import logging
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.db import transaction

from agents import availability
from calls import webhooks
from calls.crm import comments
from calls.models import Call, CallEvent, FailReason, Hold, Participant, Status
from calls.models.call import OVER
from ccai import announcing
from ccai.acting import actor_name
from ccai.times import now

log = logging.getLogger("calls.lifecycle")

BIRTHS = (Status.ASSIGNED, Status.QUEUED, Status.SCHEDULED, Status.SELECTING, Status.ACTION_ONLY)

TRANSITIONS: dict[str, tuple[str, ...]] = {
    # To itself: it has another time.
    Status.SCHEDULED: (Status.SCHEDULED, Status.QUEUED, Status.DEFLECTED, Status.FAILED, Status.CANCELLED),
    Status.SELECTING: (Status.QUEUED, Status.DEFLECTED, Status.FAILED),
    # From one menu's queue to another's, where the first is deleted.
    Status.QUEUED: (
        Status.QUEUED,
        Status.ASSIGNED,
        Status.DEFLECTED,
        Status.VOICEMAIL,
        Status.FAILED,
        Status.CANCELLED,
    ),
    Status.ASSIGNED: (Status.CONNECTING, Status.QUEUED, Status.FAILED),
    Status.CONNECTING: (Status.CONNECTED, Status.SWITCHING, Status.QUEUED, Status.FAILED),
    Status.SWITCHING: (Status.CONNECTING, Status.CONNECTED, Status.FAILED),
    Status.CONNECTED: (Status.FINISHED, Status.QUEUED, Status.ASSIGNED, Status.FAILED),
    Status.DEFLECTED: (Status.VOICEMAIL, Status.SCHEDULED, Status.QUEUED),
    Status.VOICEMAIL: (Status.VOICEMAIL_RECEIVED, Status.FAILED),
    Status.VOICEMAIL_RECEIVED: (Status.VOICEMAIL_READ,),
    Status.VOICEMAIL_READ: (),
    Status.FAILED: (Status.RECOVERED,),
    Status.RECOVERED: (),
    Status.FINISHED: (),
    Status.CANCELLED: (),
    Status.ACTION_ONLY: (Status.ACTION_ONLY_FINISHED,),
    Status.ACTION_ONLY_FINISHED: (),
}

# The column that says when a call first came to a status.
STAMPS = {
    Status.QUEUED: "queued_at",
    Status.ASSIGNED: "assigned_at",
    Status.CONNECTED: "connected_at",
}

# The setting that says how long a call may stay in a status, in seconds. A queued call's is `Call.expires_after`.
DEADLINES = {
    Status.SELECTING: "CCAI_SELECTING_DEADLINE",
    Status.VOICEMAIL: "CCAI_VOICEMAIL_DEADLINE",
    Status.ACTION_ONLY: "CCAI_ACTION_ONLY_DEADLINE",
    Status.ASSIGNED: "CCAI_DIAL_DEADLINE",
    Status.SWITCHING: "CCAI_DIAL_DEADLINE",
    Status.CONNECTING: "CCAI_CONNECT_DEADLINE",
    Status.CONNECTED: "CCAI_TALK_CHECK",
}


# How calls end in which people talked until then.
AFTER_TALKS = (Status.FINISHED, Status.ACTION_ONLY_FINISHED)


class InvalidTransition(Exception):
    """The table has no such move, or the call is no longer where it was thought to be."""


def seconds_between(start: datetime | None, end: datetime | None) -> int:
    """Whole seconds from `start` to `end`, rounded down; 0 where either is missing or the clock went back."""
    if start is None or end is None:
        return 0
    return max(0, int((end - start).total_seconds()))


def deadline_of(call: Call, status: str, at: datetime) -> datetime | None:
    """When the clock settles `call` if it stays in `status`, come to at `at`; None where it may stay for ever."""
    if status == call.status == Status.QUEUED and call.pk is not None:
        return call.deadline_at
    if status == Status.QUEUED:
        # A scheduled call has its time, wherever it is sent on to; one that comes back from an agent it never talked to
        # has no more than it had. A caller who is to be called back has all of it anew.
        begun: dict[str, datetime | None] = {
            Status.SCHEDULED: call.scheduled_at,
            Status.DEFLECTED: call.scheduled_at,
            Status.ASSIGNED: call.scheduled_at or call.waits_since,
            Status.CONNECTING: call.scheduled_at or call.waits_since,
        }
        return (begun.get(call.status) or at) + timedelta(seconds=call.expires_after)
    setting = DEADLINES.get(Status(status))
    return at + timedelta(seconds=getattr(settings, setting)) if setting else None


def consequences(call: Call, to: str, at: datetime) -> dict[str, Any]:
    """The columns that follow from `call` coming to the status `to` at the moment `at`."""
    columns: dict[str, Any] = {"deadline_at": deadline_of(call, to, at)}
    columns["ask_crm_at"] = at if to == Status.SCHEDULED and call.out_ticket_id else None
    stamp = STAMPS.get(Status(to))
    if stamp and (getattr(call, stamp) is None or to == Status.ASSIGNED):
        columns[stamp] = at
    if to == Status.QUEUED and call.status == Status.CONNECTED:
        columns["waits_since"] = at - timedelta(seconds=call.wait_duration)
    elif to == Status.QUEUED and call.waits_since is None:
        columns["waits_since"] = at
    if to == Status.ASSIGNED and call.status != Status.CONNECTED:
        columns["wait_duration"] = seconds_between(call.waits_since, at)
    if to in OVER and call.ends_at is None:
        columns["ends_at"] = at
        columns["call_duration"] = seconds_between(call.connected_at, at)
    if to not in OVER:
        columns["ends_at"] = None
    return columns


def begin(call: Call, cause: str, at: datetime) -> None:
    """`call`, unsaved until now, is born with the status it carries, with its stamps, deadline and first event.

    Call it in the transaction that writes the call's participants. Raises InvalidTransition where no call is born so.
    """
    if call.status not in BIRTHS:
        raise InvalidTransition(f"no call is born {call.status}")
    # Who polls by `updated_at` may have read on since `at`.
    call.created_at, call.updated_at = at, max(at, now())
    for column, value in consequences(call, call.status, at).items():
        setattr(call, column, value)
    call.save(force_insert=True)
    CallEvent.objects.create(call=call, old="", new=call.status, cause=cause, by=actor_name(), at=at)
    webhooks.record_calls("call.created", [call.pk])
    _log_on_commit("call %s: born %s (%s)", call.pk, call.status, cause)


def transition_many(
    calls: Iterable[Call],
    to: str,
    *,
    cause: str,
    at: datetime | None = None,
    goes_on: bool = False,
    **columns: Any,
) -> list[Call]:
    """Each of `calls` that still has the status it was read with is `to`, with `columns`. Returns those it moved.

    The moved ones carry the new values; the others were moved by somebody else first and are left as they are.
    `goes_on`: `to` is only passed on the way to another status, in the same transaction, and nobody leaves the call.
    Raises InvalidTransition, and moves none, where the table has no such move for one of them.
    """
    at = at or now()
    written_at, by = now(), actor_name()
    batches: dict[tuple[str, tuple[tuple[str, Any], ...]], list[Call]] = defaultdict(list)
    for call in calls:
        if to not in TRANSITIONS[call.status]:
            raise InvalidTransition(f"call {call.pk} cannot go from {call.status} to {to}")
        # A provider's report may be of the past; `updated_at` only ever goes forward, for those who poll by it.
        values = {"status": to, "updated_at": written_at, **consequences(call, to, at)}
        batches[(call.status, tuple(sorted(values.items())))].append(call)
    moved: list[Call] = []
    events: list[CallEvent] = []
    with transaction.atomic():
        webhooks.catch_up([call.pk for batch in batches.values() for call in batch])
        for (old, values_of_batch), batch in batches.items():
            movers = _swap(batch, old, {**dict(values_of_batch), **columns})
            moved += movers
            events += [CallEvent(call=call, old=old, new=to, cause=cause, by=by, at=at) for call in movers]
        CallEvent.objects.bulk_create(events)
        webhooks.record_calls(f"call.{to}", [call.pk for call in moved])
        if to in OVER and not goes_on:
            end_holds(moved, at)
            _end_participants(moved, at)
            comments.write_ended(moved)
        if to == Status.FINISHED:
            _recover_parents(moved, at)
        for event in events:
            _log_on_commit("call %s: %s → %s (%s)", event.call_id, event.old, to, cause)
        announcing.announce_on_commit([call.agent_id for call in moved if call.agent_id])
    return moved


def transition(call: Call, to: str, *, cause: str, at: datetime | None = None, **columns: Any) -> Call:
    """`call` is `to`, as in `transition_many`. Raises InvalidTransition for the loser of a race."""
    if not transition_many([call], to, cause=cause, at=at, **columns):
        raise InvalidTransition(f"call {call.pk} is no longer {call.status}")
    return call


def end_holds(calls: Iterable[Call], at: datetime) -> None:
    """Nobody hears music any more in `calls`, whose `hold_duration` is the sum of their holds, in whole seconds."""
    by_id = {call.pk: call for call in calls}
    held = Hold.objects.filter(call__in=by_id, ended_at=None)
    for call_id in list(held.values_list("call_id", flat=True)):
        call = by_id[call_id]
        held.filter(call=call).update(ended_at=at)
        call.hold_duration = held_between(call.pk, None, at)
        Call.objects.filter(pk=call.pk).update(hold_duration=call.hold_duration, updated_at=now())


def held_between(call_id: int, start: datetime | None, end: datetime) -> int:
    """Whole seconds that the end user was on hold from `start` (the beginning) until `end`."""
    held = timedelta()
    for hold in Hold.objects.filter(call=call_id, started_at__lt=end):
        begun = max(hold.started_at, start) if start else hold.started_at
        held += max(timedelta(), min(hold.ended_at or end, end) - begun)
    return int(held.total_seconds())


def _log_on_commit(message: str, *values: object) -> None:
    """A line in the log once what it says is true for all; none where the transaction is rolled back."""
    transaction.on_commit(partial(log.info, message, *values))


def _swap(batch: Sequence[Call], old: str, columns: dict[str, Any]) -> list[Call]:
    """Those of `batch` that are `old` get `columns`, in the table and in memory."""
    keys = [call.pk for call in batch]
    still_there = Call.objects.filter(pk__in=keys, status=old)
    if len(keys) > 1:
        # One UPDATE cannot say which rows it found, so they are locked and looked at first.
        keys = list(still_there.select_for_update().values_list("pk", flat=True))
        still_there = Call.objects.filter(pk__in=keys)
    if not keys or not still_there.update(**columns):
        return []
    found = set(keys)
    moved = [call for call in batch if call.pk in found]
    for call in moved:
        for column, value in columns.items():
            setattr(call, column, value)
    return moved


def leave(participant: Participant, at: datetime) -> None:
    """`participant`, unsaved, has left the call at `at`; with durations where they were connected."""
    participant.status, participant.ended_at = Participant.Status.FINISHED, at
    if participant.connected_at is not None:
        participant.call_duration = seconds_between(participant.connected_at, at)
        participant.hold_duration = held_between(participant.call_id, participant.connected_at, at)


def _end_participants(calls: Sequence[Call], at: datetime) -> None:
    """Everybody has left `calls`, and the agents have their time back."""
    by_id = {call.pk: call for call in calls}
    staying = list(Participant.objects.filter(call__in=by_id).exclude(status=Participant.Status.FINISHED))
    for participant in staying:
        leave(participant, at)
        if participant.connected_at is None:
            participant.fail_reason = by_id[participant.call_id].fail_reason
    Participant.objects.bulk_update(
        staying, ["status", "ended_at", "call_duration", "hold_duration", "fail_reason"], batch_size=200
    )
    availability.release([stay.engagement_id for stay in staying if stay.engagement_id], at)
    # An agent whose line answered and whose end user did not has talked to nobody.
    talked = {call.pk for call in calls if call.status in AFTER_TALKS}
    wrapped_up = [stay for stay in staying if stay.connected_at and stay.call_id in talked]
    availability.begin_wrap_ups([stay.agent_id for stay in wrapped_up if stay.agent_id], at)


def _recover_parents(calls: Sequence[Call], at: datetime) -> None:
    """The failed calls that those of `calls` have called back that finished without an error are recovered (contract
    section 3)."""
    called_back = [call.parent_id for call in calls if call.parent_id and call.fail_reason == FailReason.NOTHING]
    parents = Call.objects.filter(pk__in=called_back, status=Status.FAILED)
    transition_many(list(parents), Status.RECOVERED, cause="called_back", at=at)

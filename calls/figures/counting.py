"""The questions to the database that reports are made of: each a handful of sums, by quarter of an hour.

A quarter of an hour, counted in UTC, lies in one hour and one day of every time zone, so both databases group by it
alike, and the center's days and hours are put together of it afterwards.
"""

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import (
    Count,
    DateTimeField,
    DurationField,
    ExpressionWrapper,
    F,
    Max,
    Min,
    Q,
    QuerySet,
    Sum,
)
from django.db.models.functions import Coalesce, Greatest

from calls.figures.definitions import Counts
from calls.figures.moments import QuarterOf
from calls.figures.spans import QUARTERS, Grain
from calls.models import CallType, Deflection, FailReason, Participant, Status, Transfer
from calls.models.call import CallQuerySet

# Of these types are calls that are to be answered at once.
AT_ONCE = (CallType.INBOUND_API, CallType.INBOUND_IVR, CallType.INBOUND_MOBILE, CallType.CALLBACK_WEB)
# Of calls with these deflections nobody waits any more: the end user is called later.
CALLED_LATER = (Deflection.OVER_CAPACITY_CALLBACK, Deflection.OVER_CAPACITY_SCHEDULED_CALL)
GAVE_UP = (FailReason.EU_ABANDONED, FailReason.EU_CANCELED, FailReason.EU_IN_MENU_ABANDONED)
# The agent was there, and the end user who was dialled was not.
NOT_REACHED = (
    FailReason.EU_BUSY,
    FailReason.EU_NO_ANSWER,
    FailReason.EU_NOTI_FAILED,
    FailReason.EU_REJECTED,
    FailReason.EU_REPEATED_CALLBACK,
    FailReason.EU_REPEATED_VOICEMAIL,
    FailReason.EU_WRONG_NUMBER,
)
FAILED = (Status.FAILED, Status.RECOVERED)
MESSAGE_LEFT = (Status.VOICEMAIL_RECEIVED, Status.VOICEMAIL_READ)

ByQuarter = Iterator[tuple[int, Counts]]
# The least and the greatest id.
Ids = tuple[int, int]


def lasts(start: Any, end: Any) -> ExpressionWrapper:
    """The time from `start` to `end`."""
    return ExpressionWrapper(_moment(end) - _moment(start), output_field=DurationField())


def sums() -> dict[str, Any]:
    """What is summed up over calls, by the name of the column of Counts."""
    no_talk = Q(connected_at=None)
    failed = no_talk & Q(status__in=FAILED)
    offered = Q(call_type__in=AT_ONCE, queued_at__isnull=False)
    served = offered & ~Q(deflection__in=CALLED_LATER)
    answered = served & ~no_talk
    abandoned = served & failed & Q(fail_reason__in=GAVE_UP)
    in_time = timedelta(seconds=settings.CCAI_SERVICE_LEVEL_SECONDS)
    outcomes = {
        "talked": ~no_talk | Q(status=Status.ACTION_ONLY_FINISHED),
        "gave_up": failed & Q(fail_reason__in=GAVE_UP),
        "voicemail": no_talk & Q(status__in=(Status.VOICEMAIL, *MESSAGE_LEFT)),
        "deflected": no_talk & Q(status=Status.DEFLECTED),
        "failed": failed & ~Q(fail_reason__in=GAVE_UP),
        "cancelled": no_talk & Q(status=Status.CANCELLED),
    }
    counted = {
        **outcomes,
        "offered": offered,
        "answered": answered,
        "answered_in_time": answered & Q(until_answer__lte=in_time),
        "abandoned": abandoned,
        "abandoned_late": abandoned & Q(until_end__gt=in_time),
        "unanswered": served & failed & ~Q(fail_reason__in=(*GAVE_UP, *NOT_REACHED)),
        "voicemails": Q(status__in=MESSAGE_LEFT),
    }
    return {
        "calls": Count("pk"),
        **{name: Count("pk", filter=which) for name, which in counted.items()},
        "answer_seconds": Sum("until_answer", filter=answered),
        "abandon_seconds": Sum("until_end", filter=abandoned),
        "ratings": Count("rating"),
        "stars": Sum("rating"),
    }


def count_calls(calls: CallQuerySet, *by: str, grain: Grain = QUARTERS) -> list[tuple[tuple[Any, ...], Counts]]:
    """What is counted of `calls`, for each of the values that they have in `by`: columns, or `quarter`."""
    wanted = sums()
    # Some columns of calls have the same names.
    columns = {f"sum_{name}": expression for name, expression in wanted.items()}
    rows = (
        calls.order_by()
        .annotate(
            quarter=QuarterOf("created_at", grain),
            until_answer=lasts("queued_at", "connected_at"),
            until_end=lasts("queued_at", "ends_at"),
        )
        .values(*by)
        .annotate(**columns)
        .values_list(*by, *columns)
    )
    return [(row[: len(by)], _finished(dict(zip(wanted, row[len(by) :], strict=True)))) for row in rows]


def ids_of(calls: CallQuerySet) -> Ids | None:
    """The least and the greatest id of `calls`; None where there are none.

    Ids of a span lie together, and a database that is told so does not read what belongs to all calls there are.
    """
    # Counted as well: PostgreSQL would look for the least id alone by walking through all ids.
    found = calls.order_by().aggregate(calls=Count("pk"), least=Min("pk"), most=Max("pk"))
    return (found["least"], found["most"]) if found["calls"] else None


def count_conversations(
    calls: CallQuerySet, ids: Ids, agent_ids: Collection[int] | None, always: Collection[int], grain: Grain
) -> ByQuarter:
    """Agents' parts in `calls`, whose `ids` these are, that are over, by the quarter that the call was made in: in
    calls with `is_seen`, and those of the agents `always` in all of them; of these, those of `agent_ids` alone.

    Who had left when the end user came on the line was in no conversation.
    """
    seen = Q(is_seen=1)
    if always:
        seen |= Q(participants__agent__in=always)
    if agent_ids is not None:
        seen &= Q(participants__agent__in=agent_ids)
    talked = calls.filter(
        seen,
        connected_at__isnull=False,
        participants__type=Participant.Type.AGENT,
        participants__connected_at__isnull=False,
        participants__ended_at__gt=F("connected_at"),
        participants__call__gte=ids[0],
        participants__call__lte=ids[1],
    )
    rows = (
        talked.order_by()
        .annotate(
            quarter=QuarterOf("created_at", grain),
            length=lasts(Greatest("participants__connected_at", "connected_at"), "participants__ended_at"),
        )
        .values("quarter")
        .annotate(conversations=Count("pk"), lasted=Sum("length"), held=Sum("participants__hold_duration"))
    )
    for row in rows.values_list("quarter", "conversations", "lasted", "held"):
        quarter, conversations, lasted, held = row
        held = float(held or 0)
        yield (
            quarter,
            Counts(conversations=conversations, talk_seconds=lasted.total_seconds() - held, hold_seconds=held),
        )


def count_promises(calls: CallQuerySet, start: datetime, end: datetime, at: datetime, grain: Grain) -> ByQuarter:
    """Calls among `calls` that were promised for a time from `start` until `end`, and how many were kept, as it stands
    at `at`; by the quarter of that time."""
    patience = timedelta(seconds=settings.CCAI_SCHEDULED_CALL_EXPIRATION)
    asked = Q(scheduled_at=None) & (
        Q(call_type=CallType.CALLBACK_WEB) | Q(deflection=Deflection.OVER_CAPACITY_CALLBACK)
    )
    due = Q(scheduled_at__gte=start, scheduled_at__lt=end) | asked & Q(created_at__gte=start, created_at__lt=end)
    rows = (
        calls.filter(due)
        .exclude(status=Status.CANCELLED)
        .order_by()
        .annotate(promised=Coalesce("scheduled_at", "created_at"))
        .annotate(quarter=QuarterOf("promised", grain), late=lasts("promised", "connected_at"))
        .filter(Q(connected_at__isnull=False) | Q(ends_at__isnull=False) | Q(promised__lte=at - patience))
        .values("quarter")
        .annotate(promises=Count("pk"), kept=Count("pk", filter=Q(late__lte=patience)))
    )
    for quarter, promises, kept in rows.values_list("quarter", "promises", "kept"):
        yield quarter, Counts(promises=promises, promises_kept=kept)


def count_transfers(calls: CallQuerySet, ids: Ids, grain: Grain) -> ByQuarter:
    """How often `calls`, whose `ids` these are, were handed on, by the quarter that the call was made in."""
    rows = _with(calls.filter(transfers__call__gte=ids[0], transfers__call__lte=ids[1]), grain, "quarter").annotate(
        made=Count("transfers"),
        done=Count("transfers", filter=Q(transfers__status=Transfer.Status.TRANSFERRED)),
    )
    for quarter, made, finished in rows.values_list("quarter", "made", "done"):
        yield quarter, Counts(transfers=made, transfers_done=finished)


def count_deflections(calls: CallQuerySet, ids: Ids, grain: Grain) -> Iterator[tuple[int, str, int]]:
    """How often `calls`, whose `ids` these are, were deflected, by the quarter that the call was made in and by the
    kind of deflection."""
    deflected = calls.filter(deflection_details__call__gte=ids[0], deflection_details__call__lte=ids[1])
    rows = _with(deflected, grain, "quarter", "deflection_details__deflection").annotate(
        times=Count("deflection_details")
    )
    yield from rows.values_list("quarter", "deflection_details__deflection", "times")


def _with(calls: CallQuerySet, grain: Grain, *by: str) -> QuerySet:
    """`calls` by the quarter that they were made in."""
    return calls.order_by().annotate(quarter=QuarterOf("created_at", grain)).values(*by)


def _finished(values: dict[str, Any]) -> Counts:
    """The Counts of a row of sums; a sum of nothing is None."""
    for name in ("answer_seconds", "abandon_seconds"):
        values[name] = values[name].total_seconds() if values[name] else 0.0
    values["stars"] = values["stars"] or 0
    known = ("talked", "gave_up", "voicemail", "deflected", "failed", "cancelled")
    return Counts(**values, under_way=values["calls"] - sum(values[name] for name in known))


def _moment(one: Any) -> Any:
    return F(one) if isinstance(one, str) else ExpressionWrapper(one, output_field=DateTimeField())

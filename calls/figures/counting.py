"""The questions to the database that reports are made of: each a handful of sums, by quarter of an hour.

A quarter of an hour, counted in UTC, lies in one hour and one day of every time zone, so both databases group by it
alike, and the center's days and hours are put together of it afterwards.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import (
    BigIntegerField,
    Count,
    DateTimeField,
    DurationField,
    ExpressionWrapper,
    F,
    Func,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
)
from django.db.models.functions import Coalesce, Greatest

from agents.models import Agent, Engagement, StatusChange
from calls.figures.agents import LONGEST
from calls.figures.definitions import Counts
from calls.models import CallType, Deflection, DeflectionDetail, FailReason, Participant, Status, Transfer
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


class QuarterOf(Func):
    """The number of the quarter of an hour that a moment lies in, as in `spans.quarter_of`."""

    arity = 1
    output_field = BigIntegerField()

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        """In PostgreSQL's words."""
        return self.as_sql(
            compiler, connection, template="floor(extract(epoch from %(expressions)s) / 900)::bigint", **context
        )

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        """In SQLite's words."""
        return self.as_sql(
            compiler, connection, template="CAST(strftime('%%%%s', %(expressions)s) AS INTEGER) / 900", **context
        )


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


def count_calls(calls: CallQuerySet, *by: str) -> list[tuple[tuple[Any, ...], Counts]]:
    """What is counted of `calls`, for each of the values that they have in `by`: columns, or `quarter`."""
    rows = (
        calls.order_by()
        .annotate(
            quarter=QuarterOf("created_at"),
            until_answer=lasts("queued_at", "connected_at"),
            until_end=lasts("queued_at", "ends_at"),
        )
        .values(*by)
        .annotate(**{f"sum_{name}": expression for name, expression in sums().items()})
    )
    return [(tuple(row.pop(name) for name in by), _finished(row)) for row in rows]


def count_conversations(calls: CallQuerySet, agent_ids: Iterable[int] | None) -> ByQuarter:
    """Agents' parts in `calls` that are over, by the quarter that the call was made in; those of `agent_ids` alone.

    Who had left when the end user came on the line was in no conversation.
    """
    stays = Participant.objects.filter(
        call__in=calls.order_by(),
        call__connected_at__isnull=False,
        type=Participant.Type.AGENT,
        connected_at__isnull=False,
        ended_at__gt=F("call__connected_at"),
    )
    if agent_ids is not None:
        stays = stays.filter(agent__in=agent_ids)
    rows = (
        stays.order_by()
        .annotate(
            quarter=QuarterOf("call__created_at"),
            length=lasts(Greatest("connected_at", "call__connected_at"), "ended_at"),
        )
        .values("quarter")
        .annotate(conversations=Count("pk"), lasted=Sum("length"), held=Sum("hold_duration"))
    )
    for row in rows.values_list("quarter", "conversations", "lasted", "held"):
        quarter, conversations, lasted, held = row
        held = float(held or 0)
        yield (
            quarter,
            Counts(conversations=conversations, talk_seconds=lasted.total_seconds() - held, hold_seconds=held),
        )


def count_wrap_ups(calls: CallQuerySet, agent_ids: Iterable[int] | None, start: datetime, end: datetime) -> ByQuarter:
    """Wrap-ups after `calls`, which were made from `start` until `end`, by the quarter that the call was made in.

    A wrap-up is over when the agent's status changes; until then it is not counted.
    """
    everybody = Agent.objects.values_list("pk", flat=True)
    after = StatusChange.objects.filter(agent=OuterRef("agent"), at__gt=OuterRef("at")).order_by("at", "pk")
    before = Engagement.objects.filter(
        agent=OuterRef("agent"), kind=Engagement.Kind.CALL, started_at__lt=OuterRef("at")
    ).order_by("-started_at", "-pk")
    rows = (
        StatusChange.objects.filter(
            agent__in=list(everybody if agent_ids is None else agent_ids),
            status=Agent.Status.WRAP_UP,
            at__gte=start,
            at__lt=end + LONGEST,
        )
        .order_by()
        .annotate(
            call=Subquery(before.values("participant__call")[:1]),
            talked_until=Subquery(before.values("ended_at")[:1]),
            ended=Subquery(after.values("at")[:1]),
        )
        .filter(call__isnull=False, ended__isnull=False)
        .values_list("call", "at", "talked_until", "ended")
    )
    wrap_ups = [
        (call_id, (ended - max(begun, talked_until or begun)).total_seconds())
        for call_id, begun, talked_until, ended in rows
    ]
    if not wrap_ups:
        return
    quarters = dict(calls.order_by().values_list("pk", QuarterOf("created_at")))
    for call_id, lasted in wrap_ups:
        if call_id in quarters and lasted > 0:
            yield quarters[call_id], Counts(wrap_up_seconds=lasted)


def count_promises(calls: CallQuerySet, start: datetime, end: datetime, at: datetime) -> ByQuarter:
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
        .annotate(quarter=QuarterOf("promised"), late=lasts("promised", "connected_at"))
        .filter(Q(connected_at__isnull=False) | Q(ends_at__isnull=False) | Q(promised__lte=at - patience))
        .values("quarter")
        .annotate(promises=Count("pk"), kept=Count("pk", filter=Q(late__lte=patience)))
    )
    for quarter, promises, kept in rows.values_list("quarter", "promises", "kept"):
        yield quarter, Counts(promises=promises, promises_kept=kept)


def count_transfers(calls: CallQuerySet) -> ByQuarter:
    """How often `calls` were handed on, by the quarter that the call was made in."""
    done = Count("pk", filter=Q(status=Transfer.Status.TRANSFERRED))
    rows = _of(Transfer.objects.all(), calls).values("quarter").annotate(made=Count("pk"), done=done)
    for quarter, made, finished in rows.values_list("quarter", "made", "done"):
        yield quarter, Counts(transfers=made, transfers_done=finished)


def count_deflections(calls: CallQuerySet) -> Iterator[tuple[int, str, int]]:
    """How often `calls` were deflected, by the quarter that the call was made in and by the kind of deflection."""
    rows = _of(DeflectionDetail.objects.all(), calls).values("quarter", "deflection").annotate(times=Count("pk"))
    yield from rows.values_list("quarter", "deflection", "times")


def _of(rows: QuerySet, calls: CallQuerySet) -> QuerySet:
    """Those of `rows` that belong to `calls`, with the quarter that the call was made in."""
    return rows.filter(call__in=calls.order_by()).order_by().annotate(quarter=QuarterOf("call__created_at"))


def _finished(row: dict[str, Any]) -> Counts:
    """The Counts of a row of sums."""
    values: dict[str, Any] = {name.removeprefix("sum_"): value or 0 for name, value in row.items()}
    for name in ("answer_seconds", "abandon_seconds"):
        values[name] = values[name].total_seconds() if values[name] else 0.0
    known = ("talked", "gave_up", "voicemail", "deflected", "failed", "cancelled")
    values["under_way"] = values["calls"] - sum(values[name] for name in known)
    return Counts(**values)


def _moment(one: Any) -> Any:
    return F(one) if isinstance(one, str) else ExpressionWrapper(one, output_field=DateTimeField())

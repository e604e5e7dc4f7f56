"""How agents spent a stretch of time.

The time of an agent is of four kinds, none of which overlaps another: on a call or placing one (an engagement, which
outshines any status), in wrap-up, available, and away. What began before the stretch or goes on after it counts with
the part that lies within.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Greatest

from agents.models import Agent, Engagement, StatusChange
from calls.models import Hold, Offer, Participant
from ccai.times import now

# What takes an agent's time and is over by then did not begin longer ago: no call lasts for days.
LONGEST = timedelta(days=1)
TAKEN = (Engagement.Kind.CALL, Engagement.Kind.DIAL_PROMPT)

Stretch = tuple[datetime, datetime]


@dataclass(frozen=True)
class AgentFigures:
    """What one agent did. Times are seconds, with what is finer than a millisecond cut off.

    `calls` are those on which agent and end user could talk, counted where they began to; `missed` are offers that
    came to their end without an answer.
    """

    calls: int = 0
    talk_seconds: float = 0.0
    hold_seconds: float = 0.0
    wrap_up_seconds: float = 0.0
    available_seconds: float = 0.0
    missed: int = 0

    @property
    def handle_seconds(self) -> float:
        """Talk, hold and wrap-up."""
        return self.talk_seconds + self.hold_seconds + self.wrap_up_seconds

    @property
    def occupancy(self) -> float | None:
        """The share (0 to 1) of handling in handling and being available; None where there was neither."""
        working = self.handle_seconds + self.available_seconds
        return self.handle_seconds / working if working else None


def agents_today(agent_ids: Collection[int], start: datetime, end: datetime) -> dict[int, AgentFigures]:
    """The figures of each of these agents from `start` until `end`, or until now where that is earlier.

    Six queries, however many they are. An agent of whom no status is written down was offline.
    """
    end = min(end, now())
    if start >= end:
        return {agent_id: AgentFigures() for agent_id in agent_ids}
    calls, talks, holds = _conversations(agent_ids, start, end)
    taken = _taken(agent_ids, start, end)
    statuses = _statuses(agent_ids, start, end)
    missed = _missed(agent_ids, start, end)
    figures = {}
    for agent_id in agent_ids:
        free = {
            status: seconds(stretches) - overlap(stretches, taken[agent_id])
            for status, stretches in statuses[agent_id].items()
        }
        figures[agent_id] = AgentFigures(
            calls=calls[agent_id],
            talk_seconds=talks[agent_id] - holds[agent_id],
            hold_seconds=holds[agent_id],
            wrap_up_seconds=free.get(Agent.Status.WRAP_UP, 0.0),
            available_seconds=free.get(Agent.Status.AVAILABLE, 0.0),
            missed=missed[agent_id],
        )
    return figures


def seconds(stretches: Iterable[Stretch]) -> float:
    """How long they are together."""
    return sum(((last - first).total_seconds() for first, last in stretches), 0.0)


def overlap(some: Sequence[Stretch], others: Sequence[Stretch]) -> float:
    """How many seconds of `some` lie within `others`. The stretches of each stand in order and do not overlap."""
    ends = [last for _first, last in others]
    shared = 0.0
    for first, last in some:
        for place in range(bisect_right(ends, first), len(others)):
            if others[place][0] >= last:
                break
            shared += (min(last, others[place][1]) - max(first, others[place][0])).total_seconds()
    return shared


def within(start: datetime, end: datetime, name: str) -> Q:
    """Those whose engagement, found by the lookup `name` ("" for itself), takes a part of the time from `start` on."""
    begun, ended = f"{name}started_at", f"{name}ended_at"
    return Q(**{f"{begun}__gt": start - LONGEST, f"{begun}__lt": end}) & (
        Q(**{f"{ended}__gt": start}) | Q(**{ended: None})
    ) | Q(**{ended: None, f"{begun}__lt": end})


def _conversations(
    agent_ids: Collection[int], start: datetime, end: datetime
) -> tuple[dict[int, int], dict[int, float], dict[int, float]]:
    """By agent: how many conversations began, how long they were together, and for how long of that people held."""
    calls: dict[int, int] = defaultdict(int)
    talks: dict[int, float] = defaultdict(float)
    holds: dict[int, float] = defaultdict(float)
    stays = Participant.objects.filter(
        within(start, end, "engagement__"),
        engagement__agent__in=agent_ids,
        engagement__kind=Engagement.Kind.CALL,
        connected_at__isnull=False,
        call__connected_at__isnull=False,
    ).exclude(ended_at__lte=F("call__connected_at"))  # who had left when the end user came on the line
    began = Greatest("connected_at", "call__connected_at")
    talked = stays.order_by("pk").values_list("call", "engagement__agent", began, "ended_at")
    held = _holds(stays, start, end)
    for call_id, agent_id, first, last in talked:
        calls[agent_id] += start <= first < end
        shown = list(clipped([(first, last)], start, end))
        talks[agent_id] += seconds(shown)
        holds[agent_id] += overlap(shown, held[call_id])
    return calls, talks, holds


def _holds(stays: QuerySet[Participant], start: datetime, end: datetime) -> dict[int, list[Stretch]]:
    """When somebody heard music, by call, in the calls of `stays`."""
    held: dict[int, list[Stretch]] = defaultdict(list)
    rows = Hold.objects.filter(call__in=stays.order_by().values("call"), started_at__lt=end)
    for call_id, first, last in rows.order_by("started_at").values_list("call", "started_at", "ended_at"):
        held[call_id] += clipped([(first, last)], start, end)
    return held


def _taken(agent_ids: Collection[int], start: datetime, end: datetime) -> dict[int, list[Stretch]]:
    """When each agent was on a call, was placing one, or was asked to complete one."""
    taken: dict[int, list[Stretch]] = defaultdict(list)
    rows = Engagement.objects.filter(within(start, end, ""), agent__in=agent_ids, kind__in=TAKEN)
    for agent_id, first, last in rows.order_by("started_at").values_list("agent", "started_at", "ended_at"):
        taken[agent_id] += clipped([(first, last)], start, end)
    return taken


def _statuses(agent_ids: Collection[int], start: datetime, end: datetime) -> dict[int, dict[str, list[Stretch]]]:
    """When each agent was of which status, by what they said."""
    before = StatusChange.objects.filter(agent=OuterRef("pk"), at__lte=start).order_by("-at", "-pk")
    latest = dict(Agent.objects.filter(pk__in=agent_ids).values_list("pk", Subquery(before.values("status")[:1])))
    since = dict.fromkeys(agent_ids, start)
    shown: dict[int, dict[str, list[Stretch]]] = defaultdict(lambda: defaultdict(list))
    rows = StatusChange.objects.filter(agent__in=agent_ids, at__gt=start, at__lt=end).order_by("at", "pk")
    for agent_id, status, at in rows.values_list("agent", "status", "at"):
        shown[agent_id][latest.get(agent_id) or Agent.Status.OFFLINE].append((since[agent_id], at))
        latest[agent_id], since[agent_id] = status, at
    for agent_id in agent_ids:
        shown[agent_id][latest.get(agent_id) or Agent.Status.OFFLINE].append((since[agent_id], end))
    return shown


def _missed(agent_ids: Collection[int], start: datetime, end: datetime) -> dict[int, int]:
    """How many offers that were made to each agent expired."""
    missed: dict[int, int] = defaultdict(int)
    offers = Offer.objects.filter(agent__in=agent_ids, offered_at__gte=start, offered_at__lt=end)
    for agent_id in offers.filter(status=Offer.Status.EXPIRED).order_by().values_list("agent_id", flat=True):
        missed[agent_id] += 1
    return missed


def clipped(stretches: Iterable[tuple[datetime, datetime | None]], start: datetime, end: datetime) -> Iterator[Stretch]:
    """The parts of `stretches` from `start` until `end`. One without an end goes on."""
    for begun, ended in stretches:
        first, last = max(begun, start), min(ended or end, end)
        if first < last:
            yield first, last

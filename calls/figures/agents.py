"""How agents spent a stretch of time.

The time of an agent is of four kinds, none of which overlaps another: on a call or placing one (an engagement, which
outshines any status), in wrap-up, available, and away. What began before the stretch or goes on after it counts with
the part that lies within.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import OuterRef, Q, Subquery

from agents.models import Agent, Engagement, StatusChange
from calls.figures.moments import Milliseconds, milliseconds
from calls.models import Hold, Offer
from ccai.times import now

# What takes an agent's time and is over by then did not begin longer ago: no call lasts for days.
LONGEST = timedelta(days=1)
TAKEN = (Engagement.Kind.CALL, Engagement.Kind.DIAL_PROMPT)
# So many ids at most are asked for at once.
MOST_IDS = 5_000

# From when until when, in milliseconds since 1970.
Stretch = tuple[int, int]


@dataclass(frozen=True)
class Talk:
    """A conversation of an agent: the call, from when until when (None where it goes on), in milliseconds."""

    call_id: int
    begun: int
    ended: int | None


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

    Five queries, however many they are. An agent of whom no status is written down was offline.
    """
    end = min(end, now())
    if start >= end:
        return {agent_id: AgentFigures() for agent_id in agent_ids}
    time = AgentTime(agent_ids, start, end)
    held = _holds([talk.call_id for talks in time.talks.values() for talk in talks], start, end)
    missed = _missed(agent_ids, start, end)
    figures = {}
    for agent_id in agent_ids:
        talk_seconds = hold_seconds = 0.0
        for talk in time.talks[agent_id]:
            stretch = list(clipped([(talk.begun, talk.ended)], time.start, time.end))
            talk_seconds += seconds(stretch)
            hold_seconds += overlap(stretch, held[talk.call_id])
        figures[agent_id] = AgentFigures(
            calls=sum(time.start <= talk.begun < time.end for talk in time.talks[agent_id]),
            talk_seconds=talk_seconds - hold_seconds,
            hold_seconds=hold_seconds,
            wrap_up_seconds=time.free_seconds(agent_id, Agent.Status.WRAP_UP, time.start, time.end),
            available_seconds=time.free_seconds(agent_id, Agent.Status.AVAILABLE, time.start, time.end),
            missed=missed[agent_id],
        )
    return figures


class AgentTime:
    """How some agents spent the time from `start` until `end`, agent by agent: when they were on calls, when they
    talked, and what they said that they did. Three queries."""

    def __init__(self, agent_ids: Collection[int], start: datetime, end: datetime) -> None:
        self.start, self.end = milliseconds(start), milliseconds(end)
        self.taken: dict[int, list[Stretch]] = defaultdict(list)
        self.talks: dict[int, list[Talk]] = defaultdict(list)
        self.statuses: dict[int, dict[str, list[Stretch]]] = defaultdict(lambda: defaultdict(list))
        # The calls of each agent in their order: when they began, when they were over, and their ids.
        self._calls: dict[int, list[tuple[int, int | None, int]]] = defaultdict(list)
        self._read_taken(agent_ids, start, end)
        self._read_statuses(agent_ids, start, end)

    def free_seconds(self, agent_id: int, status: str, start: int, end: int) -> float:
        """For how long of the time from `start` until `end` (milliseconds) the agent was `status`, and on no call."""
        stretches = list(clipped(self.statuses[agent_id][status], start, end))
        return seconds(stretches) - overlap(stretches, self.taken[agent_id])

    def working_seconds(self, agent_ids: Collection[int], end: datetime) -> tuple[float, float]:
        """For how long of the time until `end` these agents handled calls (talk, hold, wrap-up), and for how long they
        were available, together."""
        handling = available = 0.0
        until = milliseconds(end)
        for agent_id in agent_ids:
            talks = [(talk.begun, talk.ended) for talk in self.talks[agent_id]]
            handling += seconds(clipped(talks, self.start, until))
            handling += self.free_seconds(agent_id, Agent.Status.WRAP_UP, self.start, until)
            available += self.free_seconds(agent_id, Agent.Status.AVAILABLE, self.start, until)
        return handling, available

    def wrap_ups(self) -> Iterator[tuple[int, float]]:
        """The call before each wrap-up that is over, and how many seconds of the wrap-up came after it."""
        for agent_id, calls in self._calls.items():
            begun = [call[0] for call in calls]
            for first, last in self.statuses[agent_id][Agent.Status.WRAP_UP]:
                place = bisect_left(begun, first) - 1
                if place < 0 or last >= self.end:
                    continue
                _begun, ended, call_id = calls[place]
                if ended is not None and last > ended:
                    yield call_id, (last - max(first, ended)) / 1_000

    def _read_taken(self, agent_ids: Collection[int], start: datetime, end: datetime) -> None:
        begun = Q(started_at__gt=start - LONGEST, started_at__lt=end)
        rows = (
            Engagement.objects.filter(
                begun & Q(ended_at__gt=start) | Q(ended_at=None, started_at__lt=end),
                agent__in=agent_ids,
                kind__in=TAKEN,
            )
            .order_by("started_at")
            .values_list(
                "agent",
                Milliseconds("started_at"),
                Milliseconds("ended_at"),
                "participant__call",
                Milliseconds("participant__connected_at"),
                Milliseconds("participant__call__connected_at"),
            )
        )
        for agent_id, first, last, call_id, joined, connected in rows:
            self.taken[agent_id] += clipped([(first, last)], self.start, self.end)
            if call_id is not None:
                self._calls[agent_id].append((first, last, call_id))
            # Who had left when the end user came on the line has talked to nobody.
            if joined and connected and (last is None or last > connected):
                self.talks[agent_id].append(Talk(call_id, max(joined, connected), last))

    def _read_statuses(self, agent_ids: Collection[int], start: datetime, end: datetime) -> None:
        before = StatusChange.objects.filter(agent=OuterRef("pk"), at__lte=start).order_by("-at", "-pk")
        latest = dict(Agent.objects.filter(pk__in=agent_ids).values_list("pk", Subquery(before.values("status")[:1])))
        since = dict.fromkeys(agent_ids, self.start)
        rows = StatusChange.objects.filter(agent__in=agent_ids, at__gt=start, at__lt=end).order_by("at", "pk")
        for agent_id, status, at in rows.values_list("agent", "status", Milliseconds("at")):
            self.statuses[agent_id][latest.get(agent_id) or Agent.Status.OFFLINE].append((since[agent_id], at))
            latest[agent_id], since[agent_id] = status, at
        for agent_id in agent_ids:
            self.statuses[agent_id][latest.get(agent_id) or Agent.Status.OFFLINE].append((since[agent_id], self.end))


def seconds(stretches: Iterable[Stretch]) -> float:
    """How many seconds they are together."""
    return sum(last - first for first, last in stretches) / 1_000


def overlap(some: Sequence[Stretch], others: Sequence[Stretch]) -> float:
    """How many seconds of `some` lie within `others`. The stretches of each stand in order and do not overlap."""
    ends = [last for _first, last in others]
    shared = 0
    for first, last in some:
        for place in range(bisect_right(ends, first), len(others)):
            if others[place][0] >= last:
                break
            shared += min(last, others[place][1]) - max(first, others[place][0])
    return shared / 1_000


def clipped(stretches: Iterable[tuple[int, int | None]], start: int, end: int) -> Iterator[Stretch]:
    """The parts of `stretches` from `start` until `end`. One without an end goes on."""
    for begun, ended in stretches:
        first, last = max(begun, start), end if ended is None else min(ended, end)
        if first < last:
            yield first, last


def _holds(call_ids: Sequence[int], start: datetime, end: datetime) -> dict[int, list[Stretch]]:
    """When somebody heard music, by call."""
    held: dict[int, list[Stretch]] = defaultdict(list)
    for place in range(0, len(call_ids), MOST_IDS):
        rows = Hold.objects.filter(call__in=call_ids[place : place + MOST_IDS], started_at__lt=end)
        for call_id, first, last in rows.order_by("started_at").values_list(
            "call", Milliseconds("started_at"), Milliseconds("ended_at")
        ):
            held[call_id] += clipped([(first, last)], milliseconds(start), milliseconds(end))
    return held


def _missed(agent_ids: Collection[int], start: datetime, end: datetime) -> dict[int, int]:
    """How many offers that were made to each agent expired."""
    missed: dict[int, int] = defaultdict(int)
    offers = Offer.objects.filter(agent__in=agent_ids, offered_at__gte=start, offered_at__lt=end)
    for agent_id in offers.filter(status=Offer.Status.EXPIRED).order_by().values_list("agent_id", flat=True):
        missed[agent_id] += 1
    return missed

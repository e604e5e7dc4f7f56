"""How agents spent a stretch of time.

The time of an agent is of four kinds, none of which overlaps another: on a call or placing one (an engagement, which
outshines any status), in wrap-up, available, and away. What began before the stretch or goes on after it counts with
the part that lies within.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from agents.models import Engagement
from calls.figures.agent_time import LONGEST, TAKEN, FreeTime, free_time
from calls.figures.moments import Milliseconds, milliseconds
from calls.models import Hold, Offer
from ccai.times import now

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

    Four queries, however many they are. An agent of whom no status is written down was offline.
    """
    end = min(end, now())
    if start >= end:
        return {agent_id: AgentFigures() for agent_id in agent_ids}
    talks = _talks(agent_ids, start, end)
    held = _holds([talk.call_id for of_agent in talks.values() for talk in of_agent], start, end)
    missed = _missed(agent_ids, start, end)
    free = free_time(agent_ids, start, end)
    first, last = milliseconds(start), milliseconds(end)
    figures = {}
    for agent_id in agent_ids:
        talk_seconds = hold_seconds = 0.0
        for talk in talks[agent_id]:
            stretch = list(clipped([(talk.begun, talk.ended)], first, last))
            talk_seconds += seconds(stretch)
            hold_seconds += overlap(stretch, held[talk.call_id])
        rest = free.get(agent_id, FreeTime())
        figures[agent_id] = AgentFigures(
            calls=sum(first <= talk.begun < last for talk in talks[agent_id]),
            talk_seconds=talk_seconds - hold_seconds,
            hold_seconds=hold_seconds,
            wrap_up_seconds=rest.wrap_up,
            available_seconds=rest.available,
            missed=missed[agent_id],
        )
    return figures


def _talks(agent_ids: Collection[int], start: datetime, end: datetime) -> dict[int, list[Talk]]:
    """The conversations of each agent that lie in the time from `start` until `end`, or begin before it or go on."""
    begun = Q(started_at__gt=start - LONGEST, started_at__lt=end)
    rows = (
        Engagement.objects.filter(
            begun & Q(ended_at__gt=start) | Q(ended_at=None, started_at__lt=end),
            agent__in=agent_ids,
            kind__in=TAKEN,
            participant__connected_at__isnull=False,
            participant__call__connected_at__isnull=False,
        )
        .order_by("started_at")
        .values_list(
            "agent",
            "participant__call",
            Milliseconds("ended_at"),
            Milliseconds("participant__connected_at"),
            Milliseconds("participant__call__connected_at"),
        )
    )
    talks: dict[int, list[Talk]] = defaultdict(list)
    for agent_id, call_id, last, joined, connected in rows:
        # Who had left when the end user came on the line has talked to nobody.
        if last is None or last > connected:
            talks[agent_id].append(Talk(call_id, max(joined, connected), last))
    return talks


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

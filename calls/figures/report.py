"""A report: what the calls of a span add up to, in pieces and as a whole, beside the span before."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property

from django.utils import timezone

from agents.models import Agent
from calls.figures.agents import agents_today
from calls.figures.counting import (
    count_calls,
    count_conversations,
    count_deflections,
    count_promises,
    count_transfers,
    count_wrap_ups,
)
from calls.figures.definitions import Counts
from calls.figures.spans import Piece, Place, Span, Step, moment_of, quarter_of
from calls.models import Channel
from calls.models.call import CallQuerySet
from calls.models.vocabulary import types_of_channel
from calls.scope import Scope

NONE = Counts()


@dataclass(frozen=True)
class Selection:
    """Whose calls: those of `scope`, and of these only those that were for one of `menus` (ids), that one of `agents`
    (ids) had last, and that came by `channel`; None: all."""

    scope: Scope
    menus: frozenset[int] | None = None
    agents: frozenset[int] | None = None
    channel: Channel | None = None

    def calls(self) -> CallQuerySet:
        """These calls, whenever they were made, whoever had them."""
        calls = self.scope.calls()
        if self.menus is not None:
            calls = calls.filter(menu__in=self.menus)
        if self.channel is not None:
            calls = calls.filter(call_type__in=types_of_channel(self.channel))
        return calls

    def calls_of_agents(self) -> CallQuerySet:
        """These calls."""
        calls = self.calls()
        return calls if self.agents is None else calls.filter(agent__in=self.agents)

    def agent_ids(self) -> list[int]:
        """Whose time is counted: the agents who are seen and chosen; of a branch, those in its groups."""
        agents = self.scope.agents()
        if self.agents is not None:
            agents = agents.filter(pk__in=self.agents)
        elif self.menus is not None:
            agents = agents.filter(
                pk__in=Agent.groups.through.objects.filter(agentgroup__menu__in=self.menus).values("agent")
            )
        return sorted(set(agents.values_list("pk", flat=True)))


@dataclass
class Tally:
    """One span counted: by quarter of an hour, by call type, and how often calls were deflected in which way."""

    span: Span
    quarters: dict[int, Counts] = field(default_factory=lambda: defaultdict(Counts))
    types: dict[str, Counts] = field(default_factory=dict)
    kinds: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    time: Counts = NONE

    def add(self, counted: Iterable[tuple[int, Counts]]) -> None:
        """More counts are known."""
        for quarter, counts in counted:
            self.quarters[quarter] += counts

    @cached_property
    def whole(self) -> Counts:
        """All of it together, with the agents' time."""
        return sum(self.quarters.values(), self.time)

    def by_piece(self, step: Step) -> dict[Piece, Counts]:
        """What there is in each piece of the span, in their order."""
        pieces = dict.fromkeys(self.span.pieces(step), NONE)
        piece_at = self.span.placer(step)
        for quarter, counts in self.quarters.items():
            piece = piece_at(quarter)
            pieces[piece] = pieces.get(piece, NONE) + counts
        return pieces

    def by_hour_of_the_week(self) -> dict[tuple[int, int], Counts]:
        """By weekday (0: Monday) and hour on the center's clock; an hour that the clock showed twice has both."""
        hours: dict[tuple[int, int], Counts] = defaultdict(Counts)
        for quarter, counts in self.quarters.items():
            local = timezone.localtime(moment_of(quarter))
            hours[local.weekday(), local.hour] += counts
        return hours


@dataclass(frozen=True)
class Report:
    """A span and the one before it, of the same length."""

    selection: Selection
    now: Tally
    before: Tally

    def pieces(self, step: Step) -> list[tuple[Piece, Counts, Counts | None]]:
        """Each piece of the span that has begun, what there is in it, and what there was at its place in the span
        before, if there was such a place."""
        earlier: dict[Place, Counts] = {piece.place: counts for piece, counts in self.before.by_piece(step).items()}
        span = self.now.span
        begun = {span.placer(step)(quarter) for quarter in range(quarter_of(span.start), quarter_of(span.end) + 1)}
        return [
            (piece, counts, earlier.get(piece.place))
            for piece, counts in self.now.by_piece(step).items()
            if span.is_over or piece in begun
        ]


def report(selection: Selection, span: Span) -> Report:
    """What `selection` did in `span`, and in the span before."""
    return Report(selection, count(selection, span), count(selection, span.before()))


def count(selection: Selection, span: Span) -> Tally:
    """One span counted. Calls belong to the moment they were made, promises to the moment they were made for."""
    start, end = span.start, span.end
    made = {"created_at__gte": start, "created_at__lt": end}
    calls, all_calls = selection.calls_of_agents().filter(**made), selection.calls().filter(**made)
    tally = Tally(span)
    for (quarter, call_type), counts in count_calls(calls, "quarter", "call_type"):
        tally.quarters[quarter] += counts
        tally.types[call_type] = tally.types.get(call_type, NONE) + counts
    tally.add(count_conversations(all_calls, selection.agents))
    tally.add(count_wrap_ups(all_calls, selection.agents, start, end))
    tally.add(count_promises(selection.calls_of_agents(), start, end, span.at))
    tally.add(count_transfers(calls))
    for quarter, kind, times in count_deflections(calls):
        tally.quarters[quarter] += Counts(deflections=times)
        tally.kinds[kind] += times
    tally.time = time_of(selection.agent_ids(), span)
    return tally


def time_of(agent_ids: list[int], span: Span) -> Counts:
    """The time of these agents in `span`."""
    figures = agents_today(agent_ids, span.start, span.end).values()
    return replace(
        NONE,
        handling_seconds=sum(one.handle_seconds for one in figures),
        available_seconds=sum(one.available_seconds for one in figures),
    )

"""A report: what the calls of a span add up to, in pieces and as a whole, beside the span before."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain

from django.db import connection, transaction
from django.db.models import Case, Value, When
from django.utils import timezone

from agents.models import Agent
from calls.figures.agent_time import LONGEST, count_time
from calls.figures.counting import (
    count_calls,
    count_conversations,
    count_deflections,
    count_promises,
    count_transfers,
    ids_of,
)
from calls.figures.definitions import Counts, add_up
from calls.figures.moments import QuarterOf
from calls.figures.spans import Piece, Place, Span, Step, moment_of, quarter_of
from calls.models import Call, Channel
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
        return self._chosen(self.scope.calls())

    def _chosen(self, calls: CallQuerySet) -> CallQuerySet:
        if self.menus is not None:
            calls = calls.filter(menu__in=self.menus)
        if self.channel is not None:
            calls = calls.filter(call_type__in=types_of_channel(self.channel))
        return calls

    def calls_of_agents(self) -> CallQuerySet:
        """These calls."""
        calls = self.calls()
        return calls if self.agents is None else calls.filter(agent__in=self.agents)

    def agents_calls(self) -> CallQuerySet:
        """The calls in which agents may have had parts that count: to somebody who sees a team also calls that others
        had last. Which of their parts count, `own_agents` and the column `is_seen` say."""
        if self.scope.teams is None:
            return self.calls().annotate(is_seen=Value(1))
        branches = self.scope.in_branches()
        is_seen = Case(When(branches, then=1), default=0) if branches else Value(0)
        return self._chosen(Call.objects.all()).annotate(is_seen=is_seen)

    @cached_property
    def own_agents(self) -> frozenset[int]:
        """The agents in the teams of `scope`, all of whose parts count: a team is seen by what its agents did."""
        teams = self.scope.teams
        return frozenset(Agent.objects.filter(team__in=teams).values_list("pk", flat=True) if teams else ())

    def wrapped_up_by(self) -> frozenset[int] | None:
        """The agents whose wrap-ups count, after one of `agents_calls`; None: all. Where teams alone are seen, no
        others' time needs to be looked at."""
        if self.scope.teams is None or self.scope.menus is not None:
            return self.agents
        return self.own_agents if self.agents is None else self.own_agents & self.agents

    def agent_ids(self) -> list[int] | None:
        """Whose time is counted: the agents who are seen and chosen; of a branch, those in its groups. None: all."""
        if not self.scope.is_limited and self.agents is None and self.menus is None:
            return None
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
    counted: dict[int, list[Counts]] = field(default_factory=lambda: defaultdict(list))
    types: dict[str, Counts] = field(default_factory=dict)
    kinds: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    time: Counts = NONE

    def add(self, counted: Iterable[tuple[int, Counts]]) -> None:
        """More counts are known."""
        for quarter, counts in counted:
            self.counted[quarter].append(counts)

    @cached_property
    def whole(self) -> Counts:
        """All of it together, with the agents' time."""
        return add_up([self.time, *chain.from_iterable(self.counted.values())])

    def by_piece(self, step: Step) -> dict[Piece, Counts]:
        """What there is in each piece of the span, in their order."""
        parts: dict[Piece, list[Counts]] = {piece: [] for piece in self.span.pieces(step)}
        piece_at = self.span.placer(step)
        for quarter, counts in self.counted.items():
            parts.setdefault(piece_at(quarter), []).extend(counts)
        return {piece: add_up(counts) for piece, counts in parts.items()}

    def by_hour_of_the_week(self) -> dict[tuple[int, int], Counts]:
        """By weekday (0: Monday) and hour on the center's clock; an hour that the clock showed twice has both."""
        parts: dict[tuple[int, int], list[Counts]] = defaultdict(list)
        for quarter, counts in self.counted.items():
            local = timezone.localtime(moment_of(quarter))
            parts[local.weekday(), local.hour].extend(counts)
        return {place: add_up(counts) for place, counts in parts.items()}


@dataclass(frozen=True)
class Report:
    """A span and the one before it, of the same length, each counted when it is asked for."""

    selection: Selection
    span: Span
    with_agents: bool = True

    @cached_property
    def now(self) -> Tally:
        """The span."""
        return count(self.selection, self.span, with_agents=self.with_agents)

    @cached_property
    def before(self) -> Tally:
        """The span before."""
        return count(self.selection, self.span.before(), with_agents=self.with_agents)

    def pieces(self, step: Step) -> list[tuple[Piece, Counts, Counts | None]]:
        """Each piece of the span that has begun, what there is in it, and what there was at its place in the span
        before, if there was such a place."""
        earlier: dict[Place, Counts] = {piece.place: counts for piece, counts in self.before.by_piece(step).items()}
        span = self.now.span
        shown = self.now.by_piece(step)
        begun = list(shown)
        if not span.is_over:
            begun = begun[: begun.index(span.placer(step)(quarter_of(span.end))) + 1]
        return [(piece, shown[piece], earlier.get(piece.place)) for piece in begun]


def report(selection: Selection, span: Span, *, with_agents: bool = True) -> Report:
    """What `selection` did in `span`, and in the span before; without the agents' parts and time, which cost most,
    where nobody wants them."""
    return Report(selection, span, with_agents)


@contextmanager
def _found_by_index() -> Iterator[None]:
    """In it, PostgreSQL takes a page of a table to cost about the same wherever it lies, as it does in memory and on
    disks that do not turn. As it comes, it would rather read all calls there are than find those of a season.

    Nor does it compile what it does: for sums of a week that takes longer than the sums.
    """
    if connection.vendor != "postgresql":
        yield
        return
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL random_page_cost = 1.1; SET LOCAL jit = off")
        yield


@_found_by_index()
def count(selection: Selection, span: Span, *, with_agents: bool = True) -> Tally:
    """One span counted. Calls belong to the moment they were made, promises to the moment they were made for."""
    start, end, grain = span.start, span.end, span.grain
    made = {"created_at__gte": start, "created_at__lt": end}
    calls, agents_calls = selection.calls_of_agents().filter(**made), selection.agents_calls().filter(**made)
    tally = Tally(span)
    types: dict[str, list[Counts]] = defaultdict(list)
    for (quarter, call_type), counts in count_calls(calls, "quarter", "call_type", grain=grain):
        tally.counted[quarter].append(counts)
        types[call_type].append(counts)
    tally.types = {call_type: add_up(counts) for call_type, counts in types.items()}
    ids = ids_of(agents_calls)
    if ids:
        tally.add(count_transfers(calls, ids, grain))
        for quarter, kind, times in count_deflections(calls, ids, grain):
            tally.counted[quarter].append(Counts(deflections=times))
            tally.kinds[kind] += times
    tally.add(count_promises(selection.calls_of_agents(), start, end, span.at, grain))
    if not with_agents:
        return tally
    if ids:
        tally.add(
            count_conversations(
                agents_calls.filter(connected_at__gte=start), ids, selection.agents, selection.own_agents, grain
            )
        )
    tally.time, wrapped_up = count_time(
        selection.agent_ids(),
        start,
        end,
        quarters=agents_calls.order_by().values_list("pk", QuarterOf("created_at", grain), "is_seen"),
        wrapped_up_by=selection.wrapped_up_by(),
        always=selection.own_agents,
        # The wrap-up after the last call belongs to the call.
        until=max(end, min(end + LONGEST, span.at)),
    )
    tally.add(wrapped_up)
    return tally

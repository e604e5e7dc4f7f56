"""The center as it is now, and its day so far: what the wallboard and the front page show."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Count, Min, OuterRef, Subquery
from django.utils import timezone

from agents.models import Agent, Engagement
from calls.figures.counting import count_calls
from calls.figures.definitions import FIGURES, Counts
from calls.lifecycle import seconds_between
from calls.models import Status
from calls.models.call import OVER
from calls.scope import Scope
from ccai.times import midnight, now

RINGING = "ringing"
# What agents are shown to be doing, in this order: what takes their time first, then what they say.
AGENT_STATES = (
    Agent.Status.AVAILABLE.value,
    RINGING,
    Agent.ON_CALL,
    Agent.Status.WRAP_UP.value,
    Agent.Status.BREAK.value,
    Agent.Status.MEAL.value,
    Agent.Status.UNAVAILABLE.value,
    Agent.Status.MISSED_CALL.value,
    Agent.Status.UNRESPONSIVE.value,
    Agent.Status.OFFLINE.value,
)
_ENGAGED = {
    Engagement.Kind.OFFER.value: RINGING,
    Engagement.Kind.CALL.value: Agent.ON_CALL,
    Engagement.Kind.DIAL_PROMPT.value: Agent.ON_CALL,
}


@dataclass(frozen=True)
class Branch:
    """Some queues and their day."""

    waiting: int = 0
    longest_wait: int | None = None  # seconds; None where nobody waits
    live: dict[str, int] = field(default_factory=dict)  # calls that are not over, by status
    day: Counts = field(default_factory=Counts)
    agents: dict[str, int] = field(default_factory=dict)  # by what they do, as in AGENT_STATES

    @property
    def service_level(self) -> float | None:
        """Of the day so far, 0 to 1; None where no call says anything of it."""
        return FIGURES["service_level"].of(self.day)


@dataclass(frozen=True)
class Today:
    """All that is seen, and each of some branches of it, at the moment `at`."""

    at: datetime
    whole: Branch
    branches: dict[int, Branch]


def today(scope: Scope, branches: dict[int, Collection[int]] | None = None, at: datetime | None = None) -> Today:
    """How things stand in `scope`, and in each of `branches`: the ids of its menus, by a key. Four queries.

    A call that waits is in the branch of its queue; a call of the day in that of the menu it was made for; an agent in
    those whose groups they are in.
    """
    at = at or now()
    parts = branches or {}
    live = list(
        scope.calls()
        .filter(ends_at=None)
        .exclude(status__in=(*OVER, Status.SCHEDULED))
        .order_by()
        .values_list("queue", "status")
        .annotate(calls=Count("pk"), oldest=Min("waits_since"))
    )
    made = scope.calls().filter(created_at__gte=midnight(timezone.localdate(at)), created_at__lte=at)
    day = [(menu_id, counts) for (menu_id,), counts in count_calls(made, "menu")]
    doing = _agents(scope)
    groups = _branches_of_agents(doing, parts)
    return Today(
        at,
        _add_up(live, day, list(doing.values()), at),
        {
            key: _add_up(
                [row for row in live if row[0] in menus],
                [row for row in day if row[0] in menus],
                [doing[agent_id] for agent_id in groups.get(key, ())],
                at,
            )
            for key, menus in parts.items()
        },
    )


def _add_up(
    live: Sequence[tuple[int | None, str, int, datetime | None]],
    day: Sequence[tuple[int | None, Counts]],
    doing: Sequence[str],
    at: datetime,
) -> Branch:
    by_status: Counter[str] = Counter()
    for _queue, status, calls, _oldest in live:
        by_status[status] += calls
    since = [oldest for _queue, status, _calls, oldest in live if status == Status.QUEUED and oldest]
    states = Counter(doing)
    return Branch(
        waiting=by_status[Status.QUEUED],
        longest_wait=seconds_between(min(since), at) if since else None,
        live={status: by_status[status] for status in Status.values if by_status[status]},
        day=sum((counts for _menu, counts in day), Counts()),
        agents={state: states[state] for state in AGENT_STATES},
    )


def _agents(scope: Scope) -> dict[int, str]:
    """What each active agent is doing, by id."""
    kind = Engagement.objects.filter(agent=OuterRef("pk"), ended_at=None).values("kind")[:1]
    rows = scope.agents().filter(user__is_active=True).order_by().values_list("pk", "status", Subquery(kind))
    return {agent_id: _ENGAGED.get(kind, status) for agent_id, status, kind in rows}


def _branches_of_agents(agents: Collection[int], branches: dict[int, Collection[int]]) -> dict[int, set[int]]:
    """Those of `agents` who are in a group of each branch, by its key."""
    members: dict[int, set[int]] = {key: set() for key in branches}
    if not branches:
        return members
    rows = Agent.groups.through.objects.values_list("agentgroup__menu", "agent").distinct()
    for menu_id, agent_id in rows:
        for key, menus in branches.items():
            if menu_id in menus and agent_id in agents:
                members[key].add(agent_id)
    return members

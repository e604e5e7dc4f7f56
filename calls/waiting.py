"""How long a new caller would wait in a queue: what its agents' page, the API and over-capacity rules go by."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Count, Min, OuterRef, QuerySet, Subquery

from agents.models import Agent, Engagement
from calls.first_rows import AverageOfFirst
from calls.lifecycle import seconds_between
from calls.models import Call, Status
from calls.voip import can_be_rung
from menus.models import AgentGroup, Menu

# A queue's handle time is that of its last so many finished calls; and so many seconds where there are none.
LAST_CALLS = 50
USUAL_HANDLE_TIME = 180.0


@dataclass(frozen=True)
class Wait:
    """How things stand in one queue. Times are whole seconds.

    `estimated_wait` is None where nobody is at work who could take a call, `longest_wait` where nobody waits.
    `at_work` and `handle_time` are what the estimate was made of, as in `estimate_wait`.
    """

    estimated_wait: int | None
    queued: int
    available_agents: int
    longest_wait: int | None = None
    at_work: int = field(default=0, compare=False)
    handle_time: float = field(default=USUAL_HANDLE_TIME, compare=False)

    def count_within(self, seconds: int, many: int) -> int:
        """How many of `many` callers who come one after the other would wait for at most `seconds`; all of them where
        nobody can tell."""
        for ahead in range(many):
            wait = estimate_wait(self.queued + ahead, self.available_agents, self.at_work, self.handle_time)
            if wait is not None and wait > seconds:
                return ahead
        return many


def estimate(menu_ids: Collection[int], at: datetime) -> dict[int, Wait]:
    """How things stand at `at` in the queue of each of these menus; three queries, however many they are."""
    queues = Call.objects.filter(status=Status.QUEUED, queue__in=menu_ids).order_by().values("queue")
    waiting = {
        menu_id: (queued, oldest)
        for menu_id, queued, oldest in queues.annotate(queued=Count("pk"), oldest=Min("waits_since")).values_list(
            "queue", "queued", "oldest"
        )
    }
    free, at_work = _count_agents(menu_ids)
    handle_times = dict(
        Menu.objects.filter(pk__in=menu_ids)
        .order_by()
        .values_list("pk", AverageOfFirst(_last_finished()[:LAST_CALLS], "call_duration"))
    )
    waits = {}
    for menu_id in menu_ids:
        queued, oldest = waiting.get(menu_id, (0, None))
        known = handle_times.get(menu_id)
        handle_time = USUAL_HANDLE_TIME if known is None else known
        waits[menu_id] = Wait(
            estimated_wait=estimate_wait(queued, free[menu_id], at_work[menu_id], handle_time),
            queued=queued,
            available_agents=free[menu_id],
            longest_wait=None if oldest is None else seconds_between(oldest, at),
            at_work=at_work[menu_id],
            handle_time=handle_time,
        )
    return waits


def estimate_wait(queued: int, free: int, at_work: int, handle_time: float) -> int | None:
    """Whole seconds that a new caller waits behind `queued` others; None where nobody is `at_work`.

    Nothing where one of the `free` agents is left over; else each at work is done once in `handle_time` seconds.
    """
    if not at_work:
        return None
    ahead = queued + 1 - free
    return max(0, int(ahead * handle_time / at_work))


def _count_agents(menu_ids: Collection[int]) -> tuple[dict[int, int], dict[int, int]]:
    """How many agents of each menu are free, and how many are at work: available, on a call, or wrapping one up."""
    engaged_by = Engagement.objects.filter(agent=OuterRef("agent"), ended_at=None).values("kind")[:1]
    active = Agent.objects.filter(user__is_active=True)
    members = (
        AgentGroup.agents.through.objects.filter(agentgroup__menu__in=menu_ids, agent__in=can_be_rung(active))
        .order_by()
        .values_list("agentgroup__menu", "agent", "agent__status", Subquery(engaged_by))
        .distinct()
    )
    free: dict[int, int] = defaultdict(int)
    at_work: dict[int, int] = defaultdict(int)
    for menu_id, _agent, status, kind in members:
        available = status == Agent.Status.AVAILABLE
        free[menu_id] += available and kind is None
        at_work[menu_id] += available or status == Agent.Status.WRAP_UP or kind == Engagement.Kind.CALL
    return free, at_work


def _last_finished() -> QuerySet[Call]:
    """The finished calls of a menu, the last first."""
    # Not `menu=`: a database that is told so may come by the index of all calls, and meet few of a menu with few calls.
    of_menu = Call.objects.filter(menu__gte=OuterRef("pk"), menu__lte=OuterRef("pk"))
    return of_menu.filter(status=Status.FINISHED).order_by("menu_id", "-created_at", "-pk")

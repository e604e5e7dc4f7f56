"""The queues an agent serves: who waits there, and how long; and the messages that nobody has heard yet."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count

from calls import waiting
from calls.models import Call, Status
from menus.models import AgentGroup, Menu

# A beginning that is reckoned back from whole seconds wavers by one; what wavers no more is no news.
WAVERING = timedelta(seconds=2)


@dataclass(frozen=True)
class Line:
    """A queue. `oldest` is since when the first in it has waited; `estimate` minutes, None where nobody can say."""

    menu_id: int
    name: str
    waiting: int
    available: int
    oldest: datetime | None
    estimate: int | None


@dataclass(frozen=True)
class Board:
    """What an agent sees of the queues."""

    lines: tuple[Line, ...] = ()
    unheard: int = 0  # voicemails


class Boards:
    """Reads boards, again and again. Two in a row are equal where nothing has changed that an agent would see."""

    def __init__(self) -> None:
        self._oldest: dict[int, datetime] = {}

    def read(self, agent_ids: Collection[int], at: datetime) -> dict[int, Board]:
        """The board of each of these agents at the moment `at`, in four queries and those of the estimate."""
        served: dict[int, set[int]] = defaultdict(set)
        groups = AgentGroup.agents.through.objects.filter(agent__in=agent_ids, agentgroup__menu__deleted=False)
        for agent_id, menu_id in groups.values_list("agent_id", "agentgroup__menu_id"):
            served[agent_id].add(menu_id)
        menu_ids = sorted(set().union(*served.values())) if served else []
        lines = self._read_lines(menu_ids, at)
        unheard = dict(
            Call.objects.filter(status=Status.VOICEMAIL_RECEIVED, queue__in=menu_ids)
            .values_list("queue")
            .annotate(Count("pk"))
            .order_by()
        )
        return {
            agent_id: Board(
                tuple(lines[menu_id] for menu_id in lines if menu_id in served[agent_id]),
                sum(unheard.get(menu_id, 0) for menu_id in served[agent_id]),
            )
            for agent_id in agent_ids
        }

    def _read_lines(self, menu_ids: list[int], at: datetime) -> dict[int, Line]:
        """A line for each of these menus, in the order of their names."""
        waits = waiting.estimate(menu_ids, at)
        names = Menu.objects.filter(pk__in=menu_ids).order_by("name", "pk").values_list("pk", "name")
        return {
            menu_id: Line(
                menu_id,
                name,
                waits[menu_id].queued,
                waits[menu_id].available_agents,
                self._settle(menu_id, waits[menu_id].longest_wait, at) if waits[menu_id].queued else None,
                in_minutes(waits[menu_id].estimated_wait),
            )
            for menu_id, name in names
        }

    def _settle(self, menu_id: int, longest_wait: int | None, at: datetime) -> datetime:
        """Since when the first in the queue has waited: what was said before, where that is still about right."""
        oldest = at - timedelta(seconds=longest_wait or 0)
        before = self._oldest.get(menu_id)
        if before is None or abs(oldest - before) > WAVERING:
            self._oldest[menu_id] = oldest
        return self._oldest[menu_id]


def in_minutes(seconds: float | None) -> int | None:
    """Whole minutes, rounded up: nobody is told that it takes less than it does."""
    return None if seconds is None else -int(-seconds // 60)

"""The board of a day: for each menu and hour how many calls are to come, and whether its agents can take them."""

from collections import Counter, defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

from django.db.models import Count, QuerySet
from django.db.models.functions import TruncDate
from django.utils import timezone

from calls import waiting
from calls.models import Call, Status
from calls.scheduled.hours import Judge, times_of
from ccai.times import midnight
from menus.models import AgentGroup, Menu

HOUR = timedelta(hours=1)
QUARTERS = tuple(timedelta(minutes=minutes) for minutes in (0, 15, 30, 45))
# Menus that a board shows, those with the most calls first.
MOST_MENUS = 40
# Days that are offered from today on; later ones where calls are to come.
DAYS = 14


class Fault(StrEnum):
    """What is wrong with an hour of a menu."""

    OUTSIDE = "outside"
    FULL = "full"


@dataclass(frozen=True)
class Slot:
    """One hour of the day, which may come twice, or not at all, when clocks change."""

    start: datetime
    end: datetime
    text: str


@dataclass(frozen=True)
class Cell:
    """What is to come at one menu in one hour."""

    slot: Slot
    calls: int
    outside: int  # how many of the calls the menu does not take at their time
    is_open: bool
    fault: str


@dataclass(frozen=True)
class Row:
    """One menu's day. `an_hour` is how many calls its agents can take in an hour."""

    menu_id: int
    path: str
    agents: int
    an_hour: int
    calls: int
    cells: list[Cell]


@dataclass(frozen=True)
class Day:
    """One day, and how many calls are to come on it."""

    day: date
    calls: int


@dataclass(frozen=True)
class Board:
    """All of it. `more_menus` is how many menus with calls are not shown."""

    slots: list[Slot]
    rows: list[Row]
    more_menus: int
    outside: int
    full: int  # hours
    first: Slot | None  # the first hour with calls; None where there are none


def read_days(calls: QuerySet[Call], today: date) -> list[Day]:
    """The next DAYS days, and earlier and later ones on which some of `calls`, the scheduled ones, are due."""
    by_day = calls.filter(status=Status.SCHEDULED).order_by().annotate(day=TruncDate("scheduled_at")).values("day")
    many = dict(by_day.annotate(many=Count("pk")).values_list("day", "many"))
    days = {today + timedelta(days=number) for number in range(DAYS)} | set(many)
    return [Day(day, many.get(day, 0)) for day in sorted(days)]


def read_board(calls: QuerySet[Call], day: date, at: datetime) -> Board:
    """The board of `day`, of the scheduled ones of `calls`; a fixed number of queries."""
    slots = slots_of(day)
    times = times_of(calls.filter(scheduled_at__gte=slots[0].start, scheduled_at__lt=slots[-1].end))
    by_menu: dict[int, int] = Counter()
    counted: dict[tuple[int, int], int] = Counter()
    outside: dict[tuple[int, int], int] = Counter()
    judge = Judge({menu_id for menu_id, _at, _many in times})
    for menu_id, due, many in times:
        place = menu_id, int((due - slots[0].start) / HOUR)
        by_menu[menu_id] += many
        counted[place] += many
        if not judge.is_open(menu_id, due):
            outside[place] += many
    shown = [menu_id for menu_id, _many in Counter(by_menu).most_common(MOST_MENUS)]
    agents = count_agents(shown)
    handle_times = {menu_id: wait.handle_time for menu_id, wait in waiting.estimate(shown, at).items()}
    paths = paths_of(shown)
    rows = []
    for menu_id in sorted(shown, key=lambda one: paths[one]):
        an_hour = int(agents[menu_id] * 3600 / max(1.0, handle_times[menu_id]))
        cells = []
        for number, slot in enumerate(slots):
            many, out = counted[menu_id, number], outside[menu_id, number]
            fault = Fault.OUTSIDE if out else Fault.FULL if many > an_hour else ""
            is_open = any(judge.is_open(menu_id, slot.start + quarter) for quarter in QUARTERS)
            cells.append(Cell(slot, many, out, is_open, fault))
        rows.append(Row(menu_id, paths[menu_id], agents[menu_id], an_hour, by_menu[menu_id], cells))
    return Board(
        slots=slots,
        rows=rows,
        more_menus=len(by_menu) - len(shown),
        outside=sum(outside.values()),
        full=sum(cell.fault == Fault.FULL for row in rows for cell in row.cells),
        first=next((slot for number, slot in enumerate(slots) if any(row.cells[number].calls for row in rows)), None),
    )


def slots_of(day: date) -> list[Slot]:
    """The hours of `day` by the center's clock: 24, or 23 or 25 when clocks change."""
    # Counted in UTC, where no hour is skipped, and none comes twice.
    here, end = midnight(day).astimezone(UTC), midnight(day + timedelta(days=1)).astimezone(UTC)
    slots = []
    while here < end:
        until = min(here + HOUR, end)
        slots.append(Slot(here, until, f"{timezone.localtime(here):%H:%M}"))
        here = until
    return slots


def paths_of(menu_ids: Collection[int]) -> dict[int, str]:
    """The ways to these menus, by name; two menus may have the same."""
    menus = {pk: (name, parent) for pk, name, parent in Menu.objects.order_by().values_list("pk", "name", "parent_id")}

    def path(menu_id: int | None) -> list[str]:
        if menu_id is None or menu_id not in menus:
            return []
        name, parent = menus[menu_id]
        return [*path(parent), name]

    return {menu_id: "/".join(path(menu_id)) for menu_id in menu_ids}


def count_agents(menu_ids: Collection[int]) -> dict[int, int]:
    """How many active agents serve each of these menus."""
    members = (
        AgentGroup.agents.through.objects.filter(agentgroup__menu__in=menu_ids, agent__user__is_active=True)
        .order_by()
        .values_list("agentgroup__menu", "agent")
        .distinct()
    )
    serving: dict[int, int] = defaultdict(int)
    for menu_id, _agent in members:
        serving[menu_id] += 1
    return serving

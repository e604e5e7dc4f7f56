"""Scheduled calls against the hours of their menus: which fall outside, and when their menus open next."""

from collections import Counter
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from django.db.models import Count, QuerySet, prefetch_related_objects
from django.urls import reverse

from calls.models import Call, Status
from menus.hours import Hours, parse_hours
from menus.models import DeflectionOption, Menu

# How far ahead an opening is looked for.
HORIZON = timedelta(days=370)


class Judge:
    """What each menu does with calls at a moment, as it is set now. Hours are read once, answers are kept."""

    def __init__(self, menu_ids: Collection[int]) -> None:
        menus = Menu.objects.filter(pk__in=menu_ids).prefetch_related("deflection_options")
        # A deleted menu's calls go to its substitute, and are judged there.
        self._takers = {menu.pk: menu.stand_in() for menu in menus}
        prefetch_related_objects([menu for menu in self._takers.values() if menu], "deflection_options")
        self._hours: dict[int, Hours | None] = {}
        self._known: dict[tuple[int, datetime], str | None] = {}

    def state(self, menu_id: int | None, at: datetime) -> str | None:
        """The menu's state at the moment `at` (Menu.State); None where it is deleted for good, or its hours cannot be
        read, so that nobody can tell."""
        key = menu_id or 0, at
        if key not in self._known:
            self._known[key] = self._judge(key[0], at)
        return self._known[key]

    def is_open(self, menu_id: int | None, at: datetime) -> bool:
        """Whether the menu takes calls at the moment `at`."""
        return self.state(menu_id, at) == Menu.State.OPEN

    def next_opening(self, menu_id: int | None, after: datetime) -> datetime | None:
        """The first moment from `after` on at which the menu takes calls; None where there is none within a year."""
        if self.is_open(menu_id, after):
            return after
        taker = self._takers.get(menu_id or 0)
        if taker is None or self.state(menu_id, after) != Menu.State.AFTER_HOURS or taker.closing_id is not None:
            return None
        hours = self._read(taker)
        opening = hours.next_change(after) if hours else None
        return opening if opening is not None and opening < after + HORIZON else None

    def _judge(self, menu_id: int, at: datetime) -> str | None:
        taker = self._takers.get(menu_id)
        if taker is None:
            return None
        redirection = taker.option(DeflectionOption.Occasion.REDIRECTION)
        if taker.closing_id is not None or (redirection is not None and redirection.active):
            return taker.state_at(at)
        if taker.hours is None:
            return Menu.State.OPEN
        hours = self._read(taker)
        if hours is None:
            return None
        return Menu.State.OPEN if hours.is_open(at) else Menu.State.AFTER_HOURS

    def _read(self, menu: Menu) -> Hours | None:
        if menu.pk not in self._hours:
            try:
                self._hours[menu.pk] = parse_hours(menu.hours) if menu.hours is not None else None
            except ValueError:
                self._hours[menu.pk] = None
        return self._hours[menu.pk]


def times_of(calls: QuerySet[Call]) -> list[tuple[int, datetime, int]]:
    """Menu, moment and how many: the scheduled ones of `calls`, counted by the database."""
    scheduled = calls.filter(status=Status.SCHEDULED, menu__isnull=False).order_by()
    return list(scheduled.values_list("menu_id", "scheduled_at").annotate(many=Count("pk")))


def outside_times(times: Iterable[tuple[int, datetime, int]], judge: Judge) -> list[tuple[int, datetime, int]]:
    """Those of `times` at which the menu does not take calls."""
    return [(menu_id, at, many) for menu_id, at, many in times if not judge.is_open(menu_id, at)]


def outside_by_menu(menu_ids: Collection[int]) -> dict[int, int]:
    """How many scheduled calls of each of these menus nobody would take at their time, as the menus are set now; those
    without any are left out."""
    times = times_of(Call.objects.filter(menu__in=menu_ids))
    judge = Judge({menu_id for menu_id, _at, _many in times})
    found: dict[int, int] = Counter()
    for menu_id, _at, many in outside_times(times, judge):
        found[menu_id] += many
    return found


def count_outside(menu_ids: Collection[int]) -> int:
    """How many they are together."""
    return sum(outside_by_menu(menu_ids).values())


def outside_address(menu_id: int | None = None) -> str:
    """The page of those calls of a menu, of all menus else, where they are moved or cancelled."""
    address = f"{reverse('scheduled_calls')}?day=all&outside=1"
    return address if menu_id is None else f"{address}&menu={menu_id}"

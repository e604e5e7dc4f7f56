"""Scheduled calls, the next first: those of a day, an hour, a menu or a branch; page after page by a cursor."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from django.db.models import Q, QuerySet

from calls.models import Call, Status
from calls.scheduled.hours import Judge
from ccai.times import parse_time, wire_time

PER_PAGE = 50
# Calls that are looked at, at most, for those that fall outside the hours.
MOST_LOOKED_AT = 20_000


@dataclass(frozen=True)
class Asked:
    """Which calls are listed: those from `start` to `end` (exclusive), where given, and with `outside` those alone that
    their menu does not take at their time."""

    start: datetime | None = None
    end: datetime | None = None
    outside: bool = False


@dataclass(frozen=True)
class Page:
    """Some of them, each with whether its menu takes it; `cursor` leads to the next page, "" where there is none."""

    calls: list[tuple[Call, bool]]
    cursor: str


def find(calls: QuerySet[Call], asked: Asked) -> QuerySet[Call]:
    """The scheduled ones of `calls` that `asked` names by their time, the next first."""
    found = calls.filter(status=Status.SCHEDULED)
    if asked.start is not None:
        found = found.filter(scheduled_at__gte=asked.start)
    if asked.end is not None:
        found = found.filter(scheduled_at__lt=asked.end)
    return found.order_by("scheduled_at", "pk")


def read_page(calls: QuerySet[Call], asked: Asked, cursor: str) -> Page:
    """The page after `cursor`; the first where it is none."""
    found = _after(find(calls, asked), cursor)
    rows = list(islice(_judged(found, asked), PER_PAGE + 1))
    shown = rows[:PER_PAGE]
    ids = [call_id for call_id, _is_open in shown]
    # Whoever has become due meanwhile is not to come any more.
    known = Call.objects.select_related("end_user", "menu").in_bulk(ids)
    page = [(known[call_id], is_open) for call_id, is_open in shown if call_id in known]
    has_more = len(rows) > PER_PAGE
    last = page[-1][0] if page else None
    return Page(page, f"{wire_time(last.scheduled_at)}_{last.pk}" if has_more and last else "")


def read_ids(calls: QuerySet[Call], asked: Asked, most: int) -> list[int]:
    """The ids of the first `most` of the calls that `asked` names."""
    return [call_id for call_id, _is_open in islice(_judged(find(calls, asked), asked), most)]


def _judged(found: QuerySet[Call], asked: Asked) -> Iterable[tuple[int, bool]]:
    """The ids of `found`, each with whether its menu takes it then; without those that are not asked for."""
    most = MOST_LOOKED_AT if asked.outside else PER_PAGE * 20
    rows = list(found.values_list("pk", "menu_id", "scheduled_at")[:most])
    judge = Judge({menu_id for _pk, menu_id, _due in rows if menu_id})
    for call_id, menu_id, due in rows:
        is_open = due is not None and judge.is_open(menu_id, due)
        if not (asked.outside and is_open):
            yield call_id, is_open


def _after(found: QuerySet[Call], cursor: str) -> QuerySet[Call]:
    moment, _, call_id = cursor.partition("_")
    due = parse_time(moment)
    if due is None or not call_id.isdecimal():
        return found
    return found.filter(Q(scheduled_at__gt=due) | Q(scheduled_at=due, pk__gt=int(call_id)))

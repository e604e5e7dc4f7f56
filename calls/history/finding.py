"""The calls that were asked for, page by page: each page is one walk along an index, however many calls there are.

A page is found by a cursor, not by counting what comes before it, so that page 10,000 costs what page 1 costs and no
call is seen twice or missed while others come in. Where calls may have any of several values, each value is walked
along by itself and the walks are put together: a database that walks along all calls until it has met enough of them
may have to walk along them all.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Q, QuerySet

from agents.models import Agent
from agents.scope import with_teams_below
from calls.history.columns import Column, read_rows
from calls.history.form import HistoryForm
from calls.history.searching import Meaning, meanings_of, met, searchable
from calls.models import Call, CallType, Channel, types_of_channel
from calls.scope import Scope
from ccai.api.pagination import Cursor, beyond
from menus.scope import branch_ids

# As many walks as one statement puts together; beyond that the database finds its own way.
MOST_WALKS = 64
COUNTED = 10_000


@dataclass(frozen=True)
class Found:
    """The calls that are asked for: those of `calls` that meet any of `ways`, or all of them where there are none."""

    calls: QuerySet[Call]
    ways: tuple[Q, ...] = ()
    meanings: tuple[Meaning, ...] = ()  # of the search, those that some call meets; all where none is met

    def walks(self) -> list[QuerySet[Call]]:
        """The calls, in parts each of which an index has in the order of the page. A call may be in several."""
        if 1 < len(self.ways) <= MOST_WALKS and connection.features.supports_slicing_ordering_in_compound:
            return [self.calls.filter(way) for way in self.ways]
        return [self.whole()]

    def whole(self) -> QuerySet[Call]:
        """The calls, each once."""
        anyway = Q()
        for way in self.ways:
            anyway |= way
        return self.calls.filter(anyway)


@dataclass(frozen=True)
class Page:
    """One page: its rows, the newest first, and the cursors of the pages beside it; None where there is none."""

    rows: list[dict[str, Any]]
    newer: str | None
    older: str | None
    is_first: bool


def find(form: HistoryForm, scope: Scope, *, clear: bool) -> Found:
    """What a valid `form` asks for, of the calls that `scope` shows. ValidationError where the search means nothing."""
    asked = form.cleaned_data
    calls: QuerySet[Call] = searchable(scope.calls())
    since, until = form.bounds()
    if since:
        calls = calls.filter(created_at__gte=since)
    if until:
        calls = calls.filter(created_at__lt=until)
    if asked["longer"] is not None or asked["shorter"] is not None:
        # Where nobody talked there is nothing to measure.
        calls = calls.filter(call_duration__gt=0, call_duration__gte=asked["longer"] or 0)
    if asked["shorter"] is not None:
        calls = calls.filter(call_duration__lte=asked["shorter"])
    for flag in asked["flag"]:
        calls = calls.filter(**{flag: True})
    wanted = wanted_values(asked)
    # The first column with several values is walked along value by value; a search has ways of its own.
    walked = next((column for column in wanted if 1 < len(wanted[column]) <= MOST_WALKS and not asked["q"]), None)
    for column, values in wanted.items():
        if column != walked:
            calls = calls.filter(**({column: values[0]} if len(values) == 1 else {f"{column}__in": values}))
    if not asked["q"]:
        return Found(calls, tuple(Q(**{walked: value}) for value in wanted[walked]) if walked else ())
    meanings = meanings_of(asked["q"], asked["place"], clear=clear)
    hits = met(scope.calls(), meanings)
    ways = tuple(condition for meaning in hits for condition in meaning.conditions)
    return Found(calls, ways, tuple(hits)) if hits else Found(calls.none(), (), tuple(meanings))


def wanted_values(asked: dict[str, Any]) -> dict[str, list[Any]]:
    """For each column that is asked for by its values: those. None of them where no value can be met."""
    wanted: dict[str, list[Any]] = {}
    plainly = {"status": "status", "why": "fail_reason", "deflection": "deflection", "disposition": "disposition_id"}
    for name, column in plainly.items():
        if asked[name]:
            wanted[column] = asked[name]
    if asked["rating"]:
        wanted["rating"] = [int(stars) for stars in asked["rating"]]
    if asked["type"] or asked["channel"]:
        types = set(asked["type"] or CallType.values)
        if asked["channel"]:
            types &= {kind.value for name in asked["channel"] for kind in types_of_channel(Channel(name))}
        wanted["call_type"] = sorted(types)
    if asked["lang"]:
        wanted["lang"] = spoken(asked["lang"])
    if asked["menu"]:
        wanted["menu_id"] = sorted(branch_ids([menu.pk for menu in asked["menu"]]))
    if asked["agent"] or asked["team"]:
        agents = {agent.pk for agent in asked["agent"]}
        if asked["team"]:
            teams = with_teams_below({int(team) for team in asked["team"]})
            agents.update(Agent.objects.filter(team__in=teams).values_list("pk", flat=True))
        wanted["agent_id"] = sorted(agents)
    return wanted


def spoken(languages: Sequence[str]) -> list[str]:
    """The languages of calls that are any of `languages`, or one of them as a region speaks it: en-US is en.

    The languages that calls have are read from the index, a step for each.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH RECURSIVE spoken(lang) AS (SELECT min(lang) FROM calls_call UNION ALL "
            "SELECT (SELECT min(lang) FROM calls_call WHERE lang > spoken.lang) FROM spoken WHERE lang IS NOT NULL) "
            "SELECT lang FROM spoken WHERE lang IS NOT NULL"
        )
        known = [row[0] for row in cursor.fetchall()]
    return [lang for lang in known if lang in languages or lang.partition("-")[0] in languages]


def read_page(found: Found, columns: Sequence[Column], *, cursor: Cursor | None, per: int) -> Page:
    """The page of `found` at `cursor`, the newest calls where that is None; `per` calls at most."""
    backward = cursor is not None and cursor.backward
    falling = not backward
    order = ("-created_at", "-pk") if falling else ("created_at", "pk")
    here = found
    if cursor is not None:
        here = replace(found, calls=found.calls.filter(beyond(cursor, "created_at", falling=falling)))
    walks = here.walks()
    if len(walks) == 1:
        rows = list(read_rows(walks[0].order_by(*order), columns)[: per + 1])
    else:
        parts = [walk.order_by(*order).values("pk", "created_at")[: per + 1] for walk in walks]
        newest = parts[0].union(*parts[1:]).order_by(*order)[: per + 1]
        keys = [row["pk"] for row in newest]
        by_key = {row["id"]: row for row in read_rows(Call.objects.filter(pk__in=keys), columns)} if keys else {}
        rows = [by_key[key] for key in keys if key in by_key]
    there_is_more = len(rows) > per
    rows = rows[:per]
    if backward:
        rows.reverse()
    newer = older = None
    if rows and cursor is not None and (there_is_more or not backward):
        newer = Cursor(rows[0]["created_at"], rows[0]["id"], backward=True).encode()
    if rows and (there_is_more or backward):
        older = Cursor(rows[-1]["created_at"], rows[-1]["id"], backward=False).encode()
    return Page(rows, newer, older, is_first=newer is None)


def count(found: Found) -> int:
    """How many calls were found, counted no further than one more than 10,000."""
    walks = found.walks()
    if len(walks) == 1:
        return walks[0].order_by()[: COUNTED + 1].count()
    parts = [walk.order_by().values_list("pk", flat=True)[: COUNTED + 1] for walk in walks]
    keys = list(parts[0].union(*parts[1:], all=True)[: COUNTED + 1])
    return len(keys) if len(keys) > COUNTED else len(set(keys))


def read_chunk(
    found: Found, columns: Sequence[Column], *, after: dict[str, Any] | None, size: int
) -> list[dict[str, Any]]:
    """The next `size` calls of `found`, the newest first, beyond the row `after`."""
    calls = found.whole()
    if after is not None:
        calls = calls.filter(
            beyond(Cursor(after["created_at"], after["id"], backward=False), "created_at", falling=True)
        )
    return list(read_rows(calls.order_by("-created_at", "-pk"), columns)[:size])


def oldest_moment(since: datetime | None) -> datetime | None:
    """When the oldest call was created that can be asked for from `since` on; None where there is no call."""
    first = Call.objects.order_by("created_at", "pk").values_list("created_at", flat=True).first()
    return max(first, since) if first and since else first

"""How agents spent a stretch of time, added up by the database: there are too many pieces to walk over them here.

What agents said (their statuses) and what took their time (engagements) stand in one line, agent by agent, which is cut
at each mark: where something was said, and where an engagement began. A piece between two marks has the status that was
said last, and of it is free what comes after all engagements that had begun. So nobody is available and on a call at
once, whatever the rows say, and no time is less than nothing. A piece in wrap-up belongs to the call that the agent was
on last.
"""

# Names of tables and columns are the models' own, and what is cut into the SQL beside them is written here.
# ruff: noqa: S608

from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet

from agents.models import Agent, Engagement, StatusChange
from calls.figures.definitions import Counts
from calls.models import Call, Participant

# What takes an agent's time and is over by then did not begin longer ago: no call lasts for days.
LONGEST = timedelta(days=1)
TAKEN = (Engagement.Kind.CALL, Engagement.Kind.DIAL_PROMPT)


@dataclass(frozen=True)
class Words:
    """How a database says it. A moment is what it subtracts fastest."""

    moment: str  # of a column
    latest: str
    earliest: str
    seconds: str  # of the sum of differences of moments
    parameter: str  # which is a moment


WORDS = {
    "postgresql": Words("{}", "greatest({}, {})", "least({}, {})", "extract(epoch FROM {})", "%s::timestamptz"),
    "sqlite": Words(
        "CAST(round((julianday({}) - 2440587.5) * 86400000) AS INTEGER)",
        "max({}, {})",
        "min({}, {})",
        "{} / 1000.0",
        "%s",
    ),
}
# Free time by kind, as numbers in the SQL.
OTHER, AVAILABLE, WRAP_UP = range(3)
# More than any number of a quarter: the place of a mark and a quarter are one number.
BEYOND = 2**40
_AGENTS = ("agent_id", "taken.agent_id", "one.id")


@dataclass(frozen=True)
class FreeTime:
    """The seconds that an agent was available, and in wrap-up, and not on a call."""

    available: float = 0.0
    wrap_up: float = 0.0


def free_time(agent_ids: Collection[int], start: datetime, end: datetime) -> dict[int, FreeTime]:
    """The free time from `start` until `end` of those of these agents who had any. One query."""
    if not agent_ids:
        return {}
    line = _Line(start, end, agent_ids)
    rows = line.ask(
        f"""
        SELECT agent_id, {line.total("free_until - free_from", f"doing = {AVAILABLE}")},
            {line.total("free_until - free_from", f"doing = {WRAP_UP}")}
        FROM pieces GROUP BY agent_id
        """
    )
    return {agent_id: FreeTime(available, wrap_up) for agent_id, available, wrap_up in rows}


def count_time(
    mine: Collection[int] | None,
    start: datetime,
    end: datetime,
    *,
    quarters: QuerySet[Call, Any],
    wrapped_up_by: Collection[int] | None,
    always: Collection[int],
    until: datetime,
) -> tuple[Counts, list[tuple[int, Counts]]]:
    """How long the agents with the ids in `mine` handled calls (talk, hold, wrap-up) and were available, from `start`
    until `end`; and for how long those in `wrapped_up_by` wrapped up after one of some calls, until `until`, by its
    quarter. None: all agents. One query.

    `quarters` are these calls: their ids, the quarter of each, and 0 where it counts for the agents `always` alone.
    """
    line = _Line(start, until, wrapped_up_by, quarters=quarters, always=always, end=end)
    of_mine = "1 = 1" if mine is None else f"agent_id {_among(mine)}"
    rows = line.ask(
        f"""
        SELECT quarter, {line.total("free_until - free_from", f"doing = {WRAP_UP}")},
            {line.total("cut - free_from", f"doing = {WRAP_UP} AND {of_mine}")},
            {line.total("cut - free_from", f"doing = {AVAILABLE} AND {of_mine}")},
            {line.total("talked_until - talked_from", of_mine)}
        FROM pieces GROUP BY quarter
        """
    )
    time = Counts(
        handling_seconds=sum(own + talked for _quarter, _all, own, _available, talked in rows),
        available_seconds=sum(available for _quarter, _all, _own, available, _talked in rows),
    )
    return time, [(row[0], Counts(wrap_up_seconds=row[1])) for row in rows if row[0] and row[1]]


class _Line:
    """What agents said and what took their time from `start` until `until`, cut into pieces."""

    def __init__(
        self,
        start: datetime,
        until: datetime,
        agent_ids: Collection[int] | None = None,
        *,
        quarters: QuerySet[Call, Any] | None = None,
        always: Collection[int] = (),
        end: datetime | None = None,
    ) -> None:
        self._words = WORDS[connection.vendor]
        self._start, self._until, self._end = start, until, end or until
        self._agents = "" if agent_ids is None else _among(agent_ids)
        self._always = _among(always)
        self._chosen: tuple[str, Sequence[Any]] = ("SELECT 0, 0, 0 WHERE 0 = 1", ())
        if quarters is not None:
            with suppress(EmptyResultSet):  # nobody's calls
                self._chosen = quarters.query.sql_with_params()

    def total(self, length: str, which: str) -> str:
        """The SQL of the seconds that `length` is in all pieces that are `which`, where it is more than nothing."""
        first, _minus, last = length.partition(" - ")
        summed = f"sum({length}) FILTER (WHERE {which} AND {first} > {last})"
        return f"coalesce({self._words.seconds.format(summed)}, 0)"

    def ask(self, select: str) -> list[tuple[Any, ...]]:
        """The rows of `select`, which reads `pieces`; numbers of seconds are floats."""
        with connection.cursor() as cursor:
            cursor.execute(*self._pieces(select))
            return [(row[0], *(float(value) for value in row[1:])) for row in cursor.fetchall()]

    def _pieces(self, select: str) -> tuple[str, list[Any]]:
        """The statement of `select`, and its parameters."""
        # What was over before the start counts for nothing in the end. A database that is to leave it out expects few
        # rows, and looks for the call of each by itself. It is told since when these calls can have been connected, or
        # it reads all calls there are; what is not over may have begun whenever it likes.
        words = self._words
        moment, latest, earliest = words.moment.format, words.latest.format, words.earliest.format
        said, taken, agents, calls = (model._meta.db_table for model in (StatusChange, Engagement, Agent, Call))
        kinds = ", ".join(f"'{kind}'" for kind in TAKEN)
        doing = f"WHEN '{Agent.Status.AVAILABLE}' THEN {AVAILABLE} WHEN '{Agent.Status.WRAP_UP}' THEN {WRAP_UP}"
        of = {column: f"AND {column} {self._agents}" if self._agents else "" for column in _AGENTS}
        in_order = "PARTITION BY agent_id ORDER BY at, place, id ROWS UNBOUNDED PRECEDING"
        chosen, parameters = self._chosen
        start, until, end, long_ago, longer_ago = (
            connection.ops.adapt_datetimefield_value(at)
            for at in (self._start, self._until, self._end, self._start - LONGEST, self._start - 2 * LONGEST)
        )
        sql = f"""
            WITH chosen (id, quarter, is_seen) AS ({chosen}),
            edges (start, until, stop) AS (SELECT {", ".join([moment(words.parameter)] * 3)}),
            marks (agent_id, at, place, id, said, taken_until, talked_from, quarter) AS (
                SELECT taken.agent_id, {moment("taken.started_at")}, 1, taken.id, NULL,
                    coalesce({moment("taken.ended_at")}, (SELECT until FROM edges)),
                    CASE WHEN part.connected_at IS NULL THEN NULL
                        WHEN call.id IS NOT NULL
                        THEN {latest(moment("part.connected_at"), moment("call.connected_at"))}
                        WHEN taken.ended_at IS NULL
                        THEN (
                            SELECT {latest(moment("part.connected_at"), moment("older.connected_at"))}
                            FROM {calls} AS older WHERE older.id = part.call_id AND older.connected_at IS NOT NULL
                        ) END,
                    CASE WHEN part.call_id IS NOT NULL THEN coalesce(chosen.quarter, 0) END
                FROM {taken} AS taken
                LEFT JOIN {Participant._meta.db_table} AS part ON part.engagement_id = taken.id
                LEFT JOIN {calls} AS call ON call.id = part.call_id AND call.connected_at > %s
                LEFT JOIN chosen
                    ON chosen.id = part.call_id AND (chosen.is_seen = 1 OR taken.agent_id {self._always})
                WHERE (taken.started_at > %s OR taken.ended_at IS NULL) AND taken.started_at < %s
                    AND taken.kind IN ({kinds}) {of["taken.agent_id"]}
                UNION ALL
                SELECT one.id, (SELECT start FROM edges), 0, 0,
                    CASE (
                        SELECT status FROM {said} WHERE agent_id = one.id AND at <= %s
                        ORDER BY at DESC, id DESC LIMIT 1
                    ) {doing} ELSE {OTHER} END, NULL, NULL, NULL
                FROM {agents} AS one WHERE 1 = 1 {of["one.id"]}
                UNION ALL
                SELECT agent_id, {moment("at")}, 0, id, CASE status {doing} ELSE {OTHER} END, NULL, NULL, NULL
                FROM {said} WHERE at > %s AND at < %s {of["agent_id"]}
            ),
            line AS (
                SELECT marks.*, row_number() OVER line AS number, lead(at) OVER line AS following,
                    max(taken_until) OVER line AS taken
                FROM marks WINDOW line AS ({in_order})
            ),
            cut_line AS (
                SELECT line.*, max(number * 4 + said) OVER line %% 4 AS doing,
                    max(number * {BEYOND} + quarter) OVER line %% {BEYOND} AS last_quarter
                FROM line WINDOW line AS ({in_order})
            ),
            pieces AS (
                SELECT agent_id, doing, last_quarter AS quarter, coalesce(following, until) AS free_until,
                    {earliest("coalesce(following, until)", "stop")} AS cut,
                    {latest("at", "coalesce(taken, at)")} AS free_from,
                    CASE WHEN talked_from IS NOT NULL THEN {latest("talked_from", "start")} END AS talked_from,
                    {earliest("taken_until", "stop")} AS talked_until
                FROM cut_line, edges
            )
            {select}
        """
        return sql, [*parameters, start, until, end, longer_ago, long_ago, until, start, start, until]


def _among(ids: Collection[int]) -> str:
    """The SQL of being one of `ids`."""
    return f"IN ({', '.join(str(int(one)) for one in ids) or 'NULL'})"

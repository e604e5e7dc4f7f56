"""Repeats past calls some weeks earlier, in the database itself: telling a million would take Python half an hour."""

# Names of tables and columns are the models' own, and all that stands in the SQL beside them are numbers.
# ruff: noqa: S608

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper
from django.db.models import DateTimeField, Model

from agents.models import Engagement
from calls.models import Call, CallEvent, DeflectionDetail, Hold, Offer, OfferEvent, Participant, Status, Transfer
from calls.sample_history.later import later

# In the order in which they may be written.
MODELS: tuple[type[Model], ...] = (
    Engagement,
    Call,
    Participant,
    CallEvent,
    OfferEvent,
    Transfer,
    Offer,
    Hold,
    DeflectionDetail,
)
HOUR = timedelta(hours=1)
# Tables of this connection alone: the told calls, `about` 1 where they come this time; the engagements, `about` their
# call.
CALLS, ENGAGEMENTS = "told_calls", "told_engagements"
ROWS = 10_000


@dataclass(frozen=True)
class Stretch:
    """A part of the stretch of time that is repeated: what happened from `start` to `end` comes `earlier` once more."""

    start: datetime
    end: datetime
    earlier: timedelta


def stretches(start: datetime, end: datetime, earlier: timedelta, zone: tzinfo) -> Iterator[Stretch]:
    """The time from `start` to `end`, cut where clocks in `zone` change, there or `earlier`.

    So that a call at nine in the morning is repeated at nine in the morning, in winter as in summer.
    """

    def shift(at: datetime) -> timedelta:
        then = (at.astimezone(zone) - earlier).astimezone(zone)
        return at - then

    begun, at = start, start
    while at < end:
        following = min(at + HOUR, end)
        if following == end or shift(following) != shift(begun):
            yield Stretch(begun, following, shift(begun))
            begun = following
        at = following


def repeat(
    calls: Sequence[tuple[int, Sequence[int]]],
    *,
    start: datetime,
    end: datetime,
    earlier: Sequence[timedelta],
    left_out: Sequence[int],
    zone: tzinfo,
    progress: Callable[[int], None],
) -> None:
    """The `calls`, which were made from `start` to `end`, come once more for each of `earlier`.

    Each of `calls` is its id and the ids of the engagements it took. Each time as many of them are left out as
    `left_out` says, so that no two times are the same; never one that called back, or was called back about. Each time
    is a transaction, after which `progress` is told how many came.
    """
    with connection.cursor() as cursor:
        _note(cursor, CALLS, "id", [(call_id, 1) for call_id, _taken in calls])
        _note(cursor, ENGAGEMENTS, "id", [(taken, call_id) for call_id, many in calls for taken in many])
        firsts = {model: _reserve(cursor, model, len(earlier)) for model in MODELS}
        for time, (span, fewer) in enumerate(zip(earlier, left_out, strict=True)):
            with transaction.atomic():
                _leave_out(cursor, time, fewer)
                added = {model: first + time * width for model, (first, width) in firsts.items()}
                for model in MODELS:
                    for stretch in stretches(start, end, span, zone):
                        _copy(cursor, model, stretch, added)
            progress(len(calls) - fewer)
        for table in (CALLS, ENGAGEMENTS):
            cursor.execute(f"DROP TABLE {table}")


def _note(cursor: CursorWrapper, table: str, key: str, rows: Sequence[tuple[int, int]]) -> None:
    """There is a `table`, of this connection alone, with these rows."""
    cursor.execute(f"CREATE TEMPORARY TABLE {table} ({key} bigint PRIMARY KEY, about bigint NOT NULL)")
    for first in range(0, len(rows), ROWS):
        values = ", ".join(f"({key}, {about})" for key, about in rows[first : first + ROWS])
        cursor.execute(f"INSERT INTO {table} VALUES {values}")


def _reserve(cursor: CursorWrapper, model: type[Model], times: int) -> tuple[int, int]:
    """What is added to ids of the told rows for the first time, and what more for each time after it.

    Rows that others write meanwhile get ids above.
    """
    table = model._meta.db_table
    cursor.execute(f"SELECT min(id), max(id) FROM {table} AS t WHERE {_told(model)}")
    least, most = cursor.fetchone()
    if least is None:
        return 0, 0
    width = most - least + 1
    if connection.vendor == "postgresql":
        cursor.execute("SELECT pg_get_serial_sequence(%s, 'id')", [table])
        (sequence,) = cursor.fetchone()
        with transaction.atomic():
            # Nobody takes an id while the sequence is moved.
            cursor.execute(f"LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE")
            cursor.execute("SELECT setval(%s, nextval(%s) + %s)", [sequence, sequence, width * times])
            return cursor.fetchone()[0] - width * times - least, width
    with transaction.atomic():
        cursor.execute("UPDATE sqlite_sequence SET seq = seq + %s WHERE name = %s", [width * times, table])
        cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [table])
        return cursor.fetchone()[0] - width * times + 1 - least, width


def _told(model: type[Model]) -> str:
    """Which rows `t` of the table are of a told call."""
    if model is Call:
        return f"t.id IN (SELECT id FROM {CALLS})"
    if model is Engagement:
        return f"t.id IN (SELECT id FROM {ENGAGEMENTS})"
    return f"t.call_id IN (SELECT id FROM {CALLS})"


def _leave_out(cursor: CursorWrapper, time: int, fewer: int) -> None:
    """So many calls, other ones each time, do not come this time."""
    cursor.execute(f"UPDATE {CALLS} SET about = 1 WHERE about = 0")
    calls = Call._meta.db_table
    cursor.execute(
        f"""
        UPDATE {CALLS} SET about = 0 WHERE id IN (
            SELECT told.id FROM {CALLS} AS told JOIN {calls} AS c ON c.id = told.id
            WHERE c.parent_id IS NULL AND c.status <> %s
            ORDER BY (told.id * 7919 + %s) %% 65521, told.id LIMIT %s
        )
        """,
        [Status.RECOVERED, time * 30011, fewer],
    )


def _copy(cursor: CursorWrapper, model: type[Model], stretch: Stretch, added: dict[type[Model], int]) -> None:
    """The rows of the calls of `stretch` come once more, earlier, with ids so much higher as is `added`."""
    values = {}
    for field in model._meta.concrete_fields:
        column = connection.ops.quote_name(field.attname)
        key = model if field.primary_key else field.related_model
        if key in added:
            values[column] = f"t.{column} + {added[key]}"
        elif isinstance(field, DateTimeField):
            values[column] = later(f"t.{column}", -int(stretch.earlier.total_seconds()))
        else:
            values[column] = f"t.{column}"
    call_id = {Call: "t.id", Engagement: "taken.about"}.get(model, "t.call_id")
    taken = f"JOIN {ENGAGEMENTS} AS taken ON taken.id = t.id" if model is Engagement else ""
    table = model._meta.db_table
    cursor.execute(
        f"""
        INSERT INTO {table} ({", ".join(values)}) SELECT {", ".join(values.values())}
        FROM {table} AS t {taken} JOIN {CALLS} AS told ON told.id = {call_id} AND told.about = 1
        JOIN {Call._meta.db_table} AS c ON c.id = told.id
        WHERE c.created_at >= %s AND c.created_at < %s ORDER BY t.id
        """,
        [connection.ops.adapt_datetimefield_value(moment) for moment in (stretch.start, stretch.end)],
    )

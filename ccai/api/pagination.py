"""Pages by cursor: exact while rows arrive, and page 10,000 costs what page 1 costs (contract section 7)."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from django.db import models
from django.db.models import Q, QuerySet
from django.http import QueryDict
from rest_framework.request import Request

from ccai.errors import NOT_WELL_FORMED, Refused

MAX_PER_PAGE = 100

M = TypeVar("M", bound=models.Model)


@dataclass(frozen=True)
class Cursor:
    """A place between two rows: beyond the row with this time and id, onward or back; without a time, by id alone."""

    value: datetime | None
    pk: int
    backward: bool

    def encode(self) -> str:
        """The cursor as one opaque word."""
        value = self.value.isoformat() if self.value else None
        raw = json.dumps([value, self.pk, self.backward]).encode()
        return base64.urlsafe_b64encode(raw).decode().rstrip("=")

    @classmethod
    def decode(cls, word: str, *, timed: bool = True) -> "Cursor":
        """The cursor in `word`, with a time where it is `timed`; refused with "cursor is not well formed" where there
        is none."""
        try:
            value, pk, backward = json.loads(base64.urlsafe_b64decode(word + "=" * (-len(word) % 4)))
            moment = read_moment(value) if timed else None
        except (ValueError, TypeError, OverflowError, RecursionError):
            raise Refused(NOT_WELL_FORMED, field="cursor") from None
        is_timed = value is not None
        if is_timed != timed or type(pk) is not int or abs(pk) >= 2**63 or type(backward) is not bool:
            raise Refused(NOT_WELL_FORMED, field="cursor")
        return cls(moment, pk, backward)


def read_moment(text: str) -> datetime:
    """The moment in a cursor, in UTC; ValueError, TypeError or OverflowError where it is none."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(text)
    # Beyond the years 1 to 9999 this overflows here, and not at the database.
    return moment.astimezone(UTC)


@dataclass(frozen=True)
class Page(Generic[M]):
    """One page: its rows in order, and the headers that go with it."""

    rows: list[M]
    headers: dict[str, str]


def read_per(params: QueryDict) -> int:
    """How many rows a page has: `per`, at most 100. Refused where it is no number from 1 on."""
    text = params.get("per", str(MAX_PER_PAGE))
    if not (text.isascii() and text.isdigit()) or not text.strip("0"):
        raise Refused(NOT_WELL_FORMED, field="per")
    return MAX_PER_PAGE if len(text.lstrip("0")) > 3 else min(int(text), MAX_PER_PAGE)


def read_choice(params: QueryDict, name: str, choices: tuple[str, ...]) -> str:
    """The parameter `name`, one of `choices`, the first of which is the default. Refused where it is another."""
    value = params.get(name, choices[0])
    if value not in choices:
        raise Refused(NOT_WELL_FORMED, field=name)
    return value


def paginate(queryset: QuerySet[M], request: Request, sort_columns: Mapping[str, str]) -> Page[M]:
    """The page of `queryset` that `request` asks for by `per`, `cursor`, `sort_column` and `sort_direction`.

    `sort_columns` are the columns of times by their names on the wire, the default first; ties are sorted by id. The
    column `pk` sorts by id alone. Headers: `Per-Page`; `Link` to the next and previous page; `Total` with `?total=true`
    alone, since counting costs what the table holds.
    """
    params = request.query_params
    per = read_per(params)
    column = sort_columns[read_choice(params, "sort_column", tuple(sort_columns))]
    descending = read_choice(params, "sort_direction", ("DESC", "ASC")) == "DESC"
    wants_total = read_choice(params, "total", ("false", "true")) == "true"
    cursor = Cursor.decode(params["cursor"], timed=column != "pk") if "cursor" in params else None
    backward = cursor is not None and cursor.backward

    headers = {"Per-Page": str(per)}
    if wants_total:
        headers["Total"] = str(queryset.count())

    # Going back reads the rows before the cursor in the opposite order, and turns them round.
    falling = descending != backward
    if cursor is not None:
        queryset = queryset.filter(beyond(cursor, column, falling=falling))
    rows = list(queryset.order_by(*sort_order(column, falling=falling))[: per + 1])
    there_is_more = len(rows) > per
    rows = rows[:per]
    if backward:
        rows.reverse()

    links = []
    if rows and (there_is_more or backward):
        links.append(_link(request, cursor_at(rows[-1], column, backward=False), "next"))
    if rows and cursor is not None and (there_is_more or not backward):
        links.append(_link(request, cursor_at(rows[0], column, backward=True), "prev"))
    if links:
        headers["Link"] = ", ".join(links)
    return Page(rows, headers)


def cursor_at(row: models.Model, column: str, *, backward: bool) -> Cursor:
    """The cursor beyond `row` in the order of `column`."""
    return Cursor(None if column == "pk" else getattr(row, column), row.pk, backward)


def sort_order(column: str, *, falling: bool) -> tuple[str, ...]:
    """What rows are ordered by: `column`, ties by id."""
    columns = ("pk",) if column == "pk" else (column, "pk")
    return tuple(f"-{name}" for name in columns) if falling else columns


def beyond(cursor: Cursor, column: str, *, falling: bool) -> Q:
    """Rows after the cursor in the direction of reading; the first condition is what an index is entered by."""
    edge, side = ("lte", "lt") if falling else ("gte", "gt")
    if column == "pk":
        return Q(**{f"pk__{side}": cursor.pk})
    return Q(**{f"{column}__{edge}": cursor.value}) & (
        Q(**{f"{column}__{side}": cursor.value}) | Q(**{column: cursor.value, f"pk__{side}": cursor.pk})
    )


def _link(request: Request, cursor: Cursor, relation: str) -> str:
    """One entry of the Link header (RFC 8288): this request's own URL, at another place."""
    params: Any = request.query_params.copy()
    params["cursor"] = cursor.encode()
    url = request.build_absolute_uri(f"{request.path}?{params.urlencode()}")
    return f'<{url}>; rel="{relation}"'

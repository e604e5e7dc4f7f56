"""How the page writes the values of a column."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils import timezone

from calls.history.columns import COLUMNS, Column, Kind, Row, Value
from ccai.admin import duration
from ccai.phones import wire_phone


@dataclass(frozen=True)
class ShownCell:
    """One cell of the table; `more` is added to the text in smaller letters."""

    column: Column
    text: str
    more: str


@dataclass(frozen=True)
class ShownRow:
    """One call of the table: where its page is, what its status is, and its cells."""

    id: int
    url: str
    status: str
    cells: list[ShownCell]


def show_rows(rows: Iterable[dict[str, Any]], columns: Sequence[Column], *, clear: bool) -> list[ShownRow]:
    """`rows` as the table shows them, masked unless `clear`."""
    readers = [(column, column.reader(clear=clear)) for column in columns]
    # A failed call says why beside its status, unless there is a column for that.
    read_reason = COLUMNS["why"].reader(clear=clear)
    if COLUMNS["why"] in columns:
        read_reason = nothing
    shown = []
    for row in rows:
        cells = []
        for column, read in readers:
            text = in_words(column, read(row), clear=clear)
            more = str(read_reason(row) or "") if column.key == "status" else ""
            cells.append(ShownCell(column, text, more))
        url = reverse("admin:calls_call_change", args=(row["id"],))
        shown.append(ShownRow(row["id"], url, row["status"], cells))
    return shown


def nothing(row: Row) -> None:
    """There is nothing to add."""


def in_words(column: Column, value: Value, *, clear: bool) -> str:
    """`value` of `column` as people read it; "" where there is none."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return timezone.localtime(value).strftime("%Y-%m-%d %H:%M:%S")
    if column.kind is Kind.SECONDS and isinstance(value, int):
        return duration(value) or ""
    if column.kind is Kind.PHONE and clear:
        return wire_phone(str(value)) or ""
    return str(value)

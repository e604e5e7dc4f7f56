"""The calls that were asked for, as a file: written while it is sent, chunk by chunk, and never held whole.

A chunk is read by a statement of its own, from where the one before it ended. So no transaction stays open while
somebody's line is slow, and no connection waits; calls that come in meanwhile are newer than all that is still to be
read. Times are those of the center's clock. Numbers are E.164.
"""

import csv
import io
import logging
import threading
import time
from collections.abc import AsyncIterator, Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from asgiref.sync import sync_to_async
from django.db import connection
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from calls.history import xlsx
from calls.history.columns import Column, Kind, Read, Row
from calls.history.finding import Found, read_chunk
from calls.history.progress import DONE, FAILED, RUNNING, STOPPED, Progress
from calls.history.xlsx import Cell

log = logging.getLogger(__name__)

CHUNK = 2_000  # calls
# A cell that begins so is a formula to a spreadsheet that opens the file (OWASP, CSV injection).
FORMULA = frozenset("=+-@\t\r\n")
TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def harmless(text: str) -> str:
    """`text`, with an apostrophe before it where a spreadsheet would take it for a formula."""
    return f"'{text}" if text[:1] in FORMULA else text


@dataclass
class Export:
    """One file on its way: what goes into it, for whom, and how far it is."""

    found: Found
    columns: Sequence[Column]
    kind: str
    clear: bool
    user_id: int
    progress: Progress
    oldest: datetime | None  # no call that is asked for is older
    rows: int = 0
    _began: float = field(default_factory=time.monotonic)
    _newest: datetime | None = None

    def pieces(self) -> Generator[bytes, None, None]:
        """The file, piece by piece; the first comes before any call is read."""
        self.progress.tell(RUNNING, 0, 0)
        state = FAILED
        try:
            yield from self._csv() if self.kind == "csv" else self._xlsx()
            state = DONE
        except GeneratorExit:
            state = STOPPED
            raise
        finally:
            self._end(state)

    async def pieces_async(self) -> AsyncIterator[bytes]:
        """As `pieces`, for a server that serves others meanwhile. Between two pieces it holds no connection."""
        pieces = self.pieces()
        # Who goes away while a piece is made does not stop the thread that makes it.
        lock = threading.Lock()

        def next_piece() -> bytes | None:
            try:
                with lock:
                    return next(pieces, None)
            finally:
                connection.close()

        def close() -> None:
            with lock:
                pieces.close()

        make_piece = sync_to_async(next_piece, thread_sensitive=False)
        try:
            while (piece := await make_piece()) is not None:
                yield piece
        finally:
            await sync_to_async(close, thread_sensitive=False)()

    def _chunks(self, shape: Callable[[Column, Read], Read]) -> Iterator[list[list[Cell]]]:
        """What stands in the columns, as `shape` makes readers write it. How far it is, is told after each chunk."""
        readers = [shape(column, column.reader(clear=self.clear)) for column in self.columns]
        last: dict[str, Any] | None = None
        while rows := read_chunk(self.found, self.columns, after=last, size=CHUNK):
            last = rows[-1]
            self._newest = self._newest or rows[0]["created_at"]
            yield [[read(row) for read in readers] for row in rows]
            self.rows += len(rows)
            self.progress.tell(RUNNING, self.rows, self._share(last["created_at"]))
            if len(rows) < CHUNK:
                return

    def _share(self, reached: datetime) -> float:
        """How much is done: how far back in time it has come."""
        if self._newest is None or self.oldest is None or self._newest <= self.oldest:
            return 0.0
        return min((self._newest - reached) / (self._newest - self.oldest), 1.0)

    def _header(self) -> list[str]:
        """What the columns are called; in what unit or by which clock, where that is not said by the cells."""
        clock = timezone.get_current_timezone_name()
        units: dict[Kind, str | Promise] = {Kind.TIME: clock, Kind.SECONDS: _("seconds")}
        return [
            f"{column.title} ({units[column.kind]})" if column.kind in units else str(column.title)
            for column in self.columns
        ]

    def _csv(self) -> Iterator[bytes]:
        """RFC 4180, in UTF-8 with the mark by which spreadsheets know it."""
        yield ("\ufeff" + csv_text([self._header()])).encode()
        for rows in self._chunks(in_csv):
            yield csv_text(rows).encode()

    def _xlsx(self) -> Iterator[bytes]:
        yield from xlsx.workbook(_("Calls"), self._header(), self._chunks(in_workbook))

    def _end(self, state: str) -> None:
        """The page that waits is told, and the log."""
        self.progress.tell(state, self.rows, 1 if state == DONE else 0)
        seconds = time.monotonic() - self._began
        log.info("user %s exported %d calls as %s in %.1f s: %s", self.user_id, self.rows, self.kind, seconds, state)


def in_csv(column: Column, read: Read) -> Read:
    """`read`, whose times are ISO 8601 with their offset, and whose texts are no formulas to any spreadsheet."""
    zone = timezone.get_current_timezone()

    def read_time(row: Row) -> Cell:
        moment = read(row)
        return None if moment is None else moment.astimezone(zone).isoformat(" ", "seconds")

    def read_text(row: Row) -> Cell:
        text = read(row)
        return harmless(text) if text else text

    return {Kind.TIME: read_time, Kind.TEXT: read_text, Kind.PHONE: read_text}.get(column.kind, read)


def in_workbook(column: Column, read: Read) -> Read:
    """`read`, whose times are those of the center's clock. A text in a workbook is none but a text."""
    zone = timezone.get_current_timezone()

    def read_time(row: Row) -> Cell:
        moment = read(row)
        return None if moment is None else moment.astimezone(zone)

    return read_time if column.kind is Kind.TIME else read


def csv_text(rows: Iterable[Sequence[Cell]]) -> str:
    """`rows` as lines."""
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()

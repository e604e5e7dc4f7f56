"""Tables of agents as files: CSV and XLSX, read into rows of text and written from them.

Programs that open a table run what looks like a formula, so a cell that begins like one is written with an apostrophe
before it, which reading takes off again.
"""

import csv
import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import openpyxl
from django.utils.translation import gettext as _
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

MAX_BYTES = 5 * 1024 * 1024
MAX_ROWS = 20_000
# What the parts of an XLSX may weigh when they are unpacked.
MAX_UNPACKED = 100 * 1024 * 1024
# How a workbook begins that is older than XLSX, or has a password.
OLD_WORKBOOK = b"\xd0\xcf\x11\xe0"
DELIMITERS = (",", ";", "\t")
FORMULA = re.compile(r"'*[=+\-@\t\r]")
ESCAPED = re.compile(r"'+[=+\-@\t\r]")


@dataclass(frozen=True)
class Row:
    """One row: its number as a spreadsheet shows it, and its cells in order."""

    number: int
    cells: tuple[str, ...]


class UnreadableTable(Exception):
    """The file is no table that can be read; the message says what to do."""


def read_rows(content: bytes, name: str) -> list[Row]:
    """The rows of the CSV or XLSX file called `name` that are not blank, the header first. Raises UnreadableTable."""
    if len(content) > MAX_BYTES:
        raise UnreadableTable(
            _("The file is larger than %(limit)d MiB. Split it into several files.") % {"limit": MAX_BYTES >> 20}
        )
    is_xlsx = content.startswith(b"PK")
    if not is_xlsx and (name.lower().endswith((".xlsx", ".xls")) or content.startswith(OLD_WORKBOOK)):
        raise UnreadableTable(_("This is not an XLSX file, or it is broken. Save it again as XLSX, or as “CSV UTF-8”."))
    rows = _xlsx_rows(content) if is_xlsx else _csv_rows(content)
    found: list[Row] = []
    for number, cells in enumerate(rows, 1):
        if number > 10 * MAX_ROWS or len(found) > MAX_ROWS:
            raise UnreadableTable(
                _("The table has more than %(limit)d rows. Split it into several files.") % {"limit": MAX_ROWS}
            )
        if any(cell.strip() for cell in cells):
            found.append(Row(number, cells))
    if not found:
        raise UnreadableTable(_("The file is empty. Its first row has to name the columns."))
    return found


def _csv_rows(content: bytes) -> Iterator[tuple[str, ...]]:
    """The rows of a CSV file, whichever of the usual delimiters its first line has most of."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UnreadableTable(_("The file is not UTF-8 text. Save it as “CSV UTF-8”, or as XLSX.")) from None
    first = text.split("\n", 1)[0]
    delimiter = max(DELIMITERS, key=first.count)
    try:
        for cells in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            yield tuple(_unescaped(cell) for cell in cells)
    except csv.Error as error:
        raise UnreadableTable(_("The file cannot be read as CSV: %(reason)s.") % {"reason": error}) from None


def _xlsx_rows(content: bytes) -> Iterator[tuple[str, ...]]:
    """The rows of the first sheet of an XLSX file, as the spreadsheet shows them."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as parts:
            unpacked = sum(part.file_size for part in parts.infolist())
        if unpacked > MAX_UNPACKED:
            raise UnreadableTable(_("The file is too large when it is unpacked. Split it into several files."))
        workbook = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        sheet = workbook.worksheets[0]
        # Some programs write a size that is not the sheet's.
        sheet.reset_dimensions()
        for cells in sheet.iter_rows(values_only=True):
            yield tuple(_unescaped(_text(cell)) for cell in cells)
    except UnreadableTable:
        raise
    except Exception as error:
        # Whatever the reader of somebody else's file comes upon: it is the file that is wrong.
        raise UnreadableTable(_("The file cannot be read as XLSX. Save it again, or as “CSV UTF-8”.")) from error


def _text(value: Any) -> str:
    """A cell as text: whole numbers without a point, days in ISO form, true and false."""
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case float() if value.is_integer():
            return str(int(value))
        case date():
            return value.isoformat()
    return str(value)


def _unescaped(cell: str) -> str:
    """`cell` without the apostrophe that keeps it from being a formula."""
    return cell[1:] if ESCAPED.match(cell) else cell


def escaped(cell: str) -> str:
    """`cell`, with an apostrophe before it where it looks like a formula."""
    return f"'{cell}" if FORMULA.match(cell) else cell


def csv_lines(rows: Iterable[Sequence[str]]) -> Iterator[bytes]:
    """`rows` as CSV in UTF-8, line by line, with a mark at the beginning by which spreadsheets know it as UTF-8."""
    yield b"\xef\xbb\xbf"
    for row in rows:
        line = io.StringIO(newline="")
        csv.writer(line).writerow([escaped(cell) for cell in row])
        yield line.getvalue().encode()


def xlsx_file(rows: Iterable[Sequence[str]], title: str) -> bytes:
    """`rows` as an XLSX file of one sheet, every cell text."""
    workbook = openpyxl.Workbook(write_only=True)
    sheet = workbook.create_sheet(title)
    for row in rows:
        sheet.append([escaped(ILLEGAL_CHARACTERS_RE.sub("", cell)) for cell in row])
    file = io.BytesIO()
    workbook.save(file)
    return file.getvalue()

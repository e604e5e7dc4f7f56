"""A workbook written row by row into a stream: nothing of it is kept, so that its size costs no memory.

The format is Office Open XML (ECMA-376), in the least that spreadsheets open: texts stand in their cells, and there is
one style for times. A text in a cell is never taken for a formula, whatever it begins with.
"""

import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from io import RawIOBase
from typing import IO, Any, cast
from xml.sax.saxutils import escape, quoteattr

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
# What no cell may hold: characters that XML 1.0 does not know.
UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
# `_x000D_` in a cell stands for the character of that number: a carriage return, which a file of XML would turn into a
# line's end, is written so, and a text that only looks like it is not taken for it (ECMA-376 part 1, 22.9.2.19).
LOOKS_ESCAPED = re.compile("_(?=x[0-9A-Fa-f]{4}_)")
LONGEST = 32_767  # characters in a cell
MOST_ROWS = 1_048_576  # in a sheet
# Days are counted from here.
EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001 - a sheet knows no time zones
DAY = 86_400

STYLES = (
    f'{HEAD}<styleSheet xmlns="{MAIN}"><numFmts count="1">'
    '<numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd\\ hh:mm:ss"/></numFmts>'
    '<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font>'
    '<font><b/><sz val="11"/><name val="Calibri"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill>'
    '<fill><patternFill patternType="gray125"/></fill></fills>'
    '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
    '<cellXfs count="3"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
    '<xf numFmtId="164" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
    '<xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
)
TIME, BOLD = 1, 2  # of the styles above

Cell = str | int | datetime | None


class Outbox(RawIOBase):
    """A file that can only be written to; what was written is taken out of it piece by piece."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        """It is."""
        return True

    def write(self, data: Any) -> int:
        """Keep `data` until it is taken."""
        self._pieces.append(bytes(data))
        return len(data)

    def take(self) -> bytes:
        """What was written since the last time."""
        taken = b"".join(self._pieces)
        self._pieces.clear()
        return taken


def workbook(name: str, header: Sequence[str], chunks: Iterable[Sequence[Sequence[Cell]]]) -> Iterator[bytes]:
    """The bytes of a workbook with `header` and the rows of `chunks`, a piece for each chunk.

    Its sheets are called `name`, `name 2` and so on: a sheet holds a million rows. Times are written as they stand on
    their own clock, without a zone.
    """
    outbox = Outbox()
    sheets = 0
    waiting = iter(chunks)
    left: Sequence[Sequence[Cell]] = ()
    with zipfile.ZipFile(cast(IO[bytes], outbox), "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        while True:
            sheets += 1
            room = MOST_ROWS - 1
            # A sheet may become larger than the two gigabytes that an entry of unknown size is taken for.
            with archive.open(f"xl/worksheets/sheet{sheets}.xml", "w", force_zip64=True) as sheet:
                sheet.write(f'{HEAD}<worksheet xmlns="{MAIN}"><sheetData>'.encode())
                sheet.write(row_xml(header, style=BOLD).encode())
                yield outbox.take()
                while room and (rows := left or next(waiting, ())):
                    written, left = rows[:room], rows[room:]
                    room -= len(written)
                    sheet.write("".join(map(row_xml, written)).encode())
                    yield outbox.take()
                sheet.write(b"</sheetData></worksheet>")
            if not left:
                break
        for path, text in parts(name, sheets):
            archive.writestr(path, text)
    yield outbox.take()


def row_xml(cells: Sequence[Cell], style: int = 0) -> str:
    """A row of a sheet. An empty cell is left out; the others say where they stand by what is before them."""
    return f"<row>{''.join([cell_xml(cell, style) for cell in cells])}</row>"


def cell_xml(cell: Cell, style: int = 0) -> str:
    """A cell: a number, a time, or a text as it is."""
    if cell is None:
        return "<c/>"
    if isinstance(cell, int):
        return f"<c><v>{cell}</v></c>"
    if isinstance(cell, datetime):
        past = cell.replace(tzinfo=None) - EPOCH
        return f'<c s="{TIME}"><v>{past.days + past.seconds / DAY:.9f}</v></c>'
    text = LOOKS_ESCAPED.sub("_x005F_", UNWRITABLE.sub("", cell)[:LONGEST])
    text = escape(text, {"\r": "_x000D_"})
    styled = f' s="{style}"' if style else ""
    return f'<c{styled} t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'


def parts(name: str, sheets: int) -> Iterator[tuple[str, str]]:
    """The other files of a workbook with so many sheets: their paths in the archive, and what is in them."""
    numbers = range(1, sheets + 1)
    yield "xl/styles.xml", STYLES
    listed = "".join(
        f'<sheet name={quoteattr(name if number == 1 else f"{name} {number}")} sheetId="{number}" r:id="rId{number}"/>'
        for number in numbers
    )
    yield (
        "xl/workbook.xml",
        f'{HEAD}<workbook xmlns="{MAIN}" xmlns:r="{RELATIONS}"><sheets>{listed}</sheets></workbook>',
    )
    kinds = [(number, "worksheet", f"worksheets/sheet{number}.xml") for number in numbers]
    yield "xl/_rels/workbook.xml.rels", relations([*kinds, (sheets + 1, "styles", "styles.xml")])
    yield "_rels/.rels", relations([(1, "officeDocument", "xl/workbook.xml")])
    content = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    types = "".join(
        f'<Override PartName="/{path}" ContentType="{content}.{kind}+xml"/>'
        for path, kind in [
            ("xl/workbook.xml", "sheet.main"),
            ("xl/styles.xml", "styles"),
            *((f"xl/worksheets/sheet{number}.xml", "worksheet") for number in numbers),
        ]
    )
    yield (
        "[Content_Types].xml",
        f'{HEAD}<Types xmlns="{PACKAGE}/content-types"><Default Extension="rels" '
        f'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>{types}</Types>',
    )


def relations(entries: Iterable[tuple[int, str, str]]) -> str:
    """A list of relations, each with its number, kind and target."""
    listed = "".join(
        f'<Relationship Id="rId{number}" Type="{RELATIONS}/{kind}" Target="{target}"/>'
        for number, kind, target in entries
    )
    return f'{HEAD}<Relationships xmlns="{PACKAGE}/relationships">{listed}</Relationships>'

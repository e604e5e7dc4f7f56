"""The tables of a report. Each is shown, drawn as a chart where it can be, and downloaded."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from calls.figures import Report
from calls.figures.definitions import FIGURES, OUTCOMES, Counts, Figure, Unit
from calls.figures.spans import Step
from calls.models import CallType, Deflection
from calls.models.vocabulary import CHANNELS
from calls.reports.words import exact, written

Value = float | None
# Of the heat map: how many shades there are beside none.
SHADES = 5


@dataclass(frozen=True)
class Line:
    """A row: its head, and its values in the units of their columns."""

    head: str
    values: Sequence[Value]


@dataclass(frozen=True)
class Table:
    """A table: `columns` are names and units, after the name of the first, which is of the heads of rows.

    `chart` is how it is drawn ("" for not at all); of the columns in `before` are the values of the span before.
    """

    key: str
    title: str
    first: str
    columns: Sequence[tuple[str, Unit]]
    lines: Sequence[Line]
    chart: str = ""
    before: Sequence[int] = ()
    figures: Sequence[Figure] = ()
    heads: dict[str, str] = field(default_factory=dict)

    @property
    def heading_id(self) -> str:
        """The id of its heading on the page."""
        return f"report-{self.key}"

    @property
    def data_id(self) -> str:
        """The id of what its chart is drawn from on the page."""
        return f"data-{self.key}"

    def shown(self) -> Iterator[tuple[str, list[str]]]:
        """The rows as people read them."""
        for line in self.lines:
            yield line.head, [written(value, unit) for value, (_name, unit) in self._cells(line)]

    def rows(self) -> Iterator[list[Any]]:
        """The header and the rows as programs read them."""
        yield [self.first, *(f"{name} [s]" if unit is Unit.SECONDS else name for name, unit in self.columns)]
        for line in self.lines:
            yield [line.head, *(exact(value, unit) for value, (_name, unit) in self._cells(line))]

    def drawing(self) -> dict[str, Any]:
        """What the chart is drawn from."""
        return {
            "kind": self.chart,
            "unit": self.columns[0][1],
            "labels": [self.heads.get(line.head, line.head) for line in self.lines],
            "series": [
                {
                    "name": name,
                    "before": number in self.before,
                    "values": [exact(line.values[number], unit) for line in self.lines],
                    "shown": [written(line.values[number], unit) for line in self.lines],
                }
                for number, (name, unit) in enumerate(self.columns)
            ],
        }

    def _cells(self, line: Line) -> Iterable[tuple[Value, tuple[str, Unit]]]:
        return zip(line.values, self.columns, strict=True)


@dataclass(frozen=True)
class Heat:
    """A figure by weekday and hour: each weekday with its 24 cells, a shade from 0 to SHADES and the value."""

    figure: Figure
    rows: Sequence[tuple[str, Sequence[tuple[int, str]]]]
    table: Table


# Tables by piece of time: the figures that stand in each beside those of the span before.
_COMPARED = {"calls": "bar", "service_level": "line", "speed_of_answer": "line", "abandon_rate": "line"}


def by_time(report: Report, step: Step) -> list[Table]:
    """The tables whose rows are pieces of the span."""
    pieces = report.pieces(step)
    heads = {piece.name: _short(piece.name, step, report.now.span.days) for piece, _now, _before in pieces}

    def make(key: str, title: Any, chart: str, columns: Sequence[tuple[Any, Unit]], read: Reader, **more: Any) -> Table:
        lines = [Line(piece.name, read(now, before)) for piece, now, before in pieces]
        return Table(key, str(title), _("Time"), [(str(n), u) for n, u in columns], lines, chart, heads=heads, **more)

    tables = []
    for key, chart in _COMPARED.items():
        figure = FIGURES[key]
        columns = [(figure.name, figure.unit), (_("Span before"), figure.unit)]
        tables.append(make(key, figure.name, chart, columns, _beside(figure), before=(1,), figures=(figure,)))
    outcomes = [(name, Unit.COUNT) for name in OUTCOMES.values()]
    tables.insert(1, make("outcomes", _("Outcomes"), "stacked", outcomes, _read_outcomes))
    parts = [FIGURES[key] for key in ("talk_time", "hold_time", "wrap_up_time")]
    handling = [(figure.name, figure.unit) for figure in parts]
    tables.append(
        make(
            "handle_time",
            FIGURES["handle_time"].name,
            "stacked",
            handling,
            lambda now, _before: [figure.of(now) for figure in parts],
            figures=(FIGURES["handle_time"], *parts),
        )
    )
    return tables


def summary(report: Report) -> Table:
    """All figures, and those of the span before."""
    lines, units = [], []
    for figure in FIGURES.values():
        lines.append(Line(str(figure.name), (figure.of(report.now.whole), figure.of(report.before.whole))))
        units.append(figure.unit)
    return _Mixed(
        "summary",
        _("All figures"),
        _("Figure"),
        [(_("This span"), Unit.COUNT), (_("Span before"), Unit.COUNT)],
        lines,
        units=units,
    )


@dataclass(frozen=True)
class _Mixed(Table):
    """A table each of whose rows has a unit of its own."""

    units: Sequence[Unit] = ()

    def shown(self) -> Iterator[tuple[str, list[str]]]:
        """The rows as people read them."""
        for line, unit in zip(self.lines, self.units, strict=True):
            yield line.head, [written(value, unit) for value in line.values]

    def rows(self) -> Iterator[list[Any]]:
        """The header and the rows as programs read them."""
        yield [self.first, *(name for name, _unit in self.columns), _("Unit")]
        for line, unit in zip(self.lines, self.units, strict=True):
            yield [line.head, *(exact(value, unit) for value in line.values), unit.value]


def by_type(report: Report) -> Table:
    """How calls of each type came out."""
    lines = [
        Line(f"{call_type.label} · {CHANNELS[call_type].label}", [counts.calls, *_read_outcomes(counts, None)])
        for call_type in CallType
        if (counts := report.now.types.get(call_type)) is not None
    ]
    columns = [(_("Calls"), Unit.COUNT), *((str(name), Unit.COUNT) for name in OUTCOMES.values())]
    return Table("types", _("Calls by type and outcome"), _("Type · channel"), columns, lines)


def by_deflection(report: Report) -> Table:
    """How often calls were deflected in which way."""
    now, before = report.now.kinds, report.before.kinds
    lines = [
        Line(str(kind.label), [now.get(kind, 0), before.get(kind, 0)])
        for kind in Deflection
        if now.get(kind) or before.get(kind)
    ]
    columns = [(_("Times"), Unit.COUNT), (_("Span before"), Unit.COUNT)]
    return Table(
        "deflections", _("Deflections by kind"), _("Deflection"), columns, lines, figures=(FIGURES["deflections"],)
    )


def heat_map(report: Report, figure: Figure) -> Heat:
    """`figure` by weekday and hour."""
    cells = report.now.by_hour_of_the_week()
    values = {place: figure.of(counts) for place, counts in cells.items()}
    most = max((value for value in values.values() if value), default=0.0)
    rows, lines = [], []
    for weekday in range(7):
        # 5 January 1970 was a Monday.
        name = date_format(date(1970, 1, 5) + timedelta(days=weekday), "D")
        of_day = [values.get((weekday, hour)) for hour in range(24)]
        rows.append((name, [(_shade(value, most), _brief(value, figure.unit)) for value in of_day]))
        lines.append(Line(name, of_day))
    columns = [(f"{hour:02}", figure.unit) for hour in range(24)]
    title = _("%(figure)s by weekday and hour") % {"figure": figure.name}
    return Heat(figure, rows, Table("heat", title, _("Weekday"), columns, lines, figures=(figure,)))


Reader = Callable[[Counts, Counts | None], Sequence[Value]]


def _beside(figure: Figure) -> Reader:
    return lambda now, before: (figure.of(now), None if before is None else figure.of(before))


def _read_outcomes(counts: Counts, _before: Counts | None) -> list[Value]:
    return [getattr(counts, outcome) for outcome in OUTCOMES]


def _shade(value: Value, most: float) -> int:
    """0 for nothing, SHADES for the most."""
    return 0 if not value else max(1, round(value / most * SHADES))


def _brief(value: Value, unit: Unit) -> str:
    """`value` in a few characters, and nothing for nothing."""
    if not value:
        return ""
    return f"{value * 100:.0f}%" if unit is Unit.SHARE else written(value, unit)


def _short(name: str, step: Step, days: int) -> str:
    """What the axis says of a piece: the clock alone where there is one day."""
    day, _space, clock = name.partition(" ")
    if step is not Step.DAY and days == 1:
        return clock
    return f"{date_format(date.fromisoformat(day), 'j M')} {clock}".strip()

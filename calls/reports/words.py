"""How figures are written."""

from dataclasses import dataclass

from django.utils.formats import number_format
from django.utils.translation import gettext as _

from calls.figures.definitions import Better, Counts, Figure, Unit
from ccai.admin import NOTHING, duration

# Less than this is no change.
LEAST = {Unit.COUNT: 0.5, Unit.SHARE: 0.0005, Unit.SECONDS: 0.5, Unit.STARS: 0.005}


def written(value: float | None, unit: Unit) -> str:
    """`value` as people read it: 12,345 · 84.2% · 4:05 · 4.31; a dash where there is none."""
    if value is None:
        return NOTHING
    if unit is Unit.SHARE:
        return f"{number_format(value * 100, 1)}%"
    if unit is Unit.SECONDS:
        return duration(round(value)) or NOTHING
    if unit is Unit.STARS:
        return number_format(value, 2)
    return number_format(value, 0, force_grouping=True)


def exact(value: float | None, unit: Unit) -> float | int | str:
    """`value` as programs read it: shares from 0 to 1, times in seconds; nothing where there is none."""
    if value is None:
        return ""
    return int(value) if unit is Unit.COUNT else round(value, 4 if unit is Unit.SHARE else 2)


@dataclass(frozen=True)
class Tile:
    """A figure, beside what it was before. `mood` is better, worse or plain."""

    figure: Figure
    value: str
    arrow: str
    change: str
    mood: str


def tile(figure: Figure, now: Counts, before: Counts) -> Tile:
    """The tile of `figure`."""
    value, earlier = figure.of(now), figure.of(before)
    arrow, change, mood = compare(figure, value, earlier)
    return Tile(figure, written(value, figure.unit), arrow, change, mood)


def compare(figure: Figure, value: float | None, earlier: float | None) -> tuple[str, str, str]:
    """An arrow, the change in words, and whether it is for the better: better, worse or plain."""
    if value is None or earlier is None:
        return "", _("before: %(value)s") % {"value": written(earlier, figure.unit)}, "plain"
    difference = value - earlier
    words = {"change": _size(figure.unit, difference, earlier), "value": written(earlier, figure.unit)}
    if abs(difference) < LEAST[figure.unit]:
        return "=", _("as before: %(value)s") % words, "plain"
    is_up = difference > 0
    text = _("%(change)s more than before: %(value)s") if is_up else _("%(change)s less than before: %(value)s")
    mood = (
        "plain" if figure.better is Better.NEITHER else "better" if is_up == (figure.better is Better.UP) else "worse"
    )
    return "▲" if is_up else "▼", text % words, mood


def _size(unit: Unit, difference: float, earlier: float) -> str:
    """How much it is: in points of a hundred, in seconds, in stars, or in per cent of what was."""
    if unit is Unit.SHARE:
        return _("%(points)s points") % {"points": number_format(abs(difference) * 100, 1)}
    if unit is Unit.COUNT and earlier:
        percent = abs(difference) / earlier * 100
        return f"{number_format(percent, 0 if percent >= 10 else 1)}%"
    return written(abs(difference), unit)

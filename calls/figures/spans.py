"""Spans of days on the center's clock, and the pieces that they are shown in.

A day lasts from one midnight to the next: 23 or 25 hours where the clock is changed on it. An hour that the clock shows
twice is two pieces, told apart by their distance from UTC; one that it skips is none.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import cached_property

from django.utils import timezone

from ccai.times import midnight

QUARTER = timedelta(minutes=15)


class Step(StrEnum):
    """How long the pieces of a span are."""

    QUARTER = "quarter"
    HOUR = "hour"
    DAY = "day"


# How many days at most are shown in pieces of that length.
MOST_DAYS = {Step.QUARTER: 3, Step.HOUR: 31}

# What two pieces of two spans have in common that are compared: the number of their day, the clock, and whether the
# clock shows that time once more.
Place = tuple[int, str, int]


@dataclass(frozen=True)
class Grain:
    """So many quarters of an hour that are counted together; the first of them has a number that they divide once
    `ahead` is added to it."""

    quarters: int
    ahead: int = 0


QUARTERS = Grain(1)


@dataclass(frozen=True)
class Piece:
    """A piece of a span. `name` says which, on the center's clock: `2026-03-02`, `2026-03-02 14:15`."""

    name: str
    place: Place


@dataclass(frozen=True)
class Span:
    """The days from `first` to `last`, both included; of one that is not over yet, what is over `at` that moment."""

    first: date
    last: date
    at: datetime

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.last - self.first).days + 1

    @cached_property
    def start(self) -> datetime:
        """When it begins."""
        return midnight(self.first)

    @cached_property
    def end(self) -> datetime:
        """When it is over, or `at`, where that is earlier."""
        return max(self.start, min(midnight(self.last + timedelta(days=1)), self.at))

    @property
    def is_over(self) -> bool:
        """Whether all of it has passed."""
        return midnight(self.last + timedelta(days=1)) <= self.at

    @property
    def grain(self) -> Grain:
        """What is counted together in it: hours of the center's clock, or quarters where these can be shown, and where
        the clock is moved by less than an hour."""
        if Step.QUARTER in self.steps():
            return QUARTERS
        midnights = [midnight(self.first + timedelta(days=day)) for day in range(self.days + 1)]
        distances = {timezone.localtime(moment).utcoffset() // QUARTER % 4 for moment in midnights}  # type: ignore[operator]
        return Grain(4, distances.pop()) if len(distances) == 1 else QUARTERS

    def before(self) -> "Span":
        """As many days, right before it. Where it is not over, they end at the same time of their last day."""
        length = timedelta(days=self.days)
        if self.is_over:
            return Span(self.first - length, self.last - length, self.at)
        wall_clock = timezone.localtime(self.at).replace(tzinfo=None)
        return Span(self.first - length, self.last - length, timezone.make_aware(wall_clock - length))

    def steps(self) -> list[Step]:
        """The lengths of pieces that it can be shown in."""
        return [step for step in Step if self.days <= MOST_DAYS.get(step, self.days)]

    def usual_step(self) -> Step:
        """Hours for two days and less, days for more."""
        return Step.HOUR if self.days <= 2 else Step.DAY

    def pieces(self, step: Step) -> list[Piece]:
        """Its pieces in their order, up to its last midnight, also where it is not over."""
        piece_at = self.placer(step)
        if step is Step.DAY:
            return [piece_at(quarter_of(midnight(self.first + timedelta(days=day)))) for day in range(self.days)]
        quarters = range(quarter_of(self.start), quarter_of(midnight(self.last + timedelta(days=1))))
        return list(dict.fromkeys(piece_at(quarter) for quarter in quarters))

    def placer(self, step: Step) -> Callable[[int], Piece]:
        """Says which piece a quarter of an hour (its number, see `quarter_of`) belongs to."""
        zone = timezone.get_current_timezone()

        def piece_at(quarter: int) -> Piece:
            local = moment_of(quarter).astimezone(zone)
            number, day = (local.date() - self.first).days, local.date().isoformat()
            if step == Step.DAY:
                return Piece(day, (number, "", 0))
            clock = f"{local:%H:00}" if step == Step.HOUR else f"{local:%H:%M}"
            return Piece(f"{day} {clock}{distance(local)}", (number, clock, local.fold))

        return piece_at


def quarter_of(moment: datetime) -> int:
    """The number of the quarter of an hour that `moment` lies in, counted from 1970 in UTC.

    All zones are whole quarters away from UTC now, so a quarter lies in one day and hour of each.
    """
    return int(moment.timestamp() // QUARTER.total_seconds())


def moment_of(quarter: int) -> datetime:
    """When that quarter of an hour begins."""
    return datetime.fromtimestamp(quarter * QUARTER.total_seconds(), UTC)


def distance(local: datetime) -> str:
    """` +02:00` for a time that the clock shows twice, else nothing."""
    once, again = local.replace(fold=0), local.replace(fold=1)
    if once.utcoffset() == again.utcoffset() or once.utcoffset() < again.utcoffset():  # type: ignore[operator]
        return ""
    return f" {local.isoformat()[-6:]}"

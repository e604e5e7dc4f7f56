"""A line of time on which a call can be read, whether it took five seconds or two hours."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

# A call up to so many seconds is drawn to scale: a few seconds of it are still wide enough to be seen.
TO_SCALE = 600
# In longer ones the longest stretch without an event is shortened where the rest would fill less than this.
CROWDED = 0.08
# What is shortened is as wide as this much of the rest.
SHORTENED_TO = 1.2
# Per cent of the width between two marks on the axis.
BETWEEN_MARKS = 9.0


@dataclass(frozen=True)
class Shortened:
    """A stretch that is drawn shorter than it was: where it stands, in per cent, and its seconds."""

    left: float
    width: float
    seconds: int


class Scale:
    """Moments as places from 0 to 100.

    Places are to scale, except that in a long call a stretch in which nothing happened is drawn shorter where it would
    leave no room for the rest: twenty minutes in a queue before a talk of thirty seconds. `shortened` says which.
    """

    def __init__(self, moments: Iterable[datetime]) -> None:
        self.moments = sorted(set(moments))
        steps = [(end - start).total_seconds() for start, end in pairwise(self.moments)]
        drawn, shortened = shorten(steps)
        whole = sum(drawn) or 1.0
        self.places = [0.0]
        for step in drawn:
            self.places.append(self.places[-1] + 100 * step / whole)
        self._places = dict(zip(self.moments, self.places, strict=True))
        self.shortened = [
            Shortened(self.places[index], self.places[index + 1] - self.places[index], int(steps[index]))
            for index in sorted(shortened)
        ]

    def place(self, moment: datetime) -> float:
        """Where `moment`, which is one of those the scale was made of, stands."""
        return self._places[moment]

    def marks(self) -> list[tuple[float, datetime]]:
        """The moments that have room for a mark on the axis, with their places: the first, and from there on."""
        kept: list[tuple[float, datetime]] = []
        for place, moment in zip(self.places, self.moments, strict=True):
            if not kept or place - kept[-1][0] >= BETWEEN_MARKS:
                kept.append((place, moment))
        return kept


def shorten(steps: list[float]) -> tuple[list[float], set[int]]:
    """`steps`, in seconds, as they are drawn; and which of them are shortened."""
    whole = sum(steps)
    if whole <= TO_SCALE:
        return steps, set()
    longest = max(range(len(steps)), key=lambda index: steps[index])
    rest = whole - steps[longest]
    if not 0 < rest < CROWDED * whole:
        return steps, set()
    return [*steps[:longest], SHORTENED_TO * rest, *steps[longest + 1 :]], {longest}

"""Lists that a page can be read of, from any place in them."""

from abc import ABC, abstractmethod
from typing import Any, Generic, TypeVar

from django.db.models import Model, QuerySet

from ccai.api.pagination import Cursor, beyond, cursor_at, sort_order

Row = TypeVar("Row")
M = TypeVar("M", bound=Model)


class Listing(ABC, Generic[Row]):
    """Rows in an order: by a time where it is `timed`, ties by id, or by id alone."""

    timed: bool

    @abstractmethod
    def count(self) -> int:
        """How many rows there are."""

    @abstractmethod
    def read(self, place: Cursor | None, *, falling: bool, most: int) -> list[Row]:
        """The first rows beyond `place`, or of all; `most` at most."""

    @abstractmethod
    def place_after(self, rows: int, *, falling: bool) -> Cursor | None:
        """The place beyond the first so many rows; None where there are not so many."""

    @abstractmethod
    def place_of(self, row: Row) -> Cursor:
        """The place beyond `row`."""


class RowListing(Listing[M]):
    """The rows of a queryset, by a column of times or by `pk`."""

    def __init__(self, queryset: QuerySet[M], column: str) -> None:
        self.queryset = queryset
        self.column = column
        self.timed = column != "pk"

    def count(self) -> int:
        """How many rows there are."""
        return self.queryset.count()

    def read(self, place: Cursor | None, *, falling: bool, most: int) -> list[M]:
        """The first rows beyond `place`, or of all; `most` at most."""
        rows = self.queryset
        if place is not None:
            rows = rows.filter(beyond(place, self.column, falling=falling))
        return list(rows.order_by(*sort_order(self.column, falling=falling))[:most])

    def place_after(self, rows: int, *, falling: bool) -> Cursor | None:
        """The place beyond the first so many rows, found along an index; None where there are not so many."""
        ordered = self.queryset.prefetch_related(None).select_related(None)
        ordered = ordered.order_by(*sort_order(self.column, falling=falling))
        found: list[tuple[Any, int]] = list(ordered.values_list(self.column, "pk")[rows - 1 : rows])
        return Cursor(found[0][0] if self.timed else None, found[0][1], backward=False) if found else None

    def place_of(self, row: M) -> Cursor:
        """The place beyond `row`."""
        return cursor_at(row, self.column, backward=False)

"""Moments as whole numbers, which databases count by and Python reads ten times as fast as times with a zone."""

from datetime import datetime
from typing import Any

from django.db.models import BigIntegerField, Func

from calls.figures.spans import QUARTERS, Grain


class _Number(Func):
    arity = 1
    output_field = BigIntegerField()
    in_postgresql = ""
    in_sqlite = ""

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        """In PostgreSQL's words."""
        return self.as_sql(compiler, connection, template=self.in_postgresql, **context)

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        """In SQLite's words."""
        return self.as_sql(compiler, connection, template=self.in_sqlite, **context)


class QuarterOf(_Number):
    """The number of the quarter of an hour that a moment lies in, as in `spans.quarter_of`; with a grain, that of the
    first quarter of the grain."""

    _of_grain = " + %(ahead)d) / %(quarters)d * %(quarters)d - %(ahead)d"
    in_postgresql = "(floor(date_part('epoch', %(expressions)s) / 900)::bigint" + _of_grain
    in_sqlite = "(CAST(strftime('%%%%s', %(expressions)s) AS INTEGER) / 900" + _of_grain

    def __init__(self, moment: Any, grain: Grain = QUARTERS, **extra: Any) -> None:
        super().__init__(moment, **{"quarters": grain.quarters, "ahead": grain.ahead, **extra})


class Milliseconds(_Number):
    """A moment as the milliseconds since 1970, as `milliseconds` has it."""

    in_postgresql = "round(date_part('epoch', %(expressions)s) * 1000)::bigint"
    in_sqlite = "CAST(round((julianday(%(expressions)s) - 2440587.5) * 86400000) AS INTEGER)"


def milliseconds(moment: datetime) -> int:
    """`moment` as the milliseconds since 1970."""
    return round(moment.timestamp() * 1_000)

"""What the first rows of a queue or a history come to, for each row of another table, in one query."""

from typing import Any

from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import F, FloatField, QuerySet, Subquery, TextField


def read_in_order() -> None:
    """Until the transaction ends, PostgreSQL finds first rows along the index that orders them, and sorts nothing.

    What it knows of queues is from a moment when they were as good as empty, as they mostly are. By that it would
    rather read and sort them, which takes the longer the more calls wait.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_sort = off")


class FirstRows(Subquery):
    """One value out of one column of the rows of a correlated query, which is ordered and cut.

    A join or a window would read the whole table first; this reads the rows it is cut to, by the index that orders it.
    """

    template = "(SELECT %(collect)s FROM (%(subquery)s) AS first)"
    collect: str

    def __init__(self, rows: QuerySet[Any, Any], column: str) -> None:
        super().__init__(rows.values(value=F(column)), collect=self.collect)


class AverageOfFirst(FirstRows):
    """The average; NULL where there are no rows."""

    collect = "AVG(first.value)"
    output_field = FloatField()


class IdsOfFirst(FirstRows):
    """The values, which are whole numbers, as one text with blanks between; NULL where there are no rows."""

    collect = "STRING_AGG(CAST(first.value AS text), ' ')"
    output_field = TextField()

    def as_sqlite(self, compiler: Any, connection: BaseDatabaseWrapper, **context: Any) -> tuple[str, Any]:
        """As everywhere, by SQLite's own name for the function."""
        return self.as_sql(compiler, connection, collect="GROUP_CONCAT(first.value, ' ')", **context)

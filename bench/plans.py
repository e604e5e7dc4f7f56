"""How the database finds the calls of a page: the plan of the one statement that reads them."""

import re
from collections.abc import Callable, Iterator
from typing import Any

from django.db import connection

# In the plan of SQLite.
INDEX = re.compile(r"(?:SEARCH|SCAN) calls_call USING (?:COVERING )?INDEX (\w+)")
Statement = tuple[str, Any]


def statement_of(request: Callable[[], object]) -> Statement:
    """The statement, with its parameters, by which `request` reads a page of calls."""
    found: list[Statement] = []

    def keep(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        if sql.startswith('SELECT "calls_call"."id"'):
            found.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(keep):
        request()
    (statement,) = found
    return statement


def explain(statement: Statement, *, how: str) -> list[Any]:
    """The rows of `EXPLAIN`, or whatever `how` says, of `statement`."""
    sql, params = statement
    with connection.cursor() as cursor:
        cursor.execute(f"{how} {sql}", params)
        return cursor.fetchall()


def plan_in_short(statement: Statement) -> str:
    """The index by which `statement` comes to the calls, or `every row`; whether it sorts them; how many it reads.

    SQLite does not say how many.
    """
    if connection.vendor == "postgresql":
        return plan_of_postgresql(explain(statement, how="EXPLAIN (ANALYZE, FORMAT JSON)")[0][0][0]["Plan"])
    steps = [row[3] for row in explain(statement, how="EXPLAIN QUERY PLAN")]
    indexes = [match[1] for step in steps if (match := INDEX.match(step))]
    return in_words(indexes, is_sorted=any("TEMP B-TREE" in step for step in steps))


def plan_of_postgresql(plan: dict[str, Any]) -> str:
    """As `plan_in_short`, of a plan that has been run."""
    nodes = list(main_nodes(plan))
    # A bitmap of an index does not name its table, but only calls are read by bitmaps.
    on_calls = [node for node in nodes if node.get("Relation Name", "calls_call") == "calls_call"]
    indexes = [node["Index Name"] for node in on_calls if "Index Name" in node]
    read = sum(
        (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"]
        for node in on_calls
        if "Relation Name" in node
    )
    return f"{in_words(indexes, is_sorted=any('Sort' in node['Node Type'] for node in nodes))}: {read:.0f}"


def in_words(indexes: list[str], *, is_sorted: bool) -> str:
    """What a plan uses."""
    by = " and ".join(indexes) or "every row"
    return f"{by}, sorted" if is_sorted else by


def main_nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A node of PostgreSQL's plan and all below it, but not what finds a value first, such as an agent's id."""
    yield node
    for child in node.get("Plans", ()):
        if child["Parent Relationship"] not in ("InitPlan", "SubPlan"):
            yield from main_nodes(child)

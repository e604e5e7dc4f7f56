"""What it costs to find the next call for an agent who becomes free: in a queue of 10, and in one of 100,000.

The promise is one indexed query however long the queue is, so about the same time for both. Both queues are in one
database, each with one agent, and take turns, so that a machine that is busy for a moment is busy for both alike. The
offers are taken back each time. Beside the times stand the indexes by which the database comes to calls and, where it
says so, how many calls it reads. PostgreSQL has not looked at the queues before, as after a rush in real life.
"""

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from statistics import median
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from agents.models import Agent
from bench.center import write_center
from bench.history import repeat
from bench.plans import Statement, explain
from bench.table import print_table
from calls import next_call, offers
from calls.first_rows import read_in_order
from calls.models import Call, CallType, Status
from ccai.center import load_files
from ccai.times import now
from menus.models import AgentGroup, Menu

SHORT, LONG = 10, 100_000
MADE = 1_000  # calls of the long queue; the others repeat them
ROUNDS = 25
INDEXES = {index.name for index in Call._meta.indexes}


@dataclass
class Queue:
    """A queue with one agent, and how long each thing took each time."""

    waiting: int
    agent: Agent
    groups: dict[int, list[offers.Group]]
    finding: list[float] = field(default_factory=list)
    offering: list[float] = field(default_factory=list)

    def find(self) -> None:
        """The one query, and the lock on the calls that it finds."""
        read_in_order()
        if not next_call.lock_next([self.agent.pk], self.groups, fresh=True):
            raise RuntimeError("No call was found")

    def offer(self) -> None:
        """All that happens when the agent becomes free."""
        if offers.hold_out(now()) != 1:
            raise RuntimeError("The agent was not offered a call")


def measure() -> None:
    """Print the table."""
    load_files([write_center(settings.CCAI_DATA_DIR / "center.yaml", agents=2, menus=2)])
    agents = list(Agent.objects.order_by("pk"))
    long, short = (
        make_queue(menu, agent, waiting)
        for menu, agent, waiting in zip(Menu.objects.order_by("pk"), agents, (LONG, SHORT), strict=True)
    )
    for turn in range(ROUNDS + 1):
        for queue in (short, long):
            # Only one of them is free.
            Agent.objects.update(status=Agent.Status.MEAL)
            Agent.objects.filter(pk=queue.agent.pk).update(status=Agent.Status.AVAILABLE)
            finding, offering = seconds_of(queue.find), seconds_of(queue.offer)
            if turn:  # the first warms up
                queue.finding.append(finding)
                queue.offering.append(offering)
    print_table(
        f"next_call on {connection.vendor}: an agent becomes free, median of {ROUNDS}; promise: ratio about 1",
        ["calls waiting", "finding, ms", "ratio", "offering, ms", "ratio", "by"],
        [
            [
                str(queue.waiting),
                *figures(queue.finding, short.finding),
                *figures(queue.offering, short.offering),
                plan_of(queue),
            ]
            for queue in (short, long)
        ],
    )


def make_queue(menu: Menu, agent: Agent, waiting: int) -> Queue:
    """So many calls that wait in the queue of `menu`, which `agent` alone serves."""
    AgentGroup.objects.get(menu=menu).agents.set([agent])
    at = now()
    before = Call.objects.count()
    made = min(waiting, MADE)
    Call.objects.bulk_create(
        Call(
            pk=before + number,
            lang="en",
            call_type=CallType.INBOUND_API,
            status=Status.QUEUED,
            queued_at=at,
            waits_since=at - timedelta(days=1) + timedelta(seconds=number),
            deadline_at=at + timedelta(days=1),
            menu=menu,
            queue=menu,
            selected_menu=menu.snapshot(),
            menu_path=menu.path(),
            end_user_number="+12025550123",
            outbound_number="+12025550100",
            offer_type=menu.offer_type,
            cast_level=1,
            cast_round=1,
            cast_until=at + timedelta(days=1),
        )
        for number in range(1, made + 1)
    )
    for turn in range(1, waiting // made):
        repeat(Call, "id", made, turn, timedelta(seconds=made))
    return Queue(waiting, agent, offers.groups_with_agents([menu.pk]))


def seconds_of(work: Callable[[], None]) -> float:
    """How long `work` takes; what it wrote is taken back."""
    with transaction.atomic():
        began = time.perf_counter()
        work()
        seconds = time.perf_counter() - began
        transaction.set_rollback(True)
    return seconds


def figures(seconds: list[float], least: list[float]) -> tuple[str, str]:
    """Milliseconds, and how many times `least` that is."""
    return f"{median(seconds) * 1_000:.2f}", f"{median(seconds) / median(least):.2f}"


def plan_of(queue: Queue) -> str:
    """The indexes by which the one query comes to calls, and how many calls it reads; SQLite does not say how many."""
    statement = statement_of(queue)
    if connection.vendor == "postgresql":
        with transaction.atomic():
            read_in_order()
            plan = explain(statement, how="EXPLAIN (ANALYZE, FORMAT JSON)")[0][0][0]["Plan"]
        on_calls = [node for node in nodes_of(plan) if node.get("Relation Name") == "calls_call"]
        read = sum(
            (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"] for node in on_calls
        )
        by = {node.get("Index Name", "every row") for node in on_calls}
        return f"{' and '.join(sorted(by))}: {read:.0f}"
    steps = " ".join(row[3] for row in explain(statement, how="EXPLAIN QUERY PLAN"))
    return " and ".join(sorted(INDEXES.intersection(re.findall(r"INDEX (\w+)", steps)))) or "every row"


def statement_of(queue: Queue) -> Statement:
    """The one query, with its parameters."""
    found: list[Statement] = []

    def keep(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        if "AS first" in sql:
            found.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(keep), transaction.atomic():
        queue.find()
    (statement,) = found
    return statement


def nodes_of(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A node of PostgreSQL's plan and all below it."""
    yield node
    for child in node.get("Plans", ()):
        yield from nodes_of(child)

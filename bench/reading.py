"""What a page of GET /calls costs among many calls.

Compared with page 1 of all calls: a page near the end of all calls, and for each filter page 1 and a page near its
end. The promise is that by one filter, or by none, each costs the same. Pages are of 100 calls, so a filter that finds
fewer costs less. Beside the times stands by which index the database comes to the calls, and, where it says so, how
many it reads for the page; `sorted` means that it reads all that there are beyond the cursor before it shows the first.

Django's test client asks, once for everything in each round, so that a machine that is busy for a moment is busy for
all alike.
"""

import time
from dataclasses import dataclass, field
from statistics import median

from django.conf import settings
from django.db import connection
from django.db.models import QuerySet
from django.http import QueryDict
from django.test import Client

from bench.center import agent_email, write_center
from bench.history import COMPANY_NUMBER, COMPANY_TICKET, PAST, write_history
from bench.plans import plan_in_short, statement_of
from bench.requesting import API, make_client, seconds_of
from bench.table import print_table
from calls.filters import filter_calls
from calls.models import Call
from ccai.api.pagination import MAX_PER_PAGE, Cursor
from ccai.center import load_files
from ccai.times import now, wire_time

ROUNDS = 15
AGENTS = 50
MENUS = 20
FROM_THE_END = 200  # how many calls before the last a deep page begins

Query = dict[str, list[str]]  # the values of each parameter


@dataclass
class Case:
    """One way to ask for calls: how many it finds, the page to ask for, how long that took each time."""

    query: Query
    found: int
    cursor: Cursor | None
    seconds: list[float] = field(default_factory=list)

    def ask(self, client: Client) -> float:
        """How long a request takes."""
        cursor = {"cursor": [self.cursor.encode()]} if self.cursor else {}
        return seconds_of(client, "GET", f"{API}/calls", status=200, query={**self.query, **cursor})

    def plan(self, client: Client) -> str:
        """How the database comes to its calls."""
        return plan_in_short(statement_of(lambda: self.ask(client)))


def measure(calls: str) -> None:
    """Print the table for about so many calls."""
    load_files([write_center(settings.CCAI_DATA_DIR / "center.yaml", agents=AGENTS, menus=MENUS)])
    began = time.monotonic()
    count = write_history(int(calls))
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")  # as autovacuum would have done long ago
    print(f"\n{count} calls written to {connection.vendor} in {time.monotonic() - began:.0f} s", flush=True)

    client = make_client()
    firsts = [make_case(query) for query in make_queries()]
    deeps = [make_deep(case) for case in firsts]
    cases = [case for pair in zip(firsts, deeps, strict=True) for case in pair if case]
    for turn in range(ROUNDS + 1):
        for case in cases:
            seconds = case.ask(client)
            if turn:  # the first warms up
                case.seconds.append(seconds)
    least = median(firsts[0].seconds)
    rows = []
    for first, deep in zip(firsts, deeps, strict=True):
        pages = [first, deep] if deep else [first]
        plans = [page.plan(client) for page in pages]
        figures = [figure for page in pages for figure in figures_of(page, least)]
        name = " ".join(f"{key}={','.join(values)}" for key, values in first.query.items()) or "all calls"
        rows.append([name, str(first.found), *figures, *["-"] * (4 - len(figures)), " / ".join(dict.fromkeys(plans))])
    print_table(
        f"reading on {connection.vendor}: a page among {count} calls, median of {ROUNDS}; promise: ratio about 1",
        ["", "finds", "page 1, ms", "ratio", "deep, ms", "ratio", "by"],
        rows,
    )


def make_queries() -> list[Query]:
    """What is asked for: all calls; then by one filter, both what is frequent and what is rare."""
    past = now() - PAST
    early, middle, late = (wire_time(past + PAST * share) or "" for share in (0.05, 0.5, 0.9999))
    return [
        {},
        {"status": ["finished"]},
        {"status": ["recovered"]},
        {"status": ["connected"]},
        {"status": ["voicemail_read", "voicemail_received"]},
        {"call_type": ["Voice Inbound (API)"]},
        {"menu_id": ["1"]},
        {"agent_email": [agent_email(AGENTS)]},
        {"end_user_number": [COMPANY_NUMBER]},
        {"end_user_number": ["+12022000001"]},
        {"ticket_id": [COMPANY_TICKET]},
        {"ticket_id": ["T-1"]},
        {"lang": ["ko"]},
        {"fail_reason": ["nothing"]},
        {"created_at[to]": [middle]},
        {"updated_at[from]": [late]},
        {"updated_at[to]": [early]},
        {"scheduled_at[to]": [early]},
    ]


def make_case(query: Query) -> Case:
    """Page 1 of what `query` finds."""
    return Case(query, found_by(query).count(), None)


def make_deep(case: Case) -> Case | None:
    """A page near the end of what `case` finds; None where that is all near its beginning."""
    if case.found < MAX_PER_PAGE + FROM_THE_END:
        return None
    before = found_by(case.query)[case.found - FROM_THE_END]
    return Case(case.query, case.found, Cursor(before.created_at, before.pk, backward=False))


def found_by(query: Query) -> QuerySet[Call]:
    """The calls that GET /calls finds by `query`, newest first."""
    params = QueryDict(mutable=True)
    for name, values in query.items():
        params.setlist(name, values)
    return filter_calls(Call.objects.all(), params)


def figures_of(case: Case, least: float) -> tuple[str, str]:
    """Milliseconds, and how many times `least` seconds that is."""
    seconds = median(case.seconds)
    return f"{seconds * 1_000:.1f}", f"{seconds / least:.2f}"

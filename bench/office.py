"""What the call history costs among many calls: pages, filters, searches, and an export.

Each page is asked for as a browser asks, by somebody who may do everything, and judged by the median of its server
time and by its queries. Values are those that are worst for a database: what nearly all calls have, what few have,
what none has. The export is read as it comes; memory is what the process holds beyond what it held before.
"""

import time
from collections.abc import Iterator
from datetime import timedelta
from statistics import median
from urllib.parse import urlencode

import psutil
from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from bench.center import agent_email, write_center
from bench.history import COMPANY_NUMBER, COMPANY_TICKET, write_history
from bench.table import print_table
from calls.models import Call, Disposition
from ccai.api.pagination import Cursor
from ccai.center import load_files
from ccai.times import now

ROUNDS = 7
AGENTS = 50
MENUS = 20
PER_PAGE = 50
DEEP = 10_000  # the page that must cost what page 1 costs
EXPORTED = 100_000
HISTORY = "/admin/calls/call/"
PAGE_LIMIT, FILTER_LIMIT, QUERY_LIMIT = 150, 300, 12  # milliseconds, milliseconds, queries

Query = list[tuple[str, str]]


def measure(calls: str) -> None:
    """Print the tables for about so many calls."""
    load_files([write_center(settings.CCAI_DATA_DIR / "center.yaml", agents=AGENTS, menus=MENUS)])
    began = time.monotonic()
    count = write_history(int(calls))
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")  # as autovacuum would have done long ago
    print(f"\n{count} calls written to {connection.vendor} in {time.monotonic() - began:.0f} s", flush=True)
    boss = get_user_model().objects.create_superuser(email="boss@example.com", password=None)
    client = Client(SERVER_NAME=f"{settings.CCAI_SUBDOMAIN}.{settings.CCAI_DOMAIN}")
    client.force_login(boss)
    print_pages(client, count)
    print_exports(client, count)


def print_pages(client: Client, count: int) -> None:
    """The table of pages, filters and searches."""
    ask(client, [])  # the first warms up
    rows = []
    for name, query, limit in [*pages(count), *filters(), *searches()]:
        figures = [ask(client, query) for _ in range(ROUNDS)]
        milliseconds = median(taken for taken, _, _ in figures) * 1_000
        _, queries, found = figures[-1]
        rows.append([name, found, f"{milliseconds:.0f}", str(limit), str(queries)])
    print_table(
        f"office: the history on {connection.vendor} with {count} calls, median of {ROUNDS}; "
        f"promise: pages 1 and {DEEP} with {QUERY_LIMIT} queries at most",
        ["", "finds", "ms", "promise", "queries"],
        rows,
    )


def ask(client: Client, query: Query) -> tuple[float, int, str]:
    """The seconds that a page takes, its queries, and how many calls it says there are."""
    with CaptureQueriesContext(connection) as captured:
        began = time.perf_counter()
        response = client.get(f"{HISTORY}?{urlencode(query)}")
        taken = time.perf_counter() - began
    text = response.content.decode()
    if response.status_code != 200 or 'class="said" role="status"><b>' not in text:
        raise RuntimeError(f"{query} is answered {response.status_code}")
    return taken, len(captured), text.partition('class="said" role="status"><b>')[2].partition("</b>")[0]


def pages(count: int) -> Iterator[tuple[str, Query, int]]:
    """Page 1, and one far behind it, in both directions."""
    yield "page 1", [], PAGE_LIMIT
    before = min(DEEP * PER_PAGE, count - PER_PAGE) - PER_PAGE
    call = Call.objects.order_by("-created_at", "-pk")[before]
    for name, backward in (("older", False), ("newer", True)):
        cursor = Cursor(call.created_at, call.pk, backward=backward).encode()
        yield f"page {before // PER_PAGE + 1}, {name}", [("cursor", cursor)], PAGE_LIMIT


def filters() -> Iterator[tuple[str, Query, int]]:
    """Each filter, with what many, few and no calls have."""
    yesterday, long_ago = (now() - timedelta(days=days) for days in (1, 700))
    outcomes = [str(pk) for pk in Disposition.objects.order_by("pk").values_list("pk", flat=True)]
    values: dict[str, list[list[str]]] = {
        "status": [["finished"], ["recovered"], ["connected"], ["failed", "finished"], ["connected", "queued"]],
        "type": [["Voice Inbound (IVR)"], ["Voice Callback (Web)"]],
        "channel": [["api"], ["web"], ["mobile", "web"]],
        "menu": [["1"], [str(MENUS)], ["1", "2", "3"]],
        "agent": [["1"], ["1", "2"]],
        "lang": [["en"], ["ko"], ["en", "ko"]],
        "why": [["eu_busy"], ["menu_deleted"], ["menu_deleted", "force_ended"]],
        "deflection": [["after_hours_message_only"], ["temp_redirection_phone"]],
        "flag": [["verified_customer"], ["bad_actor"], ["repeat_customer"], ["has_feedback"]],
        "rating": [["5"], ["1", "2"]],
        "longer": [["1:00"], ["14:55"], ["2:00:00"]],
        "shorter": [["0:11"]],
        "disposition": [outcomes[:1], outcomes[-1:], outcomes[:2]],
        "span": [["today"], ["30d"]],
        "since": [[f"{yesterday:%Y-%m-%d}"]],
        "until": [[f"{long_ago:%Y-%m-%d}"]],
    }
    for name, choices in values.items():
        for chosen in choices:
            yield f"{name} {' '.join(chosen)}", [(name, value) for value in chosen], FILTER_LIMIT


def searches() -> Iterator[tuple[str, Query, int]]:
    """Each way to search, with what many, few and no calls have."""
    numbers = (COMPANY_NUMBER, "12022000001", "+49 30 901820", "…2345", "345", "000", "99999999")
    names = (COMPANY_TICKET, "T-1", "Customer 7", "Customer 77", "agent", agent_email(7), "nobody at all", "500")
    for term in (*numbers, *names):
        yield f"search {term}", [("q", term)], FILTER_LIMIT


def print_exports(client: Client, count: int) -> None:
    """The table of exports."""
    oldest = Call.objects.order_by("-created_at", "-pk")[min(EXPORTED, count) - 1]
    rows = []
    for kind in ("csv", "xlsx"):
        for columns, more in (("as shown", {}), ("all columns", {"all": "1"})):
            query = urlencode({"since": f"{oldest.created_at:%Y-%m-%d}", **more})
            first, total, size, memory = read_export(client, f"{HISTORY}export/{kind}/?{query}")
            rows.append([f"{kind}, {columns}", f"{first:.2f}", f"{total:.1f}", f"{size:.1f}", f"{memory:.0f}"])
    print_table(
        f"office: export of {min(EXPORTED, count)} calls; promise: 0.5 s, 8 s, 50 MB of memory",
        ["", "first byte, s", "total, s", "size, MB", "memory, MB"],
        rows,
    )


def read_export(client: Client, url: str) -> tuple[float, float, float, float]:
    """Seconds to the first byte and to the last, megabytes of the file, and of memory beyond what was held before."""
    process = psutil.Process()
    held = most = process.memory_info().rss
    began = time.perf_counter()
    first = size = 0.0
    for piece in client.get(url):
        first = first or time.perf_counter() - began
        size += len(piece)
        most = max(most, process.memory_info().rss)
    return first, time.perf_counter() - began, size / 1e6, (most - held) / 1e6

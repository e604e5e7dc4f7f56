"""What the back office costs among many calls: the history, a call's page, reports, and an export.

Each page is asked for as a browser asks, by somebody who may do everything and by supervisors who may not, and judged
by the median of its server time and by its queries. Values are those that are worst for a database: what nearly all
calls have, what few have, what none has. The export is read as it comes; memory is what the process holds beyond what
it held before. The calls are those of `manage.py make_calls`, which is measured on the way.
"""

import time
from collections.abc import Iterator, Sequence
from datetime import timedelta
from statistics import median
from urllib.parse import urlencode

import psutil
from django.conf import settings
from django.db import connection
from django.db.models import Count
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import localdate

from agents.models import Agent, Team, User
from agents.roles import give_role
from bench.center import agent_email, write_center
from bench.table import print_table
from calls.models import Call, Contact, ContactPhone, Disposition, Ticket
from calls.sample_history import make_calls
from ccai.api.pagination import Cursor
from ccai.center import load_files
from ccai.times import now
from menus.models import BranchLimit

ROUNDS = 7
AGENTS = 120
TEAMS = 6
MENUS = 20
CONTACTS = 2_000
DAYS = 330
PER_PAGE = 50
DEEP = 10_000  # the page that must cost what page 1 costs
EXPORTED = 100_000
HISTORY = "/admin/calls/call/"
REPORTS = "/reports/"
SAID = 'class="said" role="status"><b>'
PAGE_LIMIT, FILTER_LIMIT, CALL_LIMIT, REPORT_LIMIT = 150, 300, 100, 1_000  # milliseconds
QUERY_LIMIT = 12

Query = list[tuple[str, str]]
# What it is called, who asks, where, for what, and the promise in milliseconds; None where there is none.
Asked = tuple[str, Client, str, Query, int | None]


def measure(calls: str) -> None:
    """Print the tables for so many calls."""
    load_files([write_center(settings.CCAI_DATA_DIR / "center.yaml", agents=AGENTS, menus=MENUS)])
    teams = Team.objects.bulk_create(Team(name=f"Team {number}") for number in range(1, TEAMS + 1))
    agents = list(Agent.objects.order_by("pk").values_list("pk", flat=True))
    for number, team in enumerate(teams):
        Agent.objects.filter(pk__in=agents[number::TEAMS]).update(team=team)
    write_contacts()
    began = time.monotonic()
    count = make_calls(int(calls), days=DAYS)
    print(f"\n{count} calls made on {connection.vendor} in {time.monotonic() - began:.0f} s; promise: 300", flush=True)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")  # as autovacuum would have done long ago
    boss = User.objects.create_superuser(email="boss@example.com", password=None)
    print_pages(count, boss)
    print_others(count, boss)
    print_exports(client_of(boss), count)


def write_contacts() -> None:
    """The CRM's own people, who call more often than others, each with a phone and a ticket."""
    numbers = range(1, CONTACTS + 1)
    contacts = Contact.objects.bulk_create(
        Contact(out_contact_id=f"C-{number}", name=f"Customer {number}") for number in numbers
    )
    ContactPhone.objects.bulk_create(
        ContactPhone(contact=contact, number=f"+1202{2_000_000 + number}")
        for number, contact in zip(numbers, contacts, strict=True)
    )
    Ticket.objects.bulk_create(
        Ticket(ticket_id=f"T-{number}", contact=contact) for number, contact in zip(numbers, contacts, strict=True)
    )


def client_of(user: User) -> Client:
    """The browser of `user`."""
    client = Client(SERVER_NAME=f"{settings.CCAI_SUBDOMAIN}.{settings.CCAI_DOMAIN}")
    client.force_login(user)
    return client


def limited_supervisors() -> dict[str, User]:
    """Supervisors who see a part of the center: a team, a branch, or both."""
    people = {}
    for name, teams, menus in (("a team", 1, 0), ("a branch", 0, 1), ("a team and a branch", 1, 1)):
        user = User.objects.create_user(email=f"{name.replace(' ', '-')}@example.com", password=None)
        give_role(user, "supervisor")
        user.limited_to_teams.set(Team.objects.order_by("pk")[:teams])
        for menu in range(1, menus + 1):
            BranchLimit.objects.create(user=user, menu_id=menu)
        people[f"supervisor of {name}"] = user
    return people


def print_pages(count: int, boss: User) -> None:
    """The table of pages, filters and searches."""
    client = client_of(boss)
    ask(client, HISTORY, [])  # the first warms up
    title = (
        f"office: the history on {connection.vendor} with {count} calls, median of {ROUNDS}; "
        f"promise: pages 1 and {DEEP} with {QUERY_LIMIT} queries at most"
    )
    asked = [
        (name, client, HISTORY, query, limit) for name, query, limit in [*pages(count), *filters(), *searches(count)]
    ]
    print_asked(title, asked)


def print_others(count: int, boss: User) -> None:
    """The table of a call's page and the reports, and of what limited supervisors see."""
    client = client_of(boss)
    with_most = Call.objects.annotate(parts=Count("offers") + Count("events")).order_by("-parts")
    busiest = with_most.filter(pk__gte=Call.objects.order_by("-pk")[min(5_000, count - 1)].pk)[0]
    asked: list[Asked] = [
        ("a call's page", client, f"{HISTORY}{busiest.pk}/change/", [], CALL_LIMIT),
        ("the first page", client, "/admin/", [], PAGE_LIMIT),
        ("the wallboard", client, "/wallboard/", [], PAGE_LIMIT),
        ("reports, 7 days", client, REPORTS, [], REPORT_LIMIT),
        ("reports, 30 days", client, REPORTS, [("span", "30")], None),
        ("reports, 90 days", client, REPORTS, last_days(90), None),
        ("reports, a year", client, REPORTS, last_days(365), None),
        ("a file of reports, 7 days", client, f"{REPORTS}service_level.csv", [], REPORT_LIMIT),
    ]
    for name, user in limited_supervisors().items():
        theirs = client_of(user)
        asked += [
            (f"{name}: history", theirs, HISTORY, [], FILTER_LIMIT),
            (f"{name}: a status", theirs, HISTORY, [("status", "voicemail_read")], FILTER_LIMIT),
            (f"{name}: reports, 7 days", theirs, REPORTS, [], REPORT_LIMIT),
        ]
    print_asked(f"office: other pages on {connection.vendor} with {count} calls, median of {ROUNDS}", asked)


def last_days(days: int) -> Query:
    """The reports of so many days, up to today."""
    today = localdate()
    first = today - timedelta(days=days - 1)
    return [("span", "custom"), ("from", f"{first:%Y-%m-%d}"), ("to", f"{today:%Y-%m-%d}")]


def print_asked(title: str, asked: Sequence[Asked]) -> None:
    """A table of pages."""
    rows = []
    for name, client, path, query, limit in asked:
        figures = [ask(client, path, query) for _ in range(ROUNDS if limit else 2)]
        milliseconds = median(taken for taken, _, _ in figures) * 1_000
        _, queries, found = figures[-1]
        rows.append([name, found, f"{milliseconds:.0f}", str(limit or ""), str(queries)])
    print_table(title, ["", "finds", "ms", "promise", "queries"], rows)


def ask(client: Client, path: str, query: Query) -> tuple[float, int, str]:
    """The seconds that a page takes, its queries, and how many calls it says there are, if it says so."""
    with CaptureQueriesContext(connection) as captured:
        began = time.perf_counter()
        response = client.get(f"{path}?{urlencode(query)}")
        taken = time.perf_counter() - began
    text = response.content.decode()
    if response.status_code != 200 or (path == HISTORY and SAID not in text):
        raise RuntimeError(f"{path} {query} is answered {response.status_code}")
    return taken, len(captured), text.partition(SAID)[2].partition("</b>")[0]


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


def searches(count: int) -> Iterator[tuple[str, Query, int]]:
    """Each way to search, with what many, few and no calls have."""
    recent = Call.objects.filter(pk__gte=Call.objects.order_by("-pk")[min(20_000, count - 1)].pk)
    often, seldom = (
        recent.values_list("end_user_number").annotate(times=Count("pk")).order_by(order)[0][0]
        for order in ("-times", "times")
    )
    numbers = (often, seldom, seldom.removeprefix("+"), f"…{often[-4:]}", often[-3:], "+49 30 901820", "99999999")
    for term in (
        *numbers,
        "T-7",
        "T-99999",
        "Customer 77",
        "Customer",
        "agent",
        agent_email(7),
        "nobody at all",
        "500",
    ):
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

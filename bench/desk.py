"""200 agents' pages open on one center: how soon an offer is on them, and what they cost the web process.

The center is a real `manage.py serve` with PostgreSQL and a private Valkey. The pages are streams of server-sent events
that one process reads; their logins were made beforehand. Measured is from an offer's `offered_at`, which is the moment
at which the clock began to look, until its last byte that matters is read by the page: offers to one agent at a time,
and calls that are offered to all at once, of which one page takes each.
"""

import asyncio
import json
import re
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

import requests

from bench.center import RATE_LIMIT, TOKEN, agent_email
from bench.table import print_table
from tests.serve.running import Program, Serve
from tests.servers import start_postgresql

PAGES = 200
ALONE = 40  # agents who have a queue of their own
ROUNDS = 15  # calls that are offered to all
EVERYBODY = 1_000  # the menu of those
PATIENCE = 30  # seconds

LOG_IN = f"""
from importlib import import_module
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from agents.models import User
Store = import_module(settings.SESSION_ENGINE).SessionStore
for user in User.objects.filter(agent__isnull=False).order_by("agent")[:{PAGES}]:
    session = Store()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    print("session", session.session_key)
"""
OFFER = re.compile(rb'data-about="offer-([0-9]+)"')
CSRF = "a" * 32


@dataclass
class Page:
    """An open page: when it was first shown each offer, by the offer's id."""

    session: str
    shown_at: dict[int, float] = field(default_factory=dict)
    events: int = 0

    async def read(self, host: str, port: int) -> None:
        """Read its stream until it is cancelled."""
        reader, writer = await asyncio.open_connection(host, port, limit=2**20)
        writer.write(
            f"GET /desk/events HTTP/1.1\r\nHost: localhost\r\nCookie: sessionid={self.session}\r\n\r\n".encode()
        )
        try:
            while line := await reader.readline():
                if line.startswith(b"event: "):
                    self.events += 1
                elif match := OFFER.search(line):
                    self.shown_at.setdefault(int(match[1]), time.time())
        finally:
            writer.close()

    def accept(self, url: str, offer_id: int) -> None:
        """Take the call."""
        requests.post(
            f"{url}/desk/offers/{offer_id}/accept",
            headers={"X-CSRFToken": CSRF, "HX-Request": "true"},
            cookies={"sessionid": self.session, "csrftoken": CSRF},
            timeout=PATIENCE,
        ).raise_for_status()


def measure() -> None:
    """Print the tables."""
    postgresql = start_postgresql()
    with tempfile.TemporaryDirectory(prefix="ccai-bench-") as directory:
        serve = Serve(
            Path(directory) / "data",
            "--center",
            str(write_center(Path(directory) / "center.yaml")),
            database_url=postgresql.url,
            CCAI_RATE_LIMIT=str(RATE_LIMIT),
            CCAI_LOG_LEVEL="WARNING",
        )
        try:
            serve.wait_until_ready()
            asyncio.run(run(serve))
        except Exception:
            print(serve.output, file=sys.stderr)
            raise
        finally:
            serve.kill_all()
            postgresql.stop()


def write_center(path: Path) -> Path:
    """A center file: agents who take calls by hand, a queue for each of some of them, and one for all."""
    numbers = range(1, PAGES + 1)

    def menu(number: int, name: str, agents: list[int]) -> dict[str, object]:
        group = {"name": "Group 1", "timeout_seconds": 600, "agents": [agent_email(agent) for agent in agents]}
        return {"id": number, "name": name, "menu_type": "mobile_menu", "offer_type": "multicast", "groups": [group]}

    center = {
        "languages": {"en": "live"},
        "api_tokens": [{"name": "bench", "token": TOKEN}],
        "outbound_numbers": [{"number": "+1 202-555-0100", "default": True}],
        "agents": [
            {"email": agent_email(number), "first_name": "Agent", "last_name": str(number), "status": "available"}
            for number in numbers
        ],
        "menus": [
            menu(EVERYBODY, "Everybody", list(numbers)),
            *(menu(number, f"Menu {number}", [number]) for number in range(1, ALONE + 1)),
        ],
    }
    path.write_text(json.dumps(center))  # JSON is YAML
    return path


async def run(serve: Serve) -> None:
    """Open the pages, offer calls, and print what was found."""
    sessions = re.findall(r"(?m)^session (\S+)$", await asyncio.to_thread(serve.manage, "shell", "-c", LOG_IN))
    pages = [Page(session) for session in sessions]
    requests.get(f"{serve.url}/desk/login/", timeout=PATIENCE).raise_for_status()
    before = costs(serve)
    address = urlsplit(serve.url)
    streams = [asyncio.create_task(page.read(address.hostname or "", address.port or 0)) for page in pages]
    await until(lambda: all(page.events >= 2 for page in pages))
    await asyncio.sleep(3)
    idle = costs(serve)
    program = Program(serve.url, TOKEN)

    alone = []
    for number in range(1, ALONE + 1):
        call_id = await asyncio.to_thread(post, program, number)
        [(offer_id, offered_at)] = await offers_of(serve, call_id, 1)
        page = pages[number - 1]
        await until(lambda page=page, offer_id=offer_id: offer_id in page.shown_at)
        alone.append(page.shown_at[offer_id] - offered_at)
        await asyncio.to_thread(page.accept, serve.url, offer_id)
    await wait_until_all_are_free(serve)

    together = []
    for _round in range(ROUNDS):
        call_id = await asyncio.to_thread(post, program, EVERYBODY)
        offered = await offers_of(serve, call_id, PAGES)
        for offer_id, offered_at in offered:
            shown = [page for page in pages if offer_id in page.shown_at]
            if not shown:
                await until(lambda offer_id=offer_id: any(offer_id in page.shown_at for page in pages))
                shown = [page for page in pages if offer_id in page.shown_at]
            together.append(shown[0].shown_at[offer_id] - offered_at)
        winner = next(page for page in pages if offered[0][0] in page.shown_at)
        await asyncio.to_thread(winner.accept, serve.url, offered[0][0])
        await wait_until_all_are_free(serve)
    busy = costs(serve)
    for stream in streams:
        stream.cancel()
    print_figures(alone, together)
    print_costs({"no page": before, f"{PAGES} pages": idle, "after all calls": busy})


def post(program: Program, menu: int) -> int:
    """The id of a new call in this menu's queue."""
    body = {"call_type": "IncomingCall", "menu_id": menu, "end_user_number": f"+1 202-555-{menu % 1000:04}"}
    response = program.session.post(f"{program.base}/calls", json=body, timeout=PATIENCE)
    response.raise_for_status()
    return int(response.json()["id"])


async def offers_of(serve: Serve, call_id: int, count: int) -> list[tuple[int, float]]:
    """The id of each offer of the call and the moment it was made, once there are `count`."""
    rows: list[tuple[int, float]] = []

    def look() -> bool:
        rows[:] = [
            (offer_id, offered_at.timestamp())
            for offer_id, offered_at in serve.query(
                "SELECT id, offered_at FROM calls_offer WHERE call_id = ? ORDER BY id", call_id
            )
        ]
        return len(rows) >= count

    await until(look)
    return rows


async def wait_until_all_are_free(serve: Serve) -> None:
    """Return once no call, and no offer, has anybody's time; and a moment later, so that all is quiet."""
    await until(lambda: serve.query("SELECT count(*) FROM agents_engagement WHERE ended_at IS NULL")[0][0] == 0)
    await asyncio.sleep(0.5)


async def until(is_so) -> None:
    """Return once `is_so()`."""
    deadline = time.monotonic() + PATIENCE
    while not is_so():
        if time.monotonic() > deadline:
            raise TimeoutError("the center did not come to what was waited for")
        await asyncio.sleep(0.05)


def costs(serve: Serve) -> dict[str, float]:
    """What the pages cost now."""
    web = serve.child("web")
    connections = serve.query(
        "SELECT application_name, count(*) FROM pg_stat_activity WHERE datname IS NOT NULL GROUP BY 1"
    )
    return {
        "web: memory (PSS), MB": web.memory_full_info().pss / 1e6,
        "web: threads": web.num_threads(),
        "web: open files": web.num_fds(),
        "web: seconds of CPU": sum(web.cpu_times()[:2]),
        "all: database connections": sum(count for _name, count in connections) - 1,  # but for this one
    }


def print_figures(alone: list[float], together: list[float]) -> None:
    """The table of times."""
    rows = []
    for name, figures in ((f"{len(alone)} offers, one at a time", alone), (f"{ROUNDS} calls to all at once", together)):
        ordered = sorted(figures)
        p95 = ordered[int(len(ordered) * 0.95)]
        rows.append(
            [name, str(len(ordered)), *(f"{figure * 1_000:.0f}" for figure in (median(ordered), p95, ordered[-1]))]
        )
    print_table(
        f"desk: {PAGES} pages open; from the offer to the page, ms; promise: p95 below 1000",
        ["", "pages told", "p50", "p95", "max"],
        rows,
    )


def print_costs(measured: dict[str, dict[str, float]]) -> None:
    """The table of what it takes."""
    names = defaultdict(list)
    for figures in measured.values():
        for name, figure in figures.items():
            names[name].append(f"{figure:.1f}" if "MB" in name or "CPU" in name else f"{figure:.0f}")
    print_table("desk: what it takes", ["", *measured], [[name, *figures] for name, figures in names.items()])

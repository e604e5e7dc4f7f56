"""How many calls one process takes in: POST /calls of each kind, compared with GET /health/ of the same process.

/health/ asks the database and Valkey for one thing each, so the ratio says what a call costs beyond the least a request
costs. Django's test client sends the requests, one after the other; there is no network and no worker. Each call is
with somebody new, the dearest case for the kinds that make an end user.
"""

from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import count
from statistics import median
from typing import Any

from django.conf import settings
from django.db import connection
from django.test import Client

from agents import availability
from agents.models import Engagement
from bench.center import agent_email, write_center
from bench.requesting import API, make_client, seconds_of
from bench.table import print_table
from ccai.center import load_files
from ccai.heartbeat import BEAT, WORKER, give_sign
from ccai.times import now

BATCHES = 7
REQUESTS = 30  # in a batch, of each kind; an outbound call takes an agent

Send = Callable[[int], float]


def measure() -> None:
    """Print the table."""
    load_files([write_center(settings.CCAI_DATA_DIR / "center.yaml", agents=REQUESTS)])
    kinds = make_kinds(make_client())
    rates: dict[str, list[float]] = {name: [] for name in kinds}
    for batch in range(BATCHES + 1):
        # Neither runs here, and without them /health/ has a refusal to log.
        give_sign(WORKER)
        give_sign(BEAT)
        for name, send in kinds.items():
            rate = REQUESTS / sum(send(number) for number in range(REQUESTS))
            if batch:  # the first warms up
                rates[name].append(rate)
        release_agents()
    rows = []
    for name, of_batches in rates.items():
        ratios = [rate / health for rate, health in zip(of_batches, rates["GET /health/"], strict=True)]
        figures = (median(of_batches), min(of_batches), max(of_batches))
        rows.append([name, *(f"{figure:.0f}" for figure in figures), f"{median(ratios):.2f}"])
    print_table(
        f"posting on {connection.vendor}: requests per second in {BATCHES} batches of {REQUESTS}",
        ["", "median", "min", "max", "to /health/"],
        rows,
    )


def make_kinds(client: Client) -> dict[str, Send]:
    """What is compared: a function by name that sends the request with this number of a batch, and times it."""
    phones = new_numbers()

    def health(_number: int) -> float:
        return seconds_of(client, "GET", "/health/", status=200)

    def post(body: dict[str, Any]) -> float:
        return seconds_of(client, "POST", f"{API}/calls", status=201, body={"end_user_number": next(phones), **body})

    def outbound(number: int) -> float:
        return post({"call_type": "OutboundCall", "agent_email": agent_email(number + 1)})

    def inbound(_number: int) -> float:
        return post({"call_type": "IncomingCall", "menu_id": 1})

    def scheduled(_number: int) -> float:
        due = now() + timedelta(days=1)
        return post({"call_type": "ScheduledCall", "menu_id": 1, "scheduled_at": due.isoformat()})

    return {
        "GET /health/": health,
        "POST Voice Outbound (API)": outbound,
        "POST Voice Inbound (API)": inbound,
        "POST Voice Scheduled (API)": scheduled,
    }


def new_numbers() -> Iterator[str]:
    """Phone numbers of people who have never called."""
    return (f"+1202{number}" for number in count(2_000_000))


def release_agents() -> None:
    """The agents are free for the next batch, as if their calls were over."""
    availability.release(list(Engagement.objects.filter(ended_at=None).values_list("pk", flat=True)), now())

"""How late scheduled calls are, on a real `manage.py serve` with SQLite and a private Valkey.

Compared with the moment they are due: when they entered the queue, and when their agent's leg was dialled. The first
is a figure of the center's own books, where a tick writes the moment at which it began to look; the moment at which
the sandbox provider got the order stands in the provider's books, and comes after all else was committed. Calls come
in two ways: all due at one moment, and one after the other so that they meet every phase of the one-second tick.
"""

import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

from bench.center import TOKEN, write_center
from bench.serving import TimedServe, serving
from bench.table import print_table
from tests.serve.running import PATIENCE, Program, wait_for

CALLS = 20
NOTICE = timedelta(seconds=5)
APART = timedelta(milliseconds=230)  # no divisor of the tick's second

MOMENTS = """
    SELECT call.id, call.scheduled_at,
        (SELECT at FROM calls_callevent WHERE call_id = call.id AND new = 'queued') AS queued,
        (SELECT at FROM calls_callevent WHERE call_id = call.id AND new = 'connecting') AS connecting,
        (SELECT dialled_at FROM calls_participant WHERE call_id = call.id AND type = 'agent') AS dialled,
        (SELECT created_at FROM calls_sandboxcall WHERE call_ref = call.id) AS ordered
    FROM calls_call AS call
"""


def measure() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory(prefix="ccai-bench-") as directory:
        center = write_center(Path(directory) / "center.yaml", agents=CALLS)
        with serving(Path(directory) / "data", "--center", str(center)) as serve:
            program = Program(serve.url, TOKEN)
            for manner, apart in (("all due at one moment", timedelta(0)), ("one after the other", APART)):
                print_lateness(f"due: {CALLS} scheduled calls, {manner}; seconds late", run(serve, program, apart))


def run(serve: TimedServe, program: Program, apart: timedelta) -> dict[str, list[float]]:
    """Schedule calls, see them finish, and return how many seconds late each step of each call was, by step."""
    first = datetime.now(UTC) + NOTICE
    ids = [schedule(program, number, first + number * apart) for number in range(CALLS)]
    # Nobody asks the center for anything while it is at it.
    time.sleep((NOTICE + CALLS * apart).total_seconds() + 3)
    shown = {call["id"]: call for call in wait_for(lambda: finished(program, ids), "the calls to finish")}
    late: dict[str, list[float]] = {}
    for call_id, due, queued, connecting, dialled, ordered in serve.query(MOMENTS):
        if call_id in shown:
            steps = {
                "queued_at, as the API shows it": datetime.fromisoformat(shown[call_id]["queued_at"]),
                "queued, by its event": moment(queued),
                "connecting, by its event": moment(connecting),
                "agent's leg, dialled_at": moment(dialled),
                "agent's leg, by the provider's books": moment(ordered),
            }
            for step, at in steps.items():
                late.setdefault(step, []).append((at - moment(due)).total_seconds())
    return late


def schedule(program: Program, number: int, due: datetime) -> int:
    """The id of a call that is due then."""
    body = {
        "call_type": "ScheduledCall",
        "menu_id": 1,
        "end_user_number": f"+1 202-555-{200 + number:04d}",
        "scheduled_at": due.isoformat(),
    }
    response = program.session.post(f"{program.base}/calls", json=body, timeout=PATIENCE)
    response.raise_for_status()
    return response.json()["id"]


def finished(program: Program, ids: Sequence[int]) -> list[dict]:
    """Those calls as the API shows them, once all have finished; none before."""
    calls = [call for call in program.get("/calls?status=finished").json() if call["id"] in ids]
    return calls if len(calls) == len(ids) else []


def moment(text: str) -> datetime:
    """A time as SQLite keeps it, in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def print_lateness(title: str, late: dict[str, list[float]]) -> None:
    """Print one line for each step."""
    rows = [
        [
            step,
            *(f"{figure:.3f}" for figure in (min(seconds), median(seconds), max(seconds))),
            "2" if "queued" in step else "3",
        ]
        for step, seconds in late.items()
    ]
    print_table(title, ["", "min", "median", "max", "promise"], rows)

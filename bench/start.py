"""How long `manage.py serve` takes to start and to end, and how much memory it holds.

Compared: the first run in an empty data directory, with migrations and the demo center, and later runs on the same.
Memory is the PSS of the process tree after the admin's login page and the API have been asked for, so that the web
server has loaded what it needs. Pages shared by two processes count half in each.
"""

import tempfile
import time
from pathlib import Path
from statistics import median

import requests

from bench.serving import TimedServe, name_of, serving
from bench.table import print_table
from tests.serve.running import Program

WARM_RUNS = 2
TICKS = 3  # seconds in which the worker and the beat have done some work

PROMISES = {"start to Ready, s": "15 (warm)", "memory (PSS), MB": "800", "SIGTERM to exit, s": "10"}


def measure() -> None:
    """Print the tables."""
    with tempfile.TemporaryDirectory(prefix="ccai-bench-") as directory:
        first, _memory = run(Path(directory))
        warm = [run(Path(directory)) for _again in range(WARM_RUNS)]
    rows = []
    for measured, promise in PROMISES.items():
        again = [figures[measured] for figures, _memory in warm]
        shown = (first[measured], min(again), median(again), max(again))
        rows.append([measured, *(f"{figure:.1f}" for figure in shown), promise])
    print_table(
        f"start: serve on SQLite and a private Valkey, first run and {WARM_RUNS} warm ones",
        ["", "first", "warm min", "median", "max", "promise"],
        rows,
    )
    memory = warm[-1][1]
    print_table("start: memory by process, MB", list(memory), [[f"{megabytes:.1f}" for megabytes in memory.values()]])


def run(data_dir: Path) -> tuple[dict[str, float], dict[str, float]]:
    """Start and end it once: the figures, and the memory of each process in megabytes."""
    with serving(data_dir) as serve:
        token = serve.manage("create_api_token", "bench", "--replace").strip()
        requests.get(f"{serve.url}/admin/login/", timeout=30).raise_for_status()
        Program(serve.url, token).get("/calls").raise_for_status()
        time.sleep(TICKS)
        memory = memory_of(serve)
        seconds = serve.seconds_to_end()
    return dict(zip(PROMISES, (serve.seconds_to_ready, sum(memory.values()), seconds), strict=True)), memory


def memory_of(serve: TimedServe) -> dict[str, float]:
    """The PSS of each process of the tree, in megabytes (10^6 bytes)."""
    return {name_of(process.cmdline()): process.memory_full_info().pss / 1e6 for process in serve.processes()}

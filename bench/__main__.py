"""`python -m bench [NAME …]`: run the benchmarks named, or all of them."""

import argparse
import signal
import subprocess
import sys
import time
from collections.abc import Callable

from bench import desk, due, start
from bench.databases import DATABASES, run_inside

NAMES = {
    "desk": "how soon an offer is on an agent's page, with 200 pages open",
    "due": "how late scheduled calls are",
    "start": "how long serve takes to start and to end, and how much memory it holds",
    "posting": "how many calls one process takes in",
    "next_call": "what it costs to find the next call of a long queue",
    "reading": "what a page of GET /calls costs among many calls",
    "office": "what the call history costs among many calls: pages, filters, searches, exports",
    "webhooks": "how fast webhooks are sent, and what memory a backlog takes",
}
AMONG_CALLS = ("reading", "office")
# The others need Django, set up for one database after the other.
ON_SERVE: dict[str, Callable[[], None]] = {"desk": desk.measure, "due": due.measure, "start": start.measure}


def benchmark(text: str) -> str:
    """The name of a benchmark, for argparse."""
    if text not in NAMES:
        raise argparse.ArgumentTypeError(f"{text} is not one of {', '.join(NAMES)}")
    return text


def call_count(text: str) -> int:
    """A number of calls, for argparse."""
    if not text.isdecimal() or not 1_000 <= int(text) <= 2_000_000:
        raise argparse.ArgumentTypeError(f"{text} is not a number from 1000 to 2000000")
    return int(text)


def read_arguments() -> argparse.Namespace:
    """What is asked for."""
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description="Measures the center, and prints what it finds beside what is promised.",
        epilog="\n".join(f"{name:<9} {meaning}" for name, meaning in NAMES.items()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="*", type=benchmark, metavar="NAME", help="what to measure; all by default")
    parser.add_argument(
        "--calls", type=call_count, default=100_000, help="how many calls `reading` and `office` read among"
    )
    parser.add_argument(
        "--database", choices=DATABASES, help="for those but `desk`, `due` and `start`; both by default"
    )
    return parser.parse_args()


def main() -> None:
    """Run them one after the other: two at once would measure each other."""
    # An exit like any other: what was started is ended, and what was made removed.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, _frame: sys.exit(128 + number))
    arguments = read_arguments()
    began = time.monotonic()
    for name in arguments.names or NAMES:
        print(f"\nMeasuring {name}: {NAMES[name]}", flush=True)
        if name in ON_SERVE:
            ON_SERVE[name]()
            continue
        for database in [arguments.database] if arguments.database else DATABASES:
            try:
                run_inside(name, database, [str(arguments.calls)] if name in AMONG_CALLS else [])
            except subprocess.CalledProcessError as error:
                sys.exit(error.returncode)  # it has said what was wrong
    print(f"\n{time.monotonic() - began:.0f} seconds in all")


if __name__ == "__main__":
    main()

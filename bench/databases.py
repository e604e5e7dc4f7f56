"""Benchmarks inside Django, on SQLite and on PostgreSQL: a process, a data directory and servers for each of them."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from bench.center import RATE_LIMIT
from tests.serve.running import environment
from tests.servers import start_postgresql, start_valkey

PROJECT = Path(__file__).resolve().parent.parent
DATABASES = ("sqlite", "postgresql")
LIMIT = 900  # seconds that one of them may take


def run_inside(name: str, database: str, arguments: Sequence[str]) -> None:
    """Run the benchmark `name` with `arguments` on an empty `database`. CalledProcessError where it fails."""
    with environment_with(database) as variables:
        subprocess.run(
            [sys.executable, "-m", "bench.inside", name, *arguments],
            cwd=PROJECT,
            env=variables,
            timeout=LIMIT,
            check=True,
        )


@contextmanager
def environment_with(database: str) -> Iterator[dict[str, str]]:
    """The environment of a center with `database` and a Valkey, all gone afterwards.

    The PostgreSQL is that of the tests, which does not wait for the disk; SQLite does.
    """
    with tempfile.TemporaryDirectory(prefix="ccai-bench-") as directory:
        valkey = start_valkey()
        postgresql = start_postgresql() if database == "postgresql" else None
        try:
            yield environment(
                directory,
                postgresql and postgresql.url,
                REDIS_URL=valkey.url,
                DJANGO_SETTINGS_MODULE="ccai.settings",
                CCAI_RATE_LIMIT=str(RATE_LIMIT),
                CCAI_LOG_LEVEL="WARNING",
                PYTHONUNBUFFERED="1",
            )
        finally:
            if postgresql:
                postgresql.stop()
            valkey.stop()

"""A real `manage.py serve` to be measured: started, timed and ended."""

import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.center import RATE_LIMIT
from tests.serve.running import Serve

# What a center has that runs with the defaults; the tests' own are shorter.
SANDBOX = {"CCAI_SANDBOX_RING_SECONDS": "1", "CCAI_SANDBOX_TALK_SECONDS": "5"}


class TimedServe(Serve):
    """A run of serve on SQLite and a private Valkey that knows how long it took to be ready, in seconds."""

    def __init__(self, data_dir: Path, *arguments: str) -> None:
        self.seconds_to_ready = 0.0
        self.started = time.monotonic()
        super().__init__(data_dir, *arguments, CCAI_RATE_LIMIT=str(RATE_LIMIT), **SANDBOX)

    def read(self) -> None:
        """Keep what it says, and when it said that it is ready."""
        for line in self.process.stdout or ():
            if line.startswith("Ready: "):
                self.seconds_to_ready = time.monotonic() - self.started
            self.lines.append(line.rstrip("\n"))

    def seconds_to_end(self) -> float:
        """End it by SIGTERM; how long that took. An error where it left a process behind or did not end well."""
        processes = self.processes()
        asked = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        status = self.ended(30)
        seconds = time.monotonic() - asked
        left = [process.pid for process in processes if process.is_running()]
        if status or left:
            raise RuntimeError(f"serve ended with status {status} and left {left}:\n{self.output}")
        return seconds


@contextmanager
def serving(data_dir: Path, *arguments: str) -> Iterator[TimedServe]:
    """A center that is ready, and gone afterwards. What it has said is printed where something goes wrong."""
    serve = TimedServe(data_dir, *arguments)
    try:
        yield serve.wait_until_ready()
    except Exception:
        print(serve.output, file=sys.stderr)
        raise
    finally:
        serve.kill_all()


def name_of(command: list[str]) -> str:
    """Which part of serve runs this command line."""
    parts = {"uvicorn": "web", "worker": "worker", "beat": "beat", "serve": "serve"}
    if "valkey-server" in command[0]:  # it writes its address behind its name, as one word
        return "valkey"
    if "webhooks" in command:  # the queue of the worker that sends
        return "sender"
    return next((parts[word] for word in command if word in parts), "other")

"""Celery's programs as child processes: two workers and the beat."""

import os
import re
import sys
from collections.abc import Mapping, Sequence

from ccai.serve.children import Child

# Celery warns of root because messages in pickle could run anything. Messages here are JSON.
QUIET = ("-W", "ignore:You're running the worker with superuser privileges")
# What is sent waits for others: it has a process of its own, so that it holds up no tick. One slot sends, the other
# takes the tasks that come meanwhile (ccai/tasks.py).
SENDERS = 2
# Threads, not processes: a tick waits for the database and for providers, a thread costs no second copy of the
# project in memory, and there is nobody left behind when the worker is killed.
THREADS = 4
NOISE = re.compile(r"^$|^worker: Warm shutdown|Restoring \d+ unacknowledged message")


def make_celery_child(name: str, arguments: Sequence[str], environment: Mapping[str, str]) -> Child:
    """A child that runs Celery with `arguments`, as talkative as CCAI_LOG_LEVEL says."""
    return Child(
        name,
        [
            *(sys.executable, *QUIET, "-m", "celery", "--quiet", "-A", "ccai"),
            *arguments,
            *("--loglevel", os.environ.get("CCAI_LOG_LEVEL", "INFO")),
        ],
        # Celery closes a pool after each task, so a pool is for the web server alone.
        environment={**environment, "CCAI_DB_POOL": "false"},
        noise=NOISE,
    )


def make_worker(environment: Mapping[str, str]) -> Child:
    """The worker of calls and of all that people wait for."""
    return _make_worker("worker", "clock,default", THREADS, environment)


def make_sender(environment: Mapping[str, str]) -> Child:
    """The worker that sends webhooks."""
    return _make_worker("sender", "webhooks", SENDERS, environment)


def _make_worker(name: str, queues: str, slots: int, environment: Mapping[str, str]) -> Child:
    """A worker on `queues` that does so many things at once; it has nothing to say to the others."""
    return make_celery_child(
        name,
        [
            "worker",
            *("--queues", queues),
            *("--pool", "threads"),
            *("--concurrency", str(slots)),
            *("--hostname", f"{name}@%h"),
            "--without-gossip",
            "--without-mingle",
        ],
        environment,
    )


def make_beat(environment: Mapping[str, str]) -> Child:
    """The clock's pulse. Its schedule stands in the settings, so it keeps no file."""
    return make_celery_child("beat", ["beat"], environment)

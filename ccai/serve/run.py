"""One run of the whole center, from the lock on its data directory to the end of its last child."""

import contextlib
import fcntl
import os
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import CommandError
from django.db import connections
from django.utils.translation import gettext as _

from ccai.redis import breaker
from ccai.serve import celery, valkey, web
from ccai.serve.first_run import migrate, set_up_center
from ccai.serve.supervisor import Stopped, Supervisor

Say = Callable[[str], None]

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def run_center(*, host: str, port: int, center: Path | None, say: Say) -> None:
    """Migrate, load the center and run all that it needs, until told to stop; every child is gone afterwards.

    `say` takes one line for a person to read. CommandError, with nothing started, where another run has the data
    directory, the port is taken, there is no Valkey to start, or the database or the center file cannot be used.
    """
    on_stop_signals(signal.default_int_handler)
    # What is loaded here would be announced to pages that are not open, by a server that is not started yet.
    breaker().stay_open()
    run_dir = settings.CCAI_DATA_DIR / "run"
    run_dir.mkdir(mode=0o700, exist_ok=True)
    try:
        with hold_data_directory(run_dir), web.listen(host, port) as listener:
            program = None if os.environ.get("REDIS_URL") else valkey.find_program()
            migrate()
            for sentence in set_up_center(center):
                say(sentence)
            connections.close_all()
            run_children(listener, run_dir, program, say)
    except KeyboardInterrupt:
        say(_("Stopped."))


def on_stop_signals(handler: Any) -> None:
    """Let `handler` have the signals that mean "end", but for those that are to be ignored (as under nohup)."""
    for number in STOP_SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, handler)


@contextlib.contextmanager
def hold_data_directory(run_dir: Path) -> Iterator[None]:
    """Keep the data directory for this process alone. CommandError where another run has it."""
    with (run_dir / "serve.lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise CommandError(
                _(
                    "This center is already running: process %(process)s has its data directory, %(directory)s. "
                    "Stop that one first, or give this one a directory of its own with CCAI_DATA_DIR."
                )
                % {"process": lock.read().strip(), "directory": settings.CCAI_DATA_DIR}
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def run_children(listener: socket.socket, run_dir: Path, program: Path | None, say: Say) -> None:
    """Run the children until told to stop, and end them. `program` is the Valkey to start; None where one is given."""
    supervisor = Supervisor(say)
    on_stop_signals(supervisor.request_stop)
    with contextlib.ExitStack() as afterwards:
        environment = public_address(listener)
        server = None
        if program is not None:
            path = afterwards.enter_context(valkey.socket_directory(run_dir)) / "valkey.sock"
            environment["REDIS_URL"] = f"unix://{path}"
            server = supervisor.last = valkey.make_child(program, run_dir=run_dir, socket=path)
        afterwards.callback(supervisor.stop)
        try:
            if server is not None:
                supervisor.start([server])
                supervisor.wait_for(lambda: valkey.find_what_is_down(environment["REDIS_URL"]), every=0.02)
            supervisor.start(
                [
                    web.make_child(listener, environment),
                    celery.make_worker(environment),
                    celery.make_sender(environment),
                    celery.make_beat(environment),
                ]
            )
            supervisor.wait_for(lambda: web.find_what_is_down(listener), every=0.2)
            say_ready(web.url_of(listener), say)
            supervisor.run()
        except Stopped:
            say(_("Stopping."))
    say(_("Stopped."))


def public_address(listener: socket.socket) -> dict[str, str]:
    """What children are told of where the world finds the center: where it listens, if nobody has said anything else
    and it has no domain. Not every program on this machine knows names below localhost."""
    if os.environ.get("CCAI_PUBLIC_URL") or settings.CCAI_DOMAIN != "localhost":
        return {}
    return {"CCAI_PUBLIC_URL": web.url_of(listener)}


def say_ready(site: str, say: Say) -> None:
    """Say that all is up, and where."""
    say(_("Ready: %(url)s") % {"url": site})
    say(_("  Admin     %(url)s") % {"url": f"{site}/admin/"})
    say(_("  Desk      %(url)s") % {"url": f"{site}/desk/"})
    say(_("  API       %(url)s") % {"url": f"{site}/apps/api/v1"})
    say(_("  API docs  %(url)s") % {"url": f"{site}/apps/api/v1/docs"})
    say(_("  Health    %(url)s") % {"url": f"{site}/health/"})

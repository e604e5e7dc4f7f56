"""`manage.py serve`: the whole center on one machine, until it is told to stop."""

import os
import signal
from argparse import ArgumentParser, ArgumentTypeError
from pathlib import Path
from typing import Any

from django.core.management import BaseCommand
from django.utils.translation import gettext as _

from ccai.serve.run import run_center


def port_number(text: str) -> int:
    """A TCP port, for argparse."""
    if not text.isascii() or not text.isdigit() or int(text) > 65_535:
        raise ArgumentTypeError(
            _("%(text)s is not a port. Write a number from 0 (any that is free) to 65535.") % {"text": text}
        )
    return int(text)


class Command(BaseCommand):
    """Runs web, worker, beat and, without REDIS_URL, a private Valkey, and says what happens to them."""

    @property
    def help(self) -> str:  # type: ignore[override]
        """What `--help` says first, in the language of the moment."""
        return _("Run the whole center on this machine: web, worker, beat and, without REDIS_URL, a Valkey.")

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The address to serve, and the center to load."""
        parser.add_argument("--host", default="127.0.0.1", help=_("The address to listen on; 0.0.0.0 for all."))
        parser.add_argument("--port", default=8000, type=port_number, help=_("The port; 0 takes any that is free."))
        parser.add_argument(
            "--center",
            type=Path,
            metavar="FILE",
            help=_("A center file to load at each start. Without it an empty center gets the demo."),
        )

    def handle(self, *args: Any, host: str, port: int, center: Path | None, **options: Any) -> None:
        """Return when told to stop, with every child gone. CommandError where it cannot start."""
        run_center(host=host, port=port, center=center, say=self.say)

    def say(self, line: str) -> None:
        """Print a line, at once. Where nobody can read it any more the center is to stop, as by a signal."""
        try:
            self.stdout.write(line)
            self.stdout.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), self.stdout.fileno())
            signal.raise_signal(signal.SIGTERM)

"""Keeps a set of child processes running, says what happens to them, and ends them all."""

import selectors
import signal
import time
from collections.abc import Callable, Sequence

from django.utils.translation import gettext as _

from ccai.serve.children import Child, how_it_ended

# Seconds between looks at the children; also how soon a signal is noticed.
PULSE = 0.2
# Seconds that children have to end by themselves, then the last child, then each when it is killed. With the second
# that a look at /health/ may take, all is over within 10 seconds of the wish.
GRACE = 5.0
LAST_GRACE = 1.5
KILLED = 0.5
# Seconds after which one wants to know what there is to wait for.
PATIENCE = 15.0


class Stopped(Exception):
    """Somebody asked this process to end."""


class Supervisor:
    """Runs `children` until somebody asks it to stop, each started again when it ends.

    `say` takes one line for a person to read. `last` is the child that the others need to end well: it is stopped
    after them. One thread does it all, because children are made with `fork`.
    """

    def __init__(self, say: Callable[[str], None], *, last: Child | None = None) -> None:
        self.say = say
        self.last = last
        self.children: list[Child] = []
        self.asked_to_stop_at: float | None = None
        self.hurry = False
        self.selector = selectors.DefaultSelector()

    def request_stop(self, *_args: object) -> None:
        """A signal handler: end soon; asked again later, end at once.

        The same wish often comes twice at the same moment, from a terminal and from `make`, say.
        """
        now = time.monotonic()
        if self.asked_to_stop_at is None:
            self.asked_to_stop_at = now
        elif now - self.asked_to_stop_at > 1:
            self.hurry = True

    def start(self, children: Sequence[Child]) -> None:
        """Start `children` and keep them running from now on."""
        for child in children:
            self.children.append(child)
            self.start_one(child)

    def start_one(self, child: Child) -> None:
        """Start one child and listen to it."""
        child.start()
        self.selector.register(child.output, selectors.EVENT_READ, child)

    def pulse(self) -> None:
        """Pass on output for a moment, and start again what has ended. Raises Stopped when asked to stop."""
        self.pass_on_output()
        if self.asked_to_stop_at is not None:
            raise Stopped
        for child in self.children:
            if child.has_ended():
                status = self.collect(child)
                pause = child.plan_restart()
                again = (
                    _("Starting it again in %(seconds)d s.") % {"seconds": pause} if pause else _("Starting it again.")
                )
                self.say(f"{child.name} {how_it_ended(status)}. {again}")
            if child.restart_at is not None and child.restart_at <= time.monotonic():
                self.start_one(child)

    def pass_on_output(self) -> None:
        """Wait for output for at most one pulse, and say it."""
        for key, _events in self.selector.select(PULSE):
            child: Child = key.data
            self.quote(child, child.read_lines())
            if child.output_ended:
                self.selector.unregister(child.output)

    def quote(self, child: Child, lines: Sequence[str]) -> None:
        """Say what a child has written."""
        for line in lines:
            self.say(f"{child.name:<6} | {line}")

    def collect(self, child: Child) -> int:
        """Let go of a child that has ended, and return its exit status."""
        if not child.output_ended:
            self.selector.unregister(child.output)
        status, lines = child.collect()
        self.quote(child, lines)
        return status

    def wait_for(self, find_what_is_missing: Callable[[], list[str]], *, every: float) -> None:
        """Keep the children running until nothing is missing, looked up every so many seconds.

        Says what is, by name, after 15 seconds and each 15 that follow.
        """
        look_at, say_at = 0.0, time.monotonic() + PATIENCE
        missing: list[str] = []
        while True:
            if time.monotonic() >= look_at:
                missing = find_what_is_missing()
                look_at = time.monotonic() + every
            if not missing:
                return
            if time.monotonic() >= say_at:
                self.say(_("Not ready yet, waiting for: %(names)s.") % {"names": ", ".join(missing)})
                say_at = time.monotonic() + PATIENCE
            self.pulse()

    def run(self) -> None:
        """Keep the children running. Ends by raising Stopped."""
        while True:
            self.pulse()

    def stop(self) -> None:
        """End all children: first all but the last, then the last."""
        for child in self.children:
            child.restart_at = None
        self.end([child for child in self.children if child is not self.last], GRACE)
        self.end([child for child in self.children if child is self.last], LAST_GRACE)
        self.selector.close()

    def end(self, children: Sequence[Child], grace: float) -> None:
        """Ask `children` to end, and kill those that have not after `grace` seconds, or at once in a hurry."""
        for child in children:
            child.send(signal.SIGTERM)
        self.watch_them_end(children, time.monotonic() + grace)
        for child in children:
            if child.is_running:
                self.say(_("%(name)s does not end by itself and is killed.") % {"name": child.name})
                child.send(signal.SIGKILL)
        self.hurry = False
        self.watch_them_end(children, time.monotonic() + KILLED)

    def watch_them_end(self, children: Sequence[Child], deadline: float) -> None:
        """Collect `children` as they end, until all have, the deadline is over, or there is a hurry."""
        while any(child.is_running for child in children) and time.monotonic() < deadline and not self.hurry:
            self.pass_on_output()
            for child in children:
                if child.has_ended():
                    self.collect(child)

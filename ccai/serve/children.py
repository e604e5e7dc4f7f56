"""Child processes that never outlive this one, and whose output is passed on line by line."""

import contextlib
import ctypes
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence

from django.conf import settings
from django.utils.translation import gettext as _

# A line longer than this is passed on in pieces.
LINE_LIMIT = 64 * 1024
# A child that lived this long (seconds) is not failing over and over.
SETTLED_AFTER = 30.0
LONGEST_PAUSE = 30.0
PR_SET_PDEATHSIG = 1


def tie_to_this_process() -> Callable[[], None] | None:
    """What a child runs before it becomes its program, so that the kernel kills it when this process is gone.

    Only Linux can do this; None elsewhere. It is run between fork and exec, so it does nothing but two system calls,
    and this process must have a single thread.
    """
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None).prctl
    parent = os.getpid()

    def tie() -> None:
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # gone before the tie was made
            os._exit(1)

    return tie


def how_it_ended(status: int) -> str:
    """A process's exit status, negative where a signal ended it, in words."""
    if status >= 0:
        return _("ended with exit status %(status)d") % {"status": status}
    try:
        name = signal.Signals(-status).name
    except ValueError:
        name = str(-status)
    return _("was ended by %(signal)s") % {"signal": name}


class Child:
    """A program that is to run until it is told to stop, in a process group of its own.

    `failures` counts the starts in a row that did not last; `restart_at` is when to start it again (monotonic
    seconds), None while it runs. Lines in which `noise` is found are nobody's business.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        environment: Mapping[str, str] | None = None,
        keep_fds: Sequence[int] = (),
        noise: re.Pattern[str] | None = None,
    ) -> None:
        self.name = name
        self.command = list(command)
        self.environment = {**os.environ, **(environment or {})}
        self.keep_fds = tuple(keep_fds)
        self.noise = noise
        self.process: subprocess.Popen[bytes] | None = None
        self.started_at = 0.0
        self.failures = 0
        self.restart_at: float | None = None
        self.unfinished_line = b""
        self.output_ended = False

    @property
    def is_running(self) -> bool:
        """True from its start until `collect` has seen its end."""
        return self.process is not None

    def start(self) -> None:
        """Start the program. It reads nothing, and what it writes comes out of `read_lines`."""
        self.process = subprocess.Popen(  # noqa: S603 - the commands are this package's own
            self.command,
            cwd=settings.BASE_DIR,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=self.keep_fds,
            process_group=0,
            preexec_fn=tie_to_this_process(),  # noqa: PLW1509 - this process has one thread
        )
        os.set_blocking(self.output, False)
        self.output_ended = False
        self.started_at = time.monotonic()
        self.restart_at = None

    @property
    def output(self) -> int:
        """The file descriptor of its output; only while it is running."""
        assert self.process is not None  # noqa: S101 - narrows the type
        assert self.process.stdout is not None  # noqa: S101
        return self.process.stdout.fileno()

    def read_lines(self) -> list[str]:
        """The lines it has written since the last time, without waiting for more.

        `output_ended` says afterwards whether there can be more at all.
        """
        data = self.unfinished_line
        with contextlib.suppress(BlockingIOError):
            while chunk := os.read(self.output, LINE_LIMIT):
                data += chunk
            self.output_ended = True
        *lines, self.unfinished_line = data.split(b"\n")
        if len(self.unfinished_line) > LINE_LIMIT:
            lines.append(self.unfinished_line)
            self.unfinished_line = b""
        decoded = [line.decode(errors="replace").rstrip() for line in lines]
        return [line for line in decoded if self.noise is None or not self.noise.search(line)]

    def read_last_lines(self) -> list[str]:
        """The rest of what it has written, the last line whether finished or not."""
        lines = self.read_lines()
        if self.unfinished_line:
            lines.append(self.unfinished_line.decode(errors="replace"))
            self.unfinished_line = b""
        return lines

    def has_ended(self) -> bool:
        """True where the program has ended and `collect` may be called."""
        if self.process is None:
            return False
        # Left unreaped, so that its number, which is its group's too, is nobody else's yet.
        return os.waitid(os.P_PID, self.process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    def collect(self) -> tuple[int, list[str]]:
        """Its exit status and last lines, once it has ended. What it left running in its group is killed."""
        assert self.process is not None  # noqa: S101
        self.send(signal.SIGKILL)
        lines = self.read_last_lines()
        status = self.process.wait()
        assert self.process.stdout is not None  # noqa: S101
        self.process.stdout.close()
        self.process = None
        return status, lines

    def plan_restart(self) -> float:
        """Set `restart_at` and return the pause until then, in seconds: none at first, longer each time in a row."""
        now = time.monotonic()
        self.failures = self.failures + 1 if now - self.started_at < SETTLED_AFTER else 1
        pause = 0.0 if self.failures == 1 else min(2.0 ** (self.failures - 2), LONGEST_PAUSE)
        self.restart_at = now + pause
        return pause

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the program and all that it has started."""
        if self.process is not None:
            # EPERM is what macOS says of a group in which all have ended.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, number)

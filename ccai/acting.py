"""Who acts: the person, or the program, on whose behalf this code runs.

The middleware says so for every request, a command for itself. What writes history asks here, so that no verb has to
hand a person through. The clock acts for nobody.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Actor:
    """A person who has logged in, or a program with a token."""

    name: str  # the person's e-mail address, the token's name
    user_id: int | None = None  # None for a program
    address: str | None = None  # the IP address it came from
    door: str = ""  # the path of the request, or the command
    is_program: bool = False  # came with a token


Asked = tuple[Callable[[], Actor | None], dict[str, Any]]
_asked: ContextVar[Asked | None] = ContextVar("actor", default=None)


def actor() -> Actor | None:
    """Who acts; None where nobody does, as in the clock's steps."""
    asked = _asked.get()
    return asked[0]() if asked else None


def notes() -> dict[str, Any]:
    """What is remembered for as long as the same somebody acts; where nobody does, it is forgotten at once."""
    asked = _asked.get()
    return asked[1] if asked else {}


def actor_name() -> str:
    """How history calls whoever acts; "" where nobody does."""
    acts = actor()
    return acts.name if acts else ""


@contextmanager
def acting(ask: Callable[[], Actor | None]) -> Iterator[None]:
    """Within it, whoever `ask` says acts. It is asked only by what wants to know."""
    token = _asked.set((ask, {}))
    try:
        yield
    finally:
        _asked.reset(token)

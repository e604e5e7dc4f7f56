"""What a wallboard shows: the center and its branches now, coloured by thresholds.

The numbers are read at most once a second for each scope in each process, however many boards look: whoever asks
meanwhile gets what was read last.
"""

import threading
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from django.conf import settings
from django.http import Http404, QueryDict
from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from agents.models import Agent
from calls.figures import Today, today
from calls.figures.today import AGENT_STATES, RINGING, Branch
from calls.scope import Scope
from ccai.admin import NOTHING, duration, is_id

FRESH_FOR = 1.0  # seconds
MOST_KEPT = 200  # scopes with their branches

STATES: dict[str, Promise | str] = {
    **dict(Agent.Status.choices),
    Agent.ON_CALL: _("On call"),
    RINGING: _("Ringing"),
}
# Agents who are away are counted together.
AWAY = (Agent.Status.UNAVAILABLE, Agent.Status.MISSED_CALL, Agent.Status.UNRESPONSIVE)


@dataclass(frozen=True)
class Limits:
    """From where on a figure is amber, and red. A service level is so below them, the others from them on."""

    waiting: tuple[int, int] = (5, 10)  # calls
    wait: tuple[int, int] = (60, 180)  # seconds
    level: tuple[int, int] = (80, 60)  # per cent

    @classmethod
    def read(cls, said: QueryDict) -> "Limits":
        """Those that an address says, `?waiting=3,8&wait=30,90&level=90,75`; the usual ones for what it does not."""
        usual = cls(wait=(3 * settings.CCAI_SERVICE_LEVEL_SECONDS, 9 * settings.CCAI_SERVICE_LEVEL_SECONDS))
        return cls(**{name: _pair(said.get(name, "")) or getattr(usual, name) for name in ("waiting", "wait", "level")})


@dataclass(frozen=True)
class Figure:
    """A number on the board. `mood` is good, warning, bad, or "" where nothing is to be said."""

    key: str
    name: Promise | str
    value: str
    mood: str = ""


@dataclass(frozen=True)
class Row:
    """A branch on the board."""

    name: str
    figures: Sequence[Figure]


@dataclass(frozen=True)
class Board:
    """All that a board shows; `title` is the name of the branch, "" for the whole."""

    title: str
    today: Today
    figures: Sequence[Figure]
    agents: Sequence[Figure]
    rows: Sequence[Row]


@dataclass
class _Kept:
    """What was read last of one scope."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    read_at: float = float("-inf")
    today: Today | None = None
    names: dict[int, str] = field(default_factory=dict)


_kept: dict[tuple[Scope, int | None], _Kept] = {}
_kept_lock = threading.Lock()


def draw(scope: Scope, branch: int | None, limits: Limits) -> Board:
    """The board of `scope`: with `branch` (a menu's id), of that menu and those right below it, else of the menus at
    the top. Raises Http404 for a branch that there is not, or that is not seen."""
    shown, names = _read(scope, branch)
    whole = shown.whole if branch is None else shown.branches[branch]
    rows = [Row(name, _figures(shown.branches[pk], limits)) for pk, name in names.items() if pk != branch]
    title = "" if branch is None else names[branch]
    return Board(title, shown, _figures(whole, limits), _agents(whole), rows)


def read_branch(text: str) -> int | None:
    """The id that `text` says; None where it says nothing. Http404 where it is no id."""
    if not text:
        return None
    if not is_id(text):
        raise Http404
    return int(text)


def _read(scope: Scope, branch: int | None) -> tuple[Today, dict[int, str]]:
    """What was read within the last second, or is read now; by one thread, while others wait for it."""
    with _kept_lock:
        if len(_kept) > MOST_KEPT:
            _kept.clear()
        kept = _kept.setdefault((scope, branch), _Kept())
    with kept.lock:
        if kept.today is None or time.monotonic() - kept.read_at >= FRESH_FOR:
            try:
                kept.names, menus = _branches(scope, branch)
            except Http404:
                # Addresses that lead nowhere put nobody else's board out.
                with _kept_lock:
                    _kept.pop((scope, branch), None)
                raise
            kept.today, kept.read_at = today(scope, menus), time.monotonic()
        return kept.today, kept.names


def _branches(scope: Scope, branch: int | None) -> tuple[dict[int, str], dict[int, Collection[int]]]:
    """Names and menus of the branches of a board, by the id of their first menu."""
    seen = {
        pk: (name, parent, deleted)
        for pk, name, parent, deleted in scope.queues()
        .order_by("position", "pk")
        .values_list("pk", "name", "parent", "deleted")
    }
    if branch is not None and (branch not in seen or seen[branch][2]):
        raise Http404
    tops = [
        pk
        for pk, (_name, parent, deleted) in seen.items()
        if not deleted and (parent == branch if branch is not None else parent not in seen)
    ]
    below: dict[int, set[int]] = {pk: set() for pk in ([branch] if branch is not None else []) + tops}
    for pk in seen:
        above: int | None = pk
        while above is not None and above in seen:
            if above in below:
                below[above].add(pk)
            above = seen[above][1]
    return {pk: seen[pk][0] for pk in below}, dict(below)


def _figures(branch: Branch, limits: Limits) -> list[Figure]:
    level = branch.service_level
    wait = branch.longest_wait
    return [
        Figure("waiting", _("Waiting"), str(branch.waiting), _from(branch.waiting, limits.waiting)),
        Figure("wait", _("Longest wait"), duration(wait) or NOTHING, "" if wait is None else _from(wait, limits.wait)),
        Figure(
            "level",
            _("Service level today"),
            NOTHING if level is None else f"{number_format(level * 100, 0)}%",
            "" if level is None else _below(level * 100, limits.level),
        ),
        Figure("answered", _("Answered today"), number_format(branch.day.answered, 0, force_grouping=True)),
        Figure("abandoned", _("Abandoned today"), number_format(branch.day.abandoned, 0, force_grouping=True)),
        Figure("available", _("Available"), str(branch.agents.get(Agent.Status.AVAILABLE, 0))),
        Figure("on_call", _("On call"), str(branch.agents.get(Agent.ON_CALL, 0))),
    ]


def _agents(branch: Branch) -> list[Figure]:
    """How many agents do what; those who are away for different reasons together, those offline not at all."""
    away = sum(branch.agents.get(state, 0) for state in AWAY)
    shown = [state for state in AGENT_STATES if state not in (*AWAY, Agent.Status.OFFLINE)]
    return [
        *(Figure(state, STATES[state], str(branch.agents.get(state, 0))) for state in shown),
        Figure("away", _("Away"), str(away)),
    ]


def _from(value: float, limits: tuple[int, int]) -> str:
    return "bad" if value >= limits[1] else "warning" if value >= limits[0] else "good"


def _below(value: float, limits: tuple[int, int]) -> str:
    return "bad" if value < limits[1] else "warning" if value < limits[0] else "good"


def _pair(text: str) -> tuple[int, int] | None:
    """Two whole numbers with a comma between; None where `text` is anything else."""
    first, comma, second = text.partition(",")
    return (int(first), int(second)) if comma and is_id(first) and is_id(second) else None

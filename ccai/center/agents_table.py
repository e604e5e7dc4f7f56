"""Agents as a table: a center file with nothing but agents, one a row, in the center file's words.

A table names its columns in its first row, in any order; columns that it does not have are left as they are, and so is
an empty cell of `role`, `active`, `can_place_calls` and `auto_answer`. It is applied whole or not at all.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from agents.models import Agent, User
from ccai.center.applying import apply
from ccai.center.faults import FileFaults, shown
from ccai.center.guarding import judge_for
from ccai.center.loading import PlanIsStale
from ccai.center.parsing import Plain
from ccai.center.records import Center, Record, read_agents, read_center, read_teams
from ccai.center.report import Outcome, plan_of
from ccai.center.schema import AGENTS, KINDS, read_document
from ccai.center.tables import Row, UnreadableTable, read_rows
from ccai.center.values import FALSE_WORDS, TRUE_WORDS
from ccai.center.words import as_text
from ccai.center.writing import write

COLUMNS = (
    "email",
    "first_name",
    "last_name",
    "agent_number",
    "team",
    "languages",
    "outbound_numbers",
    "role",
    "active",
    "can_place_calls",
    "auto_answer",
    "sip_address",
)
FLAGS = ("active", "can_place_calls", "auto_answer")
# An empty cell of these says nothing; in other columns it says that there is none.
STAYS = ("role", *FLAGS)
LISTS = ("languages", "outbound_numbers")
# A slash between teams; two stand for one in a team's name.
BETWEEN_TEAMS = re.compile(r"(?<!/)/(?!/)")
PLACE = re.compile(r"agents\[(\d+)\](?:\.(\w+))?")


@dataclass(frozen=True, order=True)
class RowFault:
    """What is wrong with a row: its number (0: the whole file), the column, and why."""

    row: int
    column: str
    sentence: str


@dataclass(frozen=True)
class RowChange:
    """What becomes of the agent in a row. `values`: column, text before, text after."""

    row: int
    email: str
    outcome: Outcome
    values: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True)
class NewTeam:
    """A team that is not there yet, by its path, and one that is there and is written much alike; "" where none is."""

    path: str
    near: str


@dataclass
class Preview:
    """What a table would do; where there are faults, nothing but the new teams that it names."""

    changes: list[RowChange] = field(default_factory=list)
    faults: list[RowFault] = field(default_factory=list)
    new_teams: list["NewTeam"] = field(default_factory=list)
    plan: str = ""

    def count(self, outcome: Outcome) -> int:
        """How many agents it would create, change or leave."""
        return sum(change.outcome == outcome for change in self.changes)

    @property
    def has_changes(self) -> bool:
        """True where applying it would do anything."""
        return any(change.outcome != Outcome.LEFT for change in self.changes)


def preview_agents(content: bytes, name: str, by: User) -> Preview:
    """What the table in `content`, the file called `name`, would do if `by` applied it; nothing is written."""
    with transaction.atomic():
        return _read(content, name, by)[0]


def apply_agents(content: bytes, name: str, by: User, plan: str) -> Preview:
    """The agents are as the table says, in one transaction. Returns what was done.

    Nothing is changed where it has faults, which are in what is returned. Raises PlanIsStale where `plan`, which a
    preview had, is not what would be done now.
    """
    with transaction.atomic():
        done, center = _read(content, name, by)
        if center is not None:
            if done.plan != plan:
                raise PlanIsStale
            write(center)
    return done


def _read(content: bytes, name: str, by: User) -> tuple[Preview, Center | None]:
    """The preview, and the center as it would be; None where there are faults."""
    found = Preview()
    items, rows = _items(content, name, found.faults)
    if not items:
        found.faults.sort()
        return found, None
    faults = FileFaults("", [])
    center = read_center()
    found.new_teams = _new_teams(center, items)
    document = read_document(faults, {AGENTS.name: items})
    apply(center, [document])
    judge_for(by)(center)
    for fault in faults.found:
        place = PLACE.match(fault.path)
        row = rows[int(place[1])].number if place else 0
        found.faults.append(RowFault(row, (place and place[2]) or "", fault.sentence))
    found.faults = sorted(set(found.faults))
    if found.faults:
        return found, None
    numbers = {entry.key: rows[index].number for index, entry in enumerate(document.entries[AGENTS.name])}
    for key, number in numbers.items():
        found.changes.append(_change(center.of(AGENTS)[key], number))
    found.plan = plan_of(center)
    return found, center


def _items(content: bytes, name: str, faults: list[RowFault]) -> tuple[list[dict[str, Any]], list[Row]]:
    """The agents of the table as a center file has them, and the row of each. Notes faults."""
    try:
        header, *rows = read_rows(content, name)
    except UnreadableTable as error:
        faults.append(RowFault(0, "", str(error)))
        return [], []
    columns = _columns(header, faults)
    if columns is None:
        return [], []
    if not rows:
        faults.append(RowFault(0, "", _("There is no agent in the table, only the names of columns.")))
    items, read = [], []
    first_rows: dict[str, int] = {}
    for row in rows:
        if any(cell.strip() for cell in row.cells[len(columns) :]):
            faults.append(RowFault(row.number, "", _("has more cells than there are columns")))
            continue
        cells = dict(zip(columns, row.cells, strict=False))
        address = cells.get("email", "").strip()
        if address and address.lower() in first_rows:
            first = first_rows[address.lower()]
            sentence = _("%(email)s stands in row %(row)d already; join the two") % {
                "email": shown(address),
                "row": first,
            }
            faults.append(RowFault(row.number, "email", sentence))
            continue
        first_rows[address.lower()] = row.number
        items.append(_item(cells, row, faults))
        read.append(row)
    return items, read


def _columns(header: Row, faults: list[RowFault]) -> list[str] | None:
    """The names of the columns; None, with faults, where one is unknown, or named twice, or there is no `email`."""
    names = [name.strip().lower() for name in header.cells]
    while names and not names[-1]:
        names.pop()
    known = ", ".join(COLUMNS)
    wrong = []
    for name in names:
        if name not in COLUMNS:
            wrong.append(_("unknown column; known are %(known)s") % {"known": known})
            faults.append(RowFault(header.number, name or _("(without a name)"), wrong[-1]))
        elif names.count(name) > 1:
            wrong.append(_("stands twice; remove one"))
            faults.append(RowFault(header.number, name, wrong[-1]))
    if "email" not in names:
        wrong.append(_("is missing; agents are known by it"))
        faults.append(RowFault(header.number, "email", wrong[-1]))
    return None if wrong else names


def _item(cells: dict[str, str], row: Row, faults: list[RowFault]) -> dict[str, Any]:
    """One agent as a center file has it."""
    item: dict[str, Any] = {}
    for name, cell in cells.items():
        text = cell.strip()
        if name in STAYS and not text:
            continue
        if name in FLAGS:
            word = {"1": "true", "0": "false"}.get(text, text.lower())
            if word not in (*TRUE_WORDS, *FALSE_WORDS):
                faults.append(RowFault(row.number, name, _("%(word)s is neither yes nor no") % {"word": shown(text)}))
                continue
            item[name] = Plain(word)
        elif name in LISTS:
            parts = [part.strip() for part in re.split(r"[,;\n]", text) if part.strip()]
            item[name] = [_phone(part) for part in parts] if name == "outbound_numbers" else parts
        elif name == "team":
            item[name] = [part.strip().replace("//", "/") for part in BETWEEN_TEAMS.split(text)] if text else None
        else:
            item[name] = text if name in ("email", "role") else cell
    return item


def _phone(text: str) -> str:
    """A number as it was before a spreadsheet took its plus for a sign."""
    return f"+{text}" if text.isascii() and text.isdecimal() else text


def _change(record: Record, row: int) -> RowChange:
    """What becomes of the agent."""
    email = record.values["email"]
    names = [name for name in COLUMNS if name in record.changes() and name != "email"]
    if record.is_new:
        values = [(name, "", as_text(name, record.values[name])) for name in names]
        return RowChange(row, email, Outcome.CREATED, tuple(value for value in values if value[2]))
    # What a login without an agent's row says already was there before.
    values = [(name, as_text(name, record.before.get(name)), as_text(name, record.values[name])) for name in names]
    return RowChange(row, email, Outcome.CHANGED if values else Outcome.LEFT, tuple(values))


def _new_teams(center: Center, items: Iterable[dict[str, Any]]) -> list[NewTeam]:
    """The teams that are not there yet, and those above them."""
    named = {tuple(path) for item in items if (path := item.get("team")) and all(path)}
    paths = {path[:depth] for path in named for depth in range(1, len(path) + 1)}
    known = {as_text("team", path).casefold(): as_text("team", path) for path in center.teams}
    found = []
    for path in sorted(as_text("team", path) for path in paths if path not in center.teams):
        near = get_close_matches(path.casefold(), known, n=1)
        found.append(NewTeam(path, known[near[0]] if near else ""))
    return found


def table_of(agent_ids: Sequence[int]) -> Iterator[list[str]]:
    """The table of these agents, in their order, header first. Loaded again it changes nothing."""
    center = Center({kind: {} for kind in KINDS}, read_teams(), {})
    read_agents(center)
    records = {record.rows[Agent].pk: record for record in center.of(AGENTS).values()}
    yield list(COLUMNS)
    for pk in agent_ids:
        record = records.get(pk)
        if record is not None:
            # A role that is only roughly the login's would be written, so it is not said.
            yield ["" if name in record.rough else as_text(name, record.values[name]) for name in COLUMNS]

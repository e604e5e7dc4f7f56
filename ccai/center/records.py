"""A center in memory: each thing as the values of its keys, beside those that the database has.

Files are put over it, dumps are written from it, and what has changed is what is written back.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from django.contrib.auth.hashers import is_password_usable
from django.db.models import Model, QuerySet

from agents.models import Agent, Language, OutboundNumber, Team, User
from agents.roles import PERMISSIONS
from calls.models import Contact, ContactPhone, Ticket
from ccai.center.schema import (
    AGENTS,
    API_TOKENS,
    CONTACTS,
    KINDS,
    LANGUAGES,
    MENUS,
    OUTBOUND_NUMBERS,
    ROLES,
    TICKETS,
    Entry,
    Kind,
)
from ccai.models import ApiToken
from menus.models import AgentGroup, DeflectionOption, Menu, MenuOutboundNumber

BATCH = 500


@dataclass(frozen=True)
class Group:
    """A group of a menu."""

    name: str
    timeout_seconds: int = AgentGroup._meta.get_field("timeout_seconds").get_default()
    agents: tuple[str, ...] = ()  # keys, sorted


@dataclass(frozen=True)
class Option:
    """What a menu does on an occasion."""

    kind: str
    message: str
    menu: int | None  # key
    number: str
    after_seconds: int | None
    active: bool


@dataclass(eq=False)
class Record:
    """One thing: `values` as they shall be, `before` as they are in the database, and its rows there."""

    kind: Kind
    key: Any
    values: dict[str, Any]
    before: dict[str, Any] = field(default_factory=dict)
    rows: dict[type[Model], Any] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)  # what files say about it
    # Keys that the database has only roughly: they are written as soon as a file gives them.
    rough: frozenset[str] = frozenset()

    @property
    def is_new(self) -> bool:
        """True where the database does not have it."""
        return self.kind.model not in self.rows

    def changes(self) -> tuple[str, ...]:
        """The keys whose values are not those of the database."""
        return tuple(
            name
            for name, value in self.values.items()
            if name not in self.before or self.before[name] != value  # a new one has no values before
        )

    def keep(self) -> None:
        """The values are those of the database."""
        self.before = dict(self.values)


@dataclass
class Center:
    """All that a center file can say, by kind and natural key. A menu's key is its id; negative: not given yet."""

    records: dict[Kind, dict[Any, Record]]
    teams: dict[tuple[str, ...], int]  # path to id
    logins: dict[str, Record]  # of people who are no agents, as records of agents that have no agent's row yet

    def of(self, kind: Kind) -> dict[Any, Record]:
        """The things of a kind, by key."""
        return self.records[kind]

    def add(self, kind: Kind, key: Any) -> Record:
        """A new thing, every key at its default."""
        defaults = {name: item.default for name, item in kind.fields.items()}
        record = self.records[kind][key] = Record(kind, key, defaults)
        return record


def in_batches(keys: Iterable[Any]) -> Iterator[list[Any]]:
    """`keys` in lists that are short enough for one query."""
    left = iter(keys)
    while batch := list(islice(left, BATCH)):
        yield batch


def lists(pairs: Iterable[tuple[int, Any]]) -> dict[int, list[Any]]:
    """The second of each pair, in lists by the first."""
    found: dict[int, list[Any]] = defaultdict(list)
    for owner, item in pairs:
        found[owner].append(item)
    return found


def column_values(kind: Kind, rows: dict[type[Model], Any]) -> dict[str, Any]:
    """Every key that is a column, from the row it stands in; the others at their default."""
    return {
        name: getattr(rows[item.model], item.column) if item.model in rows else item.default
        for name, item in kind.fields.items()
    }


def read_records(kind: Kind, rows: Iterable[Any], key: str) -> dict[Any, Record]:
    """The records of things that are one row each, known by the column `key`."""
    found = {}
    for row in rows:
        by_model = {kind.model: row}
        record = Record(kind, getattr(row, key), column_values(kind, by_model), rows=by_model)
        record.keep()
        found[record.key] = record
    return found


def read_teams() -> dict[tuple[str, ...], int]:
    """The id of every team by the names from the topmost team down."""
    rows = {pk: (name, parent) for pk, name, parent in Team.objects.values_list("pk", "name", "parent_id")}

    def path(pk: int) -> tuple[str, ...]:
        names: list[str] = []
        step: int | None = pk
        while step is not None and len(names) <= len(rows):
            name, step = rows[step]
            names.insert(0, name)
        return tuple(names)

    return {path(pk): pk for pk in rows}


def role_of(user: User, groups: list[str]) -> tuple[str, bool]:
    """The role of a login, and whether the login is exactly as the role makes it."""
    roles = sorted(groups, key=list(PERMISSIONS).index)
    role = roles[-1] if roles else ("admin" if user.is_superuser else ROLES[0])
    is_exact = roles == [role] and (user.is_superuser or user.is_staff == (role != ROLES[0]))
    return role, is_exact


def read_agents(center: Center) -> None:
    """Read all agents, and the logins of people who are none."""
    paths = {pk: path for path, pk in center.teams.items()}
    agents = {agent.user_id: agent for agent in Agent.objects.order_by("pk")}
    languages = lists(Agent.languages.through.objects.values_list("agent_id", "language_id"))
    numbers = lists(Agent.outbound_numbers.through.objects.values_list("agent_id", "outboundnumber__number"))
    roles = lists(User.groups.through.objects.filter(group__name__in=ROLES).values_list("user_id", "group__name"))
    users = {user.pk: user for user in User.objects.order_by("pk")}
    for user_id in [*agents, *(pk for pk in users if pk not in agents)]:
        user, agent = users[user_id], agents.get(user_id)
        rows: dict[type[Model], Any] = {User: user} if agent is None else {User: user, Agent: agent}
        record = Record(AGENTS, user.email.lower(), column_values(AGENTS, rows), rows=rows)
        role, is_exact = role_of(user, roles[user_id])
        record.rough = frozenset() if is_exact else frozenset({"role"})
        record.values |= {"role": role, "password_hash": user.password if is_password_usable(user.password) else ""}
        if agent is None:
            record.before = {
                name: value
                for name, value in record.values.items()
                if AGENTS.fields[name].model is User
                or name == "password_hash"
                or (name == "role" and (is_exact or user.is_superuser))
            }
            center.logins[record.key] = record
            continue
        record.values |= {
            "status": agent.status,
            "team": paths[agent.team_id] if agent.team_id else (),
            "languages": tuple(sorted(languages[agent.pk])),
            "outbound_numbers": tuple(sorted(numbers[agent.pk])),
        }
        record.keep()
        center.of(AGENTS)[record.key] = record


def read_menus(center: Center) -> None:
    """Read all menus, deleted ones too."""
    rows = Menu.objects.order_by("position", "pk")
    center.records[MENUS] = read_records(MENUS, rows, "pk")
    languages = lists(Menu.languages.through.objects.values_list("menu_id", "language_id"))
    numbers = lists(
        MenuOutboundNumber.objects.order_by("position", "pk").values_list("menu_id", "outbound_number__number")
    )
    emails = lists(AgentGroup.agents.through.objects.values_list("agentgroup_id", "agent__user__email"))
    groups = lists(
        (row.menu_id, Group(row.name, row.timeout_seconds, tuple(sorted(email.lower() for email in emails[row.pk]))))
        for row in AgentGroup.objects.order_by("position", "pk")
    )
    options = lists((row.menu_id, row) for row in DeflectionOption.objects.all())
    for pk, record in center.of(MENUS).items():
        record.values |= {
            "id": pk,
            "parent_id": record.rows[Menu].parent_id,
            "substitute": record.rows[Menu].substitute_id,
            "languages": tuple(sorted(languages[pk])),
            "outbound_numbers": tuple(numbers[pk]),
            "groups": tuple(groups[pk]),
        }
        record.values |= {
            row.occasion: Option(
                row.kind,
                row.message,
                row.to_menu_id,
                row.to_number,
                row.after_seconds,
                row.active or row.occasion != DeflectionOption.Occasion.REDIRECTION,
            )
            for row in options[pk]
        }
        record.keep()


def read_crm(center: Center, contacts: "QuerySet[Contact]", tickets: "QuerySet[Ticket]") -> None:
    """Read these contacts and tickets too."""
    found = read_records(CONTACTS, contacts, "out_contact_id")
    pks = {record.rows[Contact].pk: record for record in found.values()}
    phones: dict[int, list[str]] = {}
    for batch in in_batches(pks):
        rows = ContactPhone.objects.filter(contact__in=batch).order_by("position", "pk")
        phones |= lists(rows.values_list("contact_id", "number"))
    for pk, record in pks.items():
        record.values["phones"] = tuple(phones.get(pk, ()))
        record.keep()
    center.of(CONTACTS).update(found)
    found = read_records(TICKETS, tickets.select_related("contact"), "ticket_id")
    for record in found.values():
        contact = record.rows[Ticket].contact
        record.values["contact"] = contact.out_contact_id if contact else None
        record.keep()
    center.of(TICKETS).update(found)


def read_center() -> Center:
    """The center as the database has it, but for contacts and tickets, of which there may be very many."""
    center = Center({kind: {} for kind in KINDS}, read_teams(), {})
    center.records[LANGUAGES] = read_records(LANGUAGES, Language.objects.order_by("code"), "code")
    center.records[API_TOKENS] = read_records(API_TOKENS, ApiToken.objects.order_by("name"), "name")
    center.records[OUTBOUND_NUMBERS] = read_records(OUTBOUND_NUMBERS, OutboundNumber.objects.order_by("pk"), "number")
    read_agents(center)
    read_menus(center)
    return center


def read_whole_crm(center: Center) -> None:
    """Read every contact and ticket."""
    read_crm(center, Contact.objects.order_by("pk"), Ticket.objects.order_by("pk"))


def read_named_crm(center: Center, contact_ids: Collection[str], ticket_ids: Collection[str]) -> None:
    """Read the contacts and tickets with these ids."""
    for batch in in_batches(contact_ids):
        read_crm(center, Contact.objects.filter(out_contact_id__in=batch), Ticket.objects.none())
    for batch in in_batches(ticket_ids):
        read_crm(center, Contact.objects.none(), Ticket.objects.filter(ticket_id__in=batch))

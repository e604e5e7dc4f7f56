"""What a center file may say: every kind of thing in it as a table of keys, and the reading of a file by these tables.

A key that is one column is declared by that column, which gives its limits, its choices and its default.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from django.db import models
from django.utils.translation import gettext as _

from agents.models import Agent, Language, OutboundNumber, User
from calls.models import Contact, Ticket
from ccai.center import values
from ccai.center.faults import FileFaults, below, must_be_mapping, shown
from ccai.center.values import WRONG, Read, is_null
from ccai.models import ApiToken
from menus.models import AgentGroup, DeflectionOption, Menu

ROLES = ("agent", "supervisor", "admin", "viewer")
SMALL_INTEGER_MOST = 32_767
POSITIVE_INTEGER_MOST = 2_147_483_647
# Whole in the numbers of JavaScript too.
MENU_ID_MOST = 2**53 - 1


@dataclass(frozen=True)
class Field:
    """A key of a kind: how its value is read, its default, and the column it is where it is just that."""

    read: Read
    default: Any = None
    model: type[models.Model] | None = None
    column: str = ""


@dataclass(frozen=True, eq=False)
class Kind:
    """A kind of thing in a center file, known by its natural key."""

    name: str  # where it stands in the file
    model: type[models.Model]
    key: str
    fields: Mapping[str, Field]
    # Keys that are read with the thing and are no value of it.
    others: Mapping[str, Read] = field(default_factory=dict)
    # What of the natural key is compared.
    same: Callable[[Any], Any] = lambda key: key

    @property
    def reads(self) -> dict[str, Read]:
        """The reader of each key."""
        return {name: item.read for name, item in self.fields.items()} | dict(self.others)


@dataclass
class Entry:
    """What one file says about one thing. `given` holds the keys that are given and right; None is null."""

    path: str
    faults: FileFaults
    given: dict[str, Any]
    wrong: set[str] = field(default_factory=set)  # keys that have a fault already
    key: Any = None  # the natural key, as it is compared
    children: list["Entry"] = field(default_factory=list)  # of menus

    def fault(self, name: str, sentence: str) -> None:
        """Note that the key `name` of this thing is wrong."""
        self.faults.add(f"{self.path}.{name}", sentence)


@dataclass
class Document:
    """One file, read: the entries of each kind, by the kind's name."""

    faults: FileFaults
    entries: dict[str, list[Entry]]


def column(
    model: type[models.Model], name: str, *, read: Read | None = None, default: Any = WRONG, required: bool = False
) -> Field:
    """The key that is the column `name` of `model`. Text that is required may not be empty."""
    model_field = cast("models.Field[Any, Any]", model._meta.get_field(name))
    if default is WRONG:
        default = model_field.get_default()
        default = default.value if isinstance(default, models.Choices) else default
    return Field(read or reader_of(model_field, required=required), default, model, name)


def reader_of(model_field: "models.Field[Any, Any]", *, required: bool) -> Read:
    """The reader that lets pass what the column takes."""
    most = model_field.max_length
    if model_field.choices:
        return values.choice([value for value, label in model_field.flatchoices])
    match model_field:
        case models.BooleanField():
            return values.flag
        case models.SmallIntegerField():
            return values.whole_number(-SMALL_INTEGER_MOST - 1, SMALL_INTEGER_MOST)
        case models.IntegerField():
            return values.whole_number(0, POSITIVE_INTEGER_MOST)
        case models.EmailField():
            return values.email(most, required=required)
        case models.URLField():
            return values.url(most)
        case _:
            return values.text(max_length=most, required=required)


@dataclass(frozen=True)
class OptionEntry:
    """A deflection as a file gives it."""

    kind: str
    message: str = ""
    menu_id: int | None = None
    number: str = ""
    after_seconds: int | None = None
    active: bool = True


MENU_ID = values.whole_number(1, MENU_ID_MOST)
OPTION_KEYS: dict[str, Read] = {
    "message": values.text(),
    "menu_id": MENU_ID,
    "number": values.phone,
    "after_seconds": values.whole_number(0, POSITIVE_INTEGER_MOST),
    "active": values.flag,
}
# The keys that belong to one kind, which needs them.
NEEDED = {DeflectionOption.Kind.QUEUE: "menu_id", DeflectionOption.Kind.PHONE: "number"}


def option_keys(occasion: DeflectionOption.Occasion) -> dict[str, Read]:
    """The keys an option for `occasion` may have."""
    kinds = DeflectionOption.KINDS[occasion]
    left_out = {key for kind, key in NEEDED.items() if kind not in kinds}
    if occasion != DeflectionOption.Occasion.OVER_CAPACITY:
        left_out.add("after_seconds")
    if occasion != DeflectionOption.Occasion.REDIRECTION:
        left_out.add("active")
    keys = {key: read for key, read in OPTION_KEYS.items() if key not in left_out}
    return {"kind": values.choice([kind.value for kind in kinds]), **keys}


def option(occasion: DeflectionOption.Occasion) -> Read:
    """What a menu does on `occasion`: read, and set, as a whole."""
    keys = option_keys(occasion)

    def read(faults: FileFaults, path: str, value: Any) -> Any:
        found = read_keys(faults, path, value, keys, required=("kind",))
        if found is None:
            return WRONG
        given = {key: item for key, item in found.given.items() if item is not None}
        kind = given.get("kind")
        for needing, key in NEEDED.items():
            if kind == needing and key not in given and key not in found.wrong:
                found.fault(key, _("is missing; kind %(kind)s needs it") % {"kind": needing})
                found.wrong.add(key)
            elif kind and kind != needing and key in given:
                found.fault(key, _("goes with kind %(kind)s alone; remove it") % {"kind": needing})
                found.wrong.add(key)
        return WRONG if found.wrong else OptionEntry(**given)

    return read


def groups(faults: FileFaults, path: str, value: Any) -> Any:
    """The groups of a menu that a file names, as entries."""
    return tuple(read_list(faults, path, value, GROUP_KEYS, "name"))


GROUP_NAME = AgentGroup._meta.get_field("name")
GROUP_KEYS: dict[str, Read] = {
    "name": values.text(max_length=GROUP_NAME.max_length, required=True),
    "timeout_seconds": values.whole_number(1, POSITIVE_INTEGER_MOST),
    "agents": values.list_of(values.agent_key),
    "deleted": values.flag,
}

LANGUAGES = Kind("languages", Language, "code", {"code": column(Language, "code"), "state": column(Language, "state")})

API_TOKENS = Kind(
    "api_tokens",
    ApiToken,
    "name",
    {
        "name": column(ApiToken, "name", required=True),
        "token_hash": column(ApiToken, "token_hash", read=values.token_hash, default=""),
        "active": column(ApiToken, "active"),
        "rate_limit": column(ApiToken, "rate_limit", read=values.whole_number(1, POSITIVE_INTEGER_MOST)),
        "personal_data": column(ApiToken, "personal_data"),
    },
    {"token": values.token},
)

OUTBOUND_NUMBERS = Kind(
    "outbound_numbers",
    OutboundNumber,
    "number",
    {
        "number": column(OutboundNumber, "number", read=values.phone, required=True),
        "label": column(OutboundNumber, "label"),
        "default": column(OutboundNumber, "is_default"),
        "active": column(OutboundNumber, "active"),
    },
)

AGENTS = Kind(
    "agents",
    Agent,
    "email",
    {
        "email": column(User, "email", required=True),
        "first_name": column(User, "first_name"),
        "last_name": column(User, "last_name"),
        "agent_number": column(Agent, "agent_number"),
        "avatar_url": column(Agent, "avatar_url"),
        "status": Field(values.status, Agent.Status.OFFLINE.value),
        "can_place_calls": column(Agent, "can_place_calls"),
        "auto_answer": column(Agent, "auto_answer"),
        "active": column(User, "is_active"),
        "role": Field(values.choice(ROLES), ROLES[0]),
        "password_hash": Field(values.password_hash, ""),  # "": nobody can log in
        "team": Field(values.team, ()),
        "languages": Field(values.list_of(values.language_code), ()),
        "outbound_numbers": Field(values.list_of(values.phone), ()),
        "sip_address": column(Agent, "sip_address", read=values.line),
    },
    {"password": values.password},
    same=str.lower,
)

MENUS = Kind(
    "menus",
    Menu,
    "id",
    {
        "id": Field(MENU_ID),
        "name": column(Menu, "name", required=True),
        "parent_id": Field(MENU_ID),
        "position": column(Menu, "position"),
        "menu_type": column(Menu, "menu_type"),
        "output_msg": column(Menu, "output_msg"),
        "hidden": column(Menu, "hidden"),
        "deleted": column(Menu, "deleted"),
        "substitute": Field(MENU_ID),
        "languages": Field(values.list_of(values.language_code), ()),
        "hours": column(Menu, "hours", read=values.hours),
        "after_hours": Field(option(DeflectionOption.Occasion.AFTER_HOURS)),
        "redirection": Field(option(DeflectionOption.Occasion.REDIRECTION)),
        "over_capacity": Field(option(DeflectionOption.Occasion.OVER_CAPACITY)),
        "recording": column(Menu, "recording"),
        "offer_type": column(Menu, "offer_type"),
        "priority": column(Menu, "priority"),
        "groups": Field(groups, ()),
        "outbound_numbers": Field(values.list_of(values.phone), ()),
    },
)

CONTACTS = Kind(
    "crm.contacts",
    Contact,
    "out_contact_id",
    {
        "out_contact_id": column(Contact, "out_contact_id", required=True),
        "name": column(Contact, "name"),
        "phones": Field(values.list_of(values.phone), ()),
        "email": column(Contact, "email"),
        "time_zone": column(
            Contact, "time_zone", read=values.time_zone(Contact._meta.get_field("time_zone").max_length)
        ),
    },
)

TICKETS = Kind(
    "crm.tickets",
    Ticket,
    "ticket_id",
    {
        "ticket_id": column(Ticket, "ticket_id", required=True),
        "contact": Field(values.text(max_length=Contact._meta.get_field("out_contact_id").max_length, required=True)),
        "url": column(Ticket, "url"),
        "closed": column(Ticket, "closed"),
    },
)

KINDS = (LANGUAGES, API_TOKENS, OUTBOUND_NUMBERS, AGENTS, MENUS, CONTACTS, TICKETS)
SECTIONS = ("languages", "api_tokens", "outbound_numbers", "agents", "menus", "crm")
CRM_SECTIONS = ("contacts", "tickets")


def unknown_keys(faults: FileFaults, path: str, value: Mapping[Any, Any], known: tuple[str, ...]) -> None:
    """Note each key of `value` that is not one of `known`."""
    for key in value:
        if key not in known:
            faults.add(below(path, str(key)), _("unknown key; known are %(known)s") % {"known": ", ".join(known)})


def read_keys(
    faults: FileFaults, path: str, value: Any, keys: Mapping[str, Read], *, required: tuple[str, ...] = ()
) -> Entry | None:
    """The mapping `value` as an Entry, or None where it is no mapping. A required key is there and not null."""
    if not isinstance(value, Mapping):
        faults.add(path, must_be_mapping())
        return None
    unknown_keys(faults, path, value, tuple(keys))
    entry = Entry(path, faults, {})
    for name, read in keys.items():
        if name not in value:
            if name in required:
                entry.fault(name, _("is missing"))
                entry.wrong.add(name)
            continue
        if not is_null(value[name]):
            found = read(faults, f"{path}.{name}", value[name])
        elif name in required:
            entry.fault(name, _("must not be empty"))
            found = WRONG
        else:
            found = None
        if found is WRONG:
            entry.wrong.add(name)
        else:
            entry.given[name] = found
    return entry


def read_list(
    faults: FileFaults,
    path: str,
    value: Any,
    keys: Mapping[str, Read],
    key: str,
    *,
    same: Callable[[Any], Any] = lambda key: key,
) -> list[Entry]:
    """The mappings in the list `value` as entries, known by their `key`. One that is named twice is a fault."""
    if not isinstance(value, list | tuple):
        faults.add(path, _("must be a list"))
        return []
    entries: dict[Any, Entry] = {}
    for index, item in enumerate(value):
        entry = read_keys(faults, f"{path}[{index}]", item, keys, required=(key,))
        if entry is None or key not in entry.given:
            continue
        entry.key = same(entry.given[key])
        if entry.key in entries:
            entry.fault(key, stands_twice(entry.given[key], entries[entry.key].path))
        else:
            entries[entry.key] = entry
    return list(entries.values())


def stands_twice(key: Any, first_path: str) -> str:
    """The sentence for a thing that one file names twice."""
    return _("%(key)s stands twice in this file, first at %(path)s; join the two") % {
        "key": shown(key),
        "path": first_path,
    }


def read_kind(faults: FileFaults, kind: Kind, value: Any) -> list[Entry]:
    """The entries in a section of the file that is a list."""
    entries = read_list(faults, kind.name, value, kind.reads, kind.key, same=kind.same)
    for entry in entries:
        for name in ("password", "token"):
            if entry.given.get(name) is not None and entry.given.get(f"{name}_hash") is not None:
                entry.fault(name, _("goes without %(name)s_hash; remove one of the two") % {"name": name})
    return entries


def read_languages(faults: FileFaults, value: Any) -> list[Entry]:
    """The entries in `languages`, which is a mapping from code to state."""
    if not isinstance(value, Mapping):
        faults.add(LANGUAGES.name, _("must be a mapping such as {en: live, fr: draft}"))
        return []
    state = LANGUAGES.fields["state"]
    entries = []
    for key, item in value.items():
        path = below(LANGUAGES.name, str(key))
        code = values.language_code(faults, path, key)
        read = None if is_null(item) else state.read(faults, path, item)
        if code is not WRONG:
            given = {"code": code} if read is WRONG else {"code": code, "state": read}
            entries.append(Entry(path, faults, given, key=code))
    return entries


def read_menus(faults: FileFaults, path: str, value: Any) -> list[Entry]:
    """The menus in the list `value`, each with its children."""
    if not isinstance(value, list | tuple):
        faults.add(path, _("must be a list"))
        return []
    entries = []
    for index, item in enumerate(value):
        entry = read_keys(faults, f"{path}[{index}]", item, {**MENUS.reads, "children": read_menus})
        if entry is None:
            continue
        entry.children = entry.given.pop("children", None) or []
        entry.key = entry.given.pop("id", None)
        for name in ("name", "menu_type"):
            if name in entry.given and entry.given[name] is None:
                entry.fault(name, _("must not be empty"))
                entry.wrong.add(name)
                del entry.given[name]
        entries.append(entry)
    return entries


def read_document(faults: FileFaults, tree: Any) -> Document:
    """What the file says, with every fault of form noted. Whether what it refers to is there is not looked at."""
    document = Document(faults, {kind.name: [] for kind in KINDS})
    if not isinstance(tree, Mapping):
        faults.add("", _("must be a mapping with %(known)s") % {"known": ", ".join(SECTIONS)})
        return document
    unknown_keys(faults, "", tree, SECTIONS)
    sections = {name: tree[name] for name in SECTIONS if name in tree and not is_null(tree[name])}
    crm = sections.pop("crm", {})
    if isinstance(crm, Mapping):
        unknown_keys(faults, "crm", crm, CRM_SECTIONS)
        sections |= {f"crm.{name}": crm[name] for name in CRM_SECTIONS if name in crm and not is_null(crm[name])}
    else:
        faults.add("crm", must_be_mapping())
    for kind in KINDS:
        if kind.name not in sections:
            continue
        section = sections[kind.name]
        if kind is LANGUAGES:
            document.entries[kind.name] = read_languages(faults, section)
        elif kind is MENUS:
            document.entries[kind.name] = read_menus(faults, kind.name, section)
        else:
            document.entries[kind.name] = read_kind(faults, kind, section)
    return document

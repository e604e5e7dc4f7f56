"""Putting files over a center in memory, one after the other, and finding what does not fit.

A reference may point to anything in any of the files, so everything they name is entered first.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from itertools import count
from typing import Any

from django.utils.translation import gettext as _

from ccai.center.faults import shown
from ccai.center.records import Center, Group, Option, Record
from ccai.center.schema import (
    AGENTS,
    API_TOKENS,
    CONTACTS,
    LANGUAGES,
    MENUS,
    OUTBOUND_NUMBERS,
    TICKETS,
    Document,
    Entry,
    OptionEntry,
    stands_twice,
)
from ccai.center.values import WRONG
from ccai.models import hash_token
from ccai.phones import wire_phone

OCCASIONS = ("after_hours", "redirection", "over_capacity")


def walk(entries: Sequence[Entry], parent: Entry | None = None) -> Iterator[tuple[Entry, Entry | None]]:
    """Every menu entry with the one it is nested in, parents first."""
    for entry in entries:
        yield entry, parent
        yield from walk(entry.children, entry)


def apply(center: Center, documents: Sequence[Document]) -> None:
    """The center's values are those of the files, each put over what was there before it. Notes faults."""
    for document in documents:
        enter(center, document)
    # Menus that a file names without an id, and that are not there yet, get these keys.
    new_keys = count(-1, -1)
    for document in documents:
        for kind in (LANGUAGES, API_TOKENS, OUTBOUND_NUMBERS, AGENTS, CONTACTS, TICKETS):
            for entry in document.entries[kind.name]:
                put(center.of(kind)[entry.key], entry)
        apply_defaults(center, document)
        apply_tokens(center, document)
        check_agents(center, document)
        check_tickets(center, document)
        MenuReader(center, document, new_keys).apply()
    check_tokens(center)
    check_new_menus(center)
    check_groups(center)


def enter(center: Center, document: Document) -> None:
    """Whatever the file names by its natural key is there, if only by name."""
    for kind in (LANGUAGES, API_TOKENS, OUTBOUND_NUMBERS, AGENTS, CONTACTS, TICKETS):
        for entry in document.entries[kind.name]:
            if entry.key not in center.of(kind):
                login = center.logins.get(entry.key) if kind is AGENTS else None
                if login:
                    center.of(kind)[entry.key] = login
                else:
                    center.add(kind, entry.key).values[kind.key] = entry.given[kind.key]
    for entry, _parent in walk(document.entries[MENUS.name]):
        if entry.key and entry.key not in center.of(MENUS):
            center.add(MENUS, entry.key).values["id"] = entry.key


def put(record: Record, entry: Entry, *, leave_out: Collection[str] = ()) -> None:
    """Every key that is given is set; null sets the default."""
    record.entries.append(entry)
    for name, value in entry.given.items():
        if name in record.kind.fields and name != record.kind.key and name not in leave_out:
            record.values[name] = record.kind.fields[name].default if value is None else value
            if name in record.rough:
                record.before.pop(name, None)


def in_order(keys: Collection[Any]) -> tuple[Any, ...]:
    """Keys whose order says nothing, sorted, so that they compare equal."""
    return tuple(sorted(keys, key=str))


def check_known(entry: Entry, name: str, known: Collection[Any], sentence: Callable[[Any], str]) -> None:
    """Note each item of the list `name` that is not one of `known`."""
    for index, key in enumerate(entry.given.get(name) or ()):
        if key is not WRONG and key not in known:
            entry.fault(f"{name}[{index}]", sentence(key))


def unknown_language(code: str) -> str:
    """The sentence for a language the center does not have."""
    return _("%(code)s is no language of the center; add it under languages") % {"code": shown(code)}


def unknown_number(number: str) -> str:
    """The sentence for a number the center does not have."""
    return _("%(number)s is no number of the center; add it under outbound_numbers") % {
        "number": shown(wire_phone(number))
    }


def unknown_agent(email: str) -> str:
    """The sentence for an agent the center does not have."""
    return _("%(email)s is no agent of the center; add it under agents") % {"email": shown(email)}


def apply_defaults(center: Center, document: Document) -> None:
    """The number that the file makes the default is the only one."""
    chosen = [entry for entry in document.entries[OUTBOUND_NUMBERS.name] if entry.given.get("default")]
    for entry in chosen[1:]:
        entry.fault(
            "default",
            _("%(number)s is the default already; only one number can be")
            % {"number": shown(wire_phone(chosen[0].key))},
        )
    if chosen:
        for number, record in center.of(OUTBOUND_NUMBERS).items():
            record.values["default"] = number == chosen[0].key


def apply_tokens(center: Center, document: Document) -> None:
    """A token that is given in the clear is hashed."""
    for entry in document.entries[API_TOKENS.name]:
        record = center.of(API_TOKENS)[entry.key]
        if entry.given.get("token") is not None:
            record.values["token_hash"] = hash_token(entry.given["token"])
        elif "token_hash" in entry.given and entry.given["token_hash"] is None:
            # There is no token without a secret: null is as good as nothing.
            record.values["token_hash"] = record.before.get("token_hash", "")


def check_tokens(center: Center) -> None:
    """Note two tokens with one secret."""
    names: dict[str, str] = {}
    records = sorted(center.of(API_TOKENS).values(), key=lambda record: bool(record.entries))
    for record in records:
        secret = record.values["token_hash"]
        if secret and secret in names and record.entries:
            entry = record.entries[-1]
            entry.fault(
                "token" if "token" in entry.given else "token_hash",
                _("is the secret of the token %(name)s too; give each its own") % {"name": shown(names[secret])},
            )
        names[secret] = record.key


def check_agents(center: Center, document: Document) -> None:
    """Note references from agents to what is not there."""
    for entry in document.entries[AGENTS.name]:
        check_known(entry, "languages", center.of(LANGUAGES), unknown_language)
        check_known(entry, "outbound_numbers", center.of(OUTBOUND_NUMBERS), unknown_number)
        record = center.of(AGENTS)[entry.key]
        for name in ("languages", "outbound_numbers"):
            record.values[name] = in_order(record.values[name])


def check_tickets(center: Center, document: Document) -> None:
    """Note references from tickets to contacts that are not there."""
    for entry in document.entries[TICKETS.name]:
        contact = entry.given.get("contact")
        if contact is not None and contact not in center.of(CONTACTS):
            entry.fault(
                "contact",
                _("%(contact)s is no contact; add it under crm.contacts") % {"contact": shown(contact)},
            )


class MenuReader:
    """Puts the menus of one file over the center's."""

    def __init__(self, center: Center, document: Document, new_keys: Iterator[int]) -> None:
        self.center = center
        self.menus = center.of(MENUS)
        self.entries = document.entries[MENUS.name]
        self.new_keys = new_keys
        self.found: dict[int, Record] = {}  # by the entry's identity
        self.first_paths: dict[int, str] = {}  # by the menu's key
        self.by_place: dict[tuple[int | None, str], list[int]] = defaultdict(list)
        for key, record in self.menus.items():
            self.by_place[record.values["parent_id"], record.values["name"]].append(key)

    def apply(self) -> None:
        """Every menu of the file is set."""
        placed = []
        for entry, parent in walk(self.entries):
            self.check_references(entry)
            record = self.place(entry, parent)
            if record:
                self.found[id(entry)] = record
                placed.append((entry, record))
        for entry, record in placed:
            self.set_values(entry, record)
        for entry, record in placed:
            if entry.key is None and len(self.candidates(record.values["parent_id"], record.values["name"])) > 1:
                entry.fault("name", self.ambiguous(record.values["name"]))
        if not self.find_loops(placed):
            self.set_types(placed)

    def ambiguous(self, name: str) -> str:
        """The sentence for a name that several menus have in one place."""
        return _("several menus are called %(name)s here; say which by its id") % {"name": shown(name)}

    def candidates(self, parent: int | None, name: str) -> list[int]:
        """The menus with this natural key: those that are not deleted, or else those that are."""
        keys = self.by_place[parent, name]
        return [key for key in keys if not self.menus[key].values["deleted"]] or keys

    def place(self, entry: Entry, outer: Entry | None) -> Record | None:
        """The record of the menu, standing where the file says and called as it says; None after a fault."""
        if entry.wrong & {"id", "parent_id"} or (outer is not None and id(outer) not in self.found):
            return None
        parent = self.parent_of(entry, outer)
        name = entry.given.get("name")
        if entry.key is None:
            if name is None:
                if "name" not in entry.wrong:
                    entry.fault("name", _("is missing; a menu without an id is known by its parent and name"))
                return None
            keys = self.candidates(parent, name)
            if len(keys) > 1:
                entry.fault("name", self.ambiguous(name))
                return None
            record = self.menus[keys[0]] if keys else self.center.add(MENUS, next(self.new_keys))
        else:
            record = self.menus[entry.key]
            if outer is None and "parent_id" not in entry.given:
                parent = record.values["parent_id"]
        if record.key in self.first_paths:
            entry.fault(
                "id" if entry.key else "name",
                stands_twice(entry.key or name, self.first_paths[record.key]),
            )
            return None
        self.first_paths[record.key] = entry.path
        here = self.by_place[record.values["parent_id"], record.values["name"]]
        if record.key in here:
            here.remove(record.key)
        record.values["parent_id"] = parent
        record.values["name"] = record.values["name"] if name is None else name
        self.by_place[parent, record.values["name"]].append(record.key)
        return record

    def parent_of(self, entry: Entry, outer: Entry | None) -> int | None:
        """The key of the menu that this one stands below, None at the top."""
        parent: int | None = entry.given.get("parent_id")
        if outer is not None:
            key: int = self.found[id(outer)].key
            if "parent_id" in entry.given and parent != key:
                entry.fault("parent_id", _("is not the menu whose children this stands among; remove it"))
            return key
        if parent is not None and parent not in self.menus:
            entry.fault("parent_id", self.unknown_menu(parent))
            entry.wrong.add("menu_type")  # nobody can say whether it needs one
            return None
        return parent

    def unknown_menu(self, menu_id: int) -> str:
        """The sentence for a menu the center does not have."""
        return _("there is no menu %(id)d; add it under menus") % {"id": menu_id}

    def check_references(self, entry: Entry) -> None:
        """Note references from the menu to what is not there."""
        check_known(entry, "languages", self.center.of(LANGUAGES), unknown_language)
        check_known(entry, "outbound_numbers", self.center.of(OUTBOUND_NUMBERS), unknown_number)
        for group in entry.given.get("groups") or ():
            check_known(group, "agents", self.center.of(AGENTS), unknown_agent)
        for occasion in OCCASIONS:
            option: OptionEntry | None = entry.given.get(occasion)
            if option is None or option.menu_id is None:
                continue
            if option.menu_id not in self.menus:
                entry.fault(f"{occasion}.menu_id", self.unknown_menu(option.menu_id))
        substitute = entry.given.get("substitute")
        if substitute is not None and substitute not in self.menus:
            entry.fault("substitute", self.unknown_menu(substitute))

    def set_values(self, entry: Entry, record: Record) -> None:
        """The other keys of the menu are set."""
        put(record, entry, leave_out=("parent_id", "name", "groups", *OCCASIONS))
        record.values["languages"] = in_order(record.values["languages"])
        if not record.values["deleted"]:
            if entry.given.get("substitute") is not None:
                entry.fault("substitute", _("goes with a deleted menu alone; remove it, or add deleted: true"))
            record.values["substitute"] = None
        elif record.values["substitute"] == record.key:
            entry.fault("substitute", _("is the menu itself; write another one's id"))
        if "groups" in entry.given:
            record.values["groups"] = self.groups(record.values["groups"], entry.given["groups"])
        for occasion in OCCASIONS:
            if occasion in entry.given:
                record.values[occasion] = self.option(entry, record, occasion)

    def option(self, entry: Entry, record: Record, occasion: str) -> Option | None:
        """What the menu does on the occasion."""
        given: OptionEntry | None = entry.given[occasion]
        if given is None:
            return None
        if given.menu_id == record.key:
            entry.fault(f"{occasion}.menu_id", _("is the menu itself; write another one's id"))
        return Option(given.kind, given.message, given.menu_id, given.number, given.after_seconds, given.active)

    def groups(self, current: tuple[Group, ...], entries: tuple[Entry, ...] | None) -> tuple[Group, ...]:
        """The groups as the file has them, in its order, and after them those it does not name; null: none."""
        if entries is None:
            return ()
        left = {group.name: group for group in current}
        named = []
        for entry in entries:
            group = left.pop(entry.key, Group(entry.key))
            if entry.given.get("deleted"):
                continue
            if "timeout_seconds" in entry.given:
                group = replace(group, timeout_seconds=entry.given["timeout_seconds"] or Group.timeout_seconds)
            if "agents" in entry.given:
                group = replace(group, agents=in_order(entry.given["agents"] or ()))
            named.append(group)
        return (*named, *left.values())

    def way_up(self, record: Record) -> list[Record]:
        """The menu, its parent, and so on up to the root, or to where a loop closes."""
        way = [record]
        while (parent := way[-1].values["parent_id"]) is not None and self.menus[parent] not in way:
            way.append(self.menus[parent])
        return way

    def find_loops(self, placed: list[tuple[Entry, Record]]) -> bool:
        """Note each menu that would stand below itself. Returns whether there is one."""
        found = False
        for entry, record in placed:
            if self.way_up(record)[-1].values["parent_id"] == record.key:
                entry.fault("parent_id", _("puts the menu below itself; write another one's id"))
                found = True
        return found

    def set_types(self, placed: list[tuple[Entry, Record]]) -> None:
        """Every menu at or below one that the file names has its root's type."""
        for entry, record in placed:
            root = self.way_up(record)[-1]
            given, wanted = entry.given.get("menu_type"), root.values["menu_type"]
            if root is not record and given and wanted and given != wanted:
                entry.fault(
                    "menu_type",
                    _("%(given)s is not the type of the topmost menu above it, %(wanted)s; leave it out")
                    % {"given": shown(given), "wanted": wanted},
                )
        touched = {record.key for entry, record in placed}
        if touched:
            for record in self.menus.values():
                way = self.way_up(record)
                if any(step.key in touched for step in way):
                    record.values["menu_type"] = way[-1].values["menu_type"]


def check_new_menus(center: Center) -> None:
    """Note new menus that lack what every menu needs."""
    for record in center.of(MENUS).values():
        if not record.is_new or not record.entries:
            continue
        entry = record.entries[0]
        wrong = set().union(*(entry.wrong for entry in record.entries))
        needed = ("name",) if record.values["parent_id"] is not None else ("name", "menu_type")
        for name in needed:
            if not record.values[name] and name not in wrong:
                entry.fault(name, _("is missing; a new menu needs it"))


def check_groups(center: Center) -> None:
    """Note menus that have both groups and children, where the files have made it so."""
    menus = center.of(MENUS)
    had_both = with_groups_and_children(menus, lambda record: record.before)
    for key in with_groups_and_children(menus, lambda record: record.values) - had_both:
        entries = [entry for entry in menus[key].entries if entry.given.get("groups")]
        for child in menus.values():
            if child.values["parent_id"] == key and not child.values["deleted"]:
                entries += child.entries
        entry = [*menus[key].entries, *entries][-1]
        entry.faults.add(
            entry.path,
            _("only a menu without children has groups, and %(name)s would have both; remove the one or the other")
            % {"name": shown(menus[key].values["name"])},
        )


def with_groups_and_children(menus: dict[int, Record], look: Callable[[Record], dict[str, Any]]) -> set[int]:
    """The keys of menus that have groups, and children that are not deleted. Deleted menus do not count."""
    alive = {key: look(record) for key, record in menus.items() if not look(record).get("deleted", True)}
    parents = {values["parent_id"] for values in alive.values()}
    return {key for key, values in alive.items() if values["groups"] and key in parents}

"""Values of a center file in the words of the file: in a table's cell, and old beside new."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from ccai.center.records import Center, Group, Option, Record
from ccai.center.schema import AGENTS, MENUS, OUTBOUND_NUMBERS
from ccai.phones import wire_phone

# Keys that stand in a file by another name too.
NAMES = {"password_hash": "password", "token_hash": "token"}
# Of these it is said that they change, and nothing else.
SECRETS = tuple(NAMES)
# More items than that, or longer text, is folded.
MOST_ITEMS = 6
MOST_LETTERS = 160


@dataclass(frozen=True)
class Side:
    """What a key had, or will have: its items, as far as they are not the same on the other side."""

    items: tuple[str, ...]

    @property
    def text(self) -> str:
        """All of it."""
        return "; ".join(self.items)

    @property
    def is_long(self) -> bool:
        """Whether it is more than one reads at a glance."""
        return len(self.items) > MOST_ITEMS or len(self.text) > MOST_LETTERS


@dataclass(frozen=True)
class Difference:
    """A key that changes, old beside new; both are None where it is a secret."""

    key: str
    before: Side | None = None
    after: Side | None = None
    same: int = 0  # items that stay as they are


def name_of(record: Record) -> str:
    """What a person calls the thing."""
    if record.kind is OUTBOUND_NUMBERS:
        return wire_phone(record.key) or ""
    if record.kind is AGENTS:
        return str(record.values["email"])
    if record.kind is MENUS:
        name = str(record.values["name"])
        return f"{record.key} {name}" if record.key > 0 else name
    return str(record.key)


def as_text(name: str, value: Any) -> str:
    """The value of an agent's key as a table's cell has it."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
    if name == "team":
        return "/".join(part.replace("/", "//") for part in value)
    if name == "outbound_numbers":
        return ", ".join(wire_phone(number) or "" for number in value)
    if name == "languages":
        return ", ".join(value)
    return str(value)


def differences(record: Record, center: Center) -> Iterator[Difference]:
    """What changes of a thing that is there already, key by key."""
    for key in record.changes():
        if key in SECRETS:
            yield Difference(NAMES[key])
            continue
        before, after = (items_of(key, values.get(key), center) for values in (record.before, record.values))
        gone = [item for item in before if item not in after]
        new = [item for item in after if item not in before]
        if not gone and not new:
            # The same in another order.
            gone, new = before, after
        yield Difference(key, Side(tuple(gone)), Side(tuple(new)), len(after) - len(new))


def items_of(key: str, value: Any, center: Center) -> list[str]:
    """The value, item by item; nothing where it says nothing."""
    if key == "hours":
        return list(_hours_items(value))
    if value is None or value in ("", ()):
        return []
    if key in WAYS:
        return WAYS[key](value, center)
    if isinstance(value, Option):
        return list(_option_items(value, center))
    if isinstance(value, tuple):
        return [str(item) for item in value]
    return [as_text(key, value)]


def _menu(key: int, center: Center) -> list[str]:
    return [name_of(center.of(MENUS)[key])]


def _groups(groups: tuple[Group, ...], center: Center) -> list[str]:
    found = []
    for group in groups:
        found.append(_("%(group)s (%(seconds)d s)") % {"group": group.name, "seconds": group.timeout_seconds})
        found += [f"{group.name}: {email}" for email in group.agents]
    return found


def _phones(numbers: tuple[str, ...], center: Center) -> list[str]:
    return [wire_phone(number) or "" for number in numbers]


WAYS: dict[str, Callable[[Any, Center], list[str]]] = {
    "parent_id": _menu,
    "substitute": _menu,
    "groups": _groups,
    "outbound_numbers": _phones,
    "phones": _phones,
    "team": lambda path, center: [as_text("team", path)],
}


def _option_items(option: Option, center: Center) -> Iterator[str]:
    """The keys of a deflection that are given."""
    yield f"kind: {option.kind}"
    if option.message:
        yield f"message: {option.message}"
    if option.menu is not None:
        yield f"menu_id: {_menu(option.menu, center)[0]}"
    if option.number:
        yield f"number: {wire_phone(option.number)}"
    if option.after_seconds is not None:
        yield f"after_seconds: {option.after_seconds}"
    if not option.active:
        yield f"active: {as_text('active', option.active)}"


def _hours_items(hours: Any) -> Iterator[str]:
    """A line for the time zone, each weekday, each holiday and each exception."""
    if not isinstance(hours, Mapping):
        yield _("always open")
        return
    for key, value in hours.items():
        if key == "weekly" and isinstance(value, Mapping):
            yield from (f"{day}: {', '.join(map(str, periods))}" for day, periods in value.items() if periods)
        elif isinstance(value, list):
            yield from (f"{key}: {_day(item)}" for item in value)
        else:
            yield f"{key}: {value}"


def _day(item: Any) -> str:
    """A holiday or an exception: a country, or a date with its name and periods."""
    if not isinstance(item, Mapping):
        return str(item)
    periods = ", ".join(map(str, item.get("hours") or ())) or _("closed")
    return " ".join(filter(None, (str(item.get("date", "")), str(item.get("name", "")), periods)))

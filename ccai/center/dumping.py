"""The verb that dumps: the whole center as YAML, in a fixed order, without what is at its default."""

from collections import defaultdict
from typing import Any

import yaml
from django.conf import settings
from django.utils.translation import gettext as _

from ccai.center.applying import with_groups_and_children
from ccai.center.records import Center, Group, Option, Record, read_center, read_whole_crm
from ccai.center.schema import AGENTS, API_TOKENS, CONTACTS, LANGUAGES, MENUS, OUTBOUND_NUMBERS, TICKETS, Kind
from ccai.phones import wire_phone
from menus.hours import WEEKDAYS

Dumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
SECRETS = ("password_hash", "token_hash")
LINE_LENGTH = 120


class Quoted(str):
    """Text that is written in quotes, so that no reader takes it for a number."""

    __slots__ = ()


class CenterDumper(Dumper):
    """Writes lists of scalars on one line, everything else in lines of its own."""

    def ignore_aliases(self, data: Any) -> bool:
        """Values that are the same are written out each time."""
        return True


def represent_quoted(dumper: Any, text: Quoted) -> yaml.Node:
    """Text in double quotes."""
    node: yaml.Node = dumper.represent_scalar("tag:yaml.org,2002:str", str(text), style='"')
    return node


def represent_list(dumper: Any, items: list[Any]) -> yaml.Node:
    """Scalars on one line."""
    is_flat = not any(isinstance(item, dict | list) for item in items)
    node: yaml.Node = dumper.represent_sequence("tag:yaml.org,2002:seq", items, flow_style=is_flat)
    return node


CenterDumper.add_representer(Quoted, represent_quoted)
CenterDumper.add_representer(list, represent_list)


def dump_center(*, secrets: bool = True) -> str:
    """The center as YAML. Loaded on an empty database it gives the same center.

    `secrets`: with the hashes of passwords and tokens, so that people and programs log in there as here.
    An emergency closing is of the hour and not of the center: it is not written, and loading a file leaves it be.
    """
    center = read_center()
    read_whole_crm(center)
    crm = {
        "contacts": [contact_item(record) for record in center.of(CONTACTS).values()],
        "tickets": [ticket_item(record) for record in center.of(TICKETS).values()],
    }
    sections = {
        "languages": {code: record.values["state"] for code, record in center.of(LANGUAGES).items()},
        "api_tokens": [items(record, secrets) for record in center.of(API_TOKENS).values()],
        "outbound_numbers": [
            {"number": phone(number)} | items(record, secrets, leave_out=("number",))
            for number, record in center.of(OUTBOUND_NUMBERS).items()
        ],
        "agents": [agent_item(record, secrets) for record in center.of(AGENTS).values()],
        "menus": menu_items(center),
        "crm": {name: found for name, found in crm.items() if found},
    }
    header = [
        _("The center %(name)s. Load it with: python manage.py load_center FILE") % {"name": settings.CCAI_SUBDOMAIN}
    ]
    if secrets:
        header.append(_("It holds the hashes of passwords and API tokens: keep it where nobody else reads it."))
    body = yaml.dump(
        {name: found for name, found in sections.items() if found},
        Dumper=CenterDumper,
        sort_keys=False,
        allow_unicode=True,
        width=LINE_LENGTH,
    )
    return "".join(f"# {line}\n" for line in header) + body


def phone(number: str) -> Quoted:
    """A number as it is shown."""
    return Quoted(wire_phone(number))


def items(record: Record, secrets: bool = True, *, leave_out: tuple[str, ...] = ()) -> dict[str, Any]:
    """The keys of a thing that are not at their default, in the order of the schema."""
    kind: Kind = record.kind
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in record.values.items()
        if value != kind.fields[name].default and name not in leave_out and (secrets or name not in SECRETS)
    }


def agent_item(record: Record, secrets: bool) -> dict[str, Any]:
    """An agent."""
    item = items(record, secrets)
    if "team" in item:
        item["team"] = item["team"] if any("/" in name for name in item["team"]) else "/".join(item["team"])
    if "outbound_numbers" in item:
        item["outbound_numbers"] = [phone(number) for number in item["outbound_numbers"]]
    return item


def menu_items(center: Center) -> list[dict[str, Any]]:
    """The menus at the top, with all that is below them."""
    menus = center.of(MENUS)
    below: dict[int | None, list[Record]] = defaultdict(list)
    for record in menus.values():
        below[record.values["parent_id"]].append(record)
    # Groups of a menu that has children take no calls, and a file that has both is refused.
    idle = with_groups_and_children(menus, lambda record: record.values)
    emails = {key: agent.values["email"] for key, agent in center.of(AGENTS).items()}

    def item(record: Record) -> dict[str, Any]:
        found = items(record, leave_out=("parent_id", "groups"))
        if record.values["parent_id"] is not None:
            found.pop("menu_type", None)
        if "hours" in found:
            found["hours"] = hours_item(found["hours"])
        for name, value in found.items():
            if isinstance(value, Option):
                found[name] = option_item(value)
        if record.values["groups"] and record.key not in idle:
            found["groups"] = [group_item(group, emails) for group in record.values["groups"]]
        if "outbound_numbers" in found:
            found["outbound_numbers"] = [phone(number) for number in found.pop("outbound_numbers")]
        if below[record.key]:
            found["children"] = [item(child) for child in below[record.key]]
        return found

    return [item(record) for record in below[None]]


def group_item(group: Group, emails: dict[str, str]) -> dict[str, Any]:
    """A group of a menu."""
    item: dict[str, Any] = {"name": group.name}
    if group.timeout_seconds != Group.timeout_seconds:
        item["timeout_seconds"] = group.timeout_seconds
    if group.agents:
        item["agents"] = [emails[key] for key in group.agents]
    return item


def option_item(option: Option) -> dict[str, Any]:
    """What a menu does on an occasion."""
    found: dict[str, Any] = {"after_seconds": option.after_seconds, "kind": option.kind, "message": option.message}
    if option.kind == "queue":
        found["menu_id"] = option.menu
    if option.kind == "phone":
        found["number"] = phone(option.number)
    if not option.active:
        found["active"] = False
    return {name: value for name, value in found.items() if value not in (None, "")}


def hours_item(hours: dict[str, Any]) -> dict[str, Any]:
    """Opening hours in the order in which people read them; a database may keep them in another."""
    item = dict(hours)
    found: dict[str, Any] = {
        name: item.pop(name) for name in ("time_zone", "weekly", "holidays", "exceptions") if name in item
    }
    if "weekly" in found:
        found["weekly"] = {day: periods(found["weekly"][day]) for day in WEEKDAYS if day in found["weekly"]}
    for name in ("holidays", "exceptions"):
        if name in found:
            found[name] = [day_item(day) for day in found[name]]
    return found


def day_item(day: Any) -> Any:
    """A day with its own hours; a country's code is written in quotes, for NO is no `no`."""
    if not isinstance(day, dict):
        return Quoted(day)
    found = {name: day[name] for name in ("name", "date", "hours") if name in day}
    if "hours" in found:
        found["hours"] = periods(found["hours"])
    return found


def periods(texts: list[str]) -> list[Quoted]:
    """Periods of a day, each in quotes."""
    return [Quoted(text) for text in texts]


def contact_item(record: Record) -> dict[str, Any]:
    """A contact of the CRM."""
    item = items(record) | {"out_contact_id": Quoted(record.key)}
    if "phones" in item:
        item["phones"] = [phone(number) for number in item["phones"]]
    return item


def ticket_item(record: Record) -> dict[str, Any]:
    """A ticket of the CRM."""
    item = items(record) | {"ticket_id": Quoted(record.key)}
    if "contact" in item:
        item["contact"] = Quoted(item["contact"])
    return item

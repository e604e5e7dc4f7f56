"""What was changed, in the words of people: columns by their names, values as the pages show them."""

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db.models import BooleanField, DateTimeField, Field, Model
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext

from ccai.audit import named_links
from ccai.audited import AUDITED, Audited
from ccai.form_values import NOTHING
from ccai.models import AuditEntry
from ccai.personal import MASK, masked_phone, masked_text
from ccai.phones import wire_phone

# "name" of the thing itself; "groups[12]", a part of it, and "groups[12].name", a column of the part.
KEY = re.compile(r"(?:(?P<parts>\w+)\[(?P<pk>[^\]]*)\]\.?)?(?P<column>\w*)")
E164 = re.compile(r"\+\d{5,15}")


@dataclass(frozen=True)
class Row:
    """A line of the table. Where only that it was changed is known, both sides are None."""

    name: str
    before: str | None
    after: str | None


@dataclass(frozen=True)
class Changed:
    """One column that is not as it was: of the thing, or of a part of it."""

    model: type[Model] | None  # the part's; None where there is no such table any more
    part: str  # "Group First" where it is one of a part
    column: str  # "" where it is the part itself that was added or deleted
    pair: list[Any] | None

    @property
    def rule(self) -> Audited | None:
        """What is recorded of that table."""
        return AUDITED.get(self.model._meta.label_lower) if self.model else None

    @property
    def field(self) -> Field | None:
        """The column; None where there is no such column any more."""
        try:
            found: Any = self.model._meta.get_field(self.column) if self.model and self.column else None
        except FieldDoesNotExist:
            return None
        return found

    @property
    def is_personal(self) -> bool:
        """Whether it says something of an end user."""
        return bool(self.rule and (self.column in self.rule.personal or (self.rule.is_personal and not self.column)))

    @property
    def name(self) -> str:
        """What people call the column."""
        field = self.field
        name = str(field.verbose_name) if field is not None else self.column
        if not self.part:
            return capfirst(name) or ""
        return f"{self.part}: {name}" if name else self.part


def kind_of(model: str) -> str:
    """What people call such a thing; the label itself where there is no such thing any more."""
    table = table_of(model)
    return capfirst(str(table._meta.verbose_name)) or "" if table else model


def table_of(model: str) -> type[Model] | None:
    """The model with this label; None where there is none any more."""
    try:
        return apps.get_model(model)
    except (LookupError, ValueError):
        return None


def changed_names(entry: AuditEntry) -> list[str]:
    """What people call the columns that are not as they were, each once; parts by their kind alone."""
    return list(dict.fromkeys(one.name for one in read_changes(entry, named=False)))


def rows_of(entry: AuditEntry, *, clear: bool) -> list[Row]:
    """A line for each column that is not as it was, in the words of people; personal data masked unless `clear`."""
    changes = list(read_changes(entry, named=True, clear=clear))
    things = read_things(changes, clear=clear)
    rows = []
    for one in changes:
        if one.pair is None:
            rows.append(Row(one.name, None, None))
        else:
            before, after = apart(*one.pair)
            rows.append(Row(one.name, shown(before, one, things, clear=clear), shown(after, one, things, clear=clear)))
    return rows


def read_changes(entry: AuditEntry, *, named: bool, clear: bool = False) -> Iterator[Changed]:
    """What the entry says, the thing's own columns first, then part by part; of a part that was added or deleted, that
    it was. Parts are called by name where `named`, those of end users only where `clear` too."""
    thing = table_of(entry.model)
    for key, pair in sorted(entry.changes.items(), key=lambda item: ("[" in item[0], item[0])):
        match = KEY.fullmatch(key)
        if match is None:
            continue
        parts, pk, column = match["parts"], match["pk"], match["column"]
        if not parts:
            yield Changed(thing, "", column, pair)
            continue
        model = part_model(thing, parts)
        rule = AUDITED.get(model._meta.label_lower) if model else None
        kind = capfirst(str(model._meta.verbose_name)) if model else parts
        old, new = entry.changes.get(f"{parts}[{pk}]") or (None, None)
        is_named = named and (clear or not (rule and rule.is_personal))
        if column:
            yield Changed(model, f"{kind} “{new or old}”" if is_named and (new or old) else str(kind), column, pair)
        elif old is None or new is None:
            yield Changed(model, str(kind), "", pair)


def part_model(thing: type[Model] | None, accessor: str) -> type[Model] | None:
    """The model of the things that `accessor` leads to; None where it leads nowhere any more."""
    try:
        found: Any = thing._meta.get_field(accessor).related_model if thing else None
    except FieldDoesNotExist:
        return None
    return found


def apart(before: Any, after: Any) -> tuple[Any, Any]:
    """What differs between two values: of lists and of objects only what is in one of them, or not alike in both."""
    if isinstance(before, list) and isinstance(after, list):
        return [item for item in before if item not in after], [item for item in after if item not in before]
    if isinstance(before, dict) and isinstance(after, dict):
        keys = [key for key in {**before, **after} if before.get(key) != after.get(key)]
        return (
            {key: before[key] for key in keys if key in before},
            {key: after[key] for key in keys if key in after},
        )
    return before, after


def read_things(changes: list[Changed], *, clear: bool) -> dict[tuple[str, str], str]:
    """The names of the things that values lead to, by (model's label, key), in one query for each kind."""
    wanted: dict[type[Model], set[Any]] = defaultdict(set)
    for one in changes:
        link = named_links(one.model).get(one.column) if one.model else None
        if link is None or one.pair is None:
            continue
        related: Any = link.related_model
        for value in one.pair:
            wanted[related].update(value if isinstance(value, list) else [value])
    found = {}
    for model, keys in wanted.items():
        rule = AUDITED.get(model._meta.label_lower)
        along = rule.named_by if rule else ()
        usable = [key for key in keys if is_key(model, key)]
        for key, thing in model._base_manager.select_related(*along).in_bulk(usable).items():
            name = str(thing)
            hidden = rule is not None and rule.is_personal and not clear
            found[model._meta.label, str(key)] = (masked_text(name) or "") if hidden else name
    return found


def is_key(model: type[Model], value: Any) -> bool:
    """Whether `value` may be a key of such a thing."""
    try:
        return value is not None and model._meta.pk.to_python(value) is not None
    except ValidationError:
        return False


def shown(value: Any, one: Changed, things: dict[tuple[str, str], str], *, clear: bool) -> str:
    """The value as people read it."""
    field: Any = one.field
    link = named_links(one.model).get(one.column) if one.model else None
    if value in (None, "", [], {}):
        return NOTHING
    if link is not None:
        related: Any = link.related_model
        keys = value if isinstance(value, list) else [value]
        return "\n".join(things.get((related._meta.label, str(key)), f"#{key}") for key in keys)
    if one.is_personal and not clear:
        if isinstance(value, str):
            return (masked_phone(value) if E164.fullmatch(value) else masked_text(value)) or NOTHING
        return MASK * 3
    if isinstance(field, BooleanField):
        return gettext("Yes") if value else gettext("No")
    if isinstance(field, DateTimeField):
        return timezone.localtime(datetime.fromisoformat(value)).strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, indent=2)
    if isinstance(value, str) and E164.fullmatch(value):
        return wire_phone(value) or value
    choices = dict(field.flatchoices) if field is not None else {}
    return str(choices.get(value, value))

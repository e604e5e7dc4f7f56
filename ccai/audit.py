"""Who changed what: an entry for each thing that a person changes, written in the transaction that changes it.

What is written reaches this through the database's own compilers (ccai/databases), by whatever door it comes: save(),
update(), bulk_create(), many-to-many, a cascade. Where no person acts, nothing is read and nothing is written.

One transaction leaves one entry for a thing, however many statements it takes, and what is edited on a thing's page
(`Audited.part_of`) stands in the entry of that thing: `groups[12].name` is the name of its group 12.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from django.db.models import Field as Column
from django.db.models import FileField, ForeignKey, ManyToManyField, Model

from ccai.acting import Actor, actor, notes
from ccai.audited import AUDITED, Audited
from ccai.models import AuditEntry, StagedFile
from ccai.times import now

Action = AuditEntry.Action
# [before, after]; None where only that it was changed is kept.
Pair = list[Any] | None
# (the row, its name before, its values before and after, what was done)
RowChange = tuple[Model, str, Mapping[str, Any], Mapping[str, Any], str]
# What the clock forgets at a time.
BATCH = 1000
# It may hold passwords and tokens as they are.
KEEP_STAGED = timedelta(minutes=15)
NAME_LENGTH = 200

_reason: ContextVar[str] = ContextVar("reason", default="")
_follows: ContextVar[bool] = ContextVar("follows", default=False)


@contextmanager
def because(reason: str) -> Iterator[None]:
    """What is changed within it is changed for this reason."""
    token = _reason.set(reason)
    try:
        yield
    finally:
        _reason.reset(token)


@contextmanager
def what_follows() -> Iterator[None]:
    """What is changed within it follows from what is recorded beside it, as others make room for what a person moves:
    it has no entries of its own."""
    token = _follows.set(True)
    try:
        yield
    finally:
        _follows.reset(token)


@dataclass
class Change:
    """What was done to one thing."""

    thing: Model
    action: str
    pairs: dict[str, Pair] = field(default_factory=dict)

    @property
    def key(self) -> tuple[str, str]:
        """Which thing it is."""
        return self.thing._meta.label_lower, str(self.thing.pk)


def rule_of(model: type[Model]) -> Audited | None:
    """What is recorded of the rows of `model`; None where nothing is."""
    return AUDITED.get(model._meta.label_lower)


def link_of(model: type[Model]) -> ManyToManyField | None:
    """The many-to-many field whose rows those of `model` are, where it is recorded; None for any other table."""
    owner: Any = model._meta.auto_created
    rule = rule_of(owner) if owner else None
    if rule is None:
        return None
    links: Iterable[Any] = owner._meta.many_to_many
    link: ManyToManyField = next(link for link in links if through(link)._meta.label == model._meta.label)
    return None if link.name in rule.leaves_out else link


def through(link: ManyToManyField) -> type[Model]:
    """The model of the many-to-many field's rows."""
    model: Any = link.remote_field.through
    return model


def recorded_actor() -> Actor | None:
    """The person who acts, where one does: programs, the clock and what_follows() leave no entries."""
    acts = actor()
    return None if acts is None or acts.is_program or _follows.get() else acts


def recorded_columns(model: type[Model], rule: Audited) -> list[Column]:
    """The columns of `model` whose values are recorded."""
    return [
        column
        for column in model._meta.concrete_fields
        if column.name not in rule.leaves_out and not column.primary_key and column.name != rule.part_of
    ]


def read_along(rule: Audited) -> tuple[str, ...]:
    """What is to be read with a row, so that it can be named, and the thing whose part it is."""
    return (*rule.named_by, *((rule.part_of,) if rule.part_of else ()))


def values_of(row: Model, columns: Iterable[Column]) -> dict[str, Any]:
    """The row's values as JSON has them."""
    return {column.name: _as_json(column, column.value_from_object(row)) for column in columns}


def _as_json(column: Column, value: Any) -> Any:
    if hasattr(value, "resolve_expression"):
        return None  # the database's own default
    if isinstance(column, FileField):
        return value.name if value else ""
    if isinstance(value, datetime):
        return value.isoformat()
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return json.loads(json.dumps(value, cls=DjangoJSONEncoder, default=str))


def row_changes(rows: Iterable[RowChange], rule: Audited, acts: Actor) -> list[Change]:
    """What was done to each row; nothing where its values agree."""
    changes = []
    for row, old_name, before, after, action in rows:
        pairs: dict[str, Pair] = {}
        for name in before.keys() | after.keys():
            pair = [before.get(name), after.get(name)]
            if _is_same(pair, action) or (rule.own and name == rule.own[0] and _is_own(row, rule.own[1], acts)):
                continue
            pairs[name] = None if name in rule.hidden else pair
        if not pairs and action == Action.CHANGED:
            continue
        changes.append(_placed(row, rule, action, pairs, old_name))
    return changes


def _is_same(pair: Sequence[Any], action: str) -> bool:
    """What is empty says nothing of a thing that is added or deleted."""
    return pair[0] == pair[1] or (action != Action.CHANGED and all(value in (None, "", [], {}) for value in pair))


def _is_own(row: Model, column: str, acts: Actor) -> bool:
    return acts.user_id is not None and getattr(row, column) == acts.user_id


def _placed(row: Model, rule: Audited, action: str, pairs: dict[str, Pair], old_name: str) -> Change:
    """The change of the row, or of the thing whose part it is."""
    if not rule.part_of:
        return Change(row, action, pairs)
    key = part_key(row, rule)
    name = str(row)[:NAME_LENGTH]
    names = [None if action == Action.ADDED else old_name, None if action == Action.DELETED else name]
    inner = {f"{key}.{column}": pair for column, pair in pairs.items()}
    return Change(getattr(row, rule.part_of), Action.CHANGED, {key: names, **inner})


def part_key(row: Model, rule: Audited) -> str:
    """How an entry of the thing calls the row that is a part of it: `groups[12]`."""
    link: Any = row._meta.get_field(rule.part_of)
    return f"{link.remote_field.get_accessor_name()}[{row.pk}]"


def link_changes(
    link: ManyToManyField, before: Mapping[Any, set[Any]], after: Mapping[Any, set[Any]], using: str
) -> list[Change]:
    """What was done to each owner's side of the many-to-many field: the ids that it led to, before and after."""
    owner = link.model
    rule = AUDITED[owner._meta.label_lower]
    changed = [pk for pk in before.keys() | after.keys() if before.get(pk, set()) != after.get(pk, set())]
    rows = owner._base_manager.using(using).select_related(*read_along(rule)).in_bulk(changed)
    return [
        _placed(
            row,
            rule,
            Action.CHANGED,
            {link.name: [sorted(before.get(pk, set())), sorted(after.get(pk, set()))]},
            str(row)[:NAME_LENGTH],
        )
        for pk, row in rows.items()
    ]


def write(changes: Iterable[Change], acts: Actor, using: str) -> None:
    """There is an entry of what has been done to each thing. What this transaction has written of a thing is part of
    its entry; where nothing is left of all that, there is none."""
    folded: dict[tuple[str, str], Change] = {}
    for change in changes:
        rule = rule_of(type(change.thing))
        if rule and rule.everyday and acts.door.startswith(rule.everyday):
            continue
        known = folded.get(change.key)
        folded[change.key] = change if known is None else _together(known.action, known.pairs, change)
    if not folded:
        return
    written = _written(using)
    entries = AuditEntry.objects.using(using)
    wanted = [written[key] for key in folded if key in written]
    earlier = {(entry.model, entry.object_id): entry for entry in entries.filter(pk__in=wanted)} if wanted else {}
    # SQLite gives a key that was rolled back again, to another thing's entry.
    earlier = {key: entry for key, entry in earlier.items() if key in folded}
    at, new = now(), []
    for key, then in folded.items():
        entry = earlier.get(key)
        change = _together(entry.action, entry.changes, then) if entry else then
        if entry is not None and entry.action == Action.ADDED and change.action == Action.DELETED:
            continue
        if change.action == Action.CHANGED and not change.pairs:
            continue
        new.append(_entry(change, acts, at, entry))
    if earlier:
        entries.filter(pk__in=[entry.pk for entry in earlier.values()]).delete()
    for entry in entries.bulk_create(new, batch_size=BATCH):
        written[entry.model, entry.object_id] = entry.pk


def _written(using: str) -> dict[tuple[str, str], int]:
    """The entries that this transaction has written for whoever acts. One that is rolled back may leave keys behind,
    of entries that are not there, and forgets what it would do on commit: so each time it is told anew."""
    written: dict[tuple[str, str], int] = notes().setdefault("audit entries", {})
    transaction.on_commit(written.clear, using=using)
    return written


def _together(action: str, pairs: Mapping[str, Pair], then: Change) -> Change:
    """One change that comes to the two: `action` with `pairs`, and `then`."""
    merged = dict(pairs)
    for name, pair in then.pairs.items():
        known = merged.get(name)
        merged[name] = pair if known is None or pair is None else [known[0], pair[1]]
    told = {name for name, pair in merged.items() if pair is None or pair[0] != pair[1]}
    parts = {name.split(".")[0] for name in told}
    merged = {name: pair for name, pair in merged.items() if name in told or name in parts}
    if action == Action.ADDED and then.action == Action.CHANGED:
        return Change(then.thing, Action.ADDED, merged)
    if action == Action.DELETED and then.action == Action.ADDED:
        return Change(then.thing, Action.CHANGED, merged)
    return Change(then.thing, then.action, merged)


def _entry(change: Change, acts: Actor, at: datetime, earlier: AuditEntry | None) -> AuditEntry:
    model, object_id = change.key
    is_themselves = model == settings.AUTH_USER_MODEL.lower() and object_id == str(acts.user_id)
    return AuditEntry(
        at=earlier.at if earlier else at,
        user_id=None if is_themselves and change.action == Action.DELETED else acts.user_id,
        who=acts.name,
        address=acts.address,
        door=acts.door,
        action=change.action,
        model=model,
        object_id=object_id,
        object_name=str(change.thing)[:NAME_LENGTH],
        changes=change.pairs,
        reason=_reason.get() or (earlier.reason if earlier else ""),
    )


def forget(at: datetime) -> int:
    """Entries older than CCAI_AUDIT_DAYS are no more, nor files that were uploaded KEEP_STAGED ago and never applied:
    a batch of each. Returns how many that was."""
    old = AuditEntry.objects.filter(at__lt=at - timedelta(days=settings.CCAI_AUDIT_DAYS)).order_by("at", "pk")
    stale = StagedFile.objects.filter(created_at__lt=at - KEEP_STAGED).order_by("created_at")
    done = 0
    for rows in (old, stale):
        if keys := list(rows.values_list("pk", flat=True)[:BATCH]):
            done += rows.model._default_manager.filter(pk__in=keys).delete()[0]
    return done


def named_links(model: type[Model]) -> dict[str, ForeignKey | ManyToManyField]:
    """The fields of `model` that lead to other things, by name."""
    fields: Iterable[Any] = (*model._meta.concrete_fields, *model._meta.many_to_many)
    return {one.name: one for one in fields if isinstance(one, ForeignKey | ManyToManyField)}

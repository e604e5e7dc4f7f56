"""Mixed into the compilers of statements that write: what they change is read before and after, and recorded.

Where no person acts, or nothing of the table is recorded, the statement runs as it is.
"""

from collections import defaultdict
from typing import Any

from django.db import NotSupportedError, transaction
from django.db.models import ManyToManyField, Model, QuerySet, prefetch_related_objects
from django.db.models.sql import Query
from django.db.models.sql.compiler import SQLCompiler

from ccai import audit
from ccai.acting import Actor
from ccai.audited import Audited

Links = dict[Any, set[Any]]


def ends_of(link: ManyToManyField) -> tuple[str, str]:
    """The columns of a many-to-many row: its owner's key, and the key of what it leads to."""
    columns: Any = audit.through(link)._meta
    owner, target = link.m2m_field_name(), link.m2m_reverse_field_name()
    return columns.get_field(owner).attname, columns.get_field(target).attname


def links_of(link: ManyToManyField, owners: set[Any], using: str) -> Links:
    """What each of `owners` leads to now."""
    owner, target = ends_of(link)
    rows = audit.through(link)._base_manager.using(using).filter(**{f"{owner}__in": owners})
    return by_owner(rows.values_list(owner, target))


def by_owner(pairs: Any) -> Links:
    """(owner, target) pairs as a set of targets for each owner."""
    found: Links = defaultdict(set)
    for owner, target in pairs:
        found[owner].add(target)
    return found


class Recorded(SQLCompiler):
    """What the three have in common."""

    query: Any
    using: Any

    def matched(self) -> QuerySet:
        """The rows that the statement's WHERE finds."""
        inner = self.query.chain(klass=Query)
        inner.get_initial_alias()
        inner.clear_ordering(force=True)
        inner.select_related = False
        inner.select_for_update = False
        inner.clear_select_clause()
        inner.add_fields([self.query.get_meta().pk.name])
        return self.query.model._base_manager.using(self.using).filter(pk__in=inner).order_by("pk")

    def locked(self, rule: Audited) -> list[Model]:
        """Those rows, with what names them, locked until the transaction ends, as an UPDATE locks them: what is made
        meanwhile may refer to them, such as a call to its menu."""
        rows = self.matched().select_related(*audit.read_along(rule))
        return list(rows.select_for_update(of=("self",), no_key=True))


class RecordedInsert(Recorded):
    """An INSERT that leaves entries. Of rows that are there already it cannot tell whether they were left as they were,
    so an INSERT of recorded things that passes over or replaces them (ignore_conflicts, update_conflicts) is refused,
    whoever acts."""

    def execute_sql(self, returning_fields: Any = None) -> Any:  # type: ignore[override]
        """As Django's."""
        model = self.query.model
        rule, link = audit.rule_of(model), audit.link_of(model)
        if rule and self.query.on_conflict is not None:
            raise NotSupportedError(
                f"{model._meta.label} is recorded: bulk_create() cannot ignore or update rows that are there already. "
                "Look for them first, and create or update() each kind."
            )
        acts = audit.recorded_actor() if rule or link else None
        if acts and rule:
            with transaction.atomic(using=self.using, savepoint=False):
                return self.insert_rows(rule, acts, returning_fields)
        if acts and link:
            with transaction.atomic(using=self.using, savepoint=False):
                return self.insert_links(link, acts, returning_fields)
        return super().execute_sql(returning_fields)

    def insert_rows(self, rule: Audited, acts: Actor, returning_fields: Any) -> Any:
        """Run the statement and record what is there now."""
        rows: Any = super().execute_sql(returning_fields)
        key = self.query.get_meta().pk
        if key in (returning_fields or ()):
            # A moment later Django gives the objects these keys, too.
            place = returning_fields.index(key)
            for one, values in zip(self.query.objs, rows, strict=True):
                setattr(one, key.attname, values[place])
        objects = list(self.query.objs)
        prefetch_related_objects(objects, *audit.read_along(rule))
        columns = audit.recorded_columns(self.query.model, rule)
        added: list[audit.RowChange] = [
            (one, "", {}, audit.values_of(one, columns), audit.Action.ADDED) for one in objects
        ]
        audit.write(audit.row_changes(added, rule, acts), acts, self.using)
        return rows

    def insert_links(self, link: ManyToManyField, acts: Actor, returning_fields: Any) -> Any:
        """Run the statement and record what is led to now."""
        owner, target = ends_of(link)
        added = by_owner((getattr(row, owner), getattr(row, target)) for row in self.query.objs)
        before = links_of(link, set(added), self.using)
        rows = super().execute_sql(returning_fields)
        after = {key: before.get(key, set()) | targets for key, targets in added.items()}
        audit.write(audit.link_changes(link, before, after, self.using), acts, self.using)
        return rows


class RecordedUpdate(Recorded):
    """An UPDATE that leaves entries."""

    def execute_sql(self, result_type: Any) -> Any:  # type: ignore[override]
        """As Django's."""
        model = self.query.model
        rule = audit.rule_of(model)
        written = {field.name for field, _model, _value in self.query.values}
        columns = [column for column in audit.recorded_columns(model, rule) if column.name in written] if rule else []
        acts = audit.recorded_actor() if columns else None
        if rule is None or acts is None:
            return super().execute_sql(result_type)
        with transaction.atomic(using=self.using, savepoint=False):
            rows = self.locked(rule)
            names = {row.pk: str(row)[: audit.NAME_LENGTH] for row in rows}
            before = {row.pk: audit.values_of(row, columns) for row in rows}
            if self.connection.features.has_select_for_update:
                # No row that has come to match in between, of which nothing would be recorded.
                self.query.add_filter("pk__in", list(before))
            result = super().execute_sql(result_type)
            if result != len(rows) or not self.is_plain():
                fresh = model._base_manager.using(self.using).select_related(*audit.read_along(rule))
                rows = list(fresh.in_bulk(before).values())
            else:
                self.set_values(rows)
            changed: list[audit.RowChange] = [
                (row, names[row.pk], before[row.pk], audit.values_of(row, columns), audit.Action.CHANGED)
                for row in rows
            ]
            audit.write(audit.row_changes(changed, rule, acts), acts, self.using)
        return result

    def is_plain(self) -> bool:
        """Whether every value is known here, so that nothing need be read again: none is worked out by the database."""
        return not any(hasattr(value, "resolve_expression") for _field, _model, value in self.query.values)

    def set_values(self, rows: list[Model]) -> None:
        """The rows are as they are in the table now."""
        for column, _model, value in self.query.values:
            plain = value.pk if isinstance(value, Model) else column.to_python(value)
            for row in rows:
                setattr(row, column.attname, plain)


class RecordedDelete(Recorded):
    """A DELETE that leaves entries."""

    def execute_sql(self, result_type: Any) -> Any:  # type: ignore[override]
        """As Django's."""
        model = self.query.model
        rule, link = audit.rule_of(model), audit.link_of(model)
        acts = audit.recorded_actor() if rule or link else None
        if acts and rule:
            with transaction.atomic(using=self.using, savepoint=False):
                columns = audit.recorded_columns(model, rule)
                deleted: list[audit.RowChange] = [
                    (row, str(row)[: audit.NAME_LENGTH], audit.values_of(row, columns), {}, audit.Action.DELETED)
                    for row in self.locked(rule)
                ]
                result = super().execute_sql(result_type)
                audit.write(audit.row_changes(deleted, rule, acts), acts, self.using)
                return result
        if acts and link:
            with transaction.atomic(using=self.using, savepoint=False):
                gone = by_owner(self.matched().values_list(*ends_of(link)))
                result = super().execute_sql(result_type)
                after = links_of(link, set(gone), self.using)
                before = {key: after.get(key, set()) | targets for key, targets in gone.items()}
                audit.write(audit.link_changes(link, before, after, self.using), acts, self.using)
                return result
        return super().execute_sql(result_type)

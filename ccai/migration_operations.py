"""Changes of large tables that are in use: indexes and constraints that are added without keeping writers waiting.

On PostgreSQL an index is built CONCURRENTLY, and a check is added NOT VALID and validated afterwards, each statement in
a transaction of its own: a migration that uses these has `atomic = False`. One that was interrupted is run again: what
is there is left alone, and what a broken build left behind is built anew. On SQLite, which has one writer anyway, they
are the plain operations. All of them can be reversed.
"""

from typing import Any

from django.db import NotSupportedError, transaction
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations import AddConstraint, AddIndex, RemoveConstraint, RemoveIndex
from django.db.models import BaseConstraint, Index, Model, UniqueConstraint

Editor = BaseDatabaseSchemaEditor


def add_index(model: type[Model], index: Index, editor: Editor) -> None:
    """`model`'s table has `index`."""
    if _is_built(model, index.name, editor):
        return
    if _in_steps(editor):
        editor.execute(index.create_sql(model, editor, concurrently=True), params=None)
    else:
        with transaction.atomic(using=editor.connection.alias):
            editor.add_index(model, index)


def remove_index(model: type[Model], index: Index, editor: Editor) -> None:
    """`model`'s table does not have `index`."""
    if not _exists(model, index.name, editor):
        return
    if _in_steps(editor):
        editor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {editor.quote_name(index.name)}", params=None)
    else:
        editor.remove_index(model, index)


def add_constraint(model: type[Model], constraint: BaseConstraint, editor: Editor) -> None:
    """`model`'s table has `constraint`, and all its rows keep it. Fails where one does not."""
    unique = isinstance(constraint, UniqueConstraint)
    if unique and _is_built(model, constraint.name, editor):
        return
    if not _in_steps(editor):
        if not _has(model, constraint.name, editor):
            with transaction.atomic(using=editor.connection.alias):
                editor.add_constraint(model, constraint)
        return
    sql = str(constraint.create_sql(model, editor))
    if unique:
        # One with a condition is an index; one without would hold a lock while it is built.
        if not sql.startswith("CREATE UNIQUE INDEX "):
            raise NotSupportedError(f"{constraint.name} has no condition, and cannot be added without a lock.")
        editor.execute(sql.replace("CREATE UNIQUE INDEX ", "CREATE UNIQUE INDEX CONCURRENTLY ", 1), params=None)
        return
    if not _has(model, constraint.name, editor):
        editor.execute(f"{sql} NOT VALID", params=None)
    table, name = editor.quote_name(model._meta.db_table), editor.quote_name(constraint.name)
    editor.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT {name}", params=None)


def remove_constraint(model: type[Model], constraint: BaseConstraint, editor: Editor) -> None:
    """`model`'s table does not have `constraint`, and neither has `model`: SQLite makes the table anew from that."""
    if not _exists(model, constraint.name, editor):
        return
    if _in_steps(editor) and isinstance(constraint, UniqueConstraint):
        editor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {editor.quote_name(constraint.name)}", params=None)
        return
    with transaction.atomic(using=editor.connection.alias):
        editor.remove_constraint(model, constraint)


class AddIndexInUse(AddIndex):
    """AddIndex for a large table that is in use."""

    atomic = False

    def database_forwards(self, app_label: str, schema_editor: Editor, from_state: Any, to_state: Any) -> None:
        """The index is built."""
        model = to_state.apps.get_model(app_label, self.model_name)
        if self.allow_migrate_model(schema_editor.connection.alias, model):
            add_index(model, self.index, schema_editor)

    def database_backwards(self, app_label: str, schema_editor: Editor, from_state: Any, to_state: Any) -> None:
        """The index is gone."""
        model = from_state.apps.get_model(app_label, self.model_name)
        if self.allow_migrate_model(schema_editor.connection.alias, model):
            remove_index(model, self.index, schema_editor)


class RemoveIndexInUse(RemoveIndex):
    """RemoveIndex for a large table that is in use."""

    atomic = False

    def database_forwards(self, app_label: str, schema_editor: Editor, from_state: Any, to_state: Any) -> None:
        """The index is gone."""
        model = from_state.apps.get_model(app_label, self.model_name)
        if self.allow_migrate_model(schema_editor.connection.alias, model):
            remove_index(model, self._index(app_label, from_state), schema_editor)

    def database_backwards(self, app_label: str, schema_editor: Editor, from_state: Any, to_state: Any) -> None:
        """The index is built again."""
        model = to_state.apps.get_model(app_label, self.model_name)
        if self.allow_migrate_model(schema_editor.connection.alias, model):
            add_index(model, self._index(app_label, to_state), schema_editor)

    def _index(self, app_label: str, state: Any) -> Index:
        found: Index = state.models[app_label, self.model_name_lower].get_index_by_name(self.name)
        return found


class AddConstraintInUse(AddConstraint):
    """AddConstraint for a large table that is in use: a check, or a uniqueness with a condition."""

    atomic = False

    def database_forwards(self, app_label: str, schema_editor: Editor, from_state: Any, to_state: Any) -> None:
        """The constraint holds."""
        model = to_state.apps.get_model(app_label, self.model_name)
        if self.allow_migrate_model(schema_editor.connection.alias, model):
            add_constraint(model, self.constraint, schema_editor)

    def database_backwards(self, app_label: str, schema_editor: Editor, from_state: Any, to_state: Any) -> None:
        """The constraint is gone."""
        model = to_state.apps.get_model(app_label, self.model_name)
        if self.allow_migrate_model(schema_editor.connection.alias, model):
            remove_constraint(model, self.constraint, schema_editor)


class RemoveConstraintInUse(RemoveConstraint):
    """RemoveConstraint for a large table that is in use."""

    atomic = False

    def database_forwards(self, app_label: str, schema_editor: Editor, from_state: Any, to_state: Any) -> None:
        """The constraint is gone."""
        model = to_state.apps.get_model(app_label, self.model_name)
        if self.allow_migrate_model(schema_editor.connection.alias, model):
            remove_constraint(model, self._constraint(app_label, from_state), schema_editor)

    def database_backwards(self, app_label: str, schema_editor: Editor, from_state: Any, to_state: Any) -> None:
        """The constraint holds again."""
        model = to_state.apps.get_model(app_label, self.model_name)
        if self.allow_migrate_model(schema_editor.connection.alias, model):
            add_constraint(model, self._constraint(app_label, to_state), schema_editor)

    def _constraint(self, app_label: str, state: Any) -> BaseConstraint:
        found: BaseConstraint = state.models[app_label, self.model_name_lower].get_constraint_by_name(self.name)
        return found


def _in_steps(editor: Editor) -> bool:
    """True on PostgreSQL, outside of any transaction; NotSupportedError inside of one."""
    if editor.connection.vendor != "postgresql":
        return False
    if editor.connection.in_atomic_block:
        raise NotSupportedError("This operation makes transactions of its own: set atomic = False on the migration.")
    return True


def _has(model: type[Model], name: str, editor: Editor) -> bool:
    """True where the table has an index or a constraint called `name`; SQL that is only shown knows of none."""
    if editor.collect_sql:
        return False
    with editor.connection.cursor() as cursor:
        return name in editor.connection.introspection.get_constraints(cursor, model._meta.db_table)


def _exists(model: type[Model], name: str, editor: Editor) -> bool:
    """True where there is one called `name` to remove."""
    return editor.collect_sql or _has(model, name, editor)


def _is_built(model: type[Model], name: str, editor: Editor) -> bool:
    """True where the index `name` is there and complete. What an interrupted build left behind is removed."""
    if not _has(model, name, editor):
        return False
    if not _in_steps(editor):
        return True
    with editor.connection.cursor() as cursor:
        cursor.execute("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(%s)", [editor.quote_name(name)])
        row = cursor.fetchone()
    if row is None or row[0]:
        return True
    editor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {editor.quote_name(name)}", params=None)
    return False

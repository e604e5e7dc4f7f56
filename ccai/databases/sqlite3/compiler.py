"""SQLite's compilers; those that write record what they write."""

from django.db.models.sql.compiler import SQLAggregateCompiler, SQLCompiler
from django.db.models.sql.compiler import SQLDeleteCompiler as PlainDelete
from django.db.models.sql.compiler import SQLInsertCompiler as PlainInsert
from django.db.models.sql.compiler import SQLUpdateCompiler as PlainUpdate

from ccai.databases.recording import RecordedDelete, RecordedInsert, RecordedUpdate

__all__ = ["SQLAggregateCompiler", "SQLCompiler", "SQLDeleteCompiler", "SQLInsertCompiler", "SQLUpdateCompiler"]


class SQLInsertCompiler(RecordedInsert, PlainInsert):
    """INSERT."""


class SQLUpdateCompiler(RecordedUpdate, PlainUpdate):
    """UPDATE."""


class SQLDeleteCompiler(RecordedDelete, PlainDelete):
    """DELETE."""

"""The backend that settings name."""

from django.db.backends.sqlite3 import base, operations

from ccai.databases.committing import BeforeCommit


class DatabaseOperations(operations.DatabaseOperations):
    """Django's, with compilers that record."""

    compiler_module = "ccai.databases.sqlite3.compiler"


class DatabaseWrapper(BeforeCommit, base.DatabaseWrapper):
    """Django's, with operations that record, and what is written before each commit."""

    ops_class = DatabaseOperations

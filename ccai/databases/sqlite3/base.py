"""The backend that settings name."""

from django.db.backends.sqlite3 import base, operations


class DatabaseOperations(operations.DatabaseOperations):
    """Django's, with compilers that record."""

    compiler_module = "ccai.databases.sqlite3.compiler"


class DatabaseWrapper(base.DatabaseWrapper):
    """Django's, with operations that record."""

    ops_class = DatabaseOperations

"""Mixed into the backends: what a transaction keeps a ledger of is written just before it is committed, as its part.

Django tells of a commit only once it is over. A ledger is written while all of it can still fail together.
"""

from typing import Protocol

from django.db import Error
from django.db.backends.base.base import BaseDatabaseWrapper


class Ledger(Protocol):
    """What is to be written before the transaction is committed."""

    def write(self) -> None:
        """Write it. What is raised here rolls the transaction back, and reaches whoever began it."""

    def roll_back(self, savepoint: str) -> None:
        """All that has been done since `savepoint` was set is undone."""


class BeforeCommit(BaseDatabaseWrapper):
    """Django's, with the ledger of the transaction that is under way."""

    ledger: Ledger | None = None

    def commit(self) -> None:
        """As Django's, with the ledger written first."""
        # Django's own check comes too late: the ledger would be written, and the block ended.
        self.validate_no_atomic_block()
        ledger, self.ledger = self.ledger, None
        if ledger is not None:
            # The outermost block has ended for Django, but not for what is written here.
            self.in_atomic_block = True
            try:
                ledger.write()
            except BaseException:
                self.in_atomic_block = False
                try:
                    self.rollback()
                except Error:
                    # The connection is lost, and the database rolls back by itself.
                    self.close()
                raise
            self.in_atomic_block = False
        super().commit()

    def rollback(self) -> None:
        """As Django's; there is nothing to write any more."""
        self.ledger = None
        super().rollback()

    def savepoint_rollback(self, sid: str) -> None:
        """As Django's; the ledger knows of it."""
        super().savepoint_rollback(sid)
        if self.ledger is not None:
            self.ledger.roll_back(sid)

    def close(self) -> None:
        """As Django's; a transaction that was under way is no more."""
        self.ledger = None
        super().close()

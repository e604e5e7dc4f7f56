"""What the project asks of a CRM, and tells it. A vendor's words stop at the adapter."""

from abc import ABC, abstractmethod
from collections.abc import Collection
from dataclasses import dataclass
from typing import ClassVar


class CrmUnavailable(Exception):
    """The CRM did not answer, or not sensibly. `again_in`: seconds for which it wants to be left alone, if it said so.

    Its text is for the log, and for those who run the center: no address, number or name of anybody.
    """

    def __init__(self, text: str = "", again_in: float = 0) -> None:
        super().__init__(text)
        self.again_in = again_in


class NotAsked(CrmUnavailable):
    """It was not asked, because of what it did before; the log has that."""


class CrmRefused(Exception):
    """The CRM will not take this, however often it is told. Its text is a sentence for people."""


@dataclass(frozen=True)
class CrmContact:
    """A customer as a CRM knows one."""

    out_contact_id: str
    name: str
    phones: tuple[str, ...]  # E.164, the first first


@dataclass(frozen=True)
class CrmTicket:
    """A customer's matter. `contact` is None where nobody stands on it."""

    ticket_id: str
    url: str | None
    contact: CrmContact | None
    closed: bool = False  # for good: one that could be worked on again is open


class Crm(ABC):
    """An adapter to one CRM. Questions raise CrmUnavailable where there is no answer; ask outside transactions."""

    # Whether it keeps what is said of calls; where it does not, nothing is written down for it.
    takes_comments: ClassVar[bool] = False
    # Whether it is our own database: it is asked in no time, and may be inside a transaction, too.
    is_local: ClassVar[bool] = False

    @abstractmethod
    def find_ticket(self, ticket_id: str) -> CrmTicket | None:
        """The ticket with this id, or None."""

    @abstractmethod
    def find_contact(self, number: str) -> CrmContact | None:
        """The contact whose phone this is (E.164), the longest known of several, or None."""

    @abstractmethod
    def closed_tickets(self, ticket_ids: Collection[str]) -> set[str]:
        """Those of `ticket_ids` that are closed. What it does not know is not closed."""

    def contact_url(self, out_contact_id: str) -> str | None:
        """Where it shows the contact with this id, which is not looked up; None where it has no page for them."""
        return None

    def complaint(self) -> str:
        """What people have to mend before it answers, such as a wrong password: a msgid; "" where that is nothing."""
        return ""

    def add_comment(self, ticket_id: str, text: str, marker: str, *, may_be_there: bool) -> None:
        """The ticket has a comment with this text, for agents alone. `marker` stands in the text, and in no other.

        `may_be_there`: it was told before, and nobody knows whether it heard: it is looked for first. Raises
        CrmUnavailable where that, or whether it was written, cannot be told, and CrmRefused where it is not taken.
        """
        raise CrmRefused("This CRM takes no comments.")

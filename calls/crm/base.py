"""What the project asks of a CRM. A vendor's words stop at the adapter."""

from abc import ABC, abstractmethod
from dataclasses import dataclass


class CrmUnavailable(Exception):
    """The CRM did not answer, or not sensibly."""


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


class Crm(ABC):
    """An adapter to one CRM. Both questions raise CrmUnavailable where there is no answer; ask outside transactions."""

    @abstractmethod
    def find_ticket(self, ticket_id: str) -> CrmTicket | None:
        """The ticket with this id, or None."""

    @abstractmethod
    def find_contact(self, number: str) -> CrmContact | None:
        """The contact whose phone this is (E.164), the longest known of several, or None."""

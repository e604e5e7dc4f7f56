"""The built-in CRM: contacts and tickets in the project's own tables, for centers that have no other.

It takes no comments: whoever reads its tickets has the calls themselves beside them.
"""

from collections.abc import Collection
from typing import ClassVar

from calls.crm.base import Crm, CrmContact, CrmTicket
from calls.models import Contact, Ticket


def as_crm_contact(contact: Contact) -> CrmContact:
    """The row in the port's shape, phones in their order."""
    return CrmContact(contact.out_contact_id, contact.name, tuple(phone.number for phone in contact.phones.all()))


class BuiltinCrm(Crm):
    """Answers from the database."""

    is_local: ClassVar[bool] = True

    def find_ticket(self, ticket_id: str) -> CrmTicket | None:
        """The ticket with this id, or None."""
        ticket = (
            Ticket.objects.filter(ticket_id=ticket_id)
            .select_related("contact")
            .prefetch_related("contact__phones")
            .first()
        )
        if ticket is None:
            return None
        contact = as_crm_contact(ticket.contact) if ticket.contact else None
        return CrmTicket(ticket.ticket_id, ticket.url, contact, ticket.closed)

    def find_contact(self, number: str) -> CrmContact | None:
        """The contact whose phone this is (E.164), the longest known of several, or None."""
        contact = Contact.objects.filter(phones__number=number).prefetch_related("phones").order_by("pk").first()
        return as_crm_contact(contact) if contact else None

    def closed_tickets(self, ticket_ids: Collection[str]) -> set[str]:
        """Those of `ticket_ids` that are closed."""
        return set(Ticket.objects.filter(ticket_id__in=ticket_ids, closed=True).values_list("ticket_id", flat=True))

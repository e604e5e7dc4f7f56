"""The built-in CRM: contacts and tickets in the project's own tables, for centers that have no other."""

from calls.crm.base import Crm, CrmContact, CrmTicket
from calls.models import Contact, Ticket


def as_crm_contact(contact: Contact) -> CrmContact:
    """The row in the port's shape, phones in their order."""
    return CrmContact(contact.out_contact_id, contact.name, tuple(phone.number for phone in contact.phones.all()))


class BuiltinCrm(Crm):
    """Answers from the database."""

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
        return CrmTicket(ticket.ticket_id, ticket.url, as_crm_contact(ticket.contact) if ticket.contact else None)

    def find_contact(self, number: str) -> CrmContact | None:
        """The contact whose phone this is (E.164), the longest known of several, or None."""
        contact = Contact.objects.filter(phones__number=number).prefetch_related("phones").order_by("pk").first()
        return as_crm_contact(contact) if contact else None

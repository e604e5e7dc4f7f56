"""Who an end user is: found or made by the CRM's contact, or by phone number."""

from django.db import IntegrityError, transaction
from django.db.models import F, Q

from calls.crm.base import CrmContact
from calls.models import Call, EndUser, Offer, Participant
from calls.services.checks import Party
from ccai.announcing import announce_on_commit
from ccai.times import now


def find_or_create(party: Party) -> EndUser:
    """The end user that `party` is: the contact's where the CRM knows one, else the number's.

    Call it in a transaction. Of two at once that meet the same new person one makes the row and the other finds it.
    """
    if party.contact is not None:
        return _of_contact(party.contact, party.number)
    if party.contact_unknown:
        return of_caller(party.number)
    return find_by_number(party.number) or _create(number=party.number)


def of_caller(number: str) -> EndUser:
    """The end user with this number (E.164), for whom nobody waits for the CRM: where it is to say who they are, the
    clock asks it, afterwards.

    Call it in a transaction.
    """
    found = find_by_number(number)
    if found is None:
        return _create(number=number, ask_crm_at=now())
    if found.out_contact_id is None and found.ask_crm_at is None:
        # Nobody knew them the last time.
        found.ask_crm_at = now()
        found.save(update_fields=["ask_crm_at"])
    return found


def find_by_number(number: str) -> EndUser | None:
    """The known end user with this number (E.164), the longest known of several, who in this transaction does not
    become one with another; None where there is none."""
    return EndUser.objects.select_for_update(no_key=True).filter(number=number).order_by("pk").first()


def identify(end_user: EndUser, contact: CrmContact | None) -> None:
    """The CRM has been asked at last whose number `end_user` has: `contact`, or nobody it knows.

    Where another end user is that contact already the two are one person: calls and participants go over to it, and the
    identifier where that one has none. Who has become a contact, or got another number, while the CRM was asked is left
    as they are.
    """
    with transaction.atomic():
        stored = EndUser.objects.select_for_update(no_key=True).filter(pk=end_user.pk).first()
        if stored is None or stored.number != end_user.number:
            return
        stored.ask_crm_at = None
        known = EndUser.objects.filter(out_contact_id=contact.out_contact_id).first() if contact else None
        if contact is None or stored.out_contact_id is not None:
            stored.save(update_fields=["ask_crm_at"])
        elif known is None:
            stored.out_contact_id, stored.name = contact.out_contact_id, stored.name or contact.name
            stored.save(update_fields=["ask_crm_at", "out_contact_id", "name"])
            touch_calls(stored)
            _announce(stored)
        else:
            Call.objects.filter(end_user=stored).update(end_user=known, updated_at=now())
            Participant.objects.filter(end_user=stored).update(end_user=known)
            stored.delete()
            nameless = EndUser.objects.filter(pk=known.pk, identifier=None)
            if stored.identifier and nameless.update(identifier=stored.identifier):
                touch_calls(known)
            _announce(known)


def touch_calls(end_user: EndUser) -> None:
    """Whoever polls by `updated_at` sees that the calls of `end_user` show something else of them."""
    Call.objects.filter(end_user=end_user).update(updated_at=now())


def _of_contact(contact: CrmContact, number: str) -> EndUser:
    """The end user that is `contact`: known as such, known by the number alone until now, or new."""
    is_contact = Q(out_contact_id=contact.out_contact_id)
    has_number_alone = Q(number=number, out_contact_id=None) & ~Q(number="")
    # The contact itself comes first: NULLs of the other kind sort after it on both databases this way.
    found = (
        EndUser.objects.select_for_update(no_key=True)
        .filter(is_contact | has_number_alone)
        .order_by(F("out_contact_id").asc(nulls_last=True))
        .first()
    )
    if found is None:
        return _create(number=number, name=contact.name, out_contact_id=contact.out_contact_id)
    if found.out_contact_id is None:
        found.out_contact_id, found.ask_crm_at = contact.out_contact_id, None
        found.name = found.name or contact.name
        found.save(update_fields=["out_contact_id", "ask_crm_at", "name"])
        touch_calls(found)
    return found


def _announce(end_user: EndUser) -> None:
    """The pages of agents who have `end_user` on the line, or are offered them, show who it is from the commit on."""
    live = {"call__end_user": end_user, "call__ends_at": None}
    talking = Participant.objects.filter(**live, agent__isnull=False, ended_at=None).values_list("agent_id", flat=True)
    offered = Offer.objects.filter(**live, status=Offer.Status.OPEN).values_list("agent_id", flat=True)
    announce_on_commit([*talking, *offered])


def _create(**fields: object) -> EndUser:
    """A new end user, or the one another transaction made at the same moment."""
    try:
        with transaction.atomic():
            return EndUser.objects.create(**fields)
    except IntegrityError:
        if fields.get("out_contact_id"):
            return EndUser.objects.get(out_contact_id=fields["out_contact_id"])
        return EndUser.objects.get(number=fields["number"], out_contact_id=None)

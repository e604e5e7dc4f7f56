"""The checks of POST /calls, each a look-up with its refusals in the contract's order (sections 4.1 to 4.3).

`creation.py` says which checks a call type has, and in which order.
"""

import math
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from django.db.models import Exists, OuterRef, Subquery
from django.db.models.functions import Lower

from agents import availability
from agents.languages import base_code, covers
from agents.models import Agent, Engagement, Language, OutboundNumber
from calls import errors
from calls.crm import comments, crm
from calls.crm.base import CrmContact, CrmTicket, CrmUnavailable
from calls.models import Call, RecordingPermission, Status
from calls.serializers import ILL_TYPED, CallRequest, Id, IllTyped, Text
from calls.voip import can_be_rung
from ccai.errors import NOT_WELL_FORMED, Refused, Sentence
from ccai.phones import parse_phone
from ccai.times import parse_time
from menus.models import Menu, MenuOutboundNumber

DEFAULT_LANGUAGE = "en"
PERMISSIONS = {f"recording_permission_{permission}": permission for permission in RecordingPermission}


@dataclass(frozen=True)
class Party:
    """Whom to call. `contact` is what the CRM says of them; `contact_unknown` that it could not be asked."""

    number: str  # E.164; "" where the agent is to choose
    ticket: CrmTicket | None = None
    contact: CrmContact | None = None
    contact_unknown: bool = False


def find_agent(request: CallRequest) -> Agent:
    """The agent who is to place the call, who is active and may."""
    if request.agent_email is None:
        raise Refused(errors.AGENT_EMAIL_REQUIRED)
    agent = find_agent_by_email(request.agent_email)
    check_agent_may_call(agent)
    return agent


def find_agent_by_email(email: str | IllTyped) -> Agent:
    """The active agent with this address, compared without case."""
    agent = None
    if isinstance(email, str):
        agent = (
            Agent.objects.alias(address=Lower("user__email"))
            .filter(address=email.lower(), user__is_active=True)
            .select_related("user")
            .first()
        )
    if agent is None:
        raise Refused(errors.AGENT_EMAIL_NOT_VALID)
    return agent


def check_agent_may_call(agent: Agent) -> None:
    """Refused where the agent may take calls and place none."""
    if not agent.can_place_calls:
        raise Refused(errors.AGENT_MAY_NOT_CALL)


def check_agent_is_free(agent: Agent) -> None:
    """Refused where the agent is not available, or is on a call or an offer."""
    if not availability.free(Agent.objects.filter(pk=agent.pk)).exists():
        raise Refused(errors.AGENT_NOT_AVAILABLE)


def check_agent_can_be_rung(agent: Agent) -> None:
    """Refused where the provider cannot ring the agent: an end user who is handed on to them would be lost."""
    if not can_be_rung(Agent.objects.filter(pk=agent.pk)).exists():
        raise Refused(errors.AGENT_NOT_AVAILABLE)


def take_agents_time(agent: Agent, kind: str, at: datetime) -> Engagement:
    """The engagement that takes `agent`'s time, in the current transaction. Refused where another has it, or the agent
    is not available (any more)."""
    engagement = availability.engage(agent, kind, at)
    if engagement is None:
        raise Refused(errors.AGENT_NOT_AVAILABLE)
    return engagement


def find_language(request: CallRequest, menu: Menu | None = None) -> str:
    """The call's language, live in the center and, with a menu, one of the menu's."""
    if isinstance(request.lang, IllTyped):
        raise Refused(NOT_WELL_FORMED, field="lang")
    lang = request.lang or DEFAULT_LANGUAGE
    if base_code(lang) is None:
        raise Refused(errors.LANGUAGE_NOT_FOUND, lang=lang)
    of_menu = Menu.languages.through.objects.filter(menu=menu, language=OuterRef("pk"))
    languages = list(Language.objects.annotate(of_menu=Exists(of_menu)).values_list("code", "state", "of_menu"))
    live = {code for code, state, _of_menu in languages if state == Language.State.LIVE}
    spoken = {code for code, _state, is_spoken in languages if is_spoken}
    if not covers(live, lang) or (spoken and not covers(spoken, lang)):
        raise Refused(errors.LANGUAGE_NOT_AVAILABLE, lang=lang)
    return lang


def find_ticket(ticket_id: str) -> CrmTicket:
    """The ticket, with a contact on it. The CRM is asked; where it does not answer the refusal is a 503, which says for
    how long it will not be asked."""
    try:
        ticket = crm().find_ticket(ticket_id)
    except CrmUnavailable as error:
        refused = Refused(errors.CRM_NOT_REACHABLE)
        if error.again_in:
            refused.retry_after = math.ceil(error.again_in)
        raise refused from None
    if ticket is None or ticket.contact is None:
        raise Refused(errors.CONTACT_NOT_FOUND)
    return ticket


def find_outbound_party(request: CallRequest) -> Party:
    """Whom an outbound call is to: the ticket's contact, else the number. No number where the contact has not one."""
    if isinstance(request.ticket_id, IllTyped):
        raise Refused(NOT_WELL_FORMED, field="ticket_id")
    if request.ticket_id:
        ticket = find_ticket(request.ticket_id)
        contact = ticket.contact
        phones = contact.phones if contact else ()
        return Party(phones[0] if len(phones) == 1 else "", ticket, contact)
    if request.end_user_number is None:
        raise Refused(errors.TICKET_OR_NUMBER_REQUIRED)
    return Party(read_number(request.end_user_number, errors.NOT_WELL_FORMED_OUTBOUND))


def find_inbound_party(request: CallRequest) -> Party:
    """Who calls, or is called back: the ticket's contact by its first phone, else the number.

    For a number the CRM is asked whose it is; where it does not answer the call is made all the same.
    """
    if isinstance(request.ticket_id, IllTyped):
        raise Refused(NOT_WELL_FORMED, field="ticket_id")
    ticket = find_ticket(request.ticket_id) if request.ticket_id else None
    if ticket and ticket.contact and ticket.contact.phones:
        return Party(ticket.contact.phones[0], ticket, ticket.contact)
    if request.end_user_number is None:
        raise Refused(errors.END_USER_NUMBER_REQUIRED)
    number = read_number(request.end_user_number, NOT_WELL_FORMED)
    if ticket:
        return Party(number, ticket, ticket.contact)
    return find_party_of(number)


def find_party_of(number: str) -> Party:
    """Whose number (E.164) it is, as the CRM says; unknown, to be asked again later, where it does not answer."""
    try:
        return Party(number, contact=crm().find_contact(number))
    except CrmUnavailable:
        return Party(number, contact_unknown=True)


def read_number(value: str | IllTyped, sentence: Sentence) -> str:
    """`value` as E.164; refused with `sentence` where it is not well-formed."""
    number = parse_phone(value) if isinstance(value, str) else None
    if number is None:
        raise Refused(sentence, field="end_user_number")
    return number


def find_agents_number(given: Text, agent: Agent) -> str:
    """The number an outbound call shows, E.164; "" where none is given and the agent is to choose one of several."""
    wanted = parse_phone(given) if isinstance(given, str) else None
    if given is not None and wanted is None:
        raise Refused(errors.NOT_WELL_FORMED_OUTBOUND, field="outbound_number")
    candidates = agents_numbers(agent)
    if wanted is not None:
        if wanted not in {candidate.number for candidate in candidates}:
            raise Refused(errors.OUTBOUND_NUMBER_NOT_AVAILABLE)
        return wanted
    if not candidates:
        raise Refused(errors.NO_OUTBOUND_NUMBER)
    default = next((candidate.number for candidate in candidates if candidate.is_default), None)
    return default or (candidates[0].number if len(candidates) == 1 else "")


def agents_numbers(agent: Agent) -> list[OutboundNumber]:
    """The center's active numbers that `agent` may show: those they are given, or all where they are given none."""
    listed = Agent.outbound_numbers.through.objects.filter(agent=agent)
    return list(
        OutboundNumber.objects.filter(active=True).filter(
            Exists(listed.filter(outboundnumber=OuterRef("pk"))) | ~Exists(listed)
        )
    )


def find_menus_number(request: CallRequest, menu: Menu) -> str:
    """The number an inbound or scheduled call shows (`choose_menus_number`). Refused where the center has none."""
    number = choose_menus_number(menu, request.outbound_number)
    if not number:
        raise Refused(errors.NO_OUTBOUND_NUMBER)
    return number


def choose_menus_number(menu: Menu, given: Text = None) -> str:
    """The number that calls of `menu` show, E.164: the one given, where the center has it, else the menu's first, the
    center's default, or its first; "" where the center has none at all."""
    listed = MenuOutboundNumber.objects.filter(menu=menu, outbound_number=OuterRef("pk"))
    candidates = list(
        OutboundNumber.objects.filter(active=True).annotate(place=Subquery(listed.values("position")[:1]))
    )
    if not candidates:
        return ""
    wanted = parse_phone(given) if isinstance(given, str) else None

    def preference(candidate: OutboundNumber) -> tuple[bool, bool, int, bool, int]:
        place: int | None = candidate.place  # type: ignore[attr-defined]
        return (
            candidate.number != wanted,
            place is None,
            place or 0,
            not candidate.is_default,
            candidate.pk,
        )

    return min(candidates, key=preference).number


def find_menu(menu_id: Id | IllTyped | None, types: tuple[str, ...], wrong_type: Sentence) -> Menu:
    """The leaf menu whose queue the call enters, of one of `types`; its options are read along."""
    if menu_id is None:
        raise Refused(errors.MENU_ID_REQUIRED)
    if isinstance(menu_id, IllTyped):
        raise Refused(NOT_WELL_FORMED, field="menu_id")
    menu = None
    if menu_id.pk is not None:
        menu = (
            Menu.objects.filter(pk=menu_id.pk, deleted=False)
            .annotate(has_children=Exists(Menu.objects.filter(parent=OuterRef("pk"), deleted=False)))
            .prefetch_related("deflection_options")
            .first()
        )
    if menu is None:
        raise Refused(errors.MENU_NOT_FOUND, menu_id=menu_id.text)
    if menu.menu_type not in types:
        raise Refused(wrong_type)
    if menu.has_children:
        raise Refused(errors.MENU_NOT_A_LEAF, menu_id=menu_id.text)
    return menu


def check_menu_is_leaf(menu: Menu) -> None:
    """Refused where the menu, which was read a while ago, is deleted by now, or others are below it."""
    if not Menu.objects.filter(pk=menu.pk, deleted=False).exists():
        raise Refused(errors.MENU_NOT_FOUND, menu_id=menu.pk)
    if Menu.objects.filter(parent=menu.pk, deleted=False).exists():
        raise Refused(errors.MENU_NOT_A_LEAF, menu_id=menu.pk)


def check_menu_is_open(menu: Menu, at: datetime) -> None:
    """Refused where the menu is redirected, or closed at the moment `at`."""
    state = menu.state_at(at)
    if state == Menu.State.MANUAL_REDIRECTION:
        raise Refused(errors.MENU_REDIRECTED)
    if state == Menu.State.AFTER_HOURS:
        raise Refused(errors.MENU_AFTER_HOURS)


def find_permission(request: CallRequest, menu: Menu) -> str:
    """The recording permission, which counts only where the menu asks for it (contract section 5)."""
    if request.recording_permission is None:
        return RecordingPermission.NOT_ASKED
    permission = PERMISSIONS.get(str(request.recording_permission))
    if permission is None:
        raise Refused(NOT_WELL_FORMED, field="recording_permission")
    asks = menu.recording == Menu.RecordingOption.ASK_PERMISSION
    return permission if asks else RecordingPermission.NOT_ASKED


def is_recorded(menu: Menu, permission: str) -> bool:
    """Whether a call of `menu` with this permission is recorded (contract section 5)."""
    if menu.recording == Menu.RecordingOption.ASK_PERMISSION:
        return permission == RecordingPermission.GRANTED
    return menu.recording == Menu.RecordingOption.RECORD


def find_parent(request: CallRequest) -> tuple[int | None, int | None]:
    """The ids of the parent call and of its menu, where the request names a parent."""
    if request.call_id is None:
        return None, None
    if isinstance(request.call_id, IllTyped):
        raise Refused(NOT_WELL_FORMED, field="call_id")
    parent = None
    if request.call_id.pk is not None:
        parent = Call.objects.filter(pk=request.call_id.pk).values_list("pk", "menu_id").first()
    if parent is None:
        raise Refused(errors.PARENT_NOT_FOUND, call_id=request.call_id.text)
    return parent


def find_time(scheduled_at: Text, at: datetime) -> datetime:
    """When a call is due: after `at`."""
    if scheduled_at is None:
        raise Refused(errors.SCHEDULED_AT_REQUIRED)
    due = None if scheduled_at is ILL_TYPED else parse_time(str(scheduled_at))
    if due is None:
        raise Refused(NOT_WELL_FORMED, field="scheduled_at")
    if due <= at:
        raise Refused(errors.SCHEDULED_AT_IN_THE_PAST)
    return due


def check_ticket_is_open(ticket: CrmTicket | None) -> None:
    """Refused where the ticket is closed: nobody works on it any more when the call is due."""
    if ticket and ticket.closed:
        raise Refused(errors.TICKET_CLOSED, ticket_id=ticket.ticket_id)


def check_ticket_is_not_scheduled(ticket: CrmTicket | None) -> None:
    """Refused where the ticket has a scheduled call already; a CRM that takes comments is told so afterwards."""
    if ticket is None:
        return
    scheduled = Call.objects.filter(out_ticket_id=ticket.ticket_id, status=Status.SCHEDULED).first()
    if scheduled is not None:
        refused = Refused(errors.TICKET_ALREADY_SCHEDULED, ticket_id=ticket.ticket_id)
        refused.afterwards = partial(comments.write_refused, scheduled)
        raise refused

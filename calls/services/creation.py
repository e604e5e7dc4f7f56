"""POST /calls: each call type is a list of checks in the contract's order, and then one transaction (section 4).

The two are apart, so that whoever writes more in that transaction, such as an idempotency key, holds no lock while
the CRM is asked.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from agents.models import Engagement
from calls import clock, errors, lifecycle, offers
from calls.models import Call, CallType, DialPrompt, EndUser, Participant, Status
from calls.serializers import CALL_TYPES, CallParts, CallRequest, Id, read_call_request
from calls.services import checks, dial_prompts, end_users
from calls.services.checks import Party
from calls.services.outbound import NewCall, begin_outbound
from ccai.errors import BODY_NOT_JSON, Refused
from ccai.times import now
from menus.models import Menu

MenuType = Menu.MenuType


@dataclass(frozen=True)
class Prompted:
    """No call yet: a dial prompt waits for the agent. `echo` is what the 202 says, the request's fields as sent."""

    prompt: DialPrompt
    echo: dict[str, Any]


@dataclass(frozen=True)
class PreparedCall:
    """A request of POST /calls that has passed its checks. `write` makes the call, or the dial prompt, in one
    transaction; refused where the agent, or the ticket, has been taken meanwhile, it has written nothing."""

    write: Callable[[], NewCall | Prompted]


def prepare_call(body: dict[str, Any]) -> PreparedCall:
    """The call that `body`, a request of POST /calls, asks for, not made yet. The CRM has been asked.

    Refused with the first sentence that applies, in the contract's order.
    """
    request = read_call_request(find_call_type(body), body)
    if request.call_type == CallType.OUTBOUND_API:
        return _prepare_outbound(request)
    if request.call_type == CallType.INBOUND_API:
        return _prepare_inbound(request)
    return _prepare_scheduled(request)


def find_call_type(body: dict[str, Any]) -> CallType:
    """The call type that `body` names, by its label or alias."""
    named = body.get("call_type")
    if isinstance(named, str):
        named = named.strip()
    if named is None or named == "":
        raise Refused(errors.CALL_TYPE_REQUIRED)
    call_type = CALL_TYPES.get(named) if isinstance(named, str) else None
    if call_type is None:
        raise Refused(errors.INVALID_CALL_TYPE)
    given = {
        name for name, value in body.items() if value is not None and (not isinstance(value, str) or value.strip())
    }
    is_foreign = "agent_email" in given and given.isdisjoint({"menu_id", "call_id", "scheduled_at"})
    if named in ("ScheduledCall", "IncomingCall") and is_foreign:
        raise Refused(errors.INVALID_CALL_TYPE)
    return call_type


def make_echo(request: CallRequest) -> dict[str, Any]:
    """The request's fields as sent. Refused with "Request body is not valid JSON" where a field that is not read, such
    as the number beside a ticket, holds an integer of thousands of digits, which can be read but not written."""
    echo = dict(request.sent)
    try:
        json.dumps(echo, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        raise Refused(BODY_NOT_JSON) from None
    return echo


def _prepare_outbound(request: CallRequest) -> PreparedCall:
    agent = checks.find_agent(request)
    lang = checks.find_language(request)
    party = checks.find_outbound_party(request)
    number = checks.find_agents_number(request.outbound_number, agent)
    checks.check_agent_is_free(agent)
    if not number or not party.number:
        echo = make_echo(request)
        return PreparedCall(lambda: Prompted(dial_prompts.create(agent, party, number, lang), echo))

    def write() -> NewCall:
        with transaction.atomic():
            at = now()
            engagement = checks.take_agents_time(agent, Engagement.Kind.CALL, at)
            return begin_outbound(agent, engagement, party, number, lang, cause="api", at=at)

    return PreparedCall(write)


def _prepare_inbound(request: CallRequest) -> PreparedCall:
    menu = checks.find_menu(request.menu_id, (MenuType.IVR, MenuType.MOBILE), errors.ONLY_IVR_AND_MOBILE)
    lang = checks.find_language(request, menu)
    party = checks.find_inbound_party(request)
    permission = checks.find_permission(request, menu)
    checks.check_menu_is_open(menu, now())
    number = checks.find_menus_number(request, menu)
    groups = offers.groups_with_agents([menu.pk])[menu.pk]

    def write() -> NewCall:
        with transaction.atomic():
            at = now()
            call = Call(
                call_type=CallType.INBOUND_API,
                status=Status.QUEUED,
                **_menu_columns(menu),
                **offers.first_cast(menu, groups, at),
                **_party_columns(party, menu, permission),
                lang=lang,
                outbound_number=number,
            )
            end_user = end_users.find_or_create(party)
            participant = _begin(call, end_user, at)
            casts = offers.record_cast([call], groups, at)
            clock.nudge_on_commit()
        return NewCall(call, CallParts(participants=[participant], offer_events=casts))

    return PreparedCall(write)


def _prepare_scheduled(request: CallRequest) -> PreparedCall:
    parent_id, parents_menu = checks.find_parent(request)
    menu_id = request.menu_id
    if menu_id is None and parents_menu is not None:
        menu_id = Id(str(parents_menu), parents_menu)
    menu = checks.find_menu(menu_id, (MenuType.MOBILE, MenuType.WEB), errors.ONLY_MOBILE_AND_WEB)
    lang = checks.find_language(request, menu)
    party = checks.find_inbound_party(request)
    permission = checks.find_permission(request, menu)
    due = checks.find_time(request.scheduled_at, now())
    checks.check_ticket_is_open(party.ticket)
    checks.check_ticket_is_not_scheduled(party.ticket)
    checks.check_menu_is_open(menu, due)
    number = checks.find_menus_number(request, menu)

    def write() -> NewCall:
        call = Call(
            call_type=CallType.SCHEDULED_API,
            status=Status.SCHEDULED,
            **_menu_columns(menu),
            **_party_columns(party, menu, permission),
            parent_id=parent_id,
            lang=lang,
            outbound_number=number,
            scheduled_at=due,
        )
        try:
            with transaction.atomic():
                participant = _begin(call, end_users.find_or_create(party), now())
        except IntegrityError:
            # Two requests for one ticket at the same moment: the database has let one of them through.
            checks.check_ticket_is_not_scheduled(party.ticket)
            raise
        return NewCall(call, CallParts(participants=[participant]))

    return PreparedCall(write)


def _begin(call: Call, end_user: EndUser, at: datetime) -> Participant:
    """`call` is born, with `end_user` as its one participant so far."""
    call.end_user = end_user
    lifecycle.begin(call, "api", at)
    return Participant.objects.create(call=call, type=Participant.Type.END_USER, end_user=end_user)


def _menu_columns(menu: Menu) -> dict[str, Any]:
    """What a call remembers of its menu."""
    return {"menu": menu, "selected_menu": menu.snapshot(), "menu_path": menu.path()}


def _party_columns(party: Party, menu: Menu, permission: str) -> dict[str, Any]:
    """What a call remembers of whom it is with, and whether it is recorded."""
    return {
        "end_user_number": party.number,
        "out_ticket_id": party.ticket.ticket_id if party.ticket else None,
        "out_ticket_url": party.ticket.url if party.ticket else None,
        "recording_permission": permission,
        "recorded": checks.is_recorded(menu, permission),
    }

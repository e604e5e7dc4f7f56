"""Calls that an agent places by hand: to a number, or back to somebody who was missed."""

from datetime import datetime

from django.db import transaction

from agents.models import Agent, Engagement
from calls import errors
from calls.crm.base import CrmTicket
from calls.models import Call, CallType, Status
from calls.models.call import OVER
from calls.serializers import CallRequest
from calls.services import checks, stays
from calls.services.checks import Party
from calls.services.outbound import NewCall, begin_outbound
from ccai.errors import Refused
from ccai.times import now

# What may be called back: it failed, it got something else than an agent, or a message was left.
MISSED = (Status.FAILED, Status.DEFLECTED, Status.VOICEMAIL_RECEIVED, Status.VOICEMAIL_READ)


def dial(
    agent: Agent,
    *,
    end_user_number: str,
    outbound_number: str | None = None,
    lang: str | None = None,
    at: datetime | None = None,
) -> NewCall:
    """A call by hand: the agent's line is dialled, then the number's.

    Refused as POST /calls refuses an outbound call, and where there are several numbers to show and no choice is made.
    """
    checks.check_agent_may_call(agent)
    language = checks.find_language(CallRequest(CallType.OUTBOUND, lang=lang or None))
    party = Party(checks.read_number(end_user_number, errors.NOT_WELL_FORMED_OUTBOUND))
    number = _choose_number(agent, outbound_number)
    with transaction.atomic():
        at = at or now()
        return begin_outbound(
            agent,
            _engage(agent, at),
            party,
            number,
            language,
            cause="dialled_by_hand",
            at=at,
            call_type=CallType.OUTBOUND,
        )


def call_back(call: Call, agent: Agent, *, outbound_number: str | None = None, at: datetime | None = None) -> NewCall:
    """A child of `call`, which was missed, to the same end user and about the same ticket. When it finishes a failed
    `call` is `recovered`.

    Refused where `call` was not missed, is being called back already, or has no number (409); where the agent may not
    call or is not free; and as POST /calls refuses an outbound number.
    """
    checks.check_agent_may_call(agent)
    number = _choose_number(agent, outbound_number)
    with transaction.atomic():
        at = at or now()
        parent = stays.lock(call)
        if parent.status not in MISSED:
            raise Refused(errors.CALL_CANNOT_BE_CALLED_BACK)
        if not parent.end_user_number:
            raise Refused(errors.NO_NUMBER_TO_CALL_BACK)
        if Call.objects.filter(parent=parent).exclude(status__in=OVER).exists():
            raise Refused(errors.CALL_IS_BEING_CALLED_BACK)
        ticket = CrmTicket(parent.out_ticket_id, parent.out_ticket_url, None) if parent.out_ticket_id else None
        return begin_outbound(
            agent,
            _engage(agent, at),
            Party(parent.end_user_number, ticket),
            number,
            parent.lang,
            cause="called_back",
            at=at,
            call_type=CallType.OUTBOUND,
            parent=parent,
        )


def _choose_number(agent: Agent, given: str | None) -> str:
    """The number that is shown, E.164; refused where the agent must choose one of several and has not."""
    number = checks.find_agents_number(given or None, agent)
    if not number:
        raise Refused(errors.OUTBOUND_NUMBER_REQUIRED)
    return number


def _engage(agent: Agent, at: datetime) -> Engagement:
    """The agent's time is the call's. Refused where they are not available, or on a call or an offer."""
    checks.check_agent_is_free(agent)
    return checks.take_agents_time(agent, Engagement.Kind.CALL, at)

"""Calls that the customer's own telephony carries, joined through an SDK: from start to end, and nobody is dialled."""

from datetime import datetime

from django.db import transaction

from agents.models import Agent, Engagement
from agents.serializers import agent_snapshot
from calls import errors, lifecycle
from calls.models import Call, CallType, DisconnectedBy, Participant, Status
from calls.models.call import OVER
from calls.services import checks, end_users
from calls.services.checks import DEFAULT_LANGUAGE
from ccai.errors import Refused
from ccai.times import now
from menus.models import Menu

BATCH = 200


def begin_action_only(
    *,
    number: str,
    agent: Agent | None = None,
    menu: Menu | None = None,
    outbound: bool = False,
    lang: str = DEFAULT_LANGUAGE,
    at: datetime | None = None,
) -> Call:
    """A call with `number` (E.164) is under way elsewhere: `action_only`, both sides connected, the agent engaged.

    `Voice Inbound (Mobile)`, or `Voice Outbound` where the agent called. Refused where the agent is not free.
    """
    party = checks.find_party_of(number)
    at = at or now()
    with transaction.atomic():
        engagement = checks.take_agents_time(agent, Engagement.Kind.CALL, at) if agent else None
        call = Call(
            status=Status.ACTION_ONLY,
            call_type=CallType.OUTBOUND if outbound else CallType.INBOUND_MOBILE,
            lang=lang,
            agent=agent,
            agent_info=agent_snapshot(agent) if agent else None,
            end_user=end_users.find_or_create(party),
            end_user_number=number,
            menu=menu,
            selected_menu=menu.snapshot() if menu else None,
            menu_path=menu.path() if menu else None,
            assigned_at=at if agent else None,
            connected_at=at,
        )
        lifecycle.begin(call, "joined_elsewhere", at)
        connected = {"call": call, "status": Participant.Status.CONNECTED, "connected_at": at}
        Participant.objects.create(type=Participant.Type.END_USER, end_user=call.end_user, **connected)
        if agent:
            Participant.objects.create(type=Participant.Type.AGENT, agent=agent, engagement=engagement, **connected)
    return call


def end_action_only(call: Call, *, disconnected_by: str = DisconnectedBy.UNKNOWN, at: datetime | None = None) -> Call:
    """The call is over elsewhere: `action_only_finished`, with its duration, and the agent is free.

    Refused with "Call has ended" where it was over already; and with 409 where it is no such call.
    """
    if call.status != Status.ACTION_ONLY and call.status not in OVER:
        raise Refused(errors.CALL_NOT_ACTION_ONLY)
    try:
        return lifecycle.transition(
            call,
            Status.ACTION_ONLY_FINISHED,
            cause=f"ended_by_{disconnected_by}",
            at=at,
            disconnected_by=disconnected_by,
        )
    except lifecycle.InvalidTransition:
        raise Refused(errors.CALL_HAS_ENDED) from None


def end_forgotten(at: datetime) -> int:
    """Calls that nobody has reported the end of by their deadline are over, by the system. Returns how many."""
    with transaction.atomic():
        forgotten = list(Call.objects.overdue(at, Status.ACTION_ONLY)[:BATCH])
        lifecycle.transition_many(
            forgotten,
            Status.ACTION_ONLY_FINISHED,
            cause="not_ended_in_time",
            at=at,
            disconnected_by=DisconnectedBy.SYSTEM,
        )
    return len(forgotten)

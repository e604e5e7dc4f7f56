"""An outbound call, however its numbers were chosen: it is assigned from the start, and dialled on commit."""

from dataclasses import dataclass
from datetime import datetime

from agents.models import Agent, Engagement
from agents.serializers import agent_snapshot
from calls import clock, lifecycle
from calls.models import Call, CallType, Participant, Status
from calls.serializers import CallParts
from calls.services import end_users
from calls.services.checks import Party
from calls.voip import first_provider


@dataclass(frozen=True)
class NewCall:
    """A call that was just made, with its parts."""

    call: Call
    parts: CallParts


def begin_outbound(
    agent: Agent,
    engagement: Engagement,
    party: Party,
    number: str,
    lang: str,
    *,
    cause: str,
    at: datetime,
    call_type: str = CallType.OUTBOUND_API,
    parent: Call | None = None,
) -> NewCall:
    """An outbound call by `agent`, whose time `engagement` has taken, in the current transaction; dialled on commit.

    An outbound call by number makes no end user: it is the known one with that number, or nobody. One that calls
    back is to the end user of its `parent`.
    """
    end_user = parent.end_user if parent else None
    if end_user is None:
        end_user = end_users.find_or_create(party) if party.contact else end_users.find_by_number(party.number)
    call = Call(
        parent=parent,
        call_type=call_type,
        status=Status.ASSIGNED,
        lang=lang,
        agent=agent,
        agent_info=agent_snapshot(agent),
        end_user=end_user,
        end_user_number=party.number,
        outbound_number=number,
        out_ticket_id=party.ticket.ticket_id if party.ticket else None,
        out_ticket_url=party.ticket.url if party.ticket else None,
        voip_provider=first_provider(),
    )
    lifecycle.begin(call, cause, at)
    participants = Participant.objects.bulk_create(
        [
            Participant(call=call, type=Participant.Type.AGENT, agent=agent, engagement=engagement),
            Participant(call=call, type=Participant.Type.END_USER, end_user=end_user),
        ]
    )
    clock.nudge_on_commit()
    return NewCall(call, CallParts(participants=participants))

"""The stays of agents in a call: who is on it, whose it is, who leaves while others stay, who is on hold.

Each of these is called in a transaction that has locked the call.
"""

from datetime import datetime

from agents import availability
from agents.models import Agent
from calls import errors, lifecycle, orders
from calls.models import Call, FailReason, Hold, Participant, Status, VoipOrder
from calls.services.on_call import announce_call
from ccai.errors import Refused
from ccai.times import now


def lock(call: Call) -> Call:
    """`call` as it is now. Nobody else changes it until the transaction ends."""
    return Call.objects.select_for_update().get(pk=call.pk)


def agents_on(call: Call) -> list[Participant]:
    """The stays of the agents who have not left, in their order."""
    staying = Participant.objects.filter(call=call, type=Participant.Type.AGENT)
    return list(staying.exclude(status=Participant.Status.FINISHED).select_related("agent__user").order_by("pk"))


def require_stay(call: Call, agent: Agent) -> Participant:
    """The stay of `agent`, who has not left; refused with "You are not on this call" (409)."""
    stay = next((stay for stay in agents_on(call) if stay.agent_id == agent.pk), None)
    if stay is None:
        raise Refused(errors.NOT_ON_THIS_CALL)
    return stay


def require_talk(call: Call, agent: Agent) -> Participant:
    """As `require_stay`; refused also where the call is not connected, and where it is another agent's (409)."""
    stay = require_stay(call, agent)
    if call.status != Status.CONNECTED:
        raise Refused(errors.CALL_NOT_CONNECTED)
    if call.agent_id != agent.pk:
        raise Refused(errors.CALL_OF_ANOTHER_AGENT)
    return stay


def touch(call: Call) -> None:
    """Whoever polls by `updated_at` sees that something the wire shows of `call` has changed."""
    call.updated_at = now()
    Call.objects.filter(pk=call.pk).update(updated_at=call.updated_at)


def end_stay(call: Call, stay: Participant, at: datetime, *, fail_reason: str = FailReason.NOTHING) -> None:
    """The agent of `stay` has left, while others stay: their line is let go, their time is theirs.

    `fail_reason` is why they never talked, where they have not.
    """
    if stay.dialled_at is not None:
        orders.give(call, VoipOrder.Kind.DROP_AGENT, at, leg=stay.pk)
    lifecycle.leave(stay, at)
    if stay.connected_at is None:
        stay.fail_reason = fail_reason
    stay.save(update_fields=["status", "ended_at", "call_duration", "hold_duration", "fail_reason"])
    touch(call)
    if stay.engagement_id:
        availability.release([stay.engagement_id], at)
    if stay.agent_id and stay.connected_at is not None and call.status == Status.CONNECTED:
        availability.begin_wrap_ups([stay.agent_id], at)


def is_held(call: Call) -> bool:
    """Whether the end user is on hold."""
    return Hold.objects.filter(call=call, ended_at=None).exists()


def begin_hold(call: Call, agent: Agent, at: datetime) -> None:
    """The end user hears music. Nothing where they do already."""
    if not is_held(call):
        Hold.objects.create(call=call, agent=agent, started_at=at)
        orders.give(call, VoipOrder.Kind.HOLD, at)
        announce_call(call)


def end_hold(call: Call, at: datetime) -> None:
    """The end user hears music no more. Nothing where they did not."""
    if is_held(call):
        lifecycle.end_holds([call], at)
        orders.give(call, VoipOrder.Kind.RESUME, at)
        announce_call(call)

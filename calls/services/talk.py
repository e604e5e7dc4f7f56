"""A conversation from the agent's side: taking the call, hold, giving it back, hanging up.

Providers are told after the commit (`calls/orders.py`). What they report later of a line that was let go changes
nothing any more.
"""

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from agents.models import Agent
from calls import clock, errors, lifecycle, offers
from calls.models import Call, CallEvent, DisconnectedBy, FailReason, Offer, Participant, Status
from calls.services import lines, stays, transfers
from ccai.errors import Refused
from ccai.times import now

# Where a call is its agent's, and nobody has talked to that agent yet.
NOT_TALKED_YET = (Status.ASSIGNED, Status.CONNECTING)

# What a call in which both sides talk becomes when it ends.
ENDS_OF_TALKS: dict[str, Status] = {
    Status.CONNECTED: Status.FINISHED,
    Status.ACTION_ONLY: Status.ACTION_ONLY_FINISHED,
}


def accept_offer(offer: Offer, at: datetime | None = None) -> Call:
    """The call is the agent's; in a warm transfer the agent joins it. Refused with "This offer is gone" (409)."""
    if offer.transfer_id:
        return transfers.accept(offer, at or now())
    return offers.accept(offer, at)


def decline_offer(offer: Offer, at: datetime | None = None) -> None:
    """The agent is free again; a transfer to them has failed. Refused with "This offer is gone" (409)."""
    if offer.transfer_id:
        transfers.decline(offer, at or now())
    else:
        offers.decline(offer, at)


def hold(call: Call, agent: Agent, at: datetime | None = None) -> None:
    """The end user hears music. Refused (409) where the call is not connected, not this agent's, or held already."""
    at = at or now()
    with transaction.atomic():
        call = stays.lock(call)
        stays.require_talk(call, agent)
        if stays.is_held(call):
            raise Refused(errors.CALL_IS_HELD)
        stays.begin_hold(call, agent, at)


def resume(call: Call, agent: Agent, at: datetime | None = None) -> None:
    """The end user is with the agent again. Refused (409) where the call is not connected, not theirs, or not held."""
    at = at or now()
    with transaction.atomic():
        call = stays.lock(call)
        stays.require_talk(call, agent)
        if not stays.is_held(call):
            raise Refused(errors.CALL_IS_NOT_HELD)
        stays.end_hold(call, at)


def hang_up(call: Call, agent: Agent, at: datetime | None = None) -> Call:
    """The agent has left, and a conversation is over with them: `finished`, or `action_only_finished`.

    Where they have not talked yet the call waits in its queue again, at its old place; one that has no queue is
    `failed`, `ag_canceled`. The third party of a warm transfer only leaves; and where the third party is on the line,
    the agent who hangs up hands over to them. Refused (409) where the agent is not on the call.
    """
    at = at or now()
    with transaction.atomic():
        call = stays.lock(call)
        stay = stays.require_stay(call, agent)
        if call.status == Status.CONNECTED and transfers.leave(call, stay, at):
            return call
        if may_go_back(call):
            queue_again(call, at, cause="ended_by_agent", fail_reason=FailReason.AG_CANCELED)
            return call
        if call.status in ENDS_OF_TALKS:
            end = ENDS_OF_TALKS[call.status]
            lifecycle.transition(call, end, cause="ended_by_agent", at=at, disconnected_by=DisconnectedBy.AGENT)
        else:
            lifecycle.transition(
                call,
                Status.FAILED,
                cause="ended_by_agent",
                at=at,
                fail_reason=FailReason.AG_CANCELED,
                disconnected_by=DisconnectedBy.AGENT,
            )
        lines.hang_up([call], at)
        transfers.close(call, at)
    return call


def may_go_back(call: Call) -> bool:
    """Whether `call` has a queue to go back to, and nobody has talked to its agent."""
    return call.status in NOT_TALKED_YET and call.queue_id is not None


def give_back(call: Call, at: datetime | None = None, *, cause: str, fail_reason: str = FailReason.AG_CANCELED) -> Call:
    """`call`, whose agent has not talked to anybody, waits in its queue again at its old place; the agent is free.

    An end user who is on the line stays there; another is dialled anew when the next agent has taken the call.
    `fail_reason` stays with the agent's row. Refused with "Call can't go back to its queue" (409).
    """
    with transaction.atomic():
        call = stays.lock(call)
        if not may_go_back(call):
            raise Refused(errors.CALL_CANNOT_GO_BACK)
        queue_again(call, at or now(), cause=cause, fail_reason=fail_reason)
    return call


def queue_again(call: Call, at: datetime, *, cause: str, fail_reason: str = FailReason.NOTHING) -> None:
    """`call` waits in its queue again, its agents have left. In the locked call's transaction.

    It is cast on where it stood when it was taken, so that who gave it back is not asked again in this round; after a
    conversation a new round begins. One that was talked in has its time to wait since it was last left, not since it
    first came.
    """
    groups = offers.groups_with_agents([call.queue_id or 0])[call.queue_id or 0]
    level, cast_round = max(1, call.cast_level), max(1, call.cast_round)
    if call.status == Status.CONNECTED:
        cast_round += 1
    columns: dict[str, Any] = offers.cast_columns(groups, level, cast_round, at)
    left = CallEvent.objects.filter(call=call, old=Status.CONNECTED).order_by("pk").last()
    if left is not None and call.status != Status.CONNECTED:
        columns["deadline_at"] = left.at + timedelta(seconds=call.expires_after)
    on_line = bool(lines.on_line([call]))
    if not on_line:
        if call.status == Status.CONNECTING:
            lines.hang_up([call], at)
        Participant.objects.filter(call=call, type=Participant.Type.END_USER, ended_at=None).update(dialled_at=None)
        columns |= {"voip_provider": "", "voip_ref": ""}
    stays.end_hold(call, at)
    for stay in stays.agents_on(call):
        stays.end_stay(call, stay, at, fail_reason=fail_reason)
    lifecycle.transition(call, Status.QUEUED, cause=cause, at=at, agent=None, agent_info=None, **columns)
    if on_line:
        lines.tell([call], at)
    clock.nudge_on_commit()

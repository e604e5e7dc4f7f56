"""What providers report becomes what calls are. Reports come twice, late and out of order; each changes a call once."""

import logging
from datetime import datetime

from django.db import transaction

from agents import availability
from agents.models import Agent
from calls import clock, lifecycle, orders
from calls.models import Call, DisconnectedBy, FailReason, Participant, Status, VoipOrder
from calls.models.call import OVER
from calls.services import lines, phone, recordings, stays, talk, transfers, voicemail
from calls.services.on_call import announce_call
from calls.voip import next_provider, provider
from calls.voip.base import VoipEvent, VoipEventKind

log = logging.getLogger(__name__)

# Why an attempt failed that was the agent's doing: another agent may do better.
AGENTS_REASONS = (
    FailReason.AG_IGNORED,
    FailReason.AG_CANCELED,
    FailReason.AG_MIC_NO_DEVICE,
    FailReason.AG_MIC_DENIED,
)
# Where a call has no agent yet, or none any more.
WITHOUT_AGENT = (Status.SELECTING, Status.QUEUED, Status.VOICEMAIL)
# Where an agent's line is wanted, and where an end user's.
WITH_AGENT = (Status.CONNECTING, Status.CONNECTED)
WITH_END_USER = (*WITH_AGENT, Status.VOICEMAIL, Status.VOICEMAIL_RECEIVED, Status.VOICEMAIL_READ, Status.DEFLECTED)
# A line is there, or will be as soon as somebody answers it.
LINE_IS_THERE = (VoipEventKind.RINGS, VoipEventKind.AGENT_ANSWERED, VoipEventKind.CONNECTED)


def apply_voip_event(event: VoipEvent) -> bool:
    """The call is where `event` says, as far as the lifecycle allows; False where it changed nothing.

    A report of a call nobody knows, of a provider that does not carry it any more, or of an earlier attempt to connect
    it, changes nothing. A line that rings, or answers, when nobody wants it any more is ended.
    """
    if event.kind == VoipEventKind.RECORDED:
        return recordings.keep(event)
    if event.kind == VoipEventKind.MESSAGE_LEFT:
        return voicemail.keep_message(event)
    with transaction.atomic():
        call = Call.objects.select_for_update().filter(pk=event.call_id).first()
        if call is None or call.voip_provider != event.provider:
            log.warning("%s reports %s of call %s, which it does not carry", event.provider, event.kind, event.call_id)
            if call is not None and event.kind in LINE_IS_THERE:
                _end_line_elsewhere(call, event)
            return False
        return EFFECTS[event.kind](call, event)


def _rings(call: Call, event: VoipEvent) -> bool:
    """A line has begun to ring, which changes nothing. One that nobody waits for any more is ended: nobody is to answer
    it."""
    if not event.leg and call.status not in WITH_END_USER and not lines.on_line([call]):
        orders.give(call, VoipOrder.Kind.HANG_UP, event.at)
    elif event.leg and (call.status not in WITH_AGENT or _find_line(call, event.leg) is None):
        orders.give(call, VoipOrder.Kind.DROP_AGENT, event.at, leg=event.leg)
    return False


def _agent_answered(call: Call, event: VoipEvent) -> bool:
    """An agent's line is up. They are with the end user where that one is on the line; else the end user is to be
    dialled, which the clock does."""
    stay = _find_line(call, event.leg)
    if _is_of_an_earlier_attempt(call, event, stay):
        return False
    if stay is None or call.status not in (Status.CONNECTING, Status.CONNECTED):
        _end_unwanted_line(call, event)
        return False
    if not _join(call, stay, event):
        return False
    if call.status == Status.CONNECTED:
        announce_call(call)
    elif lines.on_line([call]):
        _connect(call, event)
    else:
        announce_call(call)
        clock.nudge_on_commit()
    return True


def _connected(call: Call, event: VoipEvent) -> bool:
    """Both sides are on. In a call to leave a message, the end user's."""
    if call.status == Status.VOICEMAIL:
        waiting = Participant.objects.filter(call=call, type=Participant.Type.END_USER, on_line_at=None, ended_at=None)
        return bool(waiting.update(on_line_at=event.at))
    stay = _find_line(call, event.leg)
    if _is_of_an_earlier_attempt(call, event, stay):
        return False
    if stay is None or call.status != Status.CONNECTING:
        _end_unwanted_line(call, event)
        return False
    _join(call, stay, event)
    _connect(call, event)
    return True


def _failed(call: Call, event: VoipEvent) -> bool:
    """The attempt to connect failed: for good, or until the next provider, or another agent, has tried."""
    if call.status == Status.VOICEMAIL and event.fail_reason not in AGENTS_REASONS:
        _fail(call, event)
        return True
    if call.status in WITHOUT_AGENT:
        # The caller's own line has broken off.
        return _caller_left(call, event)
    if call.status != Status.CONNECTING or _is_of_an_earlier_attempt(call, event, _find_line(call, event.leg)):
        return False
    on_line = bool(lines.on_line([call]))
    if event.fail_reason in AGENTS_REASONS and talk.may_go_back(call):
        _look_for_another(call, event, cause="agent_did_not_answer")
        return True
    if event.details:
        log.warning("call %s: %s does not connect it: %s", call.pk, event.provider, event.details)
    # The end user's own line is with this provider, or may be: no other can take it over, nor is to ring them as well.
    may_do_better = not event.permanent and not on_line and next_provider(event.provider) is not None
    if may_do_better and not provider(event.provider).may_be_ringing(call.pk):
        _switch(call, event.at)
        return True
    if on_line:
        lines.hang_up([call], event.at)
    _fail(call, event)
    return True


def _ended(call: Call, event: VoipEvent) -> bool:
    """A leg hung up, and all others with it: the call is finished, or failed where it was not connected."""
    by = event.ended_by or DisconnectedBy.UNKNOWN
    if _is_of_an_earlier_line(call, event):
        return False
    if call.status in WITHOUT_AGENT:
        return _caller_left(call, event)
    if call.status == Status.CONNECTED:
        lifecycle.transition(call, Status.FINISHED, cause=f"ended_by_{by}", at=event.at, disconnected_by=by)
        transfers.close(call, event.at)
        return True
    on_line = bool(lines.on_line([call]))
    if not on_line and _is_of_an_earlier_attempt(call, event, _find_line(call, event.leg)):
        return False
    if call.status == Status.CONNECTING or (call.status == Status.ASSIGNED and on_line):
        waited = FailReason.EU_ABANDONED if on_line else FailReason.EU_CANCELED
        reason = FailReason.AG_CANCELED if by == DisconnectedBy.AGENT else waited
        lifecycle.transition(
            call, Status.FAILED, cause=f"ended_by_{by}", at=event.at, fail_reason=reason, disconnected_by=by
        )
        transfers.close(call, event.at)
        return True
    return False


def _caller_left(call: Call, event: VoipEvent) -> bool:
    """The caller is gone before an agent had the call, and a transfer to the menu they waited in has failed."""
    gone = phone.caller_left(call, event.at)
    if call.status in OVER:
        transfers.close(call, event.at)
    return gone


def _agent_left(call: Call, event: VoipEvent) -> bool:
    """An agent's line ended, or was never answered, and the end user stays: with the other agent, or in the queue."""
    stay = _find_line(call, event.leg)
    if stay is None or _is_of_an_earlier_attempt(call, event, stay):
        return False
    reason = event.fail_reason or FailReason.AG_IGNORED
    if call.status == Status.CONNECTED and transfers.leave(call, stay, event.at, fail_reason=reason):
        if stay.connected_at is None and reason in AGENTS_REASONS:
            _mark_unresponsive(stay)
        return True
    if call.status == Status.CONNECTED and stay.agent_id == call.agent_id:
        transfers.close(call, event.at)
        if call.queue_id is not None:
            talk.queue_again(call, event.at, cause="agent_left")
        else:
            by = DisconnectedBy.AGENT
            lifecycle.transition(call, Status.FINISHED, cause="agent_left", at=event.at, disconnected_by=by)
            lines.hang_up([call], event.at)
        return True
    if call.status != Status.CONNECTING:
        return False
    # What is the provider's fault another agent's line would meet as well.
    if reason in AGENTS_REASONS and talk.may_go_back(call):
        _look_for_another(call, event, cause="agent_left")
    else:
        _fail(call, event, reason=reason)
        lines.hang_up([call], event.at)
    return True


def _key_pressed(call: Call, event: VoipEvent) -> bool:
    """The caller has pressed a key."""
    return phone.press_key(call, event.key, event.at)


EFFECTS = {
    VoipEventKind.AGENT_ANSWERED: _agent_answered,
    VoipEventKind.AGENT_LEFT: _agent_left,
    VoipEventKind.CONNECTED: _connected,
    VoipEventKind.ENDED: _ended,
    VoipEventKind.FAILED: _failed,
    VoipEventKind.KEY_PRESSED: _key_pressed,
    VoipEventKind.RINGS: _rings,
}


def _find_line(call: Call, leg: int) -> Participant | None:
    """The stay of the agent whose line `leg` is, or, where the provider does not say, of the agent whose call it is;
    None where they have left."""
    for stay in stays.agents_on(call):
        if stay.pk == leg or (not leg and stay.agent_id == call.agent_id):
            return stay
    return None


def _end_unwanted_line(call: Call, event: VoipEvent) -> None:
    """A line has answered that nobody waits for any more: the call is over, or its agent has left it meanwhile."""
    if call.status in OVER:
        lines.hang_up([call], event.at)
    elif event.leg and Participant.objects.filter(pk=event.leg, call=call, ended_at__isnull=False).exists():
        orders.give(call, VoipOrder.Kind.DROP_AGENT, event.at, leg=event.leg)


def _end_line_elsewhere(call: Call, event: VoipEvent) -> None:
    """A line is there at a provider that does not carry `call`: it was asked for when `call` had gone on. It is ended.
    An order that is being carried out just now may have missed it."""
    ordered = VoipOrder.objects.filter(call=call, provider=event.provider, kind=VoipOrder.Kind.HANG_UP)
    if not ordered.filter(next_at__isnull=False).exclude(attempts__gt=0, error="").exists():
        orders.give(call, VoipOrder.Kind.HANG_UP, provider=event.provider)


def _connect(call: Call, event: VoipEvent) -> None:
    """The agent, who is on, and the end user talk. A transfer to the agent's menu is done."""
    Participant.objects.filter(call=call, type=Participant.Type.END_USER, status=Participant.Status.WAITING).update(
        status=Participant.Status.CONNECTED, connected_at=event.at
    )
    lifecycle.transition(call, Status.CONNECTED, cause="both_connected", at=event.at, unheard_since=None)
    transfers.close(call, event.at)


def _fail(call: Call, event: VoipEvent, *, reason: str = "") -> None:
    """`call` has failed as `event` says."""
    rejected = event.fail_reason == FailReason.EU_REJECTED
    lifecycle.transition(
        call,
        Status.FAILED,
        cause="not_connected",
        at=event.at,
        fail_reason=reason or event.fail_reason or FailReason.UNKNOWN,
        fail_details=f"{event.provider}: {event.details}" if event.details else None,
        disconnected_by=DisconnectedBy.END_USER if rejected else DisconnectedBy.UNKNOWN,
    )
    transfers.close(call, event.at)


def _look_for_another(call: Call, event: VoipEvent, *, cause: str) -> None:
    """The agent did not answer: `call` is in its queue again, and the agent is not asked until they say they are back.
    One who had answered, and then left, is only free."""
    left = stays.agents_on(call)
    talk.give_back(call, event.at, cause=cause, fail_reason=event.fail_reason or FailReason.AG_IGNORED)
    for stay in left:
        if stay.connected_at is None:
            _mark_unresponsive(stay)


def _mark_unresponsive(stay: Participant) -> None:
    """The agent of `stay` has not answered their line. What they have chosen meanwhile they stay."""
    if stay.agent is not None:
        availability.set_status(stay.agent, Agent.Status.UNRESPONSIVE, only_from=[Agent.Status.AVAILABLE])


def _is_of_an_earlier_attempt(call: Call, event: VoipEvent, stay: Participant | None) -> bool:
    """Whether `event` is of the time before the line of `stay`, the agent who has `call`, was dialled, when another had
    it, or its caller had a line still. Never where it says whose line it is of."""
    begun_at = (stay.dialled_at if stay else None) or call.assigned_at
    if event.leg or begun_at is None or event.at >= begun_at:
        return False
    return _somebody_has_left(call)


def _is_of_an_earlier_line(call: Call, event: VoipEvent) -> bool:
    """Whether `event` is of the time before the end user's line, which is up, and of one that they had before."""
    up_since = lines.up_since(call)
    return up_since is not None and event.at < up_since and _somebody_has_left(call)


def _somebody_has_left(call: Call) -> bool:
    """Whether there was an earlier attempt to connect `call`, or a line before the present ones."""
    return Participant.objects.filter(call=call, ended_at__isnull=False).exists()


def _switch(call: Call, at: datetime) -> None:
    """The provider that carries `call` has failed; the clock tries the next one, which dials everybody anew.

    An agent who was on the line already has left it with that provider, and waits in a row of their own for the next.
    """
    lifecycle.transition(call, Status.SWITCHING, cause=f"{call.voip_provider}_failed")
    staying = Participant.objects.filter(call=call).exclude(status=Participant.Status.FINISHED)
    for left in staying.filter(status=Participant.Status.CONNECTED):
        engagement_id, left.engagement_id = left.engagement_id, None
        lifecycle.leave(left, at)
        left.save()
        Participant.objects.create(
            call=call, type=left.type, agent_id=left.agent_id, end_user_id=left.end_user_id, engagement_id=engagement_id
        )
    staying.update(dialled_at=None)


def _join(call: Call, stay: Participant, event: VoipEvent) -> bool:
    """The agent of `stay` is on the line, since the event; False where they were already."""
    joined = Participant.objects.filter(pk=stay.pk, call=call, status=Participant.Status.WAITING).update(
        status=Participant.Status.CONNECTED, connected_at=event.at
    )
    if joined:
        stays.touch(call)
    return bool(joined)

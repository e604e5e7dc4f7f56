"""What providers report becomes what calls are. Reports come twice, late and out of order; each changes a call once."""

import logging
from datetime import datetime

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction

from calls import clock, lifecycle
from calls.models import Call, DisconnectedBy, FailReason, Participant, Status
from calls.voip.base import VoipEvent, VoipEventKind
from ccai.times import now

log = logging.getLogger(__name__)


def apply_voip_event(event: VoipEvent) -> bool:
    """The call is where `event` says, as far as the lifecycle allows; False where it changed nothing.

    A report of a call nobody knows, or of a provider that does not carry it any more, changes nothing.
    """
    if event.kind == VoipEventKind.RECORDED:
        return _keep_recording(event)
    with transaction.atomic():
        call = Call.objects.select_for_update().filter(pk=event.call_id).first()
        if call is None or call.voip_provider != event.provider:
            log.warning("%s reports %s of call %s, which it does not carry", event.provider, event.kind, event.call_id)
            return False
        return EFFECTS[event.kind](call, event)


def _agent_answered(call: Call, event: VoipEvent) -> bool:
    """The agent's leg is up: the end user is to be dialled, which the clock does."""
    if call.status != Status.CONNECTING:
        return False
    joined = _join(call, Participant.Type.AGENT, event)
    if joined:
        clock.nudge_on_commit()
    return joined


def _connected(call: Call, event: VoipEvent) -> bool:
    """Both sides are on."""
    if call.status != Status.CONNECTING:
        return False
    _join(call, Participant.Type.AGENT, event)
    _join(call, Participant.Type.END_USER, event)
    lifecycle.transition(call, Status.CONNECTED, cause="both_connected", at=event.at)
    return True


def _failed(call: Call, event: VoipEvent) -> bool:
    """The attempt to connect failed: for good, or until the next provider has tried."""
    if call.status != Status.CONNECTING:
        return False
    if not event.permanent:
        _switch(call, event.at)
        return True
    rejected = event.fail_reason == FailReason.EU_REJECTED
    lifecycle.transition(
        call,
        Status.FAILED,
        cause="not_connected",
        at=event.at,
        fail_reason=event.fail_reason or FailReason.UNKNOWN,
        disconnected_by=DisconnectedBy.END_USER if rejected else DisconnectedBy.UNKNOWN,
    )
    return True


def _ended(call: Call, event: VoipEvent) -> bool:
    """A leg hung up: the call is finished, or failed where it was never connected."""
    by = event.ended_by or DisconnectedBy.UNKNOWN
    if call.status == Status.CONNECTED:
        lifecycle.transition(call, Status.FINISHED, cause=f"ended_by_{by}", at=event.at, disconnected_by=by)
        return True
    if call.status == Status.CONNECTING:
        reason = FailReason.AG_CANCELED if by == DisconnectedBy.AGENT else FailReason.EU_CANCELED
        lifecycle.transition(
            call, Status.FAILED, cause=f"ended_by_{by}", at=event.at, fail_reason=reason, disconnected_by=by
        )
        return True
    return False


EFFECTS = {
    VoipEventKind.AGENT_ANSWERED: _agent_answered,
    VoipEventKind.CONNECTED: _connected,
    VoipEventKind.FAILED: _failed,
    VoipEventKind.ENDED: _ended,
}


def _keep_recording(event: VoipEvent) -> bool:
    """The recording is stored, once, before the row says so: a store may be slow, or far away."""
    fresh = Call.objects.filter(pk=event.call_id, voip_provider=event.provider, recording="")
    if not fresh.exists():
        return False
    name = default_storage.save(f"recordings/{event.call_id}.wav", ContentFile(event.recording))
    if not fresh.update(recording=name, updated_at=now()):
        default_storage.delete(name)
        return False
    return True


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


def _join(call: Call, kind: str, event: VoipEvent) -> bool:
    """The party of this `kind` is on the line, since the event; False where it was already."""
    return bool(
        Participant.objects.filter(call=call, type=kind, status=Participant.Status.WAITING).update(
            status=Participant.Status.CONNECTED, connected_at=event.at
        )
    )

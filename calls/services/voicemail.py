"""Voicemail: a message left in a menu's box. `Call.queue` is the box it lies in, `Call.voicemail` what was said."""

import logging
from datetime import datetime, timedelta

from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import QuerySet

from agents.models import Agent
from calls import lifecycle, offers
from calls.models import Call, DisconnectedBy, FailReason, Participant, Status, VoicemailReason
from calls.services import lines, recordings
from calls.voip.base import VoipEvent
from ccai import announcing
from ccai.times import now
from menus.models import AgentGroup, Menu

log = logging.getLogger(__name__)

BATCH = 200
# How long the report of a message may come after that of the caller's hanging up.
MESSAGE_MAY_FOLLOW = timedelta(seconds=60)


def leave_message(call: Call, at: datetime) -> bool:
    """A caller who waits in the queue leaves a message instead, as they chose; False where `call` does not wait."""
    if call.status != Status.QUEUED or not lines.on_line([call]):
        return False
    moved = offers.leave_queue(
        [call],
        Status.VOICEMAIL,
        cause="end_user_chose",
        at=at,
        voicemail_reason=VoicemailReason.END_USER_CHOICE,
        cast_until=None,
    )
    lines.tell(moved, at)
    return bool(moved)


def keep_message(event: VoipEvent) -> bool:
    """The message is stored, and then lies in the box, unheard: `voicemail_received`; False where it changes nothing.

    A report that comes twice, or of a call that takes no message (any more), changes nothing.
    """
    recording = Call.objects.filter(pk=event.call_id, voip_provider=event.provider, status=Status.VOICEMAIL)
    if not recording.exists():
        log.info("call %s: takes no message from %s", event.call_id, event.provider)
        return False
    name = default_storage.save(f"voicemail/{event.call_id}.wav", recordings.sound_of(event))
    with transaction.atomic():
        call = recording.select_for_update().first()
        if call is not None:
            lifecycle.transition(
                call,
                Status.VOICEMAIL_RECEIVED,
                cause="message_left",
                at=event.at,
                voicemail=name,
                disconnected_by=DisconnectedBy.END_USER,
            )
            _announce(call)
            return True
    default_storage.delete(name)
    return False


def hang_up_without_message(call: Call, at: datetime) -> bool:
    """The end user is off the line, and no message has come. One that still does, within a minute, is kept; else the
    clock fails the call. False where `call` takes no message, or its end user was off the line already."""
    staying = Participant.objects.filter(call=call, type=Participant.Type.END_USER, ended_at=None).first()
    if call.status != Status.VOICEMAIL or staying is None:
        return False
    lifecycle.leave(staying, at)
    staying.save()
    call.deadline_at = min(call.deadline_at or at, at + MESSAGE_MAY_FOLLOW)
    Call.objects.filter(pk=call.pk).update(
        deadline_at=call.deadline_at, disconnected_by=DisconnectedBy.END_USER, updated_at=now()
    )
    return True


def expire_voicemails(at: datetime) -> int:
    """Calls that were to leave a message and have not by their deadline are `failed`, their lines ended.

    The reason is `eu_abandoned` where the caller has hung up, `expired` where they stay on the line,
    `voip_conn_timeout` where nobody knows whether they were ever reached. Returns how many.
    """
    with transaction.atomic():
        late = list(Call.objects.overdue(at, Status.VOICEMAIL)[:BATCH])
        with_line = lines.on_line(late)
        for call in late:
            left = call.disconnected_by == DisconnectedBy.END_USER
            if left:
                reason = FailReason.EU_ABANDONED
            else:
                reason = FailReason.EXPIRED if call.pk in with_line else FailReason.VOIP_CONN_TIMEOUT
            lifecycle.transition(
                call,
                Status.FAILED,
                cause="no_message_left",
                at=at,
                fail_reason=reason,
                disconnected_by=DisconnectedBy.END_USER if left else DisconnectedBy.SYSTEM,
            )
            lines.hang_up([call], at)
    return len(late)


def mark_voicemail_read(call: Call, agent: Agent, at: datetime | None = None) -> bool:
    """`agent` has opened the message: `voicemail_read`. False where somebody had opened it before, or it is none."""
    if call.status != Status.VOICEMAIL_RECEIVED:
        return False
    with transaction.atomic():
        opened = lifecycle.transition_many([call], Status.VOICEMAIL_READ, cause=f"opened_by_agent_{agent.pk}", at=at)
        for one in opened:
            _announce(one)
    return bool(opened)


def voicemails_for(agent: Agent) -> QuerySet[Call]:
    """The messages, unheard and heard, in the boxes of the menus whose groups `agent` is in; the newest first."""
    boxes = Menu.objects.filter(groups__agents=agent).values("pk")
    return Call.objects.filter(status__in=(Status.VOICEMAIL_RECEIVED, Status.VOICEMAIL_READ), queue__in=boxes).order_by(
        "-created_at", "-pk"
    )


def _announce(call: Call) -> None:
    """The pages of those who see the box look again."""
    members = AgentGroup.agents.through.objects.filter(agentgroup__menu=call.queue_id)
    announcing.announce_on_commit(members.values_list("agent_id", flat=True))

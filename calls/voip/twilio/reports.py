"""What Twilio reports of a line, as events of the port. A line goes forward only: what comes twice, or late, is none.

Call these in a transaction that has locked the call.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from calls.models import Call, DisconnectedBy, FailReason, Participant, Status, TwilioLine
from calls.voip.base import VoipEvent, VoipEventKind
from calls.voip.twilio import lines
from calls.voip.twilio.lines import State
from calls.voip.twilio.reasons import Reason, reason_of

# Twilio's call statuses.
STATES: dict[str, str] = {
    "queued": State.ASKED,
    "initiated": State.ASKED,
    "ringing": State.RINGING,
    "in-progress": State.UP,
    "answered": State.UP,
    "completed": State.OVER,
    "busy": State.OVER,
    "failed": State.OVER,
    "no-answer": State.OVER,
    "canceled": State.OVER,
}
# Where the end user's line does something by itself, and is no part of a conversation.
BY_ITSELF = (Status.DEFLECTED, Status.VOICEMAIL_RECEIVED, Status.VOICEMAIL_READ)


def events_of(call: Call, line: TwilioLine, sent: Mapping[str, str], at: datetime) -> list[VoipEvent]:
    """`line`, of `call`, is where Twilio says in `sent` (CallStatus and its kin), and that is what there is to report.

    Nothing where it was there before, where another attempt has taken its place, or where its agent has left.
    """
    status = sent.get("CallStatus", "")
    state = STATES.get(status)
    if state is None or not lines.advance(line, state, at):
        return []
    if not lines.is_newest(line) or _is_of_an_earlier_attempt(call, line):
        return []
    if state == State.RINGING:
        return [VoipEvent(VoipEventKind.RINGS, call.pk, line.provider, at, leg=line.leg)]
    # Twilio calls only that completed which was answered, whether or not we have heard of that yet.
    was_up = line.answered_at is not None or status == "completed"
    never_up = None if was_up else reason_of(status, sent.get("SipResponseCode", ""), agent=bool(line.leg))
    if line.leg:
        return _of_agent(call, line, never_up, at) if state == State.OVER else [_answered(line, at)]
    if state == State.UP:
        return [] if call.status in BY_ITSELF else [VoipEvent(VoipEventKind.CONNECTED, call.pk, line.provider, at)]
    return _of_end_user(call, line, never_up, _seconds(sent.get("CallDuration", "")), at)


def others_live(line: TwilioLine) -> bool:
    """Whether the call has other lines at Twilio that are not over, as far as we know."""
    return lines.living(line.provider, line.call_ref).exclude(pk=line.pk).exists()


def _is_of_an_earlier_attempt(call: Call, line: TwilioLine) -> bool:
    """Whether `line`, the end user's, was dialled for an agent who has left, and another agent's line is up now."""
    if line.leg or call.status != Status.CONNECTING:
        return False
    stays = Participant.objects.filter(call=call, type=Participant.Type.END_USER, ended_at=None)
    stay = stays.order_by("pk").last()
    if stay is None or stay.on_line_at is not None or stay.status == Participant.Status.CONNECTED:
        return False
    return stay.dialled_at is None or line.created_at < stay.dialled_at


def _answered(line: TwilioLine, at: datetime) -> VoipEvent:
    """The agent's phone was answered."""
    return VoipEvent(VoipEventKind.AGENT_ANSWERED, line.call_ref, line.provider, at, leg=line.leg)


def _of_agent(call: Call, line: TwilioLine, never_up: Reason | None, at: datetime) -> list[VoipEvent]:
    """The agent's line is over. Where they talked, and no other agent is there, hanging up is the end of the call."""
    if Participant.objects.filter(pk=line.leg, ended_at__isnull=False).exists():
        return []
    living = lines.living(line.provider, line.call_ref).exclude(pk=line.pk)
    end_user_stays = living.filter(leg=0, state=State.UP).exists()
    others = living.exclude(leg=0).exists()
    if never_up is None and call.status == Status.CONNECTED and not others:
        by = DisconnectedBy.AGENT
        return [VoipEvent(VoipEventKind.ENDED, call.pk, line.provider, at, leg=line.leg, ended_by=by)]
    reason = never_up or Reason(FailReason.AG_CANCELED)
    kind = VoipEventKind.AGENT_LEFT if end_user_stays or others else VoipEventKind.FAILED
    return [
        VoipEvent(
            kind,
            call.pk,
            line.provider,
            at,
            leg=line.leg,
            fail_reason=reason.fail_reason,
            permanent=reason.permanent,
            details=reason.details,
        )
    ]


def _of_end_user(call: Call, line: TwilioLine, never_up: Reason | None, seconds: int, at: datetime) -> list[VoipEvent]:
    """The end user's line is over, after it was up for `seconds`. Where nobody has reported that it was up, that comes
    first."""
    if never_up is not None:
        return [
            VoipEvent(
                VoipEventKind.FAILED,
                call.pk,
                line.provider,
                at,
                fail_reason=never_up.fail_reason,
                permanent=never_up.permanent,
                details=never_up.details,
            )
        ]
    events = []
    if line.answered_at is None and call.status not in BY_ITSELF:
        begun_at = max(line.created_at, at - timedelta(seconds=seconds))
        events.append(VoipEvent(VoipEventKind.CONNECTED, call.pk, line.provider, begun_at))
    by = DisconnectedBy.END_USER
    return [*events, VoipEvent(VoipEventKind.ENDED, call.pk, line.provider, at, ended_by=by)]


def _seconds(text: str) -> int:
    """Whole seconds as Twilio writes them; 0 where it does not."""
    return int(text) if text.isdecimal() and len(text) < 7 else 0

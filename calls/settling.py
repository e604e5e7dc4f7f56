"""Calls that stay where they are for too long: the provider is asked what became of them, and no phone rings twice.

`dispatch.py` runs these steps with its own.
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from agents.models import Agent
from calls import lifecycle
from calls.models import Call, CallEvent, DisconnectedBy, FailReason, Participant, Status
from calls.services import apply_voip_event, lines, talk, transfers
from calls.voip import provider
from calls.voip.base import DialOrder, NoSuchProvider, VoipError, VoipEvent, VoipEventKind, VoipState, VoipTimeout

log = logging.getLogger(__name__)

BATCH = 200
# Calls that one worker takes upon itself before it asks a provider about them, one after the other.
REQUESTS = 5
# How soon a stalled call is looked at again where its provider could not say what became of it.
LOOK_AGAIN = timedelta(seconds=30)
# How long a provider that cannot say may keep an agent waiting.
GIVE_UP = timedelta(minutes=10)
# The end user is on the line and waits for an agent whom a worker died before it asked for, or who does not answer:
# cause and reason of the agent's leaving.
LINE_IS_UP = {
    VoipState.CALLER_WAITS: ("not_dialled_in_time", FailReason.STUCK_DUE_TO_API_ERROR),
    VoipState.DIALLING: ("agent_did_not_answer", FailReason.AG_IGNORED),
}


def fail_undialled(at: datetime) -> int:
    """Calls an agent has and no worker dialled in time are `failed`: too late to surprise anybody with them."""
    with transaction.atomic():
        late = list(Call.objects.overdue(at, Status.ASSIGNED, Status.SWITCHING)[:BATCH])
        with_line = lines.on_line(late)
        for call in late:
            if call.pk in with_line and talk.may_go_back(call):
                talk.give_back(call, at, cause="not_dialled_in_time", fail_reason=FailReason.STUCK_DUE_TO_API_ERROR)
                continue
            fail(call, FailReason.STUCK_DUE_TO_API_ERROR, "not_dialled_in_time", at)
            if call.pk in with_line:
                lines.hang_up([call], at)
    return len(late)


def give_back_from_vanished(at: datetime) -> int:
    """Calls whose agent vanished, or was deactivated, before anybody was dialled are in their queue again."""
    with transaction.atomic():
        stranded = list(
            Call.objects.filter(status=Status.ASSIGNED, queue__isnull=False)
            .filter(Q(agent__status=Agent.Status.UNRESPONSIVE) | Q(agent__user__is_active=False))
            .order_by("pk")
            .select_for_update(skip_locked=True, of=("self",))[:BATCH]
        )
        for call in stranded:
            talk.give_back(call, at, cause="agent_vanished", fail_reason=FailReason.AG_IGNORED)
    return len(stranded)


def settle_stalled(at: datetime) -> int:
    """Calls that stayed too long where they are have been looked at, and moved on or ended with a reason.

    The claim is the deadline itself, which moves on before the provider is asked.
    """
    with transaction.atomic():
        stalled = list(Call.objects.overdue(at, *SETTLE).select_related("agent")[:REQUESTS])
        Call.objects.filter(pk__in=[call.pk for call in stalled]).update(deadline_at=at + LOOK_AGAIN)
    for call in stalled:
        try:
            SETTLE[Status(call.status)](call, at)
        except lifecycle.InvalidTransition:
            log.info("call %s: moved on by itself", call.pk)
        except Exception as error:
            # Whatever an adapter raises: the others of the batch are settled all the same, and this one again later.
            log.warning("call %s: %s could not say what became of it: %r", call.pk, call.voip_provider, error)
    return len(stalled)


def dial_order(call: Call, leg: int = 0) -> DialOrder:
    """`call` as a provider needs to know it, with the agent's line that is to ring: the participant `leg`, or the one
    that waits."""
    waiting = Participant.objects.filter(call=call, type=Participant.Type.AGENT).select_related("agent")
    waiting = waiting.filter(pk=leg) if leg else waiting.filter(status=Participant.Status.WAITING)
    stay = waiting.order_by("pk").last()
    agent = stay.agent if stay and stay.agent else call.agent
    return DialOrder(
        call_id=call.pk,
        to_number=call.end_user_number,
        from_number=call.outbound_number,
        agent_address=agent.sip_address if agent else "",
        recorded=call.recorded,
        leg=stay.pk if stay else 0,
    )


def fail(call: Call, reason: str, cause: str, at: datetime, *, details: str | None = None) -> None:
    """`call` is over before it was connected, by the system's own decision."""
    lifecycle.transition(
        call,
        Status.FAILED,
        cause=cause,
        at=at,
        fail_reason=reason,
        fail_details=details,
        disconnected_by=DisconnectedBy.SYSTEM,
    )


def _what_became_of(call: Call) -> VoipState:
    """What the call's provider says of it. One that is not there any more knows nothing."""
    try:
        return provider(call.voip_provider).find_call(dial_order(call), call.assigned_at or call.created_at)
    except NoSuchProvider:
        return VoipState.UNKNOWN


def _lock(call: Call) -> Call | None:
    """`call`, locked, if it stands in the attempt it was read in; None where it went on while a provider was asked."""
    return (
        Call.objects.select_for_update()
        .filter(pk=call.pk, status=call.status, voip_provider=call.voip_provider, assigned_at=call.assigned_at)
        .first()
    )


def _settle_connecting(call: Call, at: datetime) -> None:
    """The provider said nothing: ask what became of the call, and never dial anybody twice.

    Raises what the provider raises; one that has not been able to say for GIVE_UP is not waited for any longer.
    """
    waits_since = call.assigned_at or call.created_at
    try:
        state = _what_became_of(call)
    except (VoipError, VoipTimeout):
        if at < waits_since + GIVE_UP:
            raise
        state = VoipState.UNKNOWN
    with transaction.atomic():
        present = _lock(call)
        if present is not None:
            _settle_as(present, state, at)


def _settle_as(call: Call, state: VoipState, at: datetime) -> None:
    """`call`, which is connecting, and locked, goes on as its provider says of it."""
    if state == VoipState.CONNECTED:
        apply_voip_event(VoipEvent(VoipEventKind.CONNECTED, call.pk, call.voip_provider, at))
        return
    waits_since = call.assigned_at or call.created_at
    if state == VoipState.DIALLING:
        begun = CallEvent.objects.filter(call=call, new=Status.CONNECTING).order_by("pk").last()
        until = (begun.at if begun else waits_since) + timedelta(seconds=settings.CCAI_CONNECT_DEADLINE)
        if at < until:
            # The provider had said nothing, and dials after all.
            Call.objects.filter(pk=call.pk).update(deadline_at=until)
            return
    if state == VoipState.AGENT_WAITS and at < waits_since + 2 * timedelta(seconds=settings.CCAI_CONNECT_DEADLINE):
        # A worker died before it asked for the end user's leg, which has never rung: it is asked for now.
        Participant.objects.filter(call=call, type=Participant.Type.END_USER, connected_at=None).update(dialled_at=None)
        return
    if state in LINE_IS_UP and lines.on_line([call]) and talk.may_go_back(call):
        cause, reason = LINE_IS_UP[state]
        talk.give_back(call, at, cause=cause, fail_reason=reason)
        return
    details = f"{call.voip_provider}: {state.value}"
    fail(call, FailReason.VOIP_CONN_TIMEOUT, "not_connected_in_time", at, details=details)
    # Ordered with the end, so that no phone rings on for a call that is over, whoever dies now.
    lines.hang_up([call], at)
    transfers.close(call, at)


def _settle_connected(call: Call, at: datetime) -> None:
    """A long talk, or an end that was never reported: the provider knows which.

    One that has not been able to say for GIVE_UP is not waited for: the talk is over, as far as anybody can tell.
    """
    silence: Exception | None = None
    try:
        state = _what_became_of(call)
    except (VoipError, VoipTimeout) as error:
        state, silence = VoipState.UNKNOWN, error
    with transaction.atomic():
        present = _lock(call)
        if present is None:
            return
        if silence is not None:
            _bear_silence(present, at, silence)
        elif state in (VoipState.UNKNOWN, VoipState.OVER):
            apply_voip_event(
                VoipEvent(VoipEventKind.ENDED, call.pk, call.voip_provider, at, ended_by=DisconnectedBy.SYSTEM)
            )
            lines.hang_up([present], at)
        else:
            Call.objects.filter(pk=call.pk).update(
                deadline_at=at + timedelta(seconds=settings.CCAI_TALK_CHECK), unheard_since=None
            )


def _bear_silence(call: Call, at: datetime, silence: Exception) -> None:
    """Nobody can say whether `call`, locked, is still talked in: after GIVE_UP it is over, and its agent free."""
    log.warning("call %s: %s could not say what became of it: %r", call.pk, call.voip_provider, silence)
    if call.unheard_since is None:
        Call.objects.filter(pk=call.pk).update(unheard_since=at)
    elif at >= call.unheard_since + GIVE_UP:
        lifecycle.transition(
            call,
            Status.FINISHED,
            cause="provider_silent",
            at=at,
            fail_reason=FailReason.VOIP_CONN_TIMEOUT,
            fail_details=f"{call.voip_provider}: {silence}",
            disconnected_by=DisconnectedBy.SYSTEM,
        )
        lines.hang_up([call], at)
        transfers.close(call, at)


SETTLE: dict[Status, Callable[[Call, datetime], Any]] = {
    Status.CONNECTING: _settle_connecting,
    Status.CONNECTED: _settle_connected,
}

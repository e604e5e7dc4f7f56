"""Calls that stay where they are for too long: the provider is asked what became of them, and no phone rings twice.

`dispatch.py` runs these steps with its own.
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction

from calls import lifecycle
from calls.models import Call, DisconnectedBy, FailReason, Participant, Status
from calls.services import apply_voip_event
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


def fail_undialled(at: datetime) -> int:
    """Calls an agent has and no worker dialled in time are `failed`: too late to surprise anybody with them."""
    with transaction.atomic():
        late = list(
            Call.objects.filter(status__in=(Status.ASSIGNED, Status.SWITCHING), deadline_at__lte=at)
            .order_by("deadline_at")
            .select_for_update(skip_locked=True)[:BATCH]
        )
        for call in late:
            fail(call, FailReason.STUCK_DUE_TO_API_ERROR, "not_dialled_in_time", at)
    return len(late)


def settle_stalled(at: datetime) -> int:
    """Calls that stayed too long where they are have been looked at, and moved on or ended with a reason.

    The claim is the deadline itself, which moves on before the provider is asked.
    """
    with transaction.atomic():
        stalled = list(
            Call.objects.filter(status__in=tuple(SETTLE), deadline_at__lte=at)
            .order_by("deadline_at")
            .select_related("agent")
            .select_for_update(skip_locked=True, of=("self",))[:REQUESTS]
        )
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


def dial_order(call: Call) -> DialOrder:
    """`call` as a provider needs to know it."""
    return DialOrder(
        call_id=call.pk,
        to_number=call.end_user_number,
        from_number=call.outbound_number,
        agent_address=call.agent.sip_address if call.agent else "",
        recorded=call.recorded,
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
    if state == VoipState.CONNECTED:
        apply_voip_event(VoipEvent(VoipEventKind.CONNECTED, call.pk, call.voip_provider, at))
        return
    if state == VoipState.AGENT_WAITS and at < waits_since + 2 * timedelta(seconds=settings.CCAI_CONNECT_DEADLINE):
        # A worker died before it asked for the end user's leg, which has never rung: it is asked for now.
        Participant.objects.filter(call=call, type=Participant.Type.END_USER, connected_at=None).update(dialled_at=None)
        return
    if state != VoipState.UNKNOWN:
        # First, so that a crash in between leaves no phone ringing for a call that is over.
        provider(call.voip_provider).hang_up(call.pk)
    fail(
        call, FailReason.VOIP_CONN_TIMEOUT, "not_connected_in_time", at, details=f"{call.voip_provider}: {state.value}"
    )


def _settle_connected(call: Call, at: datetime) -> None:
    """A long talk, or an end that was never reported: the provider knows which."""
    if _what_became_of(call) in (VoipState.UNKNOWN, VoipState.OVER):
        apply_voip_event(
            VoipEvent(VoipEventKind.ENDED, call.pk, call.voip_provider, at, ended_by=DisconnectedBy.SYSTEM)
        )
        return
    Call.objects.filter(pk=call.pk, status=Status.CONNECTED).update(
        deadline_at=at + timedelta(seconds=settings.CCAI_TALK_CHECK)
    )


SETTLE: dict[Status, Callable[[Call, datetime], Any]] = {
    Status.CONNECTING: _settle_connecting,
    Status.CONNECTED: _settle_connected,
}

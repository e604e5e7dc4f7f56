"""Asking providers, outside of any transaction: to dial what the clock has claimed, and what orders say.

Each request is made if the call still wants it. What a provider refuses is reported as if it had said so itself.
"""

import logging
from collections.abc import Callable
from datetime import datetime

from calls import orders
from calls.lifecycle import InvalidTransition
from calls.models import Call, FailReason, Hold, Participant, Status, VoipOrder
from calls.models.call import OVER
from calls.services import apply_voip_event, lines, phone
from calls.settling import dial_order, fail
from calls.voip import provider
from calls.voip.base import NoSuchProvider, VoipError, VoipEvent, VoipEventKind, VoipProvider, VoipTimeout
from ccai.times import now

log = logging.getLogger(__name__)

Kind = VoipOrder.Kind


def ask(call: Call, request: Callable[[VoipProvider, Call], None]) -> None:
    """Make `request` of the call's provider, if the call is still to be connected there.

    A refusal is reported as the provider would have done. Silence, and whatever else goes wrong, is left to
    `settle_stalled`: a request is never made twice.
    """
    if not Call.objects.filter(
        pk=call.pk, status=Status.CONNECTING, voip_provider=call.voip_provider, deadline_at__gt=now()
    ).exists():
        log.info("call %s: is not to be dialled any more", call.pk)
        return
    try:
        request(provider(call.voip_provider), call)
    except VoipError as error:
        _report_failure(call, error)
    except VoipTimeout:
        log.warning("call %s: %s did not say whether it dials", call.pk, call.voip_provider)
    except Exception:
        log.exception("call %s: the request to %s broke", call.pk, call.voip_provider)


def place(carrier: VoipProvider, call: Call) -> None:
    """The agent's leg; joined to the end user's, where that is on the line already."""
    if not lines.on_line([call]):
        ref = carrier.place_call(dial_order(call))
        Call.objects.filter(pk=call.pk).update(voip_ref=ref)
        return
    order = dial_order(call)
    try:
        carrier.add_agent(order)
    except NoSuchProvider:
        raise
    except VoipError as error:
        # The caller's line is still there: it is the agent's alone that was not reached.
        _report_agent_left(call, order.leg, error)


def connect(carrier: VoipProvider, call: Call) -> None:
    """The end user's leg. Where the provider refuses it the agent does not wait on the line for nothing."""
    try:
        carrier.connect(dial_order(call))
    except VoipError:
        carrier.hang_up(call.pk)
        raise


def carry_out_orders(at: datetime) -> int:
    """Orders to providers that are due have been carried out, or will be asked for again. Returns how many were due."""
    return orders.carry_out(at, carry_out)


def carry_out(order: VoipOrder) -> None:
    """What `order` says is asked of its provider, as far as it is still right.

    A provider that is not in the settings any more has no lines, so that there is nothing left to do. Raises what the
    provider raises, except where a refusal settles the matter.
    """
    call = Call.objects.select_related("agent", "queue", "menu").get(pk=order.call_id)
    try:
        CARRY_OUT[Kind(order.kind)](provider(order.provider), call, order)
    except NoSuchProvider:
        log.warning("call %s: there is no provider %s to %s any more", call.pk, order.provider, order.kind)
        if order.kind == Kind.REACH:
            _fail_voicemail(call, f"there is no provider {order.provider}")


def _hang_up(carrier: VoipProvider, call: Call, order: VoipOrder) -> None:
    """Unless the call has come to its lines at this provider since: one that was given back, and is dialled again."""
    is_with_agent = call.status in (Status.CONNECTING, Status.CONNECTED) and call.voip_provider == order.provider
    if is_with_agent and call.assigned_at and call.assigned_at > order.created_at:
        return
    carrier.hang_up(call.pk)


def _hold_or_resume(carrier: VoipProvider, call: Call, _order: VoipOrder) -> None:
    """As the call is now, so that an order that comes late does not undo a later one."""
    if call.status in OVER:
        return
    if Hold.objects.filter(call=call, ended_at=None).exists():
        carrier.hold(call.pk)
    else:
        carrier.resume(call.pk)


def _instruct(carrier: VoipProvider, call: Call, _order: VoipOrder) -> None:
    instruction = phone.current_instruction(call)
    if instruction is not None:
        carrier.instruct(call.pk, instruction)


def _reach(carrier: VoipProvider, call: Call, _order: VoipOrder) -> None:
    """Where the provider refuses, no message is left. Its silence is left to the deadline."""
    instruction = phone.current_instruction(call) if call.status in (Status.VOICEMAIL, Status.DEFLECTED) else None
    if instruction is None:
        return
    try:
        ref = carrier.reach(dial_order(call), instruction)
    except NoSuchProvider:
        raise
    except VoipError as error:
        _fail_voicemail(call, str(error))
    else:
        Call.objects.filter(pk=call.pk).update(voip_ref=ref)


def _add_agent(carrier: VoipProvider, call: Call, order: VoipOrder) -> None:
    """Unless that agent is on the line, or gone, by now."""
    waiting = Participant.objects.filter(pk=order.leg, call=call, status=Participant.Status.WAITING)
    if call.status in OVER or not waiting.exists():
        return
    waiting.update(dialled_at=now())
    try:
        carrier.add_agent(dial_order(call, order.leg))
    except VoipError as error:
        _report_agent_left(call, order.leg, error)


def _drop_agent(carrier: VoipProvider, call: Call, order: VoipOrder) -> None:
    carrier.drop_agent(call.pk, order.leg)


CARRY_OUT: dict[VoipOrder.Kind, Callable[[VoipProvider, Call, VoipOrder], None]] = {
    Kind.HANG_UP: _hang_up,
    Kind.HOLD: _hold_or_resume,
    Kind.RESUME: _hold_or_resume,
    Kind.INSTRUCT: _instruct,
    Kind.REACH: _reach,
    Kind.ADD_AGENT: _add_agent,
    Kind.DROP_AGENT: _drop_agent,
}


def _fail_voicemail(call: Call, details: str) -> None:
    """Nobody will be rung for a message. A call that was to be over anyway stays as it is."""
    if call.status != Status.VOICEMAIL:
        log.warning("call %s: was not joined to another phone: %s", call.pk, details)
        return
    try:
        fail(call, FailReason.VOIP_CONN_GENERAL, "not_reached", now(), details=details)
    except InvalidTransition:
        log.info("call %s: moved on by itself", call.pk)


def _report_failure(call: Call, error: VoipError) -> None:
    """A provider said no: as if it had reported so."""
    apply_voip_event(
        VoipEvent(
            VoipEventKind.FAILED,
            call.pk,
            call.voip_provider,
            now(),
            fail_reason=error.fail_reason,
            permanent=error.permanent,
        )
    )


def _report_agent_left(call: Call, leg: int, error: VoipError) -> None:
    """A provider would not ring an agent: as if it had reported that they were not reached."""
    log.warning("call %s: %s does not ring the agent: %s", call.pk, call.voip_provider, error)
    apply_voip_event(
        VoipEvent(VoipEventKind.AGENT_LEFT, call.pk, call.voip_provider, now(), leg=leg, fail_reason=error.fail_reason)
    )

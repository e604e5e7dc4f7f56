"""Asking providers, outside of any transaction: to dial what the clock has claimed, and what orders say.

Each request is made if the call still wants it. What a provider refuses is reported as if it had said so itself.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet

from calls import orders
from calls.lifecycle import InvalidTransition
from calls.models import Call, DisconnectedBy, FailReason, Hold, Participant, Status, VoipOrder
from calls.models.call import OVER
from calls.services import apply_voip_event, lines, phone
from calls.settling import dial_order, fail
from calls.voip import provider
from calls.voip.base import (
    DialOrder,
    EndUserGone,
    NoSuchProvider,
    VoipError,
    VoipEvent,
    VoipEventKind,
    VoipProvider,
    VoipTimeout,
)
from ccai.times import now

log = logging.getLogger(__name__)

Kind = VoipOrder.Kind

# Where an agent's line is wanted: it may answer, and the end user as well, before the provider says that it dials.
CONNECTING_OR_ON = (Status.CONNECTING, Status.CONNECTED)
# Where an end user's line without an agent's is wanted.
FOR_A_MESSAGE = (Status.VOICEMAIL, Status.DEFLECTED, Status.VOICEMAIL_RECEIVED, Status.VOICEMAIL_READ)

# How long after a request to which a provider said nothing it is asked what became of it.
SILENCE = timedelta(seconds=60)


def ask(
    call: Call, request: Callable[[VoipProvider, Call, DialOrder], None], *, claim: Participant | None = None
) -> None:
    """Make `request` of the call's provider, if the call is still to be connected there in the attempt it was read in,
    and nobody else has taken `claim`, who is to be dialled, upon themselves since, because that took so long.

    A refusal is reported as the provider would have done. Silence, and whatever else goes wrong, is left to
    `settle_stalled`: a request is never made twice.
    """
    # Read before it is looked whether it is still right, so that it is never of the attempt after this.
    order = dial_order(call)
    if not _same_attempt(call, (Status.CONNECTING,)).filter(deadline_at__gt=now()).exists():
        log.info("call %s: is not to be dialled any more", call.pk)
        return
    if claim and not Participant.objects.filter(pk=claim.pk, ended_at=None, dialled_at=claim.dialled_at).exists():
        log.warning("call %s: another worker dials by now", call.pk)
        return
    try:
        request(provider(call.voip_provider), call, order)
    except VoipError as error:
        _report_failure(call, error, order.leg)
    except VoipTimeout:
        log.warning("call %s: %s did not say whether it dials", call.pk, call.voip_provider)
        soon = now() + SILENCE
        _same_attempt(call, (Status.CONNECTING,)).filter(deadline_at__gt=soon).update(deadline_at=soon)
    except Exception:
        log.exception("call %s: the request to %s broke", call.pk, call.voip_provider)


def place(carrier: VoipProvider, call: Call, order: DialOrder) -> None:
    """The agent's leg; joined to the end user's, where that is on the line already."""
    if not lines.on_line([call]):
        with _ended_if_unwanted(call, carrier, order.leg):
            _note_ref(call, carrier.place_call(order), CONNECTING_OR_ON)
        return
    _add(carrier, call, order)


def connect(carrier: VoipProvider, call: Call, order: DialOrder) -> None:
    """The end user's leg. Where the provider refuses it the agent does not wait on the line for nothing."""
    try:
        with _ended_if_unwanted(call, carrier, order.leg):
            carrier.connect(order)
    except VoipError as error:
        _report_failure(call, error, order.leg, line_is_up=True)


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
    except EndUserGone:
        _report_gone(call, order.provider)
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


def _instruct(carrier: VoipProvider, call: Call, order: VoipOrder) -> None:
    """What holds now. A line with an agent is left alone; one that the call has left for another provider is ended."""
    instruction = phone.current_instruction(call)
    if instruction is not None:
        carrier.instruct(call.pk, instruction)
    elif call.voip_provider != order.provider:
        carrier.hang_up(call.pk)


def _reach(carrier: VoipProvider, call: Call, _order: VoipOrder) -> None:
    """Where the provider refuses, no message is left. Its silence is left to the deadline."""
    instruction = phone.current_instruction(call) if call.status in (Status.VOICEMAIL, Status.DEFLECTED) else None
    if instruction is None:
        return
    try:
        with _ended_if_unwanted(call, carrier, statuses=FOR_A_MESSAGE):
            _note_ref(call, carrier.reach(dial_order(call), instruction), FOR_A_MESSAGE)
    except NoSuchProvider:
        raise
    except VoipError as error:
        _fail_voicemail(call, str(error), error.fail_reason)


def _add_agent(carrier: VoipProvider, call: Call, order: VoipOrder) -> None:
    """Unless that agent is on the line, or gone, by now."""
    waiting = Participant.objects.filter(pk=order.leg, call=call, status=Participant.Status.WAITING)
    if call.status in OVER or not waiting.exists():
        return
    waiting.update(dialled_at=now())
    _add(carrier, call, dial_order(call, order.leg))


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


def _fail_voicemail(call: Call, details: str, reason: str = FailReason.VOIP_CONN_GENERAL) -> None:
    """Nobody will be rung for a message. A call that was to be over anyway stays as it is."""
    if call.status != Status.VOICEMAIL:
        log.warning("call %s: was not joined to another phone: %s", call.pk, details)
        return
    try:
        fail(call, reason, "not_reached", now(), details=details)
    except InvalidTransition:
        log.info("call %s: moved on by itself", call.pk)


@contextmanager
def _ended_if_unwanted(
    call: Call, carrier: VoipProvider, leg: int = 0, *, statuses: Sequence[str] = CONNECTING_OR_ON
) -> Iterator[None]:
    """While `carrier` was asked for a line the call may have gone back to its queue, or on: then the line is ended.

    Nothing where the provider said no: there is no line. Where it said nothing there may be one.
    """
    try:
        yield
    except VoipError:
        raise
    except Exception:
        _end_if_unwanted(call, carrier, leg, statuses)
        raise
    _end_if_unwanted(call, carrier, leg, statuses)


def _add(carrier: VoipProvider, call: Call, order: DialOrder) -> None:
    """One more agent's line. Where the provider refuses it that agent has left, and the others' lines stay."""
    try:
        with _ended_if_unwanted(call, carrier, order.leg):
            carrier.add_agent(order)
    except EndUserGone:
        _report_gone(call, carrier.name)
    except VoipError as error:
        _report_agent_left(call, order.leg, error)


def _end_if_unwanted(call: Call, carrier: VoipProvider, leg: int, statuses: Sequence[str]) -> None:
    """The line that `carrier` was asked for is ordered to be ended, unless `call` stands in the same attempt, and the
    agent whose line `leg` is has not left. Where others are on the line, or being dialled, it is that one alone."""
    with transaction.atomic():
        if _same_attempt(call, statuses).select_for_update().exists() and not _has_left(leg):
            return
        present = Call.objects.select_for_update().get(pk=call.pk)
        is_with_others = present.status in CONNECTING_OR_ON or bool(lines.on_line([present]))
        if present.voip_provider != carrier.name or not is_with_others:
            orders.give(present, Kind.HANG_UP, provider=carrier.name)
        elif leg:
            orders.give(present, Kind.DROP_AGENT, leg=leg, provider=carrier.name)
    log.warning("call %s: %s was asked for a line that nobody wants any more", call.pk, carrier.name)


def _has_left(leg: int) -> bool:
    """Whether the agent whose line `leg` is has left."""
    return Participant.objects.filter(pk=leg, ended_at__isnull=False).exists()


def _same_attempt(call: Call, statuses: Sequence[str]) -> QuerySet[Call]:
    """`call`, if it is at one of `statuses`, at the provider and with the agent it was read with."""
    return Call.objects.filter(
        pk=call.pk, status__in=statuses, voip_provider=call.voip_provider, assigned_at=call.assigned_at
    )


def _note_ref(call: Call, ref: str, statuses: Sequence[str]) -> None:
    """The provider's own id of the call, unless that has gone on to another attempt."""
    _same_attempt(call, statuses).update(voip_ref=ref)


def _report_failure(call: Call, error: VoipError, leg: int, *, line_is_up: bool = False) -> None:
    """A provider said no: as if it had reported so. What it refused an attempt that is over is of no account.

    `line_is_up`: the agent's, which is ordered to be ended.
    """
    with transaction.atomic():
        if not _same_attempt(call, (Status.CONNECTING,)).select_for_update().exists() or _has_left(leg):
            log.info("call %s: %s refused an attempt that is over: %s", call.pk, call.voip_provider, error)
            return
        if line_is_up:
            lines.hang_up([call], now())
        apply_voip_event(
            VoipEvent(
                VoipEventKind.FAILED,
                call.pk,
                call.voip_provider,
                now(),
                fail_reason=error.fail_reason,
                permanent=error.permanent,
                details=str(error),
            )
        )


def _report_gone(call: Call, name: str) -> None:
    """The end user's line at the provider `name` is over: as if it had reported so. The others' are ended."""
    with transaction.atomic():
        gone = VoipEvent(VoipEventKind.ENDED, call.pk, name, now(), ended_by=DisconnectedBy.END_USER)
        if apply_voip_event(gone):
            orders.give(call, Kind.HANG_UP, provider=name)


def _report_agent_left(call: Call, leg: int, error: VoipError) -> None:
    """A provider would not ring an agent: as if it had reported that they were not reached."""
    log.warning("call %s: %s does not ring the agent: %s", call.pk, call.voip_provider, error)
    apply_voip_event(
        VoipEvent(
            VoipEventKind.AGENT_LEFT,
            call.pk,
            call.voip_provider,
            now(),
            leg=leg,
            fail_reason=error.fail_reason,
            details=str(error),
        )
    )

"""The clock's verbs: start what is due, dial what is assigned, expire what nobody took, settle what stalled.

Each step claims a batch of rows in one short transaction and commits; only then does it call the world. A crash in
between leaves a row that says what was claimed, with a deadline; the deadline's step asks the provider before it
decides, so that no phone rings twice to be safe. Any number of workers may run these steps at once.

A step returns how much it did, so that a caller may go on until there is nothing left.
"""

import logging
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction

from calls import lifecycle, offers
from calls.crm import crm
from calls.crm.base import CrmUnavailable
from calls.models import (
    Call,
    Deflection,
    DeflectionDetail,
    DisconnectedBy,
    EndUser,
    FailReason,
    Participant,
    Status,
)
from calls.services import apply_voip_event, dial_prompts, end_users
from calls.voip import first_provider, next_provider, provider
from calls.voip.base import DialOrder, VoipError, VoipEvent, VoipEventKind, VoipState, VoipTimeout
from ccai.times import now
from menus.models import DeflectionOption, Menu

log = logging.getLogger(__name__)

BATCH = 200
# How soon a stalled call is looked at again where its provider could not say what became of it.
LOOK_AGAIN = timedelta(seconds=30)

Occasion = DeflectionOption.Occasion
Kind = DeflectionOption.Kind

# What a call that its menu does not take is deflected to (contract section 2, `deflection`).
DEFLECTIONS = {
    Kind.MESSAGE: Deflection.AFTER_HOURS_MESSAGE_ONLY,
    Kind.VOICEMAIL: Deflection.AFTER_HOURS_VOICEMAIL,
    Kind.PHONE: Deflection.TEMP_REDIRECTION_PHONE,
    Kind.QUEUE: Deflection.TEMP_REDIRECTION_QUEUE,
}
OCCASIONS = {Menu.State.AFTER_HOURS: Occasion.AFTER_HOURS, Menu.State.MANUAL_REDIRECTION: Occasion.REDIRECTION}


def queue_due(at: datetime) -> int:
    """Scheduled calls whose time has come are in their menu's queue; or deflected, or failed, as is right at `at`."""
    with transaction.atomic():
        due = list(
            Call.objects.filter(status=Status.SCHEDULED, scheduled_at__lte=at)
            .order_by("scheduled_at", "pk")
            .select_for_update(skip_locked=True)[:BATCH]
        )
        menus = Menu.objects.prefetch_related("deflection_options").in_bulk({call.menu_id for call in due})
        by_menu: dict[Menu, list[Call]] = defaultdict(list)
        for call in due:
            by_menu[menus[call.menu_id]].append(call)
        return sum(_try_to_queue(menu, calls, at) for menu, calls in by_menu.items())


def expire_waiting(at: datetime) -> int:
    """Calls that waited in the queue longer than they may are `failed`, `expired`."""
    with transaction.atomic():
        late = list(
            Call.objects.filter(status=Status.QUEUED, deadline_at__lte=at)
            .order_by("deadline_at")
            .select_for_update(skip_locked=True)[:BATCH]
        )
        _expire(late, at)
    return len(late)


def place(at: datetime) -> int:
    """Calls an agent has are at a provider, the agent's leg being dialled; `connecting`.

    A call that comes from `switching` goes to the next provider; where there is none it is `failed`.
    """
    claimed: list[tuple[Call, DialOrder]] = []
    with transaction.atomic():
        waiting = list(
            Call.objects.filter(status__in=(Status.ASSIGNED, Status.SWITCHING), deadline_at__gt=at)
            .order_by("assigned_at", "pk")
            .select_related("agent")
            .select_for_update(skip_locked=True, of=("self",))[:BATCH]
        )
        for call in waiting:
            name = next_provider(call.voip_provider) if call.status == Status.SWITCHING else first_provider()
            if name is None:
                _fail(call, FailReason.VOIP_CONN_GENERAL, "every_provider_failed", at)
                continue
            lifecycle.transition(call, Status.CONNECTING, cause="dialling", at=at, voip_provider=name)
            Participant.objects.filter(call=call, type=Participant.Type.AGENT, ended_at=None).update(dialled_at=at)
            claimed.append((call, dial_order(call)))
    for call, order in claimed:
        _place_one(call, order)
    return len(waiting)


def connect(at: datetime) -> int:
    """Calls whose agent has answered have the end user's phone ringing."""
    with transaction.atomic():
        legs = list(
            Participant.objects.filter(
                call__status=Status.CONNECTING,
                type=Participant.Type.END_USER,
                status=Participant.Status.WAITING,
                dialled_at=None,
                call__participants__type=Participant.Type.AGENT,
                call__participants__status=Participant.Status.CONNECTED,
            )
            .order_by("pk")
            .select_related("call", "call__agent")
            .select_for_update(skip_locked=True, of=("self",))[:BATCH]
        )
        Participant.objects.filter(pk__in=[leg.pk for leg in legs]).update(dialled_at=at)
    for leg in legs:
        try:
            provider(leg.call.voip_provider).connect(dial_order(leg.call))
        except VoipError as error:
            _report_failure(leg.call, error)
        except VoipTimeout:
            log.warning("call %s: %s did not say whether it dials", leg.call.pk, leg.call.voip_provider)
    return len(legs)


def play(at: datetime) -> int:
    """Providers that must be asked have reported what happened until `at`."""

    def deliver(event: VoipEvent) -> None:
        apply_voip_event(event)

    return sum(provider(name).play(at, deliver) for name in settings.CCAI_VOIP_PROVIDERS)


def settle_stalled(at: datetime) -> int:
    """Calls that stayed too long where they are have been looked at, and moved on or ended with a reason.

    The claim is the deadline itself, which moves on before the provider is asked.
    """
    with transaction.atomic():
        stalled = list(
            Call.objects.filter(deadline_at__lte=at)
            .exclude(status=Status.QUEUED)
            .order_by("deadline_at")
            .select_related("agent")
            .select_for_update(skip_locked=True, of=("self",))[:BATCH]
        )
        Call.objects.filter(pk__in=[call.pk for call in stalled]).update(deadline_at=at + LOOK_AGAIN)
    for call in stalled:
        try:
            SETTLE[Status(call.status)](call, at)
        except (VoipError, VoipTimeout) as error:
            log.warning("call %s: %s could not say what became of it: %s", call.pk, call.voip_provider, error)
        except lifecycle.InvalidTransition:
            log.info("call %s: moved on by itself", call.pk)
    return len(stalled)


def lapse_dial_prompts(at: datetime) -> int:
    """Dial prompts nobody answered are lapsed."""
    return dial_prompts.lapse(at)


def fill_in_contacts(at: datetime) -> int:
    """End users whose number the CRM could not be asked about are identified, as far as it answers now."""
    waiting = list(EndUser.objects.filter(contact_unknown=True).order_by("pk")[:20])
    for done, end_user in enumerate(waiting):
        try:
            contact = crm().find_contact(end_user.number)
        except CrmUnavailable:
            return done
        end_users.identify(end_user, contact)
    return len(waiting)


Step = Callable[[datetime], int]

STEPS: tuple[Step, ...] = (
    queue_due,
    expire_waiting,
    lapse_dial_prompts,
    offers.advance,
    offers.hold_out,
    place,
    connect,
    play,
    settle_stalled,
    fill_in_contacts,
)


def tick(at: datetime | None = None, *, rounds: int = 50) -> int:
    """Everything that is due has been done, or `rounds` of it. Returns how much that was.

    A step that raises is logged and does not keep the others from their work.
    """
    done = 0
    for _round in range(rounds):
        did = sum(_run(step, at or now()) for step in STEPS)
        done += did
        if not did:
            break
    return done


def dial_order(call: Call) -> DialOrder:
    """`call` as a provider needs to know it."""
    return DialOrder(
        call_id=call.pk,
        to_number=call.end_user_number,
        from_number=call.outbound_number,
        agent_address=call.agent.sip_address if call.agent else "",
        recorded=call.recorded,
    )


def _run(step: Step, at: datetime) -> int:
    try:
        return step(at)
    except Exception:
        log.exception("The step %s failed; the next tick tries again", step.__name__)
        return 0


def _try_to_queue(menu: Menu, calls: Sequence[Call], at: datetime) -> int:
    """As `_queue_due_of`; a menu that cannot be judged is logged, and keeps none of the others from their calls."""
    try:
        with transaction.atomic():
            _queue_due_of(menu, calls, at)
    except (ValueError, lifecycle.InvalidTransition):
        log.exception("menu %s: its scheduled calls could not be queued; the next tick tries again", menu.pk)
        return 0
    return len(calls)


def _queue_due_of(menu: Menu, calls: Sequence[Call], at: datetime) -> None:
    """`calls` of `menu` are due: decide what becomes of them, and do it."""
    late = [call for call in calls if (lifecycle.deadline_of(call, Status.QUEUED, at) or at) <= at]
    _expire(late, at)
    in_time = [call for call in calls if call not in late]
    if menu.deleted:
        for call in in_time:
            _fail(call, FailReason.MENU_DELETED, "due", at)
        return
    state = menu.state_at(at)
    if state != Menu.State.OPEN:
        _deflect(menu, state, in_time, at)
        return
    groups = offers.groups_with_agents([menu.pk])[menu.pk]
    columns = offers.first_cast(menu, groups, at)
    offers.record_cast(lifecycle.transition_many(in_time, Status.QUEUED, cause="due", at=at, **columns), groups, at)


def _deflect(menu: Menu, state: str, calls: Sequence[Call], at: datetime) -> None:
    """`menu` does not take `calls` now: they are deflected as it says, each with its detail."""
    option = menu.option(OCCASIONS[Menu.State(state)])
    deflection = DEFLECTIONS[Kind(option.kind)] if option else Deflection.AFTER_HOURS_MESSAGE_ONLY
    moved = lifecycle.transition_many(
        calls,
        Status.DEFLECTED,
        cause=state,
        at=at,
        deflection=deflection,
        disconnected_by=DisconnectedBy.SYSTEM,
    )
    DeflectionDetail.objects.bulk_create(
        DeflectionDetail(call=call, deflection=deflection, from_menu_path=call.menu_path) for call in moved
    )


def _expire(calls: Sequence[Call], at: datetime) -> None:
    """Nobody took `calls` in time."""
    offers.leave_queue(
        calls,
        Status.FAILED,
        cause="expired",
        at=at,
        fail_reason=FailReason.EXPIRED,
        disconnected_by=DisconnectedBy.SYSTEM,
    )


def _fail(call: Call, reason: str, cause: str, at: datetime, *, details: str | None = None) -> None:
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


def _place_one(call: Call, order: DialOrder) -> None:
    """Ask the provider, outside of any transaction. Silence is left to `settle_stalled`: it is never asked twice."""
    try:
        ref = provider(call.voip_provider).place_call(order)
    except VoipError as error:
        _report_failure(call, error)
    except VoipTimeout:
        log.warning("call %s: %s did not say whether it dials", call.pk, call.voip_provider)
    else:
        Call.objects.filter(pk=call.pk).update(voip_ref=ref)


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


def _settle_undialled(call: Call, at: datetime) -> None:
    """An agent has it and no worker dialled it in time: too late to surprise anybody with it."""
    _fail(call, FailReason.STUCK_DUE_TO_API_ERROR, "not_dialled_in_time", at)


def _settle_connecting(call: Call, at: datetime) -> None:
    """The provider said nothing: ask what became of the call, and never dial again."""
    carrier = provider(call.voip_provider)
    state = carrier.find_call(dial_order(call), call.assigned_at or call.created_at)
    if state == VoipState.CONNECTED:
        apply_voip_event(VoipEvent(VoipEventKind.CONNECTED, call.pk, call.voip_provider, at))
        return
    _fail(
        call, FailReason.VOIP_CONN_TIMEOUT, "not_connected_in_time", at, details=f"{call.voip_provider}: {state.value}"
    )
    carrier.hang_up(call.pk)


def _settle_connected(call: Call, at: datetime) -> None:
    """A long talk, or an end that was never reported: the provider knows which."""
    state = provider(call.voip_provider).find_call(dial_order(call), call.assigned_at or call.created_at)
    if state in (VoipState.UNKNOWN, VoipState.OVER):
        apply_voip_event(
            VoipEvent(VoipEventKind.ENDED, call.pk, call.voip_provider, at, ended_by=DisconnectedBy.SYSTEM)
        )
        return
    Call.objects.filter(pk=call.pk, status=Status.CONNECTED).update(
        deadline_at=at + timedelta(seconds=settings.CCAI_TALK_CHECK)
    )


SETTLE: dict[Status, Callable[[Call, datetime], Any]] = {
    Status.ASSIGNED: _settle_undialled,
    Status.SWITCHING: _settle_undialled,
    Status.CONNECTING: _settle_connecting,
    Status.CONNECTED: _settle_connected,
}

"""The clock's verbs: start what is due, dial what is assigned, expire what nobody took, settle what stalled.

Each step claims a batch of rows in one short transaction and commits; only then does it call the world. A crash in
between leaves a row that says what was claimed, with a deadline; the deadline's step asks the provider before it
decides, so that no phone rings twice to be safe. Any number of workers may run these steps at once.

A step returns how much it did, so that a caller may go on until there is nothing left.
"""

import logging
import random
import threading
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import wraps

from django.conf import settings
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import Exists, OuterRef, Q

from agents import availability
from calls import asking, lifecycle, offers, orders
from calls.crm import comments, crm
from calls.crm.base import CrmUnavailable, NotAsked
from calls.models import Call, DisconnectedBy, EndUser, FailReason, Participant, Status, Transfer, VoipOrder
from calls.services import (
    action_only,
    apply_voip_event,
    cancelling,
    deflecting,
    dial_prompts,
    end_users,
    lines,
    phone,
    transfers,
    voicemail,
)
from calls.settling import BATCH, REQUESTS, fail, fail_undialled, give_back_from_vanished, settle_stalled
from calls.voip import first_provider, next_provider, provider
from calls.voip.base import VoipEvent
from ccai import audit
from ccai.api import idempotency
from ccai.times import now
from ccai.webhooks import endpoints
from menus.models import Menu

log = logging.getLogger(__name__)

# Where a call has an agent and is dialled next.
TO_BE_DIALLED = (Status.ASSIGNED, Status.SWITCHING)
# How soon a CRM that did not answer is asked about the same person again.
ASK_CRM_AGAIN = timedelta(seconds=60)
# How soon it is asked again about the tickets of calls that are due, how many of these one question is about, and how
# many questions are asked to find those of them that it can be asked about, at most.
LOOK_AGAIN = timedelta(seconds=20)
TICKETS, QUESTIONS = 50, 10

Step = Callable[[datetime], int]
# Held by whoever waits for the CRM.
with_crm = threading.Lock()


def waits_for_crm(step: Step) -> Step:
    """`step`, which one thread of a process does at a time: a CRM that is slow keeps no more of them from the calls."""

    @wraps(step)
    def alone(at: datetime) -> int:
        if not with_crm.acquire(blocking=False):
            return 0
        try:
            return step(at)
        finally:
            with_crm.release()

    return alone


@waits_for_crm
def look_at_tickets(at: datetime) -> int:
    """Scheduled calls whose time has come and whose ticket is closed by now are `cancelled`; others may be let in.

    While the CRM does not answer they wait, and it is asked again and again until they expire. A ticket that it does
    not know any more keeps nobody from being called. Who asks has those calls to themselves, so that of many workers
    one waits for an answer. Where there is none about several, it is asked about the halves of them, and of these, as
    chance has it: one ticket about which it never answers sensibly holds up no call but its own. A CRM that is our own
    database is asked when they are let in.
    """
    if crm().is_local:
        return 0
    again = max(at, now()) + LOOK_AGAIN
    with transaction.atomic():
        due = list(
            Call.objects.filter(status=Status.SCHEDULED, scheduled_at__lte=at, ask_crm_at__lte=at)
            .order_by("scheduled_at", "pk")
            .select_for_update(skip_locked=True)[:TICKETS]
        )
        Call.objects.filter(pk__in=[call.pk for call in due]).update(ask_crm_at=again)
    random.shuffle(due)
    parts = [due] if due else []
    settled = questions = 0
    while parts and questions < QUESTIONS and now() < again:
        part, questions = parts.pop(), questions + 1
        try:
            closed = crm().closed_tickets({call.out_ticket_id for call in part if call.out_ticket_id})
        except NotAsked:
            break
        except CrmUnavailable:
            if part is due:
                # Why, is in the log already.
                log.info("calls that are due and wait for the CRM to answer: %s", len(due))
            half = len(part) // 2
            parts += [part[:half], part[half:]] if half else []
        else:
            _settle_tickets(part, closed, again, at)
            settled += len(part)
    return settled


def _settle_tickets(due: Sequence[Call], closed: set[str], again: datetime, at: datetime) -> None:
    """Of `due`, which were claimed until `again`, those with a ticket in `closed` are `cancelled`, the others free."""
    with transaction.atomic():
        # One that was moved meanwhile is looked at in its new time.
        mine = Call.objects.filter(pk__in=[call.pk for call in due], status=Status.SCHEDULED, ask_crm_at=again)
        known = list(mine.order_by("pk").select_for_update())
        _withdraw(known, closed, at)
        Call.objects.filter(pk__in=[call.pk for call in known]).update(ask_crm_at=None)


def _withdraw(due: Sequence[Call], closed: set[str], at: datetime) -> list[Call]:
    """Of `due`, which are locked, those with a ticket in `closed` are `cancelled`. Returns the others."""
    without_reason = [call for call in due if call.out_ticket_id in closed]
    lifecycle.transition_many(without_reason, Status.CANCELLED, cause="ticket_closed", at=at)
    return [call for call in due if call.out_ticket_id not in closed]


def queue_due(at: datetime) -> int:
    """Scheduled calls whose time has come are in their menu's queue; or deflected, or failed, as is right at `at`.

    Those about whose ticket the CRM has not been asked yet are not; one that is our own database is asked here, and
    what has a closed ticket is `cancelled`.
    Calls of a menu that cannot be judged, or breaks, stay as they are until they expire, and hold up no others.
    """
    done = 0
    unjudged: set[int | None] = set()
    asks_here = crm().is_local
    whose_time_has_come = Call.objects.filter(status=Status.SCHEDULED, scheduled_at__lte=at)
    if not asks_here:
        whose_time_has_come = whose_time_has_come.filter(ask_crm_at=None)
    while True:
        with transaction.atomic():
            due = list(
                whose_time_has_come.exclude(menu__in=unjudged)
                .order_by("scheduled_at", "pk")
                .select_for_update(skip_locked=True)[:BATCH]
            )
            tickets = {call.out_ticket_id for call in due if call.out_ticket_id}
            if asks_here and tickets:
                found = len(due)
                due = _withdraw(due, crm().closed_tickets(tickets), at)
                done += found - len(due)
            menus = Menu.objects.prefetch_related("deflection_options").in_bulk({call.menu_id for call in due})
            by_menu: dict[Menu, list[Call]] = defaultdict(list)
            for call in due:
                by_menu[menus[call.menu_id]].append(call)
            refused = {menu.pk for menu, calls in by_menu.items() if not _try_to_admit(menu, calls, at)}
            done += sum(len(calls) for menu, calls in by_menu.items() if menu.pk not in refused)
        unjudged |= refused
        if not refused:
            return done


def expire_late(at: datetime) -> int:
    """Scheduled calls whose time passed so long ago that nobody expects them any more are `failed`, `expired`."""
    with transaction.atomic():
        latest = at - timedelta(seconds=settings.CCAI_SCHEDULED_CALL_EXPIRATION)
        late = list(
            Call.objects.filter(status=Status.SCHEDULED, scheduled_at__lte=latest)
            .order_by("scheduled_at", "pk")
            .select_for_update(skip_locked=True)[:BATCH]
        )
        _expire(late, at)
    return len(late)


def expire_waiting(at: datetime) -> int:
    """Calls that waited in the queue longer than they may are `failed`, `expired`."""
    with transaction.atomic():
        late = list(Call.objects.overdue(at, Status.QUEUED)[:BATCH])
        _expire(late, at)
    return len(late)


def place(at: datetime) -> int:
    """Calls an agent has are at a provider, the agent's leg being dialled; `connecting`.

    A call whose end user is on the line stays with the provider that has the line. One that comes from `switching` goes
    to the next provider; where there is none it is `failed`. One with lines that are to be ended first waits for that.
    """
    claimed: list[Call] = []
    with transaction.atomic():
        free = Call.objects.filter(~_waits_for_orders(), status__in=TO_BE_DIALLED, deadline_at__gt=at)
        waiting = list(
            free.order_by("assigned_at", "pk")
            .select_related("agent")
            .select_for_update(skip_locked=True, of=("self",))[:REQUESTS]
        )
        if waiting:
            # Looked at again now that they are locked: who gives such an order locks its call, too.
            still_free = set(free.filter(pk__in=[call.pk for call in waiting]).values_list("pk", flat=True))
            waiting = [call for call in waiting if call.pk in still_free]
        with_line = lines.on_line(waiting)
        for call in waiting:
            name: str | None = first_provider()
            if call.status == Status.SWITCHING:
                name = next_provider(call.voip_provider)
            elif call.pk in with_line:
                name = call.voip_provider
            if name is None:
                fail(call, FailReason.VOIP_CONN_GENERAL, "every_provider_failed", at)
                continue
            lifecycle.transition(call, Status.CONNECTING, cause="dialling", at=at, voip_provider=name)
            Participant.objects.filter(call=call, type=Participant.Type.AGENT, ended_at=None).update(dialled_at=at)
            claimed.append(call)
    for call in claimed:
        asking.ask(call, asking.place)
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
            .select_for_update(skip_locked=True, of=("self",))[:REQUESTS]
        )
        Participant.objects.filter(pk__in=[leg.pk for leg in legs]).update(dialled_at=at)
    for leg in legs:
        leg.dialled_at = at
        asking.ask(leg.call, asking.connect, claim=leg)
    return len(legs)


def play(at: datetime) -> int:
    """Providers that must be asked have reported what happened until `at`."""
    return sum(provider(name).play(at, _deliver) for name in settings.CCAI_VOIP_PROVIDERS)


def fetch_recordings() -> int:
    """Every recording that is due at a provider has been asked for. Returns how many that were.

    No step of the clock: one may take half a minute, and calls do not wait for it.
    """
    done = 0
    while fetched := sum(provider(name).fetch(now(), _deliver) for name in settings.CCAI_VOIP_PROVIDERS):
        done += fetched
    return done


def lapse_dial_prompts(at: datetime) -> int:
    """Dial prompts nobody answered are lapsed."""
    return dial_prompts.lapse(at)


@waits_for_crm
def fill_in_contacts(at: datetime) -> int:
    """End users whose number the CRM could not be asked about are identified, as far as it answers now.

    One about whom it never answers sensibly holds up no other: they are asked about in turn. Returns how many are
    identified.
    """
    again = max(at, now()) + ASK_CRM_AGAIN
    with transaction.atomic():
        waiting = list(
            EndUser.objects.filter(ask_crm_at__lte=at)
            .order_by("ask_crm_at", "pk")
            .select_for_update(skip_locked=True)[:REQUESTS]
        )
        EndUser.objects.filter(pk__in=[one.pk for one in waiting]).update(ask_crm_at=again)
    done = 0
    for place, end_user in enumerate(waiting):
        try:
            end_users.identify(end_user, crm().find_contact(end_user.number))
        except NotAsked as error:
            # Before those about whom it was asked in vain, so that these cannot silence it for all others.
            in_peace = min(again, max(at, now()) + timedelta(seconds=error.again_in))
            rest = EndUser.objects.filter(pk__in=[one.pk for one in waiting[place:]], ask_crm_at=again)
            rest.update(ask_crm_at=in_peace)
            break
        except CrmUnavailable:
            continue
        except (OperationalError, InterfaceError):
            raise
        except Exception:
            log.exception("end user %s cannot be identified; the others are", end_user.pk)
        else:
            done += 1
    return done


STEPS: tuple[Step, ...] = (
    # First of all, so that nobody is offered a call that is to be cancelled.
    cancelling.carry_out_jobs,
    expire_late,
    look_at_tickets,
    queue_due,
    expire_waiting,
    phone.abandon_menus,
    voicemail.expire_voicemails,
    action_only.end_forgotten,
    deflecting.leave_deleted_menus,
    deflecting.over_capacity,
    lapse_dial_prompts,
    transfers.lapse_transfers,
    give_back_from_vanished,
    availability.miss_vanished,
    offers.lapse,
    offers.withdraw_from_vanished,
    offers.advance,
    offers.hold_out,
    offers.answer_automatically,
    # Before a line is dialled, so that what was ordered of an earlier one comes first.
    asking.carry_out_orders,
    place,
    connect,
    play,
    fail_undialled,
    settle_stalled,
    availability.end_wrap_ups,
    fill_in_contacts,
    waits_for_crm(comments.post),
    audit.forget,
    endpoints.forget,
    idempotency.forget,
    cancelling.forget_jobs,
)


def tick(at: datetime | None = None, *, rounds: int = 100) -> int:
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


def _deliver(event: VoipEvent) -> None:
    apply_voip_event(event)


def _run(step: Step, at: datetime) -> int:
    try:
        return step(at)
    except Exception:
        log.exception("The step %s failed; the next tick tries again", step.__name__)
        return 0


def _waits_for_orders() -> Q:
    """Of calls to be dialled those whose provider has been ordered something that must come first: whatever is to end
    lines that they had there, or is being asked for now. So no line of the next attempt is taken for one of the last.
    """
    there = Q(call__status=Status.ASSIGNED) & (Q(provider=OuterRef("voip_provider")) | Q(provider=first_provider()))
    # One that comes from a provider that failed goes to another.
    there |= Q(call__status=Status.SWITCHING) & ~Q(provider=OuterRef("voip_provider"))
    given = VoipOrder.objects.filter(there, call=OuterRef("pk"))
    line = Participant.objects.filter(lines.IS_UP, call=OuterRef("pk"))
    # A line that an end user has left, to be called back, ends with what it is told.
    ends_line = Exists(given.filter(orders.UNFINISHED, kind=VoipOrder.Kind.INSTRUCT)) & ~Exists(line)
    return Q(Exists(given.filter(orders.AHEAD)) | ends_line)


def _try_to_admit(menu: Menu, calls: Sequence[Call], at: datetime) -> bool:
    """`calls`, which are due, come to `menu`; False, and a line in the log, where that breaks, as where it cannot be
    judged. Others are not held up."""
    try:
        with transaction.atomic():
            deflecting.admit(calls, menu, at, cause="due")
    except Exception:
        log.exception("menu %s: its calls that are due cannot be let in; look at its hours and options", menu.pk)
        return False
    return True


def _expire(calls: Sequence[Call], at: datetime) -> None:
    """Nobody took `calls` in time; callers on the phone are hung up. Those that an agent is handing on say so."""
    under_way = Transfer.objects.filter(call__in=calls, status=Transfer.Status.TRANSFERRING)
    handing_on = set(under_way.values_list("call_id", flat=True))
    handed_on = [call for call in calls if call.pk in handing_on]
    others = [call for call in calls if call.pk not in handing_on]
    for reason, batch in ((FailReason.TRANSFER_EXPIRED, handed_on), (FailReason.EXPIRED, others)):
        if not batch:
            continue
        moved = offers.leave_queue(
            batch,
            Status.FAILED,
            cause="expired",
            at=at,
            fail_reason=reason,
            disconnected_by=DisconnectedBy.SYSTEM,
        )
        lines.hang_up(moved, at)

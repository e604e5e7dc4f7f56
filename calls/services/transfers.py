"""Transfers: a call handed on to another agent, cold or warm, or to a menu. The only writer of `Transfer.status`.

Cold, to an agent: the other is offered the call, and the first keeps it until they accept. Warm: the end user is on
hold, the other joins, and the first leaves when they choose. To a menu: the first leaves at once, the end user stays
on the line and waits in the menu's queue.
"""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from agents import availability
from agents.models import Agent, Engagement
from agents.serializers import agent_snapshot
from calls import clock, errors, lifecycle, offers, orders, webhooks
from calls.models import AnswerType, Call, DisconnectedBy, FailReason, Offer, Participant, Status, Transfer, VoipOrder
from calls.models.call import OVER
from calls.serializers import IllTyped, read_id, read_text
from calls.services import checks, stays
from calls.services.on_call import announce_call
from ccai.errors import NOT_WELL_FORMED, Refused
from ccai.times import now
from menus.models import Menu

BATCH = 200

Kind = Transfer.Kind
Side = Participant.Type

# Why a transfer failed whose call came to an end meanwhile, where the call itself has no reason.
REASONS = {DisconnectedBy.AGENT: FailReason.AG_CANCELED, DisconnectedBy.END_USER: FailReason.EU_ABANDONED}


def transfer(
    call: Call,
    agent: Agent,
    *,
    to_agent: Agent | None = None,
    to_menu: Menu | None = None,
    kind: str = Kind.COLD,
    at: datetime | None = None,
) -> Transfer:
    """The call is being handed on by `agent`, whose call it is, to another agent or to a menu.

    Refused: where the call is not connected, or not theirs; no target or two; a kind there is not; a menu that is
    deleted, has menus below it, or is not open; a warm transfer to a menu; an agent who is not free, or cannot be rung;
    while another transfer is under way.
    """
    at = at or now()
    with transaction.atomic():
        call = stays.lock(call)
        stay = stays.require_talk(call, agent)
        check_targets(to_agent, to_menu)
        check_kind(kind)
        if to_menu is not None:
            checks.check_menu_is_leaf(to_menu)
            checks.check_menu_is_open(to_menu, at)
            if kind == Kind.WARM:
                raise Refused(errors.WARM_NEEDS_AN_AGENT)
        if to_agent is not None:
            checks.check_agent_is_free(to_agent)
            checks.check_agent_can_be_rung(to_agent)
        if find_open(call) is not None:
            raise Refused(errors.TRANSFER_UNDER_WAY)
        made = Transfer.objects.create(
            call=call,
            kind=kind,
            created_at=at,
            from_menu=call.queue.path() if call.queue else call.menu_path,
            to_menu=to_menu.path() if to_menu else None,
            from_agent=agent_snapshot(agent),
            to_agent=agent_snapshot(to_agent) if to_agent else None,
        )
        if to_agent is not None:
            _offer(call, made, agent, to_agent, at)
        elif to_menu is not None:
            _enter(call, stay, to_menu, at)
        announce_call(call)
    made.refresh_from_db()
    return made


def request_transfer(call: Call, body: dict[str, Any]) -> Transfer:
    """The transfer that `body`, a request of POST /calls/{id}/transfers, asks for, in the name of the call's agent.

    Refused, with the first sentence that applies, it has written nothing.
    """
    if call.status != Status.CONNECTED or call.agent is None:
        raise Refused(errors.CALL_NOT_CONNECTED)
    email, menu_id = read_text(body.get("to_agent_email")), read_id(body.get("to_menu_id"))
    kind = read_text(body.get("kind"))
    check_targets(email, menu_id)
    check_kind(Kind.COLD if kind is None else kind)
    to_agent = checks.find_agent_by_email(email) if email is not None else None
    to_menu = None
    if isinstance(menu_id, IllTyped):
        raise Refused(NOT_WELL_FORMED, field="to_menu_id")
    if menu_id is not None:
        to_menu = checks.find_menu(menu_id, tuple(Menu.MenuType.values), errors.ONLY_IVR_AND_MOBILE)
    return transfer(call, call.agent, to_agent=to_agent, to_menu=to_menu, kind=str(kind or Kind.COLD))


def check_targets(to_agent: object, to_menu: object) -> None:
    """Refused where a transfer has no target, or two."""
    if to_agent is None and to_menu is None:
        raise Refused(errors.TRANSFER_TARGET_REQUIRED)
    if to_agent is not None and to_menu is not None:
        raise Refused(errors.TRANSFER_TARGETS_DIFFER)


def check_kind(kind: object) -> None:
    """Refused where there is no such kind of transfer."""
    if kind not in Kind.values:
        raise Refused(NOT_WELL_FORMED, field="kind")


def find_open(call: Call) -> Transfer | None:
    """The transfer of `call` that is under way."""
    return Transfer.objects.filter(call=call, status=Transfer.Status.TRANSFERRING).first()


def find_third(transfer: Transfer) -> Participant | None:
    """The stay of the agent who has accepted a warm transfer, and has not left; their line may ring still."""
    staying = Participant.objects.filter(engagement__offer__transfer=transfer, call=transfer.call_id)
    return staying.exclude(status=Participant.Status.FINISHED).select_related("agent__user").first()


def accept(offer: Offer, at: datetime) -> Call:
    """A cold transfer is done: the call is the agent's, and the first has left. In a warm one the agent joins.

    Refused with "This offer is gone" (409) where it has expired, or the call is not being transferred any more.
    """
    with transaction.atomic():
        call = stays.lock(offer.call)
        made = find_open(call)
        if made is None or made.pk != offer.transfer_id or call.status != Status.CONNECTED:
            raise Refused(errors.OFFER_IS_GONE)
        if not offers.settle(Offer.objects.filter(pk=offer.pk, expires_at__gt=at), Offer.Status.ACCEPTED, at):
            raise Refused(errors.OFFER_IS_GONE)
        _take(call, made, offer, AnswerType.MANUAL, at)
    return call


def decline(offer: Offer, at: datetime) -> None:
    """The agent is free again, and the transfer has failed. Refused with "This offer is gone" (409)."""
    with transaction.atomic():
        call = stays.lock(offer.call)
        if not offers.settle(Offer.objects.filter(pk=offer.pk), Offer.Status.DECLINED, at):
            raise Refused(errors.OFFER_IS_GONE)
        made = find_open(call)
        if made is not None and made.pk == offer.transfer_id:
            fail(call, made, FailReason.AG_CANCELED, at)


def complete_transfer(call: Call, agent: Agent, at: datetime | None = None) -> Transfer:
    """A warm transfer is done: `agent` has left, the end user is with the other, whose call it is.

    Refused (409) where the call is not `agent`'s, no transfer is under way, or the other is not on the line yet.
    """
    at = at or now()
    with transaction.atomic():
        call = stays.lock(call)
        stay = stays.require_talk(call, agent)
        made = find_open(call)
        if made is None:
            raise Refused(errors.NO_TRANSFER_UNDER_WAY)
        third = find_third(made)
        if third is None or third.connected_at is None:
            raise Refused(errors.NOBODY_TO_TRANSFER_TO)
        _hand_over(call, made, stay, third, at)
    made.refresh_from_db()
    return made


def cancel_transfer(call: Call, agent: Agent, at: datetime | None = None) -> Transfer:
    """`agent` keeps the call: the other is not offered it any more, or has left; the end user is off hold.

    Refused (409) where the call is not `agent`'s, or no transfer is under way.
    """
    at = at or now()
    with transaction.atomic():
        call = stays.lock(call)
        stays.require_talk(call, agent)
        made = find_open(call)
        if made is None:
            raise Refused(errors.NO_TRANSFER_UNDER_WAY)
        fail(call, made, FailReason.AG_CANCELED, at)
    made.refresh_from_db()
    return made


def leave(call: Call, stay: Participant, at: datetime, *, fail_reason: str = FailReason.AG_CANCELED) -> bool:
    """An agent leaves a connected call in which another stays, as a warm transfer allows; False where nobody would.

    The third party's leaving fails the transfer; where the first leaves while the third talks, it is done. In the
    locked call's transaction.
    """
    made = find_open(call)
    third = find_third(made) if made is not None else None
    if made is None or third is None:
        return False
    if third.pk == stay.pk:
        fail(call, made, fail_reason, at)
        return True
    if third.connected_at is None:
        return False
    _hand_over(call, made, stay, third, at)
    return True


def fail(call: Call, made: Transfer, reason: str, at: datetime) -> None:
    """The transfer `made` has come to nothing: nobody is offered the call any more, the third has left, and a hold that
    it began is over. In the locked call's transaction."""
    offers.settle(Offer.objects.filter(transfer=made), Offer.Status.WITHDRAWN, at)
    third = find_third(made)
    if third is not None:
        stays.end_stay(call, third, at, fail_reason=reason)
    if made.kind == Kind.WARM and call.status == Status.CONNECTED:
        stays.end_hold(call, at)
    _settle(made, Transfer.Status.FAILED, at, reason)
    announce_call(call)


def close(call: Call, at: datetime) -> None:
    """`call` is over, or with another agent: a transfer under way is not any more. In the locked call's transaction."""
    made = find_open(call)
    if made is None:
        return
    if made.to_menu is not None and call.status == Status.CONNECTED:
        _settle(made, Transfer.Status.TRANSFERRED, at)
        return
    reason = call.fail_reason
    if reason == FailReason.NOTHING:
        reason = REASONS.get(DisconnectedBy(call.disconnected_by), FailReason.UNKNOWN)
    fail(call, made, reason, at)


def lapse_transfers(at: datetime) -> int:
    """Transfers that nobody answered have failed, as have those whose call came to an end; one to a menu is done once
    an agent of it talks. Returns how many."""
    due = _due(at).order_by("pk")
    call_ids = list(due.values_list("call_id", flat=True)[:BATCH])
    if not call_ids:
        return 0
    lapsed = 0
    with transaction.atomic():
        for call in Call.objects.filter(pk__in=call_ids).order_by("pk").select_for_update(skip_locked=True):
            # Somebody may have answered until the call was locked.
            made = due.filter(call=call).first()
            if made is None:
                continue
            lapsed += 1
            if made.to_menu is None and call.status == Status.CONNECTED:
                _lapse(call, made, at)
            else:
                close(call, at)
    return lapsed


def _due(at: datetime) -> QuerySet[Transfer]:
    """Transfers that stand as under way and are not, at the moment `at`."""
    rings = Offer.objects.filter(transfer=OuterRef("pk"), status=Offer.Status.OPEN, expires_at__gt=at)
    answers_until = at - timedelta(seconds=settings.CCAI_CONNECT_DEADLINE)
    third = (
        Participant.objects.filter(engagement__offer__transfer=OuterRef("pk"), call=OuterRef("call"))
        .exclude(status=Participant.Status.FINISHED)
        .filter(Q(connected_at__isnull=False) | Q(dialled_at__gt=answers_until))
    )
    to_an_agent = Q(to_menu__isnull=True)
    goes_on = to_an_agent & Q(call__status=Status.CONNECTED) & (Exists(rings) | Exists(third))
    waits = ~to_an_agent & ~Q(call__status__in=(Status.CONNECTED, *OVER))
    return Transfer.objects.filter(status=Transfer.Status.TRANSFERRING).exclude(goes_on).exclude(waits)


def _lapse(call: Call, made: Transfer, at: datetime) -> None:
    """The agent whom `made` is to did not answer: the offer, or their phone."""
    offers.settle(Offer.objects.filter(transfer=made), Offer.Status.EXPIRED, at)
    third = find_third(made)
    if third is not None and third.agent is not None:
        availability.set_status(third.agent, Agent.Status.UNRESPONSIVE, at, only_from=[Agent.Status.AVAILABLE])
    fail(call, made, FailReason.AG_IGNORED if third else FailReason.TRANSFER_EXPIRED, at)


def _offer(call: Call, made: Transfer, agent: Agent, to_agent: Agent, at: datetime) -> None:
    """`to_agent` is asked to take the call; one who answers automatically has taken it."""
    engagement = checks.take_agents_time(to_agent, Engagement.Kind.OFFER, at)
    offer = Offer.objects.create(
        call=call,
        agent=to_agent,
        engagement=engagement,
        transfer=made,
        alone=True,
        round=call.cast_round,
        level=call.cast_level,
        offered_at=at,
        expires_at=at + timedelta(seconds=settings.CCAI_TRANSFER_TIMEOUT),
    )
    webhooks.record_offers("offer.made", {offer.pk: call.pk})
    stays.touch(call)
    if made.kind == Kind.WARM:
        stays.begin_hold(call, agent, at)
    if to_agent.auto_answer:
        webhooks.catch_up([call.pk])
        offers.settle(Offer.objects.filter(pk=offer.pk), Offer.Status.ACCEPTED, at)
        _take(call, made, offer, AnswerType.AUTO, at)


def _take(call: Call, made: Transfer, offer: Offer, answer_type: str, at: datetime) -> None:
    """The agent of `offer`, which is accepted, has the call (cold), or joins it (warm)."""
    availability.become_call(offer.engagement_id)
    if made.kind == Kind.WARM:
        third = Participant.objects.create(
            call=call, type=Side.AGENT, agent=offer.agent, engagement=offer.engagement, dialled_at=at
        )
        orders.give(call, VoipOrder.Kind.ADD_AGENT, at, leg=third.pk)
        stays.touch(call)
        announce_call(call)
        return
    stays.end_hold(call, at)
    for stay in stays.agents_on(call):
        stays.end_stay(call, stay, at)
    place = {"waits_since": at - timedelta(seconds=call.wait_duration)} if call.queue_id else {}
    lifecycle.transition(
        call,
        Status.ASSIGNED,
        cause="transferred",
        at=at,
        agent=offer.agent,
        agent_info=agent_snapshot(offer.agent),
        answer_type=answer_type,
        **place,
    )
    Participant.objects.create(call=call, type=Side.AGENT, agent=offer.agent, engagement=offer.engagement)
    _settle(made, Transfer.Status.TRANSFERRED, at)
    clock.nudge_on_commit()


def _hand_over(call: Call, made: Transfer, stay: Participant, third: Participant, at: datetime) -> None:
    """The agent of `stay` has left, and the call is the third's, who talks to the end user."""
    stays.end_hold(call, at)
    stays.end_stay(call, stay, at)
    if third.agent is not None:
        call.agent, call.agent_info, call.updated_at = third.agent, agent_snapshot(third.agent), now()
        call.save(update_fields=["agent", "agent_info", "updated_at"])
    _settle(made, Transfer.Status.TRANSFERRED, at)
    announce_call(call)


def _enter(call: Call, stay: Participant, menu: Menu, at: datetime) -> None:
    """The call waits in the queue of `menu`, its end user on the line; the agent of `stay` has left."""
    groups = offers.groups_with_agents([menu.pk])[menu.pk]
    stays.end_hold(call, at)
    stays.end_stay(call, stay, at)
    lifecycle.transition(
        call,
        Status.QUEUED,
        cause="transferred",
        at=at,
        agent=None,
        agent_info=None,
        **offers.first_cast(menu, groups, at),
    )
    offers.record_cast([call], groups, at)
    orders.give(call, VoipOrder.Kind.INSTRUCT, at)


def _settle(made: Transfer, status: str, at: datetime, reason: str = FailReason.NOTHING) -> None:
    """`made` is `status`, if it was under way still; the call shows it."""
    settled = Transfer.objects.filter(pk=made.pk, status=Transfer.Status.TRANSFERRING).update(
        status=status, fail_reason=reason, ended_at=at
    )
    Call.objects.filter(pk=made.call_id).update(updated_at=now())
    if settled:
        done = status == Transfer.Status.TRANSFERRED
        webhooks.record_calls("call.transferred" if done else "call.transfer_failed", [made.call_id])

"""Offers: what waits in a queue is held out to agents, who take it or not. The only writer of `Offer.status`.

Whoever settles offers locks in one order: the calls, then their offers, then engagements and agents. Only `hold_out`
begins with agents, and it waits for nobody: what somebody else holds is passed over. So no two can wait for each other.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet

from agents import availability
from agents.models import Agent, Engagement
from agents.serializers import agent_snapshot
from calls import lifecycle, next_call, routing, webhooks
from calls.casting import (
    Group,
    cast_columns,
    first_cast,
    groups_with_agents,
    is_in_turn,
    next_cast,
    record_cast,
)
from calls.errors import OFFER_IS_GONE
from calls.first_rows import read_in_order
from calls.models import AnswerType, Call, Offer, Participant, Status
from calls.voip import can_be_rung
from ccai.errors import Refused
from ccai.times import now

__all__ = [
    "Group",
    "accept",
    "advance",
    "answer_automatically",
    "assign",
    "cast_columns",
    "decline",
    "first_cast",
    "groups_with_agents",
    "hold_out",
    "lapse",
    "leave_queue",
    "record_cast",
    "settle",
    "withdraw_from",
    "withdraw_from_vanished",
]

BATCH = 200
# How many agents, asked one at a time, may miss a call until all are asked at once.
MISSES = 3
# In these statuses an agent has no use for an offer.
GONE = (Agent.Status.UNRESPONSIVE, Agent.Status.OFFLINE)


def lapse(at: datetime) -> int:
    """Offers whose time is up are expired. Who was asked alone has missed the call. Returns how many offers ended.

    Offers by a transfer are left alone: the transfer ends with them.
    """
    return _end_early(Offer.objects.filter(expires_at__lte=at), Offer.Status.EXPIRED, at)


def withdraw_from_vanished(at: datetime) -> int:
    """Who is not there any more, or may not log in, is offered nothing. Returns how many offers ended.

    Offers by a transfer are left alone, as in `lapse`.
    """
    vanished = Q(agent__status__in=GONE) | Q(agent__user__is_active=False)
    return _end_early(Offer.objects.filter(vanished), Offer.Status.WITHDRAWN, at)


def withdraw_from(agent: Agent, at: datetime) -> int:
    """`agent` is offered nothing any more, by a transfer neither. Returns how many offers ended.

    What somebody else is settling this moment is passed over: the clock sees to it within a second.
    """
    own = Offer.objects.filter(agent=agent, status=Offer.Status.OPEN)
    done = _end_early(own, Offer.Status.WITHDRAWN, at)
    by_transfer = own.exclude(transfer=None)
    call_ids = list(by_transfer.values_list("call_id", flat=True))
    if call_ids:
        with transaction.atomic():
            locked = [call.pk for call in _lock(call_ids)]
            done += settle(by_transfer.filter(call__in=locked), Offer.Status.WITHDRAWN, at)
    return done


def advance(at: datetime) -> int:
    """Every waiting call whose group's time is up goes on to the next group, or begins the round again.

    What it was offered lapses, and the agents are free. Returns how many calls went on.
    """
    with transaction.atomic():
        read_in_order()
        due = list(
            Call.objects.filter(status=Status.QUEUED, cast_until__lte=at)
            .order_by("cast_until", "pk")
            .select_for_update(skip_locked=True)[:BATCH]
        )
        if not due:
            return 0
        settle(Offer.objects.filter(call__in=due), Offer.Status.EXPIRED, at)
        groups_of = groups_with_agents(sorted({call.queue_id for call in due if call.queue_id}))
        serving = {pk for groups in groups_of.values() for group in groups for pk in group.agent_ids}
        free = set(availability.free(can_be_rung(Agent.objects.filter(pk__in=serving))).values_list("pk", flat=True))

        def standing(call: Call) -> tuple[int, str, int, int]:
            return call.queue_id or 0, call.offer_type, call.cast_level, call.cast_round

        for (menu_id, _type, level, _round), alike in groupby(sorted(due, key=standing), key=standing):
            calls = list(alike)
            columns = next_cast(calls[0], groups_of[menu_id], free, at)
            if columns["cast_round"] == 1 and columns["cast_level"] > level:
                # The wire shows whom it is cast to.
                columns["updated_at"] = now()
            _write(calls, columns)
            if columns["cast_round"] == 1:
                record_cast(calls, groups_of[menu_id], at, after=level)
    return len(due)


def hold_out(at: datetime) -> int:
    """Free agents are offered what waits for them. Returns how many offers that were."""
    with transaction.atomic():
        read_in_order()
        agents = availability.lock_free(can_be_rung(next_call.agents_of_busy_queues()))
        return 0 if not agents else _hold_out_to(agents, at)


def answer_automatically(at: datetime) -> int:
    """Agents who answer by themselves have taken what they are offered. Returns how many calls were taken."""
    offered = Offer.objects.filter(status=Offer.Status.OPEN, transfer=None, agent__auto_answer=True)
    call_ids = list(offered.values_list("call_id", flat=True)[:BATCH])
    if not call_ids:
        return 0
    with transaction.atomic():
        calls = _lock(call_ids).filter(status=Status.QUEUED).in_bulk()
        offers = {offer.call_id: offer for offer in offered.filter(call__in=calls).select_related("agent__user")}
        settle(Offer.objects.filter(pk__in=[offer.pk for offer in offers.values()]), Offer.Status.ACCEPTED, at)
        # All at once: before each is assigned it would be read by itself.
        webhooks.catch_up(offers)
        for call_id, offer in offers.items():
            assign(calls[call_id], offer.agent, offer.engagement_id, AnswerType.AUTO, at)
    return len(offers)


def accept(offer: Offer, at: datetime | None = None) -> Call:
    """The call is the agent's: `assigned`, every other offer of it withdrawn.

    Of many who accept at once one gets the call; the others are refused with "This offer is gone" (409).
    """
    at = at or now()
    with transaction.atomic():
        call = Call.objects.select_for_update().get(pk=offer.call_id)
        if not settle(Offer.objects.filter(pk=offer.pk), Offer.Status.ACCEPTED, at):
            raise Refused(OFFER_IS_GONE)
        assign(call, offer.agent, offer.engagement_id, AnswerType.MANUAL, at)
    return call


def decline(offer: Offer, at: datetime | None = None) -> None:
    """The agent is free again and is not offered the call in this round any more.

    Refused with "This offer is gone" (409) where it was settled before.
    """
    at = at or now()
    with transaction.atomic():
        call = Call.objects.select_for_update().get(pk=offer.call_id)
        if not settle(Offer.objects.filter(pk=offer.pk), Offer.Status.DECLINED, at):
            raise Refused(OFFER_IS_GONE)
        if offer.alone:
            _ask_next(call, offer, at)


def leave_queue(calls: Sequence[Call], to: str, *, cause: str, at: datetime, **columns: Any) -> list[Call]:
    """Those of `calls` that still wait are `to`, and nobody is offered them any more. Returns those it moved."""
    with transaction.atomic():
        moved = lifecycle.transition_many(calls, to, cause=cause, at=at, **columns)
        settle(Offer.objects.filter(call__in=[call.pk for call in moved]), Offer.Status.WITHDRAWN, at)
    return moved


def assign(call: Call, agent: Agent, engagement_id: int, answer_type: str, at: datetime) -> None:
    """`agent`, whose time `engagement_id` has taken, has the call; it is withdrawn from all others.

    Raises InvalidTransition where the call does not wait any more.
    """
    lifecycle.transition(
        call,
        Status.ASSIGNED,
        cause="auto_answered" if answer_type == AnswerType.AUTO else "accepted",
        at=at,
        agent=agent,
        agent_info=agent_snapshot(agent),
        answer_type=answer_type,
        cast_until=None,
    )
    availability.become_call(engagement_id)
    Participant.objects.create(call=call, type=Participant.Type.AGENT, agent=agent, engagement_id=engagement_id)
    settle(Offer.objects.filter(call=call), Offer.Status.WITHDRAWN, at)


def settle(offers: QuerySet[Offer], status: str, at: datetime) -> int:
    """The open ones of `offers` are `status`, and their agents are free unless they accepted. Returns how many."""
    still_open = offers.filter(status=Offer.Status.OPEN)
    rows = list(still_open.select_for_update().values_list("pk", "engagement_id", "call_id"))
    if not rows:
        return 0
    settled = Offer.objects.filter(pk__in=[pk for pk, _, _ in rows], status=Offer.Status.OPEN).update(
        status=status, settled_at=at
    )
    if status != Offer.Status.ACCEPTED:
        availability.release([engagement_id for _, engagement_id, _ in rows], at)
    webhooks.record_offers(f"offer.{status}", {pk: call_id for pk, _, call_id in rows})
    return settled


def _lock(call_ids: Iterable[int]) -> QuerySet[Call]:
    """Those of the calls that nobody else holds, locked."""
    return Call.objects.filter(pk__in=call_ids).order_by("pk").select_for_update(skip_locked=True)


def _write(calls: Sequence[Call], columns: dict[str, Any]) -> None:
    """`calls` have `columns`, in the table and in memory."""
    Call.objects.filter(pk__in=[call.pk for call in calls]).update(**columns)
    for call in calls:
        for column, value in columns.items():
            setattr(call, column, value)


def _end_early(offers: QuerySet[Offer], status: str, at: datetime) -> int:
    """The open ones of `offers` that come from a queue are `status`, and their calls go on. Returns how many."""
    ending = offers.filter(status=Offer.Status.OPEN, transfer=None)
    call_ids = list(ending.order_by("expires_at", "pk").values_list("call_id", flat=True)[:BATCH])
    if not call_ids:
        return 0
    with transaction.atomic():
        calls = _lock(call_ids).in_bulk()
        ended = list(ending.filter(call__in=calls))
        done = settle(Offer.objects.filter(pk__in=[offer.pk for offer in ended]), status, at)
        alone = [offer for offer in ended if offer.alone]
        if status == Offer.Status.EXPIRED:
            availability.miss_calls([offer.agent_id for offer in alone], at)
        for offer in alone:
            _ask_next(calls[offer.call_id], offer, at, missed=status == Offer.Status.EXPIRED)
    return done


def _ask_next(call: Call, offer: Offer, at: datetime, *, missed: bool = False) -> None:
    """`call`, of which `offer` stood alone and came to nothing, goes to whoever is next, or to all at once.

    It goes to all where enough have missed it, or each has had it; and else when nobody was to be asked for as long
    as an agent has time to answer.
    """
    until = at + ((offer.expires_at or at) - offer.offered_at)
    if missed:
        had = Offer.objects.filter(call=call, alone=True, transfer=None, round=call.cast_round)
        serving = groups_with_agents([call.queue_id or 0])[call.queue_id or 0]
        left = {pk for group in serving for pk in group.agent_ids} - set(had.values_list("agent_id", flat=True))
        if not left or had.filter(status=Offer.Status.EXPIRED).count() >= MISSES:
            until = at
    _write([call], {"cast_until": until})


def _hold_out_to(agents: Sequence[Agent], at: datetime) -> int:
    """Offer waiting calls to `agents`, who are free and locked."""
    by_id = {agent.pk: agent for agent in agents}
    groups = groups_with_agents(next_call.busy_queues_of(by_id))
    free = {facts.agent_id: facts for facts in next_call.facts_of_agents(agents)}
    done = 0
    fresh = True
    while free:
        calls = next_call.lock_next(free, groups, fresh=fresh)
        waiting = next_call.facts_of_calls(calls, groups)
        give = routing.deal if fresh else routing.distribute
        choices = give(waiting, list(free.values()))
        _offer(calls, choices, by_id, groups, at)
        done += len(choices)
        for choice in choices:
            del free[choice.agent_id]
        if not choices and not fresh:
            break
        # Nobody waits any more whom nobody is asked about: the agents left are asked beside others.
        fresh = fresh and bool(choices)
    return done


def _offer(
    calls: Sequence[Call],
    choices: Sequence[routing.Choice],
    agents: dict[int, Agent],
    groups: dict[int, list[Group]],
    at: datetime,
) -> None:
    """An open offer for each of `choices`, of `calls` to `agents`, which takes the agent's time."""
    by_id = {call.pk: call for call in calls}
    engagements = availability.engage_locked([agents[choice.agent_id] for choice in choices], Engagement.Kind.OFFER, at)
    offers = []
    for choice in choices:
        call = by_id[choice.call_id]
        group = groups[call.queue_id or 0][choice.group]
        until = call.cast_until
        if is_in_turn(call):
            until = at + group.timeout
            # The one who is next has as long, should nobody be free by then.
            _write([call], {"cast_until": until + group.timeout})
        offers.append(
            Offer(
                call=call,
                agent=agents[choice.agent_id],
                engagement=engagements[choice.agent_id],
                alone=is_in_turn(call),
                group=group.name,
                round=call.cast_round,
                level=call.cast_level,
                offered_at=at,
                expires_at=until,
            )
        )
    made = Offer.objects.bulk_create(offers)
    webhooks.record_offers("offer.made", {offer.pk: offer.call_id for offer in made})

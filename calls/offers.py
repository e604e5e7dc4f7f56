"""Offers: a queued call is cast to its menu's groups and held out to agents. The only writer of `Offer.status`.

Casting goes by levels: at level 1 the first group with active agents has the call, at level 2 the second has joined,
and so on; each time a group's timeout lapses the open offers lapse and the next level begins; after the last group
the round begins again, until the call expires. Where the call stands is in its `cast_*` columns.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from agents import availability
from agents.models import Agent, Engagement
from calls import lifecycle, routing
from calls.errors import OFFER_IS_GONE
from calls.models import AnswerType, Call, Offer, OfferEvent, Participant, Status
from calls.serializers import agent_snapshot
from ccai.errors import Refused
from ccai.times import now
from menus.models import AgentGroup, Menu

BATCH = 200
# Waiting calls that are looked at together.
PAGE = 500
# How soon a menu that nobody serves is looked at again.
NOBODY_SERVES = timedelta(seconds=5)


@dataclass(frozen=True)
class Group:
    """A group of a menu that has active agents."""

    name: str
    timeout: timedelta
    agent_ids: frozenset[int]


def groups_with_agents(menu_ids: Sequence[int]) -> dict[int, list[Group]]:
    """The groups of each menu that have active agents, in their order."""
    groups: dict[int, list[Group]] = {menu_id: [] for menu_id in menu_ids}
    members = (
        AgentGroup.agents.through.objects.filter(agentgroup__menu__in=menu_ids, agent__user__is_active=True)
        .order_by("agentgroup__menu", "agentgroup__position", "agentgroup")
        .values_list("agentgroup__menu", "agentgroup", "agentgroup__name", "agentgroup__timeout_seconds", "agent")
    )
    for (menu_id, _group, name, seconds), rows in groupby(members, key=lambda row: row[:4]):
        agent_ids = frozenset(row[4] for row in rows)
        groups[menu_id].append(Group(name, timedelta(seconds=seconds), agent_ids))
    return groups


def cast_columns(groups: Sequence[Group], level: int, cast_round: int, at: datetime) -> dict[str, Any]:
    """The columns of a call that is cast to the first `level` of `groups` from `at` on."""
    if not groups:
        return {"cast_level": 0, "cast_round": cast_round, "cast_until": at + NOBODY_SERVES}
    level = min(level, len(groups))
    return {"cast_level": level, "cast_round": cast_round, "cast_until": at + groups[level - 1].timeout}


def first_cast(menu: Menu, groups: Sequence[Group], at: datetime) -> dict[str, Any]:
    """The columns of a call that enters `menu`'s queue: cast to the first group that has active agents."""
    return {"queue": menu, "priority": menu.priority, "offer_type": menu.offer_type, **cast_columns(groups, 1, 1, at)}


def record_cast(calls: Sequence[Call], groups: Sequence[Group], at: datetime) -> list[OfferEvent]:
    """The group each of `calls` was just cast to stands in its offer events. Nothing where there is no group."""
    return OfferEvent.objects.bulk_create(
        OfferEvent(call=call, casting_time=at, group=groups[call.cast_level - 1].name)
        for call in calls
        if call.cast_level
    )


def advance(at: datetime) -> int:
    """Every waiting call whose group's time is up goes on to the next group, or begins the round again.

    What it was offered lapses, and the agents are free. Returns how many calls went on.
    """
    with transaction.atomic():
        lapsed = list(
            Call.objects.filter(status=Status.QUEUED, cast_until__lte=at)
            .order_by("cast_until", "pk")
            .select_for_update(skip_locked=True)[:BATCH]
        )
        if not lapsed:
            return 0
        settle(Offer.objects.filter(call__in=lapsed), Offer.Status.EXPIRED, at)
        groups_of = groups_with_agents(sorted({call.queue_id for call in lapsed if call.queue_id}))
        alike: dict[tuple[int, int, int], list[Call]] = defaultdict(list)
        for call in lapsed:
            alike[call.queue_id or 0, call.cast_level, call.cast_round].append(call)
        for (menu_id, level, cast_round), calls in alike.items():
            _cast_on(calls, groups_of[menu_id], level, cast_round, at)
    return len(lapsed)


def hold_out(at: datetime) -> int:
    """Free agents are offered what waits for them; those who answer by themselves have taken it. Returns how many."""
    with transaction.atomic():
        menus = Call.objects.filter(status=Status.QUEUED).values("queue")
        serving = AgentGroup.agents.through.objects.filter(agentgroup__menu__in=menus)
        agents = availability.lock_free(Agent.objects.filter(pk__in=serving.values("agent")))
        return 0 if not agents else _hold_out_to(agents, at)


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
    with transaction.atomic():
        if not settle(Offer.objects.filter(pk=offer.pk), Offer.Status.DECLINED, at or now()):
            raise Refused(OFFER_IS_GONE)


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
    rows = list(still_open.select_for_update().values_list("pk", "engagement_id"))
    if not rows:
        return 0
    settled = Offer.objects.filter(pk__in=[pk for pk, _ in rows], status=Offer.Status.OPEN).update(
        status=status, settled_at=at
    )
    if status != Offer.Status.ACCEPTED:
        availability.release([engagement_id for _, engagement_id in rows], at)
    return settled


def _cast_on(calls: Sequence[Call], groups: Sequence[Group], level: int, cast_round: int, at: datetime) -> None:
    """`calls`, which stand at this level and round of one menu, are cast on. Only a first round is recorded."""
    begins_again = 0 < level >= len(groups)
    columns = cast_columns(groups, 1 if begins_again else level + 1, cast_round + 1 if begins_again else cast_round, at)
    Call.objects.filter(pk__in=[call.pk for call in calls]).update(**columns)
    for call in calls:
        for column, value in columns.items():
            setattr(call, column, value)
    if columns["cast_round"] == 1:
        record_cast(calls, groups, at)


def _hold_out_to(agents: list[Agent], at: datetime) -> int:
    """Offer waiting calls to `agents`, who are free and locked."""
    by_id = {agent.pk: agent for agent in agents}
    is_queued = Call.objects.filter(queue=OuterRef("menu"), status=Status.QUEUED)
    menu_ids = list(
        AgentGroup.objects.filter(Exists(is_queued), agents__in=by_id)
        .order_by()
        .values_list("menu_id", flat=True)
        .distinct()
    )
    groups_of = groups_with_agents(menu_ids)
    choices = _choose(_free_agents(agents), menu_ids, groups_of)
    calls = {
        call.pk: call
        for call in Call.objects.filter(pk__in={choice.call_id for choice in choices}, status=Status.QUEUED)
        .order_by("pk")
        .select_for_update(skip_locked=True)
    }
    # What somebody else took in the meantime is offered to nobody; its agents are looked at again in a moment.
    choices = [choice for choice in choices if choice.call_id in calls]
    engagements = availability.engage_locked([by_id[choice.agent_id] for choice in choices], Engagement.Kind.OFFER, at)
    offers = Offer.objects.bulk_create(
        Offer(
            call=calls[choice.call_id],
            agent=by_id[choice.agent_id],
            engagement=engagements[choice.agent_id],
            group=groups_of[calls[choice.call_id].queue_id or 0][choice.group].name,
            round=calls[choice.call_id].cast_round,
            level=calls[choice.call_id].cast_level,
            offered_at=at,
        )
        for choice in choices
    )
    for offer in offers:
        if offer.agent.auto_answer:
            settle(Offer.objects.filter(pk=offer.pk), Offer.Status.ACCEPTED, at)
            assign(calls[offer.call_id], offer.agent, offer.engagement_id, AnswerType.AUTO, at)
    return len(offers)


def _choose(
    free: Sequence[routing.FreeAgent], menu_ids: Sequence[int], groups_of: dict[int, list[Group]]
) -> list[routing.Choice]:
    """Who is offered what, going through the queues of these menus until they end or nobody is free any more."""
    chosen: list[routing.Choice] = []
    waiting = Call.objects.filter(status=Status.QUEUED, queue__in=menu_ids, cast_level__gt=0).order_by(
        "waits_since", "pk"
    )
    after = Q()
    while free:
        page = list(
            waiting.filter(after).values_list(
                "pk", "lang", "outbound_number", "queue_id", "cast_level", "cast_round", "waits_since", named=True
            )[:PAGE]
        )
        choices = routing.distribute(_waiting_calls(page, groups_of), free)
        chosen += choices
        taken = {choice.agent_id for choice in choices}
        free = [agent for agent in free if agent.agent_id not in taken]
        if len(page) < PAGE:
            break
        last = page[-1]
        after = Q(waits_since__gte=last.waits_since) & (Q(waits_since__gt=last.waits_since) | Q(pk__gt=last.pk))
    return chosen


def _waiting_calls(page: Sequence[Any], groups_of: dict[int, list[Group]]) -> list[routing.WaitingCall]:
    """What routing needs to know of the calls on `page`, in their order."""
    rounds = {row.pk: row.cast_round for row in page}
    passed_over: dict[int, set[int]] = defaultdict(set)
    declined = Offer.objects.filter(call__in=rounds, status=Offer.Status.DECLINED)
    for call_id, agent_id, cast_round in declined.values_list("call_id", "agent_id", "round"):
        if rounds[call_id] == cast_round:
            passed_over[call_id].add(agent_id)
    return [
        routing.WaitingCall(
            call_id=row.pk,
            lang=row.lang,
            outbound_number=row.outbound_number,
            groups=tuple(group.agent_ids for group in groups_of[row.queue_id][: row.cast_level]),
            passed_over=frozenset(passed_over[row.pk]),
        )
        for row in page
    ]


def _free_agents(agents: Sequence[Agent]) -> list[routing.FreeAgent]:
    """What routing needs to know of `agents`."""
    ids = [agent.pk for agent in agents]
    languages: dict[int, set[str]] = {pk: set() for pk in ids}
    numbers: dict[int, set[str]] = {pk: set() for pk in ids}
    for agent_id, code in Agent.languages.through.objects.filter(agent__in=ids).values_list("agent_id", "language_id"):
        languages[agent_id].add(code)
    shown = Agent.outbound_numbers.through.objects.filter(agent__in=ids)
    for agent_id, number in shown.values_list("agent_id", "outboundnumber__number"):
        numbers[agent_id].add(number)
    return [
        routing.FreeAgent(
            agent_id=agent.pk,
            idle_since=agent.idle_since,
            auto_answer=agent.auto_answer,
            languages=frozenset(languages[agent.pk]),
            numbers=frozenset(numbers[agent.pk]),
        )
        for agent in agents
    ]

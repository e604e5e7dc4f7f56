"""The next calls for agents who are free, found in the queues by one indexed query however long these are.

For each free agent and each queue the agent serves, the database goes along the index of the queue and stops at the
first calls that the agent may take. On its way it steps over calls that are offered to somebody already, that the agent
has passed over, or that are in a language the agent does not speak.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

from django.db.models import Case, Exists, F, IntegerField, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Concat, Left, StrIndex

from agents.models import Agent
from calls import routing
from calls.casting import IN_TURN, Group, is_in_turn
from calls.first_rows import IdsOfFirst
from calls.models import Call, Offer, Status
from menus.models import AgentGroup

Membership = AgentGroup.agents.through

# A queue is read as far as there are agents to take its calls, up to so many; and some more, since another worker may
# be holding the first of them just now.
AT_ONCE = 50
SPARE = 2


def waiting_in(queue: int | OuterRef) -> QuerySet[Call]:
    """The calls that wait in `queue`, in their order."""
    return Call.objects.filter(status=Status.QUEUED, queue=queue).order_by("-priority", "waits_since", "pk")


def agents_of_busy_queues() -> QuerySet[Agent]:
    """The agents who serve a queue in which somebody waits."""
    busy = Membership.objects.filter(agent=OuterRef("pk"), agentgroup__in=_groups_of_busy_queues())
    return Agent.objects.filter(Exists(busy))


def busy_queues_of(agent_ids: Collection[int]) -> list[int]:
    """The ids of the menus that these agents serve and in whose queue somebody waits."""
    groups = _groups_of_busy_queues().filter(agents__in=agent_ids)
    return list(groups.order_by().values_list("menu_id", flat=True).distinct())


def lock_next(agent_ids: Collection[int], groups: Mapping[int, Sequence[Group]], *, fresh: bool) -> list[Call]:
    """The next calls of the queues of `groups` for these agents, locked, in their order. Others are passed over.

    `fresh`: those that nobody is offered yet. Else those that one more agent may be offered.
    """
    depth = min(len(agent_ids), AT_ONCE) + SPARE
    memberships = Membership.objects.filter(agent__in=agent_ids, agentgroup__menu__in=groups)
    read = memberships.annotate(rank=_rank(groups)).values_list(IdsOfFirst(_eligible(fresh=fresh)[:depth], "pk"))
    found = {int(pk) for (ids,) in read if ids for pk in ids.split()}
    if not found:
        return []
    # By their ids alone: by the status as well the database might read every call that waits.
    locked = Call.objects.filter(pk__in=found).order_by().select_for_update(skip_locked=True)
    waiting = [call for call in locked if call.status == Status.QUEUED]
    return sorted(waiting, key=lambda call: (-call.priority, call.waits_since, call.pk))


def facts_of_agents(agents: Sequence[Agent]) -> list[routing.FreeAgent]:
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


def facts_of_calls(calls: Sequence[Call], groups: Mapping[int, Sequence[Group]]) -> list[routing.WaitingCall]:
    """What routing needs to know of `calls`, which are locked, in their order."""
    passed_over: dict[int, set[int]] = defaultdict(set)
    offers = Offer.objects.filter(_PASSED_OVER, call__in=calls, round=F("call__cast_round"))
    for call_id, agent_id in offers.values_list("call_id", "agent_id"):
        passed_over[call_id].add(agent_id)
    held_out = set(Offer.objects.filter(call__in=calls, status=Offer.Status.OPEN).values_list("call_id", flat=True))
    return [
        routing.WaitingCall(
            call_id=call.pk,
            lang=call.lang,
            outbound_number=call.outbound_number,
            groups=tuple(group.agent_ids for group in groups[call.queue_id or 0][: call.cast_level]),
            passed_over=frozenset(passed_over[call.pk]),
            in_turn=is_in_turn(call),
            held_out=call.pk in held_out,
        )
        for call in calls
    ]


# What keeps an agent from being offered the call again in the round: they declined it, had it and gave it back, or have
# had their turn.
_PASSED_OVER = Q(transfer=None) & (Q(status__in=(Offer.Status.DECLINED, Offer.Status.ACCEPTED)) | Q(alone=True))


def _groups_of_busy_queues() -> QuerySet[AgentGroup]:
    first = Subquery(waiting_in(OuterRef("menu")).values("pk")[:1])
    return AgentGroup.objects.alias(first=first).filter(first__isnull=False)


def _rank(groups: Mapping[int, Sequence[Group]]) -> Case:
    """Which of its menu's groups that have active agents the membership's group is, from 1 on."""
    by_rank: dict[int, list[int]] = defaultdict(list)
    for of_menu in groups.values():
        for rank, group in enumerate(of_menu, start=1):
            by_rank[rank].append(group.pk)
    later = [When(agentgroup__in=ids, then=Value(rank)) for rank, ids in by_rank.items() if rank > 1]
    return Case(*later, default=Value(1), output_field=IntegerField())


def _eligible(*, fresh: bool) -> QuerySet[Call]:
    """The calls that the agent of a membership may be offered, in their order: `routing.may_take`, for the database."""
    agent = OuterRef(OuterRef("agent"))
    speaks = Agent.languages.through.objects.filter(agent=agent)
    shows = Agent.outbound_numbers.through.objects.filter(agent=agent)
    base = Left(OuterRef("lang"), StrIndex(Concat(OuterRef("lang"), Value("-")), Value("-")) - 1)
    passed_over = Offer.objects.filter(_PASSED_OVER, call=OuterRef("pk"), agent=agent, round=OuterRef("cast_round"))
    held_out = Offer.objects.filter(call=OuterRef("pk"), status=Offer.Status.OPEN)
    if not fresh:
        held_out = held_out.filter(agent__auto_answer=True)
    calls = waiting_in(OuterRef("agentgroup__menu")).filter(
        ~Exists(speaks) | Exists(speaks.filter(Q(language=OuterRef("lang")) | Q(language=base))),
        Q(outbound_number="")
        | ~Exists(shows)
        | Exists(shows.filter(outboundnumber__number=OuterRef("outbound_number"))),
        # In one NOT: two would be made joins, for which the database might read and sort the whole queue.
        ~(Exists(passed_over) | Exists(held_out)),
        cast_round__gt=0,
        cast_level__gte=OuterRef("rank"),
    )
    return calls if fresh else calls.exclude(IN_TURN)

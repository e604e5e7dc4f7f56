"""Casting: to which groups of its queue's menu a waiting call is offered now, and until when.

Where a call stands is in its `cast_*` columns. In round 0 the clock has not looked at it yet. How it goes on is its
offer type's:

- cascade: level 1 is the first group that has active agents, at level 2 the second has joined, and so on; after the
  last the next round begins. A group nobody of is free when its turn comes is passed over.
- multicast: all groups at once; a round is as long as the longest timeout, and then those who declined are asked again.
- deltacast: all groups, but in round 1 one agent at a time; from round 2 on it is a multicast.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from django.db.models import Q

from calls.models import Call, OfferEvent
from menus.models import AgentGroup, Menu

# How soon a menu that nobody serves is looked at again.
NOBODY_SERVES = timedelta(seconds=5)

# Agents are asked in turn, one at a time, about a call of which this is true.
IN_TURN = Q(offer_type=Menu.OfferType.DELTACAST, cast_round=1)


@dataclass(frozen=True)
class Group:
    """A group of a menu that has active agents."""

    pk: int
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
    for (menu_id, pk, name, seconds), rows in groupby(members, key=lambda row: row[:4]):
        agent_ids = frozenset(row[4] for row in rows)
        groups[menu_id].append(Group(pk, name, timedelta(seconds=seconds), agent_ids))
    return groups


def is_in_turn(call: Call) -> bool:
    """As IN_TURN."""
    return call.offer_type == Menu.OfferType.DELTACAST and call.cast_round == 1


def longest_timeout(groups: Sequence[Group]) -> timedelta:
    """How long everybody of `groups` has time to answer."""
    return max(group.timeout for group in groups)


def cast_columns(groups: Sequence[Group], level: int, cast_round: int, at: datetime) -> dict[str, Any]:
    """The columns of a call that is cast to the first `level` of `groups`, for the time of the last of these."""
    if not groups:
        return {"cast_level": 0, "cast_round": cast_round, "cast_until": at + NOBODY_SERVES}
    level = min(level, len(groups))
    return {"cast_level": level, "cast_round": cast_round, "cast_until": at + groups[level - 1].timeout}


def first_cast(menu: Menu, groups: Sequence[Group], at: datetime) -> dict[str, Any]:
    """The columns of a call that enters `menu`'s queue, with those that say how it waits there.

    It is cast to the first group that has active agents, or to all at once, and the clock begins with it at once.
    """
    level = 1 if menu.offer_type == Menu.OfferType.CASCADE else len(groups)
    return {
        "queue": menu,
        "priority": menu.priority,
        "offer_type": menu.offer_type,
        "cast_level": min(level, len(groups)),
        "cast_round": 0,
        "cast_until": at,
    }


def next_cast(call: Call, groups: Sequence[Group], free: Collection[int], at: datetime) -> dict[str, Any]:
    """The columns of `call` when the time of its present cast is up. `free` are the ids of agents who are free now."""
    if not groups:
        return cast_columns(groups, 0, call.cast_round, at)
    if call.offer_type in (Menu.OfferType.MULTICAST, Menu.OfferType.DELTACAST):
        columns = cast_columns(groups, len(groups), call.cast_round + 1, at)
        return {**columns, "cast_until": at + longest_timeout(groups)}
    level, cast_round = call.cast_level + 1, max(1, call.cast_round)
    if call.cast_round == 0:
        level = 1
    elif level > len(groups):
        level, cast_round = 1, cast_round + 1
    # The last group has its time whoever is free, or the rounds would spin.
    while level < len(groups) and groups[level - 1].agent_ids.isdisjoint(free):
        level += 1
    return cast_columns(groups, level, cast_round, at)


def record_cast(calls: Sequence[Call], groups: Sequence[Group], at: datetime, *, after: int = 0) -> list[OfferEvent]:
    """The groups that `calls` are cast to stand in their offer events, but for the first `after` of them."""
    return OfferEvent.objects.bulk_create(
        OfferEvent(call=call, casting_time=at, group=group.name)
        for call in calls
        for group in groups[after : call.cast_level]
    )

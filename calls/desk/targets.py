"""Whom a call may be handed on to, as an agent looks them up."""

from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from agents import availability
from agents.models import Agent
from calls.voip import can_be_rung
from menus.models import AgentGroup, Menu

SHOWN = 30


def find_targets(agent: Agent, words: str, at: datetime) -> dict[str, Any]:
    """The agents and the leaf menus whose names hold all of `words`.

    Those who could take the call now come first, and among them those who serve a menu that `agent` serves.
    """
    agents = Agent.objects.filter(user__is_active=True).exclude(pk=agent.pk).select_related("user", "team")
    menus = Menu.objects.filter(deleted=False).exclude(
        Exists(Menu.objects.filter(parent=OuterRef("pk"), deleted=False))
    )
    for word in words.split():
        agents = agents.filter(
            Q(user__first_name__icontains=word)
            | Q(user__last_name__icontains=word)
            | Q(user__email__icontains=word)
            | Q(agent_number__startswith=word)
            | Q(team__name__icontains=word)
        )
        menus = menus.filter(name__icontains=word)
    rung = can_be_rung(Agent.objects.filter(pk=OuterRef("pk")))
    free = availability.free(rung)
    mates = AgentGroup.objects.filter(agents=OuterRef("pk"), menu__groups__agents=agent)
    ranked = agents.annotate(can_be_rung=Exists(rung), is_free=Exists(free), is_mate=Exists(mates)).order_by(
        "-is_free", "-is_mate", "user__first_name", "user__last_name", "pk"
    )
    return {"agents": ranked[:SHOWN], "menus": _with_states(menus, at)}


def _with_states(menus: QuerySet[Menu], at: datetime) -> list[tuple[Menu, bool]]:
    """Menus that have somebody to serve them, and whether each takes calls at the moment `at`; open ones first."""
    found = menus.filter(groups__agents__isnull=False).distinct().select_related("parent")
    shown = found.order_by("name", "pk").prefetch_related("deflection_options")[:SHOWN]
    states = [(menu, _is_open(menu, at)) for menu in shown]
    return sorted(states, key=lambda one: not one[1])


def _is_open(menu: Menu, at: datetime) -> bool:
    """Whether `menu` takes calls; one whose hours cannot be read does not."""
    try:
        return menu.state_at(at) == Menu.State.OPEN
    except ValueError:
        return False

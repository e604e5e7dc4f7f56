"""Groups of agents to whom calls are cast, and who is asked."""

from datetime import timedelta

from agents.models import Agent
from calls.models import Offer, OfferEvent
from ccai.times import now
from menus.models import AgentGroup
from tests.factories import make_agent, make_menu


def make_groups(*groups, **columns):
    """A menu of groups, each of them agents and a timeout in seconds."""
    menu = make_menu(**columns)
    for position, (agents, seconds) in enumerate(groups, start=1):
        group = AgentGroup.objects.create(
            menu=menu, name=f"Group {position}", position=position, timeout_seconds=seconds
        )
        group.agents.set(agents)
    return menu


def make_agents(count):
    """So many available agents, the first of them idle longest."""
    agents = [make_agent() for _ in range(count)]
    for number, agent in enumerate(agents):
        Agent.objects.filter(pk=agent.pk).update(idle_since=now() - timedelta(minutes=90 - number))
    return agents


def groups_cast_to(call_id):
    """The names of the groups to which the call was cast, in order."""
    return list(OfferEvent.objects.filter(call=call_id).order_by("pk").values_list("group", flat=True))


def asked():
    """Who is being asked now, in the order of the offers."""
    return [offer.agent for offer in Offer.objects.filter(status="open").order_by("pk")]


def status_of(agent):
    """The status of the agent, as it is now."""
    return Agent.objects.get(pk=agent.pk).status

"""What programs are told of agents."""

from collections.abc import Collection

from agents.models import Agent
from agents.serializers import AgentObject, agent_object, agents_to_show
from ccai.webhooks import recording


def read_agents(agent_ids: Collection[int]) -> dict[int, AgentObject]:
    """The agent objects of those agents, as GET /agents/{id} shows them now, in a fixed number of queries."""
    return {agent.pk: agent_object(agent) for agent in agents_to_show(Agent.objects.filter(pk__in=agent_ids))}


def record_status(agent: Agent) -> None:
    """The agent has another status. In the transaction that has written it."""
    recording.record("agent.status_changed", read_agents, {agent.pk: subject_of(agent.pk)})


def catch_up(agent_id: int) -> None:
    """What this transaction has done to the agent is told as it is now."""
    recording.catch_up([subject_of(agent_id)])


def subject_of(agent_id: int) -> str:
    """What events of an agent are in order by."""
    return f"agent:{agent_id}"

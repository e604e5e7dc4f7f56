"""Who is on a call."""

from agents.models import Agent
from calls.models import Call, Participant
from ccai.announcing import announce_on_commit


def has_been_on(call: Call, agent: Agent) -> bool:
    """True where `agent` is on `call`, or was."""
    return Participant.objects.filter(call=call, agent=agent, type=Participant.Type.AGENT).exists()


def announce_call(call: Call) -> None:
    """The pages of all agents who are on `call`, and of the one who had it last, are stale from the commit on."""
    staying = Participant.objects.filter(call=call, type=Participant.Type.AGENT, ended_at=None)
    agent_ids = {agent_id for agent_id in staying.values_list("agent_id", flat=True) if agent_id}
    last = Call.objects.filter(pk=call.pk).values_list("agent_id", flat=True).first()
    announce_on_commit(agent_ids | ({last} if last else set()))

"""Who should get which waiting call: pure, over facts, without the database.

Every free agent who may take a waiting call is given one. A call that has waited longer is served first; among the
agents it may go to, those of an earlier group come first, and then whoever has been idle longest. No call gets a
second agent before each has had the chance of a first.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from agents.languages import covers


@dataclass(frozen=True)
class FreeAgent:
    """An agent who could take a call now. Empty `languages` or `numbers` mean all."""

    agent_id: int
    idle_since: datetime
    auto_answer: bool = False
    languages: frozenset[str] = frozenset()
    numbers: frozenset[str] = frozenset()


@dataclass(frozen=True)
class WaitingCall:
    """A call in the queue: the agents of the groups it is cast to, group by group, and those who have had it."""

    call_id: int
    lang: str
    outbound_number: str
    groups: tuple[frozenset[int], ...]
    passed_over: frozenset[int] = field(default_factory=frozenset)


@dataclass(frozen=True)
class Choice:
    """Hold this call out to this agent, who is in the call's group number `group` (0 is the first)."""

    call_id: int
    agent_id: int
    group: int


def may_take(agent: FreeAgent, call: WaitingCall) -> bool:
    """True where the agent speaks the call's language, may show its number, and has not passed it over."""
    return (
        agent.agent_id not in call.passed_over
        and (not agent.languages or covers(agent.languages, call.lang))
        and (not agent.numbers or not call.outbound_number or call.outbound_number in agent.numbers)
    )


def rank(call: WaitingCall, agents: Sequence[FreeAgent]) -> list[Choice]:
    """The agents who may take `call`, best first.

    One who answers by themselves settles the call at once and comes before all who would have to click.
    """
    group_of: dict[int, int] = {}
    for number, members in enumerate(call.groups):
        for agent_id in members:
            group_of.setdefault(agent_id, number)
    able = [agent for agent in agents if agent.agent_id in group_of and may_take(agent, call)]
    able.sort(key=lambda one: (not one.auto_answer, group_of[one.agent_id], one.idle_since, one.agent_id))
    return [Choice(call.call_id, agent.agent_id, group_of[agent.agent_id]) for agent in able]


def distribute(calls: Sequence[WaitingCall], agents: Sequence[FreeAgent]) -> list[Choice]:
    """Who is offered what now. `calls` come in the order of the queue; each agent is named at most once.

    A call that goes to an agent who answers by themselves is settled, and is offered to nobody else.
    """
    by_id = {agent.agent_id: agent for agent in agents}
    candidates = {call.call_id: rank(call, agents) for call in calls}
    free = set(by_id)
    chosen: list[Choice] = []
    open_calls = [call.call_id for call in calls]
    while free and open_calls:
        still_open = []
        for call_id in open_calls:
            choice = next((one for one in candidates[call_id] if one.agent_id in free), None)
            if choice is None:
                continue
            free.remove(choice.agent_id)
            chosen.append(choice)
            if not by_id[choice.agent_id].auto_answer:
                still_open.append(call_id)
        open_calls = still_open
    return chosen

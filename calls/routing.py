"""Who should get which waiting call: pure, over facts, without the database.

Every free agent who may take a waiting call is given one. Calls come in the order of their queue. Among the agents a
call may go to, those of an earlier group come first, and then whoever has been idle longest; a call that agents have
in turn goes to whoever of all groups has been idle longest. No call gets a second agent before each has had the chance
of a first.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

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
    """A call in the queue: the agents of the groups it is cast to, group by group, and those who have had it.

    `in_turn`: agents are asked one at a time (deltacast). `held_out`: somebody is being asked already.
    """

    call_id: int
    lang: str
    outbound_number: str
    groups: tuple[frozenset[int], ...]
    passed_over: frozenset[int] = field(default_factory=frozenset)
    in_turn: bool = False
    held_out: bool = False


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

    Where many are asked at once, one who answers by themselves would win over all who have to click, and comes first.
    """
    group_of: dict[int, int] = {}
    for number, members in enumerate(call.groups):
        for agent_id in members:
            group_of.setdefault(agent_id, number)

    def merit(agent: FreeAgent) -> tuple[Any, ...]:
        longest_idle = (agent.idle_since, agent.agent_id)
        return longest_idle if call.in_turn else (not agent.auto_answer, group_of[agent.agent_id], *longest_idle)

    able = sorted((agent for agent in agents if agent.agent_id in group_of and may_take(agent, call)), key=merit)
    return [Choice(call.call_id, agent.agent_id, group_of[agent.agent_id]) for agent in able]


def deal(calls: Sequence[WaitingCall], agents: Sequence[FreeAgent]) -> list[Choice]:
    """An agent for each of `calls` that nobody is asked about yet, as far as agents go."""
    fresh = [call for call in calls if not call.held_out]
    return _round({call.call_id: rank(call, agents) for call in fresh}, {agent.agent_id for agent in agents})


def distribute(calls: Sequence[WaitingCall], agents: Sequence[FreeAgent]) -> list[Choice]:
    """Who is offered what now: `deal`, and then agent after agent for each call that many may be asked about.

    Each agent is named at most once. A call that goes to an agent who answers by themselves is settled, and is offered
    to nobody else.
    """
    chosen = deal(calls, agents)
    automatic = {agent.agent_id for agent in agents if agent.auto_answer}
    free = {agent.agent_id for agent in agents} - {choice.agent_id for choice in chosen}
    settled = {choice.call_id for choice in chosen if choice.agent_id in automatic}
    ranked = {call.call_id: rank(call, agents) for call in calls if not call.in_turn and call.call_id not in settled}
    while more := _round(ranked, free):
        chosen += more
        free -= {choice.agent_id for choice in more}
        # Who found nobody now finds nobody later.
        ranked = {choice.call_id: ranked[choice.call_id] for choice in more if choice.agent_id not in automatic}
    return chosen


def _round(ranked: Mapping[int, Sequence[Choice]], free: Collection[int]) -> list[Choice]:
    """The best of the `free` agents for each call, call after call."""
    left = set(free)
    chosen: list[Choice] = []
    for choices in ranked.values():
        choice = next((one for one in choices if one.agent_id in left), None)
        if choice is not None:
            left.remove(choice.agent_id)
            chosen.append(choice)
    return chosen

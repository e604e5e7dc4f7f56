"""Shapes: agents and teams as the wire shows them, in the manner of the call object (contract section 2)."""

from typing import Annotated, TypedDict

from django.db.models import Prefetch, QuerySet

from agents.models import Agent, Engagement, Team
from ccai.phones import wire_phone
from ccai.shapes import Keywords, Phone, Time, Url, Words
from ccai.times import wire_time


class TeamInfo(TypedDict):
    """A team as an agent shows theirs."""

    id: int
    name: str
    parent_id: int | None


class TeamObject(TypedDict):
    """The team object: exactly these keys, in this order."""

    id: int
    name: str
    parent_id: int | None
    agents_count: Annotated[int, Keywords("Active agents of the team itself.", minimum=0)]


class AgentInfo(TypedDict):
    """An agent as the call object shows one."""

    id: int
    agent_number: str | None
    name: str
    last_name: str
    first_name: str
    avatar_url: Url | None


class AgentObject(AgentInfo):
    """The agent object: exactly these keys, in this order."""

    email: str
    active: bool
    status: Annotated[str, Words(Agent.Status)]
    status_updated_at: Time
    engagement: Annotated[
        Annotated[str, Words(Engagement.Kind)] | None,
        Keywords("What has the agent's time now; null while they are free."),
    ]
    can_place_calls: bool
    auto_answer: bool
    languages: Annotated[list[str], Keywords("None: all.")]
    outbound_numbers: Annotated[list[Phone], Keywords("None: all of the center's.")]
    team: TeamInfo | None
    created_at: Time


def agent_snapshot(agent: Agent) -> AgentInfo:
    """The agent as a call remembers one. `agent.user` should have been read along."""
    user = agent.user
    return AgentInfo(
        id=agent.pk,
        agent_number=agent.agent_number or None,
        name=user.get_full_name(),
        last_name=user.last_name,
        first_name=user.first_name,
        avatar_url=agent.avatar_url or None,
    )


def agents_to_show(agents: QuerySet[Agent]) -> QuerySet[Agent]:
    """`agents`, with all that `agent_object` shows read along, in a fixed number of queries."""
    open_ones = Prefetch("engagements", Engagement.objects.filter(ended_at=None), to_attr="open_engagements")
    return agents.select_related("user", "team").prefetch_related("languages", "outbound_numbers", open_ones)


def agent_object(agent: Agent) -> AgentObject:
    """`agent` as the wire shows one, at this moment. Many at once should come from `agents_to_show`.

    `status` is what the agent says; `engagement` is what has their time now: `offer`, `dial_prompt`, `call` or null.
    No languages and no numbers mean all of them.
    """
    user = agent.user
    return AgentObject(
        **agent_snapshot(agent),
        email=user.email,
        active=user.is_active,
        status=agent.status,
        status_updated_at=wire_time(agent.status_since),
        engagement=_engagement(agent),
        can_place_calls=agent.can_place_calls,
        auto_answer=agent.auto_answer,
        languages=[language.code for language in agent.languages.all()],
        outbound_numbers=[shown for one in agent.outbound_numbers.all() if (shown := wire_phone(one.number))],
        team=team_info(agent.team) if agent.team else None,
        created_at=wire_time(user.date_joined),
    )


def _engagement(agent: Agent) -> str | None:
    known: list[Engagement] | None = getattr(agent, "open_engagements", None)
    if known is None:
        known = list(agent.engagements.filter(ended_at=None))
    return known[0].kind if known else None


def team_info(team: Team) -> TeamInfo:
    """`team` as an agent shows theirs."""
    return TeamInfo(id=team.pk, name=team.name, parent_id=team.parent_id)


def team_object(team: Team, agents_count: int) -> TeamObject:
    """`team`, which has so many active agents itself, as the wire shows it."""
    return TeamObject(id=team.pk, name=team.name, parent_id=team.parent_id, agents_count=agents_count)

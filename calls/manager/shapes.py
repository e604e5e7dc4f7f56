"""Shapes: calls, agents, menus and teams as the management API shows them, null where there is nothing of the kind."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any, TypedDict

from django.db.models import Prefetch, QuerySet

from agents.models import Agent, Engagement, Team
from agents.serializers import AgentInfo, agent_snapshot
from calls.manager.statuses import STATUSES, StatusObject
from calls.serializers import CallObject, TransferObject
from ccai.shapes import Time, Url
from ccai.times import wire_time
from menus.models import AgentGroup, Menu, MenuPath, MenuSnapshot

CHANNEL = "call"
# The groups of a menu in the order in which they are offered its calls.
LEVELS = ("primary", "secondary", "tertiary")


class TransferLine(TransferObject):
    """A call handed on, with the menus once more under the names that the platform's clients read."""

    from_menu_path: MenuPath | None
    to_menu_path: MenuPath | None


class TeamLine(TypedDict):
    """A team, as agents and trees show it."""

    id: int
    name: str
    parent_id: int | None
    position: int
    deleted: bool
    agents_count: int


class ManagedTeam(TeamLine):
    """A team with its agents."""

    assignees: list[AgentInfo]


class TeamNode(TeamLine):
    """A team with those right below it."""

    children: list["TeamNode"]


class Channel(TypedDict):
    """A menu whose calls an agent takes."""

    channel_type: str
    menu: MenuSnapshot


class ManagedAgent(TypedDict):
    """An agent."""

    id: int
    email: str
    created_at: Time
    last_login_time: Time | None
    first_name: str
    middle_name: None
    last_name: str
    avatar_url: Url | None
    agent_number: str | None
    status: StatusObject
    status_updated_at: Time
    crm_authenticated: None
    online: bool
    wrap_up: bool
    call_count: int
    chat_count: int
    location: None
    roles: list[str]
    teams: list[TeamLine]
    channels: list[Channel]


class Assignment(TypedDict):
    """An agent of a menu: in which of its groups."""

    lang: None
    queue_level: str
    group_type: str
    channel_type: str
    assignee: AgentInfo


class ManagedMenu(MenuSnapshot):
    """A menu with its agents. Teams are given to none."""

    agent_assignments: list[Assignment]
    team_assignments: list[Any]


class ManagedMenuNode(MenuSnapshot):
    """A menu with those right below it, and how many agents these and it have, each counted once."""

    agents_count: int
    children: list["ManagedMenuNode"]


def call_line(call: CallObject) -> dict[str, Any]:
    """The call object as the platform's clients read it: an agent's number is one, or null."""
    transfers = [transfer_line(transfer) for transfer in call["transfers"]]
    return {**call, "agent_info": numbered(call["agent_info"]), "transfers": transfers}


def transfer_line(transfer: TransferObject) -> TransferLine:
    """`transfer` as the platform's clients read it."""
    return TransferLine(
        id=transfer["id"],
        status=transfer["status"],
        fail_reason=transfer["fail_reason"],
        created_at=transfer["created_at"],
        from_menu=transfer["from_menu"],
        to_menu=transfer["to_menu"],
        from_agent=numbered(transfer["from_agent"]),
        to_agent=numbered(transfer["to_agent"]),
        from_menu_path=transfer["from_menu"],
        to_menu_path=transfer["to_menu"],
    )


def numbered(agent: AgentInfo | None) -> AgentInfo | None:
    """`agent` with an agent number that is one. Clients read integers here, and give up at anything else; /agents has
    the number as it is."""
    if agent is None or not agent["agent_number"] or agent["agent_number"].isdecimal():
        return agent
    return {**agent, "agent_number": None}


class Teams:
    """All teams, with the number of their own active agents and their place among their siblings, in two queries."""

    def __init__(self) -> None:
        counts: dict[int, int] = defaultdict(int)
        for team_id in Agent.objects.filter(user__is_active=True, team__isnull=False).values_list("team_id", flat=True):
            counts[team_id] += 1
        self.lines: dict[int, TeamLine] = {}
        siblings: dict[int | None, int] = defaultdict(int)
        for team in Team.objects.order_by("name", "pk"):
            self.lines[team.pk] = TeamLine(
                id=team.pk,
                name=team.name,
                parent_id=team.parent_id,
                position=siblings[team.parent_id],
                deleted=False,
                agents_count=counts[team.pk],
            )
            siblings[team.parent_id] += 1

    def tree(self) -> list[TeamNode]:
        """The teams at the top, each with those below it."""
        nodes = {pk: TeamNode(**line, children=[]) for pk, line in self.lines.items()}
        for node in nodes.values():
            if node["parent_id"] is not None:
                nodes[node["parent_id"]]["children"].append(node)
        return [node for node in nodes.values() if node["parent_id"] is None]


def teams_to_show() -> QuerySet[Team]:
    """All teams, with the active agents of each read along."""
    agents = Agent.objects.filter(user__is_active=True).select_related("user").order_by("pk")
    return Team.objects.prefetch_related(Prefetch("agents", agents))


def team_object(team: Team, teams: Teams) -> ManagedTeam:
    """`team` with its agents."""
    return ManagedTeam(**teams.lines[team.pk], assignees=[agent_snapshot(agent) for agent in team.agents.all()])


def agents_to_show(agents: QuerySet[Agent]) -> QuerySet[Agent]:
    """`agents`, with all that `agent_object` shows read along, in a fixed number of queries."""
    on_call = Engagement.objects.filter(ended_at=None, kind=Engagement.Kind.CALL)
    return agents.select_related("user").prefetch_related(
        "user__groups", "groups__menu", Prefetch("engagements", on_call, to_attr="calls_now")
    )


def agent_object(agent: Any, teams: Teams) -> ManagedAgent:
    """`agent`, who comes from `agents_to_show`."""
    user = agent.user
    menus = {group.menu_id: group.menu for group in agent.groups.all()}
    return ManagedAgent(
        id=agent.pk,
        email=user.email,
        created_at=wire_time(user.date_joined),
        last_login_time=wire_time(user.last_login),
        first_name=user.first_name,
        middle_name=None,
        last_name=user.last_name,
        avatar_url=agent.avatar_url or None,
        agent_number=agent.agent_number or None,
        status=STATUSES[agent.status],
        status_updated_at=wire_time(agent.status_since),
        crm_authenticated=None,
        online=agent.status != Agent.Status.OFFLINE,
        wrap_up=agent.status == Agent.Status.WRAP_UP,
        call_count=len(agent.calls_now),
        chat_count=0,
        location=None,
        roles=["agent", *sorted(group.name for group in user.groups.all())],
        teams=[teams.lines[agent.team_id]] if agent.team_id in teams.lines else [],
        channels=[Channel(channel_type=CHANNEL, menu=menus[pk].snapshot()) for pk in sorted(menus)],
    )


def menus_to_show(menus: QuerySet[Menu]) -> QuerySet[Menu]:
    """`menus`, with all that `menu_object` shows read along, in a fixed number of queries."""
    agents = Agent.objects.select_related("user").order_by("pk")
    return menus.prefetch_related("groups", Prefetch("groups__agents", agents))


def menu_object(menu: Menu) -> ManagedMenu:
    """`menu`, which comes from `menus_to_show`, with its agents."""
    assignments = [
        Assignment(
            lang=None,
            queue_level=LEVELS[level] if level < len(LEVELS) else f"level_{level + 1}",
            group_type=group.name,
            channel_type=CHANNEL,
            assignee=agent_snapshot(agent),
        )
        for level, group in enumerate(menu.groups.all())
        for agent in group.agents.all()
    ]
    return ManagedMenu(**menu.snapshot(), agent_assignments=assignments, team_assignments=[])


def menu_tree(menus: Iterable[Menu]) -> list[ManagedMenuNode]:
    """All of `menus` as a tree, siblings by position."""
    through = AgentGroup.agents.through.objects.values_list("agentgroup__menu_id", "agent_id")
    agents: dict[int, set[int]] = defaultdict(set)
    for menu_id, agent_id in through:
        agents[menu_id].add(agent_id)
    below: dict[int | None, list[Menu]] = defaultdict(list)
    for menu in sorted(menus, key=lambda menu: (menu.position, menu.pk)):
        below[menu.parent_id].append(menu)

    def node(menu: Menu) -> tuple[ManagedMenuNode, set[int]]:
        children = [node(child) for child in below[menu.pk]]
        known = agents[menu.pk].union(*(of_child for _, of_child in children))
        shown = ManagedMenuNode(**menu.snapshot(), agents_count=len(known), children=[child for child, _ in children])
        return shown, known

    return [node(menu)[0] for menu in below[None]]

"""What is said of who answers and where calls wait: agents, teams, menus and end users."""

from typing import TypedDict

from agents.errors import NO_SUCH_AGENT
from agents.resources import (
    AGENT_SORT_COLUMNS,
    TEAM_SORT_COLUMNS,
    AgentFilter,
    AgentsView,
    AgentView,
    TeamFilter,
    TeamsView,
)
from agents.serializers import AgentObject, TeamObject
from calls.end_user_views import SORT_COLUMNS as END_USER_SORT_COLUMNS
from calls.end_user_views import EndUserFilter, EndUserObject, EndUsersView
from calls.views import MenuWaitView
from ccai.openapi.operations import Answer, Operation, Operations, cursor_pages, filters_of, not_well_formed
from ccai.shapes import Seconds
from menus.errors import NO_SUCH_MENU
from menus.resources import SORT_COLUMNS as MENU_SORT_COLUMNS
from menus.resources import MenuFilter, MenusView, MenuTreeView, MenuView
from menus.serializers import MenuNode, MenuObject

AGENTS, MENUS, END_USERS = "Agents", "Menus", "End users"


class MenuWait(TypedDict):
    """How things stand in the queue of a menu; `estimated_wait` is null where nobody is at work who could answer."""

    estimated_wait: Seconds | None
    queued: int
    available_agents: int


LIST_OF_AGENTS = cursor_pages(AGENT_SORT_COLUMNS, filters_of(AgentFilter))
LIST_OF_TEAMS = cursor_pages(TEAM_SORT_COLUMNS, filters_of(TeamFilter))
LIST_OF_MENUS = cursor_pages(MENU_SORT_COLUMNS, filters_of(MenuFilter))
LIST_OF_END_USERS = cursor_pages(END_USER_SORT_COLUMNS, filters_of(EndUserFilter))

OF_RESOURCES: Operations = {
    AgentsView: {
        "get": Operation(
            "list_agents",
            AGENTS,
            "Agents, active or not",
            {200: Answer("A bare array of agent objects.", list[AgentObject], LIST_OF_AGENTS.headers)},
            LIST_OF_AGENTS.refusals,
            LIST_OF_AGENTS.parameters,
        )
    },
    AgentView: {
        "get": Operation("get_agent", AGENTS, "One agent", {200: Answer("The agent.", AgentObject)}, (NO_SUCH_AGENT,))
    },
    TeamsView: {
        "get": Operation(
            "list_teams",
            AGENTS,
            "Teams",
            {200: Answer("A bare array of team objects.", list[TeamObject], LIST_OF_TEAMS.headers)},
            LIST_OF_TEAMS.refusals,
            LIST_OF_TEAMS.parameters,
        )
    },
    MenusView: {
        "get": Operation(
            "list_menus",
            MENUS,
            "Menus",
            {200: Answer("A bare array of menu objects.", list[MenuObject], LIST_OF_MENUS.headers)},
            LIST_OF_MENUS.refusals,
            LIST_OF_MENUS.parameters,
            description="Deleted menus are found by `deleted=true` alone.",
        )
    },
    MenuTreeView: {
        "get": Operation(
            "get_menu_tree",
            MENUS,
            "All menus, each with those below it",
            {200: Answer("The menus at the top.", list[MenuNode])},
            not_well_formed(*MenuFilter.base_filters),
            filters_of(MenuFilter),
            description="Deleted menus are found by `deleted=true` alone.",
        )
    },
    MenuView: {
        "get": Operation(
            "get_menu", MENUS, "One menu, deleted or not", {200: Answer("The menu.", MenuObject)}, (NO_SUCH_MENU,)
        )
    },
    EndUsersView: {
        "get": Operation(
            "list_end_users",
            END_USERS,
            "End users",
            {200: Answer("A bare array of end user objects.", list[EndUserObject], LIST_OF_END_USERS.headers)},
            LIST_OF_END_USERS.refusals,
            LIST_OF_END_USERS.parameters,
        )
    },
    MenuWaitView: {
        "get": Operation(
            "get_menu_wait",
            MENUS,
            "How long a new caller would wait in a menu",
            {200: Answer("Whole seconds, and who waits and answers.", MenuWait)},
            (NO_SUCH_MENU,),
        )
    },
}

"""What is said of the management API, which others copy the center by."""

from typing import Any, get_type_hints

from agents.resources import AgentFilter
from calls.filters import CallFilter
from calls.manager.activities import ActivityObject, StatusFilter
from calls.manager.shapes import ManagedAgent, ManagedMenu, ManagedMenuNode, ManagedTeam, TeamNode, TransferLine
from calls.manager.statuses import StatusObject
from calls.manager.views import (
    ACTIVITY_SORT_COLUMNS,
    AGENT_SORT_COLUMNS,
    BY_ID,
    CALL_SORT_COLUMNS,
    ActivityLogsView,
    AgentsView,
    CallsView,
    MenusView,
    MenuTreeView,
    OrganizationObject,
    OrganizationView,
    TeamsView,
    TeamTreeView,
    UserStatusesView,
)
from calls.serializers import CallObject
from ccai.openapi.calls import READERS
from ccai.openapi.operations import Answer, Listing, Operation, Operations, filters_of, numbered_pages
from ccai.shapes import Fields
from menus.resources import MenuFilter

TAG = "Management"

KEYS = get_type_hints(CallObject, include_extras=True)
CALL = Fields(
    "ManagedCall", {**KEYS, "transfers": list[TransferLine]}, KEYS, "The call object, with more of its transfers."
)


def listing(name: str, summary: str, shape: Any, pages: Listing) -> dict[str, Operation]:
    """GET of a list of `shape`."""
    answer = Answer("A bare array.", list[shape], pages.headers)
    return {"get": Operation(name, TAG, summary, {200: answer}, pages.refusals, pages.parameters)}


def whole(name: str, summary: str, shape: Any, *headers: str) -> dict[str, Operation]:
    """GET of something that comes whole."""
    return {"get": Operation(name, TAG, summary, {200: Answer("All of it.", shape, headers)})}


OF_MANAGER: Operations = {
    CallsView: listing(
        "copy_calls", "All calls", CALL, numbered_pages(CALL_SORT_COLUMNS, filters_of(CallFilter, READERS))
    ),
    AgentsView: listing(
        "copy_agents", "All agents", ManagedAgent, numbered_pages(AGENT_SORT_COLUMNS, filters_of(AgentFilter))
    ),
    ActivityLogsView: listing(
        "copy_activities",
        "What agents did",
        ActivityObject,
        numbered_pages(ACTIVITY_SORT_COLUMNS, filters_of(StatusFilter)),
    ),
    MenusView: listing("copy_menus", "All menus", ManagedMenu, numbered_pages(BY_ID, filters_of(MenuFilter))),
    MenuTreeView: whole("copy_menu_tree", "All menus as a tree, deleted ones too", list[ManagedMenuNode]),
    TeamsView: listing("copy_teams", "All teams with their active agents", ManagedTeam, numbered_pages(BY_ID)),
    TeamTreeView: whole("copy_team_tree", "All teams as a tree", list[TeamNode]),
    UserStatusesView: whole("copy_user_statuses", "The statuses of agents", list[StatusObject], "Per-Page", "Total"),
    OrganizationView: whole("copy_organization", "What the center is called, and where it is", OrganizationObject),
}

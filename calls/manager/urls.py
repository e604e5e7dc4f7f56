"""The addresses of the management API."""

from calls.manager.views import (
    ActivityLogsView,
    AgentsView,
    CallsView,
    MenusView,
    MenuTreeView,
    OrganizationView,
    TeamsView,
    TeamTreeView,
    UserStatusesView,
)
from ccai.api.urls import at

urlpatterns = [
    at("calls", CallsView),
    at("agents", AgentsView),
    at("agent_activity_logs", ActivityLogsView),
    at("menus", MenusView),
    at("menus/tree", MenuTreeView),
    at("teams", TeamsView),
    at("teams/tree", TeamTreeView),
    at("user_statuses", UserStatusesView),
    at("settings/organization", OrganizationView),
]

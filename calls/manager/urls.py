"""The addresses of the management API. A trailing slash works too."""

from django.urls import re_path

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

urlpatterns = [
    re_path(r"^calls/?$", CallsView.as_view()),
    re_path(r"^agents/?$", AgentsView.as_view()),
    re_path(r"^agent_activity_logs/?$", ActivityLogsView.as_view()),
    re_path(r"^menus/?$", MenusView.as_view()),
    re_path(r"^menus/tree/?$", MenuTreeView.as_view()),
    re_path(r"^teams/?$", TeamsView.as_view()),
    re_path(r"^teams/tree/?$", TeamTreeView.as_view()),
    re_path(r"^user_statuses/?$", UserStatusesView.as_view()),
    re_path(r"^settings/organization/?$", OrganizationView.as_view()),
]

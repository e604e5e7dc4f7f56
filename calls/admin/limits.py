"""Lists of the agents' room that show somebody who is limited no more than the agents and teams they see."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from agents.admin import EngagementAdmin, StatusChangeAdmin, TeamAdmin
from agents.models import Engagement, StatusChange, Team
from calls.scope import scope_of

for model in (Engagement, StatusChange, Team):
    admin.site.unregister(model)


@admin.register(Engagement)
class SeenEngagementAdmin(EngagementAdmin):
    """What has taken the time of the agents who are seen."""

    def get_queryset(self, request: HttpRequest) -> QuerySet[Engagement]:
        """Theirs."""
        return scope_of(request.user).of_agents(super().get_queryset(request))


@admin.register(StatusChange)
class SeenStatusChangeAdmin(StatusChangeAdmin):
    """The statuses of the agents who are seen."""

    def get_queryset(self, request: HttpRequest) -> QuerySet[StatusChange]:
        """Theirs."""
        return scope_of(request.user).of_agents(super().get_queryset(request))


@admin.register(Team)
class SeenTeamAdmin(TeamAdmin):
    """The teams that are seen."""

    def get_queryset(self, request: HttpRequest) -> QuerySet[Team]:
        """They alone."""
        return super().get_queryset(request) & scope_of(request.user).agent_teams()

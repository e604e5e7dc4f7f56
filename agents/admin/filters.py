"""What the list of agents is filtered by."""

from typing import Any

from django.contrib.admin import ModelAdmin
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import DropdownFilter, RelatedDropdownFilter

from agents.admin.words import ENGAGED
from agents.models import Agent, Engagement, Language, Team, User
from agents.roles import AGENT, PERMISSIONS


class AgentStatusFilter(DropdownFilter):
    """What the agent is doing, as the list shows it."""

    title = _("status")
    parameter_name = "doing"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> list[tuple[str, Any]]:
        """Engagements first, then every status."""
        return [*ENGAGED.items(), *Agent.Status.choices]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Agent]) -> QuerySet[Agent]:
        """The agents who are doing it."""
        doing = self.value()
        if not doing:
            return queryset
        engagement = Engagement.objects.filter(agent=OuterRef("pk"), ended_at=None)
        if doing in ENGAGED:
            return queryset.filter(Exists(engagement.filter(kind=doing)))
        return queryset.filter(~Exists(engagement), status=doing)


class SeenTeamFilter(RelatedDropdownFilter):
    """One of the teams that the person sees."""

    def field_choices(self, field: Any, request: HttpRequest, model_admin: ModelAdmin) -> list[tuple[str, str]]:
        """The teams of the list of teams, which has only those."""
        teams = model_admin.admin_site.get_model_admin(Team).get_queryset(request)
        ordering = self.field_admin_ordering(field, request, model_admin)
        choices: list[tuple[str, str]] = field.get_choices(
            include_blank=False, ordering=ordering, limit_choices_to={"pk__in": teams.values("pk")}
        )
        return choices


class SpeaksFilter(DropdownFilter):
    """A language; agents without any speak all."""

    title = _("language")
    parameter_name = "language"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> list[tuple[str, str]]:
        """Every language of the center."""
        return [(code, code) for code in Language.objects.values_list("code", flat=True)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Agent]) -> QuerySet[Agent]:
        """The agents who speak it."""
        if not self.value():
            return queryset
        speakers = Agent.languages.through.objects.filter(language_id=self.value()).values("agent_id")
        return queryset.filter(Q(pk__in=speakers) | Q(languages=None))


class RoleFilter(DropdownFilter):
    """What the agent may do in the back office."""

    title = _("role")
    parameter_name = "role"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> list[tuple[str, str]]:
        """Every role; and superusers, which only they are told of."""
        superuser = [("superuser", str(_("Superuser")))] if request.user.is_superuser else []
        return [(role, role) for role in PERMISSIONS] + superuser

    def queryset(self, request: HttpRequest, queryset: QuerySet[Agent]) -> QuerySet[Agent]:
        """The agents who have it. Who is in no group is an agent and nothing else."""
        role = self.value()
        if not role:
            return queryset
        if role == "superuser":
            return queryset.filter(user__is_superuser=True) if request.user.is_superuser else queryset
        having = User.groups.through.objects.filter(group__name=role).values("user_id")
        if role != AGENT:
            return queryset.filter(user__in=having)
        others = User.groups.through.objects.filter(group__name__in=PERMISSIONS).exclude(group__name=AGENT)
        return queryset.exclude(user__in=others.values("user_id")).exclude(user__is_superuser=True)


class LoginFilter(DropdownFilter):
    """How far the agent is on the way to a first login."""

    title = _("login")
    parameter_name = "login"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> list[tuple[str, Any]]:
        """From nothing to a login."""
        return [
            ("uninvited", _("Never invited or logged in")),
            ("invited", _("Invited, never logged in")),
            ("seen", _("Has logged in")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Agent]) -> QuerySet[Agent]:
        """The agents who are so far."""
        match self.value():
            case "uninvited":
                return queryset.filter(user__last_login=None, user__invited_at=None)
            case "invited":
                return queryset.filter(user__last_login=None, user__invited_at__isnull=False)
            case "seen":
                return queryset.filter(user__last_login__isnull=False)
        return queryset

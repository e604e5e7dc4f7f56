"""The pages of agents as whoever runs a floor needs them: calls beside statuses, live, and a day to scale."""

from collections import defaultdict
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin import ModelAdmin as DjangoModelAdmin
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext as say
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import DropdownFilter
from unfold.decorators import action, display
from unfold.utils import parse_date_str
from unfold.views import ChangeList

from agents.admin import AgentAdmin
from agents.admin.agent_form import AgentForm
from agents.admin.words import doing_of, since_of
from agents.logins import person
from agents.models import Agent, User
from calls import services
from calls.admin.agent_actions import BulkActions
from calls.admin.agent_day import day_of, day_span
from calls.figures import agents_today
from calls.scope import scope_of
from ccai.times import now
from menus.models import Menu
from menus.scope import branch_ids

# Rows that a page asks about at once.
MOST_ASKED = 200

admin.site.unregister(Agent)


class BranchFilter(DropdownFilter):
    """A branch of the menu tree that the agent serves a queue of."""

    title = _("serves the branch")
    parameter_name = "branch"

    def lookups(self, request: HttpRequest, model_admin: DjangoModelAdmin) -> list[tuple[str, str]]:
        """The topmost menus that the person sees, and those below them."""
        seen = list(scope_of(person(request)).queues().filter(deleted=False).order_by("position", "pk"))
        below = defaultdict(list)
        for menu in seen:
            below[menu.parent_id].append(menu)
        found = []
        for top in below[None] or seen:
            found.append((str(top.pk), top.name))
            found += [(str(menu.pk), f"{top.name} › {menu.name}") for menu in below[top.pk]]
        return found

    def queryset(self, request: HttpRequest, queryset: QuerySet[Agent]) -> QuerySet[Agent]:
        """The agents in a group of a menu at or below it."""
        chosen = self.value()
        if not chosen or not chosen.isdecimal():
            return queryset
        menus = branch_ids(Menu.objects.filter(pk=chosen).values_list("pk", flat=True))
        return queryset.filter(pk__in=Agent.groups.through.objects.filter(agentgroup__menu__in=menus).values("agent"))


class AgentList(ChangeList):
    """A page of agents, each with what they did today."""

    result_list: Any

    def get_results(self, request: HttpRequest) -> None:
        """Each agent of the page has `today`: the figures since midnight of the center."""
        super().get_results(request)
        agents = list(self.result_list)
        figures = agents_today([agent.pk for agent in agents], *day_span(timezone.localdate()))
        for agent in agents:
            agent.today = figures[agent.pk]
        self.result_list = agents


@admin.register(Agent)
class FloorAgentAdmin(BulkActions, AgentAdmin):
    """Agents with their calls, within what the person may see."""

    list_display = ("person", "doing", "since", "calls_today", "team", "speaks", "agent_number", "active")
    list_filter = (*AgentAdmin.list_filter[:3], BranchFilter, *AgentAdmin.list_filter[3:])
    list_before_template = "admin/agents/agent/list_before.html"
    actions_detail = ("day", *AgentAdmin.actions_detail)

    class Media:
        """The list keeps its statuses up to date."""

        css = {"all": ("ccai/agents.css",)}
        js = ("ccai/agents.js",)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """The list with figures."""
        return AgentList

    def get_queryset(self, request: HttpRequest) -> QuerySet[Agent]:
        """The agents whom the person may see."""
        scope = scope_of(person(request))
        agents = super().get_queryset(request)
        return agents.filter(pk__in=scope.agents().values("pk")) if scope.is_limited else agents

    def save_model(self, request: HttpRequest, obj: Agent, form: AgentForm, change: bool) -> None:
        """Who is deactivated on the page holds up no call either."""
        was_active = change and User.objects.filter(pk=obj.user_id, is_active=True).exists()
        super().save_model(request, obj, form, change)
        if was_active and not obj.user.is_active:
            services.let_go(obj, now())

    def get_urls(self) -> list[URLPattern]:
        """The list's live cells, beside the pages."""
        live = path("live/", self.admin_site.admin_view(self.live), name="agents_agent_live")
        return [live, *super().get_urls()]

    def live(self, request: HttpRequest) -> HttpResponse:
        """GET …/live/?ids=1,2: what these agents are doing now, drawn as the list draws it, by id."""
        if not self.has_view_permission(request):
            return HttpResponse(status=403)
        asked = [part for part in request.GET.get("ids", "").split(",") if part.isdecimal() and len(part) < 19]
        at = now()
        drawn = {
            agent.pk: {"doing": doing_of(agent), "since": since_of(agent, at)}
            for agent in self.get_queryset(request).filter(pk__in=asked[:MOST_ASKED])
        }
        return JsonResponse({"agents": drawn}, headers={"Cache-Control": "no-store"})

    @display(description=_("calls today"))
    def calls_today(self, agent: Agent) -> int | None:
        """On how many calls the agent began to talk since midnight."""
        today = getattr(agent, "today", None)
        return today.calls if today else None

    @action(description=_("Day"), permissions=["view"], icon="view_timeline")
    def day(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """GET …/day/?day=2026-03-29: what the agent did on that day of the center, today by default."""
        agent = self.get_object(request, object_id)
        if agent is None:
            raise Http404
        today = timezone.localdate()
        asked = request.GET.get("day", "")
        day = parse_date_str(asked) if asked else today
        if day is None or not 1970 <= day.year <= 9998:
            self.message_user(request, _("That is no day. Today is shown."), messages.WARNING)
            day = today
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": say("Day of %(agent)s") % {"agent": agent},
            "original": agent,
            "agent": agent,
            "today": today,
            **day_of(agent, min(day, today), scope_of(person(request)), at=now()),
        }
        return TemplateResponse(request, "admin/agents/agent/day.html", context)

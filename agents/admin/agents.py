"""Pages of the people who answer: their teams, languages and numbers."""

from functools import partial
from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.db.models import Field, OuterRef, QuerySet, Subquery
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import BooleanRadioFilter
from unfold.decorators import action, display

from agents.admin.agent_form import AgentForm
from agents.admin.filters import AgentStatusFilter, LoginFilter, RoleFilter, SeenTeamFilter, SpeaksFilter
from agents.admin.words import doing_of, since_of
from agents.availability import set_status
from agents.inviting import Sent, invite_on_commit, send_invitations
from agents.models import Agent, Engagement
from ccai.admin import CenterAdmin, clock_time
from ccai.times import now


@admin.register(Agent)
class AgentAdmin(CenterAdmin):
    """Agents: made here, deactivated when they leave, never deleted, since calls remember them."""

    form = AgentForm
    list_display: tuple[str, ...] = ("person", "doing", "since", "team", "speaks", "agent_number", "active")
    list_filter: tuple[Any, ...] = (
        AgentStatusFilter,
        ("team", SeenTeamFilter),
        SpeaksFilter,
        RoleFilter,
        LoginFilter,
        ("user__is_active", BooleanRadioFilter),
    )
    list_select_related = ("user", "team")
    search_fields = ("user__first_name", "user__last_name", "user__email", "agent_number")
    search_help_text = _("Name, e-mail address or agent number")
    ordering = ("user__first_name", "user__last_name", "pk")
    autocomplete_fields = ("team", "languages", "outbound_numbers")
    readonly_fields = ("login", "invited")
    actions_detail: tuple[str, ...] = ("invite",)
    fieldsets = (
        (None, {"fields": (("first_name", "last_name"), "email", ("agent_number", "avatar_url"), "active")}),
        (_("Login"), {"fields": (("login", "invited"),)}),
        (_("Calls"), {"fields": ("status", ("can_place_calls", "auto_answer"), "sip_address")}),
        (_("Who gets which calls"), {"fields": ("team", "languages", "outbound_numbers")}),
    )
    add_fieldsets = (
        (
            None,
            {"fields": (("first_name", "last_name"), "email", ("agent_number", "avatar_url"), ("active", "invite"))},
        ),
        (_("Calls"), {"fields": ("status", ("can_place_calls", "auto_answer"), "sip_address")}),
        (_("Who gets which calls"), {"fields": ("team", "languages", "outbound_numbers")}),
    )

    def get_form(self, request: HttpRequest, obj: Agent | None = None, change: bool = False, **kwargs: Any) -> Any:
        """A form that knows who saves it."""
        form = super().get_form(request, obj, change=change, **kwargs)
        form.by = request.user
        return form

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponseBase:
        """To the entries of the agent and of the login, which are changed on one page."""
        response = super().history_view(request, object_id, extra_context)
        agent = self.get_object(request, object_id)
        if agent is None:
            return response
        things = f"agents.agent:{agent.pk},agents.user:{agent.user_id}"
        return redirect(f"{reverse('admin:ccai_auditentry_changelist')}?{urlencode({'things': things})}")

    def has_delete_permission(self, request: HttpRequest, obj: Agent | None = None) -> bool:
        """Nobody: agents are deactivated."""
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Agent]:
        """The agents, each with the kind and the beginning of the open engagement, if any."""
        engagement = Engagement.objects.filter(agent=OuterRef("pk"), ended_at=None)
        return (
            super()
            .get_queryset(request)
            .select_related("user", "team")
            .prefetch_related("languages")
            .annotate(
                engaged_by=Subquery(engagement.values("kind")[:1]),
                engaged_since=Subquery(engagement.values("started_at")[:1]),
            )
        )

    def formfield_for_dbfield(self, db_field: Field, request: HttpRequest, **kwargs: Any) -> Any:
        """The form carries the status it showed, so that only a status somebody chose is a change."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name == "status":
            field.show_hidden_initial = True
        return field

    def save_model(self, request: HttpRequest, obj: Agent, form: AgentForm, change: bool) -> None:
        """Save the user and the agent; the status goes through its only writer."""
        chosen = obj.status
        obj.user = form.save_user()
        if change:
            written = {field.name for field in obj._meta.concrete_fields} & set(form.cleaned_data) - {"status"}
            obj.save(update_fields=written)
        else:
            obj.status = Agent.Status.OFFLINE
            obj.save()
        if "status" in form.changed_data:
            set_status(obj, chosen)
        if not change and form.cleaned_data["invite"] and obj.user.is_active:
            invite_on_commit(obj.user, site_of(request), partial(self.tell, request))

    def tell(self, request: HttpRequest, outcome: Sent) -> None:
        """The next page says what became of invitations."""
        for sentence in outcome.sentences():
            self.message_user(request, sentence, messages.WARNING if outcome.unsent else messages.SUCCESS)

    @action(description=_("Send an invitation"), permissions=["change"], icon="mail")
    def invite(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """POST: the person is sent a link to choose a password by; GET asks whether to."""
        agent = self.get_object(request, object_id)
        if agent is None:
            raise Http404
        page = reverse("admin:agents_agent_change", args=[agent.pk])
        if not agent.user.is_active:
            self.message_user(request, _("Nobody can log in as this agent. Activate the agent first."), messages.ERROR)
            return redirect(page)
        if request.method == "POST":
            self.tell(request, send_invitations([agent.user], site_of(request)))
            return redirect(page)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Send an invitation"),
            "opts": self.opts,
            "original": agent,
            "agent": agent,
            "back": page,
            "invited": clock_time(agent.user.invited_at),
            "seen": clock_time(agent.user.last_login),
            "days": settings.PASSWORD_RESET_TIMEOUT // 86_400,
        }
        return TemplateResponse(request, "admin/agents/agent/invite.html", context)

    @display(description=_("agent"), header=True, ordering="user__first_name")
    def person(self, agent: Agent) -> list[str]:
        """Name, e-mail address and initials."""
        user = agent.user
        initials = (user.first_name[:1] + user.last_name[:1]) or user.email[:1]
        return [user.get_full_name() or user.email, user.email if user.get_full_name() else "", initials]

    @display(description=_("status"), ordering="status")
    def doing(self, agent: Agent) -> str:
        """The engagement, or the status; the list keeps it up to date by itself."""
        return format_html('<span data-doing="{}">{}</span>', agent.pk, doing_of(agent))

    @display(description=_("for"), ordering="status_since")
    def since(self, agent: Agent) -> str:
        """How long the agent has been doing it."""
        return format_html('<span data-since="{}">{}</span>', agent.pk, since_of(agent, now()))

    @display(description=_("languages"))
    def speaks(self, agent: Agent) -> str:
        """The languages' codes."""
        return ", ".join(language.code for language in agent.languages.all()) or str(_("All"))

    @display(description=_("active"), boolean=True, ordering="user__is_active")
    def active(self, agent: Agent) -> bool:
        """Whether the person can log in and take calls."""
        return agent.user.is_active

    @display(description=_("login"))
    def login(self, agent: Agent) -> str:
        """The way to the user's password and permissions."""
        return format_html(
            '<a class="text-link" href="{}">{}</a>',
            reverse("admin:agents_user_change", args=[agent.user_id]),
            _("Password and permissions"),
        )

    @display(description=_("invited"))
    def invited(self, agent: Agent) -> str | None:
        """When the person was last sent a link to choose a password by; nothing where that never was."""
        return clock_time(agent.user.invited_at)


def site_of(request: HttpRequest) -> str:
    """The center as the person sees it, such as https://demo.localhost."""
    return request.build_absolute_uri("/")

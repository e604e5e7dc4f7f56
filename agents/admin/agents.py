"""Pages of the people who answer: their teams, languages and numbers."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin import ModelAdmin as DjangoModelAdmin
from django.core.exceptions import ValidationError
from django.db.models import Exists, Field, OuterRef, Q, QuerySet, Subquery
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.contrib.filters.admin import BooleanRadioFilter, DropdownFilter, RelatedDropdownFilter
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminEmailInputWidget, UnfoldAdminTextInputWidget, UnfoldBooleanSwitchWidget

from agents.admin.users import refuse_taken_address
from agents.admin.words import COLOURS, ENGAGED
from agents.availability import set_status
from agents.models import Agent, Engagement, Language, User
from ccai.admin import CenterAdmin, label


class AgentForm(forms.ModelForm):
    """An agent together with the user who logs in as the agent."""

    email = User._meta.get_field("email").formfield(
        widget=UnfoldAdminEmailInputWidget(),
        help_text=_("The address to log in with. Where a user has it already, the agent becomes that user's."),
    )
    first_name = User._meta.get_field("first_name").formfield(widget=UnfoldAdminTextInputWidget())
    last_name = User._meta.get_field("last_name").formfield(widget=UnfoldAdminTextInputWidget())
    active = forms.BooleanField(
        label=_("Active"),
        required=False,
        initial=True,
        widget=UnfoldBooleanSwitchWidget(),
        help_text=_("Untick when the person leaves: nobody can log in as the agent, and no call is offered."),
    )
    USER_FIELDS = {"email": "email", "first_name": "first_name", "last_name": "last_name", "active": "is_active"}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            for name, column in self.USER_FIELDS.items():
                self.initial.setdefault(name, getattr(self.instance.user, column))

    def clean_email(self) -> str:
        """An address that no other agent has, nor, once the agent has a login, anyone else."""
        email = self.cleaned_data["email"]
        if self.instance.pk:
            refuse_taken_address(email, self.instance.user)
        elif Agent.objects.filter(user__email__iexact=email).exists():
            raise ValidationError(_("There is an agent with this address already."), code="unique")
        return email

    def save_user(self) -> User:
        """The agent's user is what the form says; a new agent's is made where nobody has the address."""
        data = self.cleaned_data
        if self.instance.pk:
            user = self.instance.user
        else:
            user = User.objects.filter(email__iexact=data["email"]).first()
            if user is None:
                user = User.objects.create_user(data["email"])
        for name, column in self.USER_FIELDS.items():
            setattr(user, column, data[name])
        user.save(update_fields=list(self.USER_FIELDS.values()))
        return user


class AgentStatusFilter(DropdownFilter):
    """What the agent is doing, as the list shows it."""

    title = _("status")
    parameter_name = "doing"

    def lookups(self, request: HttpRequest, model_admin: DjangoModelAdmin) -> list[tuple[str, Any]]:
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


class SpeaksFilter(DropdownFilter):
    """A language; agents without any speak all."""

    title = _("language")
    parameter_name = "language"

    def lookups(self, request: HttpRequest, model_admin: DjangoModelAdmin) -> list[tuple[str, str]]:
        """Every language of the center."""
        return [(code, code) for code in Language.objects.values_list("code", flat=True)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Agent]) -> QuerySet[Agent]:
        """The agents who speak it."""
        if not self.value():
            return queryset
        speakers = Agent.languages.through.objects.filter(language_id=self.value()).values("agent_id")
        return queryset.filter(Q(pk__in=speakers) | Q(languages=None))


@admin.register(Agent)
class AgentAdmin(CenterAdmin):
    """Agents: made here, deactivated when they leave, never deleted, since calls remember them."""

    form = AgentForm
    list_display = ("person", "doing", "team", "speaks", "agent_number", "active")
    list_filter = (
        AgentStatusFilter,
        ("team", RelatedDropdownFilter),
        SpeaksFilter,
        ("user__is_active", BooleanRadioFilter),
    )
    list_select_related = ("user", "team")
    search_fields = ("user__first_name", "user__last_name", "user__email", "agent_number")
    search_help_text = _("Name, e-mail address or agent number")
    ordering = ("user__first_name", "user__last_name", "pk")
    autocomplete_fields = ("team", "languages", "outbound_numbers")
    readonly_fields = ("login",)
    actions = ("activate", "deactivate")
    fieldsets = (
        (None, {"fields": (("first_name", "last_name"), "email", ("agent_number", "avatar_url"), "active", "login")}),
        (_("Calls"), {"fields": ("status", ("can_place_calls", "auto_answer"), "sip_address")}),
        (_("Who gets which calls"), {"fields": ("team", "languages", "outbound_numbers")}),
    )

    def has_delete_permission(self, request: HttpRequest, obj: Agent | None = None) -> bool:
        """Nobody: agents are deactivated."""
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Agent]:
        """The agents, each with `engaged_by`: the kind of the open engagement, if any."""
        engagement = Engagement.objects.filter(agent=OuterRef("pk"), ended_at=None).values("kind")[:1]
        return (
            super()
            .get_queryset(request)
            .select_related("user", "team")
            .prefetch_related("languages")
            .annotate(engaged_by=Subquery(engagement))
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

    @display(description=_("agent"), header=True, ordering="user__first_name")
    def person(self, agent: Agent) -> list[str]:
        """Name, e-mail address and initials."""
        user = agent.user
        initials = (user.first_name[:1] + user.last_name[:1]) or user.email[:1]
        return [user.get_full_name() or user.email, user.email if user.get_full_name() else "", initials]

    @display(description=_("status"), ordering="status")
    def doing(self, agent: Agent) -> str:
        """The engagement, or the status."""
        engaged_by = getattr(agent, "engaged_by", None)
        if engaged_by in ENGAGED:
            return label(ENGAGED[engaged_by], COLOURS[engaged_by])
        return label(agent.get_status_display(), COLOURS[agent.status])

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
        if not agent.pk:
            return str(_("The password is set on the user's page, once the agent is saved."))
        return format_html(
            '<a class="text-link" href="{}">{}</a>',
            reverse("admin:agents_user_change", args=[agent.user_id]),
            _("Password and permissions"),
        )

    @action(description=_("Activate the selected agents"), permissions=["change"])
    def activate(self, request: HttpRequest, queryset: QuerySet[Agent]) -> None:
        """They can log in and take calls again."""
        count = User.objects.filter(agent__in=queryset).update(is_active=True)
        self.message_user(
            request, ngettext("%(count)d agent is active.", "%(count)d agents are active.", count) % {"count": count}
        )

    @action(description=_("Deactivate the selected agents"), permissions=["change"])
    def deactivate(self, request: HttpRequest, queryset: QuerySet[Agent]) -> None:
        """They cannot log in and are offered nothing any more."""
        count = User.objects.filter(agent__in=queryset).update(is_active=False)
        self.message_user(
            request,
            ngettext("%(count)d agent is deactivated.", "%(count)d agents are deactivated.", count) % {"count": count},
        )

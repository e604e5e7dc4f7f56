"""Pages of the people who answer: their logins, teams, languages and numbers."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin import ModelAdmin as DjangoModelAdmin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.db.models import Exists, Field, OuterRef, Q, QuerySet, Subquery
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.contrib.filters.admin import (
    AutocompleteSelectFilter,
    BooleanRadioFilter,
    ChoicesDropdownFilter,
    DropdownFilter,
    RelatedDropdownFilter,
)
from unfold.decorators import action, display
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from unfold.widgets import UnfoldAdminEmailInputWidget, UnfoldAdminTextInputWidget, UnfoldBooleanSwitchWidget

from agents.availability import set_status
from agents.models import Agent, Engagement, Language, OutboundNumber, StatusChange, Team, User
from ccai.admin import CenterAdmin, DayRangeFilter, HistoryAdmin, clock_time, label, shown_phone

# What an agent is doing, as the list shows it: an open engagement outshines the status.
ENGAGED = {
    Engagement.Kind.CALL: _("On call"),
    Engagement.Kind.OFFER: _("Offered a call"),
    Engagement.Kind.DIAL_PROMPT: _("Dialling"),
}
COLOURS: dict[str, str] = {
    Engagement.Kind.CALL: "info",
    Engagement.Kind.OFFER: "warning",
    Engagement.Kind.DIAL_PROMPT: "warning",
    Agent.Status.AVAILABLE: "success",
    Agent.Status.UNAVAILABLE: "",
    Agent.Status.BREAK: "",
    Agent.Status.MEAL: "",
    Agent.Status.WRAP_UP: "info",
    Agent.Status.MISSED_CALL: "danger",
    Agent.Status.UNRESPONSIVE: "danger",
    Agent.Status.OFFLINE: "",
}

admin.site.unregister(Group)


def refuse_taken_address(email: str, user: User | None) -> None:
    """Raise ValidationError where somebody other than `user` logs in with this address, in whatever case."""
    others = User.objects.filter(email__iexact=email)
    if user is not None:
        others = others.exclude(pk=user.pk)
    if others.exists():
        raise ValidationError(_("Somebody logs in with this address already. Write another one."), code="unique")


class NewUserForm(UserCreationForm):
    """A login: an e-mail address and a password."""

    class Meta:
        model = User
        fields = ("email",)

    def clean_email(self) -> str:
        """An address nobody has yet."""
        email = self.cleaned_data["email"]
        refuse_taken_address(email, None)
        return email


class UserForm(UserChangeForm):
    """A person who logs in."""

    class Meta:
        model = User
        fields = "__all__"
        field_classes: dict[str, type[forms.Field]] = {}

    def clean_email(self) -> str:
        """An address nobody else has."""
        email = self.cleaned_data["email"]
        refuse_taken_address(email, self.instance)
        return email


@admin.register(User)
class UserAdmin(DjangoUserAdmin, CenterAdmin):
    """Who can log in, known by e-mail address."""

    form = UserForm
    add_form = NewUserForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("email", "full_name", "is_active", "is_staff", "is_superuser", "last_seen")
    list_filter = (
        ("is_active", BooleanRadioFilter),
        ("is_staff", BooleanRadioFilter),
        ("is_superuser", BooleanRadioFilter),
        ("groups", RelatedDropdownFilter),
    )
    search_fields = ("email", "first_name", "last_name")
    ordering = ("email",)
    readonly_fields = ("last_seen", "joined")
    fieldsets = (
        (None, {"fields": ("email", "password", ("first_name", "last_name"))}),
        (
            _("Permissions"),
            {"fields": ("is_active", "is_staff", "is_superuser", "groups", "user_permissions")},
        ),
        (_("Important dates"), {"fields": (("last_seen", "joined"),)}),
    )
    add_fieldsets = ((None, {"fields": ("email", "password1", "password2")}),)

    @display(description=_("name"), ordering="first_name")
    def full_name(self, user: User) -> str:
        """First and last name."""
        return user.get_full_name()

    @display(description=_("last login"), ordering="last_login")
    def last_seen(self, user: User) -> str | None:
        """When the person last logged in; nothing where that never was."""
        return clock_time(user.last_login)

    @display(description=_("date joined"), ordering="date_joined")
    def joined(self, user: User) -> str | None:
        """When the login was made."""
        return clock_time(user.date_joined)


@admin.register(Group)
class GroupAdmin(DjangoGroupAdmin, CenterAdmin):
    """Permissions that several people have together."""


@admin.register(Language)
class LanguageAdmin(CenterAdmin):
    """The languages of the center."""

    list_display = ("code", "shown_state")
    list_filter = (("state", ChoicesDropdownFilter),)
    search_fields = ("code",)

    @display(description=_("state"), ordering="state")
    def shown_state(self, language: Language) -> str:
        """Live or draft."""
        return label(language.get_state_display(), "success" if language.state == Language.State.LIVE else "warning")

    def get_readonly_fields(self, request: HttpRequest, obj: Language | None = None) -> Iterable[str]:
        """A code is the language's name everywhere, so it is written once."""
        return ("code",) if obj else ()


@admin.register(OutboundNumber)
class OutboundNumberAdmin(CenterAdmin):
    """The numbers that the center shows."""

    phone_fields = ("number",)
    list_display = ("shown_number", "label", "is_default", "active")
    list_filter = (("active", BooleanRadioFilter),)
    search_fields = ("number", "label")
    fields = ("number", "label", ("is_default", "active"))

    @display(description=_("number"), ordering="number")
    def shown_number(self, number: OutboundNumber) -> str | None:
        """In the international format."""
        return shown_phone(number.number)


@admin.register(Team)
class TeamAdmin(CenterAdmin):
    """Teams, and the teams they are part of."""

    list_display = ("name", "parent")
    list_select_related = ("parent",)
    search_fields = ("name",)
    autocomplete_fields = ("parent",)


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


@admin.register(StatusChange)
class StatusChangeAdmin(HistoryAdmin):
    """Every status that every agent has had."""

    list_display = ("time", "agent", "shown_status")
    list_display_links = None
    list_filter = (("agent", AutocompleteSelectFilter), ("status", ChoicesDropdownFilter), ("at", DayRangeFilter))
    list_select_related = ("agent__user",)
    fields = ("agent", "shown_status", "time")

    @display(description=_("at"))
    def time(self, change: StatusChange) -> str | None:
        """When, to the second."""
        return clock_time(change.at)

    @display(description=_("status"))
    def shown_status(self, change: StatusChange) -> str:
        """The status from then on."""
        return label(change.get_status_display(), COLOURS[change.status])


@admin.register(Engagement)
class EngagementAdmin(HistoryAdmin):
    """What has taken agents' time."""

    list_display = ("agent", "shown_kind", "started", "ended")
    list_display_links = None
    list_filter = (("agent", AutocompleteSelectFilter), ("kind", ChoicesDropdownFilter), ("started_at", DayRangeFilter))
    list_select_related = ("agent__user",)
    fields = ("agent", "shown_kind", ("started", "ended"))

    @display(description=_("kind"))
    def shown_kind(self, engagement: Engagement) -> str:
        """What took the time."""
        return label(engagement.get_kind_display(), COLOURS[engagement.kind])

    @display(description=_("started at"))
    def started(self, engagement: Engagement) -> str | None:
        """When, to the second."""
        return clock_time(engagement.started_at)

    @display(description=_("ended at"))
    def ended(self, engagement: Engagement) -> str | None:
        """When, to the second; nothing while it lasts."""
        return clock_time(engagement.ended_at)

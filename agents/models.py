"""Who answers, in which language, showing which number."""

from typing import Any, ClassVar

from django.contrib.auth.models import AbstractUser, BaseUserManager, Group
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from agents.languages import base_code
from ccai.audited import audited
from ccai.phones import E164_MAX_LENGTH, wire_phone
from ccai.times import now

audited()(Group)


class UserManager(BaseUserManager["User"]):
    """Makes users, who are known by their e-mail address, compared without case."""

    def get_by_natural_key(self, username: str | None) -> "User":
        """The user with this address."""
        return self.get(email__iexact=username)

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Save and return a user; without a password nobody can log in as it."""
        user = self.model(email=self.normalize_email(email), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Save and return a user who may do everything in the admin."""
        return self.create_user(email, password, **{"is_staff": True, "is_superuser": True, **fields})


@audited(leaves_out="last_login date_joined", hidden="password")
class User(AbstractUser):
    """A person who can log in. `is_active` false: neither the pages nor the API know the person any more."""

    username = None  # type: ignore[assignment]
    email = models.EmailField(_("email address"), unique=True)
    # When the person was last sent a link to set a password by.
    invited_at = models.DateTimeField(_("invited at"), null=True, blank=True, editable=False)
    # Together with the branches in menus.BranchLimit: whose calls and agents a supervisor sees.
    limited_to_teams = models.ManyToManyField(
        "agents.Team",
        blank=True,
        related_name="supervisors",
        verbose_name=_("limited to teams"),
        help_text=_("A supervisor sees the agents and calls of these teams and of teams below them. Empty: no limit."),
    )

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects: ClassVar[UserManager] = UserManager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        constraints = (
            models.UniqueConstraint(
                Lower("email"),
                name="user_email_is_unique_without_case",
                violation_error_message=_("Somebody has this e-mail address already."),
            ),
        )

    def __str__(self) -> str:
        return self.email


def validate_language(code: str) -> None:
    """Raise ValidationError where `code` is no language of the wire."""
    if base_code(code) is None:
        raise ValidationError(
            _('"%(code)s" is not a language code. Write an ISO 639-1 code such as en, or en-US.'),
            params={"code": code},
        )


@audited()
class Language(models.Model):
    """A language the center may speak: `live`, or `draft` while it is being prepared."""

    class State(models.TextChoices):
        """Whether calls may be made in it."""

        LIVE = "live", _("Live")
        DRAFT = "draft", _("Draft")

    code = models.CharField(
        _("code"),
        max_length=12,
        primary_key=True,
        validators=[validate_language],
        help_text=_("ISO 639-1, with or without a region: en, en-US."),
    )
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.LIVE)

    class Meta:
        verbose_name = _("language")
        verbose_name_plural = _("languages")
        ordering = ("code",)

    def __str__(self) -> str:
        return self.code


@audited()
class OutboundNumber(models.Model):
    """A number that the center shows to the people it calls."""

    number = models.CharField(_("number"), max_length=E164_MAX_LENGTH, unique=True)  # E.164
    label = models.CharField(_("label"), max_length=100, blank=True)
    is_default = models.BooleanField(_("default"), default=False)
    active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("outbound number")
        verbose_name_plural = _("outbound numbers")
        ordering = ("pk",)
        constraints = (
            models.UniqueConstraint(
                fields=["is_default"],
                condition=models.Q(is_default=True),
                name="one_outbound_number_is_the_default",
                violation_error_message=_("Another number is the default already. Untick it there first."),
            ),
        )

    def __str__(self) -> str:
        shown = wire_phone(self.number) or ""
        return f"{shown} ({self.label})" if self.label else shown


@audited()
class Team(models.Model):
    """Agents who are led, listed and counted together. Teams may stand below teams."""

    name = models.CharField(_("name"), max_length=100)
    parent = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="children", verbose_name=_("part of")
    )

    class Meta:
        verbose_name = _("team")
        verbose_name_plural = _("teams")
        ordering = ("name",)
        constraints = (
            models.UniqueConstraint(fields=["parent", "name"], name="team_name_is_unique_below_its_parent"),
            models.UniqueConstraint(
                fields=["name"],
                condition=models.Q(parent=None),
                name="top_team_name_is_unique",
                violation_error_message=_("There is a team of this name already."),
            ),
        )

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Refuse a team that stands below itself."""
        super().clean()
        above = self.parent
        while above is not None:
            if self.pk is not None and above.pk == self.pk:
                raise ValidationError({"parent": _("A team cannot be a part of itself.")})
            above = above.parent


@audited(leaves_out="status_since idle_since wrap_up_until seen_at", named_by=("user",), own=("status", "user_id"))
class Agent(models.Model):
    """A person who takes and places calls. Name, e-mail address and whether they are active stand on the user."""

    class Status(models.TextChoices):
        """What the agent is doing, as they say it. `on_call` is not here: an open Engagement says that."""

        AVAILABLE = "available", _("Available")
        UNAVAILABLE = "unavailable", _("Unavailable")
        BREAK = "break", _("Break")
        MEAL = "meal", _("Meal")
        WRAP_UP = "wrap_up", _("Wrap-up")
        MISSED_CALL = "missed_call", _("Missed call")
        UNRESPONSIVE = "unresponsive", _("Unresponsive")
        OFFLINE = "offline", _("Offline")

    ON_CALL = "on_call"

    user = models.OneToOneField("agents.User", on_delete=models.PROTECT, related_name="agent", verbose_name=_("user"))
    agent_number = models.CharField(_("agent number"), max_length=50, blank=True)
    avatar_url = models.URLField(_("avatar URL"), max_length=500, blank=True)
    status = models.CharField(_("status"), max_length=12, choices=Status, default=Status.OFFLINE)
    status_since = models.DateTimeField(_("status since"), default=now, editable=False)
    idle_since = models.DateTimeField(_("idle since"), default=now, editable=False)
    # When a wrap-up that the system began ends; empty in one that the agent chose.
    wrap_up_until = models.DateTimeField(_("wrap-up until"), null=True, blank=True, editable=False)
    # When the agent's page was last open; empty for one who has never opened it, whom nobody misses then.
    seen_at = models.DateTimeField(_("seen at"), null=True, blank=True, editable=False)
    can_place_calls = models.BooleanField(_("can place calls"), default=True)
    auto_answer = models.BooleanField(
        _("auto answer"), default=False, help_text=_("Takes what is offered at once, without a click.")
    )
    sip_address = models.CharField(
        _("phone or SIP address"),
        max_length=200,
        blank=True,
        help_text=_(
            "Where the agent is rung: +1 339-219-5276, or sip:ana@example.com. Providers such as Twilio need it."
        ),
    )
    team = models.ForeignKey(
        Team, on_delete=models.SET_NULL, null=True, blank=True, related_name="agents", verbose_name=_("team")
    )
    languages = models.ManyToManyField(
        Language, blank=True, related_name="agents", verbose_name=_("languages"), help_text=_("Empty: all.")
    )
    outbound_numbers = models.ManyToManyField(
        OutboundNumber,
        blank=True,
        related_name="agents",
        verbose_name=_("outbound numbers"),
        help_text=_("Empty: all of the center's."),
    )

    class Meta:
        verbose_name = _("agent")
        verbose_name_plural = _("agents")
        permissions = (("steer_agent", _("Can set the status of agents")),)
        ordering = ("pk",)
        indexes = (
            # availability.end_wrap_ups
            models.Index(
                fields=["wrap_up_until"], condition=models.Q(wrap_up_until__isnull=False), name="agents_in_wrap_up"
            ),
            # availability.miss_vanished
            models.Index(fields=["seen_at"], condition=models.Q(status="available"), name="available_agents_seen"),
        )

    def __str__(self) -> str:
        return self.user.get_full_name() or self.user.email


class StatusChange(models.Model):
    """One line of an agent's status history: from `at` until the next line, the agent was `status`."""

    agent = models.ForeignKey(
        Agent, db_index=False, on_delete=models.CASCADE, related_name="status_changes", verbose_name=_("agent")
    )
    status = models.CharField(_("status"), max_length=12, choices=Agent.Status)
    at = models.DateTimeField(_("at"), default=now)

    class Meta:
        verbose_name = _("status change")
        verbose_name_plural = _("status changes")
        ordering = ("-at", "-pk")
        indexes = (
            models.Index(fields=["agent", "at"], name="status_changes_of_an_agent"),
            # GET /manager/api/v1/agent_activity_logs, with the engagements
            models.Index(fields=["at", "id"], name="status_changes_by_time"),
        )

    def __str__(self) -> str:
        return f"{self.get_status_display()}, {self.at:%Y-%m-%d %H:%M}"


class Engagement(models.Model):
    """A stretch of an agent's time that something has taken. At most one is open, whatever door it came by."""

    class Kind(models.TextChoices):
        """What took the agent's time."""

        OFFER = "offer", _("Offer")
        DIAL_PROMPT = "dial_prompt", _("Dial prompt")
        CALL = "call", _("Call")

    agent = models.ForeignKey(
        Agent, db_index=False, on_delete=models.PROTECT, related_name="engagements", verbose_name=_("agent")
    )
    kind = models.CharField(_("kind"), max_length=12, choices=Kind)
    started_at = models.DateTimeField(_("started at"), default=now)
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)

    class Meta:
        verbose_name = _("engagement")
        verbose_name_plural = _("engagements")
        ordering = ("-started_at",)
        constraints = (
            models.UniqueConstraint(
                fields=["agent"], condition=models.Q(ended_at=None), name="an_agent_has_one_open_engagement"
            ),
        )
        indexes = (
            models.Index(fields=["agent", "started_at"], name="engagements_of_an_agent"),
            # GET /manager/api/v1/agent_activity_logs, with the status changes
            models.Index(fields=["started_at", "id"], name="engagements_by_time"),
        )

    def __str__(self) -> str:
        return f"{self.get_kind_display()}, {self.started_at:%Y-%m-%d %H:%M}"

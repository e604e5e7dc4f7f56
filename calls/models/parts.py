"""The rows that belong to a call: who took part, what happened, what was sent."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from calls.models.call import Call
from calls.models.vocabulary import Deflection, FailReason, Status
from ccai.audited import audited
from ccai.times import now


class Participant(models.Model):
    """One stay of one party in a call. A party that leaves and comes back gets a new row."""

    class Type(models.TextChoices):
        """Who it is."""

        AGENT = "agent", _("Agent")
        END_USER = "end_user", _("End user")
        VIRTUAL_AGENT = "virtual_agent", _("Virtual agent")

    class Status(models.TextChoices):
        """Whether the party is on the line."""

        WAITING = "waiting", _("Waiting")
        CONNECTED = "connected", _("Connected")
        FINISHED = "finished", _("Finished")

    call = models.ForeignKey(Call, on_delete=models.CASCADE, related_name="participants", verbose_name=_("call"))
    type = models.CharField(_("type"), max_length=16, choices=Type)
    status = models.CharField(_("status"), max_length=12, choices=Status, default=Status.WAITING)
    agent = models.ForeignKey(
        "agents.Agent", on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("agent")
    )
    engagement = models.OneToOneField(
        "agents.Engagement", on_delete=models.PROTECT, null=True, blank=True, related_name="participant"
    )
    end_user = models.ForeignKey(
        "EndUser", on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("end user")
    )
    # When the end user's own line came in or was answered: a party on the line is joined, not dialled.
    on_line_at = models.DateTimeField(_("on the line since"), null=True, blank=True)
    # When a provider was asked to dial this party; the claim that keeps it from being asked twice.
    dialled_at = models.DateTimeField(_("dialled at"), null=True, blank=True)
    connected_at = models.DateTimeField(_("connected at"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)
    call_duration = models.PositiveIntegerField(_("call duration"), null=True, blank=True)  # seconds
    hold_duration = models.PositiveIntegerField(_("hold duration"), null=True, blank=True)  # seconds
    fail_reason = models.CharField(_("fail reason"), max_length=40, choices=FailReason, default=FailReason.NOTHING)

    class Meta:
        verbose_name = _("participant")
        verbose_name_plural = _("participants")
        ordering = ("pk",)
        constraints = (
            models.CheckConstraint(
                condition=~Q(type="agent") | Q(agent__isnull=False), name="an_agent_participant_names_the_agent"
            ),
            models.CheckConstraint(
                condition=~Q(status="finished") | Q(ended_at__isnull=False), name="a_finished_participant_has_an_end"
            ),
        )

    def __str__(self) -> str:
        return self.get_type_display()


class Hold(models.Model):
    """A stretch of a call in which the end user heard music. At most one of a call is open."""

    call = models.ForeignKey(Call, on_delete=models.CASCADE, related_name="holds", verbose_name=_("call"))
    agent = models.ForeignKey("agents.Agent", on_delete=models.PROTECT, related_name="+", verbose_name=_("agent"))
    started_at = models.DateTimeField(_("started at"), default=now)
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)

    class Meta:
        verbose_name = _("hold")
        verbose_name_plural = _("holds")
        ordering = ("pk",)
        constraints = (
            models.UniqueConstraint(fields=["call"], condition=Q(ended_at=None), name="a_call_is_held_once_at_a_time"),
        )

    def __str__(self) -> str:
        return f"{self.started_at:%Y-%m-%d %H:%M:%S}"


class Transfer(models.Model):
    """A call handed on, to an agent or to a menu."""

    class Kind(models.TextChoices):
        """Whether the agent who hands on talks to the other first."""

        COLD = "cold", _("Cold")
        WARM = "warm", _("Warm")

    class Status(models.TextChoices):
        """How far it is."""

        TRANSFERRING = "transferring", _("Transferring")
        TRANSFERRED = "transferred", _("Transferred")
        FAILED = "failed", _("Failed")

    call = models.ForeignKey(Call, on_delete=models.CASCADE, related_name="transfers", verbose_name=_("call"))
    kind = models.CharField(_("kind"), max_length=8, choices=Kind, default=Kind.COLD, db_default=Kind.COLD)
    status = models.CharField(_("status"), max_length=16, choices=Status, default=Status.TRANSFERRING)
    fail_reason = models.CharField(_("fail reason"), max_length=40, choices=FailReason, default=FailReason.NOTHING)
    created_at = models.DateTimeField(_("created at"), default=now)
    # Snapshots in the shapes of the call object.
    from_menu = models.JSONField(_("from menu"), null=True, blank=True)
    to_menu = models.JSONField(_("to menu"), null=True, blank=True)
    from_agent = models.JSONField(_("from agent"), null=True, blank=True)
    to_agent = models.JSONField(_("to agent"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)

    class Meta:
        verbose_name = _("transfer")
        verbose_name_plural = _("transfers")
        ordering = ("pk",)
        constraints = (
            models.UniqueConstraint(
                fields=["call"], condition=Q(status="transferring"), name="a_call_is_handed_on_once_at_a_time"
            ),
        )

    def __str__(self) -> str:
        return self.get_status_display()


class Photo(models.Model):
    """A picture the end user sent."""

    class PhotoType(models.TextChoices):
        """What it shows."""

        PHOTO = "photo", _("Photo")
        SCREENSHOT = "screenshot", _("Screenshot")

    call = models.ForeignKey(Call, on_delete=models.CASCADE, related_name="photos", verbose_name=_("call"))
    photo_type = models.CharField(_("photo type"), max_length=12, choices=PhotoType, default=PhotoType.PHOTO)
    file = models.FileField(_("file"), max_length=200)

    class Meta:
        verbose_name = _("photo")
        verbose_name_plural = _("photos")
        ordering = ("pk",)

    def __str__(self) -> str:
        return self.file.name or str(self.pk)


class Video(models.Model):
    """A video the end user sent."""

    call = models.ForeignKey(Call, on_delete=models.CASCADE, related_name="videos", verbose_name=_("call"))
    file = models.FileField(_("file"), max_length=200)

    class Meta:
        verbose_name = _("video")
        verbose_name_plural = _("videos")
        ordering = ("pk",)

    def __str__(self) -> str:
        return self.file.name or str(self.pk)


class DeflectionDetail(models.Model):
    """One time that a call was deflected, and from where."""

    call = models.ForeignKey(Call, on_delete=models.CASCADE, related_name="deflection_details", verbose_name=_("call"))
    transfer = models.ForeignKey(
        Transfer, on_delete=models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("transfer")
    )
    deflection = models.CharField(_("deflection"), max_length=32, choices=Deflection)
    from_menu_path = models.JSONField(_("from menu path"), null=True, blank=True)

    class Meta:
        verbose_name = _("deflection detail")
        verbose_name_plural = _("deflection details")
        ordering = ("pk",)

    def __str__(self) -> str:
        return self.get_deflection_display()


class OfferEvent(models.Model):
    """One group that a call was cast to."""

    call = models.ForeignKey(Call, on_delete=models.CASCADE, related_name="offer_events", verbose_name=_("call"))
    casting_time = models.DateTimeField(_("casting time"), default=now)
    group = models.CharField(_("group"), max_length=100)

    class Meta:
        verbose_name = _("offer event")
        verbose_name_plural = _("offer events")
        ordering = ("pk",)

    def __str__(self) -> str:
        return self.group


class CallEvent(models.Model):
    """One transition of a call: from `old` ("" at birth) to `new`, and its cause. Written by the lifecycle alone."""

    call = models.ForeignKey(Call, on_delete=models.CASCADE, related_name="events", verbose_name=_("call"))
    old = models.CharField(_("from"), max_length=24, choices=Status, blank=True)
    new = models.CharField(_("to"), max_length=24, choices=Status)
    cause = models.CharField(_("cause"), max_length=100)
    # Who did it: the person's e-mail address or the token's name at that time; "" where nobody did.
    by = models.CharField(_("by"), max_length=254, default="", db_default="", blank=True)
    at = models.DateTimeField(_("at"), default=now)

    class Meta:
        verbose_name = _("call event")
        verbose_name_plural = _("call events")
        ordering = ("pk",)

    def __str__(self) -> str:
        return f"{self.old or '-'} → {self.new}"


@audited()
class Disposition(models.Model):
    """What came of a call, as an agent chooses it from a list."""

    name = models.CharField(_("name"), max_length=100, unique=True)
    position = models.PositiveIntegerField(_("position"), default=0)
    active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("disposition")
        verbose_name_plural = _("dispositions")
        ordering = ("position", "name")

    def __str__(self) -> str:
        return self.name


@audited(
    part_of="call",
    named_by=("agent__user",),
    leaves_out="created_at updated_at agent",
    personal="text",
    is_personal=True,
)
class Note(models.Model):
    """What an agent wrote about a call; one text per agent and call."""

    call = models.ForeignKey(Call, on_delete=models.CASCADE, related_name="notes", verbose_name=_("call"))
    agent = models.ForeignKey("agents.Agent", on_delete=models.PROTECT, related_name="+", verbose_name=_("agent"))
    text = models.TextField(_("text"), blank=True)
    created_at = models.DateTimeField(_("created at"), default=now)
    updated_at = models.DateTimeField(_("updated at"), default=now)

    class Meta:
        verbose_name = _("note")
        verbose_name_plural = _("notes")
        ordering = ("pk",)
        constraints = (models.UniqueConstraint(fields=["call", "agent"], name="an_agent_has_one_note_on_a_call"),)

    def __str__(self) -> str:
        return self.text[:60]

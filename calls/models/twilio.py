"""What the Twilio adapter knows: the lines of calls that it carries, and the recordings that it is to fetch."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from ccai.times import now


class TwilioLine(models.Model):
    """One phone line at Twilio. A row is there before Twilio is asked for the line.

    `sid` is Twilio's own id of it, known by the answer or by the first callback, whichever comes first. `leg` is an
    agent's participant; 0: the end user. `told` is what the end user's line does since it was last told: a word or a
    hash of `calls/voip/twilio/documents.py`; empty where nobody knows.
    """

    class State(models.TextChoices):
        """How far the line has come. It only ever goes forward."""

        ASKED = "asked", _("asked for")
        RINGING = "ringing", _("ringing")
        UP = "up", _("up")
        OVER = "over", _("over")

    provider = models.CharField(max_length=50)
    # The project's call id, which went out with the request. Not a foreign key: a provider keeps its own books.
    call_ref = models.BigIntegerField()
    leg = models.BigIntegerField(default=0)
    attempt = models.PositiveSmallIntegerField(default=1)  # a line that is rung anew is another one
    sid = models.CharField(max_length=40, blank=True)
    state = models.CharField(max_length=8, choices=State, default=State.ASKED)
    told = models.CharField(max_length=64, blank=True)
    to_number = models.CharField(max_length=200)  # E.164, or an agent's SIP address
    from_number = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(default=now)
    answered_at = models.DateTimeField(null=True)
    over_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("Twilio line")
        verbose_name_plural = _("Twilio lines")
        default_permissions = ()
        constraints = (
            models.UniqueConstraint(fields=["provider", "call_ref", "leg", "attempt"], name="a_line_is_rung_once"),
            models.UniqueConstraint(fields=["sid"], condition=~Q(sid=""), name="a_twilio_sid_is_one_line"),
        )

    def __str__(self) -> str:
        return f"{self.provider} {self.call_ref}/{self.leg}"


class TwilioRecording(models.Model):
    """A recording that Twilio has reported. `due_at` is when it is (next) fetched; empty once it was, or given up."""

    provider = models.CharField(max_length=50)
    sid = models.CharField(max_length=40, unique=True)
    call_ref = models.BigIntegerField()
    is_message = models.BooleanField()  # left by a caller; else of a conversation
    created_at = models.DateTimeField(default=now)
    due_at = models.DateTimeField(null=True, default=now)
    attempts = models.PositiveSmallIntegerField(default=0)

    class Meta:
        verbose_name = _("Twilio recording")
        verbose_name_plural = _("Twilio recordings")
        default_permissions = ()
        indexes = (
            # TwilioProvider.fetch
            models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="twilio_recordings_to_fetch"),
        )

    def __str__(self) -> str:
        return f"{self.provider} {self.call_ref} {self.sid}"

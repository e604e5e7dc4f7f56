"""What the sandbox VoIP provider knows: the calls it is playing."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from ccai.phones import E164_MAX_LENGTH


class SandboxCall(models.Model):
    """A call at a sandbox provider. `step` is what happens next, at `next_at`; none when it is over."""

    class Step(models.TextChoices):
        """What the sandbox does next."""

        CALLER_ACTS = "caller_acts", _("The caller presses a key, or hangs up")
        CALLER_WAITS = "caller_waits", _("The caller waits")
        MESSAGE_IS_LEFT = "message_is_left", _("The caller has left a message")
        AGENT_ANSWERS = "agent_answers", _("The agent's leg answers")
        END_USER_REACTS = "end_user_reacts", _("The end user answers, or does not")
        END_USER_HANGS_UP = "end_user_hangs_up", _("The end user hangs up")
        RECORDING_IS_READY = "recording_is_ready", _("The recording is ready")
        WAITING = "waiting", _("Waiting to be told")
        OVER = "over", _("Over")

    provider = models.CharField(max_length=50)
    # The project's call id, which went out with the request. Not a foreign key: a provider keeps its own books.
    call_ref = models.BigIntegerField()
    to_number = models.CharField(max_length=E164_MAX_LENGTH)
    from_number = models.CharField(max_length=E164_MAX_LENGTH, blank=True)
    recorded = models.BooleanField(default=False)
    step = models.CharField(max_length=20, choices=Step)
    next_at = models.DateTimeField(null=True)
    connected_at = models.DateTimeField(null=True)
    leg = models.BigIntegerField(default=0, db_default=0)  # the agent's line that rings, and answers next
    held = models.BooleanField(default=False, db_default=False)
    hangs_up_at = models.DateTimeField(null=True)  # when the end user will have had enough
    # A caller on the phone: the keys still to press, and what they have heard.
    keys = models.CharField(max_length=100, blank=True, default="", db_default="")
    heard = models.JSONField(default=list, db_default=[])
    created_at = models.DateTimeField()

    class Meta:
        verbose_name = _("sandbox call")
        verbose_name_plural = _("sandbox calls")
        constraints = (models.UniqueConstraint(fields=["provider", "call_ref"], name="a_sandbox_plays_a_call_once"),)
        indexes = (
            # SandboxProvider.play
            models.Index(fields=["next_at"], condition=Q(next_at__isnull=False), name="sandbox_calls_to_play"),
        )

    def __str__(self) -> str:
        return f"{self.provider} {self.call_ref}"

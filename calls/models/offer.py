"""What takes an agent's time before a call does: an offer, or a dial prompt."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from calls.models.call import Call
from calls.models.parts import Transfer
from ccai.phones import E164_MAX_LENGTH
from ccai.times import now


class Offer(models.Model):
    """A call held out to one agent: from a queue, or by a transfer. `status` is written by `calls/offers.py` alone."""

    class Status(models.TextChoices):
        """What became of it."""

        OPEN = "open", _("Open")
        ACCEPTED = "accepted", _("Accepted")
        DECLINED = "declined", _("Declined")
        EXPIRED = "expired", _("Expired")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    call = models.ForeignKey(Call, on_delete=models.CASCADE, related_name="offers", verbose_name=_("call"))
    agent = models.ForeignKey("agents.Agent", on_delete=models.PROTECT, related_name="offers", verbose_name=_("agent"))
    engagement = models.OneToOneField("agents.Engagement", on_delete=models.PROTECT, related_name="offer")
    # The agent it was asked to be handed on to; empty for an offer from a queue.
    transfer = models.ForeignKey(
        Transfer,
        db_index=False,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="offers",
        verbose_name=_("transfer"),
    )
    alone = models.BooleanField(
        _("alone"),
        default=False,
        db_default=False,
        help_text=_("Nobody else is offered the call meanwhile: a deltacast, a transfer."),
    )
    group = models.CharField(_("group"), max_length=100, blank=True)
    round = models.PositiveIntegerField(_("round"))
    level = models.PositiveSmallIntegerField(_("groups cast to"))
    status = models.CharField(_("status"), max_length=12, choices=Status, default=Status.OPEN)
    offered_at = models.DateTimeField(_("offered at"), default=now)
    expires_at = models.DateTimeField(_("expires at"), null=True, blank=True)
    settled_at = models.DateTimeField(_("settled at"), null=True, blank=True)

    class Meta:
        verbose_name = _("offer")
        verbose_name_plural = _("offers")
        ordering = ("pk",)
        constraints = (
            models.UniqueConstraint(
                fields=["call", "agent"], condition=Q(status="open"), name="an_agent_is_offered_a_call_once_at_a_time"
            ),
            models.CheckConstraint(
                condition=Q(status="open", settled_at=None) | ~Q(status="open") & Q(settled_at__isnull=False),
                name="an_offer_is_open_until_it_is_settled",
            ),
            models.UniqueConstraint(
                fields=["call"], condition=Q(status="open", alone=True), name="a_call_has_one_offer_that_stands_alone"
            ),
        )
        indexes = (
            # offers.lapse
            models.Index(fields=["expires_at"], condition=Q(status="open"), name="offers_to_lapse"),
            # the agent's missed calls
            models.Index(fields=["agent", "-offered_at"], name="offers_of_an_agent"),
            # most offers are of none
            models.Index(fields=["transfer"], condition=Q(transfer__isnull=False), name="offers_of_a_transfer"),
        )

    def __str__(self) -> str:
        return f"{self.call_id} → {self.agent}"


class DialPrompt(models.Model):
    """A request for an outbound call that the agent must complete first (contract section 4.1, 202)."""

    class Status(models.TextChoices):
        """What became of it."""

        OPEN = "open", _("Open")
        USED = "used", _("Used")
        LAPSED = "lapsed", _("Lapsed")

    agent = models.ForeignKey(
        "agents.Agent", on_delete=models.PROTECT, related_name="dial_prompts", verbose_name=_("agent")
    )
    engagement = models.OneToOneField("agents.Engagement", on_delete=models.PROTECT, related_name="dial_prompt")
    status = models.CharField(_("status"), max_length=8, choices=Status, default=Status.OPEN)
    lang = models.CharField(_("language"), max_length=12)
    ticket_id = models.CharField(_("ticket"), max_length=255, null=True, blank=True)
    end_user_number = models.CharField(_("end user number"), max_length=E164_MAX_LENGTH, blank=True)  # "": to choose
    outbound_number = models.CharField(_("outbound number"), max_length=E164_MAX_LENGTH, blank=True)  # "": to choose
    created_at = models.DateTimeField(_("created at"), default=now)
    expires_at = models.DateTimeField(_("expires at"))
    call = models.OneToOneField(
        Call, on_delete=models.SET_NULL, null=True, blank=True, related_name="dial_prompt", verbose_name=_("call")
    )

    class Meta:
        verbose_name = _("dial prompt")
        verbose_name_plural = _("dial prompts")
        ordering = ("-created_at",)
        indexes = (
            # dispatch.lapse_dial_prompts
            models.Index(fields=["expires_at"], condition=Q(status="open"), name="dial_prompts_waiting"),
        )

    def __str__(self) -> str:
        return f"{self.agent}, {self.created_at:%Y-%m-%d %H:%M}"

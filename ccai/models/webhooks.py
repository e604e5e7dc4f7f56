"""The outbox: what happened, whom it is told, and each time that was tried.

An event is written in the transaction of what happened, with a delivery for each endpoint that wants it.
`ccai/webhooks` is the only writer, but for what a person says of an endpoint on its page.
"""

import base64
import secrets

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from ccai.audited import audited
from ccai.times import now

SECRET_BYTES = 32
ANSWER_LENGTH = 1_024  # characters that are kept of what an endpoint answers


def make_secret() -> str:
    """A new secret, written as Standard Webhooks has it."""
    return f"whsec_{base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()}"


@audited(leaves_out="created_at failing_since", hidden="secret previous_secret")
class WebhookEndpoint(models.Model):
    """A program that is told what happens. `events` are types, or `call.*` for all that begin so; empty: every event.

    The secret is kept as it is, since each message is signed with it. While it is being rotated the one before is
    good, too, until `previous_secret_until`.
    """

    class Disabled(models.TextChoices):
        """Why nothing is sent any more."""

        BY_HAND = "by_hand", _("switched off")
        GONE = "gone", _("it answered 410 Gone")
        FAILING = "failing", _("it failed for three days")

    url = models.URLField(_("URL"), max_length=500)
    description = models.CharField(_("description"), max_length=100, blank=True)
    events = models.JSONField(_("events"), default=list, blank=True)
    secret = models.CharField(_("secret"), max_length=100, default=make_secret, editable=False)
    previous_secret = models.CharField(_("previous secret"), max_length=100, blank=True, editable=False)
    previous_secret_until = models.DateTimeField(
        _("previous secret is good until"), null=True, blank=True, editable=False
    )
    active = models.BooleanField(_("active"), default=True)
    disabled = models.CharField(_("why it is not active"), max_length=8, choices=Disabled, blank=True, editable=False)
    disabled_at = models.DateTimeField(_("not active since"), null=True, blank=True, editable=False)
    # Since when nothing has arrived there; empty while all is well.
    failing_since = models.DateTimeField(_("failing since"), null=True, blank=True, editable=False)
    created_at = models.DateTimeField(_("created at"), default=now, editable=False)

    class Meta:
        verbose_name = _("webhook endpoint")
        verbose_name_plural = _("webhook endpoints")
        ordering = ("pk",)

    def __str__(self) -> str:
        return self.description or self.url


class WebhookEvent(models.Model):
    """Something that happened, and the message that tells it, as it was at that moment.

    `subject` is what it happened to ("call:12"): events of one subject are told in their order. An order to send again
    (`ccai/webhooks/again.py`) stands here, too, and is told to nobody.
    """

    uid = models.CharField(_("message id"), max_length=40, unique=True)
    type = models.CharField(_("event"), max_length=50)
    subject = models.CharField(_("subject"), max_length=40)
    body = models.TextField(_("body"))
    at = models.DateTimeField(_("at"), default=now)

    class Meta:
        verbose_name = _("webhook event")
        verbose_name_plural = _("webhook events")
        ordering = ("-pk",)
        indexes = (
            # a call's page
            models.Index(fields=["subject", "-id"], name="webhook_events_of_a_subject"),
            # what is old enough to be forgotten
            models.Index(fields=["at"], name="webhook_events_by_age"),
        )

    def __str__(self) -> str:
        return f"{self.type}, {self.subject}"


class WebhookDelivery(models.Model):
    """One event on its way to one endpoint.

    `due_at` is when it is next tried, or looked at; empty where it is over, and where it is kept for an endpoint that
    is not active. While somebody tries it, both it and `claimed_until` are when they are taken for dead.
    """

    class Status(models.TextChoices):
        """How far it has come."""

        PENDING = "pending", _("pending")
        DELIVERED = "delivered", _("delivered")
        GIVEN_UP = "given_up", _("given up")

    event = models.ForeignKey(
        WebhookEvent, db_index=False, on_delete=models.CASCADE, related_name="deliveries", verbose_name=_("event")
    )
    # No constraint: what happens to a call does not fail because an endpoint is deleted at that moment, and does not
    # wait for its row either. Nor does who deletes it wait for millions of rows: what is left is forgotten with its
    # events, and shown nowhere.
    endpoint = models.ForeignKey(
        WebhookEndpoint,
        db_index=False,
        db_constraint=False,
        on_delete=models.DO_NOTHING,
        related_name="deliveries",
        verbose_name=_("endpoint"),
    )
    subject = models.CharField(_("subject"), max_length=40)  # the event's
    status = models.CharField(_("status"), max_length=9, choices=Status, default=Status.PENDING)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    first_tried_at = models.DateTimeField(_("first tried at"), null=True, blank=True)
    due_at = models.DateTimeField(_("due at"), null=True, blank=True, default=now)
    claimed_until = models.DateTimeField(_("claimed until"), null=True, blank=True)
    over_at = models.DateTimeField(_("over at"), null=True, blank=True)

    class Meta:
        verbose_name = _("webhook delivery")
        verbose_name_plural = _("webhook deliveries")
        ordering = ("-pk",)
        permissions = (("resend_webhookdelivery", _("Can send webhook deliveries again")),)
        constraints = (models.UniqueConstraint(fields=["event", "endpoint"], name="an_endpoint_gets_an_event_once"),)
        indexes = (
            # what is to be tried
            models.Index(
                fields=["endpoint", "due_at", "event"], condition=Q(status="pending"), name="webhook_deliveries_due"
            ),
            # whether one of the same subject is to arrive before it
            models.Index(
                fields=["endpoint", "subject", "event"],
                condition=Q(status="pending"),
                name="webhook_deliveries_in_order",
            ),
            # an endpoint's page
            models.Index(fields=["endpoint", "-id"], name="webhook_deliveries_to_one"),
        )

    def __str__(self) -> str:
        return str(self.event)


class WebhookAttempt(models.Model):
    """One try to deliver. `code` is what the endpoint answered; empty where it did not, and `error` says why."""

    delivery = models.ForeignKey(
        WebhookDelivery, on_delete=models.CASCADE, related_name="tries", verbose_name=_("delivery")
    )
    at = models.DateTimeField(_("at"), default=now)
    code = models.PositiveSmallIntegerField(_("code"), null=True, blank=True)
    milliseconds = models.PositiveIntegerField(_("milliseconds"), default=0)
    error = models.CharField(_("error"), max_length=200, blank=True)
    answer = models.TextField(_("answer"), blank=True)

    class Meta:
        verbose_name = _("webhook attempt")
        verbose_name_plural = _("webhook attempts")
        ordering = ("-pk",)

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.code or self.error}"

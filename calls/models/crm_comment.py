"""What a CRM is to be told of a call."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from calls.models.call import Call
from ccai.times import now


class CrmComment(models.Model):
    """A comment on a call's ticket, written in the transaction of what it tells, and posted by the clock.

    `due_at` is when it is next tried; empty once it was posted or given up.
    """

    class Occasion(models.TextChoices):
        """What it tells. A call has one comment of each."""

        ENDED = "ended", _("The call ended")
        REFUSED = "refused", _("Another scheduled call for its ticket was refused")

    call = models.ForeignKey(
        Call, db_index=False, on_delete=models.CASCADE, related_name="crm_comments", verbose_name=_("call")
    )
    occasion = models.CharField(_("occasion"), max_length=8, choices=Occasion)
    ticket_id = models.CharField(_("ticket"), max_length=255)
    text = models.TextField(_("text"))
    created_at = models.DateTimeField(_("created at"), default=now)
    due_at = models.DateTimeField(_("due at"), null=True, blank=True, default=now)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    posted_at = models.DateTimeField(_("posted at"), null=True, blank=True)
    error = models.CharField(_("error"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("CRM comment")
        verbose_name_plural = _("CRM comments")
        default_permissions = ()
        constraints = (models.UniqueConstraint(fields=["call", "occasion"], name="a_call_has_one_comment_of_a_kind"),)
        indexes = (
            # what is to be posted
            models.Index(fields=["due_at", "id"], condition=Q(due_at__isnull=False), name="crm_comments_due"),
        )

    def __str__(self) -> str:
        return f"{self.call_id} {self.occasion}"

    @property
    def is_given_up(self) -> bool:
        """True where it was not posted, and will not be."""
        return self.due_at is None and self.posted_at is None

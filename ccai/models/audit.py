"""The record of who changed what."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from ccai.times import now


class AuditEntry(models.Model):
    """One change that a person made: what it was before, what it is now, who made it, when, and from where.

    Written by `ccai/audit.py` alone, and changed by nobody; the clock forgets entries after CCAI_AUDIT_DAYS.
    """

    class Action(models.TextChoices):
        """What was done."""

        ADDED = "added", _("Added")
        CHANGED = "changed", _("Changed")
        DELETED = "deleted", _("Deleted")

    at = models.DateTimeField(_("at"), default=now)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        db_index=False,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("user"),
    )
    who = models.CharField(_("who"), max_length=254, help_text=_("The person's e-mail address at that time."))
    address = models.GenericIPAddressField(_("from where"), null=True, blank=True)
    door = models.CharField(_("page"), max_length=200, blank=True)
    action = models.CharField(_("action"), max_length=8, choices=Action)
    model = models.CharField(_("kind of thing"), max_length=100)  # "menus.menu"
    object_id = models.CharField(_("id"), max_length=64)
    object_name = models.CharField(_("thing"), max_length=200, blank=True)
    # {column: [before, after]}; a thing added has no before, one deleted no after.
    changes = models.JSONField(_("changes"), default=dict)
    reason = models.TextField(_("reason"), blank=True)

    class Meta:
        verbose_name = _("change")
        verbose_name_plural = _("changes")
        ordering = ("-at", "-pk")
        indexes = (
            # the list, by time, by thing and by person; and what is old enough to be forgotten
            models.Index(fields=["-at", "-id"], name="audit_by_time"),
            models.Index(fields=["model", "object_id", "-at"], name="audit_of_a_thing"),
            models.Index(fields=["user", "-at"], name="audit_of_a_person"),
        )

    def __str__(self) -> str:
        return f"{self.get_action_display()}, {self.at:%Y-%m-%d %H:%M}"

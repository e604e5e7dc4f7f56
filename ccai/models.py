"""The kernel's own tables: API tokens, the record of who changed what, and files that wait to be applied."""

import hashlib
import secrets

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from ccai.audited import audited
from ccai.times import now


def hash_token(token: str) -> str:
    """The SHA-256 of `token`, in hex.

    No salt and no stretching: tokens are long and random, and each request looks its token up by this value.
    """
    return hashlib.sha256(token.encode()).hexdigest()


@audited(leaves_out="created_at last_used_at", hidden="token_hash")
class ApiToken(models.Model):
    """A named credential of a program: the password of its Basic authentication. Only its hash is kept."""

    MIN_LENGTH = 12

    name = models.CharField(_("name"), max_length=100, unique=True)
    token_hash = models.CharField(_("token hash"), max_length=64, unique=True, editable=False)
    active = models.BooleanField(_("active"), default=True, help_text=_("Untick to revoke the token."))
    rate_limit = models.PositiveIntegerField(
        _("rate limit"), null=True, blank=True, help_text=_("Requests per second; empty: the center's default.")
    )
    personal_data = models.BooleanField(
        _("personal data"),
        default=True,
        db_default=True,
        help_text=_("Untick to show names and numbers of end users masked."),
    )
    created_at = models.DateTimeField(_("created at"), default=now, editable=False)
    last_used_at = models.DateTimeField(_("last used at"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("API token")
        verbose_name_plural = _("API tokens")
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name

    def make_token(self) -> str:
        """Give this token a new secret, 32 random bytes, and return it: it cannot be read again. Does not save."""
        token = f"ccai_{secrets.token_urlsafe(32)}"
        self.token_hash = hash_token(token)
        return token


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


class StagedFile(models.Model):
    """A file that somebody has uploaded, and that waits for them to look at what it would change and to apply it.

    The clock takes away what nobody has applied within an hour.
    """

    class Purpose(models.TextChoices):
        """What is to be done with it."""

        CENTER = "center", _("Center file")
        AGENTS = "agents", _("List of agents")

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", verbose_name=_("user")
    )
    purpose = models.CharField(_("purpose"), max_length=8, choices=Purpose)
    name = models.CharField(_("name"), max_length=255)
    content = models.BinaryField(_("content"))
    created_at = models.DateTimeField(_("created at"), default=now)

    class Meta:
        verbose_name = _("uploaded file")
        verbose_name_plural = _("uploaded files")
        default_permissions = ()
        permissions = (("load_center", _("Can load and download center files")),)
        indexes = (models.Index(fields=["created_at"], name="staged_files_by_age"),)

    def __str__(self) -> str:
        return self.name

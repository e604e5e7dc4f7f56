"""The kernel's own tables: API tokens."""

import hashlib
import secrets

from django.db import models
from django.utils.translation import gettext_lazy as _

from ccai.times import now


def hash_token(token: str) -> str:
    """The SHA-256 of `token`, in hex.

    No salt and no stretching: tokens are long and random, and each request looks its token up by this value.
    """
    return hashlib.sha256(token.encode()).hexdigest()


class ApiToken(models.Model):
    """A named credential of a program: the password of its Basic authentication. Only its hash is kept."""

    MIN_LENGTH = 12

    name = models.CharField(_("name"), max_length=100, unique=True)
    token_hash = models.CharField(_("token hash"), max_length=64, unique=True, editable=False)
    active = models.BooleanField(_("active"), default=True, help_text=_("Untick to revoke the token."))
    rate_limit = models.PositiveIntegerField(
        _("rate limit"), null=True, blank=True, help_text=_("Requests per second; empty: the center's default.")
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

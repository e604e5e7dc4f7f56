"""API tokens, and the answers that a token's requests were given."""

import hashlib
import secrets

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


class IdempotencyKey(models.Model):
    """A request that was answered once (contract section 9), and the answer that its repeats are given.

    Written by `ccai/api/idempotency.py` alone, in the transaction of what the request did: either both are there or
    neither. A row without an answer is seen by nobody but the transaction that is about to write it.
    """

    token = models.ForeignKey(
        ApiToken, db_index=False, on_delete=models.CASCADE, related_name="+", verbose_name=_("API token")
    )
    key = models.CharField(_("key"), max_length=255)
    request_hash = models.CharField(_("request hash"), max_length=64)  # of method, path and body
    status = models.PositiveSmallIntegerField(_("status"), null=True)
    headers = models.JSONField(_("headers"), default=dict)
    body = models.TextField(_("body"), blank=True)
    created_at = models.DateTimeField(_("created at"), default=now)

    class Meta:
        verbose_name = _("idempotency key")
        verbose_name_plural = _("idempotency keys")
        default_permissions = ()
        constraints = (models.UniqueConstraint(fields=["token", "key"], name="a_token_uses_a_key_once"),)
        # what is old enough to be forgotten
        indexes = (models.Index(fields=["created_at"], name="idempotency_keys_by_age"),)

    def __str__(self) -> str:
        return self.key

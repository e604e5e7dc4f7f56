"""The kernel's own tables: API tokens, the record of who changed what, files that wait to be applied, the outbox."""

from ccai.models.audit import AuditEntry
from ccai.models.staged_file import StagedFile
from ccai.models.tokens import ApiToken, IdempotencyKey, hash_token
from ccai.models.webhooks import WebhookAttempt, WebhookDelivery, WebhookEndpoint, WebhookEvent, make_secret

__all__ = [
    "ApiToken",
    "AuditEntry",
    "IdempotencyKey",
    "StagedFile",
    "WebhookAttempt",
    "WebhookDelivery",
    "WebhookEndpoint",
    "WebhookEvent",
    "hash_token",
    "make_secret",
]

"""Signatures of messages as Standard Webhooks has them: HMAC-SHA256 over id, time and body."""

import base64
import binascii
import hashlib
import hmac
from datetime import datetime

from ccai.models import WebhookEndpoint

PREFIX = "whsec_"


def headers_of(endpoint: WebhookEndpoint, uid: str, body: bytes, at: datetime) -> dict[str, str]:
    """The headers by which who has the endpoint's secret knows that the message `uid` is ours, and sent at `at`.

    While the secret is being rotated, the one before it signs, too.
    """
    seconds = str(int(at.timestamp()))
    signed = b".".join((uid.encode(), seconds.encode(), body))
    signatures = [sign(secret, signed) for secret in live_secrets(endpoint, at)]
    return {"webhook-id": uid, "webhook-timestamp": seconds, "webhook-signature": " ".join(signatures)}


def live_secrets(endpoint: WebhookEndpoint, at: datetime) -> list[str]:
    """The secrets that are good at the moment `at`, the newest first."""
    until = endpoint.previous_secret_until
    is_rotating = endpoint.previous_secret and until is not None and until > at
    return [endpoint.secret, endpoint.previous_secret] if is_rotating else [endpoint.secret]


def sign(secret: str, signed: bytes) -> str:
    """The signature of `signed`, with its version."""
    return f"v1,{base64.b64encode(hmac.digest(_key(secret), signed, hashlib.sha256)).decode()}"


def _key(secret: str) -> bytes:
    try:
        return base64.b64decode(secret.removeprefix(PREFIX))
    except binascii.Error:
        # The cause would quote the secret.
        raise ValueError("a webhook's secret is not written in base64") from None

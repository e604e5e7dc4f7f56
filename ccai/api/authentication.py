"""HTTP Basic with the subdomain as user name and an API token as password (contract section 1)."""

import base64
import binascii
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import InterfaceError, OperationalError, close_old_connections
from django.db.models import Q
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from ccai.errors import INVALID_CREDENTIALS, RESOURCE_NOT_FOUND, Refused
from ccai.models import ApiToken, hash_token
from ccai.times import now

# How stale `last_used_at` may be, so that a busy token is not a write per request.
LAST_USED_PRECISION = timedelta(minutes=1)


def read_basic(header: str) -> tuple[str, str] | None:
    """User name and password of a Basic `Authorization` header (RFC 7617), or None where it is no such header."""
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, separator, password = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return None
    return (user, password) if separator else None


def find_token(header: str) -> ApiToken:
    """The live token that an `Authorization` header carries. Refused where it carries none (401), or another center's
    name (404)."""
    credentials = read_basic(header)
    if credentials is None:
        raise Refused(INVALID_CREDENTIALS)
    user, password = credentials
    token = ApiToken.objects.filter(token_hash=hash_token(password), active=True).first()
    if token is None:
        raise Refused(INVALID_CREDENTIALS)
    if user.lower() != settings.CCAI_SUBDOMAIN:
        raise Refused(RESOURCE_NOT_FOUND)
    return token


def is_known(header: str) -> bool:
    """Whether an `Authorization` header carries a live token; asked outside of any request, by the server's own thread.
    False where the database does not answer: the request itself says so then."""
    try:
        find_token(header)
    except (Refused, OperationalError, InterfaceError):
        return False
    finally:
        close_old_connections()
    return True


class TokenAuthentication(BaseAuthentication):
    """`request.auth` is the ApiToken; `request.user` is None, since a program is no person.

    Refuses with "Invalid credentials" (401) a missing or wrong token, and with "Resource not found" (404) a right
    token under the name of another center.
    """

    def authenticate(self, request: Request) -> tuple[Any, ApiToken]:
        """The token that the request carries, its `last_used_at` brought up to date within a minute."""
        token = find_token(request.headers.get("Authorization", ""))
        request._request.api_token = token  # type: ignore[attr-defined]
        moment = now()
        if token.last_used_at is None or token.last_used_at < moment - LAST_USED_PRECISION:
            ApiToken.objects.filter(
                Q(last_used_at=None) | Q(last_used_at__lt=moment - LAST_USED_PRECISION), pk=token.pk
            ).update(last_used_at=moment)
        return None, token


def shows_personal_data(request: Request) -> bool:
    """Whether the program that sent `request` is shown who end users are; its token says so."""
    token: ApiToken = request.auth  # type: ignore[assignment]
    return token.personal_data

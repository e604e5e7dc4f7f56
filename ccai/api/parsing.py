"""Bodies: a JSON object in UTF-8, of at most a mebibyte, whatever the client says it accepts (contract section 1)."""

import json
import math
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django.http import HttpRequest
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from ccai.api.limits import MAX_BODY
from ccai.errors import BODY_NOT_JSON, BODY_TOO_LARGE, CONTENT_TYPE_NOT_JSON, Refused

# Python refuses to read longer integer literals into an int; they are well formed all the same.
MAX_INT_DIGITS = 4_000


def read_integer(literal: str) -> int | Decimal:
    """A JSON integer literal of any length; a very long one comes as a Decimal."""
    return int(literal) if len(literal) <= MAX_INT_DIGITS else Decimal(literal)


def read_float(literal: str) -> float:
    """A JSON number with a fraction or an exponent; ValueError where it is too large to be one here, such as 1e999."""
    number = float(literal)
    if not math.isfinite(number):
        raise ValueError(literal)
    return number


def refuse_constant(literal: str) -> None:
    """NaN and Infinity are Python's, not JSON's."""
    raise ValueError(literal)


def has_unstorable_text(value: Any) -> bool:
    """True where a string anywhere in a JSON value has a NUL or a lone surrogate, which no text column keeps."""
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, dict):
            stack.extend(item.keys())
            stack.extend(item.values())
        elif isinstance(item, list):
            stack.extend(item)
        elif isinstance(item, str) and ("\0" in item or has_lone_surrogate(item)):
            return True
    return False


def has_lone_surrogate(text: str) -> bool:
    """True where `text` cannot be written as UTF-8."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


def parse_object(raw: bytes) -> dict[str, Any]:
    """The JSON object in `raw`; refuses with "Request body is not valid JSON" (400) anything else."""
    try:
        data = json.loads(raw.decode(), parse_int=read_integer, parse_float=read_float, parse_constant=refuse_constant)
    except (ValueError, RecursionError):
        raise Refused(BODY_NOT_JSON) from None
    if not isinstance(data, dict) or has_unstorable_text(data):
        raise Refused(BODY_NOT_JSON)
    return data


def read_body(request: HttpRequest) -> dict[str, Any]:
    """The JSON object that `request` carries. Refuses, in this order: another content type (415), a body over the
    limit (413; ccai/api/limits.py keeps the most of it out), and what is no JSON object (400)."""
    if request.content_type != "application/json":
        raise Refused(CONTENT_TYPE_NOT_JSON)
    raw = request.read(MAX_BODY + 1)
    if len(raw) > MAX_BODY:
        raise Refused(BODY_TOO_LARGE)
    return parse_object(raw)


class IgnoreAccept(DefaultContentNegotiation):
    """Answers in JSON whatever `Accept` says: public clients send `application/vnd.json`."""

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        """Always the first renderer."""
        renderer = next(iter(renderers))
        return renderer, str(renderer.media_type)

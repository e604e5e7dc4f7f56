"""Refusals: how any verb says no, whatever door the request came by.

A sentence is on the wire to the letter (contract section 1), so it is never translated; its code is for machines and
travels in `X-Error-Code`.
"""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Sentence:
    """A sentence of the contract, with its machine code and HTTP status. Both may have places for values."""

    code: str
    text: str
    status: int = 400
    retry_after: int | None = None  # seconds


class Refused(Exception):
    """A request was refused: `sentence` says why, and nothing was written.

    `afterwards` is done by whoever answers so, once what was begun is undone: a repeat of what was carried out may be
    refused, too, and is answered as the first.
    """

    def __init__(self, sentence: Sentence, /, **values: object) -> None:
        self.afterwards: Callable[[], None] | None = None
        self.status = sentence.status
        self.code = sentence.code.format(**values)
        self.message = sentence.text.format(**values)
        self.retry_after = sentence.retry_after
        super().__init__(self.message)


INVALID_CREDENTIALS = Sentence("invalid_credentials", "Invalid credentials", 401)
RESOURCE_NOT_FOUND = Sentence("resource_not_found", "Resource not found", 404)
METHOD_NOT_ALLOWED = Sentence("method_not_allowed", "Method not allowed", 405)
RATE_LIMIT_EXCEEDED = Sentence("rate_limit_exceeded", "Rate limit exceeded", 429)
BODY_NOT_JSON = Sentence("body_not_json", "Request body is not valid JSON")
BODY_TOO_LARGE = Sentence("body_too_large", "Request body is too large", 413)
TOO_MANY_PARAMETERS = Sentence("too_many_parameters", "Request has too many parameters")
CONTENT_TYPE_NOT_JSON = Sentence("content_type_not_json", "Content type must be application/json", 415)
CONTENT_TYPE_NOT_A_FORM = Sentence("content_type_not_multipart", "Content type must be multipart/form-data", 415)
BODY_NOT_A_FORM = Sentence("body_not_multipart", "Request body is not valid multipart/form-data")
IDEMPOTENCY_KEY_NOT_WELL_FORMED = Sentence("idempotency_key_not_well_formed", "Idempotency-Key is not well formed")
IDEMPOTENCY_KEY_USED = Sentence("idempotency_key_used", "Idempotency key was used with another request", 422)
REQUEST_UNDER_WAY = Sentence(
    "request_under_way", "A request with this idempotency key is under way", 409, retry_after=1
)
SERVICE_UNAVAILABLE = Sentence("service_unavailable", "Service is temporarily unavailable", 503, retry_after=5)
SERVER_ERROR = Sentence("server_error", "Something went wrong here; the call was not changed", 500)
NOT_WELL_FORMED = Sentence("{field}_not_well_formed", "{field} is not well formed")

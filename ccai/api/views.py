"""The base of every API view, and the one place where an exception becomes an answer."""

import logging
from collections.abc import Callable
from typing import Any

from django.core.exceptions import TooManyFieldsSent
from django.db import InterfaceError, OperationalError
from django.http import Http404
from rest_framework import exceptions
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView, set_rollback

from ccai.api.authentication import shows_personal_data
from ccai.api.idempotency import HEADER, AlreadyAnswered, KeyedRequest
from ccai.api.parsing import read_body
from ccai.errors import (
    BODY_NOT_JSON,
    CONTENT_TYPE_NOT_JSON,
    INVALID_CREDENTIALS,
    METHOD_NOT_ALLOWED,
    RATE_LIMIT_EXCEEDED,
    RESOURCE_NOT_FOUND,
    SERVER_ERROR,
    SERVICE_UNAVAILABLE,
    TOO_MANY_PARAMETERS,
    Refused,
)

log = logging.getLogger(__name__)

# What DRF and Django raise by themselves, in the contract's words.
KNOWN = {
    exceptions.MethodNotAllowed: METHOD_NOT_ALLOWED,
    exceptions.UnsupportedMediaType: CONTENT_TYPE_NOT_JSON,
    exceptions.Throttled: RATE_LIMIT_EXCEEDED,
    exceptions.NotAuthenticated: INVALID_CREDENTIALS,
    exceptions.AuthenticationFailed: INVALID_CREDENTIALS,
    exceptions.ParseError: BODY_NOT_JSON,
    TooManyFieldsSent: TOO_MANY_PARAMETERS,
    Http404: RESOURCE_NOT_FOUND,
    OperationalError: SERVICE_UNAVAILABLE,
    InterfaceError: SERVICE_UNAVAILABLE,
}


def refusal_response(error: Exception, context: dict[str, Any]) -> Response:
    """`{"message": …}` and nothing else, with the code in `X-Error-Code`; the transaction, if any, is rolled back.

    Refused answers as its sentence says. A database that does not answer is 503. Anything unforeseen is logged with
    its traceback and answered with 500 in the same shape.
    """
    set_rollback()
    if not isinstance(error, Refused):
        sentence = next((sentence for kind, sentence in KNOWN.items() if isinstance(error, kind)), SERVER_ERROR)
        if sentence.status >= 500:
            log.error("%s on %s", type(error).__name__, context["request"].path, exc_info=error)
        refused = Refused(sentence)
    else:
        refused = error
    headers = {"X-Error-Code": refused.code}
    if refused.status == 401:
        headers["WWW-Authenticate"] = 'Basic realm="ccai"'
    if isinstance(error, exceptions.MethodNotAllowed):
        headers["Allow"] = ", ".join(context["view"].allowed_methods)
    if isinstance(error, exceptions.Throttled):
        refused.retry_after = int(getattr(error, "wait", None) or 1)
    if refused.retry_after is not None:
        headers["Retry-After"] = str(refused.retry_after)
    return Response({"message": refused.message}, status=refused.status, headers=headers)


class ApiView(APIView):
    """A view of the API: token first, then the rate limit, then the verb, then the idempotency key, then the body.

    POST and PATCH do what they do in `once`.
    """

    http_method_names = ["get", "head", "post", "patch"]
    keyed: KeyedRequest | None = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Whoever asks may, and the request is no repeat of one that was answered."""
        super().initial(request, *args, **kwargs)
        if request.method in ("POST", "PATCH") and request.method in self.allowed_methods and HEADER in request.headers:
            self.keyed = KeyedRequest(request, self.as_seen)
            self.keyed.look()

    @staticmethod
    def masked(answer: Any) -> Any:
        """`answer` for a token that does not show personal data."""
        return answer

    def as_seen(self, answer: Any) -> Any:
        """`answer` as the token of this request is shown it."""
        return answer if shows_personal_data(self.request) else self.masked(answer)

    def once(self, write: Callable[[], Response]) -> Response:
        """What `write` answers. With an idempotency key it is done in one transaction that writes the key, too; what
        asks others, such as the CRM, comes before."""
        return write() if self.keyed is None else self.keyed.answer(write)

    def handle_exception(self, exc: Exception) -> Response:
        """A refusal; or the answer of a repeat, also of one that has come first in the meantime."""
        if isinstance(exc, Refused):
            try:
                if self.keyed is not None:
                    self.keyed.look()
                if exc.afterwards is not None:
                    exc.afterwards()
            except Exception as found:
                exc = found
        return exc.response if isinstance(exc, AlreadyAnswered) else super().handle_exception(exc)

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Response:
        """The request is over."""
        if self.keyed is not None:
            self.keyed.close()
        return super().finalize_response(request, response, *args, **kwargs)

    def read_body(self) -> dict[str, Any]:
        """The request's JSON object; refused (415, 413, 400) where it carries none."""
        return read_body(self.request._request)


class NothingHere(ApiView):
    """Every path of the API that has no meaning: 404, to those who may ask."""

    http_method_names = ["get", "head", "post", "patch", "put", "delete", "options", "trace"]

    @property
    def default_response_headers(self) -> dict[str, str]:
        """None: what is not there allows no verb."""
        return {}

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Credentials and rate limit are judged first, as on every path."""
        super().initial(request, *args, **kwargs)
        raise Refused(RESOURCE_NOT_FOUND)

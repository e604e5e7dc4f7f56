"""Bodies: a JSON object in UTF-8, of at most a mebibyte, whatever the client says it accepts (contract section 1);
where files are sent, a form with one file."""

import io
import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.core.exceptions import RequestDataTooBig, TooManyFilesSent
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import SkipFile, TemporaryFileUploadHandler
from django.http import HttpRequest, QueryDict
from django.http.multipartparser import MultiPartParser, MultiPartParserError
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from ccai.api.limits import MAX_BODY, max_form
from ccai.errors import (
    BODY_NOT_A_FORM,
    BODY_NOT_JSON,
    BODY_TOO_LARGE,
    CONTENT_TYPE_NOT_A_FORM,
    CONTENT_TYPE_NOT_JSON,
    Refused,
)

MULTIPART = "multipart/form-data"

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


@dataclass(frozen=True)
class Form:
    """A form as it was sent: the files under the name that was asked for, and all text fields."""

    files: list[UploadedFile]
    fields: QueryDict

    def close(self) -> None:
        """The files are gone that nobody has moved elsewhere."""
        for file in self.files:
            file.close()


class KeepNamed(TemporaryFileUploadHandler):
    """Writes the files under one name to disk as they arrive, and passes over all others.

    Refuses one of more than `most` bytes with "Request body is too large" (413).
    """

    def __init__(self, name: str, most: int) -> None:
        super().__init__()
        self.name = name
        self.most = most

    def new_file(self, field_name: str, *args: Any, **kwargs: Any) -> None:
        """A file begins."""
        if field_name != self.name:
            raise SkipFile
        super().new_file(field_name, *args, **kwargs)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes | None:
        """A file goes on."""
        if start + len(raw_data) > self.most:
            raise Refused(BODY_TOO_LARGE)
        return super().receive_data_chunk(raw_data, start)


class WithinLimit(io.RawIOBase):
    """The body of `request`, to be read piece by piece; 413 as soon as it has more than `most` bytes."""

    def __init__(self, request: HttpRequest, most: int) -> None:
        super().__init__()
        self.request = request
        self.room = most

    def read(self, size: int | None = -1, /) -> bytes:
        """The next `size` bytes at most; none at the end."""
        piece = self.request.read(size)
        self.room -= len(piece)
        if self.room < 0:
            raise Refused(BODY_TOO_LARGE)
        return piece


def read_form(request: HttpRequest, name: str, most: int) -> Form:
    """The form that `request` carries, with the files called `name`, of at most `most` bytes each, on disk.

    Refuses, in this order: another content type (415), a body or a file over the limit (413; ccai/api/limits.py keeps
    the most of it out), and what is no such form (400).
    """
    if request.content_type != MULTIPART:
        raise Refused(CONTENT_TYPE_NOT_A_FORM)
    room = max_form(most)
    length = request.headers.get("Content-Length", "")
    if length.isdecimal() and (len(length) > 15 or int(length) > room):
        raise Refused(BODY_TOO_LARGE)
    # A body that comes in chunks does not say its length; the parser would take it for empty.
    described = {"CONTENT_TYPE": request.META.get("CONTENT_TYPE", ""), "CONTENT_LENGTH": room}
    handler = KeepNamed(name, most)
    try:
        fields, files = MultiPartParser(described, WithinLimit(request, room), [handler]).parse()
    except BaseException as error:
        handler.upload_interrupted()
        if isinstance(error, RequestDataTooBig):
            raise Refused(BODY_TOO_LARGE) from None
        if isinstance(error, MultiPartParserError | TooManyFilesSent | ValueError):
            raise Refused(BODY_NOT_A_FORM) from None
        raise
    return Form(files.getlist(name), fields)


class IgnoreAccept(DefaultContentNegotiation):
    """Answers in JSON whatever `Accept` says: public clients send `application/vnd.json`."""

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        """Always the first renderer."""
        renderer = next(iter(renderers))
        return renderer, str(renderer.media_type)

"""Stored files on the web: signed URLs that open one file for a while, and the file itself, whole or in part.

A player that seeks asks for a range (RFC 9110, section 14). No file is read whole into memory.
"""

import hashlib
import re
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.core import signing
from django.core.files import File
from django.core.files.storage import default_storage
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.views.decorators.http import require_safe
from rest_framework.request import Request

from calls.files.kinds import BY_EXTENSION
from ccai.errors import RESOURCE_NOT_FOUND

SALT = "calls.file"
PIECE = 65_536  # bytes read and sent at a time
# One range (RFC 9110, section 14.1.2): from a first to a last byte, or the last so many.
RANGE = re.compile(r"bytes=(?:(?P<first>[0-9]{1,18})-(?P<last>[0-9]{1,18})?|-(?P<suffix>[0-9]{1,18}))", re.IGNORECASE)
# Whatever is in a file, a browser that opens it runs nothing of it.
POLICY = "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; sandbox"


def file_path(name: str) -> str:
    """The path below which the stored file `name` opens without credentials, for CCAI_RECORDING_URL_TTL seconds."""
    return reverse("file", args=[signing.dumps(name, salt=SALT)])


def file_url(request: HttpRequest | Request) -> Callable[[str], str]:
    """A function from the name of a stored file to its URL, as `file_path`, on `request`'s own scheme and Host."""

    def url(name: str) -> str:
        return request.build_absolute_uri(file_path(name))

    return url


class FileResponse(StreamingHttpResponse):
    """A stretch of an open file, sent piece by piece; the file is closed with the response."""

    def __init__(self, file: File, pieces: Iterator[bytes] | AsyncIterator[bytes], **kwargs: Any) -> None:
        super().__init__(pieces, **kwargs)
        self._file = file

    def close(self) -> None:
        """The response is over."""
        super().close()
        self._file.close()


@require_safe
def stored_file(request: HttpRequest, token: str) -> HttpResponseBase:
    """GET /files/{token}: a recording, photo or video, or the part of it that `Range` names (206).

    404 where the token is not ours, is too old, or has no file; 416 where the file has no such part.
    """
    try:
        name = signing.loads(token, salt=SALT, max_age=settings.CCAI_RECORDING_URL_TTL)
        file = default_storage.open(name)
    except (signing.BadSignature, FileNotFoundError):
        return JsonResponse({"message": RESOURCE_NOT_FOUND.text}, status=404)
    size = file.size
    headers = {**headers_of(name), "Content-Length": str(size)}
    part = range_of(request, size, headers["ETag"]) if request.method == "GET" else None
    if request.method == "HEAD" or part == range(0):
        file.close()
        if request.method == "HEAD":
            return HttpResponse(headers=headers)
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}", "Accept-Ranges": "bytes"})
    if part is not None:
        headers |= {"Content-Range": f"bytes {part.start}-{part.stop - 1}/{size}", "Content-Length": str(len(part))}
        file.seek(part.start)
    length = size if part is None else len(part)
    pieces = read_async(file, length) if isinstance(request, ASGIRequest) else read(file, length)
    return FileResponse(file, pieces, status=200 if part is None else 206, headers=headers)


def headers_of(name: str) -> dict[str, str]:
    """What is said of the stored file `name`, whole or in part. A kind that is not ours is only ever downloaded."""
    kind = BY_EXTENSION.get(name.rpartition(".")[2])
    return {
        "Content-Type": kind.content_type if kind else "application/octet-stream",
        "Content-Disposition": "inline" if kind else "attachment",
        "Content-Security-Policy": POLICY,
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private",
        "Accept-Ranges": "bytes",
        # A name is given once, and what is stored under it never changes.
        "ETag": f'"{hashlib.sha256(name.encode()).hexdigest()[:32]}"',
    }


def range_of(request: HttpRequest, size: int, etag: str) -> range | None:
    """The bytes of a file of `size` that `request` asks for; an empty range where the file has none of them.

    None stands for the whole: no range was asked for, several were, or one of another state of the file (`If-Range`).
    """
    asked = RANGE.fullmatch(request.headers.get("Range", "").strip())
    if asked is None or request.headers.get("If-Range", etag) != etag:
        return None
    if asked["suffix"] is not None:
        return range(max(0, size - int(asked["suffix"])), size) or range(0)
    first, last = int(asked["first"]), int(asked["last"] or size - 1)
    if asked["last"] is not None and last < first:
        return None
    return range(first, min(last + 1, size)) or range(0)


def read(file: File, length: int) -> Iterator[bytes]:
    """The next `length` bytes of `file`, piece by piece."""
    while length > 0 and (piece := file.read(min(PIECE, length))):
        length -= len(piece)
        yield piece


async def read_async(file: File, length: int) -> AsyncIterator[bytes]:
    """As `read`, for a server that serves others while the disk is asked."""
    read_piece = sync_to_async(file.read, thread_sensitive=False)
    while length > 0 and (piece := await read_piece(min(PIECE, length))):
        length -= len(piece)
        yield piece

"""`Idempotency-Key`: a request that may come twice, and is carried out once (contract section 9).

The key is written in the transaction of what the request does, first of all: a simultaneous repeat waits for it there,
and a crash leaves both or neither. Only 2xx answers are remembered, since a refusal takes the key back with the rest.
SQLite has one writer at a time: there repeats wait as all that write do.
"""

import contextlib
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from tempfile import SpooledTemporaryFile
from typing import IO, Any, BinaryIO, cast

from django.db import IntegrityError, OperationalError, connection, transaction
from django.http import HttpRequest
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from ccai.api.limits import MAX_BODY, max_upload
from ccai.errors import IDEMPOTENCY_KEY_NOT_WELL_FORMED, IDEMPOTENCY_KEY_USED, REQUEST_UNDER_WAY, Refused
from ccai.models import ApiToken, IdempotencyKey
from ccai.times import now

HEADER = "Idempotency-Key"
REPLAYED = "Idempotent-Replayed"
MAX_KEY = 255  # characters
KEEP = timedelta(hours=24)
# How long a repeat waits for the first, in milliseconds.
PATIENCE = 5_000
PIECE = 65_536  # bytes of a body that are read at a time
# What the clock forgets at a time.
BATCH = 1_000
# PostgreSQL's code for a lock that was not had in time.
LOCK_NOT_AVAILABLE = "55P03"


class Remembered(Response):
    """The answer that is remembered, with `more` headers: to the byte, or as it is seen by now."""

    def __init__(
        self, used: IdempotencyKey, more: dict[str, str] | None = None, as_seen: Callable[[Any], Any] | None = None
    ) -> None:
        super().__init__(status=used.status, headers={**used.headers, **(more or {})})
        self.body = used.body
        if as_seen is not None and used.body:
            answer = json.loads(used.body)
            seen = as_seen(answer)
            self.body = used.body if seen is answer else JSONRenderer().render(seen).decode()

    @property
    def rendered_content(self) -> str:
        """The body."""
        del self["Content-Type"]
        if self.body:
            self["Content-Type"] = JSONRenderer.media_type
        return self.body


class AlreadyAnswered(Exception):
    """The request is a repeat: `response` is what the first was answered."""

    def __init__(self, response: Remembered) -> None:
        super().__init__()
        self.response = response


class KeyedRequest:
    """A request that carries a key. Its body is read here, and can be read again by whoever carries it out."""

    def __init__(self, request: Request, as_seen: Callable[[Any], Any]) -> None:
        """`as_seen` says what of an answer its token is shown, which may be less than when it was given.

        Refused with "Idempotency-Key is not well formed" (400)."""
        self.as_seen = as_seen
        self.token: ApiToken = request.auth  # type: ignore[assignment]
        self.key = read_key(request.headers[HEADER])
        self.outlived: int | None = None
        self.body = SpooledTemporaryFile(max_size=MAX_BODY + 1)  # noqa: SIM115 - `close` closes it
        self.request_hash = keep_body(request._request, self.body)

    def look(self) -> None:
        """Nothing happens where the key is new, or was used more than 24 hours ago.

        AlreadyAnswered where this is a repeat; refused (422) where the key was used with another request.
        """
        used = IdempotencyKey.objects.filter(token=self.token, key=self.key).first()
        if used is None:
            return
        if used.created_at <= now() - KEEP:
            self.outlived = used.pk
            return
        if used.request_hash != self.request_hash:
            raise Refused(IDEMPOTENCY_KEY_USED)
        raise AlreadyAnswered(Remembered(used, {REPLAYED: "true"}, self.as_seen))

    def answer(self, write: Callable[[], Response]) -> Response:
        """What `write` does is done together with the key, and what it answers is what repeats will get.

        AlreadyAnswered where a simultaneous repeat came first; refused (409) where that one takes longer than 5 s.
        """
        try:
            with transaction.atomic():
                used = self._claim()
                given = write()
                headers = {name: value for name, value in given.items() if name != "Content-Type"}
                used.status, used.headers, used.body = given.status_code, headers, render(given)
                used.save(update_fields=["status", "headers", "body"])
        except IntegrityError:
            # Either a simultaneous repeat has committed first, or this is a fault of ours.
            self.look()
            raise
        return Remembered(used)

    def close(self) -> None:
        """The body cannot be read any more."""
        self.body.close()

    def _claim(self) -> IdempotencyKey:
        """The key's row, which no other transaction can write now."""
        set_lock_timeout(f"'{PATIENCE}ms'")
        try:
            if self.outlived is not None:
                IdempotencyKey.objects.filter(pk=self.outlived).delete()
            used = IdempotencyKey.objects.create(token=self.token, key=self.key, request_hash=self.request_hash)
        except OperationalError as error:
            if getattr(error.__cause__, "sqlstate", None) == LOCK_NOT_AVAILABLE:
                raise Refused(REQUEST_UNDER_WAY) from None
            raise
        set_lock_timeout("DEFAULT")
        return used


def set_lock_timeout(value: str) -> None:
    """From here on this transaction waits so long for any one lock, where the database is PostgreSQL."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL lock_timeout TO {value}")


def read_key(header: str) -> str:
    """The key in a header, of 1 to 255 printable characters; refused (400) where it is not that."""
    key = header.strip()
    # Bytes arrive as Latin-1; what goes beyond ASCII is UTF-8 mostly.
    with contextlib.suppress(UnicodeError):
        key = key.encode("latin-1").decode()
    if not 1 <= len(key) <= MAX_KEY or not key.isprintable():
        raise Refused(IDEMPOTENCY_KEY_NOT_WELL_FORMED)
    return key


def keep_body(request: HttpRequest, kept: IO[bytes]) -> str:
    """The SHA-256 of method, path and body, in hex. The body is in `kept`, as far as it may go and a byte beyond, and
    `request` is read from there.

    The boundary of a form does not count: programs that send one again make a new boundary for it.
    """
    path = request.path.rstrip("/")
    boundary = (request.content_params or {}).get("boundary", "")
    digest = hashlib.sha256(f"{request.method} {path}\n".encode())
    room = (max_upload(path) or MAX_BODY) + 1
    for piece in without(copied(request, kept, room), boundary.encode()):
        digest.update(piece)
    kept.seek(0)
    request._stream = cast(BinaryIO, kept)
    return digest.hexdigest()


def copied(request: HttpRequest, kept: IO[bytes], room: int) -> Iterator[bytes]:
    """The first `room` bytes of the body, piece by piece, as they are written to `kept`."""
    while room and (piece := request.read(min(PIECE, room))):
        room -= len(piece)
        kept.write(piece)
        yield piece


def without(pieces: Iterable[bytes], word: bytes) -> Iterator[bytes]:
    """The same bytes in other pieces, with a NUL wherever `word` stood."""
    if not word:
        yield from pieces
        return
    rest = b""
    for piece in pieces:
        rest = (rest + piece).replace(word, b"\0")
        # The word may have begun in this piece, to go on in the next.
        sure = max(0, len(rest) - len(word) + 1)
        yield rest[:sure]
        rest = rest[sure:]
    yield rest


def render(response: Response) -> str:
    """The body of an answer that has not been rendered yet; "" where there is none."""
    return JSONRenderer().render(response.data).decode()


def forget(at: datetime) -> int:
    """Keys that were used more than 24 hours ago are no more: a batch of them. Returns how many."""
    old = IdempotencyKey.objects.filter(created_at__lte=at - KEEP).order_by("created_at")
    keys = list(old.values_list("pk", flat=True)[:BATCH])
    return IdempotencyKey.objects.filter(pk__in=keys).delete()[0] if keys else 0

"""What a body may weigh, seen to before Django has it: Django keeps a body whole, on disk where it is large."""

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings

from ccai.errors import BODY_TOO_LARGE

Scope = dict[str, Any]
Message = Mapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

APIS = ("/apps/api/", "/manager/api/")
MAX_BODY = 1_048_576
# What a form weighs beside its file: boundaries, the headers of its parts, short fields.
MAX_ENVELOPE = 65_536
# The paths that take files, and the setting that says how large one may be.
UPLOADS = (
    (re.compile(r"/apps/api/v1/calls/[0-9]+/photos/?"), "CCAI_PHOTO_MAX_BYTES"),
    (re.compile(r"/apps/api/v1/calls/[0-9]+/videos/?"), "CCAI_VIDEO_MAX_BYTES"),
)

# The pages of the back office that take files, and how large one may be.
PAGES_WITH_FILES = (
    (re.compile(r"/admin/agents/agent/import/?"), 5 * MAX_BODY),
    (re.compile(r"/admin/center/?"), 10 * MAX_BODY),
)


def max_form(max_file: int) -> int:
    """How many bytes a form may have whose file may have `max_file`."""
    return max_file + MAX_ENVELOPE


def max_upload(path: str) -> int | None:
    """How many bytes a form may have that is sent to `path`; None where no files are taken there."""
    for uploads, setting in UPLOADS:
        if uploads.fullmatch(path):
            return max_form(getattr(settings, setting))
    return None


def max_page(path: str) -> int:
    """How many bytes a form may have that is sent to the page at `path` by somebody who has logged in there."""
    return next((max_form(most) for pages, most in PAGES_WITH_FILES if pages.fullmatch(path)), MAX_BODY)


def nobody(cookies: str) -> bool:
    """Nobody has logged in."""
    return False


async def refuse(send: Send) -> None:
    """The client is told that its body is too large."""
    body = BODY_TOO_LARGE.text.encode()
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": BODY_TOO_LARGE.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


class BodyLimit:
    """An ASGI application: `application`, which gets no body that is larger than it may be.

    Below APIS it sees one byte more than a body may have, and no other. By that byte `ccai/api/parsing.py` knows
    that the body is too large, once it is that check's turn. The rest is dropped as it arrives, so that a client that
    sends it all before it reads gets its answer. Files of the size that their path takes are let through for those
    whose `Authorization` header `is_known`: nobody else fills the disk.

    Elsewhere it is told that the client has gone, and the client gets a plain 413. The pages of the back office that
    take files take them, up to their size, from those whose `Cookie` header says that they work there (`is_staff`).
    """

    def __init__(
        self, application: Application, is_known: Callable[[str], bool], is_staff: Callable[[str], bool] = nobody
    ) -> None:
        self.application = application
        self.is_known = is_known
        self.is_staff = is_staff

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: D102
        if scope["type"] != "http":
            await self.application(scope, receive, send)
            return
        is_api = scope["path"].startswith(APIS)
        room = await self.max_body(scope) + 1

        async def receive_within_limit() -> Message:
            nonlocal room
            message = await receive()
            if message["type"] != "http.request":
                return message
            body = message.get("body", b"")[:room]
            room -= len(body)
            while not room and message.get("more_body"):
                message = await receive()
                if message["type"] != "http.request":
                    return message
            return {**message, "body": body} if room or is_api else {"type": "http.disconnect"}

        await self.application(scope, receive_within_limit, send)
        if not room and not is_api:
            await refuse(send)

    async def max_body(self, scope: Scope) -> int:
        """How many bytes the body of this request may have."""
        path, headers = scope["path"], dict(scope["headers"])
        upload = max_upload(path)
        if upload is not None:
            known = await sync_to_async(self.is_known)(headers.get(b"authorization", b"").decode("latin-1"))
            return upload if known else min(upload, MAX_BODY)
        most = max_page(path)
        if most > MAX_BODY and not await sync_to_async(self.is_staff)(headers.get(b"cookie", b"").decode("latin-1")):
            return MAX_BODY
        return most

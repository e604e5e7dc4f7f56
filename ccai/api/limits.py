"""What a body may weigh, seen to before Django has it: Django keeps a body whole, on disk where it is large."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

Scope = dict[str, Any]
Message = Mapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

API = "/apps/api/"
MAX_BODY = 1_048_576


class BodyLimit:
    """An ASGI application: `application`, which below /apps/api/ sees one byte more than a body may have, and no other.

    By that byte `read_body` knows that the body is too large, once it is that check's turn. The rest is dropped as it
    arrives, so that a client that sends it all before it reads gets its answer.
    """

    def __init__(self, application: Application) -> None:
        self.application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: D102
        if scope["type"] != "http" or not scope["path"].startswith(API):
            await self.application(scope, receive, send)
            return
        room = MAX_BODY + 1

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
            return {**message, "body": body}

        await self.application(scope, receive_within_limit, send)

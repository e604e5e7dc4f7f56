"""An open page's stream of events, as a browser hears it."""

import asyncio

from django.test import AsyncClient, Client

from tests.conftest import HOST

# Seconds; nothing waits so long when all is well.
PATIENCE = 30


class Listener:
    """An open page's stream of events."""

    def __init__(self, client):
        self.client = AsyncClient()
        self.client.cookies = client.cookies
        self.events = []

    async def __aenter__(self):
        # Not `get`, which would send a second Host.
        response = await self.client.request(path="/desk/events", headers=[(b"host", HOST.encode())])
        assert response.headers["Content-Type"] == "text/event-stream"
        self.chunks = aiter(response.streaming_content)
        return self

    async def __aexit__(self, *_error):
        await self.chunks.aclose()

    async def next(self, kind, having=""):
        """The data of the next event of this kind that has these words."""
        async with asyncio.timeout(PATIENCE):
            while True:
                for event in self.events:
                    if event[0] == kind and having in event[1]:
                        self.events.remove(event)
                        return event[1]
                self.events += read_events((await anext(self.chunks)).decode())


def read_events(text):
    """The kind and the data of each event."""
    events = []
    for block in text.split("\n\n"):
        lines = block.splitlines()
        kind = next((line.removeprefix("event: ") for line in lines if line.startswith("event: ")), None)
        if kind:
            events.append((kind, "\n".join(line.removeprefix("data: ") for line in lines if line.startswith("data: "))))
    return events


def logged_in(agent):
    """A browser in which the agent has logged in."""
    client = Client(SERVER_NAME=HOST)
    client.force_login(agent.user)
    return client


async def do(verb, *arguments, **named):
    """`verb` is done by another process, as it were."""
    return await asyncio.to_thread(verb, *arguments, **named)

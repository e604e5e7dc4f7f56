"""Server-sent events for open pages: what has changed for an agent is on each of the agent's pages within a moment.

One hub per web process hears the announcements (`ccai/announcing.py`), reads the state of all agents who were named in
one batch, and hands the drawn parts to their streams. A stream keeps only the newest of each kind, so that a page that
reads slowly costs nothing and misses nothing. All pages are drawn anew from time to time, and every few seconds where
Redis does not answer, so that an announcement that is lost costs seconds; what has not changed is not sent.

A stream holds no database connection and, but for its task, nothing of the process: pages are open all day.
"""

import asyncio
import contextlib
import json
import logging
import re
import signal
import threading
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar
from weakref import WeakKeyDictionary

import redis
import redis.asyncio
from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import connections
from django.http import HttpRequest, StreamingHttpResponse
from django.utils import translation

from agents import availability
from calls.desk.access import agent_of
from calls.desk.queues import Boards
from calls.desk.showing import draw_board, draw_desks
from ccai import heartbeat
from ccai.announcing import CHANNEL
from ccai.times import now

log = logging.getLogger(__name__)

Params = ParamSpec("Params")
Result = TypeVar("Result")

# Seconds.
COLLECTING = 0.02  # announcements that come together are answered together
QUEUES = 2.0  # between two looks at the queues
PULSE = 15.0  # between two signs of life, of a page to us and of us to a page
POLLING = 5.0  # between two looks at everything while announcements cannot be heard
PAUSE = 1.0  # after a failure

# Kinds of news. After the last two the stream ends: the login is over; the process ends, and another may follow.
MAIN, BOARD, ALIVE, GONE, ENDED = "main", "queues", "alive", "gone", "ended"
# Two drawings that differ in this alone show the same.
READ_AT = re.compile(r'data-read-at="[0-9]+"')


class Stream:
    """One open page: the newest of each kind of news that it has not been sent yet."""

    def __init__(self, agent_id: int, session_key: str, language: str) -> None:
        self.agent_id = agent_id
        self.session_key = session_key
        self.language = language
        self._news: dict[str, str] = {}
        self._there_is_news = asyncio.Event()

    def put(self, kind: str, data: str) -> None:
        """The page is sent `data`; what it was not sent of this kind yet is forgotten."""
        self._news[kind] = data
        self._there_is_news.set()

    async def events(self) -> AsyncIterator[bytes]:
        """Events as the wire has them (HTML standard, section 9.2), until the login is over or the process ends."""
        yield b"retry: 1000\n\n"
        while True:
            await self._there_is_news.wait()
            self._there_is_news.clear()
            news, self._news = self._news, {}
            yield "".join(as_event(kind, data) for kind, data in news.items()).encode()
            if GONE in news or ENDED in news:
                return


def as_event(kind: str, data: str) -> str:
    """One event: a line for its kind, and one for each line of its data."""
    return f"event: {kind}\n" + "".join(f"data: {line}\n" for line in data.splitlines() or [""]) + "\n"


def with_database(work: Callable[Params, Result], *args: Params.args, **kwargs: Params.kwargs) -> Result:
    """What `work` returns. The thread holds no database connection afterwards."""
    try:
        return work(*args, **kwargs)
    finally:
        connections.close_all()


def live_sessions(keys: Collection[str]) -> set[str]:
    """Those of the session keys that still stand for a login."""
    return set(
        Session.objects.filter(session_key__in=keys, expire_date__gt=now()).values_list("session_key", flat=True)
    )


def draw(agent_ids: Collection[int], language: str, session_keys: Collection[str]) -> tuple[dict[int, str], set[str]]:
    """The pages of these agents, and which of the sessions are live."""
    with translation.override(language):
        pages = {agent_id: str(drawn) for agent_id, drawn in draw_desks(agent_ids, now()).items()}
        return pages, live_sessions(session_keys)


def is_being_cancelled() -> bool:
    """Whether the running task is to end. What it waits for may have taken that for the end of its own patience."""
    task = asyncio.current_task()
    return task is None or task.cancelling() > 0


class Hub:
    """All streams of one event loop."""

    def __init__(self) -> None:
        self._streams: dict[int, set[Stream]] = defaultdict(set)
        self._stale: set[int] = set()
        self._something_is_stale = asyncio.Event()
        self._look_at_queues = asyncio.Event()
        self._deaf = False
        self._boards = Boards()
        self._shown: dict[Stream, dict[str, str]] = defaultdict(dict)
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="desk")
        loop = asyncio.get_running_loop()
        self._tasks = [
            loop.create_task(self._for_ever(step))
            for step in (self._hear, self._draw_stale, self._draw_queues, self._give_signs, self._poll)
        ]
        self._end_with_the_process(loop)

    @contextlib.asynccontextmanager
    async def joined(self, stream: Stream) -> AsyncIterator[None]:
        """While this lasts `stream` gets all news of its agent, beginning with how things stand."""
        self._streams[stream.agent_id].add(stream)
        self._be_stale([stream.agent_id])
        self._look_at_queues.set()
        try:
            yield
        finally:
            self._streams[stream.agent_id].discard(stream)
            self._shown.pop(stream, None)
            if not self._streams[stream.agent_id]:
                del self._streams[stream.agent_id]

    def _all_streams(self) -> list[Stream]:
        return [stream for streams in self._streams.values() for stream in streams]

    def _be_stale(self, agent_ids: Collection[int]) -> None:
        """The pages of those of the agents who have one open here are drawn anew in a moment."""
        self._stale |= self._streams.keys() & set(agent_ids)
        if self._stale:
            self._something_is_stale.set()

    async def _run(self, work: Callable[Params, Result], *args: Params.args, **kwargs: Params.kwargs) -> Result:
        """What `work` returns, in one of the two threads that ask the database for all streams."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, partial(with_database, work, *args, **kwargs))

    async def _for_ever(self, step: Callable[[], Awaitable[None]]) -> None:
        """Do `step` again and again. Of failures in a row the first is said."""
        failing = False
        while not is_being_cancelled():
            try:
                await step()
                failing = False
            except Exception as error:
                if not failing:
                    log.warning("Pages of agents are late: %r", error)
                failing = True
                await asyncio.sleep(PAUSE)

    async def _hear(self) -> None:
        """Listen to announcements until the connection breaks."""
        try:
            async with (
                redis.asyncio.Redis.from_url(
                    settings.CCAI_REDIS_URL, socket_connect_timeout=2, health_check_interval=5
                ) as client,
                client.pubsub(ignore_subscribe_messages=True) as channel,
            ):
                await channel.subscribe(CHANNEL)
                if self._deaf:
                    log.warning("Redis answers again: pages of agents are told of changes at once")
                    self._deaf = False
                self._be_stale(list(self._streams))  # of what was said meanwhile nobody knows
                while not is_being_cancelled():
                    message = await channel.get_message(timeout=POLLING)
                    if message is not None:
                        self._be_stale([int(name) for name in message["data"].split()])
        except (redis.RedisError, OSError) as error:
            if not self._deaf:
                log.warning(
                    "Redis does not answer (%s): pages of agents look for changes every %g s",
                    type(error).__name__,
                    POLLING,
                )
            self._deaf = True
            await asyncio.sleep(PAUSE)

    async def _poll(self) -> None:
        """Every page is drawn anew from time to time, and more often while announcements cannot be heard."""
        for _wait in range(int(PULSE / POLLING)):
            await asyncio.sleep(POLLING)
            if self._deaf:
                break
        self._be_stale(list(self._streams))

    def _show(self, stream: Stream, kind: str, part: str, data: str) -> None:
        """The page is sent `data`, unless the `part` of it that counts is there already."""
        if self._shown[stream].get(kind) != part and stream in self._streams.get(stream.agent_id, ()):
            self._shown[stream][kind] = part
            stream.put(kind, data)

    async def _draw_stale(self) -> None:
        """Wait until pages are stale, and send them what holds now."""
        await self._something_is_stale.wait()
        await asyncio.sleep(COLLECTING)
        self._something_is_stale.clear()
        stale, self._stale = self._stale, set()
        try:
            await self._draw(stale)
        except BaseException:
            self._be_stale(stale)
            raise

    async def _draw(self, agent_ids: Collection[int]) -> None:
        streams = [stream for agent_id in agent_ids for stream in self._streams.get(agent_id, ())]
        for language in {stream.language for stream in streams}:
            readers = [stream for stream in streams if stream.language == language]
            pages, sessions = await self._run(
                draw,
                {stream.agent_id for stream in readers},
                language,
                {stream.session_key for stream in readers},
            )
            for stream in readers:
                if stream.session_key in sessions and stream.agent_id in pages:
                    page = pages[stream.agent_id]
                    self._show(stream, MAIN, READ_AT.sub("", page, count=1), page)
                else:
                    stream.put(GONE, "")

    async def _draw_queues(self) -> None:
        """Look at the queues, and send each page what has changed there."""
        # Not `wait_for`, which in Python 3.11 may take a cancellation for the end of what it waits for.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(QUEUES):
                await self._look_at_queues.wait()
        self._look_at_queues.clear()
        streams = self._all_streams()
        if not streams:
            await self._look_at_queues.wait()
            return
        for stream, part in (await self._run(self._draw_boards, streams)).items():
            self._show(stream, BOARD, part, part)

    def _draw_boards(self, streams: Collection[Stream]) -> dict[Stream, str]:
        """The queues as each page is to show them. Agents who serve the same queues share one drawing."""
        boards = self._boards.read({stream.agent_id for stream in streams}, now())
        drawn: dict[tuple[str, object], str] = {}
        for stream in streams:
            key = (stream.language, boards[stream.agent_id])
            if key not in drawn:
                with translation.override(stream.language):
                    drawn[key] = draw_board(boards[stream.agent_id])
        return {stream: drawn[stream.language, boards[stream.agent_id]] for stream in streams}

    async def _give_signs(self) -> None:
        """Every open page hears that it is not forgotten, and its agent has been seen; a login that is over is said.

        That pages are looked for is said also while none is open.
        """
        await asyncio.sleep(PULSE)
        streams = self._all_streams()
        live = await self._run(self._see, streams)
        alive = json.dumps({"now": int(now().timestamp() * 1_000)})
        for stream in streams:
            stream.put(*((ALIVE, alive) if stream.session_key in live else (GONE, "")))

    def _see(self, streams: Collection[Stream]) -> set[str]:
        """The agents of these pages have been seen, as far as their logins are live. Returns the live sessions."""
        live = live_sessions({stream.session_key for stream in streams})
        at = now()
        availability.mark_seen({stream.agent_id for stream in streams if stream.session_key in live}, at)
        heartbeat.give_steady_sign(heartbeat.DESK, at)
        return live

    def _end_with_the_process(self, loop: asyncio.AbstractEventLoop) -> None:
        """Streams end when the process is asked to: a server waits for them, and would have to cut them off.

        The server's own handler goes on as before. Signals are the main thread's; elsewhere there is nothing to do.
        """
        if threading.current_thread() is not threading.main_thread():
            return
        for number in (signal.SIGTERM, signal.SIGINT):
            before = signal.getsignal(number)

            def handle(number: int, frame: object, before: object = before) -> None:
                if not loop.is_closed():
                    loop.call_soon_threadsafe(self._close)
                if callable(before):
                    before(number, frame)

            signal.signal(number, handle)

    def _close(self) -> None:
        """Every stream ends; its page connects again, to the process that follows."""
        for task in self._tasks:
            task.cancel()
        for stream in self._all_streams():
            stream.put(ENDED, "")


_hubs: WeakKeyDictionary[asyncio.AbstractEventLoop, Hub] = WeakKeyDictionary()


def hub() -> Hub:
    """The hub of the running event loop."""
    loop = asyncio.get_running_loop()
    if loop not in _hubs:
        _hubs[loop] = Hub()
    return _hubs[loop]


def who_asks(request: HttpRequest) -> tuple[int, str] | None:
    """The agent's id and the session's key, or None where nobody has logged in as an agent."""
    agent = agent_of(request)
    return (agent.pk, request.session.session_key or "") if agent else None


async def events(request: HttpRequest) -> StreamingHttpResponse:
    """GET /desk/events: the page's news, for as long as it is open."""
    # The thread that this request runs its synchronous code in would else keep its connection for as long.
    asker = await sync_to_async(with_database)(who_asks, request)

    async def news() -> AsyncIterator[bytes]:
        if asker is None:
            yield as_event(GONE, "").encode()
            return
        stream = Stream(*asker, translation.get_language() or settings.LANGUAGE_CODE)
        async with hub().joined(stream):
            async for event in stream.events():
                yield event

    return StreamingHttpResponse(
        news(),
        content_type="text/event-stream",
        headers={"Cache-Control": "no-cache", "X-Accel-Buffering": "no"},
    )

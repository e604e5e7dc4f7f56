"""What open pages are told though nobody announces it, and what they tell: each takes seconds of real time."""

import asyncio
import json

import pytest

from agents import availability
from agents.models import Agent
from ccai import heartbeat
from ccai.times import now
from tests.desk.listening import PATIENCE, Listener, do, logged_in
from tests.factories import make_agent

pytestmark = pytest.mark.django_db(transaction=True)


def test_without_redis_pages_look_by_themselves(center, no_redis, caplog):
    agent = make_agent(status="break")
    client = logged_in(agent)

    async def listen():
        async with Listener(client) as page:
            await page.next("main")
            await do(availability.set_status, agent, "meal")
            await page.next("main", 'class="status" data-status="meal"')

    asyncio.run(listen())

    assert [line for line in caplog.messages if "pages of agents look for changes every 5 s" in line][1:] == []
    assert "pages of agents look for changes every 5 s" in caplog.text


def test_an_announcement_that_is_lost_costs_seconds(center):
    agent = make_agent(status="break")
    client = logged_in(agent)

    async def listen():
        async with Listener(client) as page:
            await page.next("main")
            await do(Agent.objects.filter(pk=agent.pk).update, status="meal")
            await page.next("main", 'class="status" data-status="meal"')

    asyncio.run(listen())


def test_open_pages_are_seen_and_hear_that_the_connection_lives(center):
    agent = make_agent()
    client = logged_in(agent)

    async def listen():
        async with Listener(client) as page:
            return await page.next("alive")

    before = now()
    alive = json.loads(asyncio.run(listen()))

    agent.refresh_from_db()
    assert agent.seen_at >= before
    assert heartbeat.steady_since(heartbeat.DESK, now()) >= before
    assert abs(alive["now"] - now().timestamp() * 1_000) < PATIENCE * 1_000


def test_pages_are_looked_for_though_the_last_is_closed(center):
    client = logged_in(make_agent())

    async def listen():
        async with Listener(client) as page:
            await page.next("main")
        async with asyncio.timeout(PATIENCE):
            while await do(heartbeat.steady_since, heartbeat.DESK, now()) is None:
                await asyncio.sleep(0.2)

    asyncio.run(listen())

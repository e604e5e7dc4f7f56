"""Server-sent events: what changes for an agent is on the agent's pages, whoever changed it."""

import asyncio

import pytest
from django.test import Client

from agents import availability
from calls.desk.state import read_desks
from calls.models import Offer
from ccai.times import now
from tests.conftest import HOST
from tests.desk.listening import Listener, do, logged_in
from tests.factories import make_agent, make_call, make_menu

pytestmark = pytest.mark.django_db(transaction=True)


def test_it_begins_with_how_things_stand(center):
    agent = make_agent(status="break")
    make_menu("Advice", agents=[agent])
    client = logged_in(agent)

    async def listen():
        async with Listener(client) as page:
            return await page.next("main"), await page.next("queues")

    main, queues = asyncio.run(listen())

    assert 'class="status" data-status="break"' in main
    assert "Advice" in queues


def test_what_somebody_else_changes_is_on_both_tabs_at_once(center):
    agent = make_agent(status="break")
    client = logged_in(agent)

    async def listen():
        async with Listener(client) as one, Listener(client) as other:
            await one.next("main")
            await other.next("main")
            await do(availability.set_status, agent, "meal")
            return [await page.next("main", 'class="status" data-status="meal"') for page in (one, other)]

    one, other = asyncio.run(listen())

    assert one == other


def test_an_offer_is_on_the_page(center, clock):
    agent = make_agent()
    menu = make_menu("Advice", agents=[agent])
    client = logged_in(agent)

    def ring():
        make_call("queued", menu=menu, cast_level=1, cast_round=1, offer_type="multicast")
        clock.tick()
        return Offer.objects.get().pk

    async def listen():
        async with Listener(client) as page:
            await page.next("main")
            offer_id = await do(ring)
            return offer_id, await page.next("main", 'data-phase="offer"')

    offer_id, main = asyncio.run(listen())

    assert f"/desk/offers/{offer_id}/accept" in main


def test_what_a_program_tells_of_the_call_is_on_its_agents_page_at_once(center, api):
    agent = make_agent()
    call = make_call("connected", agent=agent)
    taken = agent.engagements.create(kind="call", started_at=now())
    call.participants.create(type="agent", status="connected", agent=agent, engagement=taken, connected_at=now())
    client = logged_in(agent)

    async def listen():
        async with Listener(client) as page:
            await page.next("main")
            await do(api.patch, f"/calls/{call.pk}/data_parameters", {"order": "A-17"})
            await page.next("main", "A-17")

    asyncio.run(listen())


def test_the_queue_is_counted(center):
    agent = make_agent(status="break")
    menu = make_menu("Advice", agents=[agent])
    client = logged_in(agent)

    async def listen():
        async with Listener(client) as page:
            await page.next("queues", "Nobody waits")
            await do(lambda: make_call("queued", menu=menu))
            return await page.next("queues", "Longest")

    assert 'class="busy"' in asyncio.run(listen())


def test_a_page_whose_login_ends_is_told_so_and_the_stream_ends(center):
    agent = make_agent()
    client = logged_in(agent)

    async def listen():
        async with Listener(client) as page:
            await page.next("main")
            await do(lambda: client.post("/desk/logout/"))
            await page.next("gone")
            return [chunk async for chunk in page.chunks]

    assert asyncio.run(listen()) == []


def test_who_has_not_logged_in_gets_nothing_else(db):
    async def listen():
        async with Listener(Client(SERVER_NAME=HOST)) as page:
            await page.next("gone")
            return [chunk async for chunk in page.chunks]

    assert asyncio.run(listen()) == []


@pytest.mark.parametrize("count", [1, 30])
def test_pages_are_read_in_a_fixed_number_of_queries(center, clock, count, django_assert_num_queries):
    agents = [make_agent() for _number in range(count)]
    menu = make_menu("Advice", agents=agents)
    for _number in range(count):
        make_call("queued", menu=menu, cast_level=1, cast_round=1, end_user_number="+12025550123")
    clock.tick()
    calls = set(Offer.objects.filter(status="open").values_list("call_id", flat=True))

    # The last calls of each end user are looked up one by one: few calls are offered at the same moment.
    with django_assert_num_queries(10 + len(calls)):
        desks = read_desks([agent.pk for agent in agents], now())

    assert {desk.phase for desk in desks.values()} == {"offer"}

"""How long a caller waits, and what GET /menus/{id}/wait says of it."""

from datetime import timedelta

import pytest

from agents.models import Engagement
from calls import waiting
from calls.waiting import Wait, estimate_wait
from ccai.times import now
from menus.models import AgentGroup
from tests.factories import make_agent, make_call, make_menu

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("center")]


@pytest.fixture
def at():
    return now()


def on_call(**columns):
    """An agent who is on a call."""
    agent = make_agent(**columns)
    Engagement.objects.create(agent=agent, kind="call")
    return agent


def finish_calls(menu, *seconds, status="finished"):
    for number, talk in enumerate(seconds):
        make_call(status, menu=menu, call_duration=talk, created_at=now() - timedelta(hours=len(seconds) - number))


def estimate(menu, at):
    return waiting.estimate([menu.pk], at)[menu.pk]


class TestTheEstimate:
    def test_with_a_free_agent_nobody_waits(self, at):
        assert estimate(make_menu(agents=[make_agent()]), at) == Wait(0, queued=0, available_agents=1)

    def test_the_free_agents_are_for_those_who_wait_already(self, at):
        menu = make_menu(agents=[make_agent(), make_agent()])
        make_call("queued", menu=menu)
        assert estimate(menu, at).estimated_wait == 0
        make_call("queued", menu=menu)
        assert estimate(menu, at).estimated_wait == 90  # one is ahead; two agents, each done in 180 seconds

    def test_a_caller_waits_for_those_ahead_and_for_a_turn_of_their_own(self, at):
        menu = make_menu(agents=[on_call(), on_call(), make_agent(status="wrap_up")])
        for _ in range(3):
            make_call("queued", menu=menu)
        finish_calls(menu, 100, 200)
        assert estimate(menu, at).estimated_wait == 4 * 150 // 3

    def test_with_nobody_at_work_it_cannot_be_told(self, at):
        statuses = ["unavailable", "break", "meal", "missed_call", "unresponsive", "offline"]
        menu = make_menu(agents=[make_agent(status=status) for status in statuses] + [make_agent(active=False)])
        make_call("queued", menu=menu, waits_since=at)
        assert estimate(menu, at) == Wait(None, queued=1, available_agents=0, longest_wait=0)

    def test_who_is_on_a_call_is_at_work_whatever_they_will_do_after_it(self, at):
        assert estimate(make_menu(agents=[on_call(status="meal")]), at).estimated_wait == 180

    def test_an_agent_who_is_offered_something_is_not_free(self, at):
        agent = make_agent()
        Engagement.objects.create(agent=agent, kind="offer")
        assert estimate(make_menu(agents=[agent]), at) == Wait(180, queued=0, available_agents=0)

    def test_an_agent_in_two_groups_is_one(self, at):
        agent = make_agent()
        menu = make_menu(agents=[agent])
        AgentGroup.objects.create(menu=menu, name="Group 2", position=1).agents.set([agent])
        assert estimate(menu, at).available_agents == 1

    def test_the_handle_time_is_that_of_the_last_fifty_finished_calls_of_the_queue(self, at):
        menu = make_menu(agents=[on_call()])
        finish_calls(menu, 9_000, *[60] * 50)
        finish_calls(make_menu("Other"), 5_000)
        finish_calls(menu, 5_000, status="failed")
        assert estimate(menu, at).estimated_wait == 60

    def test_the_longest_wait_is_that_of_the_oldest_call_and_only_of_this_queue(self, at):
        menu, other = make_menu(agents=[on_call()]), make_menu("Other")
        for seconds in (30, 75, 10):
            make_call("queued", menu=menu, waits_since=at - timedelta(seconds=seconds))
        make_call("queued", menu=other, waits_since=at - timedelta(hours=1))
        make_call("finished", menu=menu)
        wait = estimate(menu, at)
        assert (wait.queued, wait.longest_wait) == (3, 75)

    def test_a_call_handed_to_another_queue_waits_there(self, at):
        menu, other = make_menu(), make_menu("Other")
        make_call("queued", menu=menu, queue=other)
        assert (estimate(menu, at).queued, estimate(other, at).queued) == (0, 1)

    def test_many_menus_cost_as_many_queries_as_one(self, at, django_assert_num_queries):
        menus = [make_menu(agents=[make_agent(), on_call()]) for _ in range(5)]
        for menu in menus:
            make_call("queued", menu=menu)
            finish_calls(menu, 60)
        with django_assert_num_queries(3):
            waits = waiting.estimate([menu.pk for menu in menus], at)
        assert {wait.estimated_wait for wait in waits.values()} == {30}


@pytest.mark.parametrize(
    ("queued", "free", "at_work", "seconds"),
    [(0, 1, 1, 0), (0, 0, 1, 100), (5, 0, 4, 150), (5, 6, 6, 0), (6, 6, 7, 14), (9, 0, 0, None), (0, 0, 0, None)],
)
def test_a_wait_is_counted_in_whole_seconds(queued, free, at_work, seconds):
    assert estimate_wait(queued, free, at_work, 100.0) == seconds


@pytest.mark.parametrize(
    ("queued", "free", "at_work", "seconds", "many", "count"),
    [(0, 0, 1, 250, 9, 2), (0, 2, 2, 0, 9, 2), (0, 0, 1, 250, 1, 1), (3, 0, 1, 250, 9, 0), (3, 0, 0, 250, 9, 9)],
)
def test_so_many_who_come_at_once_wait_no_longer_than_that(queued, free, at_work, seconds, many, count):
    wait = Wait(0, queued=queued, available_agents=free, at_work=at_work, handle_time=100.0)
    assert wait.count_within(seconds, many) == count


class TestTheRequest:
    def test_it_says_how_things_stand(self, api):
        menu = make_menu(agents=[on_call()])
        make_call("queued", menu=menu)
        response = api.get(f"/menus/{menu.pk}/wait")
        assert response.status_code == 200
        assert response.json() == {"estimated_wait": 360, "queued": 1, "available_agents": 0}

    def test_where_nobody_is_at_work_the_wait_is_null(self, api):
        menu = make_menu()
        assert api.get(f"/menus/{menu.pk}/wait/").json() == {
            "estimated_wait": None, "queued": 0, "available_agents": 0,
        }  # fmt: skip

    def test_a_menu_nobody_knows_is_not_found(self, api):
        deleted = make_menu(deleted=True)
        for menu_id in (9999, deleted.pk, 10**30):
            response = api.get(f"/menus/{menu_id}/wait")
            assert response.status_code == 404
            assert response.json() == {"message": f"Menu {menu_id} is not found"}
            assert response.headers["X-Error-Code"] == "menu_not_found"

    def test_it_is_for_programs_with_a_token_and_only_to_read(self, api, client):
        menu = make_menu()
        assert client.get(f"/apps/api/v1/menus/{menu.pk}/wait").status_code == 401
        response = api.post(f"/menus/{menu.pk}/wait", {})
        assert (response.status_code, response.json()) == (405, {"message": "Method not allowed"})
        assert response.headers["Allow"] == "GET, HEAD"

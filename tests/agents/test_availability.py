"""Whose page is open, and who has vanished."""

import threading
import time
from datetime import timedelta

import pytest
from django.db import transaction

from agents import availability
from agents.models import Agent, Engagement, StatusChange
from ccai.times import now
from tests.calls.test_races import all_at_once
from tests.factories import look_for_pages, make_agent

pytestmark = pytest.mark.django_db

GONE = 60  # CCAI_AGENT_GONE_SECONDS


@pytest.fixture
def at():
    """The present. The web processes have been there for a while."""
    at = now()
    look_for_pages(at)
    return at


def seen(seconds_ago, at, **columns):
    return make_agent(seen_at=at - timedelta(seconds=seconds_ago), **columns)


def status_of(agent):
    return Agent.objects.get(pk=agent.pk).status


def test_an_agent_whose_page_is_gone_for_a_minute_is_unresponsive_with_a_line_in_the_history(at):
    ana = seen(GONE, at)
    assert availability.miss_vanished(at) == 0
    assert availability.miss_vanished(at + timedelta(milliseconds=1)) == 1
    assert status_of(ana) == "unresponsive"
    assert StatusChange.objects.get().status == "unresponsive"
    look_for_pages(at + timedelta(hours=1))
    assert availability.miss_vanished(at + timedelta(hours=1)) == 0


def test_how_long_that_takes_is_a_setting(at, settings):
    settings.CCAI_AGENT_GONE_SECONDS = 10
    ana = seen(11, at)
    availability.miss_vanished(at)
    assert status_of(ana) == "unresponsive"


def test_who_never_opened_the_page_is_not_missed(at):
    agents = [make_agent(), make_agent(auto_answer=True)]
    look_for_pages(at + timedelta(days=1))
    assert availability.miss_vanished(at + timedelta(days=1)) == 0
    assert {status_of(agent) for agent in agents} == {"available"}


@pytest.mark.parametrize("status", ["unavailable", "break", "meal", "wrap_up", "missed_call", "offline"])
def test_who_is_not_available_is_not_missed(at, status):
    ana = seen(GONE + 1, at, status=status)
    assert availability.miss_vanished(at) == 0
    assert status_of(ana) == status


def test_who_is_on_a_call_is_missed_only_after_it(at):
    ana = seen(GONE + 1, at)
    engagement = Engagement.objects.create(agent=ana, kind="call")
    assert availability.miss_vanished(at) == 0
    availability.release([engagement.pk], at)
    assert availability.miss_vanished(at) == 1


@pytest.mark.parametrize("kind", ["offer", "dial_prompt"])
def test_what_is_only_held_out_to_them_does_not_keep_the_vanished(at, kind):
    ana = seen(GONE + 1, at)
    Engagement.objects.create(agent=ana, kind=kind)
    assert availability.miss_vanished(at) == 1
    assert status_of(ana) == "unresponsive"


def test_while_the_web_processes_are_down_nobody_is_missed_and_then_all_have_time_to_come_back(at):
    ana, ben = seen(0, at), seen(0, at)
    down_until = at + timedelta(seconds=GONE + 30)
    for seconds in range(GONE + 31):
        assert availability.miss_vanished(at + timedelta(seconds=seconds)) == 0
    look_for_pages(down_until + timedelta(seconds=GONE), seconds=GONE)
    availability.mark_seen([ana.pk], down_until + timedelta(seconds=15))
    assert availability.miss_vanished(down_until + timedelta(seconds=GONE - 1)) == 0
    assert availability.miss_vanished(down_until + timedelta(seconds=GONE)) == 1
    assert (status_of(ana), status_of(ben)) == ("available", "unresponsive")


def test_where_it_cannot_be_told_whether_they_are_down_nobody_is_missed(at, no_redis):
    ana = seen(GONE + 1, at)
    assert availability.miss_vanished(at) == 0
    assert status_of(ana) == "available"


def test_being_seen_keeps_an_agent_available(at):
    ana, ben, eve = seen(GONE, at), seen(GONE, at), seen(GONE, at)
    availability.mark_seen([ana.pk, ben.pk], at)
    later = at + timedelta(seconds=GONE)
    look_for_pages(later)
    assert availability.miss_vanished(later) == 1
    assert [status_of(one) for one in (ana, ben, eve)] == ["available", "available", "unresponsive"]


def test_marking_agents_seen_is_one_update_however_many_they_are(at, django_assert_num_queries):
    agents = [make_agent().pk for _ in range(20)]
    with django_assert_num_queries(3):  # with the transaction around it
        availability.mark_seen(agents, at)
    assert set(Agent.objects.values_list("seen_at", flat=True)) == {at}


def test_an_offer_that_came_to_nothing_makes_nobody_less_idle(at):
    ana, ben = make_agent(), make_agent()
    Agent.objects.update(idle_since=at - timedelta(minutes=9))
    offer = Engagement.objects.create(agent=ana, kind="offer")
    call = Engagement.objects.create(agent=ben, kind="call")
    availability.release([offer.pk, call.pk], at)
    assert Agent.objects.get(pk=ana.pk).idle_since == at - timedelta(minutes=9)
    assert Agent.objects.get(pk=ben.pk).idle_since == at
    assert not Engagement.objects.filter(ended_at=None).exists()


def test_only_those_who_are_available_have_missed_a_call(at):
    ana, ben = make_agent(), make_agent(status="break")
    availability.miss_calls([ana.pk, ben.pk], at)
    assert (status_of(ana), status_of(ben)) == ("missed_call", "break")


def test_a_status_is_set_only_from_those_it_may_follow(at):
    ana = make_agent(status="meal")
    assert availability.set_status(ana, "unresponsive", at, only_from=["available"]) is False
    assert (status_of(ana), StatusChange.objects.count()) == ("meal", 0)
    assert availability.set_status(ana, "unresponsive", at, only_from=["available", "meal"]) is True
    assert status_of(ana) == "unresponsive"


def test_a_call_that_ended_a_while_ago_writes_the_history_on_and_not_behind_what_was_read(at, settings):
    settings.CCAI_WRAP_UP_SECONDS = 30
    ana = make_agent(status="break")
    availability.set_status(ana, "available", at)
    ended_at = at - timedelta(seconds=20)
    availability.begin_wrap_ups([ana.pk], ended_at)
    read, written = StatusChange.objects.order_by("pk")
    assert (written.status, written.at >= read.at) == ("wrap_up", True)
    ana.refresh_from_db()
    assert (ana.status_since, ana.wrap_up_until) == (written.at, ended_at + timedelta(seconds=30))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("verb", [availability.begin_wrap_ups, availability.miss_calls])
def test_what_an_agent_chooses_at_the_same_moment_holds(settings, verb):
    settings.CCAI_WRAP_UP_SECONDS = 5
    ana = make_agent()
    chosen = threading.Event()

    def choose():
        with transaction.atomic():
            availability.set_status(ana, "break")
            chosen.set()
            time.sleep(0.3)  # until the clock has read who is available, and wants to write

    def tick():
        chosen.wait()
        verb([ana.pk], now())

    assert all_at_once(choose, tick) == [None, None]
    assert status_of(ana) == "break"
    assert list(StatusChange.objects.values_list("status", flat=True)) == ["break"]
    assert Agent.objects.get().wrap_up_until is None

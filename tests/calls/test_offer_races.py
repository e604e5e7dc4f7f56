"""Agents, the clock's steps and several workers at the same offers at once: nobody waits for ever, and all adds up."""

import random
import time
from collections import Counter
from datetime import timedelta

import pytest

from agents import availability
from agents.models import Agent, Engagement
from calls import offers
from calls.models import Call, Offer, Participant
from ccai.errors import Refused
from ccai.times import now
from tests.calls.test_races import all_at_once
from tests.factories import make_agent, make_call, make_center, make_menu

pytestmark = pytest.mark.django_db(transaction=True)

SECONDS = 2  # how long they all work


def queue_calls(menu, count):
    for _ in range(count):
        make_call("queued", menu=menu, offer_type=menu.offer_type, cast_until=now())


def again_and_again(work):
    """A task that does `work` with 0, 1, 2 … until the time is over."""

    def task():
        turn, end = 0, time.monotonic() + SECONDS
        while time.monotonic() < end:
            work(turn)
            turn += 1

    return task


def answer(turn):
    """Agents accept or decline what is open, as it comes."""
    for offer in Offer.objects.filter(status="open").select_related("agent__user").order_by("?")[:2]:
        try:
            random.choice([offers.accept, offers.decline, offers.decline])(offer)
        except Refused:
            continue


def step(turn):
    """What a worker does with offers, in a time that goes faster than the clock."""
    at = now() + timedelta(seconds=2 * turn)
    for one in (offers.lapse, offers.withdraw_from_vanished, offers.advance, offers.hold_out):
        one(at)
    offers.answer_automatically(at)


def look(turn):
    """The agents' pages are seen; who has missed a call comes back, and one agent or another vanishes."""
    availability.mark_seen(list(Agent.objects.values_list("pk", flat=True)), now())
    for agent in Agent.objects.filter(status__in=["missed_call", "unresponsive"]):
        availability.set_status(agent, "available")
    availability.set_status(Agent.objects.order_by("?").first(), "unresponsive")


@pytest.mark.parametrize("offer_type", ["cascade", "multicast", "deltacast"])
def test_whoever_works_at_the_same_offers_at_once_all_get_through(offer_type):
    make_center()
    agents = [make_agent(auto_answer=number % 5 == 0) for number in range(15)]
    menus = [make_menu(name, agents=agents, offer_type=offer_type) for name in ("Sales", "Service")]
    for menu in menus:
        queue_calls(menu, 10)
    tasks = [again_and_again(work) for work in (*[step] * 3, *[answer] * 4, look)]
    assert all_at_once(*tasks) == [None] * 8

    taken = Call.objects.filter(status="assigned")
    assert taken.exists()
    assert set(Counter(taken.values_list("agent", flat=True)).values()) == {1}
    assert taken.count() == Participant.objects.filter(type="agent").count()
    assert taken.count() == Offer.objects.filter(status="accepted").count()
    engaged = Counter(Engagement.objects.filter(ended_at=None).values_list("kind", flat=True))
    assert engaged["call"] == taken.count()
    assert engaged["offer"] == Offer.objects.filter(status="open").count()
    assert not Offer.objects.filter(status="open").exclude(call__status="queued").exists()

"""Offers in the hands of agents: taken, declined, too late."""

import pytest

from agents.models import Agent, Engagement
from calls import offers
from calls.models import Call, Offer
from ccai.errors import Refused
from tests.factories import make_agent, make_menu

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("center")]


@pytest.fixture
def agents():
    return [make_agent(), make_agent()]


@pytest.fixture
def call(api, clock, agents):
    """A call that is offered to both agents."""
    menu = make_menu(agents=agents)
    body = api.post("/calls", {"call_type": "IncomingCall", "menu_id": menu.pk, "end_user_number": "+12025550123"})
    clock.tick()
    return Call.objects.get(pk=body.json()["id"])


def offer_of(agent):
    return Offer.objects.get(agent=agent, status="open")


def engaged():
    return set(Engagement.objects.filter(ended_at=None).values_list("agent_id", "kind"))


def test_an_accepted_call_is_the_agents_and_nobody_elses(call, agents, api, clock):
    mine, theirs = agents
    clock.jump(4)
    offers.accept(offer_of(mine))
    assert dict(Offer.objects.values_list("agent_id", "status")) == {mine.pk: "accepted", theirs.pk: "withdrawn"}
    assert engaged() == {(mine.pk, "call")}
    body = api.get(f"/calls/{call.pk}").json()
    assert (body["status"], body["answer_type"], body["wait_duration"]) == ("assigned", "manual", 4)
    assert body["agent_info"]["id"] == mine.pk
    assert [one["user_id"] for one in body["participants"]] == [None, mine.pk]
    clock.pass_by(8)
    assert Call.objects.get(pk=call.pk).status == "finished"
    assert engaged() == set()


def test_who_comes_too_late_is_told_so(call, agents):
    late = offer_of(agents[1])
    offers.accept(offer_of(agents[0]))
    with pytest.raises(Refused, match="This offer is gone"):
        offers.accept(late)
    with pytest.raises(Refused, match="This offer is gone"):
        offers.decline(late)
    assert Call.objects.get(pk=call.pk).agent == agents[0]


def test_an_offer_that_lapsed_cannot_be_taken(call, agents, clock):
    lapsed = offer_of(agents[0])
    clock.pass_by(20)
    with pytest.raises(Refused, match="This offer is gone"):
        offers.accept(lapsed)
    assert Call.objects.get(pk=call.pk).status == "queued"


def test_who_declined_is_free_and_is_asked_again_only_in_the_next_round(call, agents, clock):
    offers.decline(offer_of(agents[0]))
    assert engaged() == {(agents[1].pk, "offer")}
    clock.pass_by(10)
    assert engaged() == {(agents[1].pk, "offer")}
    clock.pass_by(10)
    assert engaged() == {(agents[0].pk, "offer"), (agents[1].pk, "offer")}
    assert Offer.objects.filter(agent=agents[0], status="open", round=2).exists()


def test_an_agent_idle_longest_is_preferred_after_a_call(call, agents, clock):
    offers.accept(offer_of(agents[0]))
    clock.pass_by(9)
    first, second = Agent.objects.order_by("idle_since")
    assert (first, second) == (agents[1], agents[0])

"""Offers in the hands of agents: by cascade, multicast and deltacast; taken, declined, too late, lost."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from agents import availability
from agents.availability import set_status
from agents.models import Agent, Engagement
from calls import offers
from calls.models import Call, Offer, Transfer
from ccai.errors import Refused
from ccai.times import now
from tests.calls.casts import asked, groups_cast_to, make_agents, make_groups, status_of
from tests.calls.posting import post_inbound
from tests.factories import look_for_pages, make_agent, make_call, make_menu

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


class TestMulticast:
    @pytest.fixture
    def agents(self):
        return make_agents(3)

    @pytest.fixture
    def menu(self, agents):
        return make_groups((agents[:1], 20), (agents[1:], 30), offer_type="multicast")

    def test_everybody_of_all_groups_is_asked_at_once_and_the_first_wins(self, api, clock, menu, agents):
        body = post_inbound(api, menu)
        assert body["offer_type"] == "multicast"
        assert [event["group"] for event in body["offer_events"]] == ["Group 1", "Group 2"]
        clock.tick()
        assert set(asked()) == set(agents)
        offers.accept(offer_of(agents[2]))
        assert Call.objects.get().agent == agents[2]
        assert engaged() == {(agents[2].pk, "call")}

    def test_who_declined_is_asked_again_when_the_longest_timeout_is_over(self, api, clock, menu, agents):
        body = post_inbound(api, menu)
        clock.tick()
        offers.decline(offer_of(agents[0]))
        clock.pass_by(29)
        assert set(asked()) == set(agents[1:])
        clock.pass_by(1)
        assert set(asked()) == set(agents)
        assert groups_cast_to(body["id"]) == ["Group 1", "Group 2"]


class TestDeltacast:
    @pytest.fixture
    def agents(self):
        return make_agents(5)

    @pytest.fixture
    def menu(self, agents):
        """Two groups; the agent idle longest is in the second."""
        return make_groups((agents[1:3], 20), ([agents[0], *agents[3:]], 30), offer_type="deltacast")

    def test_the_longest_idle_of_all_groups_is_asked_alone(self, api, clock, menu, agents):
        post_inbound(api, menu)
        clock.tick()
        assert asked() == [agents[0]]
        offer = offer_of(agents[0])
        assert (offer.alone, offer.group, offer.expires_at) == (True, "Group 2", now() + timedelta(seconds=30))
        offers.accept(offer)
        assert Call.objects.get().agent == agents[0]

    def test_who_lets_it_lapse_has_missed_it_and_the_next_is_asked_at_once(self, api, clock, menu, agents):
        post_inbound(api, menu)
        clock.tick()
        clock.pass_by(29)
        assert asked() == [agents[0]]
        clock.pass_by(1)
        assert asked() == [agents[1]]
        assert status_of(agents[0]) == "missed_call"
        assert offer_of(agents[1]).expires_at == now() + timedelta(seconds=20)
        with pytest.raises(Refused, match="This offer is gone"):
            offers.accept(Offer.objects.get(agent=agents[0]))

    def test_who_chose_another_status_meanwhile_keeps_it(self, api, clock, menu, agents):
        post_inbound(api, menu)
        clock.tick()
        set_status(agents[0], "break")
        clock.pass_by(30)
        assert status_of(agents[0]) == "break"

    def test_who_declines_is_not_asked_again_in_turn_and_has_missed_nothing(self, api, clock, menu, agents):
        post_inbound(api, menu)
        clock.tick()
        offers.decline(offer_of(agents[0]))
        clock.tick()
        assert asked() == [agents[1]]
        assert status_of(agents[0]) == "available"
        clock.pass_by(20)
        assert asked() == [agents[2]]

    def test_after_three_have_missed_it_all_are_asked_at_once_for_good(self, api, clock, menu, agents):
        post_inbound(api, menu)
        clock.tick()
        for timeout in (30, 20, 20):
            clock.jump(timeout)
            clock.tick()
        assert set(asked()) == set(agents[3:])
        assert not Offer.objects.filter(status="open", alone=True).exists()
        set_status(agents[0], "available")
        clock.tick()
        assert set(asked()) == {agents[0], *agents[3:]}
        clock.jump(30)
        clock.tick()
        assert set(asked()) == {agents[0], *agents[3:]}
        assert {status_of(agent) for agent in agents[3:]} == {"available"}

    def test_where_each_has_missed_it_all_are_asked_at_once(self, api, clock):
        ana, ben = make_agents(2)
        post_inbound(api, make_groups(([ana, ben], 20), offer_type="deltacast"))
        clock.tick()
        for _ in range(2):
            clock.jump(20)
            clock.tick()
        assert Call.objects.get().cast_round == 2
        set_status(ana, "available")
        clock.tick()
        assert asked() == [ana]

    def test_with_nobody_left_to_ask_it_waits_for_a_timeout_and_is_then_for_all(self, api, clock):
        ana, ben = make_agents(2)
        set_status(ben, "meal")
        post_inbound(api, make_groups(([ana, ben], 20), offer_type="deltacast"))
        clock.tick()
        clock.pass_by(5)
        offers.decline(offer_of(ana))
        clock.pass_by(19)
        assert asked() == []
        clock.pass_by(1)
        assert asked() == [ana]
        assert not Offer.objects.get(status="open").alone

    def test_an_agent_who_becomes_free_in_that_time_is_asked_alone(self, api, clock):
        ana, ben = make_agents(2)
        set_status(ben, "meal")
        post_inbound(api, make_groups(([ana, ben], 20), offer_type="deltacast"))
        clock.tick()
        offers.decline(offer_of(ana))
        clock.pass_by(19)
        set_status(ben, "available")
        clock.tick()
        assert asked() == [ben]
        clock.pass_by(19)
        assert asked() == [ben]
        assert Offer.objects.get(status="open").alone

    def test_an_agent_idle_longest_who_answers_by_themselves_has_it(self, api, clock):
        ana, ben = make_agents(2)
        Agent.objects.filter(pk=ben.pk).update(auto_answer=True)
        menu = make_groups(([ana, ben], 20), offer_type="deltacast")
        post_inbound(api, menu)
        clock.tick()
        assert asked() == [ana]
        post_inbound(api, menu)
        clock.tick()
        assert asked() == [ana]
        assert Call.objects.order_by("pk").last().agent == ben

    def test_calls_that_come_together_are_asked_about_side_by_side(self, api, clock, menu, agents):
        for _ in range(2):
            post_inbound(api, menu)
        clock.tick()
        assert asked() == agents[:2]


class TestTheQueue:
    def test_calls_are_served_by_priority_then_by_their_time_in_the_queue(self, clock):
        (ana,) = make_agents(1)
        menu = make_menu(agents=[ana])
        at = now()
        waiting = {"cast_level": 1, "cast_round": 1, "cast_until": at + timedelta(hours=1), "menu": menu}
        late, early, urgent, same = (
            make_call("queued", priority=priority, waits_since=at - timedelta(minutes=minutes), **waiting)
            for priority, minutes in ((0, 1), (0, 9), (5, 2), (0, 9))
        )
        served = []
        for _ in range(4):
            clock.tick()
            offer = offer_of(ana)
            served.append(offer.call)
            offers.leave_queue([offer.call], "failed", cause="test", at=now(), fail_reason="eu_abandoned")
        assert served == [urgent, early, same, late]

    def test_an_agent_who_becomes_free_is_first_offered_what_nobody_is_offered(self, api, clock):
        ana, ben = make_agents(2)
        set_status(ben, "meal")
        menu = make_menu(agents=[ana, ben])
        first, second = (post_inbound(api, menu)["id"] for _ in range(2))
        clock.tick()
        assert offer_of(ana).call_id == first
        set_status(ben, "available")
        clock.tick()
        assert offer_of(ben).call_id == second

    def test_a_call_offered_to_one_who_answers_by_themselves_is_offered_to_nobody_else(self, api, clock):
        ana, ben = make_agents(2)
        Agent.objects.filter(pk=ana.pk).update(auto_answer=True)
        post_inbound(api, make_menu(agents=[ana, ben]))
        clock.tick()
        assert list(Offer.objects.values_list("agent", "status")) == [(ana.pk, "accepted")]

    def test_agents_of_several_queues_are_all_given_something_to_do(self, api, clock):
        agents = make_agents(70)
        menus = [make_menu(f"Menu {number}", agents=agents) for number in range(3)]
        for number in range(60):
            make_call(
                "queued", menu=menus[number % 3], cast_level=1, cast_round=1, cast_until=now() + timedelta(hours=1)
            )
        clock.tick()
        assert set(asked()) == set(agents)
        assert Offer.objects.values("call").distinct().count() == 60


class TestTheVanished:
    @pytest.fixture
    def agents(self):
        return make_agents(2)

    @pytest.mark.parametrize("offer_type", ["cascade", "multicast", "deltacast"])
    def test_what_a_vanished_agent_was_offered_goes_to_another_at_once(self, api, clock, agents, offer_type):
        vanished, other = agents
        set_status(other, "meal")
        post_inbound(api, make_groups(([vanished, other], 300), offer_type=offer_type))
        clock.tick()
        assert asked() == [vanished]
        availability.mark_seen([vanished.pk], now())
        set_status(other, "available")
        clock.jump(61)
        look_for_pages(now())
        clock.tick()
        assert status_of(vanished) == "unresponsive"
        assert asked() == [other]
        assert Offer.objects.get(agent=vanished).status == "withdrawn"
        assert engaged() == {(other.pk, "offer")}

    def test_who_may_not_log_in_any_more_holds_no_offer(self, api, clock, agents):
        dismissed, other = agents
        post_inbound(api, make_menu(agents=agents))
        clock.tick()
        type(dismissed.user).objects.filter(pk=dismissed.user_id).update(is_active=False)
        clock.tick()
        assert asked() == [other]

    def test_who_says_that_they_are_offline_holds_no_offer(self, api, clock, agents):
        post_inbound(api, make_menu(agents=agents))
        clock.tick()
        set_status(agents[0], "offline")
        clock.tick()
        assert asked() == [agents[1]]

    def test_whose_page_is_open_keeps_the_offer(self, api, clock, agents):
        post_inbound(api, make_groups((agents, 300)))
        for _ in range(5):
            availability.mark_seen([agent.pk for agent in agents], now())
            clock.jump(30)
            look_for_pages(now())
            clock.tick()
        assert set(asked()) == set(agents)
        assert Offer.objects.count() == 2

    def test_offers_by_a_transfer_are_left_to_the_transfer(self, clock, agents):
        call = make_call("connected", agent=agents[0])
        transfer = Transfer.objects.create(call=call)
        engagement = Engagement.objects.create(agent=agents[1], kind="offer")
        offer = Offer.objects.create(
            call=call, agent=agents[1], engagement=engagement, transfer=transfer, alone=True, round=0, level=0,
            expires_at=now() - timedelta(seconds=1),
        )  # fmt: skip
        set_status(agents[1], "unresponsive")
        assert offers.lapse(now()) == offers.withdraw_from_vanished(now()) == 0
        assert Offer.objects.get(pk=offer.pk).status == "open"


class TestWhatTheDatabaseRefuses:
    @staticmethod
    def offer(call, agent, **columns):
        engagement = Engagement.objects.create(agent=agent, kind="offer")
        return Offer.objects.create(call=call, agent=agent, engagement=engagement, round=1, level=1, **columns)

    @pytest.fixture
    def queued(self):
        return make_call("queued")

    def test_a_second_open_engagement_of_an_agent(self, queued):
        ana = make_agent()
        self.offer(queued, ana)
        with pytest.raises(IntegrityError), transaction.atomic():
            self.offer(make_call("queued", menu=queued.menu), ana)

    def test_a_second_offer_of_a_call_that_one_agent_is_asked_about_alone(self, queued):
        self.offer(queued, make_agent(), alone=True)
        with pytest.raises(IntegrityError), transaction.atomic():
            self.offer(queued, make_agent(), alone=True)

    def test_a_second_open_offer_of_a_call_to_one_agent(self, queued):
        ana = make_agent()
        offer = self.offer(queued, ana)
        Engagement.objects.update(ended_at=now())
        with pytest.raises(IntegrityError), transaction.atomic():
            self.offer(queued, ana)
        Offer.objects.filter(pk=offer.pk).update(status="expired", settled_at=now())
        self.offer(queued, ana)

"""Group after group is asked: a cascade, in the hands of agents who answer by hand."""

from datetime import timedelta

import pytest

from agents.availability import set_status
from agents.models import Engagement, Language
from calls import offers
from calls.models import Call, Offer, OfferEvent, Participant
from ccai.times import now
from menus.models import AgentGroup
from tests.calls.casts import asked, groups_cast_to, make_agents, make_groups, status_of
from tests.calls.posting import post_inbound
from tests.calls.talking import offer_to
from tests.factories import make_agent, make_menu

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("center")]


class TestCascade:
    def test_a_group_nobody_of_is_free_is_passed_over_at_once(self, api, clock):
        first, second, third = make_agents(3)
        set_status(first, "meal")
        Engagement.objects.create(agent=second, kind="call")
        body = post_inbound(api, make_groups(([first], 20), ([second], 20), ([third], 20)))
        assert [event["group"] for event in body["offer_events"]] == ["Group 1"]
        clock.tick()
        assert asked() == [third]
        assert groups_cast_to(body["id"]) == ["Group 1", "Group 2", "Group 3"]

    def test_who_polls_for_changes_sees_the_next_group_and_no_change_where_there_is_none(self, api, clock):
        first, second = make_agents(2)
        body = post_inbound(api, make_groups(([first], 20), ([second], 20)))
        clock.tick()
        seen = []
        for _ in range(2):
            clock.jump(20)
            offers.advance(now())
            seen.append((groups_cast_to(body["id"]), Call.objects.get().updated_at == now()))
        assert seen == [(["Group 1", "Group 2"], True), (["Group 1", "Group 2"], False)]

    def test_the_last_group_has_its_time_though_nobody_of_it_is_free(self, api, clock):
        first, second = make_agents(2)
        set_status(second, "meal")
        body = post_inbound(api, make_groups(([first], 20), ([second], 30)))
        clock.tick()
        clock.pass_by(20)
        assert asked() == [first]
        call = Call.objects.get(pk=body["id"])
        assert (call.cast_level, call.cast_round) == (2, 1)
        clock.pass_by(29)
        assert Call.objects.get().cast_round == 1
        clock.pass_by(1)
        assert Call.objects.get().cast_round == 2

    def test_with_nobody_free_the_rounds_do_not_spin(self, api, clock):
        agents = make_agents(2)
        for agent in agents:
            set_status(agent, "meal")
        post_inbound(api, make_groups(([agents[0]], 20), ([agents[1]], 20)))
        clock.tick()
        for _ in range(3):
            clock.jump(20)
            clock.tick()
        assert Call.objects.get().cast_round == 4

    def test_a_newly_free_agent_of_an_earlier_group_comes_first(self, api, clock):
        idle, newly_free = make_agents(2)
        menu = make_groups(([newly_free], 20), ([idle], 20))
        for agent in (idle, newly_free):
            set_status(agent, "meal")
        post_inbound(api, menu)
        clock.pass_by(1)
        for agent in (idle, newly_free):
            set_status(agent, "available")
            clock.jump(1)
        clock.tick()
        assert asked() == [newly_free, idle]

    def test_an_offer_says_until_when_it_stands(self, api, clock):
        (ana,) = make_agents(1)
        post_inbound(api, make_groups(([ana], 25)))
        clock.tick()
        assert offer_to(ana).expires_at == now() + timedelta(seconds=25)
        clock.pass_by(25)
        assert Offer.objects.order_by("pk").first().status == "expired"
        assert offer_to(ana).expires_at == now() + timedelta(seconds=25)
        assert status_of(ana) == "available"

    def test_agents_of_a_group_made_later_are_asked_too(self, api, clock):
        menu = make_menu()
        body = post_inbound(api, menu)
        assert body["offer_events"] == []
        (ana,) = make_agents(1)
        AgentGroup.objects.create(menu=menu, name="Late").agents.set([ana])
        clock.pass_by(5)
        assert asked() == [ana]
        assert groups_cast_to(body["id"]) == ["Late"]


class TestManualAgents:
    @pytest.fixture
    def groups(self):
        """A menu whose two groups have one manual agent each, with 20 and 30 seconds to answer."""
        first, second = make_agent(), make_agent()
        menu = make_menu(agents=[first])
        group = AgentGroup.objects.create(menu=menu, name="Group 2", position=1, timeout_seconds=30)
        group.agents.add(second)
        return menu, first, second

    @staticmethod
    def offered(status="open"):
        return set(Offer.objects.filter(status=status).values_list("agent_id", flat=True))

    def test_group_after_group_joins_and_the_round_begins_again(self, api, clock, groups):
        menu, first, second = groups
        call_id = post_inbound(api, menu)["id"]
        clock.tick()
        assert self.offered() == {first.pk}
        clock.pass_by(19)
        assert self.offered() == {first.pk}
        clock.pass_by(1)
        assert self.offered() == {first.pk, second.pk}
        clock.pass_by(30)
        assert self.offered() == {first.pk}
        names = list(OfferEvent.objects.filter(call=call_id).order_by("pk").values_list("group", flat=True))
        assert names == ["Group 1", "Group 2"]
        clock.pass_by(20)
        assert OfferEvent.objects.filter(call=call_id).count() == 2
        assert Offer.objects.filter(status="expired").count() == 4

    def test_a_group_without_active_agents_is_not_cast_to(self, api, clock, groups):
        menu, first, second = groups
        type(first.user).objects.filter(pk=first.user_id).update(is_active=False)
        body = post_inbound(api, menu)
        assert [event["group"] for event in body["offer_events"]] == ["Group 2"]
        clock.tick()
        assert self.offered() == {second.pk}

    def test_the_first_group_is_named_even_where_its_agents_are_busy(self, api, clock, groups):
        menu, first, second = groups
        set_status(first, "break")
        body = post_inbound(api, menu)
        assert [event["group"] for event in body["offer_events"]] == ["Group 1"]
        clock.tick()
        assert self.offered() == {second.pk}

    def test_an_agent_who_comes_back_is_offered_what_waits(self, api, clock, groups):
        menu, first, second = groups
        set_status(first, "break")
        post_inbound(api, menu)
        clock.pass_by(5)
        set_status(first, "available")
        clock.tick()
        assert self.offered() == {first.pk, second.pk}

    def test_who_speaks_another_language_is_not_asked(self, api, clock, groups):
        menu, first, _second = groups
        first.languages.add(Language.objects.create(code="ko"))
        post_inbound(api, menu)
        clock.tick()
        assert self.offered() == set()

    def test_an_agent_is_engaged_by_one_thing_at_a_time(self, api, clock, groups):
        menu, first, _second = groups
        post_inbound(api, menu)
        post_inbound(api, menu, "+1 202-555-0124")
        clock.tick()
        assert Offer.objects.filter(agent=first, status="open").count() == 1
        refused = api.post(
            "/calls",
            {"call_type": "OutboundCall", "agent_email": first.user.email, "end_user_number": "+1 202-555-0125"},
        )
        assert refused.json() == {"message": "Agent is not available to take this call"}

    def test_participants_see_the_agent_only_once_it_is_taken(self, api, clock, groups):
        menu, _first, _second = groups
        call_id = post_inbound(api, menu)["id"]
        clock.tick()
        assert Participant.objects.filter(call=call_id).count() == 1

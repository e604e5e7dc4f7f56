"""The next call for an agent who becomes free: the right one, and for the same price however long the queue is."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agents.models import Agent, Engagement, Language, OutboundNumber
from calls import next_call, offers, routing, services
from calls.models import Call, Offer
from ccai.times import now
from menus.models import AgentGroup
from tests.factories import make_agent, make_call, make_menu

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("center")]


def queue_calls(menu, count, **columns):
    at = now()
    columns = {"cast_level": 1, "cast_round": 1, "cast_until": at + timedelta(hours=1), **columns}
    return Call.objects.bulk_create(
        make_call("queued", menu=menu, save=False, waits_since=at - timedelta(seconds=count - number), **columns)
        for number in range(count)
    )


def free_again():
    """Whoever is engaged is free, and nothing is offered."""
    Offer.objects.all().delete()
    Engagement.objects.all().delete()


def cost_of_holding_out(offered):
    """The verbs of the statements it takes; BEGIN, SAVEPOINT and SET are not counted."""
    with CaptureQueriesContext(connection) as queries:
        assert offers.hold_out(now()) == offered
    verbs = [query["sql"].split(" ")[0] for query in queries.captured_queries]
    return [verb for verb in verbs if verb in ("SELECT", "INSERT", "UPDATE")]


@pytest.mark.parametrize("offer_type", ["cascade", "multicast", "deltacast"])
def test_five_hundred_waiting_calls_cost_a_free_agent_no_more_queries_than_five(offer_type):
    agent = make_agent()
    menu = make_menu(agents=[agent], offer_type=offer_type)
    first = queue_calls(menu, 5, offer_type=offer_type)[0]
    among_five = cost_of_holding_out(1)
    assert Offer.objects.get().call == first
    free_again()
    queue_calls(menu, 495, offer_type=offer_type)
    assert cost_of_holding_out(1) == among_five
    assert len(among_five) <= 13


def test_where_nothing_waits_free_agents_cost_one_query():
    make_menu(agents=[make_agent() for _ in range(5)])
    assert cost_of_holding_out(0) == ["SELECT"]


def test_every_call_has_a_first_agent_before_any_has_a_second_however_many_are_free():
    agents = [make_agent() for _ in range(60)]
    calls = queue_calls(make_menu(agents=agents), 55)
    assert offers.hold_out(now()) == 60
    assert [offer.call for offer in Offer.objects.order_by("pk")[:55]] == calls
    assert [offer.call for offer in Offer.objects.order_by("pk")[55:]] == calls[:5]


def test_a_call_is_for_the_groups_it_is_cast_to():
    first, second = make_agent(), make_agent()
    menu = make_menu(agents=[make_agent(active=False)])
    for position, agent in enumerate((first, second), start=1):
        AgentGroup.objects.create(menu=menu, name=f"Next {position}", position=position).agents.set([agent])
    queue_calls(menu, 2)
    (wider,) = queue_calls(menu, 1, cast_level=2)
    offers.hold_out(now())
    assert Offer.objects.get(agent=second).call == wider
    assert Offer.objects.get(agent=second).group == "Next 2"
    assert Offer.objects.get(agent=first).call != wider


def test_a_call_the_clock_has_not_looked_at_yet_is_offered_to_nobody():
    queue_calls(make_menu(agents=[make_agent()]), 1, cast_round=0)
    assert offers.hold_out(now()) == 0


def test_what_an_agent_declined_is_stepped_over_in_that_round_alone():
    agent = make_agent()
    first, second = queue_calls(make_menu(agents=[agent]), 2)
    for call in (first, second):
        offers.hold_out(now())
        offer = Offer.objects.get(status="open")
        assert offer.call == call
        offers.decline(offer)
    assert offers.hold_out(now()) == 0
    Call.objects.filter(pk=first.pk).update(cast_round=2)
    offers.hold_out(now())
    assert Offer.objects.get(status="open").call == first


def test_who_had_it_and_gave_it_back_is_asked_again_in_the_next_round():
    agent = make_agent()
    (call,) = queue_calls(make_menu(agents=[agent]), 1)
    offers.hold_out(now())
    services.give_back(offers.accept(Offer.objects.get()), cause="test")
    assert offers.hold_out(now()) == 0
    Call.objects.filter(pk=call.pk).update(cast_round=2)
    assert offers.hold_out(now()) == 1


codes = st.sampled_from(["en", "en-US", "en-GB", "es", "es-419", "ko"])
numbers = st.sampled_from(["+13392195276", "+17608675309"])


@given(
    st.lists(st.tuples(st.sets(codes, max_size=2), st.sets(numbers, max_size=2)), min_size=1, max_size=3),
    st.tuples(codes, st.one_of(st.just(""), numbers)),
    st.sets(st.integers(0, 2)),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
def test_the_database_finds_a_call_for_those_who_may_take_it_by_the_rule(facts, wanted, passed_over):
    free_again()
    Call.objects.all().delete()
    for code in ("en", "en-US", "en-GB", "es", "es-419", "ko"):
        Language.objects.get_or_create(code=code)
    menu = make_menu()
    group = AgentGroup.objects.create(menu=menu, name="Group 1")
    agents = []
    for spoken, shown in facts:
        agent = make_agent()
        agent.languages.set(spoken)
        agent.outbound_numbers.set(OutboundNumber.objects.get_or_create(number=number)[0] for number in shown)
        agents.append(agent)
    group.agents.set(agents)
    lang, number = wanted
    (call,) = queue_calls(menu, 1, lang=lang, outbound_number=number)
    for index in passed_over & set(range(len(agents))):
        engagement = Engagement.objects.create(agent=agents[index], kind="offer", ended_at=now())
        Offer.objects.create(
            call=call, agent=agents[index], engagement=engagement, round=1, level=1, status="declined", settled_at=now()
        )

    groups = offers.groups_with_agents([menu.pk])
    found = {agent.pk for agent in agents if next_call.lock_next([agent.pk], groups, fresh=True)}
    (waiting,) = next_call.facts_of_calls([call], groups)
    may = {
        facts.agent_id for facts in next_call.facts_of_agents(Agent.objects.all()) if routing.may_take(facts, waiting)
    }
    assert found == may & {agent.pk for agent in agents}

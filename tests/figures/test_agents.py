"""What an agent did in a stretch of time, against a small day worked out by hand.

    10:00:00 available ··························  (nothing is known of before: offline)
    10:10:00 is offered a call and takes it (10:10:05); the end user is on at 10:10:10
    10:12:00 to 10:12:30 music
    10:15:10 the call ends                          talk 4:30, hold 0:30
    10:15:10 wrap-up
    10:16:10 available                              wrap-up 1:00
    10:20:00 is offered a call and misses it (10:20:15: missed_call)
    10:25:00 available
    10:30:00 dials somebody, who never answers, until 10:30:40: taken, and no conversation
    10:40:00 break
    11:00:00 end

available: 10:00–10:10:05 (605 s), 10:16:10–10:20:15 (245 s), 10:25–10:30 (300 s), 10:30:40–10:40 (560 s) = 1,710 s
handling: 270 + 30 + 60 = 360 s; occupancy: 360 / (360 + 1,710)
"""

from datetime import UTC, date, datetime, timedelta

import pytest

from agents.models import Engagement, StatusChange
from calls.figures import AgentFigures, Selection, agents_today, report
from calls.figures.spans import Span
from calls.models import Call, Hold, Offer, Participant
from calls.scope import Scope
from tests.factories import make_agent, make_call

pytestmark = pytest.mark.django_db
DAY = date(2026, 3, 2)


def at(clock):
    """That time of 2 March 2026."""
    return datetime.fromisoformat(f"2026-03-02T{clock}+00:00").astimezone(UTC)


def change_status(agent, status, clock):
    StatusChange.objects.create(agent=agent, status=status, at=at(clock))


def engage(agent, kind, begun, ended):
    return Engagement.objects.create(agent=agent, kind=kind, started_at=at(begun), ended_at=ended and at(ended))


def stay(call, agent, engaged, connected, ended):
    return Participant.objects.create(
        call=call, agent=agent, type="agent", status="finished" if ended else "connected", engagement=engaged,
        connected_at=at(connected), ended_at=ended and at(ended),
    )  # fmt: skip


def talk(agent, begun, connected, ended):
    """A conversation of `agent`, whose time is taken from `begun` on."""
    call = make_call("finished", agent=agent, connected_at=at(connected), ends_at=at(ended))
    stay(call, agent, engage(agent, "call", begun, ended), connected, ended)
    return call


@pytest.fixture
def agent():
    """The one of the day above."""
    agent = make_agent()
    change_status(agent, "available", "10:00:00")
    taken = engage(agent, "offer", "10:10:00", "10:10:05")
    call = talk(agent, "10:10:05", "10:10:10", "10:15:10")
    Offer.objects.create(
        call=call, agent=agent, engagement=taken, round=1, level=1,
        status="accepted", offered_at=at("10:10:00"), settled_at=at("10:10:05"),
    )  # fmt: skip
    Hold.objects.create(call=call, agent=agent, started_at=at("10:12:00"), ended_at=at("10:12:30"))
    change_status(agent, "wrap_up", "10:15:10")
    change_status(agent, "available", "10:16:10")
    Offer.objects.create(
        call=make_call("finished"), agent=agent, engagement=engage(agent, "offer", "10:20:00", "10:20:15"),
        round=1, level=1, status="expired", offered_at=at("10:20:00"), settled_at=at("10:20:15"),
    )  # fmt: skip
    change_status(agent, "missed_call", "10:20:15")
    change_status(agent, "available", "10:25:00")
    nobody = make_call("failed", agent=agent, connected_at=None)
    stay(nobody, agent, engage(agent, "call", "10:30:00", "10:30:40"), "10:30:05", "10:30:40")
    change_status(agent, "break", "10:40:00")
    return agent


def test_an_agents_hour_adds_up(agent):
    idle = make_agent()
    figures = agents_today([agent.pk, idle.pk], at("09:00:00"), at("11:00:00"))

    assert figures[agent.pk] == AgentFigures(
        calls=1, talk_seconds=270, hold_seconds=30, wrap_up_seconds=60, available_seconds=1_710, missed=1
    )
    assert figures[agent.pk].handle_seconds == 360
    assert figures[agent.pk].occupancy == pytest.approx(360 / 2_070)
    assert figures[idle.pk] == AgentFigures()
    assert figures[idle.pk].occupancy is None


@pytest.mark.parametrize(
    ("start", "end", "shown"),
    [
        # until the middle of the music: 1:50 and 0:15 of it
        ("10:00:00", "10:12:15", {"calls": 1, "talk_seconds": 110, "hold_seconds": 15, "available_seconds": 605}),
        # from there on: the call began before
        ("10:12:15", "10:15:40", {"talk_seconds": 160, "hold_seconds": 15, "wrap_up_seconds": 30}),
        ("10:16:00", "10:16:20", {"wrap_up_seconds": 10, "available_seconds": 10}),
        ("11:00:00", "12:00:00", {}),
        ("12:00:00", "11:00:00", {}),
    ],
)
def test_what_goes_past_an_edge_counts_with_the_part_within(agent, start, end, shown):
    assert agents_today([agent.pk], at(start), at(end)) == {agent.pk: AgentFigures(**shown)}


def test_what_goes_on_counts_until_now(time_machine):
    agent = make_agent()
    change_status(agent, "available", "08:00:00")
    call = make_call("connected", agent=agent, connected_at=at("09:00:00"))
    stay(call, agent, engage(agent, "call", "09:00:00", None), "09:00:00", None)
    Hold.objects.create(call=call, agent=agent, started_at=at("09:01:00"))
    change_status(agent, "break", "09:02:00")  # said during the call: it counts after it
    time_machine.move_to(at("09:03:00"), tick=False)

    assert agents_today([agent.pk], at("08:00:00"), at("23:00:00")) == {
        agent.pk: AgentFigures(calls=1, talk_seconds=60, hold_seconds=120, available_seconds=3_600)
    }


def test_engagements_that_overlap_and_statuses_of_one_moment_never_make_time_out_of_nothing():
    agent = make_agent()
    change_status(agent, "available", "08:00:00")
    for clock in ("10:00:00", "10:30:00"):
        talk(agent, clock, clock, "11:00:00")
    for status in ("available", "wrap_up", "break"):  # the last counts
        change_status(agent, status, "11:10:00")
    change_status(agent, "wrap_up", "12:00:00")
    talk(agent, "12:00:00", "12:00:00", "12:01:00")
    figures = agents_today([agent.pk], at("10:15:00"), at("12:03:00"))[agent.pk]

    assert (figures.available_seconds, figures.wrap_up_seconds) == (600, 120)


def test_two_agents_on_a_call_have_both_talked():
    first, second = make_agent(), make_agent()
    call = talk(first, "10:00:00", "10:00:00", "10:05:00")
    stay(call, second, engage(second, "call", "10:04:00", "10:09:00"), "10:04:00", "10:09:00")
    Hold.objects.create(call=call, agent=first, started_at=at("10:03:00"), ended_at=at("10:04:30"))
    figures = agents_today([first.pk, second.pk], at("00:00:00"), at("12:00:00"))

    assert (figures[first.pk].talk_seconds, figures[first.pk].hold_seconds) == (210, 90)
    assert (figures[second.pk].talk_seconds, figures[second.pk].hold_seconds) == (270, 30)


def test_who_had_left_when_the_end_user_came_on_the_line_has_not_talked():
    left, second = make_agent(), make_agent()
    call = talk(second, "10:01:30", "10:01:40", "10:02:40")
    stay(call, left, engage(left, "call", "10:00:00", "10:01:00"), "10:00:02", "10:01:00")
    figures = agents_today([left.pk, second.pk], at("09:00:00"), at("11:00:00"))

    assert figures == {left.pk: AgentFigures(), second.pk: AgentFigures(calls=1, talk_seconds=60)}
    Call.objects.update(created_at=at("10:00:00"))
    whole = report(Selection(Scope(None, None)), Span(DAY, DAY, at("12:00:00"))).now.whole
    assert (whole.conversations, whole.talk_seconds) == (1, 60)


def test_many_agents_cost_as_many_queries_as_one(agent, django_assert_num_queries):
    others = [make_agent().pk for _number in range(3)]
    with django_assert_num_queries(4):
        agents_today([agent.pk, *others], at("09:00:00"), at("09:00:00") + timedelta(hours=3))

"""Hold and resume: who may, what it costs, and that the end user's line is told."""

import pytest

from calls.models import Call, Hold
from calls.services import hang_up, hold, resume
from ccai.errors import Refused
from tests.calls.talking import begin_talk, line, post_inbound, report, stays
from tests.factories import make_agent, make_menu

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("center")]


@pytest.fixture
def ana():
    return make_agent("ana@example.com", auto_answer=True)


@pytest.fixture
def call(api, clock, ana):
    return begin_talk(api, clock, make_menu(agents=[ana]))


def test_holds_add_up_to_the_second_for_the_call_and_for_all_who_are_on_it(call, ana, clock, api):
    for talked, held in ((30, 10), (25, 20)):
        clock.pass_by(talked)
        hold(call, ana)
        clock.pass_by(held)
        resume(call, ana)
    clock.pass_by(15)
    hang_up(call, ana)
    body = api.get(f"/calls/{call.pk}").json()
    assert (body["status"], body["call_duration"], body["hold_duration"]) == ("finished", 100, 30)
    end_user, agent = body["participants"]
    assert (end_user["call_duration"], end_user["hold_duration"]) == (100, 30)
    assert (agent["call_duration"], agent["hold_duration"]) == (101, 30)  # the agent heard it ring


def test_a_hold_that_the_end_of_the_call_finds_open_ends_with_it(call, ana, clock):
    clock.pass_by(5)
    hold(call, ana)
    clock.pass_by(7)
    report(call, "ended", ended_by="end_user")
    call.refresh_from_db()
    assert (call.status, call.call_duration, call.hold_duration) == ("finished", 12, 7)
    assert not Hold.objects.filter(ended_at=None).exists()
    assert [stay.hold_duration for stay in stays(call)] == [7, 7]


def test_the_hold_duration_counts_only_holds_that_are_over(call, ana, clock):
    hold(call, ana)
    clock.pass_by(9)
    assert Call.objects.get().hold_duration == 0
    resume(call, ana)
    assert Call.objects.get().hold_duration == 9


def test_the_end_users_line_hears_music_and_then_the_agent(call, ana, clock):
    hold(call, ana)
    clock.tick()
    assert line(call).held
    resume(call, ana)
    clock.tick()
    assert not line(call).held


def test_an_order_that_comes_late_does_not_undo_a_later_one(call, ana, clock):
    hold(call, ana)
    resume(call, ana)
    hold(call, ana)
    clock.tick()
    assert line(call).held


def test_a_call_is_held_once_and_resumed_once(call, ana):
    with pytest.raises(Refused, match="Call is not on hold"):
        resume(call, ana)
    hold(call, ana)
    with pytest.raises(Refused, match="Call is on hold already") as refused:
        hold(call, ana)
    assert (refused.value.status, refused.value.code) == (409, "call_is_held")
    assert Hold.objects.count() == 1


def test_only_the_agent_of_the_call_may_hold_it(call):
    other = make_agent("ben@example.com")
    with pytest.raises(Refused, match="You are not on this call"):
        hold(call, other)
    with pytest.raises(Refused, match="You are not on this call"):
        resume(call, other)


def test_nobody_is_put_on_hold_before_the_call_is_connected(api, clock, ana):
    call = Call.objects.get(pk=post_inbound(api, make_menu(agents=[ana])))
    clock.tick()
    with pytest.raises(Refused, match="Call is not connected") as refused:
        hold(call, ana)
    assert refused.value.status == 409


def test_nobody_is_put_on_hold_after_the_end(call, ana):
    hang_up(call, ana)
    with pytest.raises(Refused, match="You are not on this call"):
        hold(call, ana)
    assert not Hold.objects.exists()

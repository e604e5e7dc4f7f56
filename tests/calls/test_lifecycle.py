"""Every move the table has, and every one it has not; stamps, durations, events and ends."""

import re
from datetime import timedelta
from pathlib import Path

import pytest

from agents.models import Agent, Engagement
from calls import lifecycle
from calls.lifecycle import BIRTHS, TRANSITIONS, InvalidTransition
from calls.models import Call, CallEvent, FailReason, Participant, Status
from ccai.times import now
from tests.factories import make_agent, make_call, make_menu

pytestmark = pytest.mark.django_db

LIFECYCLE = Path(__file__).parents[2] / "docs" / "lifecycle.md"

# The lifecycle as the contract and the design have it, written out once more so that a slip in the table shows.
MOVES = {
    ("scheduled", "scheduled"),
    ("scheduled", "queued"),
    ("scheduled", "deflected"),
    ("scheduled", "failed"),
    ("scheduled", "cancelled"),
    ("selecting", "queued"),
    ("selecting", "deflected"),
    ("selecting", "failed"),
    ("queued", "queued"),
    ("queued", "assigned"),
    ("queued", "deflected"),
    ("queued", "voicemail"),
    ("queued", "failed"),
    ("queued", "cancelled"),
    ("assigned", "connecting"),
    ("assigned", "queued"),
    ("assigned", "failed"),
    ("connecting", "connected"),
    ("connecting", "switching"),
    ("connecting", "queued"),
    ("connecting", "failed"),
    ("switching", "connecting"),
    ("switching", "connected"),
    ("switching", "failed"),
    ("connected", "finished"),
    ("connected", "queued"),
    ("connected", "assigned"),
    ("connected", "failed"),
    ("deflected", "voicemail"),
    ("deflected", "scheduled"),
    ("deflected", "queued"),
    ("voicemail", "voicemail_received"),
    ("voicemail", "failed"),
    ("voicemail_received", "voicemail_read"),
    ("failed", "recovered"),
    ("action_only", "action_only_finished"),
}
ENDS = {"finished", "failed", "cancelled", "deflected", "action_only_finished", "voicemail_received"}
PAIRS = [(old, new) for old in Status.values for new in Status.values]


def columns_for(status: str) -> dict:
    """What the database wants of a call that comes to `status`."""
    if status == Status.FAILED:
        return {"fail_reason": FailReason.UNKNOWN}
    if status == Status.SCHEDULED:
        return {"scheduled_at": now() + timedelta(hours=1)}
    return {"agent": make_agent()} if status == Status.ASSIGNED else {}


def test_the_table_knows_all_seventeen_statuses_and_no_other():
    assert len(Status.values) == 17
    assert set(TRANSITIONS) == set(Status.values)


def test_the_table_in_the_documents_is_the_table():
    rows = re.findall(r"^\| ([\w*()]+) \| (.+) \|$", LIFECYCLE.read_text().split("\n## ")[0], re.MULTILINE)
    told = {old: re.sub(r" \([^)]*\)", "", new).split(", ") for old, new in rows if old != "from"}
    assert sorted(told.pop("*(born)*")) == sorted(BIRTHS)
    assert {old: sorted(new) for old, new in told.items()} == {
        str(old): sorted(new) for old, new in TRANSITIONS.items() if new
    }


@pytest.mark.parametrize(("old", "new"), [pair for pair in PAIRS if pair in MOVES])
def test_a_move_of_the_table_is_made_and_recorded(old, new):
    call = make_call(old)
    lifecycle.transition(call, new, cause="test", **columns_for(new))
    stored = Call.objects.get(pk=call.pk)
    assert stored.status == call.status == new
    event = CallEvent.objects.get(call=call, cause="test")
    assert (event.old, event.new) == (old, new)
    assert (stored.ends_at is not None) == (new in ENDS or new in ("recovered", "voicemail_read"))


@pytest.mark.parametrize(("old", "new"), [pair for pair in PAIRS if pair not in MOVES])
def test_a_move_that_is_not_in_the_table_is_refused_and_changes_nothing(old, new):
    call = make_call(old)
    events = CallEvent.objects.count()
    with pytest.raises(InvalidTransition):
        lifecycle.transition(call, new, cause="test", **columns_for(new))
    assert Call.objects.get(pk=call.pk).status == old
    assert CallEvent.objects.count() == events


@pytest.mark.parametrize("status", Status.values)
def test_a_call_is_born_in_some_statuses_only(status):
    call = make_call(status, save=False)
    if status in BIRTHS:
        lifecycle.begin(call, "test", now())
        event = CallEvent.objects.get(call=call)
        assert (event.old, event.new, event.cause) == ("", status, "test")
    else:
        with pytest.raises(InvalidTransition):
            lifecycle.begin(call, "test", now())
        assert not Call.objects.exists()


def test_the_loser_of_a_race_is_told_and_moves_nothing():
    winner = make_call("queued")
    loser = Call.objects.get(pk=winner.pk)
    lifecycle.transition(winner, "cancelled", cause="first")
    with pytest.raises(InvalidTransition):
        lifecycle.transition(loser, "failed", cause="second", fail_reason="expired")
    stored = Call.objects.get(pk=winner.pk)
    assert (stored.status, stored.fail_reason) == ("cancelled", "nothing")
    assert list(CallEvent.objects.values_list("cause", flat=True)) == ["first"]


def test_of_many_those_that_moved_already_are_left_out():
    calls = [make_call("queued") for _ in range(3)]
    Call.objects.filter(pk=calls[1].pk).update(status="cancelled", ends_at=now())
    moved = lifecycle.transition_many(calls, "failed", cause="test", fail_reason="expired")
    assert {call.pk for call in moved} == {calls[0].pk, calls[2].pk}
    assert CallEvent.objects.count() == 2


def test_one_impossible_move_among_many_moves_none():
    calls = [make_call("queued"), make_call("finished")]
    with pytest.raises(InvalidTransition):
        lifecycle.transition_many(calls, "failed", cause="test", fail_reason="expired")
    assert Call.objects.get(pk=calls[0].pk).status == "queued"


def test_the_wait_is_counted_from_the_queue_to_the_agent_in_whole_seconds():
    call = make_call("queued")
    lifecycle.transition(
        call,
        "assigned",
        cause="test",
        agent=make_agent(),
        at=call.queued_at + timedelta(seconds=7, milliseconds=999),
    )
    assert Call.objects.get(pk=call.pk).wait_duration == 7


def test_a_finished_call_ends_for_everybody_and_gives_the_agent_back():
    call = make_call("connected")
    agent = call.agent
    engagement = Engagement.objects.create(agent=agent, kind="call")
    since = call.connected_at
    mine = Participant.objects.create(
        call=call, type="agent", agent=agent, engagement=engagement, status="connected", connected_at=since
    )
    theirs = Participant.objects.create(call=call, type="end_user", status="connected", connected_at=since)
    end = since + timedelta(seconds=61, milliseconds=500)
    lifecycle.transition(call, "finished", cause="test", at=end)
    call = Call.objects.get(pk=call.pk)
    assert (call.ends_at, call.call_duration) == (end, 61)
    for participant in (mine, theirs):
        participant.refresh_from_db()
        assert (participant.status, participant.ended_at, participant.call_duration) == ("finished", end, 61)
        assert participant.hold_duration == 0
    engagement.refresh_from_db()
    assert engagement.ended_at == end
    assert Agent.objects.get(pk=agent.pk).idle_since == end


def test_who_never_connected_has_no_durations_and_the_calls_reason():
    call = make_call("connecting")
    waiting = Participant.objects.create(call=call, type="end_user")
    lifecycle.transition(call, "failed", cause="test", fail_reason="eu_busy")
    waiting.refresh_from_db()
    assert (waiting.status, waiting.call_duration, waiting.fail_reason) == ("finished", None, "eu_busy")


def test_a_call_that_is_queued_again_keeps_its_place():
    call = make_call("assigned", queued_at=now() - timedelta(minutes=3))
    place = call.queued_at
    lifecycle.transition(call, "queued", cause="test", menu=make_menu())
    assert Call.objects.get(pk=call.pk).queued_at == place


@pytest.mark.parametrize("status", ["assigned", "connecting"])
def test_a_scheduled_call_that_comes_back_from_an_agent_has_no_more_time_than_it_had(status):
    due_at = now() - timedelta(seconds=850)
    call = make_call(status, scheduled_at=due_at, waits_since=due_at + timedelta(seconds=800))
    lifecycle.transition(call, "queued", cause="test", queue=make_menu())
    assert Call.objects.get(pk=call.pk).deadline_at == due_at + timedelta(seconds=900)


@pytest.mark.parametrize("status", ["queued", "assigned", "connecting", "connected", "switching"])
def test_no_live_call_is_without_a_deadline(status):
    before = {"queued": "scheduled", "assigned": "queued", "connecting": "assigned"}
    call = make_call(before.get(status, "connecting"))
    lifecycle.transition(call, status, cause="test", **columns_for(status))
    assert Call.objects.get(pk=call.pk).deadline_at > now()


def test_updated_at_goes_forward_even_for_news_of_the_past():
    call = make_call("connecting")
    updated = call.updated_at
    lifecycle.transition(call, "failed", cause="late report", at=now() - timedelta(hours=1), fail_reason="eu_busy")
    assert Call.objects.get(pk=call.pk).updated_at >= updated
    long_ago, before = now() - timedelta(hours=1), now()
    born = make_call("selecting", save=False)
    lifecycle.begin(born, "late report", long_ago)
    assert (born.created_at, born.updated_at >= before) == (long_ago, True)

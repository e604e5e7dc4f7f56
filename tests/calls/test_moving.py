"""Scheduled calls get another time, or are started now, by hand."""

from datetime import timedelta

import pytest

from calls import dispatch
from calls.models import Call, CallEvent, DeflectionDetail, Participant
from calls.services import cancel_call, move_call, start_now
from ccai.acting import Actor, acting
from ccai.errors import Refused
from ccai.times import now, wire_time
from menus.models import DeflectionOption, Menu
from tests.calls.talking import trail
from tests.calls.test_races import all_at_once
from tests.factories import make_agent, make_call, make_center, make_menu

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("center")]

ALWAYS_CLOSED = {"weekly": {}}


def make_scheduled(**columns):
    """A call that is due in an hour, as POST leaves it."""
    call = make_call("scheduled", queue=None, queued_at=None, waits_since=None, **columns)
    Participant.objects.create(call=call, type="end_user")
    return call


def refusal(deed):
    """What `deed` is refused with."""
    with pytest.raises(Refused) as refused:
        deed()
    return refused.value.message


def test_a_moved_call_is_due_at_the_new_time_and_its_history_says_who_moved_it_and_from_when(clock):
    call = make_scheduled(menu=make_menu(agents=[make_agent()]))
    before, due = call.scheduled_at, now() + timedelta(hours=2, microseconds=400)
    clock.jump(1)
    with acting(lambda: Actor("sue@example.com")):
        move_call(call, due)
    stored = Call.objects.get(pk=call.pk)
    assert (stored.status, stored.scheduled_at) == ("scheduled", now() + timedelta(hours=2, seconds=-1))
    assert stored.updated_at == now()
    event = CallEvent.objects.get()
    assert (event.old, event.new, event.by) == ("scheduled", "scheduled", "sue@example.com")
    assert event.cause == f"moved_from_{wire_time(before)}_to_{wire_time(stored.scheduled_at)}"
    clock.jump(3_700)
    clock.tick()
    assert trail(call) == ["scheduled"]
    clock.jump(3_600)
    clock.tick()
    assert trail(call) == ["scheduled", "queued"]


def test_a_call_is_moved_under_the_rules_of_its_first_time_and_only_while_it_is_scheduled():
    later = now() + timedelta(hours=3)
    call = make_scheduled()
    assert refusal(lambda: move_call(call, now())) == "scheduled_at must be in the future"
    closed = make_scheduled(menu=make_menu(hours=ALWAYS_CLOSED))
    assert refusal(lambda: move_call(closed, later)) == "Menu is in 'after hours' state, can't accept incoming calls"
    redirected = make_scheduled()
    DeflectionOption.objects.create(menu=redirected.menu, occasion="redirection", kind="message")
    assert refusal(lambda: move_call(redirected, later)) == "Menu is in 'manual redirection' state, can't accept calls"
    gone = make_scheduled(menu=make_menu(deleted=True))
    assert refusal(lambda: move_call(gone, later)) == f"menu_id {gone.menu_id} is not found"
    unreadable = make_scheduled()
    Menu.objects.filter(pk=unreadable.menu_id).update(hours={"weekly": "always"})
    assert refusal(lambda: move_call(unreadable, later)) == "Call can't be moved"
    assert not CallEvent.objects.exists()
    for other in [make_call(status) for status in ("queued", "cancelled", "finished")]:
        assert refusal(lambda other=other: move_call(other, later)) == "Call can't be moved"
        assert refusal(lambda other=other: start_now(other)) == "Call can't be started"


def test_a_call_that_is_started_waits_in_its_queue_now_and_expires_as_if_it_had_been_due(clock, settings):
    call = make_scheduled(menu=make_menu(agents=[]))
    started = start_now(call)
    stored = Call.objects.get(pk=call.pk)
    assert (started.status, stored.status, stored.scheduled_at, stored.queued_at) == ("queued", "queued", now(), now())
    assert stored.deadline_at == now() + timedelta(seconds=settings.CCAI_SCHEDULED_CALL_EXPIRATION)
    assert list(CallEvent.objects.values_list("new", flat=True)) == ["scheduled", "queued"]
    assert CallEvent.objects.last().cause == "started_by_hand"


def test_a_call_that_is_started_at_a_closed_menu_is_deflected_as_the_clock_would():
    call = start_now(make_scheduled(menu=make_menu(hours=ALWAYS_CLOSED)))
    assert (call.status, call.deflection) == ("deflected", "after_hours_message_only")
    assert DeflectionDetail.objects.filter(call=call).exists()
    lost = start_now(make_scheduled(menu=make_menu(deleted=True)))
    assert (lost.status, lost.fail_reason) == ("failed", "menu_deleted")


def test_a_menu_whose_hours_cannot_be_read_starts_nothing():
    call = make_scheduled()
    Menu.objects.update(hours={"weekly": "always"})
    assert refusal(lambda: start_now(call)) == "Call can't be started"
    assert Call.objects.get().scheduled_at == call.scheduled_at


class TestByTheApi:
    """PATCH /calls/scheduled/{id} (contract section 8)."""

    def move(self, api, call_id, body):
        return api.patch(f"/calls/scheduled/{call_id}", body)

    def test_the_call_comes_back_with_its_new_time(self, api):
        call = make_scheduled()
        due = now() + timedelta(days=2)
        moved = self.move(api, call.pk, {"scheduled_at": f" {due.isoformat()} ", "no_such_key": 1})
        assert (moved.status_code, moved.json()) == (200, api.get(f"/calls/{call.pk}").json())
        assert (moved.json()["status"], moved.json()["scheduled_at"]) == ("scheduled", wire_time(due))
        assert CallEvent.objects.get().by == "tests"

    def test_refusals_come_in_the_order_of_a_new_call(self, api):
        later = (now() + timedelta(hours=3)).isoformat()
        closed, over = make_scheduled(menu=make_menu(hours=ALWAYS_CLOSED)), make_call("cancelled")
        after_hours = "Menu is in 'after hours' state, can't accept incoming calls"
        refusals = [
            (9_999, None, "Call 9999 is not found"),
            (over.pk, None, "scheduled_at is required"),
            (over.pk, "", "scheduled_at is required"),
            (over.pk, 7, "scheduled_at is not well formed"),
            (over.pk, "later", "scheduled_at is not well formed"),
            (over.pk, wire_time(now()), "scheduled_at must be in the future"),
            (over.pk, later, "Call can't be moved"),
            (closed.pk, later, after_hours),
        ]
        for call_id, time, message in refusals:
            refused = self.move(api, call_id, {"scheduled_at": time})
            assert refused.json() == {"message": message}
            assert refused.status_code == (404 if call_id == 9_999 else 400)
        assert not CallEvent.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_of_the_clock_a_move_and_a_cancellation_each_finds_what_the_others_left():
    make_center()
    menu = make_menu()
    for _time in range(5):
        call = make_scheduled(menu=menu, scheduled_at=now() - timedelta(seconds=1))
        later = now() + timedelta(hours=1)
        due, moved, cancelled = all_at_once(
            lambda: dispatch.queue_due(now()),
            lambda call=call, later=later: move_call(call, later),
            lambda call=call: cancel_call(call),
        )
        call.refresh_from_db()
        went = trail(call)
        assert not isinstance(due, Exception)
        assert cancelled is True
        assert went[-1] == call.status == "cancelled"
        if isinstance(moved, Exception):
            assert moved.message == "Call can't be moved"
            assert "scheduled" not in went
        else:
            # The clock has not taken a call that was moved before it came.
            assert went == ["scheduled", "cancelled"]

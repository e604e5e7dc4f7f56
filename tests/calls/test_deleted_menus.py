"""Calls of menus that are closed in an emergency, redirected by a switch, or deleted with or without a substitute."""

from datetime import timedelta

import pytest

from agents.models import Engagement
from calls.models import Call, CallEvent, Offer, OfferEvent
from ccai.times import now
from menus import tree
from menus.models import Menu
from tests.calls.callers import deflect, details, heard, line_is_up, make_ivr, ring, trail
from tests.factories import make_agent, make_call, make_menu

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("center")]


def get(call_id):
    return Call.objects.get(pk=call_id)


class TestDeleted:
    def test_a_caller_goes_to_the_substitutes_queue_at_their_old_place_and_the_agent_is_free(self, clock):
        busy = make_agent(status="wrap_up")
        menu, other = make_ivr("Sales", agents=[make_agent()]), make_ivr("Service", agents=[busy], priority=3)
        call_id = ring(menu)
        clock.pass_by(1)
        assert Offer.objects.get().status == "open"
        before = get(call_id)
        clock.jump(30)
        later = make_call("queued", menu=other, priority=3, waits_since=now() - timedelta(seconds=10))
        tree.delete(menu, substitute=other)
        clock.tick()
        call = get(call_id)
        assert (call.status, call.queue, call.menu) == ("queued", other, menu)
        assert (call.waits_since, call.deadline_at) == (before.waits_since, before.deadline_at)
        assert (call.priority, call.cast_level) == (3, 1)
        event = CallEvent.objects.filter(call=call).last()
        assert (event.old, event.new, event.cause) == ("queued", "queued", "menu_deleted")
        assert Offer.objects.get().status == "withdrawn"
        assert not Engagement.objects.filter(ended_at=None).exists()
        assert OfferEvent.objects.filter(call=call).last().group == "Group 1"
        assert heard(call_id)[-1] == "This is Service."
        assert line_is_up(call_id)

        busy.status = "available"
        busy.save()
        clock.pass_by(1)
        assert Offer.objects.get(status="open").call_id == call_id
        assert later.pk != call_id

    def test_one_who_is_to_be_called_back_still_is(self, clock):
        menu, other = make_menu("Sales"), make_menu("Service")
        call = make_call("queued", menu=menu, deflection="over_capacity_callback")
        tree.delete(menu, substitute=other)
        clock.tick()
        assert (get(call.pk).queue, get(call.pk).deflection) == (other, "over_capacity_callback")

    def test_without_a_substitute_waiting_and_scheduled_calls_fail(self, clock):
        menu = make_menu("Sales")
        waiting = make_call("queued", menu=menu)
        due = make_call("scheduled", menu=menu, scheduled_at=now())
        tree.delete(menu, substitute=None)
        clock.tick()
        for call in (waiting, due):
            assert (get(call.pk).status, get(call.pk).fail_reason) == ("failed", "menu_deleted")

    def test_with_one_scheduled_calls_and_those_that_others_redirect_here_go_there(self, clock):
        menu, other, redirected = make_ivr("Sales"), make_ivr("Service"), make_ivr("Repairs")
        deflect(redirected, "redirection", "queue", to_menu=menu)
        due = make_call("scheduled", menu=menu, scheduled_at=now())
        tree.delete(menu, substitute=other)
        clock.tick()
        assert (get(due.pk).status, get(due.pk).queue, get(due.pk).menu) == ("queued", other, menu)
        call_id = ring(redirected)
        assert (get(call_id).status, get(call_id).queue) == ("queued", other)
        assert details(call_id) == [("temp_redirection_queue", "Repairs")]


class TestClosed:
    def test_callers_requests_and_scheduled_calls_find_a_closed_branch_closed_and_then_open(self, api, clock):
        top = make_ivr("Welcome")
        leaf = make_ivr("Sales", parent=top, agents=[make_agent(status="wrap_up")])
        deflect(leaf, "after_hours", "message", message="We had to close.")
        web = make_menu("Web")
        closings = [tree.close(menu, branch=True, reason="", user=None) for menu in (top, web)]
        due = make_call("scheduled", menu=leaf, scheduled_at=now())
        call_id = ring(top, keys="1")
        clock.pass_by(2)
        assert get(call_id).deflection == get(due.pk).deflection == "after_hours_message_only"
        assert heard(call_id)[-1] == "We had to close."
        body = {"call_type": "Voice Inbound (API)", "menu_id": web.pk, "end_user_number": "+1 202-555-0123"}
        answer = api.post("/calls", body)
        assert answer.status_code == 400
        assert answer.json()["message"] == "Menu is in 'after hours' state, can't accept incoming calls"

        for closing in closings:
            tree.reopen(closing, None)
        assert api.post("/calls", body).status_code == 201
        call_id = ring(top, keys="1", number="+12025550124")
        clock.pass_by(2)
        assert trail(call_id) == ["selecting", "queued"]

    def test_calls_that_wait_already_wait_on(self, clock):
        menu = make_menu("Sales")
        call = make_call("queued", menu=menu)
        tree.close(menu, branch=False, reason="", user=None)
        clock.pass_by(2)
        assert get(call.pk).status == "queued"


def test_a_redirection_that_is_switched_off_redirects_nobody(clock):
    menu, other = make_ivr("Sales"), make_ivr("Service")
    deflect(menu, "redirection", "queue", to_menu=other)
    tree.switch_redirection(Menu.objects.get(pk=menu.pk), False, None)
    assert get(ring(menu)).queue == menu
    tree.switch_redirection(Menu.objects.get(pk=menu.pk), True, None)
    assert get(ring(menu, number="+12025550124")).queue == other

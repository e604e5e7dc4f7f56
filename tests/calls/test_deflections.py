"""Every way a menu deflects: after hours, redirected, over capacity; callers on the phone, and scheduled calls."""

from datetime import timedelta

import pytest

from agents.models import Engagement
from calls import offers
from calls.models import Call, Offer, OfferEvent, SandboxCall, VoipOrder
from calls.services import apply_voip_event
from calls.voip.base import VoipEvent, VoipEventKind
from ccai.times import now
from menus.models import DeflectionOption, Menu
from tests.calls.callers import close, deflect, details, heard, line_is_up, make_ivr, ring, trail
from tests.factories import make_agent, make_call, make_menu

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("center")]

OTHER_PHONE = "+12025550199"
HOURS = ("after_hours", "redirection")


@pytest.fixture
def queue():
    """An IVR leaf that one agent serves, who is at work and busy."""
    return make_ivr("Sales", agents=[make_agent(status="wrap_up")])


def turn_away(menu, occasion, kind, **columns):
    """`menu` does not take calls any more, and gives this instead."""
    if occasion == "after_hours":
        close(menu)
    return deflect(menu, occasion, kind, **columns)


def crowd(menu, calls=1, after_seconds=60, kind="message", **columns):
    """`calls` wait in the queue of `menu`, each for three minutes, and it deflects beyond `after_seconds`."""
    Call.objects.bulk_create(make_call("queued", menu=menu, save=False) for _ in range(calls))
    return deflect(menu, "over_capacity", kind, after_seconds=after_seconds, **columns)


def make_due(menu, **columns):
    """A scheduled call of `menu` that is due now."""
    call = make_call("scheduled", menu=menu, scheduled_at=now(), **columns)
    call.participants.create(type="end_user")
    return call.pk


def get(call_id):
    return Call.objects.get(pk=call_id)


class TestByHoursAndRedirection:
    @pytest.mark.parametrize("occasion", HOURS)
    def test_a_message(self, api, clock, queue, occasion):
        turn_away(queue, occasion, "message", message="We are closed.")
        call_id = ring(queue)
        clock.tick()
        body = api.get(f"/calls/{call_id}").json()
        assert (body["status"], body["deflection"]) == ("deflected", "after_hours_message_only")
        assert (body["ends_at"] is not None, body["disconnected_by"]) == (True, "disconnected_by_system")
        assert body["participants"][0]["status"] == "finished"
        assert body["deflection_details"] == [
            {
                "id": body["deflection_details"][0]["id"], "call_id": call_id, "transfer_id": None,
                "deflection": "after_hours_message_only", "from_menu_path": body["menu_path"],
            }
        ]  # fmt: skip
        assert heard(call_id) == ["We are closed."]
        assert not line_is_up(call_id)

    def test_nothing_configured_is_a_message_of_ours(self, clock, queue):
        close(queue)
        call_id = ring(queue)
        clock.tick()
        assert get(call_id).deflection == "after_hours_message_only"
        assert heard(call_id) == ["Nobody can take your call now. Please call again later."]
        assert not line_is_up(call_id)

    @pytest.mark.parametrize("occasion", HOURS)
    def test_voicemail(self, clock, queue, occasion):
        turn_away(queue, occasion, "voicemail", message="Leave a message.")
        call_id = ring(queue)
        clock.tick()
        call = get(call_id)
        assert trail(call_id) == ["selecting", "deflected", "voicemail"]
        assert (call.deflection, call.voicemail_reason, call.ends_at) == ("after_hours_voicemail", "after_hours", None)
        assert (call.queue, call.participants.get().status) == (queue, "waiting")
        assert heard(call_id) == ["Leave a message."]
        clock.pass_by(3)
        call = get(call_id)
        assert (call.status, call.disconnected_by) == ("voicemail_received", "end_user")
        assert call.voicemail
        assert call.ends_at

    @pytest.mark.parametrize("occasion", HOURS)
    def test_another_phone(self, clock, queue, occasion):
        turn_away(queue, occasion, "phone", message="One moment.", to_number=OTHER_PHONE)
        call_id = ring(queue)
        clock.tick()
        assert (get(call_id).status, get(call_id).deflection) == ("deflected", "temp_redirection_phone")
        assert heard(call_id) == ["One moment."]

    @pytest.mark.parametrize("occasion", HOURS)
    def test_another_queue(self, api, clock, queue, occasion):
        other = make_ivr("Night", agents=[make_agent(auto_answer=True)])
        turn_away(queue, occasion, "queue", to_menu=other)
        call_id = ring(queue)
        clock.pass_by(9)
        assert trail(call_id) == [
            "selecting", "deflected", "queued", "assigned", "connecting", "connected", "finished",
        ]  # fmt: skip
        body = api.get(f"/calls/{call_id}").json()
        assert body["deflection"] == "temp_redirection_queue"
        assert body["selected_menu"]["name"] == "Sales"
        assert [event["group"] for event in body["offer_events"]] == ["Group 1"]
        assert [one["type"] for one in body["participants"]] == ["end_user", "agent"]
        assert get(call_id).queue == other
        assert heard(call_id) == ["This is Night."]


class TestChainsOfRedirections:
    def test_each_menu_on_the_way_is_judged_and_has_its_detail(self, clock, queue):
        second, third = make_ivr("Second"), make_ivr("Third")
        turn_away(queue, "redirection", "queue", to_menu=second)
        turn_away(second, "after_hours", "queue", to_menu=third)
        turn_away(third, "after_hours", "voicemail")
        call_id = ring(queue)
        clock.tick()
        assert details(call_id) == [
            ("temp_redirection_queue", "Sales"),
            ("temp_redirection_queue", "Second"),
            ("after_hours_voicemail", "Third"),
        ]
        assert (get(call_id).deflection, get(call_id).queue) == ("after_hours_voicemail", third)

    def test_a_circle_ends_in_a_message(self, clock, queue):
        second = make_ivr("Second")
        turn_away(queue, "redirection", "queue", to_menu=second)
        turn_away(second, "redirection", "queue", to_menu=queue)
        call_id = ring(queue)
        clock.tick()
        assert details(call_id) == [("temp_redirection_queue", "Sales"), ("after_hours_message_only", "Second")]
        assert (get(call_id).status, line_is_up(call_id)) == ("deflected", False)

    def test_a_queue_that_is_deleted_is_a_message(self, clock, queue):
        turn_away(queue, "redirection", "queue", to_menu=make_ivr("Second", deleted=True))
        call_id = ring(queue)
        clock.tick()
        assert details(call_id) == [("after_hours_message_only", "Sales")]

    def test_a_queue_that_is_full_deflects_on(self, clock, queue):
        second = make_ivr("Second", agents=[make_agent(status="wrap_up")])
        crowd(second, message="Too many call.")
        turn_away(queue, "redirection", "queue", to_menu=second)
        call_id = ring(queue)
        clock.tick()
        assert details(call_id) == [("temp_redirection_queue", "Sales"), ("over_capacity_message_only", "Second")]
        assert heard(call_id) == ["Too many call."]


class TestOverCapacityAtTheDoor:
    def test_a_message(self, clock, queue):
        crowd(queue, message="Too many call.")
        call_id = ring(queue)
        clock.tick()
        assert (get(call_id).status, get(call_id).deflection) == ("deflected", "over_capacity_message_only")
        assert details(call_id) == [("over_capacity_message_only", "Sales")]
        assert (heard(call_id), line_is_up(call_id)) == (["Too many call."], False)

    def test_voicemail(self, clock, queue):
        crowd(queue, kind="voicemail")
        call_id = ring(queue)
        clock.pass_by(3)
        call = get(call_id)
        assert (call.status, call.deflection) == ("voicemail_received", "over_capacity_voicemail")
        assert call.voicemail_reason == "over_capacity"

    def test_a_callback_gives_the_line_up_and_keeps_the_place(self, clock, queue):
        option = crowd(queue, kind="callback")
        call_id = ring(queue)
        clock.tick()
        call = get(call_id)
        assert trail(call_id) == ["selecting", "deflected", "queued"]
        assert (call.deflection, call.waits_since, call.ends_at) == ("over_capacity_callback", call.created_at, None)
        assert heard(call_id) == ["All our agents are busy. You keep your place, and we will call you back."]
        assert not line_is_up(call_id)
        assert list(call.participants.values_list("status", "on_line_at")) == [
            ("finished", call.created_at), ("waiting", None),
        ]  # fmt: skip
        option.delete()
        Call.objects.exclude(pk=call_id).delete()
        agent = make_agent(auto_answer=True)
        queue.groups.get().agents.add(agent)
        clock.pass_by(15)
        assert trail(call_id)[3:] == ["assigned", "connecting", "connected", "finished"]
        assert get(call_id).participants.get(type="end_user", connected_at__isnull=False).call_duration == 5

    def test_a_scheduled_call_is_called_when_there_should_be_time(self, clock, queue):
        option = crowd(queue, calls=2, kind="scheduled_call", after_seconds=60, message="We will call you at ten.")
        call_id = ring(queue)
        clock.tick()
        call = get(call_id)
        assert trail(call_id) == ["selecting", "deflected", "scheduled"]
        assert call.deflection == "over_capacity_scheduled_call"
        assert call.scheduled_at == call.created_at + timedelta(seconds=3 * 180)
        assert (heard(call_id), line_is_up(call_id)) == (["We will call you at ten."], False)
        assert option.after_seconds == 60
        clock.jump(540)
        clock.tick()
        assert trail(call_id)[3:] == ["queued"]

    def test_a_short_queue_takes_the_call(self, clock, queue):
        crowd(queue, after_seconds=3 * 180)
        call_id = ring(queue)
        clock.tick()
        assert trail(call_id) == ["selecting", "queued"]

    def test_where_nobody_is_at_work_there_is_no_estimate_and_the_caller_waits(self, clock):
        menu = make_ivr("Nobody", agents=[])
        crowd(menu)
        assert get(ring(menu)).status == "queued"

    def test_posted_calls_wait_however_full_it_is(self, api, clock, queue):
        crowd(queue)
        body = {"call_type": "IncomingCall", "menu_id": queue.pk, "end_user_number": "+1 202-555-0144"}
        call_id = api.post("/calls", body).json()["id"]
        clock.pass_by(120)
        assert trail(call_id) == ["queued"]


class TestOverCapacityWhileWaiting:
    """A caller who has waited `after_seconds`, whatever the estimate was."""

    @pytest.mark.parametrize(
        ("kind", "status", "deflection"),
        [
            ("message", "deflected", "over_capacity_message_only"),
            ("voicemail", "voicemail", "over_capacity_voicemail"),
            ("callback", "queued", "over_capacity_callback"),
            ("scheduled_call", "scheduled", "over_capacity_scheduled_call"),
        ],
    )
    def test_who_has_waited_that_long_gets_it(self, clock, kind, status, deflection):
        menu = make_ivr("Sales", agents=[])
        deflect(menu, "over_capacity", kind, after_seconds=60, message="That was long.")
        call_id = ring(menu)
        clock.pass_by(59)
        assert (get(call_id).status, get(call_id).deflection) == ("queued", "no_deflection")
        clock.pass_by(1)
        assert (get(call_id).status, get(call_id).deflection) == (status, deflection)
        assert heard(call_id) == ["This is Sales.", "That was long."]
        assert details(call_id) == [(deflection, "Sales")]

    def test_a_callback_keeps_the_place_its_caller_had(self, clock):
        menu = make_ivr("Sales", agents=[])
        first = ring(menu)
        clock.pass_by(30)
        second = ring(menu, number="+12025550124")
        deflect(menu, "over_capacity", "callback", after_seconds=60)
        since = get(first).waits_since
        clock.pass_by(31)
        assert get(first).deflection == "over_capacity_callback"
        assert (get(first).waits_since, get(second).deflection) == (since, "no_deflection")
        menu.groups.get().agents.add(make_agent(auto_answer=True))
        clock.pass_by(6)
        assert "assigned" in trail(first)
        assert trail(second)[-1] == "queued"

    def test_a_callback_has_its_time_to_wait_anew(self, clock):
        menu = make_ivr("Nobody", agents=[])
        crowd(menu, calls=0, kind="callback")
        call_id = ring(menu)
        clock.pass_by(60)
        assert trail(call_id) == ["selecting", "queued", "deflected", "queued"]
        assert get(call_id).deadline_at == now() + timedelta(seconds=1800)

    def test_a_callback_is_not_deflected_again(self, clock):
        menu = make_ivr("Sales", agents=[])
        deflect(menu, "over_capacity", "callback", after_seconds=10)
        call_id = ring(menu)
        clock.pass_by(40)
        assert trail(call_id) == ["selecting", "queued", "deflected", "queued"]
        assert len(details(call_id)) == 1

    def test_what_was_offered_is_withdrawn_and_the_agent_free(self, clock):
        agent = make_agent()
        menu = make_ivr("Sales", agents=[agent])
        menu.groups.update(timeout_seconds=100)
        deflect(menu, "over_capacity", "message", after_seconds=10)
        ring(menu)
        clock.pass_by(9)
        assert Offer.objects.get().status == "open"
        clock.pass_by(1)
        assert Offer.objects.get().status == "withdrawn"
        assert not Engagement.objects.filter(ended_at=None).exists()

    def test_posted_calls_and_callbacks_wait_on(self, clock):
        menu = make_ivr("Sales", agents=[])
        deflect(menu, "over_capacity", "message", after_seconds=10)
        posted = make_call("queued", menu=menu, waits_since=now() - timedelta(seconds=60), deadline_at=None)
        posted.participants.create(type="end_user")
        clock.pass_by(2)
        assert get(posted.pk).status == "queued"

    def test_a_callback_whose_old_line_is_reported_over_late_waits_on(self, clock):
        menu = make_ivr("Sales", agents=[])
        deflect(menu, "over_capacity", "callback", after_seconds=10)
        call_id = ring(menu)
        clock.pass_by(11)
        ended = VoipEvent(VoipEventKind.ENDED, call_id, "sandbox", now(), ended_by="end_user")
        assert not apply_voip_event(ended)
        assert get(call_id).status == "queued"

    def test_nor_does_that_end_the_call_when_an_agent_has_it(self, clock, settings):
        settings.CCAI_SANDBOX_RING_SECONDS = 20
        agent = make_agent()
        menu = make_ivr("Sales", agents=[agent])
        deflect(menu, "over_capacity", "callback", after_seconds=10)
        call_id = ring(menu)
        clock.pass_by(11)
        hung_up_at = now()
        clock.pass_by(1)
        offers.accept(Offer.objects.get(status="open"))
        clock.tick()
        assert get(call_id).status == "connecting"
        assert not apply_voip_event(VoipEvent(VoipEventKind.ENDED, call_id, "sandbox", hung_up_at))
        clock.pass_by(30)
        assert trail(call_id)[-2:] == ["connected", "finished"]

    def test_who_waits_to_be_called_back_is_not_promised_it_twice(self, clock):
        menu = make_ivr("Sales", agents=[])
        deflect(menu, "over_capacity", "callback", after_seconds=10)
        first = ring(menu)
        clock.pass_by(11)
        again, other = ring(menu), ring(menu, number="+12025550124")
        clock.pass_by(11)
        assert (get(again).status, get(again).fail_reason) == ("failed", "eu_repeated_callback")
        assert heard(again)[-1] == "We have noted your call already, and will call you back."
        assert not line_is_up(again)
        assert [get(one).deflection for one in (first, other)] == ["over_capacity_callback"] * 2

    def test_two_calls_of_one_person_that_are_deflected_at_once_are_one_callback(self, clock):
        menu = make_ivr("Sales", agents=[])
        deflect(menu, "over_capacity", "callback", after_seconds=10)
        ids = [ring(menu), ring(menu)]
        clock.pass_by(11)
        assert [get(one).status for one in ids] == ["queued", "failed"]


class TestScheduledCallsThatAreDue:
    @pytest.mark.parametrize("occasion", HOURS)
    @pytest.mark.parametrize(
        ("kind", "more", "status", "rung"),
        [
            ("message", {}, "deflected", False),
            ("voicemail", {}, "voicemail", True),
            ("phone", {"to_number": OTHER_PHONE}, "deflected", True),
            ("queue", {}, "queued", False),
        ],
    )
    def test_the_end_user_is_rung_where_there_is_something_for_them(self, clock, occasion, kind, more, status, rung):
        menu = make_menu("App", agents=[])
        if kind == "queue":
            more = {"to_menu": make_menu("Other", agents=[])}
        turn_away(menu, occasion, kind, message="Hello.", **more)
        call_id = make_due(menu)
        clock.tick()
        assert get(call_id).status == status
        assert SandboxCall.objects.filter(call_ref=call_id).exists() is rung
        assert [word for word, _way in details(call_id)] == [get(call_id).deflection]
        if rung:
            assert heard(call_id) == ["Hello."]
            assert VoipOrder.objects.filter(kind="reach").count() == 1

    def test_a_message_is_left_by_who_is_rung_for_it(self, clock):
        menu = make_menu("App")
        turn_away(menu, "after_hours", "voicemail")
        call_id = make_due(menu)
        clock.pass_by(5)
        call = get(call_id)
        assert trail(call_id) == ["deflected", "voicemail", "voicemail_received"]
        assert (call.voip_provider, bool(call.voicemail)) == ("sandbox", True)
        assert call.participants.get().status == "finished"

    @pytest.mark.parametrize(("ending", "reason"), [("5001", "eu_busy"), ("5002", "eu_no_answer")])
    def test_who_is_rung_for_a_message_and_not_reached(self, clock, ending, reason):
        menu = make_menu("App")
        turn_away(menu, "after_hours", "voicemail")
        call_id = make_due(menu, end_user_number=f"+1202555{ending}")
        clock.pass_by(3)
        assert (get(call_id).status, get(call_id).fail_reason) == ("failed", reason)

    def test_a_provider_that_refuses_to_ring_fails_the_voicemail(self, clock):
        menu = make_menu("App")
        turn_away(menu, "after_hours", "voicemail")
        call_id = make_due(menu, end_user_number="+12025555005")
        clock.pass_by(1)
        assert (get(call_id).status, get(call_id).fail_reason) == ("failed", "voip_conn_general")

    def test_nobody_is_rung_twice_for_a_message(self, clock):
        menu = make_menu("App")
        turn_away(menu, "after_hours", "voicemail")
        call_id = make_due(menu)
        clock.tick()
        # As if the worker had died between the claim of the order and its request.
        SandboxCall.objects.all().delete()
        clock.jump(300)
        clock.pass_by(400)
        assert (get(call_id).status, get(call_id).fail_reason) == ("failed", "voip_conn_timeout")
        assert not SandboxCall.objects.exists()

    @pytest.mark.parametrize(
        ("kind", "status"),
        [("message", "deflected"), ("voicemail", "voicemail"), ("callback", "queued"), ("scheduled_call", "scheduled")],
    )
    def test_a_full_queue_deflects_them_too(self, clock, queue, kind, status):
        crowd(queue, kind=kind)
        call_id = make_due(queue)
        clock.tick()
        assert (get(call_id).status, get(call_id).deflection[:13]) == (status, "over_capacity")
        assert details(call_id) == [(get(call_id).deflection, "Sales")]

    @pytest.mark.parametrize("way", ["chosen", "redirected"])
    def test_of_many_that_are_due_at_once_as_many_are_queued_as_are_served_in_time(self, clock, queue, way):
        crowd(queue, calls=0, after_seconds=600)
        chosen = queue
        if way == "redirected":
            chosen = make_menu("Other")
            turn_away(chosen, "redirection", "queue", to_menu=queue)
        ids = [make_due(chosen) for _ in range(9)]
        clock.tick()
        # One agent at work, 180 s a call: the fourth would wait for 720 s.
        assert [get(call_id).status for call_id in ids] == ["queued"] * 3 + ["deflected"] * 6
        assert {get(call_id).deflection for call_id in ids[3:]} == {"over_capacity_message_only"}
        assert {get(call_id).queue_id for call_id in ids[:3]} == {queue.pk}

    def test_all_are_queued_where_nobody_can_tell_how_long_they_wait(self, clock):
        menu = make_ivr("Nobody", agents=[])
        crowd(menu, calls=0)
        ids = [make_due(menu) for _ in range(3)]
        clock.tick()
        assert {get(call_id).status for call_id in ids} == {"queued"}

    @pytest.mark.parametrize("kind", ["queue", "callback"])
    def test_one_that_came_late_has_no_more_time_for_being_deflected(self, clock, queue, kind):
        if kind == "queue":
            turn_away(queue, "redirection", "queue", to_menu=make_ivr("Other", agents=[]))
        else:
            crowd(queue, kind="callback")
        due_at = now()
        call_id = make_due(queue)
        clock.jump(800)
        clock.tick()
        assert trail(call_id) == ["deflected", "queued"]
        assert get(call_id).deadline_at == due_at + timedelta(seconds=900)
        clock.jump(100)
        clock.tick()
        assert (get(call_id).status, get(call_id).fail_reason) == ("failed", "expired")

    def test_one_that_was_put_off_is_not_put_off_again(self, clock, queue):
        crowd(queue, kind="scheduled_call")
        call_id = make_due(queue)
        clock.tick()
        clock.jump((get(call_id).scheduled_at - now()).total_seconds())
        clock.tick()
        assert trail(call_id) == ["deflected", "scheduled", "queued"]
        assert (get(call_id).waits_since, len(details(call_id))) == (get(call_id).scheduled_at, 1)

    def test_a_batch_is_cast_in_the_other_queue_like_any(self, clock, queue):
        other = make_ivr("Other", agents=[make_agent(status="break")])
        turn_away(queue, "redirection", "queue", to_menu=other)
        ids = [make_due(queue) for _ in range(3)]
        clock.tick()
        assert {get(call_id).queue_id for call_id in ids} == {other.pk}
        assert OfferEvent.objects.filter(call__in=ids, group="Group 1").count() == 3


class TestOptionsThatChange:
    def test_an_option_taken_away_meanwhile_leaves_a_sentence_of_ours(self, clock, queue):
        turn_away(queue, "redirection", "phone", to_number=OTHER_PHONE)
        call_id = ring(queue)
        DeflectionOption.objects.all().delete()
        clock.tick()
        assert heard(call_id) == ["Nobody can take your call now. Please call again later."]
        assert not line_is_up(call_id)

    def test_calls_remember_the_way_they_were_deflected_from(self, api, clock, queue):
        close(queue)
        call_id = ring(queue)
        Menu.objects.filter(pk=queue.pk).update(name="Renamed")
        (detail,) = api.get(f"/calls/{call_id}").json()["deflection_details"]
        assert detail["from_menu_path"]["name"] == "Sales"

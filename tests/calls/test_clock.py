"""What the clock does to calls: from due to done, and until the agent is free again."""

import pytest

from agents.availability import set_status
from agents.models import Agent, Engagement
from calls.models import Call, DeflectionDetail, Offer, OfferEvent, SandboxCall
from menus.models import DeflectionOption
from tests.calls.callers import trail
from tests.calls.posting import FINISHED, post, post_inbound, post_scheduled
from tests.factories import make_agent, make_menu

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("center")]


class TestScheduledCalls:
    def test_a_scheduled_call_waits_for_its_time_and_then_goes_all_the_way(self, api, clock, menu, auto):
        call_id = post_scheduled(api, menu, seconds=60)["id"]
        clock.pass_by(59)
        assert trail(call_id) == ["scheduled"]
        clock.pass_by(12)
        assert trail(call_id) == ["scheduled", *FINISHED]
        call = Call.objects.get(pk=call_id)
        assert (call.call_duration, call.disconnected_by, call.answer_type) == (5, "end_user", "auto")
        assert call.agent_info["id"] == auto.pk
        assert call.queued_at == call.scheduled_at
        assert list(OfferEvent.objects.values_list("group", flat=True)) == ["Group 1"]
        assert not Engagement.objects.filter(ended_at=None).exists()
        assert SandboxCall.objects.count() == 1

    def test_a_call_that_comes_due_after_its_expiration_rings_nobody(self, api, clock, menu):
        call_id = post_scheduled(api, menu, seconds=60)["id"]
        clock.jump(60 + 900)
        clock.tick()
        call = Call.objects.get(pk=call_id)
        assert (call.status, call.fail_reason, call.disconnected_by) == ("failed", "expired", "system")
        assert not SandboxCall.objects.exists()

    def test_a_call_that_comes_due_a_little_late_is_made_still(self, api, clock, menu):
        call_id = post_scheduled(api, menu, seconds=60)["id"]
        clock.jump(60 + 890)
        clock.pass_by(7)
        assert trail(call_id)[-1] == "finished"

    def test_a_scheduled_call_nobody_takes_expires_fifteen_minutes_after_its_time(self, api, clock):
        menu = make_menu(agents=[make_agent()])
        call_id = post_scheduled(api, menu, seconds=10)["id"]
        clock.pass_by(10)
        clock.jump(880)
        clock.pass_by(19)
        assert Call.objects.get(pk=call_id).status == "queued"
        clock.pass_by(1)
        call = Call.objects.get(pk=call_id)
        assert (call.status, call.fail_reason) == ("failed", "expired")
        assert not Offer.objects.filter(status="open").exists()
        assert not Engagement.objects.filter(ended_at=None).exists()

    def test_a_menu_that_closed_in_the_meantime_deflects(self, api, clock, menu):
        call_id = post_scheduled(api, menu)["id"]
        menu.hours = {"time_zone": "UTC", "weekly": {}}
        menu.save()
        clock.pass_by(61)
        body = api.get(f"/calls/{call_id}").json()
        assert (body["status"], body["deflection"]) == ("deflected", "after_hours_message_only")
        assert body["ends_at"] is not None
        assert body["deflection_details"] == [
            {
                "id": DeflectionDetail.objects.get().pk,
                "call_id": call_id,
                "transfer_id": None,
                "deflection": "after_hours_message_only",
                "from_menu_path": body["menu_path"],
            }
        ]

    @pytest.mark.parametrize(
        ("kind", "more", "deflection", "status"),
        [
            ("message", {}, "after_hours_message_only", "deflected"),
            ("voicemail", {}, "after_hours_voicemail", "voicemail"),
            ("phone", {"to_number": "+12025550199"}, "temp_redirection_phone", "deflected"),
            ("queue", {}, "temp_redirection_queue", "queued"),
        ],
    )
    def test_a_menu_redirected_in_the_meantime_deflects_as_it_says(
        self, api, clock, menu, kind, more, deflection, status
    ):
        call_id = post_scheduled(api, menu)["id"]
        if kind == "queue":
            more = {"to_menu": make_menu("Other")}
        DeflectionOption.objects.create(menu=menu, occasion="redirection", kind=kind, **more)
        clock.pass_by(61)
        call = Call.objects.get(pk=call_id)
        assert (call.status, call.deflection) == (status, deflection)
        assert DeflectionDetail.objects.get(call=call).deflection == deflection

    def test_a_menu_deleted_in_the_meantime_fails_the_call(self, api, clock, menu):
        call_id = post_scheduled(api, menu)["id"]
        menu.deleted = True
        menu.save()
        clock.pass_by(61)
        call = Call.objects.get(pk=call_id)
        assert (call.status, call.fail_reason) == ("failed", "menu_deleted")

    def test_calls_of_several_menus_come_due_together(self, api, clock, auto):
        closed = make_menu("Closed", agents=[auto])
        opened = make_menu("Open", agents=[auto])
        ids = [post_scheduled(api, menu)["id"] for menu in (closed, opened, closed)]
        closed.hours = {"time_zone": "UTC", "weekly": {}}
        closed.save()
        clock.pass_by(60)
        assert [trail(call_id)[1] for call_id in ids] == ["deflected", "queued", "deflected"]

    def test_a_menu_that_cannot_be_judged_holds_up_no_other(self, api, clock, auto):
        broken, fine = make_menu("Broken", agents=[auto]), make_menu("Fine", agents=[auto])
        stuck, free = (post_scheduled(api, menu)["id"] for menu in (broken, fine))
        type(broken).objects.filter(pk=broken.pk).update(hours={"weekly": {"mon": ["late"]}})
        clock.pass_by(61)
        assert Call.objects.get(pk=stuck).status == "scheduled"
        assert "queued" in trail(free)

    def test_nor_does_one_whose_option_breaks(self, api, clock, auto, settings):
        broken, fine = make_menu("Broken", agents=[auto]), make_menu("Fine", agents=[auto])
        stuck, free = (post_scheduled(api, menu)["id"] for menu in (broken, fine))
        type(broken).objects.filter(pk=broken.pk).update(hours={"time_zone": "UTC", "weekly": {}})
        broken.deflection_options.create(occasion="after_hours", kind="voicemail")
        # Nobody is there to ring the end user for a message.
        settings.CCAI_VOIP_PROVIDERS = []
        clock.pass_by(61)
        assert Call.objects.get(pk=stuck).status == "scheduled"
        assert "queued" in trail(free)


class TestInboundCalls:
    def test_an_inbound_call_is_taken_by_an_agent_who_answers_by_themselves(self, api, clock, menu):
        body = post_inbound(api, menu)
        assert (body["status"], body["answer_type"]) == ("queued", "manual")
        clock.pass_by(8)
        assert trail(body["id"]) == FINISHED
        body = api.get(f"/calls/{body['id']}").json()
        assert body["voip_provider"] == "voip_provider_sandbox"
        assert [one["type"] for one in body["participants"]] == ["end_user", "agent"]
        assert {one["status"] for one in body["participants"]} == {"finished"}
        assert [one["call_duration"] for one in body["participants"]] == [5, 6]  # the agent heard it ring

    def test_an_inbound_call_nobody_takes_expires_after_half_an_hour(self, api, clock):
        call_id = post_inbound(api, make_menu())["id"]
        clock.jump(1_799)
        clock.tick()
        assert Call.objects.get(pk=call_id).status == "queued"
        clock.pass_by(1)
        call = Call.objects.get(pk=call_id)
        assert (call.status, call.fail_reason, call.disconnected_by) == ("failed", "expired", "system")

    def test_calls_wait_their_turn_for_the_one_agent(self, api, clock, menu):
        ids = [post_inbound(api, menu, f"+1 202-555-01{n}")["id"] for n in (23, 24, 25)]
        clock.pass_by(30)
        ends = [Call.objects.get(pk=call_id).connected_at for call_id in ids]
        assert ends == sorted(ends)
        assert [trail(call_id)[-1] for call_id in ids] == ["finished"] * 3
        assert Call.objects.get(pk=ids[2]).wait_duration >= 12

    def test_a_menu_that_gets_its_first_agent_later_serves_who_waits(self, api, clock):
        menu = make_menu(agents=[])
        body = post_inbound(api, menu)
        assert body["offer_events"] == []
        clock.pass_by(10)
        menu.groups.get().agents.add(make_agent(auto_answer=True))
        clock.pass_by(15)
        assert trail(body["id"]) == FINISHED
        assert OfferEvent.objects.filter(call=body["id"]).count() == 1


class TestOutboundCalls:
    def test_an_outbound_call_is_dialled_agent_first(self, api, clock):
        agent = make_agent("ana@example.com")
        body = post(api, call_type="OutboundCall", agent_email="ANA@example.com", end_user_number="+1 202-555-0123")
        clock.tick(rounds=1)
        call = Call.objects.get(pk=body["id"])
        assert call.status == "connecting"
        legs = dict(call.participants.values_list("type", "status"))
        assert legs == {"agent": "connected", "end_user": "waiting"}
        clock.pass_by(7)
        assert trail(body["id"]) == ["assigned", "connecting", "connected", "finished"]
        assert Agent.objects.get(pk=agent.pk).status == "available"
        assert not Engagement.objects.filter(ended_at=None).exists()

    def test_a_call_no_worker_dialled_in_time_fails_instead_of_surprising_anybody(self, api, clock):
        make_agent("ana@example.com")
        body = post(api, call_type="OutboundCall", agent_email="ana@example.com", end_user_number="+1 202-555-0123")
        clock.jump(61)
        clock.tick()
        call = Call.objects.get(pk=body["id"])
        assert (call.status, call.fail_reason) == ("failed", "stuck_due_to_api_error")
        assert not SandboxCall.objects.exists()
        assert not Engagement.objects.filter(ended_at=None).exists()


class TestWrapUp:
    @pytest.fixture(autouse=True)
    def thirty_seconds(self, settings):
        settings.CCAI_WRAP_UP_SECONDS = 30

    def test_an_agent_has_time_after_a_conversation_and_is_available_again(self, api, clock, menu, auto):
        post_inbound(api, menu)
        clock.pass_by(7)
        assert Agent.objects.get().status == "wrap_up"
        second = post_inbound(api, menu, "+1 202-555-0124")["id"]
        clock.pass_by(28)
        assert trail(second) == ["queued"]
        clock.pass_by(4)
        assert "assigned" in trail(second)
        history = list(auto.status_changes.order_by("pk").values_list("status", flat=True))
        assert history == ["wrap_up", "available"]

    def test_a_status_chosen_during_the_call_comes_after_it(self, api, clock, menu, auto):
        post_inbound(api, menu)
        clock.pass_by(3)
        set_status(auto, "meal")
        clock.pass_by(60)
        assert Agent.objects.get().status == "meal"

    def test_an_agent_whose_end_user_was_busy_has_talked_to_nobody(self, api, clock, menu, auto):
        call_id = post_inbound(api, menu, "+1 202-555-5001")["id"]
        clock.pass_by(3)
        call = Call.objects.get(pk=call_id)
        assert call.fail_reason == "eu_busy"
        assert call.participants.get(type="agent").connected_at is not None
        assert Agent.objects.get().status == "available"

    def test_a_wrap_up_the_agent_chose_lasts_until_they_end_it(self, clock, auto):
        set_status(auto, "wrap_up")
        clock.jump(3_600)
        clock.tick()
        assert Agent.objects.get().status == "wrap_up"

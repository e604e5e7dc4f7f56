"""What the clock does to calls: from due to done, and every way to fail on it."""

import wave
from datetime import timedelta

import pytest
from django.core.files.storage import default_storage

from agents.availability import set_status
from agents.models import Agent, Engagement, Language
from calls import asking, dispatch
from calls.models import (
    Call,
    CallEvent,
    Contact,
    DeflectionDetail,
    EndUser,
    Offer,
    OfferEvent,
    Participant,
    SandboxCall,
)
from ccai.times import now
from menus.models import AgentGroup, DeflectionOption
from tests import fakes
from tests.factories import make_agent, make_call, make_menu

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("center")]

FINISHED = ["queued", "assigned", "connecting", "connected", "finished"]


def trail(call_id):
    """The statuses a call has had, in order."""
    return list(CallEvent.objects.filter(call=call_id).order_by("pk").values_list("new", flat=True))


def post(api, **body):
    response = api.post("/calls", body)
    assert response.status_code == 201, response.json()
    return response.json()


def post_inbound(api, menu, number="+1 202-555-0123", **body):
    return post(api, call_type="IncomingCall", menu_id=menu.pk, end_user_number=number, **body)


def post_scheduled(api, menu, seconds=60, number="+1 202-555-0123", **body):
    due = (now() + timedelta(seconds=seconds)).isoformat()
    return post(api, call_type="ScheduledCall", menu_id=menu.pk, end_user_number=number, scheduled_at=due, **body)


def use_provider(settings, name):
    """One provider alone, of a kind that tests/fakes.py describes."""
    settings.CCAI_VOIP_PROVIDERS = ["sandbox"]
    settings.CCAI_VOIP_ADAPTERS = {"sandbox": f"tests.fakes.{name}"}


@pytest.fixture
def auto():
    return make_agent(auto_answer=True)


@pytest.fixture
def menu(auto):
    return make_menu(agents=[auto])


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


class TestTheSandboxsNumbers:
    @pytest.mark.parametrize(
        ("ending", "reason", "by"),
        [
            ("5001", "eu_busy", "unknown"),
            ("5002", "eu_no_answer", "unknown"),
            ("5003", "eu_wrong_number", "unknown"),
            ("5006", "eu_rejected", "end_user"),
        ],
    )
    def test_an_end_user_who_does_not_talk(self, api, clock, menu, ending, reason, by):
        call_id = post_inbound(api, menu, f"+1 202-555-{ending}")["id"]
        clock.pass_by(3)
        call = Call.objects.get(pk=call_id)
        assert trail(call_id) == ["queued", "assigned", "connecting", "failed"]
        assert (call.fail_reason, call.disconnected_by, call.call_duration) == (reason, by, 0)
        assert call.participants.get(type="end_user").fail_reason == reason
        assert not Engagement.objects.filter(ended_at=None).exists()

    def test_the_first_provider_errs_and_the_second_connects(self, api, clock, menu):
        call_id = post_inbound(api, menu, "+1 202-555-5004")["id"]
        clock.pass_by(8)
        assert trail(call_id) == [
            "queued", "assigned", "connecting", "switching", "connecting", "connected", "finished",
        ]  # fmt: skip
        call = Call.objects.get(pk=call_id)
        assert (call.voip_provider, call.fail_reason, call.fail_details) == ("sandbox_backup", "nothing", None)

    def test_every_provider_errs(self, api, clock, menu):
        call_id = post_inbound(api, menu, "+1 202-555-5005")["id"]
        clock.pass_by(2)
        assert trail(call_id) == [
            "queued", "assigned", "connecting", "switching", "connecting", "failed",
        ]  # fmt: skip
        call = Call.objects.get(pk=call_id)
        assert call.fail_reason == "voip_conn_general"
        assert call.fail_details == "sandbox_backup: sandbox_backup errs for numbers that end in 5005"
        assert not Engagement.objects.filter(ended_at=None).exists()

    @pytest.mark.parametrize(
        ("option", "permission", "recorded"),
        [
            ("record", "denied", True),
            ("do_not_record", "granted", False),
            ("ask_permission", "granted", True),
            ("ask_permission", "denied", False),
            ("ask_permission", "not_asked", False),
        ],
    )
    def test_a_recording_is_left_where_it_may_be(self, api, clock, menu, client, option, permission, recorded):
        menu.recording = option
        menu.save()
        call_id = post_inbound(api, menu, recording_permission=f"recording_permission_{permission}")["id"]
        clock.pass_by(8)
        url = api.get(f"/calls/{call_id}").json()["recording_url"]
        assert (url is not None) is recorded
        if recorded:
            with default_storage.open(Call.objects.get(pk=call_id).recording.name) as file, wave.open(file) as sound:
                assert sound.getnframes() > 0
            assert client.get(url).status_code == 200

    def test_a_recordings_url_opens_for_its_time_and_only_whole(self, api, clock, menu, client):
        menu.recording = "record"
        menu.save()
        call_id = post_inbound(api, menu)["id"]
        clock.pass_by(8)
        url = api.get(f"/calls/{call_id}").json()["recording_url"]
        assert client.get(url[:-1] + ("A" if url[-1] != "A" else "B")).status_code == 404
        clock.jump(3_601)
        assert client.get(url).status_code == 404


class TestTrouble:
    def test_a_provider_that_refuses_for_good_is_not_followed_by_another(self, api, clock, menu, settings):
        settings.CCAI_VOIP_ADAPTERS = {**settings.CCAI_VOIP_ADAPTERS, "sandbox": "tests.fakes.RefusingProvider"}
        call_id = post_inbound(api, menu)["id"]
        clock.tick()
        assert trail(call_id) == ["queued", "assigned", "connecting", "failed"]
        assert Call.objects.get(pk=call_id).fail_reason == "eu_wrong_number"

    # One that knows nothing of it after a minute never heard; one that dials has its time.
    @pytest.mark.parametrize(("provider", "seconds"), [("DeafProvider", 60), ("SilentProvider", 90)])
    def test_a_request_without_an_answer_is_never_repeated_and_frees_the_agent(
        self, api, clock, menu, settings, provider, seconds
    ):
        use_provider(settings, provider)
        call_id = post_inbound(api, menu)["id"]
        clock.tick()
        dialled = SandboxCall.objects.count()
        clock.jump(seconds - 1)
        clock.tick()
        assert Call.objects.get(pk=call_id).status == "connecting"
        clock.pass_by(1)
        call = Call.objects.get(pk=call_id)
        assert (call.status, call.fail_reason) == ("failed", "voip_conn_timeout")
        assert SandboxCall.objects.count() == dialled
        assert not Engagement.objects.filter(ended_at=None).exists()
        assert not SandboxCall.objects.exclude(step="over").exists()

    def test_a_worker_that_died_between_claim_and_request_leaves_a_call_that_is_settled(self, api, clock, menu):
        call_id = post_inbound(api, menu)["id"]
        clock.tick(rounds=1)
        SandboxCall.objects.all().delete()  # as if the request had never been made
        clock.jump(91)
        clock.tick()
        assert Call.objects.get(pk=call_id).fail_reason == "voip_conn_timeout"
        assert not SandboxCall.objects.exists()

    def test_an_answer_that_was_never_reported_is_found_by_asking(self, api, clock, menu):
        call_id = post_inbound(api, menu)["id"]
        clock.tick()
        SandboxCall.objects.update(connected_at=now(), step="end_user_hangs_up", next_at=None)
        clock.jump(91)
        clock.tick()
        assert Call.objects.get(pk=call_id).status == "connected"

    def test_an_end_that_was_never_reported_is_found_by_asking(self, api, clock, menu):
        call_id = post_inbound(api, menu)["id"]
        clock.pass_by(2)
        assert Call.objects.get(pk=call_id).status == "connected"
        SandboxCall.objects.update(step="over", next_at=None)
        clock.jump(301)
        clock.tick()
        call = Call.objects.get(pk=call_id)
        assert (call.status, call.disconnected_by) == ("finished", "system")

    def test_a_long_talk_goes_on_as_long_as_the_provider_carries_it(self, api, clock, menu, settings):
        settings.CCAI_SANDBOX_TALK_SECONDS = 1_000
        call_id = post_inbound(api, menu)["id"]
        clock.pass_by(2)
        for _check in range(3):
            clock.jump(301)
            clock.tick()
            assert Call.objects.get(pk=call_id).status == "connected"
        clock.jump(301)
        clock.tick()
        assert Call.objects.get(pk=call_id).call_duration == 1_000

    def test_a_provider_that_cannot_say_is_asked_again(self, api, clock, menu, settings):
        use_provider(settings, "MuteProvider")
        call_id = post_inbound(api, menu)["id"]
        clock.tick()
        SandboxCall.objects.update(step="waiting", next_at=None)
        clock.jump(91)
        clock.tick()
        assert Call.objects.get(pk=call_id).status == "connecting"
        use_provider(settings, "ForgetfulProvider")
        clock.jump(31)
        clock.tick()
        assert Call.objects.get(pk=call_id).fail_reason == "voip_conn_timeout"

    def test_a_provider_that_can_never_say_does_not_keep_the_agent_for_ever(self, api, clock, menu, settings):
        use_provider(settings, "MuteProvider")
        call_id = post_inbound(api, menu)["id"]
        clock.tick()
        SandboxCall.objects.update(step="waiting", next_at=None)
        clock.jump(570)
        clock.pass_by(29)
        assert Call.objects.get(pk=call_id).status == "connecting"
        clock.jump(31)
        clock.tick()
        assert Call.objects.get(pk=call_id).fail_reason == "voip_conn_timeout"
        assert not Engagement.objects.filter(ended_at=None).exists()

    def test_a_step_that_breaks_keeps_no_other_from_its_work(self, api, clock, menu, settings, caplog):
        settings.CCAI_VOIP_PROVIDERS = ["nowhere", "sandbox"]
        due = Call.objects.create(
            call_type="Voice Scheduled (API)", status="scheduled", lang="en", menu=menu, scheduled_at=now(),
            end_user_number="+12025550123",
        )  # fmt: skip
        clock.tick()
        assert "queued" in trail(due.pk)
        assert "The step play failed" in caplog.text

    def test_a_provider_that_fails_at_the_second_leg_is_followed_by_the_next(self, api, clock, menu, auto, settings):
        settings.CCAI_VOIP_ADAPTERS = {**settings.CCAI_VOIP_ADAPTERS, "sandbox": "tests.fakes.HalfwayProvider"}
        call_id = post_inbound(api, menu)["id"]
        clock.pass_by(9)
        assert trail(call_id) == [
            "queued", "assigned", "connecting", "switching", "connecting", "connected", "finished",
        ]  # fmt: skip
        assert SandboxCall.objects.get(provider="sandbox").step == "over"
        stays = Participant.objects.filter(call=call_id, agent=auto).order_by("pk")
        assert [stay.status for stay in stays] == ["finished", "finished"]
        assert [stay.engagement_id is None for stay in stays] == [True, False]
        assert not Engagement.objects.filter(ended_at=None).exists()

    def test_a_provider_taken_out_of_the_settings_strands_no_call_and_no_agent(self, api, clock, auto, settings):
        menu = make_menu(agents=[auto, make_agent(auto_answer=True)])
        gone, fine = (post_inbound(api, menu, f"+1 202-555-012{n}")["id"] for n in (3, 4))
        clock.tick()
        Call.objects.filter(pk=gone).update(voip_provider="old")
        SandboxCall.objects.all().update(next_at=None, step="end_user_reacts")
        clock.jump(91)
        clock.tick()
        assert {Call.objects.get(pk=pk).fail_reason for pk in (gone, fine)} == {"voip_conn_timeout"}
        assert not Engagement.objects.filter(ended_at=None).exists()

    def test_an_adapter_that_breaks_over_one_call_dials_the_others(self, api, clock, settings):
        use_provider(settings, "BreaksOverThree")
        menu = make_menu(agents=[make_agent(auto_answer=True) for _ in range(3)])
        ids = [post_inbound(api, menu, f"+1 202-555-012{n}")["id"] for n in (3, 4, 5)]
        clock.pass_by(8)
        assert [trail(call_id)[-1] for call_id in ids] == ["connecting", "finished", "finished"]
        clock.jump(90)
        clock.tick()
        assert trail(ids[0])[-1] == "failed"

    def test_a_worker_that_died_before_the_second_leg_is_followed_by_one_that_asks_for_it(self, api, clock, menu):
        call_id = post_inbound(api, menu)["id"]
        clock.tick(rounds=1)
        # As if the claim had been made, and the request had not.
        Participant.objects.filter(call=call_id, type="end_user").update(dialled_at=now())
        SandboxCall.objects.update(step="waiting", next_at=None)
        clock.jump(91)
        clock.pass_by(9)
        assert trail(call_id) == FINISHED
        assert SandboxCall.objects.count() == 1

    def test_a_call_that_failed_while_it_waited_its_turn_rings_nobody(self, api, clock, menu):
        call_id = post_inbound(api, menu)["id"]
        clock.tick(rounds=1)
        stale = Call.objects.get(pk=call_id)
        SandboxCall.objects.all().delete()
        clock.jump(91)
        clock.tick()
        assert Call.objects.get(pk=call_id).status == "failed"
        asking.ask(stale, asking.place)
        assert not SandboxCall.objects.exists()

    def test_two_hundred_calls_nobody_free_can_take_hold_up_no_other(self, api, clock):
        Language.objects.create(code="ko")
        menu = make_menu(agents=[make_agent(auto_answer=True)])
        Agent.objects.get().languages.add(Language.objects.get(code="en"))
        crowd = [make_call("queued", menu=menu, lang="ko", save=False, cast_level=1) for _ in range(600)]
        Call.objects.bulk_create(crowd)
        call_id = post_inbound(api, menu)["id"]
        clock.tick(rounds=1)
        assert "assigned" in trail(call_id)

    def test_a_menu_with_two_hundred_unjudged_calls_holds_up_no_other_and_its_calls_expire(self, api, clock, auto):
        broken, fine = make_menu("Broken", agents=[auto]), make_menu("Fine", agents=[auto])
        late = [
            make_call("scheduled", menu=broken, save=False, scheduled_at=now() + timedelta(seconds=1))
            for _ in range(205)
        ]
        Call.objects.bulk_create(late)
        type(broken).objects.filter(pk=broken.pk).update(hours={"weekly": {"mon": ["late"]}})
        call_id = post_scheduled(api, fine, seconds=2)["id"]
        clock.pass_by(3)
        assert "queued" in trail(call_id)
        clock.jump(900)
        clock.tick()
        assert set(Call.objects.filter(menu=broken).values_list("fail_reason", flat=True)) == {"expired"}

    def test_a_recording_that_cannot_be_stored_stops_nobody(self, api, clock, menu, settings, tmp_path):
        (tmp_path / "file").touch()
        settings.MEDIA_ROOT = tmp_path / "file"
        menu.recording = "record"
        menu.save()
        ids = [post_inbound(api, menu, f"+1 202-555-012{n}")["id"] for n in (3, 4)]
        clock.pass_by(20)
        assert [trail(call_id)[-1] for call_id in ids] == ["finished", "finished"]
        settings.MEDIA_ROOT = tmp_path / "directory"
        clock.pass_by(6)
        assert all(Call.objects.get(pk=call_id).recording for call_id in ids)


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


class TestContacts:
    def test_whom_the_crm_could_not_name_is_named_when_it_answers(self, api, clock, menu, settings):
        Contact.objects.create(out_contact_id="c-1", name="Ann").phones.create(number="+12025550123")
        settings.CCAI_CRM_ADAPTERS = {"builtin": "tests.fakes.DownCrm"}
        body = post_inbound(api, menu)
        assert body["end_user"]["out_contact_id"] is None
        clock.tick()
        settings.CCAI_CRM_ADAPTERS = {"builtin": "calls.crm.builtin.BuiltinCrm"}
        clock.pass_by(59)
        assert api.get(f"/calls/{body['id']}").json()["end_user"]["out_contact_id"] is None
        clock.pass_by(1)
        assert api.get(f"/calls/{body['id']}").json()["end_user"] == {
            "id": body["end_user"]["id"], "identifier": None, "out_contact_id": "c-1",
        }  # fmt: skip

    def test_two_rows_that_turn_out_one_person_become_one(self, api, clock, menu, settings):
        known = EndUser.objects.create(out_contact_id="c-1", number="+12025550111")
        Contact.objects.create(out_contact_id="c-1", name="Ann").phones.create(number="+12025550123")
        settings.CCAI_CRM_ADAPTERS = {"builtin": "tests.fakes.DownCrm"}
        body = post_inbound(api, menu)
        settings.CCAI_CRM_ADAPTERS = {"builtin": "calls.crm.builtin.BuiltinCrm"}
        clock.tick()
        body = api.get(f"/calls/{body['id']}").json()
        assert body["end_user"]["id"] == known.pk
        assert body["participants"][0]["end_user_id"] == known.pk
        assert EndUser.objects.count() == 1

    @pytest.mark.parametrize("is_known", [True, False])
    def test_who_polls_for_changes_sees_that_an_end_user_was_named(self, api, clock, settings, is_known):
        if is_known:
            EndUser.objects.create(out_contact_id="c-1", number="+12025550111")
        Contact.objects.create(out_contact_id="c-1", name="Ann").phones.create(number="+12025550123")
        settings.CCAI_CRM_ADAPTERS = {"builtin": "tests.fakes.DownCrm"}
        post_inbound(api, make_menu(agents=[make_agent(status="break")]))
        clock.tick()
        settings.CCAI_CRM_ADAPTERS = {"builtin": "calls.crm.builtin.BuiltinCrm"}
        clock.jump(60)
        dispatch.fill_in_contacts(now())
        assert Call.objects.get().end_user.out_contact_id == "c-1"
        assert Call.objects.get().updated_at == now()

    def test_a_number_nobody_has_is_asked_about_once(self, api, clock, menu, settings):
        settings.CCAI_CRM_ADAPTERS = {"builtin": "tests.fakes.CountingCrm"}
        EndUser.objects.create(number="+12025550123", ask_crm_at=now())
        fakes.CountingCrm.questions = 0
        clock.pass_by(3)
        assert fakes.CountingCrm.questions == 1


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

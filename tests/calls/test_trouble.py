"""Providers that refuse, err, lie or say nothing, and workers that die: each call ends, and holds up no other."""

from datetime import timedelta

import pytest

from agents.models import Agent, Engagement, Language
from calls import asking
from calls.models import Call, Participant, SandboxCall
from ccai.times import now
from tests.calls.callers import trail
from tests.calls.posting import FINISHED, post_inbound, post_scheduled
from tests.factories import make_agent, make_call, make_menu
from tests.fakes import use_provider

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("center")]


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

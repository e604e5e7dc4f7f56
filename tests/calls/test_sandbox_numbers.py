"""The numbers at which the sandbox's end users disappoint, and what it records."""

import wave

import pytest
from django.core.files.storage import default_storage

from agents.models import Engagement
from calls.models import Call
from tests.calls.callers import trail
from tests.calls.posting import post_inbound

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("center")]


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

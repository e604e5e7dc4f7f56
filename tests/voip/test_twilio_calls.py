"""Click to call through Twilio: the agent first, then the end user, and whatever may go wrong on the way."""

import re
import socket
import threading
import wave

import pytest
import requests
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from twilio.request_validator import RequestValidator

from agents.models import Agent
from calls import dispatch
from calls.models import Call, Participant, TwilioRecording
from calls.services import apply_voip_event, recordings
from calls.tasks import fetch_recordings
from calls.voip.base import VoipError, VoipEvent, VoipEventKind
from calls.voip.sandbox import generate_recording
from calls.voip.twilio.client import QuietHttpClient
from ccai.times import now
from tests.calls.talking import engaged, post_inbound, trail
from tests.voip.conftest import PHONE
from tests.voip.paper import ACCOUNT, NUMBER, PUBLIC, TOKEN, Paper, line_of, new_sid, refused

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("center")]


def stored():
    """The names of all recordings that are stored."""
    names = default_storage.listdir("recordings")[1] if default_storage.exists("recordings") else []
    return {f"recordings/{name}" for name in names}


class TestAWholeCall:
    def test_rings_the_agent_then_the_end_user_and_joins_them(self, dial, clock, twilio, settings):
        call_id = dial()
        call = Call.objects.get(pk=call_id)
        agent = line_of(call_id, None)
        (asked,) = Paper.asked
        method, path, sent = asked
        assert (method, path) == ("POST", f"/2010-04-01/Accounts/{ACCOUNT}/Calls.json")
        assert (sent["To"], sent["From"]) == (PHONE, "+13392195276")
        where = f"{PUBLIC}/voip/twilio/{call_id}/{agent.leg}/1"
        assert (sent["Url"], sent["StatusCallback"]) == (f"{where}/document", f"{where}/status")
        assert sent["StatusCallbackEvent"] == ["initiated", "ringing", "answered", "completed"]
        assert not {"MachineDetection", "Record", "Twiml"} & set(sent)
        assert (call.status, call.voip_provider, call.voip_ref) == ("connecting", "twilio", agent.sid)

        assert twilio.report(agent, "ringing").status_code == 204
        clock.tick()
        assert Paper.rung() == [PHONE]
        # The document is asked for when the phone is answered, and may come before the report.
        document = twilio.ask(agent)
        assert f">demo-{call_id}</Conference>" in document
        assert 'startConferenceOnEnter="false"' in document
        assert "record=" not in document
        clock.tick()
        assert Paper.rung() == [PHONE, NUMBER]

        end_user = line_of(call_id)
        assert f"{end_user.call_ref}/0/1/document" in Paper.asked[-1][2]["Url"]
        assert 'startConferenceOnEnter="true"' in twilio.ask(end_user)
        call.refresh_from_db()
        assert (call.status, call.connected_at) == ("connected", now())
        clock.jump(42)
        twilio.report(end_user, "completed", CallDuration="42")
        call.refresh_from_db()
        assert (call.status, call.disconnected_by, call.call_duration) == ("finished", "end_user", 42)
        clock.tick()
        assert Paper.ended() == {agent.sid}
        assert engaged() == set()
        assert trail(call) == ["assigned", "connecting", "connected", "finished"]

    def test_is_over_when_the_agent_puts_the_phone_down(self, talk, clock, twilio):
        call_id = talk()
        twilio.report(line_of(call_id, None), "completed")
        call = Call.objects.get(pk=call_id)
        assert (call.status, call.disconnected_by) == ("finished", "agent")
        clock.tick()
        assert Paper.ended() == {line_of(call_id).sid}

    def test_is_recorded_where_that_is_granted(self, talk, clock, twilio):
        call_id = talk()
        Call.objects.filter(pk=call_id).update(recorded=True)
        line = line_of(call_id)
        document = twilio.ask(line)
        assert 'record="record-from-start"' in document
        (path,) = re.findall(rf'{PUBLIC}(/voip/twilio/{call_id}/0/1/recording)"', document)
        twilio.report(line, "completed")
        for _twice in range(2):
            assert (
                twilio.post(path, {"RecordingSid": "RE" + "1" * 32, "RecordingStatus": "completed"}).status_code == 204
            )
        clock.tick()
        # The clock does not wait for it.
        assert not [path for _method, path, _sent in Paper.asked if path.endswith(".wav")]
        Paper.sounds.append(requests.ReadTimeout())
        assert fetch_recordings() == 1
        assert Call.objects.get(pk=call_id).recording == ""
        assert fetch_recordings() == 0
        clock.pass_by(5)
        assert fetch_recordings() == 1
        assert Call.objects.get(pk=call_id).recording
        fetched = [path for _method, path, _sent in Paper.asked if path.endswith(".wav")]
        assert fetched == [f"/2010-04-01/Accounts/{ACCOUNT}/Recordings/RE{'1' * 32}.wav"] * 2

    @pytest.fixture
    def recorded(self, talk, twilio):
        """The id of a call of which Twilio has recordings to fetch, by their numbers."""

        def report(*numbers):
            call_id = talk()
            for number in numbers:
                sent = {"RecordingSid": f"RE{number:032x}", "RecordingStatus": "completed"}
                assert twilio.post(f"/voip/twilio/{call_id}/0/1/recording", sent).status_code == 204
            return call_id

        return report

    def test_of_several_talks_has_them_all_in_one_recording_in_their_order(self, recorded, clock):
        call_id = recorded(1, 2, 3, 1)

        def frames():
            with default_storage.open(Call.objects.get(pk=call_id).recording.name) as file, wave.open(file) as sound:
                return sound.getnframes()

        # The first does not say how long it is.
        Paper.sounds += [
            generate_recording(0.1).replace((1_600).to_bytes(4, "little"), b"\xff" * 4, 1),
            requests.ReadTimeout(),
            generate_recording(0.2),
            b"RIFF, and no sound",
        ]
        assert fetch_recordings() == 2
        # The third is not asked for before the second.
        first = Call.objects.get(pk=call_id).recording.name
        clock.pass_by(5)
        assert fetch_recordings() == 2
        assert frames() == 800 + 1_600
        assert not default_storage.exists(first)
        assert not TwilioRecording.objects.filter(due_at__isnull=False).exists()

    def test_has_no_talk_twice_where_a_worker_is_so_late_that_another_has_fetched_it(self, recorded, clock):
        call_id = recorded(1)

        def come_late():
            clock.jump(301)
            # Another worker.
            assert dispatch.fetch_recordings() == 1
            return generate_recording(0.1)

        before = stored()
        Paper.sounds += [come_late, generate_recording(0.1)]
        assert fetch_recordings() == 1
        recording = Call.objects.get(pk=call_id).recording
        assert recording.size == len(generate_recording(0.1))
        assert stored() - before == {recording.name}

    def test_loses_no_talk_that_was_kept_while_another_was(self, recorded):
        call_id = recorded()

        class Meanwhile(ContentFile):
            def chunks(self, chunk_size=None):
                Call.objects.filter(pk=call_id).update(recording="recordings/other.wav")
                return super().chunks(chunk_size)

        before = stored()
        late = Meanwhile(generate_recording(0.1))
        with pytest.raises(recordings.Changed):
            apply_voip_event(
                VoipEvent(VoipEventKind.RECORDED, call_id, "twilio", now(), recording=late, kept=lambda: None)
            )
        assert Call.objects.get(pk=call_id).recording == "recordings/other.wav"
        assert stored() == before

    def test_goes_to_a_sip_address_too(self, ana, dial):
        Agent.objects.filter(pk=ana.pk).update(sip_address="ana@pbx.example.com")
        dial()
        assert Paper.rung() == ["sip:ana@pbx.example.com"]

    def test_of_an_agent_without_a_phone_goes_to_the_next_provider(self, ana, dial):
        Agent.objects.filter(pk=ana.pk).update(sip_address="")
        call = Call.objects.get(pk=dial())
        assert Paper.asked == []
        assert trail(call)[:4] == ["assigned", "connecting", "switching", "connecting"]
        assert call.voip_provider == "sandbox"

    def test_of_an_agent_without_a_phone_says_so_where_there_is_no_other_provider(self, ana, dial, settings, caplog):
        settings.CCAI_VOIP_PROVIDERS = ["twilio"]
        Agent.objects.filter(pk=ana.pk).update(sip_address="")
        call = Call.objects.get(pk=dial())
        assert trail(call) == ["assigned", "connecting", "failed"]
        assert call.fail_reason == "ag_mic_no_device"
        assert call.fail_details == "twilio: the agent has no phone, and no SIP address"
        assert "the agent has no phone" in caplog.text


class TestWhoIsNotReached:
    @pytest.mark.parametrize(
        ("status", "sip_code", "reason"),
        [("busy", "", "eu_busy"), ("no-answer", "487", "eu_no_answer"), ("busy", "603", "eu_rejected")],
    )
    def test_an_end_user_ends_the_call_with_the_reason(self, reach, clock, twilio, status, sip_code, reason):
        call_id = reach()
        twilio.report(line_of(call_id), "ringing")
        twilio.report(line_of(call_id), status, SipResponseCode=sip_code)
        call = Call.objects.get(pk=call_id)
        assert (call.status, call.fail_reason) == ("failed", reason)
        clock.tick()
        assert Paper.ended() == {line_of(call_id, None).sid}

    def test_a_fault_of_the_network_is_switching(self, reach, clock, twilio):
        call_id = reach()
        twilio.report(line_of(call_id), "failed", SipResponseCode="503")
        clock.tick()
        call = Call.objects.get(pk=call_id)
        assert "switching" in trail(call)
        assert call.voip_provider == "sandbox"
        assert Paper.ended() == {line_of(call_id, None).sid}

    def test_a_fault_of_the_network_is_told_where_there_is_no_other_provider(self, reach, clock, twilio, settings):
        settings.CCAI_VOIP_PROVIDERS = ["twilio"]
        call_id = reach()
        twilio.report(line_of(call_id), "failed", SipResponseCode="503")
        clock.tick()
        call = Call.objects.get(pk=call_id)
        assert (call.status, call.fail_reason) == ("failed", "voip_twilio_error")
        assert call.fail_details == "twilio: the line failed, SIP 503"
        assert Paper.ended() == {line_of(call_id, None).sid}

    def test_an_agent_sends_the_call_back_to_its_queue(self, api, clock, menu, ana, twilio):
        call_id = post_inbound(api, menu, NUMBER)
        clock.tick()
        twilio.report(line_of(call_id, None), "no-answer")
        call = Call.objects.get(pk=call_id)
        assert (call.status, call.agent) == ("queued", None)
        assert Agent.objects.get(pk=ana.pk).status == "unresponsive"
        assert Participant.objects.get(call=call, agent=ana).fail_reason == "ag_ignored"

    def test_an_agent_who_hangs_up_while_it_rings_ends_that(self, reach, clock, twilio):
        call_id = reach()
        twilio.report(line_of(call_id), "ringing")
        twilio.report(line_of(call_id, None), "completed")
        call = Call.objects.get(pk=call_id)
        assert (call.status, call.fail_reason) == ("failed", "ag_canceled")
        clock.tick()
        assert line_of(call_id).sid in Paper.ended()


class TestARefusal:
    @pytest.mark.parametrize(
        ("code", "status", "ends", "reason"),
        [
            (21211, 400, "failed", "eu_wrong_number"),
            (21215, 400, "connecting", "nothing"),
            (20003, 401, "connecting", "nothing"),
            (20429, 429, "connecting", "nothing"),
        ],
    )
    def test_ends_the_call_or_switches(self, dial, clock, twilio, code, status, ends, reason):
        call_id = dial()
        twilio.report(line_of(call_id, None), "in-progress")
        Paper.answers.append(refused(code, status))
        clock.tick()
        call = Call.objects.get(pk=call_id)
        assert (call.status, call.fail_reason) == (ends, reason)
        assert ("switching" in trail(call)) == (ends != "failed")
        assert Paper.ended() == {line_of(call_id, None).sid}

    def test_of_the_agents_number_is_the_agents(self, api, clock, menu, ana):
        Paper.answers.append(refused(21211))
        call_id = post_inbound(api, menu, NUMBER)
        clock.tick()
        assert Call.objects.get(pk=call_id).status == "queued"
        assert Participant.objects.get(call=call_id, agent=ana).fail_reason == "ag_mic_no_device"

    def test_that_nobody_heard_is_switching(self, dial):
        Paper.answers.append(VoipError("Twilio cannot be reached"))
        call = Call.objects.get(pk=dial())
        assert call.voip_provider == "sandbox"
        assert "switching" in trail(call)


class TestWhatIsNotOfTwilio:
    def test_is_403_and_writes_nothing(self, dial, twilio):
        call_id = dial()
        line = line_of(call_id, None)
        path = f"/voip/twilio/{call_id}/{line.leg}/1/status"
        sent = {"CallSid": line.sid, "CallStatus": "in-progress"}
        answers = [
            twilio.post(path, sent, token="another"),
            twilio.post(path, sent, signature="nonsense"),
            twilio.post(path, sent, signature=""),
            # Signed for the address that a proxy has made of it.
            twilio.post(path, sent, public="http://127.0.0.1"),
        ]
        assert {answer.status_code for answer in answers} == {403}
        for what in ("status", f"{call_id}/0/1/recording", "inbound/1"):
            assert twilio.post(f"/voip/twilio/{what}", sent, token="another").status_code == 403
        line.refresh_from_db()
        assert line.state == "asked"
        assert Call.objects.get(pk=call_id).status == "connecting"
        assert twilio.client.get(path).status_code == 405

    def test_is_told_once_a_minute_and_on_the_first_page(self, dial, clock, twilio, caplog, admin_client):
        path = f"/voip/twilio/{dial()}/0/1/status"
        words = "another token than CCAI_TWILIO_AUTH_TOKEN"
        caplog.clear()
        for account in ("", "AC" + "1" * 32):
            twilio.post(path, {"To": NUMBER, "AccountSid": account}, signature="nonsense")
        assert words not in caplog.text + admin_client.get("/admin/").content.decode()
        for _minute in range(2):
            for signature in ("", "nonsense", "more of it"):
                twilio.post(path, {"To": NUMBER, "AccountSid": ACCOUNT}, signature=signature)
            clock.jump(60)
        said = [record.getMessage() for record in caplog.records if words in record.getMessage()]
        assert len(said) == 2
        assert said[0].endswith(PUBLIC)
        assert words in admin_client.get("/admin/").content.decode()

    def test_comes_by_the_name_that_the_world_has_for_the_center_too(self, dial, twilio):
        line = line_of(dial(), None)
        twilio.client = twilio.through_no_proxy
        assert twilio.report(line, "ringing").status_code == 204
        assert twilio.post("/voip/twilio/status", {}, token="another").status_code == 403

    @pytest.mark.parametrize("query", ["?shop=a|b", "?shop=Zürich%20|+", "?shop=Z%C3%BCrich"])
    def test_is_told_by_the_address_as_it_came(self, dial, twilio, query):
        leg = line_of(dial(), None).leg
        path = f"/voip/twilio/{Call.objects.get().pk}/{leg}/1/status{query}"
        sent = {"CallSid": line_of(Call.objects.get().pk, None).sid, "CallStatus": "ringing"}
        assert twilio.post(path, sent).status_code == 204
        signature = RequestValidator(TOKEN).compute_signature(f"{PUBLIC}{path}1", sent)
        assert twilio.post(path, sent, signature=signature).status_code == 403

    def test_nothing_is_verified_by_an_empty_token(self, dial, twilio, settings):
        call_id = dial()
        settings.CCAI_TWILIO_AUTH_TOKEN = ""
        path = f"/voip/twilio/{call_id}/{line_of(call_id, None).leg}/1/status"
        assert twilio.post(path, {"CallStatus": "in-progress"}, token="").status_code == 403

    def test_unknown_calls_are_404_and_logged_once(self, dial, twilio, caplog):
        call_id = dial()
        leg = line_of(call_id, None).leg
        sent = {"CallSid": new_sid(), "CallStatus": "in-progress"}
        caplog.clear()
        for path in ("999/0/1/status", "999/0/1/status", "999/0/1/document", "999/7/2/key", "999/0/1/recording"):
            assert twilio.post(f"/voip/twilio/{path}", sent).status_code == 404
        assert len(caplog.records) == 1
        # A line of ours, by another's id.
        assert twilio.post(f"/voip/twilio/{call_id}/{leg}/1/status", sent).status_code == 404
        assert twilio.post("/voip/twilio/status", sent).status_code == 404


class TestLogs:
    def test_have_no_number_and_no_secret(self, dial, clock, twilio, caplog):
        caplog.set_level("DEBUG")
        Paper.answers.append(refused(21211))
        dial()
        Paper.answers.append(requests.ReadTimeout(f"GET https://api.twilio.com/?To={NUMBER}"))
        call_id = dial()
        Paper.answers += [requests.ReadTimeout(NUMBER)] * 3
        clock.jump(61)
        clock.tick()
        twilio.post(f"/voip/twilio/{call_id}/0/1/status", {"To": NUMBER}, token="another")
        said = caplog.text
        assert "Twilio" in said
        for secret in (NUMBER, PHONE, "%2B1", "a-token-that", ACCOUNT):
            assert secret not in said

    def test_of_headers_that_are_none_have_no_address(self, caplog):
        caplog.set_level("DEBUG")
        with socket.create_server(("127.0.0.1", 0)) as liar:

            def lie():
                with liar.accept()[0] as asked:
                    asked.recv(65_536)
                    asked.sendall(b"HTTP/1.1 200 OK\r\nno header\r\nContent-Length: 2\r\n\r\n{}")

            speaks = threading.Thread(target=lie)
            speaks.start()
            url = f"http://127.0.0.1:{liar.getsockname()[1]}/Calls.json"
            assert QuietHttpClient().request("GET", url, params={"To": NUMBER}, auth=(ACCOUNT, TOKEN)).text == "{}"
            speaks.join()
        assert NUMBER[1:] not in caplog.text
        assert TOKEN not in caplog.text

    def test_questions_say_since_when(self, dial, clock):
        Paper.answers.append(requests.ReadTimeout())
        dial()
        clock.jump(61)
        Paper.answers += [{"calls": []}, {"calls": []}]
        clock.tick()
        method, _path, sent = Paper.asked[1]
        assert method == "GET"
        assert (sent["To"], sent["From"]) == (PHONE, "+13392195276")
        assert "StartTime>" in sent

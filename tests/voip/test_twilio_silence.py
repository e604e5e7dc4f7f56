"""Twilio is silent, late, or out of order: nobody is rung twice, and nobody for nothing."""

import pytest
import requests
from twilio.http.response import Response

from calls import dispatch
from calls.models import Call, TwilioLine, VoipOrder
from ccai.times import now
from tests.calls.talking import engaged, post_inbound, trail
from tests.factories import make_agent
from tests.voip.conftest import PHONE
from tests.voip.paper import NUMBER, Paper, line_of, new_sid, refused

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("center")]


class TestSilence:
    @pytest.fixture(
        params=[
            requests.ReadTimeout(),
            Response(502, "<html><h1>Bad Gateway</h1></html>"),
            Response(201, "<html>Welcome</html>"),
            Response(201, '{"sid": 7}'),
            Response(307, ""),
            Response(408, ""),
        ],
        ids=["time-out", "html-error", "html", "lie", "elsewhere", "proxy"],
    )
    def silence(self, request):
        return request.param

    def test_is_settled_by_callbacks_and_nobody_is_rung_twice(self, dial, clock, twilio, silence):
        Paper.answers.append(silence)
        call_id = dial()
        assert Call.objects.get(pk=call_id).status == "connecting"
        agent = line_of(call_id, None)
        assert (agent.sid, agent.state) == ("", "asked")
        clock.pass_by(5)
        assert Paper.rung() == [PHONE]
        twilio.report(agent, "in-progress")
        Paper.answers.append(silence)
        clock.tick()
        assert Paper.rung() == [PHONE, NUMBER]
        twilio.report(line_of(call_id), "in-progress")
        assert Call.objects.get(pk=call_id).status == "connected"
        twilio.report(line_of(call_id), "completed")
        clock.tick()
        assert Paper.rung() == [PHONE, NUMBER]
        assert Call.objects.get(pk=call_id).status == "finished"

    def test_that_stays_is_a_time_out_after_a_minute(self, dial, clock):
        Paper.answers.append(requests.ReadTimeout())
        call_id = dial()
        clock.jump(59)
        clock.tick()
        assert Call.objects.get(pk=call_id).status == "connecting"
        Paper.answers += [{"calls": []}, {"calls": []}]
        clock.jump(2)
        clock.tick()
        call = Call.objects.get(pk=call_id)
        assert (call.status, call.fail_reason) == ("failed", "voip_conn_timeout")
        looked = [(method, sent.get("To")) for method, path, sent in Paper.asked if path.endswith("/Calls.json")]
        assert looked[:2] == [("POST", PHONE), ("GET", PHONE)]
        assert engaged() == set()

    def test_a_line_that_twilio_has_after_all_is_found_and_goes_on(self, dial, clock, twilio):
        Paper.answers.append(requests.ReadTimeout())
        call_id = dial()
        sid = new_sid()
        Paper.answers += [{"calls": [{"sid": sid, "status": "ringing"}]}, {"status": "ringing"}]
        clock.jump(61)
        clock.tick()
        assert Call.objects.get(pk=call_id).status == "connecting"
        assert line_of(call_id, None).sid == sid
        twilio.report(line_of(call_id, None), "in-progress")
        clock.tick()
        assert Paper.rung()[-1] == NUMBER

    def test_of_which_nobody_can_tell_is_not_guessed(self, dial, clock):
        Paper.answers.append(requests.ReadTimeout())
        call_id = dial()
        two = [{"sid": new_sid(), "status": "in-progress"} for _line in range(2)]
        Paper.answers += [{"calls": two}, {"calls": two}]
        clock.jump(61)
        clock.tick()
        assert Call.objects.get(pk=call_id).fail_reason == "voip_conn_timeout"
        assert Paper.ended() == set()

    def test_a_line_that_comes_up_too_late_is_hung_up(self, dial, clock, twilio):
        Paper.answers.append(requests.ReadTimeout())
        call_id = dial()
        Paper.answers += [{"calls": []}, {"calls": []}]
        clock.jump(61)
        clock.tick()
        agent = line_of(call_id, None)
        assert "<Hangup" in twilio.ask(agent)
        agent.refresh_from_db()
        clock.tick()
        assert Paper.ended() == {agent.sid}

    def test_a_line_that_begins_to_ring_too_late_is_hung_up_once(self, dial, clock, twilio):
        Paper.answers.append(requests.ReadTimeout())
        call_id = dial()
        Paper.answers += [{"calls": []}, {"calls": []}]
        clock.jump(61)
        clock.tick()
        assert Call.objects.get(pk=call_id).status == "failed"
        agent = line_of(call_id, None)
        before = VoipOrder.objects.count()
        for _twice in range(2):
            twilio.report(agent, "ringing")
            clock.tick()
        assert Paper.ended() == {line_of(call_id, None).sid}
        assert VoipOrder.objects.count() == before + 1

    @pytest.mark.parametrize(
        ("present", "is_wanted"),
        [
            ({"status": "failed", "fail_reason": "eu_canceled", "ends_at": now()}, False),
            ({"voip_provider": "sandbox"}, False),
            ({"status": "deflected", "ends_at": now()}, True),
            ({}, True),
        ],
        ids=["failed", "elsewhere", "deflected", "connecting"],
    )
    def test_about_an_end_user_lets_nobody_ring_them_who_is_not_waited_for(
        self, reach, clock, twilio, present, is_wanted
    ):
        Paper.answers += [{}, requests.ReadTimeout()]
        call_id = reach()
        Call.objects.filter(pk=call_id).update(**present)
        twilio.report(line_of(call_id), "ringing")
        clock.tick()
        assert (line_of(call_id).sid in Paper.ended()) == (not is_wanted)

    def test_about_an_end_user_whose_call_waits_again_rings_them_with_the_next_agent_only(
        self, api, clock, menu, twilio
    ):
        call_id = post_inbound(api, menu, NUMBER)
        clock.tick()
        twilio.report(line_of(call_id, None), "in-progress")
        Paper.answers.append(requests.ReadTimeout())
        clock.tick()
        twilio.report(line_of(call_id, None), "completed")
        clock.tick()
        assert Call.objects.get(pk=call_id).status == "queued"
        assert line_of(call_id).state == "asked"
        twilio.report(line_of(call_id), "ringing")
        clock.tick()
        assert line_of(call_id).sid in Paper.ended()

    @pytest.mark.parametrize("is_found", [True, False], ids=["found", "unknown"])
    def test_about_an_end_user_lets_nobody_ring_them_while_they_may_be_rung(self, api, clock, menu, twilio, is_found):
        call_id = post_inbound(api, menu, NUMBER)
        clock.tick()
        twilio.report(line_of(call_id, None), "in-progress")
        Paper.answers.append(requests.ReadTimeout())
        clock.tick()
        ben = make_agent("ben@example.com", auto_answer=True, sip_address="+13105550101")
        menu.groups.get().agents.add(ben)
        sid = new_sid()
        Paper.answers += [{"calls": [{"sid": sid, "status": "ringing"}]}] if is_found else []
        twilio.report(line_of(call_id, None), "completed")
        clock.pass_by(3)
        assert Paper.rung() == [PHONE, NUMBER, "+13105550101"]
        twilio.report(line_of(call_id, None), "in-progress")
        clock.tick()
        call = Call.objects.get(pk=call_id)
        if is_found:
            assert sid in Paper.ended()
            assert (call.status, Paper.rung()[3:]) == ("connecting", [NUMBER])
        else:
            assert (call.status, call.fail_reason, Paper.rung()[3:]) == ("failed", "voip_conn_timeout", [])

    def test_about_an_end_user_lets_no_other_provider_ring_them(self, api, clock, menu, twilio):
        call_id = post_inbound(api, menu, NUMBER)
        clock.tick()
        twilio.report(line_of(call_id, None), "in-progress")
        Paper.answers.append(requests.ReadTimeout())
        clock.tick()
        ben = make_agent("ben@example.com", auto_answer=True, sip_address="+13105550101")
        menu.groups.get().agents.add(ben)
        Paper.answers += [{"calls": []}, {"calls": []}, refused(20003, 401)]
        twilio.report(line_of(call_id, None), "completed")
        clock.pass_by(3)
        call = Call.objects.get(pk=call_id)
        assert Paper.rung() == [PHONE, NUMBER, "+13105550101"]
        assert (call.status, call.voip_provider) == ("failed", "twilio")
        assert "switching" not in trail(call)

    def test_that_lasts_lets_one_worker_ring_whom_another_has_taken_upon_itself(self, dial, api, clock, twilio):
        make_agent("ben@example.com", sip_address="+13105550101")
        first = dial()
        body = {"call_type": "OutboundCall", "agent_email": "ben@example.com", "end_user_number": "+12025550124"}
        second = api.post("/calls", body).json()["id"]
        clock.tick()

        def answer_late():
            clock.jump(91)
            Paper.answers += [{"status": "in-progress"}, {"calls": []}, {"status": "in-progress"}]
            # Another worker.
            dispatch.settle_stalled(now())
            assert dispatch.connect(now()) == 1
            return {}

        for call_id in (first, second):
            twilio.report(line_of(call_id, None), "in-progress")
        Paper.clear()
        Paper.answers.append(answer_late)
        dispatch.connect(now())
        assert Paper.rung() == [NUMBER, "+12025550124"]
        assert Call.objects.get(pk=second).status == "connecting"

    def test_a_line_that_may_be_another_calls_is_left_alone(self, dial, clock):
        Paper.answers.append(requests.ReadTimeout())
        dial()
        lost = TwilioLine.objects.get()
        # Another call to the same phone is being asked for just now.
        TwilioLine.objects.create(
            provider="twilio", call_ref=7, to_number=lost.to_number, from_number=lost.from_number, created_at=now()
        )
        found = {"calls": [{"sid": new_sid(), "status": "ringing"}]}
        Paper.answers += [found, found]
        clock.jump(61)
        clock.tick()
        assert Paper.ended() == set()
        assert not TwilioLine.objects.exclude(sid="").exists()


class TestDisorder:
    def test_an_end_before_its_beginning_is_a_talk(self, reach, clock, twilio):
        call_id = reach()
        line = line_of(call_id)
        clock.jump(20)
        twilio.report(line, "completed", CallDuration="12")
        call = Call.objects.get(pk=call_id)
        assert (call.status, call.disconnected_by, call.call_duration) == ("finished", "end_user", 12)
        for status in ("in-progress", "ringing", "initiated", "completed"):
            assert twilio.report(line, status).status_code == 204
        assert trail(call) == ["assigned", "connecting", "connected", "finished"]

    def test_what_comes_twice_changes_a_call_once(self, dial, clock, twilio):
        call_id = dial()
        for _twice in range(2):
            twilio.report(line_of(call_id, None), "in-progress")
            clock.tick()
        for _twice in range(2):
            twilio.report(line_of(call_id), "in-progress")
        twilio.report(line_of(call_id), "ringing")
        assert line_of(call_id).state == "up"
        for _twice in range(2):
            twilio.report(line_of(call_id), "completed")
            clock.tick()
        assert Paper.rung() == [PHONE, NUMBER]
        assert trail(Call.objects.get(pk=call_id)) == ["assigned", "connecting", "connected", "finished"]
        assert VoipOrder.objects.filter(call=call_id, kind="hang_up").count() == 1

    def test_a_report_that_comes_before_the_answer_is_believed(self, dial, clock, twilio, ana):
        seen = []

        def report_first():
            line = TwilioLine.objects.get()
            sid = new_sid()
            seen.append(sid)
            assert twilio.report(line, "ringing", sid=sid).status_code == 204
            assert twilio.report(line, "in-progress").status_code == 204
            return {"sid": sid}

        Paper.answers.append(report_first)
        call_id = dial()
        assert line_of(call_id, None).sid == seen[0]
        assert Paper.rung() == [PHONE, NUMBER]

    def test_the_end_of_a_line_that_was_let_go_is_no_end_of_the_call(self, api, clock, menu, twilio):
        call_id = post_inbound(api, menu, NUMBER)
        clock.tick()
        first = line_of(call_id, None)
        ben = make_agent("ben@example.com", auto_answer=True, sip_address="+13105550101")
        menu.groups.get().agents.add(ben)
        twilio.report(first, "no-answer")
        clock.pass_by(3)
        second = line_of(call_id, None)
        assert second.pk != first.pk
        twilio.report(second, "in-progress")
        assert twilio.report(first, "completed").status_code == 204
        assert Call.objects.get(pk=call_id).status == "connecting"

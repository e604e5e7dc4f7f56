"""Calls that agents place by hand: to a number, and back to who was missed."""

from datetime import timedelta

import pytest

from agents.models import OutboundNumber
from calls.models import Call, DialPrompt, EndUser
from calls.services import call_back, dial, drop_dial_prompt, hang_up, use_dial_prompt
from ccai.errors import Refused
from ccai.times import now
from tests.calls.talking import engaged, post_inbound, trail
from tests.factories import make_agent, make_call, make_menu

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("center")]

WEST = "+17608675309"


@pytest.fixture
def ana():
    return make_agent("ana@example.com")


@pytest.fixture
def two_numbers():
    """Two numbers, neither of them the default."""
    OutboundNumber.objects.update(is_default=False)
    OutboundNumber.objects.create(number=WEST)


class TestDialling:
    def test_an_agent_dials_a_number_and_talks(self, ana, clock, api):
        made = dial(ana, end_user_number="+1 (202) 555-0123")
        assert (made.call.call_type, made.call.status, made.call.lang) == ("Voice Outbound", "assigned", "en")
        assert (made.call.end_user_number, made.call.outbound_number) == ("+12025550123", "+13392195276")
        assert engaged() == {ana.pk}
        clock.pass_by(8)
        assert trail(made.call) == ["assigned", "connecting", "connected", "finished"]
        assert api.get(f"/calls/{made.call.pk}").json()["call_type"] == "Voice Outbound"

    def test_it_is_with_the_known_person_of_that_number_and_makes_nobody(self, ana):
        assert dial(ana, end_user_number="+1 202-555-0124").call.end_user is None
        assert not EndUser.objects.exists()

    @pytest.mark.parametrize(
        ("asked", "sentence"),
        [
            ({"lang": "xy", "end_user_number": "12"}, "Language 'xy' is not found"),
            ({"end_user_number": "12"}, "end_user_number is not well-formed"),
            ({"outbound_number": "12"}, "outbound_number is not well-formed"),
            ({"outbound_number": "+1 202-555-0199"}, "outbound_number is not available"),
        ],
    )
    def test_it_is_refused_as_a_request_would_be(self, ana, asked, sentence):
        with pytest.raises(Refused) as refused:
            dial(ana, **{"end_user_number": "+1 202-555-0123", **asked})
        assert refused.value.message == sentence
        assert not Call.objects.exists()

    def test_one_of_several_numbers_must_be_chosen(self, ana, two_numbers):
        with pytest.raises(Refused, match="outbound_number is required"):
            dial(ana, end_user_number="+1 202-555-0123")
        assert dial(ana, end_user_number="+1 202-555-0123", outbound_number=WEST).call.outbound_number == WEST

    def test_who_may_not_or_is_not_free_does_not_dial(self):
        taker = make_agent(can_place_calls=False)
        with pytest.raises(Refused, match="does not have access to make calls"):
            dial(taker, end_user_number="+1 202-555-0123")
        for agent in (make_agent(status="break"), make_agent(active=False)):
            with pytest.raises(Refused, match="Agent is not available"):
                dial(agent, end_user_number="+1 202-555-0123")
        busy = make_agent()
        dial(busy, end_user_number="+1 202-555-0123")
        with pytest.raises(Refused, match="Agent is not available"):
            dial(busy, end_user_number="+1 202-555-0124")
        assert Call.objects.count() == 1


class TestCallingBack:
    def test_a_failed_call_that_is_called_back_is_recovered_when_the_child_finishes(self, ana, clock, api):
        menu = make_menu(agents=[make_agent(auto_answer=True)])
        failed_id = post_inbound(api, menu, "+1 202-555-5001")
        clock.pass_by(3)
        failed = Call.objects.get(pk=failed_id)
        assert failed.status == "failed"
        # This time they answer.
        Call.objects.filter(pk=failed_id).update(end_user_number="+12025550123", out_ticket_id="71999")
        made = call_back(failed, ana)
        assert (made.call.parent_id, made.call.call_type) == (failed_id, "Voice Outbound")
        assert (made.call.end_user, made.call.out_ticket_id) == (failed.end_user, "71999")
        clock.pass_by(2)
        assert trail(failed)[-1] == "failed"
        clock.pass_by(6)
        assert trail(made.call)[-1] == "finished"
        assert trail(failed)[-2:] == ["failed", "recovered"]
        body = api.get(f"/calls/{failed_id}").json()
        assert (body["status"], body["fail_reason"]) == ("recovered", "eu_busy")
        assert api.get(f"/calls/{made.call.pk}").json()["parent_id"] == failed_id

    def test_a_child_that_fails_recovers_nobody(self, ana, clock):
        failed = make_call("failed", end_user_number="+12025555001")
        child = call_back(failed, ana).call
        clock.pass_by(3)
        assert trail(child)[-1] == "failed"
        failed.refresh_from_db()
        assert failed.status == "failed"
        assert call_back(failed, ana).call.parent_id == failed.pk

    def test_nor_does_one_whose_end_nobody_knows(self, ana, clock, settings):
        failed = make_call("failed", end_user_number="+12025555007")
        child = call_back(failed, ana).call
        clock.pass_by(3)
        assert trail(child)[-1] == "connected"
        settings.CCAI_VOIP_ADAPTERS = {**settings.CCAI_VOIP_ADAPTERS, "sandbox": "tests.fakes.MuteProvider"}
        for seconds in (301, 601, 31):
            clock.jump(seconds)
            clock.tick()
        child.refresh_from_db()
        assert (child.status, child.fail_reason) == ("finished", "voip_conn_timeout")
        failed.refresh_from_db()
        assert failed.status == "failed"

    def test_a_scheduled_child_recovers_its_parent_too(self, api, clock):
        menu = make_menu(agents=[make_agent(auto_answer=True)])
        failed = make_call("failed", menu=menu)
        body = {
            "call_type": "ScheduledCall", "call_id": failed.pk, "end_user_number": "+1 202-555-0123",
            "scheduled_at": (now() + timedelta(seconds=10)).isoformat(),
        }  # fmt: skip
        assert api.post("/calls", body).status_code == 201
        clock.pass_by(20)
        failed.refresh_from_db()
        assert failed.status == "recovered"

    @pytest.mark.parametrize("status", ["voicemail_received", "voicemail_read", "deflected"])
    def test_a_voicemail_and_a_call_that_was_turned_away_are_called_back(self, ana, clock, status):
        missed = make_call(status)
        child = call_back(missed, ana).call
        clock.pass_by(8)
        missed.refresh_from_db()
        assert missed.status == status
        assert [(one.pk, one.status) for one in missed.children.all()] == [(child.pk, "finished")]

    @pytest.mark.parametrize("status", ["queued", "connected", "finished", "recovered", "cancelled", "scheduled"])
    def test_what_was_not_missed_is_not_called_back(self, ana, status):
        with pytest.raises(Refused, match="Call can't be called back") as refused:
            call_back(make_call(status), ana)
        assert refused.value.status == 409

    def test_one_calls_back_at_a_time(self, ana):
        failed = make_call("failed")
        call_back(failed, ana)
        with pytest.raises(Refused, match="is being called back already"):
            call_back(failed, make_agent())
        assert failed.children.count() == 1

    def test_there_must_be_a_number(self, ana):
        with pytest.raises(Refused, match="no number to call back"):
            call_back(make_call("failed", end_user_number=""), ana)
        assert engaged() == set()

    def test_it_is_refused_as_a_request_would_be(self, ana, two_numbers):
        failed = make_call("failed")
        with pytest.raises(Refused, match="outbound_number is required"):
            call_back(failed, ana)
        with pytest.raises(Refused, match="does not have access"):
            call_back(failed, make_agent(can_place_calls=False), outbound_number=WEST)
        with pytest.raises(Refused, match="Agent is not available"):
            call_back(failed, make_agent(status="meal"), outbound_number=WEST)
        assert call_back(failed, ana, outbound_number=WEST).call.outbound_number == WEST

    def test_a_conversation_that_is_called_back_was_finished_by_the_agent(self, ana, clock):
        failed = make_call("failed", end_user_number="+12025555007")
        child = call_back(failed, ana).call
        clock.pass_by(10)
        hang_up(child, ana)
        failed.refresh_from_db()
        assert failed.status == "recovered"


class TestDroppingAPrompt:
    @pytest.fixture
    def prompt(self, api, ana, two_numbers):
        body = {"call_type": "OutboundCall", "agent_email": "ana@example.com", "end_user_number": "+1 202-555-0123"}
        assert api.post("/calls", body).status_code == 202
        return DialPrompt.objects.get()

    def test_a_prompt_the_agent_drops_frees_them_and_makes_no_call(self, prompt, ana):
        assert engaged() == {ana.pk}
        drop_dial_prompt(prompt)
        prompt.refresh_from_db()
        assert (prompt.status, engaged()) == ("lapsed", set())
        assert not Call.objects.exists()

    def test_it_is_used_or_dropped_once(self, prompt, ana):
        use_dial_prompt(prompt, outbound_number=WEST)
        with pytest.raises(Refused, match="has lapsed or was used") as refused:
            drop_dial_prompt(prompt)
        assert refused.value.status == 409
        assert engaged() == {ana.pk}

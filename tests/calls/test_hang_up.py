"""The agent ends the call, or gives it back; and what a provider reports of the agent's line."""

import pytest

from agents import availability
from agents.models import Agent
from calls import dispatch
from calls.models import Call, Offer, VoipOrder
from calls.services import accept_offer, decline_offer, give_back, hang_up
from ccai.errors import Refused
from ccai.times import now
from tests.calls.talking import (
    begin_outbound_talk,
    begin_talk,
    engaged,
    line,
    offer_to,
    post_inbound,
    report,
    stays,
    trail,
)
from tests.factories import make_agent, make_menu

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("center")]


@pytest.fixture
def ana():
    return make_agent("ana@example.com", auto_answer=True)


@pytest.fixture
def menu(ana):
    return make_menu(agents=[ana])


class TestHangingUp:
    def test_the_agent_ends_a_conversation(self, api, clock, menu, ana):
        call = begin_talk(api, clock, menu)
        clock.pass_by(42)
        hang_up(call, ana)
        call.refresh_from_db()
        assert (call.status, call.disconnected_by, call.call_duration) == ("finished", "agent", 42)
        assert {stay.status for stay in stays(call)} == {"finished"}
        assert engaged() == set()

    def test_the_lines_are_ended_after_it_and_a_late_report_changes_nothing(self, api, clock, menu, ana):
        call = begin_talk(api, clock, menu)
        hang_up(call, ana)
        assert line(call).step == "end_user_hangs_up"
        clock.tick()
        assert line(call).step == "over"
        assert report(call, "ended", ended_by="end_user") is False
        call.refresh_from_db()
        assert call.disconnected_by == "agent"

    @pytest.mark.parametrize("ticks", [0, 1])
    def test_the_agent_ends_it_before_anybody_answered(self, api, clock, ticks):
        agent = make_agent("ben@example.com")
        body = {"call_type": "OutboundCall", "agent_email": "ben@example.com", "end_user_number": "+1 202-555-5007"}
        call = Call.objects.get(pk=api.post("/calls", body).json()["id"])
        for _tick in range(ticks):
            clock.tick()
        hang_up(call, agent)
        call.refresh_from_db()
        assert (call.status, call.fail_reason, call.disconnected_by) == ("failed", "ag_canceled", "agent")
        assert engaged() == set()
        clock.pass_by(5)
        assert trail(call)[-1] == "failed"

    @pytest.mark.parametrize("ticks", [0, 1])
    def test_an_agent_who_leaves_before_they_talked_leaves_the_caller_at_their_place_in_the_queue(
        self, api, clock, ticks
    ):
        ben = make_agent("ben@example.com")
        call = Call.objects.get(pk=post_inbound(api, make_menu(agents=[ben])))
        clock.tick()
        accept_offer(offer_to(ben))
        for _tick in range(ticks):
            clock.tick()
        hang_up(call, ben)
        call.refresh_from_db()
        assert (call.status, call.agent, call.fail_reason) == ("queued", None, "nothing")
        assert (call.waits_since, call.events.last().cause) == (call.queued_at, "ended_by_agent")
        (stay,) = stays(call, type="agent")
        # On the line, but with nobody: there is no reason why they were not.
        assert (stay.status, stay.fail_reason) == ("finished", "nothing" if ticks else "ag_canceled")
        assert engaged() == set()
        clock.tick()
        assert not Offer.objects.filter(agent=ben, status="open").exists()

    def test_a_line_that_answers_after_the_end_is_ended(self, api, clock, menu, ana):
        call = begin_talk(api, clock, menu)
        hang_up(call, ana)
        clock.tick()
        VoipOrder.objects.all().delete()
        assert report(call, "agent_answered") is False
        assert list(VoipOrder.objects.values_list("kind", flat=True)) == ["hang_up"]

    def test_who_is_not_on_the_call_cannot_end_it(self, api, clock, menu):
        call = begin_talk(api, clock, menu)
        with pytest.raises(Refused, match="You are not on this call") as refused:
            hang_up(call, make_agent("ben@example.com"))
        assert (refused.value.status, refused.value.code) == (409, "not_on_this_call")
        assert trail(call)[-1] == "connected"

    def test_a_call_ends_once(self, api, clock, menu, ana):
        call = begin_talk(api, clock, menu)
        hang_up(call, ana)
        with pytest.raises(Refused, match="You are not on this call"):
            hang_up(call, ana)
        assert trail(call).count("finished") == 1


class TestTakingAnOffer:
    def test_the_agent_who_accepts_has_the_call(self, api, clock):
        ben = make_agent("ben@example.com")
        call_id = post_inbound(api, make_menu(agents=[ben]))
        clock.tick()
        call = accept_offer(offer_to(ben))
        assert (call.pk, call.status, call.agent) == (call_id, "assigned", ben)

    def test_the_agent_who_declines_is_free(self, api, clock):
        ben = make_agent("ben@example.com")
        post_inbound(api, make_menu(agents=[ben]))
        clock.tick()
        offer = offer_to(ben)
        decline_offer(offer)
        assert engaged() == set()
        with pytest.raises(Refused, match="This offer is gone"):
            accept_offer(offer)


class TestGivingBack:
    @pytest.fixture
    def ben(self):
        return make_agent("ben@example.com")

    @pytest.fixture
    def taken(self, api, clock, ben):
        """A call that waited ten seconds until Ben took it."""
        call_id = post_inbound(api, make_menu(agents=[ben, make_agent("cem@example.com", status="break")]))
        clock.pass_by(10)
        accept_offer(offer_to(ben))
        return Call.objects.get(pk=call_id)

    def test_a_call_that_is_given_back_waits_at_its_old_place(self, taken, clock, ben):
        since, deadline = taken.waits_since, Call.objects.get().queued_at
        give_back(taken, cause="given_back")
        taken.refresh_from_db()
        assert (taken.status, taken.agent, taken.agent_info) == ("queued", None, None)
        assert taken.waits_since == since
        assert (taken.deadline_at - deadline).total_seconds() == 1_800
        assert engaged() == set()
        assert stays(taken, type="agent")[0].fail_reason == "ag_canceled"

    def test_another_agent_gets_it_and_everybody_is_dialled_anew(self, taken, clock, ben):
        clock.tick()
        assert trail(taken)[-1] == "connecting"
        give_back(taken, cause="given_back")
        cem = Agent.objects.get(user__email="cem@example.com")
        Agent.objects.filter(pk=cem.pk).update(status="available")
        clock.tick()
        assert not Offer.objects.filter(agent=ben, status="open").exists()
        accept_offer(offer_to(cem))
        clock.pass_by(3)
        taken.refresh_from_db()
        assert (taken.status, taken.agent, taken.wait_duration) == ("connected", cem, 10)
        assert trail(taken)[1:] == ["assigned", "connecting", "queued", "assigned", "connecting", "connected"]

    def test_a_conversation_is_not_given_back(self, taken, clock):
        clock.pass_by(3)
        with pytest.raises(Refused, match="can't go back to its queue") as refused:
            give_back(taken, cause="given_back")
        assert refused.value.status == 409
        assert trail(taken)[-1] == "connected"

    def test_a_call_without_a_queue_is_not_given_back(self, api, ben):
        body = {"call_type": "OutboundCall", "agent_email": "ben@example.com", "end_user_number": "+1 202-555-0123"}
        call = Call.objects.get(pk=api.post("/calls", body).json()["id"])
        with pytest.raises(Refused, match="can't go back"):
            give_back(call, cause="given_back")


class TestTheAgentsLine:
    @pytest.mark.parametrize("reason", ["ag_ignored", "ag_canceled", "ag_mic_denied", "ag_mic_no_device"])
    def test_an_agent_who_does_not_answer_is_not_asked_again_and_the_call_waits_on(self, api, clock, menu, ana, reason):
        call = Call.objects.get(pk=post_inbound(api, menu))
        clock.tick(rounds=1)
        since = Call.objects.get().waits_since
        call.participants.filter(type="agent").update(status="waiting", connected_at=None)
        assert report(call, "failed", fail_reason=reason)
        call.refresh_from_db()
        assert (call.status, call.waits_since, call.agent) == ("queued", since, None)
        assert Agent.objects.get(pk=ana.pk).status == "unresponsive"
        assert stays(call, type="agent")[0].fail_reason == reason
        assert engaged() == set()

    @pytest.mark.parametrize("kind", ["failed", "agent_left"])
    def test_an_agent_who_has_chosen_a_status_meanwhile_has_it(self, api, clock, kind):
        ben = make_agent("ben@example.com")
        call = Call.objects.get(pk=post_inbound(api, make_menu(agents=[ben])))
        clock.tick()
        accept_offer(offer_to(ben))
        dispatch.place(now())
        availability.set_status(ben, "meal")
        assert report(call, kind, fail_reason="ag_ignored")
        assert Agent.objects.get(pk=ben.pk).status == "meal"

    def test_a_report_of_the_first_attempt_does_not_spoil_the_second(self, api, clock, menu, ana):
        call = Call.objects.get(pk=post_inbound(api, menu))
        clock.tick(rounds=1)
        call.refresh_from_db()
        first = call.assigned_at
        assert report(call, "failed", fail_reason="ag_ignored")
        clock.pass_by(1)
        Agent.objects.filter(pk=ana.pk).update(status="available")
        clock.pass_by(30)
        assert trail(call)[-1] == "connected"
        Call.objects.filter(pk=call.pk).update(status="connecting")
        assert report(call, "failed", fail_reason="ag_ignored", at=first) is False

    def test_an_outbound_call_whose_agent_does_not_answer_fails(self, api, clock):
        make_agent("ben@example.com")
        body = {"call_type": "OutboundCall", "agent_email": "ben@example.com", "end_user_number": "+1 202-555-0123"}
        call = Call.objects.get(pk=api.post("/calls", body).json()["id"])
        clock.tick(rounds=1)
        assert report(call, "failed", fail_reason="ag_ignored")
        call.refresh_from_db()
        assert (call.status, call.fail_reason) == ("failed", "ag_ignored")

    def test_an_agent_whose_line_drops_in_a_conversation_leaves_the_end_user_in_the_queue(self, api, clock, menu, ana):
        call = begin_talk(api, clock, menu)
        clock.pass_by(20)
        Agent.objects.filter(pk=ana.pk).update(auto_answer=False)
        assert report(call, "agent_left", leg=stays(call, type="agent")[0].pk)
        call.refresh_from_db()
        assert (call.status, call.agent) == ("queued", None)
        assert [stay.status for stay in stays(call, type="end_user")] == ["connected"]
        assert call.events.last().cause == "agent_left"
        assert engaged() == set()
        clock.tick()
        accept_offer(offer_to(ana))
        clock.pass_by(1)
        call.refresh_from_db()
        assert call.status == "connected"

    def test_whom_nobody_takes_after_their_agents_line_dropped_was_not_being_transferred(self, api, clock, menu, ana):
        call = begin_talk(api, clock, menu)
        availability.set_status(ana, "break")
        assert report(call, "agent_left", leg=stays(call, type="agent")[0].pk)
        clock.jump(1_801)
        clock.tick()
        call.refresh_from_db()
        assert (call.status, call.fail_reason) == ("failed", "expired")

    def test_an_outbound_conversation_ends_with_its_agents_line(self, api, clock):
        ben = make_agent("ben@example.com")
        call = begin_outbound_talk(api, clock, ben)
        assert report(call, "agent_left")
        call.refresh_from_db()
        assert (call.status, call.disconnected_by) == ("finished", "agent")
        clock.tick()
        assert line(call).step == "over"

    def test_a_line_that_left_already_leaves_nobody(self, api, clock, menu):
        call = begin_talk(api, clock, menu)
        assert report(call, "agent_left", leg=999_999) is False
        assert trail(call)[-1] == "connected"

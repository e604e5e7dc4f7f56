"""A call is ended by hand, wherever it stands, with a reason; and nothing of it goes on."""

import pytest

from agents.models import Agent, Engagement
from calls import dispatch, errors
from calls.models import Call, CallEvent, Hold, Offer, Participant, Transfer, VoipOrder
from calls.services import accept_offer, begin_action_only, force_end, hold, transfer
from ccai.acting import Actor, acting
from ccai.errors import Refused
from ccai.times import now
from tests.calls.talking import begin_talk, engaged, line, offer_to, post_inbound, report, stays, trail
from tests.calls.test_races import all_at_once
from tests.factories import make_agent, make_call, make_center, make_menu

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("center")]


@pytest.mark.parametrize("status", ["selecting", "queued", "assigned", "connecting", "switching", "voicemail"])
def test_a_live_call_is_failed_with_the_reason_wherever_it_stands(status):
    call = make_call(status, voip_provider="sandbox")
    stay = Participant.objects.create(call=call, type="end_user", on_line_at=now())
    with acting(lambda: Actor("sue@example.com")):
        ended = force_end(call, reason="  Line is dead. ")
    call.refresh_from_db()
    assert (call.status, call.fail_reason, call.fail_details) == ("failed", "force_ended", "Line is dead.")
    assert (call.disconnected_by, call.ends_at is not None, ended.status) == ("system", True, "failed")
    event = CallEvent.objects.get(call=call)
    assert (event.old, event.new, event.cause, event.by) == (status, "failed", "force_ended", "sue@example.com")
    assert list(VoipOrder.objects.filter(call=call).values_list("kind", "provider")) == [("hang_up", "sandbox")]
    stay.refresh_from_db()
    assert (stay.status, stay.fail_reason) == ("finished", "force_ended")


def test_a_conversation_on_hold_that_is_being_handed_on_ends_for_everybody(api, clock):
    ana, ben = make_agent(auto_answer=True), make_agent()
    call = begin_talk(api, clock, make_menu(agents=[ana]))
    clock.pass_by(10)
    hold(call, ana)
    Hold.objects.update(started_at=now())
    transfer(call, ana, to_agent=ben, kind="warm")
    accept_offer(offer_to(ben))
    clock.pass_by(5)
    assert engaged() == {ana.pk, ben.pk}
    force_end(call, reason="Threats")
    call.refresh_from_db()
    assert (call.status, call.call_duration, call.hold_duration) == ("failed", 15, 5)
    assert {stay.status for stay in stays(call)} == {"finished"}
    assert engaged() == set()
    assert not Hold.objects.filter(ended_at=None).exists()
    made = Transfer.objects.get()
    assert (made.status, made.fail_reason) == ("failed", "force_ended")
    clock.tick()
    assert line(call).step == "over"
    assert report(call, "ended", ended_by="end_user") is False
    assert set(Agent.objects.values_list("status", flat=True)) == {"available"}
    assert trail(call)[-2:] == ["connected", "failed"]


def test_offers_of_the_queue_and_of_a_transfer_are_withdrawn(api, clock):
    ana, ben = make_agent(auto_answer=True), make_agent()
    talking = begin_talk(api, clock, make_menu(agents=[ana]))
    transfer(talking, ana, to_agent=ben)
    cleo = make_agent()
    waiting = Call.objects.get(pk=post_inbound(api, make_menu(agents=[cleo]), "+12025550199"))
    clock.tick()
    assert Offer.objects.filter(status="open").count() == 2
    for call in (talking, waiting):
        force_end(call, reason="Wrong number")
    assert set(Offer.objects.values_list("agent", "status")) >= {(ben.pk, "withdrawn"), (cleo.pk, "withdrawn")}
    assert engaged() == set()
    clock.pass_by(60)
    assert set(Call.objects.values_list("status", flat=True)) == {"failed"}


def test_an_action_only_call_is_finished(db):
    agent = make_agent()
    call = begin_action_only(number="+12025550123", agent=agent)
    force_end(call, reason="Forgotten")
    call.refresh_from_db()
    assert (call.status, call.fail_reason) == ("action_only_finished", "force_ended")
    assert engaged() == set()


def test_scheduled_calls_ended_calls_and_missing_reasons_are_refused_and_nothing_is_written():
    cases = (
        (make_call("scheduled"), "Stop", errors.CALL_IS_SCHEDULED),
        (make_call("queued"), "  ", errors.REASON_REQUIRED),
        *((make_call(status), "Stop", errors.CALL_HAS_ENDED) for status in ("finished", "failed", "voicemail_read")),
    )
    for call, reason, sentence in cases:
        with pytest.raises(Refused) as refusal:
            force_end(call, reason=reason)
        assert refusal.value.message == sentence.text
        assert Call.objects.get(pk=call.pk).status == call.status
    assert not CallEvent.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_an_agent_who_accepts_and_two_who_end_the_call_at_once_leave_one_end_and_no_engagement(api):
    make_center()
    ben = make_agent()
    for _time in range(5):
        call = Call.objects.get(pk=post_inbound(api, make_menu(agents=[ben]), "+12025550199"))
        dispatch.tick(rounds=1)
        offer = offer_to(ben)
        results = all_at_once(
            lambda offer=offer: accept_offer(offer),
            lambda call=call: force_end(call, reason="Stop"),
            lambda call=call: force_end(call, reason="Stop"),
            lambda: dispatch.tick(rounds=2),
        )
        assert not [result for result in results if isinstance(result, Exception) and not isinstance(result, Refused)]
        assert [result.message for result in results[1:3] if isinstance(result, Refused)] == ["Call has ended"]
        assert trail(call)[-1] == "failed"
        assert CallEvent.objects.filter(call=call, new="failed").count() == 1
        assert not Engagement.objects.filter(ended_at=None).exists()
        assert not Participant.objects.filter(call=call, ended_at=None).exists()

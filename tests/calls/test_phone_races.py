"""Callers, agents and the clock at the same moment: one of them is first, and the others are told or see it."""

from collections import Counter
from datetime import timedelta

import pytest
from django.core.files.storage import default_storage

from agents.models import Engagement
from calls import dispatch, offers
from calls.models import Call, CallEvent, Contact, DeflectionDetail, EndUser, Offer, Participant, VoipOrder
from calls.services import apply_voip_event, deflecting, mark_voicemail_read
from calls.voip.base import VoipEvent, VoipEventKind
from ccai.times import now
from tests.calls.callers import NUMBER, close, deflect, make_ivr, ring, trail
from tests.calls.test_races import all_at_once
from tests.factories import make_agent, make_call, make_center

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def center(db):
    make_center()


def report(call_id, kind, **details):
    return lambda: apply_voip_event(VoipEvent(kind, call_id, "sandbox", now(), **details))


def test_an_agent_who_accepts_while_the_caller_hangs_up():
    for _try in range(4):
        agent = make_agent()
        call_id = ring(make_ivr("Sales", agents=[agent]))
        dispatch.tick(rounds=1)
        offer = Offer.objects.get(call=call_id, status="open")
        all_at_once(lambda offer=offer: offers.accept(offer), report(call_id, VoipEventKind.ENDED, ended_by="end_user"))
        call = Call.objects.get(pk=call_id)
        assert (call.status, call.fail_reason) == ("failed", "eu_abandoned")
        assert not Engagement.objects.filter(ended_at=None).exists()
        assert not Participant.objects.filter(call=call, ended_at=None).exists()


def test_an_agent_who_accepts_while_the_clock_deflects():
    at = now()
    for _try in range(4):
        menu = make_ivr("Sales", agents=[make_agent()])
        deflect(menu, "over_capacity", "message", after_seconds=0)
        call = make_call("queued", menu=menu, voip_provider="sandbox", waits_since=at - timedelta(seconds=30))
        Call.objects.filter(pk=call.pk).update(cast_level=1, cast_round=1, cast_until=at + timedelta(hours=1))
        call.participants.create(type="end_user", on_line_at=at)
        offers.hold_out(at)
        offer = Offer.objects.get(call=call)
        all_at_once(lambda offer=offer: offers.accept(offer), lambda: deflecting.over_capacity(at))
        call.refresh_from_db()
        assert call.status in ("assigned", "deflected")
        assert DeflectionDetail.objects.filter(call=call).count() == (call.status == "deflected")
        assert Engagement.objects.filter(ended_at=None).count() == (call.status == "assigned")
        Engagement.objects.filter(ended_at=None).update(ended_at=at)


def test_two_workers_deflect_each_caller_once():
    at = now()
    menu = make_ivr("Sales")
    deflect(menu, "over_capacity", "message", after_seconds=0)
    calls = [make_call("queued", menu=menu, voip_provider="sandbox", waits_since=at) for _ in range(20)]
    for call in calls:
        call.participants.create(type="end_user", on_line_at=at)
    all_at_once(*[lambda: deflecting.over_capacity(at)] * 4)
    assert CallEvent.objects.filter(new="deflected").count() == DeflectionDetail.objects.count() == 20
    assert VoipOrder.objects.filter(kind="instruct").count() == 20


def test_a_key_reported_by_two_workers_at_once_is_pressed_once():
    root = make_ivr("Welcome")
    middle = make_ivr("Middle", parent=root)
    make_ivr("Leaf", parent=middle)
    call_id = ring(root)
    event = VoipEvent(VoipEventKind.KEY_PRESSED, call_id, "sandbox", now() + timedelta(seconds=1), key="1")
    done = all_at_once(*[lambda: apply_voip_event(event)] * 4)
    assert Counter(done) == {True: 1, False: 3}
    assert Call.objects.get(pk=call_id).menu == middle


def test_a_message_reported_by_four_workers_at_once_is_one():
    menu = make_ivr("Sales")
    close(menu)
    deflect(menu, "after_hours", "voicemail")
    call_id = ring(menu)
    done = all_at_once(*[report(call_id, VoipEventKind.MESSAGE_LEFT, recording=b"RIFF")] * 4)
    assert Counter(done) == {True: 1, False: 3}
    kept = Call.objects.get(pk=call_id).voicemail.name
    assert default_storage.open(kept).read() == b"RIFF"
    assert trail(call_id).count("voicemail_received") == 1


def test_of_agents_who_open_a_message_at_once_one_was_the_first():
    call = make_call("voicemail_received")
    agents = [make_agent() for _ in range(6)]
    stale = [Call.objects.get(pk=call.pk) for _ in agents]
    done = all_at_once(
        *[
            lambda one=one, agent=agent: mark_voicemail_read(one, agent)
            for one, agent in zip(stale, agents, strict=True)
        ]
    )
    assert Counter(done) == {True: 1, False: 5}


def test_an_order_is_carried_out_by_one_of_four_workers():
    calls = [make_call("finished", voip_provider="nowhere") for _ in range(8)]
    for call in calls:
        VoipOrder.objects.create(call=call, provider="nowhere", kind="hang_up", next_at=now())
    all_at_once(*[dispatch.tick] * 4)
    assert set(VoipOrder.objects.values_list("attempts", "next_at")) == {(1, None)}


def test_callers_from_a_number_that_the_crm_names_just_then():
    known = EndUser.objects.create(number="+12025550111", out_contact_id="c-1")
    Contact.objects.create(out_contact_id="c-1", name="Ann").phones.create(number=NUMBER)
    menu = make_ivr("Welcome")
    make_ivr("Sales", parent=menu, agents=[])
    for _try in range(4):
        ring(menu)
        done = all_at_once(lambda: dispatch.fill_in_contacts(now()), *[lambda: ring(menu)] * 3)
        assert not [one for one in done if isinstance(one, Exception)]
        dispatch.fill_in_contacts(now() + timedelta(seconds=61))
        assert EndUser.objects.get() == known
        assert set(Call.objects.values_list("end_user", flat=True)) == {known.pk}

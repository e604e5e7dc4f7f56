"""Several people at one conversation at the same moment: one of them is right, and the others are told."""

import pytest

from agents.models import Agent, Engagement
from calls.models import Call, CallEvent, Offer, Participant, Transfer
from calls.services import accept_offer, call_back, cancel_transfer, hang_up, transfer
from calls.services.transfers import lapse_transfers
from ccai.errors import Refused
from ccai.times import now
from tests.calls.talking import engaged, offer_to
from tests.calls.test_races import all_at_once
from tests.factories import make_agent, make_call, make_center

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def ana():
    make_center()
    return make_agent("ana@example.com")


@pytest.fixture
def ben():
    return make_agent("ben@example.com")


@pytest.fixture
def call(ana):
    """Ana and an end user talk."""
    call = make_call("connected", agent=ana)
    engagement = Engagement.objects.create(agent=ana, kind="call")
    for who in ({"type": "end_user"}, {"type": "agent", "agent": ana, "engagement": engagement}):
        Participant.objects.create(call=call, status="connected", connected_at=now(), **who)
    return call


def refusals(results):
    """Those who were told no; whoever else has failed is an error."""
    assert not [result for result in results if isinstance(result, Exception) and not isinstance(result, Refused)]
    return [result for result in results if isinstance(result, Refused)]


def test_of_two_who_are_asked_at_once_one_is(call, ana, ben):
    others = [ben, make_agent(), make_agent(), make_agent()]
    results = all_at_once(*[lambda agent=agent: transfer(call, ana, to_agent=agent) for agent in others])
    assert len(refusals(results)) == 3
    assert Transfer.objects.get().status == "transferring"
    assert engaged() == {ana.pk, Offer.objects.get(status="open").agent_id}


def test_one_agent_is_handed_one_call(ben):
    make_center()
    givers = [make_agent() for _ in range(4)]
    calls = [make_call("connected", agent=giver) for giver in givers]
    for call, giver in zip(calls, givers, strict=True):
        engagement = Engagement.objects.create(agent=giver, kind="call")
        Participant.objects.create(call=call, type="agent", agent=giver, engagement=engagement, status="connected")
    results = all_at_once(
        *[
            lambda call=call, giver=giver: transfer(call, giver, to_agent=ben)
            for call, giver in zip(calls, givers, strict=True)
        ]
    )
    assert {refused.code for refused in refusals(results)} == {"agent_not_available"}
    assert Transfer.objects.count() == Offer.objects.count() == 1


@pytest.mark.parametrize("kind", ["cold", "warm"])
def test_the_other_accepts_while_the_first_hangs_up(call, ana, ben, kind):
    transfer(call, ana, to_agent=ben, kind=kind)
    offer = offer_to(ben)
    results = all_at_once(lambda: accept_offer(offer), lambda: hang_up(call, ana))
    told_no = refusals(results)
    status = Call.objects.get().status
    if status == "assigned":
        assert [refused.code for refused in told_no] == ["not_on_this_call"]
        assert engaged() == {ben.pk}
    else:
        # Warm, both may be: the other joined, and their line had not answered when the first ended the call.
        assert status == "finished"
        assert len(told_no) == (0 if kind == "warm" and offer_was_accepted() else 1)
        assert engaged() == set()
        assert Transfer.objects.get().status == "failed"
    assert CallEvent.objects.count() == 1


def offer_was_accepted():
    return Offer.objects.filter(status="accepted").exists()


def test_the_other_accepts_while_the_first_calls_it_off_and_the_clock_looks(call, ana, ben):
    transfer(call, ana, to_agent=ben)
    offer = offer_to(ben)
    results = all_at_once(
        lambda: accept_offer(offer), lambda: cancel_transfer(call, ana), lambda: lapse_transfers(offer.expires_at)
    )
    refusals(results)
    made = Transfer.objects.get()
    stored = Call.objects.get()
    if made.status == "transferred":
        assert (stored.status, stored.agent, engaged()) == ("assigned", ben, {ben.pk})
    else:
        assert (made.status, stored.status, stored.agent, engaged()) == ("failed", "connected", ana, {ana.pk})


def test_of_many_who_call_back_at_once_one_does():
    make_center()
    failed = make_call("failed")
    agents = [make_agent() for _ in range(6)]
    results = all_at_once(*[lambda agent=agent: call_back(failed, agent) for agent in agents])
    assert {refused.code for refused in refusals(results)} == {"call_is_being_called_back"}
    assert Call.objects.filter(parent=failed).count() == 1
    assert len(engaged()) == 1
    assert Agent.objects.count() == 6

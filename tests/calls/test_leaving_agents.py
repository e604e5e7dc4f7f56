"""An agent who is deactivated holds up no call, whoever deactivates them."""

import pytest

from agents.models import Agent, OutboundNumber
from calls.models import Call, DialPrompt, Offer
from calls.services import deactivate, transfer
from ccai.center import load_documents
from tests.calls.talking import begin_talk, engaged, offer_to, post_inbound
from tests.factories import make_agent, make_menu

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("center")]


@pytest.fixture
def ana():
    return make_agent("ana@example.com")


def status_of(agent):
    """Whether the agent can log in, and the status."""
    agent = Agent.objects.select_related("user").get(pk=agent.pk)
    return agent.user.is_active, agent.status


def test_what_they_were_offered_is_offered_to_the_next_at_once(api, clock, ana):
    ben = make_agent("ben@example.com")
    menu = make_menu(agents=[ana, ben], offer_type="deltacast")
    post_inbound(api, menu)
    clock.tick()
    first = Offer.objects.get(status="open")
    assert deactivate(first.agent)
    first.refresh_from_db()
    assert (status_of(first.agent), engaged(), first.status) == ((False, "offline"), set(), "withdrawn")
    clock.tick()
    assert offer_to(ana if first.agent == ben else ben)
    assert not deactivate(first.agent)


def test_a_dial_prompt_lapses_and_a_conversation_goes_on_to_its_end(api, clock, ana):
    OutboundNumber.objects.update(is_default=False)
    OutboundNumber.objects.create(number="+17608675309")
    response = api.post(
        "/calls", {"call_type": "OutboundCall", "agent_email": "ana@example.com", "end_user_number": "+1 202-555-0123"}
    )
    assert response.status_code == 202
    deactivate(ana)
    assert (DialPrompt.objects.get().status, engaged()) == ("lapsed", set())
    ben = make_agent("ben@example.com", auto_answer=True)
    call = begin_talk(api, clock, make_menu(agents=[ben]))
    deactivate(ben)
    clock.pass_by(10)
    call.refresh_from_db()
    assert (call.status, call.agent, engaged()) == ("connected", ben, {ben.pk})


def test_a_transfer_to_them_fails_and_the_call_stays_where_it_is(api, clock, ana):
    ben = make_agent("ben@example.com", auto_answer=True)
    call = begin_talk(api, clock, make_menu(agents=[ben]))
    transfer(call, ben, to_agent=ana)
    deactivate(ana)
    assert engaged() == {ben.pk}
    clock.tick()
    assert call.transfers.get().status == "failed"
    assert Call.objects.get(pk=call.pk).agent == ben


def test_a_center_file_that_deactivates_somebody_lets_their_offers_go_too(api, clock, ana):
    post_inbound(api, make_menu(agents=[ana]))
    clock.tick()
    load_documents([("a file", {"agents": [{"email": "ana@example.com", "active": False}]})])
    assert (status_of(ana), engaged()) == ((False, "offline"), set())
    assert Offer.objects.get().status == "withdrawn"

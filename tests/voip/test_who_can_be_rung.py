"""A provider that rings agents at phones of theirs: who has none is asked to take nothing."""

import pytest
from django.test import Client

from agents.models import Agent
from calls.models import Call, Offer, Transfer
from calls.services import transfer
from calls.waiting import estimate
from ccai.errors import Refused
from ccai.times import now
from tests.calls.talking import post_inbound
from tests.conftest import HOST
from tests.desk.pages import Page
from tests.factories import make_agent, make_menu
from tests.voip.conftest import PHONE

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def ben(center):
    """An agent without a phone, who takes calls at once."""
    return make_agent("ben@example.com", auto_answer=True)


def page_of(agent):
    """The page of `agent`, who has logged in."""
    browser = Client(SERVER_NAME=HOST)
    browser.force_login(agent.user)
    return Page(browser)


def test_who_has_no_phone_is_offered_nothing_until_they_have_one(api, clock, ben):
    queue = make_menu("Advice", agents=[ben])
    call_id = post_inbound(api, queue)
    clock.tick()
    assert Call.objects.get(pk=call_id).status == "queued"
    assert not Offer.objects.exists()
    ben.refresh_from_db()
    assert ben.status == "available"

    Agent.objects.filter(pk=ben.pk).update(sip_address=PHONE)
    clock.tick()

    assert Call.objects.get(pk=call_id).agent == ben


def test_nobody_who_cannot_be_rung_shortens_the_wait(center, ben):
    queue = make_menu("Advice", agents=[ben])
    assert estimate([queue.pk], now())[queue.pk].available_agents == 0
    assert estimate([queue.pk], now())[queue.pk].estimated_wait is None

    Agent.objects.filter(pk=ben.pk).update(sip_address=PHONE)

    assert estimate([queue.pk], now())[queue.pk].available_agents == 1


def test_nobody_is_handed_on_to_who_cannot_be_rung(talk, ana, ben):
    call = Call.objects.get(pk=talk())

    for kind in ("cold", "warm"):
        with pytest.raises(Refused, match="Agent is not available to take this call"):
            transfer(call, ana, to_agent=ben, kind=kind)

    targets = page_of(ana).get(f"calls/{call.pk}/targets").content.decode()
    assert f'value="{ben.pk}" disabled>' in targets
    assert "No phone" in targets
    assert not Transfer.objects.exists()
    assert Call.objects.get(pk=call.pk).status == "connected"


def test_who_cannot_be_rung_reads_so_on_their_page(center, ben):
    page = page_of(ben)
    assert "You have no phone, so no calls are offered to you." in page.shows()

    Agent.objects.filter(pk=ben.pk).update(sip_address=PHONE)

    assert "The next call rings here." in page.shows()

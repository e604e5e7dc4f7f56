"""Every request that the adapter makes of Twilio is one that Twilio's own description allows."""

import pytest
from twilio.base.exceptions import TwilioRestException

from calls.models import TwilioLine
from calls.voip.base import DialOrder, Instruction, InstructionKind
from calls.voip.twilio.client import make_client
from ccai.times import now
from tests.factories import make_call
from tests.outside.twilio_peers import ACCOUNT, TOKEN, PointedAtPrism, TwilioAtPrism, start_prism

pytestmark = [pytest.mark.django_db, pytest.mark.xdist_group("twilio")]


@pytest.fixture(scope="module")
def prism():
    server = start_prism()
    PointedAtPrism.url = server.url
    yield server
    server.stop()


@pytest.fixture
def adapter(prism, settings):
    settings.CCAI_TWILIO_ACCOUNT_SID = ACCOUNT
    settings.CCAI_TWILIO_AUTH_TOKEN = TOKEN
    settings.CCAI_PUBLIC_URL = "https://calls.example.com"
    PointedAtPrism.statuses.clear()
    return TwilioAtPrism("twilio")


def bring_up(call_id, leg=0):
    """The line is up; what the description answers has one id for all of them."""
    line = TwilioLine.objects.filter(call_ref=call_id, leg=leg).order_by("pk").last()
    TwilioLine.objects.filter(pk=line.pk).update(sid=f"CA{line.pk:032x}", state="up", told="")
    return line


def test_every_request_is_as_twilio_describes_it(adapter):
    call_id = make_call("connected", recorded=True).pk
    order = DialOrder(call_id, "+12025550123", "+13392195276", "+13105550100", recorded=True, leg=7)
    assert adapter.place_call(order).startswith("CA")
    bring_up(call_id, 7)
    adapter.connect(order)
    bring_up(call_id)
    adapter.hold(call_id)
    adapter.resume(call_id)
    adapter.add_agent(DialOrder(call_id, "+12025550123", "+13392195276", "sip:ben@pbx.example.com", True, leg=8))
    for kind in InstructionKind:
        adapter.instruct(call_id, Instruction(kind, "Grüße & <mehr>", "+13105550102"))
    adapter.reach(order, Instruction(InstructionKind.RECORD))
    # One line is known, one is to be looked for.
    adapter.find_call(order, now())
    TwilioLine.objects.filter(call_ref=call_id, leg=8).update(sid="", state="asked")
    adapter.drop_agent(call_id, 8)
    adapter.hang_up(call_id)
    assert len(PointedAtPrism.statuses) >= 14
    assert {status for status in PointedAtPrism.statuses if not 200 <= status < 300} == set()


def test_one_that_is_not_is_refused(adapter):
    client = make_client(PointedAtPrism())
    with pytest.raises(TwilioRestException):
        client.calls.create(to="+12025550123", from_="+13392195276", timeout="soon", url="https://calls.example.com/")
    with pytest.raises(TwilioRestException):
        client.calls("CA7").fetch()

"""A center whose first provider is Twilio."""

import pytest

from calls.callbacks.twilio import _say_no_menu, _say_unknown, _say_unsigned
from calls.models import Call
from tests.factories import make_agent, make_center, make_menu
from tests.voip.paper import ACCOUNT, NUMBER, PUBLIC, TOKEN, Paper, Twilio, line_of

PHONE = "+13105550100"


@pytest.fixture
def center(db, settings):
    """English is live, there is one outbound number, and Twilio comes before a sandbox."""
    make_center()
    settings.CCAI_VOIP_PROVIDERS = ["twilio", "sandbox"]
    settings.CCAI_VOIP_ADAPTERS = {
        "twilio": "tests.voip.paper.TwilioOnPaper",
        "sandbox": "calls.voip.sandbox.SandboxProvider",
    }
    settings.CCAI_TWILIO_ACCOUNT_SID = ACCOUNT
    settings.CCAI_TWILIO_AUTH_TOKEN = TOKEN
    settings.CCAI_PUBLIC_URL = PUBLIC
    Paper.clear()
    for said_once in (_say_unknown, _say_no_menu, _say_unsigned):
        said_once.cache_clear()


@pytest.fixture
def twilio():
    """Twilio, when it asks us."""
    return Twilio()


@pytest.fixture
def ana(center):
    """An agent with a phone, who takes calls at once."""
    return make_agent("ana@example.com", auto_answer=True, sip_address=PHONE)


@pytest.fixture
def menu(ana):
    """Ana's queue."""
    return make_menu(agents=[ana])


@pytest.fixture
def dial(api, clock, ana):
    """Ana calls the number; her phone has been asked for. The call's id."""

    def post(number=NUMBER):
        body = {"call_type": "OutboundCall", "agent_email": "ana@example.com", "end_user_number": number}
        call_id = api.post("/calls", body).json()["id"]
        clock.tick()
        return call_id

    return post


@pytest.fixture
def reach(dial, clock, twilio):
    """As `dial`, and Ana has answered, so that the end user's phone has been asked for."""

    def answer(number=NUMBER):
        call_id = dial(number)
        twilio.report(line_of(call_id, None), "in-progress")
        clock.tick()
        return call_id

    return answer


@pytest.fixture
def talk(reach, clock, twilio):
    """As `reach`, and the end user has answered."""

    def begin():
        call_id = reach()
        twilio.report(line_of(call_id), "in-progress")
        clock.tick()
        assert Call.objects.get(pk=call_id).status == "connected"
        return call_id

    return begin

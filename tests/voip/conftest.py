"""A center whose first provider is Twilio."""

import pytest

from calls.callbacks.twilio import _say_no_menu, _say_unknown, _say_unsigned
from tests.factories import make_agent, make_center, make_menu
from tests.voip.paper import ACCOUNT, PUBLIC, TOKEN, Paper, Twilio

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

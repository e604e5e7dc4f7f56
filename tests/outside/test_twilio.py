"""Whole calls through a Twilio that others wrote: it keeps calls, signs what it reports, and reports before it answers.

Its phones are answered, let ring and put down by its simulator, as `Phones` says.
"""

import pytest
import requests
from django.test import Client
from twilio.request_validator import RequestValidator

from calls.models import Call, TwilioLine
from tests.calls.talking import engaged, trail
from tests.factories import make_agent, make_center, make_menu
from tests.outside.twilio_peers import (
    ACCOUNT,
    KEY,
    OUTBOUND,
    SECRET,
    TOKEN,
    PointedAtEmulate,
    start_emulate,
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("twilio")]

NUMBER, PHONE = "+12025550123", "+13105550100"
# The menu behind the number, which has to be known before there is one.
MENU = 424242


class Phones:
    """The phones at the other end, by Twilio's simulator."""

    def __init__(self, url):
        self.url = url

    def be(self, line, status):
        """The line comes to that status, and Twilio reports it."""
        line.refresh_from_db()
        self.post("call-status", CallSid=line.sid, Status=status)

    def post(self, what, **sent):
        """What the simulator answers."""
        answer = requests.post(f"{self.url}/_twilio/simulate/{what}", data=sent, auth=(ACCOUNT, TOKEN), timeout=30)
        assert answer.status_code < 300, answer.text
        return answer.json()

    def calls(self, **which):
        """The calls that Twilio has, the newest first."""
        path = f"/2010-04-01/Accounts/{ACCOUNT}/Calls.json"
        return requests.get(self.url + path, params=which, auth=(ACCOUNT, TOKEN), timeout=30).json()["calls"]

    def forget(self):
        """Twilio has no calls any more."""
        for one in self.calls():
            requests.delete(self.url + one["uri"], auth=(ACCOUNT, TOKEN), timeout=30)


@pytest.fixture(scope="module")
def emulate(live_server):
    """Twilio; its number is for the menu MENU of the center that is served here."""
    server = start_emulate(f"http://127.0.0.1:{live_server.thread.port}", MENU)
    PointedAtEmulate.url = server.url
    yield server
    server.stop()


@pytest.fixture
def phones(emulate, live_server, settings, transactional_db):
    """A center with Ana, whose provider is Twilio."""
    make_center()
    make_agent("ana@example.com", sip_address=PHONE)
    settings.CCAI_VOIP_PROVIDERS = ["twilio"]
    settings.CCAI_VOIP_ADAPTERS = {"twilio": "tests.outside.twilio_peers.TwilioAtEmulate"}
    settings.CCAI_TWILIO_ACCOUNT_SID = ACCOUNT
    settings.CCAI_TWILIO_AUTH_TOKEN = TOKEN
    settings.CCAI_PUBLIC_URL = f"http://127.0.0.1:{live_server.thread.port}"
    PointedAtEmulate.losing.clear()
    PointedAtEmulate.seen.clear()
    phones = Phones(emulate.url)
    phones.forget()
    return phones


@pytest.fixture
def dial(phones, api, clock):
    """Ana calls the number; the call's id. Her phone rings, unless that gets lost."""

    def post():
        body = {"call_type": "OutboundCall", "agent_email": "ana@example.com", "end_user_number": NUMBER}
        call_id = api.post("/calls", body).json()["id"]
        clock.tick()
        return call_id

    return post


def agents_line(call_id):
    return TwilioLine.objects.exclude(leg=0).get(call_ref=call_id)


def end_users_line(call_id):
    return TwilioLine.objects.get(call_ref=call_id, leg=0)


def statuses(phones):
    """How far Twilio's calls have come, by number."""
    return {one["to"]: one["status"] for one in phones.calls()}


def test_a_whole_call_from_click_to_goodbye(dial, phones, clock):
    call_id = dial()
    # Twilio had reported that the phone rings before it answered that it would let it ring.
    assert PointedAtEmulate.seen == [("ringing", agents_line(call_id).sid)]
    assert statuses(phones) == {PHONE: "ringing"}
    phones.be(agents_line(call_id), "in-progress")
    clock.tick()
    assert statuses(phones) == {PHONE: "in-progress", NUMBER: "ringing"}
    phones.be(end_users_line(call_id), "in-progress")
    assert Call.objects.get(pk=call_id).status == "connected"
    clock.jump(30)
    phones.be(end_users_line(call_id), "completed")
    clock.tick()
    call = Call.objects.get(pk=call_id)
    assert (call.status, call.disconnected_by, call.call_duration) == ("finished", "end_user", 30)
    assert trail(call) == ["assigned", "connecting", "connected", "finished"]
    assert statuses(phones) == {PHONE: "completed", NUMBER: "completed"}
    assert engaged() == set()


@pytest.mark.parametrize(("status", "reason"), [("busy", "eu_busy"), ("no-answer", "eu_no_answer")])
def test_who_is_not_reached_ends_the_call(dial, phones, clock, status, reason):
    call_id = dial()
    phones.be(agents_line(call_id), "in-progress")
    clock.tick()
    phones.be(end_users_line(call_id), status)
    clock.tick()
    call = Call.objects.get(pk=call_id)
    assert (call.status, call.fail_reason) == ("failed", reason)
    assert statuses(phones) == {PHONE: "completed", NUMBER: status}


def test_an_agent_who_does_not_answer_ends_it_too(dial, phones, clock):
    call_id = dial()
    phones.be(agents_line(call_id), "no-answer")
    clock.tick()
    assert Call.objects.get(pk=call_id).fail_reason == "ag_ignored"
    assert statuses(phones) == {PHONE: "no-answer"}


def test_an_answer_that_is_lost_is_settled_by_what_is_reported(dial, phones, clock):
    PointedAtEmulate.losing[:] = ["answer", "answer"]
    call_id = dial()
    assert agents_line(call_id).state == "ringing"
    phones.be(agents_line(call_id), "in-progress")
    clock.tick()
    phones.be(end_users_line(call_id), "in-progress")
    clock.jump(61)
    clock.tick()
    assert Call.objects.get(pk=call_id).status == "connected"
    assert len(phones.calls()) == 2


def test_a_question_that_is_lost_is_not_asked_again(dial, phones, clock):
    PointedAtEmulate.losing[:] = ["question"]
    call_id = dial()
    clock.jump(59)
    clock.tick()
    assert Call.objects.get(pk=call_id).status == "connecting"
    clock.jump(2)
    clock.tick()
    call = Call.objects.get(pk=call_id)
    assert (call.status, call.fail_reason) == ("failed", "voip_conn_timeout")
    assert phones.calls() == []
    assert engaged() == set()


def test_reports_with_a_wrong_signature_say_nothing_and_the_call_is_found_all_the_same(dial, phones, clock, settings):
    # Requests go out with an API key; what is reported is signed with another token than ours.
    settings.CCAI_TWILIO_API_KEY, settings.CCAI_TWILIO_API_SECRET = KEY, SECRET
    settings.CCAI_TWILIO_AUTH_TOKEN = "not-what-twilio-signs-with"
    PointedAtEmulate.losing[:] = ["answer"]
    call_id = dial()
    line = agents_line(call_id)
    assert (line.state, line.sid) == ("asked", "")
    clock.jump(61)
    clock.tick()
    line.refresh_from_db()
    assert (line.state, line.sid) == ("asked", phones.calls()[0]["sid"])
    assert Call.objects.get(pk=call_id).status == "connecting"
    settings.CCAI_TWILIO_AUTH_TOKEN = TOKEN
    phones.be(line, "in-progress")
    clock.tick()
    assert statuses(phones) == {PHONE: "in-progress", NUMBER: "ringing"}


def test_disorder_and_repeats_change_a_call_once(dial, phones, clock):
    call_id = dial()
    for status in ("in-progress", "in-progress", "ringing"):
        phones.be(agents_line(call_id), status)
        clock.tick()
    for status in ("completed", "in-progress", "ringing", "completed"):
        phones.be(end_users_line(call_id), status)
        clock.tick()
    assert trail(Call.objects.get(pk=call_id)) == ["assigned", "connecting", "connected", "finished"]
    assert len(phones.calls()) == 2


def test_somebody_who_calls_hears_the_menu_chooses_and_hangs_up(phones, clock, live_server):
    menu = make_menu("Support", id=MENU, menu_type="ivr_menu", output_msg="This is support.")
    for name in ("Sales", "Repairs"):
        make_menu(name, menu_type="ivr_menu", parent=menu, output_msg=f"This is {name}.", agents=[])
    phones.post("inbound-call", From=NUMBER, To=OUTBOUND)
    line = TwilioLine.objects.get()
    call = Call.objects.get(pk=line.call_ref)
    assert (call.status, call.call_type, call.end_user_number) == ("selecting", "Voice Inbound (IVR)", NUMBER)
    clock.tick()

    line.refresh_from_db()
    path = f"/voip/twilio/{call.pk}/0/1/key?told={line.told[:16]}"
    sent = {"CallSid": line.sid, "CallStatus": "in-progress", "Digits": "2"}
    address = f"http://127.0.0.1:{live_server.thread.port}{path}"
    signature = RequestValidator(TOKEN).compute_signature(address, sent)
    clock.jump(3)
    answer = Client(SERVER_NAME="127.0.0.1").post(path, sent, headers={"X-Twilio-Signature": signature})
    assert "This is Repairs." in answer.content.decode()
    call.refresh_from_db()
    assert (call.status, call.menu.name) == ("queued", "Repairs")
    phones.be(line, "completed")
    call.refresh_from_db()
    assert (call.status, call.fail_reason) == ("failed", "eu_abandoned")

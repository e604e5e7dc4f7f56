"""Callers on the phone through Twilio: menus by keys, the queue, a message; and agents who hold and hand on."""

import re
from urllib.parse import quote
from xml.etree import ElementTree

import pytest

from agents.models import Agent
from calls.models import Call, Contact, Offer, TwilioLine, TwilioRecording
from calls.services import accept_offer, complete_transfer, hold, resume, transfer
from calls.tasks import fetch_recordings
from menus.models import Menu
from tests import fakes
from tests.calls.callers import make_ivr
from tests.calls.talking import engaged, post_inbound, trail
from tests.factories import make_agent
from tests.voip.conftest import PHONE
from tests.voip.paper import PUBLIC, Paper, line_of, new_sid, refused

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("center")]

CALLER, OURS = "+12025550123", "+13392195276"


@pytest.fixture
def tree():
    """Welcome, with Sales (1) and Repairs (2)."""
    root = make_ivr("Welcome & hello")
    make_ivr("Sales", parent=root, position=0, agents=[])
    make_ivr("Repairs", parent=root, position=1, agents=[])
    return root


@pytest.fixture
def ring(twilio, tree, clock):
    """Somebody calls; the document they are answered with."""

    def call(sid=None, number=CALLER):
        sent = {"CallSid": sid or new_sid(), "CallStatus": "ringing", "From": number, "To": OURS}
        response = twilio.post(f"/voip/twilio/inbound/{tree.pk}", sent)
        assert response.status_code == 200
        return response.content.decode()

    return call


@pytest.fixture
def press(twilio, clock):
    """The caller presses a key, three seconds later; what they hear then."""

    def key(line, digit):
        clock.jump(3)
        return twilio.ask(line, "key", Digits=digit)

    return key


def said(document):
    """What the document reads out, text by text."""
    return [one.text for one in ElementTree.fromstring(document).iter("Say")]


class TestACaller:
    def test_goes_down_the_menus_waits_and_talks(self, ring, press, clock, twilio, tree):
        document = ring()
        line = TwilioLine.objects.get()
        call = Call.objects.get(pk=line.call_ref)
        assert '<Say language="en-US">This is Welcome &amp; hello.</Say>' in document
        assert f'action="{PUBLIC}/voip/twilio/{call.pk}/0/1/key?told={line.told[:16]}"' in document
        assert 'finishOnKey=""' in document
        clock.tick()
        # The line does already what it was ordered to.
        assert Paper.told() == []
        assert said(press(line, "9")) == ["That is none of the choices.", "This is Welcome & hello."]
        clock.tick()
        assert said(twilio.ask(line)) == ["This is Welcome & hello."]
        waits = press(line, "2")
        assert "<Play" in waits
        assert said(waits) == ["This is Repairs.", "To leave a message instead of waiting, press star."]
        clock.tick()
        assert said(twilio.ask(line)) == said(press(line, "7")) == ["This is Repairs."]
        # None of that was said over what the caller heard.
        assert Paper.told() == []
        call.refresh_from_db()
        assert (call.status, call.menu.name, call.support_number) == ("queued", "Repairs", OURS)
        ben = make_agent("ben@example.com", auto_answer=True, sip_address=PHONE)
        call.menu.groups.get().agents.add(ben)
        clock.pass_by(2)
        # The caller waits in the conference, and nobody is rung but the agent.
        (told,) = Paper.told()
        assert 'startConferenceOnEnter="false"' in told
        assert Paper.rung() == [PHONE]
        agent = line_of(call.pk, None)
        assert 'startConferenceOnEnter="true"' in twilio.ask(agent)
        assert Call.objects.get(pk=call.pk).status == "connected"
        sent = {"CallSid": line.sid, "CallStatus": "completed", "CallDuration": "12"}
        assert twilio.post("/voip/twilio/status", sent).status_code == 204
        call.refresh_from_db()
        assert (call.status, call.disconnected_by) == ("finished", "end_user")
        clock.tick()
        assert Paper.ended() == {agent.sid}

    def test_waits_for_no_crm_and_is_known_afterwards(self, ring, clock, settings):
        settings.CCAI_CRM_ADAPTERS = {"builtin": "tests.fakes.CountingCrm"}
        fakes.CountingCrm.questions = 0
        Contact.objects.create(out_contact_id="c-1", name="Ann").phones.create(number=CALLER)
        assert "This is Welcome" in ring()
        assert (fakes.CountingCrm.questions, Call.objects.get().end_user.out_contact_id) == (0, None)
        clock.tick()
        assert (fakes.CountingCrm.questions, Call.objects.get().end_user.out_contact_id) == (1, "c-1")

    def test_hears_a_text_without_what_no_document_may_have(self, ring, tree):
        Menu.objects.filter(pk=tree.pk).update(output_msg="Copied\x0bfrom an\x1f editor")
        assert ElementTree.fromstring(ring()).findtext(".//Say") == "Copied from an  editor"

    def test_is_answered_once_however_often_twilio_asks(self, ring, clock):
        sid = new_sid()
        assert ring(sid) == ring(sid)
        assert Call.objects.count() == TwilioLine.objects.count() == 1

    def test_goes_one_menu_down_however_often_twilio_reports_the_key(self, ring, tree, twilio):
        sales = Menu.objects.get(name="Sales")
        make_ivr("New", parent=sales, position=0, agents=[])
        document = ring()
        line = TwilioLine.objects.get()
        (path,) = re.findall(rf'action="{PUBLIC}([^"]+)"', document)
        sent = {"CallSid": line.sid, "CallStatus": "in-progress", "Digits": "1"}
        heard = {twilio.post(path, sent).content for _time in range(3)}
        assert len(heard) == 1
        assert b"This is Sales." in heard.pop()
        assert Call.objects.get().menu == sales
        # Nor does a key that says not what it is for.
        for nothing in ("", "?told=", "?told=" + "0" * 16):
            assert twilio.post(path.partition("?")[0] + nothing, sent).status_code == 200
        assert Call.objects.get().menu == sales

    def test_whose_call_is_gone_is_404(self, ring, tree, twilio):
        ring()
        line = TwilioLine.objects.get()
        Call.objects.all().delete()
        sent = {"CallSid": line.sid, "CallStatus": "completed"}
        assert twilio.post("/voip/twilio/status", sent).status_code == 404
        sent = {**sent, "From": CALLER, "To": OURS}
        assert twilio.post(f"/voip/twilio/inbound/{tree.pk}", sent).status_code == 404

    def test_waits_again_where_the_agent_does_not_answer(self, ring, press, clock, twilio):
        ring()
        line = TwilioLine.objects.get()
        press(line, "1")
        call = Call.objects.get(pk=line.call_ref)
        call.menu.groups.get().agents.add(make_agent(auto_answer=True, sip_address=PHONE))
        clock.pass_by(2)
        twilio.report(line_of(call.pk, None), "busy")
        call.refresh_from_db()
        assert (call.status, call.menu.name) == ("queued", "Sales")
        clock.tick()
        assert "This is Sales." in Paper.told()[-1]
        assert Paper.ended() == set()

    @pytest.mark.parametrize("text", ["Please & hold. " * 1_000, "죄송합니다" * 400], ids=["English", "Korean"])
    def test_hears_a_long_text_in_pieces_that_twilio_takes(self, ring, press, clock, twilio, text):
        Menu.objects.filter(name="Sales").update(output_msg=text)
        ring()
        line = TwilioLine.objects.get()
        heard = press(line, "1")
        call = Call.objects.get(pk=line.call_ref)
        call.menu.groups.get().agents.add(make_agent(auto_answer=True, sip_address=PHONE))
        clock.pass_by(2)
        twilio.report(line_of(call.pk, None), "busy")
        clock.tick()
        # What does not go with a request is asked for.
        (told,) = [document for document in Paper.told() if "<Conference" not in document]
        assert len(told) <= 4_000
        (address,) = re.findall(r"<Redirect>([^<]+)</Redirect>", told)
        assert address == f"{PUBLIC}/voip/twilio/{call.pk}/0/1/document"
        for document in (heard, twilio.ask(line)):
            pieces = [piece for piece in said(document) if "press star" not in piece]
            assert max(len(quote(piece)) for piece in pieces) <= 3_000
            assert "".join(pieces).replace(" ", "") == text.replace(" ", "")
            assert len(document.encode()) < 64_000

    @pytest.fixture
    def wait(self, ring, press):
        """A caller waits for Sales, which has an agent now; their line."""
        ring()
        line = TwilioLine.objects.get()
        press(line, "1")
        call = Call.objects.get(pk=line.call_ref)
        call.menu.groups.get().agents.add(make_agent(auto_answer=True, sip_address=PHONE))
        Paper.clear()
        return line

    def test_who_is_gone_without_a_report_has_no_agent_rung(self, wait, clock):
        Paper.answers += [refused(20404, 404)] * 2
        clock.pass_by(2)
        call = Call.objects.get(pk=wait.call_ref)
        assert (call.status, call.fail_reason, call.disconnected_by) == ("failed", "eu_abandoned", "end_user")
        assert Paper.rung() == []
        assert engaged() == set()

    def test_who_is_gone_while_the_agents_phone_rings_is_not_put_back(self, wait, clock, twilio):
        clock.pass_by(2)
        agent = line_of(wait.call_ref, None)
        twilio.report(agent, "ringing")

        def report_first():
            twilio.report(agent, "canceled")
            return {}

        # What Twilio says of both lines at the deadline, and when they are to be hung up.
        Paper.answers += [{"status": "ringing"}, refused(20404, 404), refused(20404, 404), report_first]
        clock.jump(91)
        clock.pass_by(2)
        call = Call.objects.get(pk=wait.call_ref)
        assert (call.status, call.fail_reason) == ("failed", "voip_conn_timeout")
        assert Paper.rung() == [PHONE]
        assert agent.sid in Paper.ended()
        assert engaged() == set()

    def test_whom_twilio_has_not_let_in_yet_is_told_once_the_agent_answers(self, wait, clock, twilio):
        Paper.answers += [refused(21220), {"status": "ringing"}]
        clock.pass_by(2)
        assert Paper.rung() == [PHONE]
        asked = len(Paper.told())
        twilio.ask(line_of(wait.call_ref, None))
        clock.tick()
        assert Call.objects.get(pk=wait.call_ref).status == "connected"
        (told,) = Paper.told()[asked:]
        assert f">demo-{wait.call_ref}</Conference>" in told

    def test_leaves_a_message(self, ring, press, clock, twilio):
        ring()
        line = TwilioLine.objects.get()
        press(line, "1")
        document = press(line, "*")
        where = f"{PUBLIC}/voip/twilio/{line.call_ref}/0/1"
        assert f'recordingStatusCallback="{where}/message"' in document
        assert "<Hangup" in twilio.ask(line, "end")
        sent = {"RecordingSid": "RE" + "a" * 32, "RecordingStatus": "completed"}
        # The end of the line is reported first.
        twilio.report(line, "completed")
        assert twilio.post(f"/voip/twilio/{line.call_ref}/0/1/message", sent).status_code == 204
        fetch_recordings()
        clock.tick()
        call = Call.objects.get(pk=line.call_ref)
        assert (call.status, call.voicemail_reason) == ("voicemail_received", "end_user_choice")
        assert call.voicemail
        assert TwilioRecording.objects.get().due_at is None

    @pytest.mark.parametrize("given", ["anonymous", "", "+266696687", "+86282452253", "sip:ann@pbx.example.com"])
    def test_who_hides_their_number_is_told_so(self, ring, given):
        assert "hidden numbers" in ring(number=given)
        assert Call.objects.count() == 0

    def test_of_no_menu_is_404_and_logged_once(self, twilio, menu, caplog):
        for _time in range(2):
            sent = {"CallSid": new_sid(), "CallStatus": "ringing", "From": CALLER, "To": OURS}
            for nowhere in (menu.pk, 999_999):
                assert twilio.post(f"/voip/twilio/inbound/{nowhere}", sent).status_code == 404
        assert Call.objects.count() == 0
        said = [record.getMessage() for record in caplog.records if record.name.startswith("calls")]
        assert len(said) == 2
        assert not [line for line in said if CALLER[1:] in line]


class TestAnAgent:
    @pytest.fixture
    def talk(self, api, menu, clock, twilio):
        """Ana talks with the end user."""
        call_id = post_inbound(api, menu, CALLER)
        clock.tick()
        twilio.ask(line_of(call_id, None))
        clock.tick()
        twilio.ask(line_of(call_id))
        clock.tick()
        call = Call.objects.get(pk=call_id)
        assert call.status == "connected"
        Paper.clear()
        return call

    def test_puts_on_hold_and_takes_off(self, talk, ana, clock, twilio):
        hold(talk, ana)
        clock.tick()
        (music,) = Paper.told()
        assert '<Play loop="0">' in music
        assert "Conference" not in music
        assert twilio.ask(line_of(talk.pk)) == music
        resume(talk, ana)
        clock.tick()
        assert f">demo-{talk.pk}</Conference>" in Paper.told()[-1]
        assert Call.objects.get(pk=talk.pk).status == "connected"

    def test_hands_on_with_a_word_before(self, talk, ana, clock, twilio):
        ben = make_agent("ben@example.com", sip_address="+13105550101")
        transfer(talk, ana, to_agent=ben, kind="warm")
        accept_offer(Offer.objects.get(agent=ben, status="open"))
        clock.tick()
        # The end user hears music meanwhile, and stays there.
        assert len(Paper.told()) == 1
        assert Paper.rung() == ["+13105550101"]
        twilio.ask(line_of(talk.pk, None))
        complete_transfer(talk, ana)
        clock.tick()
        assert "Conference" in Paper.told()[-1]
        talk.refresh_from_db()
        assert (talk.status, talk.agent) == ("connected", ben)
        first = TwilioLine.objects.exclude(leg=0).order_by("pk").first()
        assert Paper.ended() == {first.sid}
        # The report of the line that was let go says nothing of the call.
        twilio.report(first, "completed")
        assert Call.objects.get(pk=talk.pk).status == "connected"

    def test_hands_on_cold(self, talk, ana, clock, twilio):
        ben = make_agent("ben@example.com", sip_address="+13105550101")
        transfer(talk, ana, to_agent=ben)
        accept_offer(Offer.objects.get(agent=ben, status="open"))
        clock.pass_by(2)
        assert Paper.rung() == ["+13105550101"]
        twilio.ask(line_of(talk.pk, None))
        assert trail(Call.objects.get(pk=talk.pk))[-4:] == ["connected", "assigned", "connecting", "connected"]
        assert engaged() == {ben.pk}
        assert Agent.objects.get(pk=ana.pk).status == "available"

"""What an agent does on the page comes to the service that does it; refusals are said kindly."""

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from agents import availability
from calls import offers, services
from calls.desk.words import why_gone
from calls.models import Call, Disposition, EndUser, Note, Offer, Photo, Transfer
from calls.services.notes import version_of
from tests.calls.callers import close, deflect, make_ivr, ring
from tests.calls.talking import PATIENT, begin_outbound_talk, offer_to, post_inbound, report
from tests.desk.pages import said
from tests.factories import make_agent, make_call, make_menu

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def desk(at_desk, ana):
    """Ana's page."""
    return at_desk(ana)


@pytest.fixture
def offer(api, clock, queue, ana):
    """An offer to Ana."""
    post_inbound(api, queue)
    clock.tick()
    return offer_to(ana)


@pytest.fixture
def talk(api, clock, ana):
    """A call that Ana placed, with both on the line."""
    return begin_outbound_talk(api, clock, ana)


class TestStatus:
    @pytest.mark.parametrize("status", ["unavailable", "break", "meal", "wrap_up", "offline"])
    def test_it_is_what_the_agent_says(self, desk, ana, status):
        assert desk.post("status", status=status).status_code == 200

        ana.refresh_from_db()
        assert ana.status == status

    @pytest.mark.parametrize("status", ["missed_call", "unresponsive", "on_call", ""])
    def test_what_only_the_system_says_cannot_be_chosen(self, desk, ana, status):
        assert desk.post("status", status=status).status_code == 404

        ana.refresh_from_db()
        assert ana.status == "available"

    @pytest.mark.parametrize("status", ["missed_call", "unresponsive"])
    def test_who_missed_a_call_is_back_with_one_click(self, desk, ana, status):
        availability.set_status(ana, status)
        assert "I am back" in desk.shows()

        desk.post("status", status="available")

        ana.refresh_from_db()
        assert ana.status == "available"

    def test_the_page_has_been_seen(self, desk, ana):
        desk.shows()

        ana.refresh_from_db()
        assert ana.seen_at is not None


class TestOffers:
    def test_it_shows_who_calls_and_what_is_known(self, desk, offer):
        Call.objects.filter(pk=offer.call_id).update(bad_actor=True, out_ticket_id="12", out_ticket_url="https://t/12")
        earlier = make_call("finished", end_user=offer.call.end_user, created_at=offer.call.created_at)
        EndUser.objects.filter(pk=offer.call.end_user_id).update(name="Maya Thompson")

        shown = desk.shows()

        for words in ("Maya Thompson", PATIENT, "Advice", "Bad actor", 'href="https://t/12"', "Earlier calls"):
            assert words in shown
        assert str(earlier.created_at.day) in shown

    def test_accepting_makes_it_the_agents_call(self, desk, offer, ana):
        response = desk.post(f"offers/{offer.pk}/accept")

        assert response.status_code == 200
        assert 'data-phase="call"' in response.content.decode()
        assert Call.objects.get().agent == ana

    def test_declining_leaves_it_to_others(self, desk, offer):
        assert 'data-phase="idle"' in desk.post(f"offers/{offer.pk}/decline").content.decode()

        assert Offer.objects.get(pk=offer.pk).status == "declined"

    def test_who_is_too_late_is_told_kindly(self, desk, offer):
        desk.post(f"offers/{offer.pk}/decline")

        response = desk.post(f"offers/{offer.pk}/accept")

        assert response.status_code == 409
        assert said(response) == "This call is gone: a colleague was quicker, or the caller hung up."

    def test_an_offer_whose_caller_hung_up_says_so(self, desk, api, offer):
        call = Call.objects.get(pk=offer.call_id)
        offers.leave_queue([call], "failed", cause="ended_by_end_user", at=offer.offered_at, fail_reason="eu_abandoned")

        assert why_gone(Offer.objects.select_related("call", "transfer").get()) == "The caller hung up."

    def test_another_agents_offer_is_not_there(self, at_desk, offer, ben):
        for verb in ("accept", "decline"):
            response = at_desk(ben).post(f"offers/{offer.pk}/{verb}")
            assert response.status_code == 404
            assert said(response) == "This is not here any more. The page shows what is."

        assert Offer.objects.get(pk=offer.pk).status == "open"


class TestWhileACallIsPlaced:
    def test_the_page_says_whose_phone_rings(self, desk, api, clock, ana, settings):
        settings.CCAI_VOIP_ADAPTERS = {**settings.CCAI_VOIP_ADAPTERS, "sandbox": "tests.fakes.DeafProvider"}
        body = {"call_type": "OutboundCall", "agent_email": ana.user.email, "end_user_number": PATIENT}
        call = Call.objects.get(pk=api.post("/calls", body).json()["id"])
        clock.tick()
        assert "Ringing your phone" in desk.shows()

        report(call, "agent_answered")
        assert "Ringing the end user" in desk.shows()

        report(call, "connected")
        shown = desk.shows()
        assert "Ringing" not in shown
        assert "Connected" in shown


class TestOnACall:
    def test_hold_and_back(self, desk, talk):
        assert "On hold" in desk.post(f"calls/{talk.pk}/hold").content.decode()
        assert desk.post(f"calls/{talk.pk}/hold").status_code == 409
        assert "On hold" not in desk.post(f"calls/{talk.pk}/resume").content.decode()

    def test_hanging_up_ends_it_and_shows_it_as_the_last(self, desk, talk):
        shown = desk.post(f"calls/{talk.pk}/hang-up").content.decode()

        talk.refresh_from_db()
        assert talk.status == "finished"
        assert "The last call" in shown

    def test_one_that_is_carried_elsewhere_can_only_be_said_to_have_ended(self, desk, ana, center):
        call = services.begin_action_only(number="+12025550171", agent=ana)
        shown = desk.shows()
        assert "Carried elsewhere" in shown
        assert "Connecting" not in shown
        assert 'id="hold"' not in shown
        assert 'id="hand-on"' not in shown

        desk.post(f"calls/{call.pk}/hang-up")

        call.refresh_from_db()
        assert call.status == "action_only_finished"

    def test_flags(self, desk, talk):
        desk.post(f"calls/{talk.pk}/flag", flag="bad_actor", on="true")
        desk.post(f"calls/{talk.pk}/flag", flag="verified_customer", on="true")
        desk.post(f"calls/{talk.pk}/flag", flag="bad_actor", on="false")

        talk.refresh_from_db()
        assert (talk.verified_customer, talk.bad_actor) == (True, False)

    def test_a_note_and_an_outcome_during_it_and_afterwards(self, desk, talk):
        sold = Disposition.objects.create(name="Sold")
        desk.post(f"calls/{talk.pk}/note", text="Wants a saddle")
        desk.post(f"calls/{talk.pk}/hang-up")
        desk.post(f"calls/{talk.pk}/note", text="Wants two saddles")
        desk.post(f"calls/{talk.pk}/disposition", disposition=sold.pk)

        assert Note.objects.get().text == "Wants two saddles"
        talk.refresh_from_db()
        assert talk.disposition == sold
        desk.post(f"calls/{talk.pk}/disposition", disposition="")
        talk.refresh_from_db()
        assert talk.disposition is None

    def test_a_note_that_another_tab_has_written_stays_and_is_answered_with(self, desk, talk):
        desk.post(f"calls/{talk.pk}/note", text="Written in the first tab", seen="")

        response = desk.post(f"calls/{talk.pk}/note", text="Written in the second", seen="")

        assert response.status_code == 409
        assert "Written in the first tab</textarea>" in response.content.decode()
        assert f'data-version="{version_of(Note.objects.get())}"' in response.content.decode()

    @pytest.mark.parametrize("text", ["\0", "a\0b"])
    def test_a_note_that_cannot_be_kept_is_refused_kindly(self, desk, talk, text):
        response = desk.post(f"calls/{talk.pk}/note", text=text)

        assert (response.status_code, said(response)[:8]) == (400, "The note")

    def test_what_the_caller_has_sent_opens_for_who_is_on_the_call(self, at_desk, desk, talk, ben):
        photo = Photo.objects.create(call=talk, file="photos/1.jpg")
        assert f"/desk/calls/{talk.pk}/photos/{photo.pk}" in desk.shows()

        response = desk.get(f"calls/{talk.pk}/photos/{photo.pk}")

        assert response.status_code == 302
        assert "/files/" in response.url
        assert at_desk(ben).get(f"calls/{talk.pk}/photos/{photo.pk}").status_code == 404

    def test_what_programs_know_of_the_call_is_shown(self, desk, talk):
        services.set_data_parameters(talk, {"order": "A-17", "Recording": True})

        told = desk.shows().partition("Told by programs")[2]
        assert "<dt>order</dt><dd>A-17</dd>" in told
        assert "<dt>Recording</dt><dd>true</dd>" in told

    @pytest.mark.parametrize(
        "verb", ["hold", "resume", "hang-up", "transfer", "complete-transfer", "cancel-transfer", "flag", "note"]
    )
    def test_a_call_of_others_is_not_there(self, at_desk, talk, ben, verb):
        assert at_desk(ben).post(f"calls/{talk.pk}/{verb}").status_code == 404


class TestHandingOn:
    def test_who_is_free_comes_first_and_who_is_not_cannot_be_chosen(self, desk, talk, ben):
        shown = desk.get(f"calls/{talk.pk}/targets").content.decode()
        assert f'value="{ben.pk}"><' in shown
        availability.set_status(ben, "break")

        assert f'value="{ben.pk}" disabled><' in desk.get(f"calls/{talk.pk}/targets").content.decode()

    def test_words_find_agents_and_queues(self, desk, talk, ben, queue):
        assert str(ben) in desk.get(f"calls/{talk.pk}/targets?q={ben.user.last_name}").content.decode()
        assert "Advice" in desk.get(f"calls/{talk.pk}/targets?q=adv").content.decode()
        assert "Nobody is called" in desk.get(f"calls/{talk.pk}/targets?q=zzz").content.decode()

    def test_those_of_ones_own_queues_come_first_among_the_free(self, desk, ana, talk):
        stranger, mate = make_agent(), make_agent()
        make_menu("Repairs", agents=[ana, mate])
        make_menu("Elsewhere", agents=[stranger])

        shown = desk.get(f"calls/{talk.pk}/targets").content.decode()

        assert shown.index(f'value="{mate.pk}"') < shown.index(f'value="{stranger.pk}"')

    def test_cold_and_taken_back(self, at_desk, desk, talk, ben):
        desk.post(f"calls/{talk.pk}/transfer", to_agent=ben.pk, kind="cold")
        assert "hands on a call" in at_desk(ben).shows()
        assert "is asked to take the call" in desk.shows()

        desk.post(f"calls/{talk.pk}/cancel-transfer")

        assert Transfer.objects.get().status == "failed"
        assert 'data-phase="idle"' in at_desk(ben).shows()

    def test_who_asked_is_told_why_it_came_to_nothing(self, at_desk, desk, talk, ben, clock):
        desk.post(f"calls/{talk.pk}/transfer", to_agent=ben.pk, kind="cold")
        at_desk(ben).post(f"offers/{offer_to(ben).pk}/decline")
        assert f"{ben} declined. You still have the call." in desk.shows()

        desk.post(f"calls/{talk.pk}/transfer", to_agent=ben.pk, kind="cold")
        assert "declined" not in desk.shows()
        clock.pass_by(60)
        clock.tick()

        assert f"{ben} did not answer in time. You still have the call." in desk.shows()
        assert 'data-gone-news="You did not answer the call in time."' in at_desk(ben).shows()

    def test_who_was_asked_is_told_that_it_was_taken_back(self, at_desk, desk, talk, ana, ben):
        desk.post(f"calls/{talk.pk}/transfer", to_agent=ben.pk, kind="cold")
        desk.post(f"calls/{talk.pk}/cancel-transfer")

        assert f"{ana} does not hand the call on any more." in at_desk(ben).shows()

    def test_to_a_queue_that_is_closed_is_refused(self, desk, talk, queue):
        close(queue)

        response = desk.post(f"calls/{talk.pk}/transfer", to_menu=queue.pk)

        assert said(response) == "This queue is closed now. Choose another."
        assert not Transfer.objects.exists()

    def test_to_nobody(self, desk, talk):
        for fields in ({}, {"to_agent": "9999"}, {"to_menu": "x"}, {"to_agent": "9" * 30}):
            assert desk.post(f"calls/{talk.pk}/transfer", **fields).status_code == 404


class TestCalling:
    def test_by_hand(self, desk, ana):
        desk.post("dial", end_user_number=" +1 (202) 555-0171 ")

        call = Call.objects.get()
        assert (call.agent, call.end_user_number, call.call_type) == (ana, "+12025550171", "Voice Outbound")

    def test_what_is_no_number_is_said(self, desk):
        assert said(desk.post("dial", end_user_number="nonsense")).startswith("This is not a phone number.")

    def test_who_is_not_available_is_told_so(self, desk, ana):
        availability.set_status(ana, "break")

        response = desk.post("dial", end_user_number="+1 202-555-0171")

        assert said(response).startswith("You are not available")

    def test_a_failed_call_is_called_back_and_is_recovered(self, desk, api, clock, ana):
        body = {"call_type": "OutboundCall", "agent_email": ana.user.email, "end_user_number": "+1 202-555-5001"}
        failed = api.post("/calls", body).json()["id"]
        clock.tick()
        clock.pass_by(5)
        assert "End user busy" in desk.get("missed").content.decode()
        last = desk.shows().partition("The last call")[2]
        assert "End user busy" in last
        assert "0:00" not in last
        Call.objects.filter(pk=failed).update(end_user_number=PATIENT.replace(" ", "").replace("-", ""))

        desk.post(f"calls/{failed}/call-back")
        clock.tick()
        clock.pass_by(3)
        child = Call.objects.get(parent=failed)
        desk.post(f"calls/{child.pk}/hang-up")

        assert Call.objects.get(pk=failed).status == "recovered"
        assert "Called back" in desk.get("missed").content.decode()

    def test_a_call_of_the_agents_queue_that_nobody_was_offered_is_there_until_it_is_called_back(self, desk, queue):
        other = make_menu("Other", agents=[make_agent()])
        for menu in (queue, other):
            make_call(
                "failed", menu=menu, queue=menu, fail_reason="eu_abandoned", end_user_number=f"+1202555{menu.pk:04}"
            )
        redirected = make_call("failed", menu=other, queue=queue, fail_reason="expired", end_user_number="+12025550199")
        shown = desk.get("missed").content.decode()
        assert f"+1 202-555-{queue.pk:04}" in shown
        assert "+1 202-555-0199" in shown
        assert f"+1 202-555-{other.pk:04}" not in shown

        desk.post(f"calls/{redirected.pk}/call-back")

        assert Call.objects.get(parent=redirected).status == "assigned"
        assert "+1 202-555-0199" not in desk.get("missed").content.decode()

    def test_a_call_that_the_agent_had_no_part_in_is_not_called_back(self, desk, center):
        call = make_call("failed")

        assert desk.post(f"calls/{call.pk}/call-back").status_code == 404


class TestVoicemail:
    @pytest.fixture
    def message(self, clock, ana):
        """A message in a box of Ana's."""
        menu = make_ivr(agents=[ana])
        close(menu)
        deflect(menu, "after_hours", "voicemail")
        call_id = ring(menu)
        clock.tick()
        clock.pass_by(8)
        call = Call.objects.get(pk=call_id)
        assert call.status == "voicemail_received"
        return call

    def test_it_is_in_the_box_and_read_once_it_is_played(self, desk, message):
        assert "New" in desk.get("voicemails").content.decode()

        assert desk.post(f"voicemails/{message.pk}/read").status_code == 204

        message.refresh_from_db()
        assert message.status == "voicemail_read"
        assert "New" not in desk.get("voicemails").content.decode()

    def test_the_message_itself_can_be_opened(self, desk, message):
        response = desk.client.get(desk.get(f"voicemails/{message.pk}/recording").url, headers={"Range": "bytes=0-3"})

        assert response.status_code == 206
        assert b"".join(response.streaming_content) == b"RIFF"

    def test_it_is_the_message_that_is_opened_and_no_talk_before_it(self, desk, message):
        talk = default_storage.save("recordings/talk.wav", ContentFile(b"talk"))
        Call.objects.filter(pk=message.pk).update(recording=talk)

        response = desk.client.get(desk.get(f"voicemails/{message.pk}/recording").url)

        assert b"".join(response.streaming_content)[:4] == b"RIFF"

    def test_others_do_not_find_it(self, at_desk, message, ben):
        assert at_desk(ben).post(f"voicemails/{message.pk}/read").status_code == 404
        assert at_desk(ben).get(f"voicemails/{message.pk}/recording").status_code == 404
        assert "No messages" in at_desk(ben).get("voicemails").content.decode()

    def test_it_is_called_back(self, desk, message):
        desk.post(f"calls/{message.pk}/call-back")

        assert Call.objects.get(parent=message).status == "assigned"


class TestHistory:
    def test_every_call_is_there_once_page_by_page(self, desk, ana):
        numbers = [f"+1202555{number:04}" for number in range(45)]
        for number in numbers:
            call = services.dial(ana, end_user_number=number).call
            services.hang_up(call, ana)

        found, path = [], "history"
        while path:
            shown = desk.get(path).content.decode()
            found += [part.split('"')[0] for part in shown.split("&quot;end_user_number&quot;: &quot;")[1:]]
            found += [part.split('"')[0] for part in shown.split('{"end_user_number": "')[1:]]
            cursor = shown.partition('{"before": "')[2].partition('"')[0]
            path = f"history?before={cursor}" if cursor else ""

        assert found == list(reversed(numbers))

    def test_nonsense_for_a_cursor_is_the_beginning(self, desk, talk):
        for cursor in ("x", "2026-11-22T10:00:00Z", "2026-11-22T10:00:00Z,x", f"2026-11-22T10:00:00Z,{'9' * 30}"):
            assert "+1 202-555-5007" in desk.get(f"history?before={cursor}").content.decode()

"""Voicemail: a message is left, lies in its menu's box, and is opened by an agent."""

import wave
from datetime import timedelta

import pytest
from django.core.files.storage import default_storage

from agents.models import Agent
from calls.models import Call, CallEvent, Offer, SandboxCall
from calls.services import apply_voip_event
from calls.services.voicemail import mark_voicemail_read, voicemails_for
from calls.voip.base import VoipEvent, VoipEventKind
from calls.voip.sandbox import generate_recording
from ccai.times import now
from menus.models import AgentGroup
from tests.calls.callers import close, deflect, heard, line_is_up, make_ivr, ring, trail
from tests.calls.talking import begin_talk
from tests.factories import make_agent, make_call, make_menu

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("center")]


@pytest.fixture
def agent():
    return make_agent(status="break")


@pytest.fixture
def box(agent):
    """A menu that takes messages at any hour; its one agent is on a break."""
    menu = make_ivr("Sales", agents=[agent])
    close(menu)
    deflect(menu, "after_hours", "voicemail", message="Leave a message.")
    return menu


def report(call_id, kind, **details):
    return apply_voip_event(VoipEvent(kind, call_id, details.pop("provider", "sandbox"), now(), **details))


def leave_message(call_id, **details):
    return report(call_id, VoipEventKind.MESSAGE_LEFT, recording=generate_recording(0.1), **details)


def get(call_id):
    return Call.objects.get(pk=call_id)


class TestLeavingOne:
    def test_what_was_said_can_be_heard(self, api, client, clock, box):
        call_id = ring(box)
        clock.pass_by(3)
        body = api.get(f"/calls/{call_id}").json()
        assert (body["status"], body["voicemail_reason"]) == ("voicemail_received", "after_hours")
        assert body["ends_at"] is not None
        assert [(one["type"], one["status"]) for one in body["participants"]] == [("end_user", "finished")]
        assert client.get(body["recording_url"]).status_code == 200
        with default_storage.open(get(call_id).voicemail.name) as file, wave.open(file) as sound:
            assert sound.getnframes() == 16_000
        assert not line_is_up(call_id)

    def test_a_message_reported_twice_is_one_message(self, clock, box):
        call_id = ring(box)
        assert leave_message(call_id)
        name = get(call_id).voicemail.name
        assert not leave_message(call_id)
        assert get(call_id).voicemail.name == name
        assert default_storage.listdir("voicemail")[1].count(name.rpartition("/")[2]) == 1
        assert trail(call_id).count("voicemail_received") == 1

    @pytest.mark.parametrize("status", ["queued", "connected", "failed", "voicemail_received", "voicemail_read"])
    def test_a_message_for_a_call_that_takes_none_changes_nothing(self, status):
        call = make_call(status, voip_provider="sandbox")
        assert not leave_message(call.pk)
        assert (get(call.pk).status, get(call.pk).voicemail.name) == (status, "")

    def test_another_providers_message_changes_nothing(self, clock, box):
        call_id = ring(box)
        assert not leave_message(call_id, provider="sandbox_backup")
        assert get(call_id).status == "voicemail"

    @pytest.mark.parametrize("first", ["talk", "message"])
    def test_a_message_and_the_recording_of_a_talk_before_it_are_both_kept(self, api, client, clock, first):
        ana = make_agent("ana@example.com", auto_answer=True)
        call = begin_talk(api, clock, make_menu(agents=[ana], recording="record"))
        Agent.objects.filter(pk=ana.pk).update(status="break")
        report(call.pk, VoipEventKind.AGENT_LEFT)
        clock.jump(1)
        assert report(call.pk, VoipEventKind.KEY_PRESSED, key="*")
        kinds = [VoipEventKind.RECORDED, VoipEventKind.MESSAGE_LEFT]
        for kind in kinds if first == "talk" else reversed(kinds):
            assert report(call.pk, kind, recording=kind.value.encode())
        call = get(call.pk)
        assert call.recording.read() == b"recorded"
        assert call.voicemail.read() == b"message_left"
        url = api.get(f"/calls/{call.pk}").json()["recording_url"]
        assert b"".join(client.get(url)) == b"recorded"
        assert call in voicemails_for(ana)

    def test_the_same_person_may_leave_another_while_the_first_is_unheard(self, clock, box):
        ids = [ring(box), ring(box)]
        clock.pass_by(4)
        assert [get(call_id).status for call_id in ids] == ["voicemail_received"] * 2


class TestChoosingTo:
    """`*` while waiting."""

    def test_the_caller_leaves_a_message_and_is_offered_to_nobody(self, clock):
        agent = make_agent()
        menu = make_ivr("Sales", agents=[agent])
        call_id = ring(menu, "*")
        clock.pass_by(2)
        assert trail(call_id) == ["selecting", "queued", "voicemail"]
        assert heard(call_id) == ["This is Sales.", "Please leave a message after the tone."]
        assert set(Offer.objects.values_list("status", flat=True)) == {"withdrawn"}
        clock.pass_by(3)
        call = get(call_id)
        assert (call.status, call.voicemail_reason, call.queue) == ("voicemail_received", "end_user_choice", menu)
        assert call.deflection == "no_deflection"

    def test_other_keys_mean_nothing_while_waiting(self, clock):
        call_id = ring(make_ivr("Sales", agents=[]), "12#0")
        clock.pass_by(10)
        assert trail(call_id) == ["selecting", "queued"]


class TestNotLeavingOne:
    def test_who_hangs_up_without_a_word_has_abandoned(self, clock, box):
        call_id = ring(box, patience=2)
        clock.pass_by(3)
        call = get(call_id)
        assert (call.status, call.disconnected_by) == ("voicemail", "end_user")
        assert call.participants.get().status == "finished"
        clock.pass_by(60)
        call = get(call_id)
        assert (call.status, call.fail_reason, call.disconnected_by) == ("failed", "eu_abandoned", "end_user")

    def test_a_message_reported_after_the_hanging_up_is_not_lost(self, clock, box):
        call_id = ring(box)
        SandboxCall.objects.update(next_at=None)
        clock.tick()
        SandboxCall.objects.update(next_at=None)
        assert report(call_id, VoipEventKind.ENDED, ended_by="end_user")
        assert not report(call_id, VoipEventKind.ENDED, ended_by="end_user")
        clock.pass_by(30)
        assert leave_message(call_id)
        clock.pass_by(60)
        assert get(call_id).status == "voicemail_received"

    def test_who_stays_on_the_line_and_says_nothing_is_hung_up(self, clock, box):
        call_id = ring(box)
        clock.tick()
        SandboxCall.objects.update(next_at=None)
        clock.jump(299)
        clock.tick()
        assert get(call_id).status == "voicemail"
        clock.pass_by(1)
        call = get(call_id)
        assert (call.status, call.fail_reason, call.disconnected_by) == ("failed", "expired", "system")
        assert not line_is_up(call_id)


class TestTheBox:
    def test_agents_see_the_messages_of_the_menus_they_are_in_newest_first(self, agent, box):
        colleague, stranger = make_agent(), make_agent()
        AgentGroup.objects.create(menu=box, name="Group 2").agents.add(colleague, agent)
        other = make_ivr("Other", agents=[stranger])
        long_ago = now() - timedelta(days=2)
        first = make_call("voicemail_read", queue=box, created_at=long_ago)
        second = make_call("voicemail_received", queue=box)
        elsewhere = make_call("voicemail_received", menu=box, queue=other)
        for status in ("voicemail", "failed", "finished", "deflected"):
            make_call(status, queue=box)
        assert list(voicemails_for(agent)) == list(voicemails_for(colleague)) == [second, first]
        assert list(voicemails_for(stranger)) == [elsewhere]
        assert list(voicemails_for(make_agent())) == []

    def test_a_message_is_opened_once_and_by_one(self, agent, box):
        call = make_call("voicemail_received", queue=box)
        same = get(call.pk)
        assert mark_voicemail_read(call, agent)
        assert not mark_voicemail_read(call, agent)
        assert not mark_voicemail_read(same, make_agent())
        assert get(call.pk).status == "voicemail_read"
        assert CallEvent.objects.get(call=call).cause == f"opened_by_agent_{agent.pk}"

    def test_what_is_no_message_cannot_be_opened(self, agent):
        call = make_call("queued")
        assert not mark_voicemail_read(call, agent)
        assert get(call.pk).status == "queued"

    def test_its_end_stays_when_it_is_opened(self, agent, box):
        ended = now() - timedelta(hours=1)
        call = make_call("voicemail_received", queue=box, ends_at=ended)
        mark_voicemail_read(call, agent)
        assert get(call.pk).ends_at == ended

"""Calls that the customer's own telephony carries: from start to end."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from agents.models import Agent, Engagement
from calls.models import Call, EndUser, SandboxCall, VoipOrder
from calls.services import hang_up
from calls.services.action_only import begin_action_only, end_action_only
from ccai.errors import Refused
from tests.calls.callers import NUMBER, trail
from tests.factories import make_agent, make_call, make_menu

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("center")]


@pytest.fixture
def agent():
    return make_agent("ana@example.com")


class TestFromStartToEnd:
    def test_both_are_on_the_agent_is_engaged_and_free_afterwards(self, api, clock, agent):
        menu = make_menu("App")
        call = begin_action_only(number=NUMBER, agent=agent, menu=menu)
        body = api.get(f"/calls/{call.pk}").json()
        assert (body["status"], body["call_type"]) == ("action_only", "Voice Inbound (Mobile)")
        assert (body["menu_path"]["name"], body["agent_info"]["id"]) == ("App", agent.pk)
        assert {(one["type"], one["status"]) for one in body["participants"]} == {
            ("end_user", "connected"), ("agent", "connected"),
        }  # fmt: skip
        assert Engagement.objects.get(agent=agent, ended_at=None).kind == "call"
        clock.jump(75.9)
        end_action_only(call, disconnected_by="agent")
        body = api.get(f"/calls/{call.pk}").json()
        assert (body["status"], body["call_duration"]) == ("action_only_finished", 75)
        assert body["disconnected_by"] == "disconnected_by_agent"
        assert [(one["status"], one["call_duration"]) for one in body["participants"]] == [("finished", 75)] * 2
        assert not Engagement.objects.filter(ended_at=None).exists()

    def test_without_an_agent_or_a_menu(self, clock):
        call = begin_action_only(number=NUMBER)
        assert (call.agent, call.menu, call.end_user) == (None, None, EndUser.objects.get())
        assert [one.type for one in call.participants.all()] == ["end_user"]

    def test_the_agent_called(self, agent):
        assert begin_action_only(number=NUMBER, agent=agent, outbound=True).call_type == "Voice Outbound"

    def test_a_wrap_up_follows(self, clock, agent, settings):
        settings.CCAI_WRAP_UP_SECONDS = 30
        end_action_only(begin_action_only(number=NUMBER, agent=agent))
        assert Agent.objects.get().status == "wrap_up"

    def test_nobody_is_dialled(self, clock, agent):
        end_action_only(begin_action_only(number=NUMBER, agent=agent))
        clock.pass_by(3)
        assert not SandboxCall.objects.exists()
        assert not VoipOrder.objects.exists()

    def test_an_agent_who_is_not_free_is_refused_and_there_is_no_call(self, agent):
        begin_action_only(number=NUMBER, agent=agent)
        with pytest.raises(Refused, match="Agent is not available"):
            begin_action_only(number="+12025550124", agent=agent)
        assert Call.objects.count() == 1
        assert EndUser.objects.count() == 1

    def test_its_agent_hangs_up_on_the_page(self, clock, agent):
        call = begin_action_only(number=NUMBER, agent=agent)
        clock.pass_by(9)

        hang_up(call, agent)

        call.refresh_from_db()
        assert (call.status, call.disconnected_by, call.call_duration) == ("action_only_finished", "agent", 9)
        assert not agent.engagements.filter(ended_at=None).exists()

    def test_it_ends_once(self, clock, agent):
        call = begin_action_only(number=NUMBER, agent=agent)
        same = Call.objects.get(pk=call.pk)
        end_action_only(call)
        for stale in (call, same):
            with pytest.raises(Refused, match="Call has ended"):
                end_action_only(stale)
        assert trail(call.pk) == ["action_only", "action_only_finished"]

    @pytest.mark.parametrize("status", ["scheduled", "queued", "connected", "voicemail"])
    def test_a_call_of_another_kind_is_not_ended_so(self, status):
        call = make_call(status)
        with pytest.raises(Refused, match="Call is not an action-only call") as refused:
            end_action_only(call)
        assert refused.value.status == 409
        assert Call.objects.get(pk=call.pk).status == status

    def test_one_whose_end_nobody_reports_is_ended_by_the_system(self, clock, agent):
        call = begin_action_only(number=NUMBER, agent=agent)
        clock.jump(14_399)
        clock.tick()
        assert Call.objects.get(pk=call.pk).status == "action_only"
        clock.pass_by(1)
        call.refresh_from_db()
        assert (call.status, call.disconnected_by) == ("action_only_finished", "system")
        assert not Engagement.objects.filter(ended_at=None).exists()


@pytest.mark.parametrize("label", ["Voice Inbound (Mobile)", "Voice Outbound", "action_only", "Voice Inbound (IVR)"])
def test_requests_cannot_make_them(api, agent, label):
    menu = make_menu("App")
    body = {"call_type": label, "menu_id": menu.pk, "end_user_number": NUMBER, "agent_email": "ana@example.com"}
    response = api.post("/calls", body)
    assert (response.status_code, response.json()) == (400, {"message": "Invalid call type"})
    assert not Call.objects.exists()


class TestTheCommand:
    @staticmethod
    def run(*arguments, **options):
        out = StringIO()
        call_command("action_only", *arguments, stdout=out, **options)
        return out.getvalue().strip()

    def test_it_begins_and_ends_a_call(self, clock, agent):
        menu = make_menu("App")
        said = self.run("begin", "+1 202-555-0123", "--agent", "ANA@example.com", "--menu", str(menu.pk))
        call = Call.objects.get()
        assert said == f"Call {call.pk} has begun."
        assert (call.agent, call.menu, call.end_user_number) == (agent, menu, NUMBER)
        clock.jump(12)
        assert self.run("end", str(call.pk), "--by", "end_user") == f"Call {call.pk} has ended after 12 seconds."
        assert Call.objects.get().disconnected_by == "end_user"

    def test_what_is_wrong_is_said_in_a_sentence(self, agent):
        deleted = make_menu("Old", deleted=True)
        other = make_call("queued")
        ended = end_action_only(begin_action_only(number=NUMBER))
        for arguments, sentence in (
            (["begin", "12345"], "12345 is no phone number"),
            (["begin", NUMBER, "--agent", "bob@example.com"], "There is no active agent bob@example.com"),
            (["begin", NUMBER, "--menu", str(deleted.pk)], f"There is no menu {deleted.pk}"),
            (["end", "9999"], "There is no call 9999"),
            (["end", str(other.pk)], f"Call {other.pk} is not one that your own telephony carries"),
            (["end", str(ended.pk)], "Call has ended"),
        ):
            with pytest.raises(CommandError, match=sentence):
                self.run(*arguments)
        assert Call.objects.count() == 2

"""Callers on the phone: they walk the menus, wait, talk, and may hang up at any place."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from agents.models import Agent, Engagement, Language, OutboundNumber
from calls import dispatch
from calls.models import Call, Contact, EndUser, Offer, Participant, SandboxCall
from calls.services import accept_offer, apply_voip_event, give_back, phone
from calls.services.phone import answer_phone, current_instruction
from calls.voip.base import InstructionKind, VoipEvent, VoipEventKind
from ccai.heartbeat import WORKER, give_sign
from ccai.times import now
from menus.models import Menu
from tests import fakes
from tests.calls.callers import NUMBER, details, heard, line_is_up, make_ivr, ring, trail
from tests.factories import make_agent

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("center")]


@pytest.fixture
def tree():
    """A root with Sales (1), a hidden menu, and Support (2), below which are Phones (1) and Bills (2)."""
    root = make_ivr("Welcome")
    sales = make_ivr("Sales", parent=root, position=0, agents=[])
    make_ivr("Hidden", parent=root, position=1, hidden=True)
    make_ivr("Gone", parent=root, position=1, deleted=True)
    support = make_ivr("Support", parent=root, position=2)
    phones = make_ivr("Phones", parent=support, position=0, agents=[])
    bills = make_ivr("Bills", parent=support, position=0, agents=[])
    return {menu.name: menu for menu in (root, sales, support, phones, bills)}


def report(call_id, kind, **details):
    """The sandbox reports it."""
    return apply_voip_event(VoipEvent(kind, call_id, "sandbox", details.pop("at", None) or now(), **details))


def press(call_id, key, at=None):
    return report(call_id, VoipEventKind.KEY_PRESSED, key=key, at=at)


def give_agent(menu, **columns):
    """`menu` has an agent from now on."""
    agent = make_agent(**columns)
    menu.groups.get().agents.add(agent)
    return agent


class TestWalkingTheTree:
    def test_a_caller_goes_down_by_keys_hears_each_prompt_and_waits_at_a_leaf(self, api, clock, tree):
        call_id = ring(tree["Welcome"], "22")
        clock.pass_by(6)
        assert heard(call_id) == ["This is Welcome.", "This is Support.", "This is Bills."]
        assert trail(call_id) == ["selecting", "queued"]
        body = api.get(f"/calls/{call_id}").json()
        assert body["call_type"] == "Voice Inbound (IVR)"
        assert body["selected_menu"]["name"] == "Bills"
        assert body["menu_path"]["name"] == "Welcome/Support/Bills"
        assert body["voip_provider"] == "voip_provider_sandbox"
        assert body["recording_permission"] == "not_asked"
        assert [event["group"] for event in body["offer_events"]] == []
        assert [(one["type"], one["status"]) for one in body["participants"]] == [("end_user", "waiting")]
        assert Call.objects.get(pk=call_id).queue == tree["Bills"]

    def test_while_browsing_the_call_shows_where_the_caller_stands(self, api, clock, tree):
        call_id = ring(tree["Welcome"], "2")
        clock.pass_by(2)
        body = api.get(f"/calls/{call_id}").json()
        assert (body["status"], body["queued_at"]) == ("selecting", None)
        assert body["selected_menu"]["name"] == "Support"
        assert body["menu_path"]["name"] == "Welcome/Support"

    def test_digits_count_the_menus_that_are_shown_by_position_and_then_age(self, tree):
        assert [menu.name for menu in phone.choices(tree["Welcome"])] == ["Sales", "Support"]
        assert [menu.name for menu in phone.choices(tree["Support"])] == ["Phones", "Bills"]

    def test_a_leaf_is_entered_without_a_key(self, clock, tree):
        call_id = ring(tree["Sales"])
        clock.tick()
        assert trail(call_id) == ["selecting", "queued"]
        assert heard(call_id) == ["This is Sales."]

    @pytest.mark.parametrize("key", ["0", "3", "9", "*", "#"])
    def test_a_key_that_leads_nowhere_repeats_the_prompt(self, clock, tree, key):
        call_id = ring(tree["Welcome"], key)
        clock.pass_by(3)
        assert heard(call_id) == ["This is Welcome.", "This is Welcome."]
        assert Call.objects.get(pk=call_id).menu == tree["Welcome"]

    def test_a_menu_without_a_message_reads_out_its_choices(self, clock, tree):
        Menu.objects.filter(pk=tree["Welcome"].pk).update(output_msg="")
        call_id = ring(Menu.objects.get(pk=tree["Welcome"].pk))
        clock.tick()
        assert heard(call_id) == ["Press 1 for Sales. Press 2 for Support."]

    def test_a_key_that_is_reported_twice_is_pressed_once(self, clock, tree):
        call_id = ring(tree["Welcome"])
        clock.pass_by(1)
        pressed_at = now()
        assert press(call_id, "2", pressed_at)
        assert not press(call_id, "2", pressed_at)
        assert not press(call_id, "1", pressed_at - timedelta(seconds=1))
        assert Call.objects.get(pk=call_id).menu == tree["Support"]
        clock.pass_by(1)
        assert press(call_id, "1")
        assert Call.objects.get(pk=call_id).queue == tree["Phones"]

    def test_keys_of_a_provider_whose_clock_is_behind_count(self, clock, tree):
        call_id = ring(tree["Welcome"])
        assert press(call_id, "1", now() - timedelta(seconds=5))
        assert Call.objects.get(pk=call_id).status == "queued"

    def test_a_star_that_was_pressed_in_the_menus_and_reported_late_is_no_voicemail(self, clock, tree):
        call_id = ring(tree["Welcome"])
        clock.pass_by(3)
        assert press(call_id, "1", now() - timedelta(seconds=1))
        assert not press(call_id, "*", now() - timedelta(seconds=2))
        assert trail(call_id) == ["selecting", "queued"]
        assert press(call_id, "*")
        assert Call.objects.get(pk=call_id).status == "voicemail"

    def test_nor_is_one_that_was_pressed_before_the_caller_came_back_to_the_queue(self, clock, tree):
        ana = give_agent(tree["Sales"])
        call_id = ring(tree["Sales"])
        clock.tick()
        call = accept_offer(Offer.objects.get(call=call_id))
        pressed_at = now()
        clock.jump(1)
        Agent.objects.filter(pk=ana.pk).update(status="break")
        give_back(call, cause="given_back")
        assert not press(call_id, "*", pressed_at)
        assert Call.objects.get(pk=call_id).status == "queued"

    def test_a_star_counts_in_a_queue_that_was_entered_without_a_key_whatever_the_providers_clock(self, clock, tree):
        call_id = ring(tree["Sales"])
        assert press(call_id, "*", now() - timedelta(seconds=5))

    def test_a_leaf_whose_hours_cannot_be_read_lets_its_callers_go(self, clock, tree, caplog):
        Menu.objects.filter(pk=tree["Sales"].pk).update(hours={"time_zone": "Nowhere/Land", "weekly": {}})
        call_id = ring(tree["Welcome"], "1")
        clock.pass_by(20)
        call = Call.objects.get(pk=call_id)
        assert (call.status, call.deflection) == ("deflected", "after_hours_message_only")
        assert details(call_id) == [("after_hours_message_only", "Welcome/Sales")]
        assert heard(call_id)[1:] == ["Nobody can take your call now. Please call again later."]
        assert not line_is_up(call_id)
        said = [record for record in caplog.records if "look at its hours" in record.getMessage()]
        assert len(said) == 1

    def test_a_menu_deleted_while_the_caller_stands_in_it_ends_the_call(self, clock, tree):
        call_id = ring(tree["Welcome"], "29")
        clock.pass_by(2)
        assert Call.objects.get(pk=call_id).menu == tree["Support"]
        Menu.objects.filter(pk=tree["Support"].pk).update(deleted=True)
        clock.pass_by(3)
        call = Call.objects.get(pk=call_id)
        assert (call.status, call.fail_reason) == ("failed", "menu_deleted")
        assert not line_is_up(call_id)

    def test_callers_at_a_leaf_are_recorded_and_called_from_the_number_as_the_menu_says(self, clock, tree):
        shown = OutboundNumber.objects.create(number="+13392195299")
        Menu.objects.filter(pk=tree["Sales"].pk).update(recording="record")
        tree["Sales"].number_choices.create(outbound_number=shown)
        call_id = ring(tree["Welcome"], "1")
        clock.pass_by(2)
        call = Call.objects.get(pk=call_id)
        assert (call.recorded, call.outbound_number) == (True, "+13392195299")

    def test_a_menu_that_asks_for_permission_records_no_caller_who_was_not_asked(self, clock, tree):
        Menu.objects.filter(pk=tree["Sales"].pk).update(recording="ask_permission")
        call_id = ring(tree["Welcome"], "1")
        clock.pass_by(2)
        assert Call.objects.get(pk=call_id).recorded is False


class TestWhoCalls:
    def test_the_crm_says_who_it_is(self, clock, tree):
        Contact.objects.create(out_contact_id="c-1", name="Ann").phones.create(number=NUMBER)
        call_id = ring(tree["Welcome"])
        clock.tick()
        assert Call.objects.get(pk=call_id).end_user.out_contact_id == "c-1"

    def test_the_crm_is_asked_again_about_who_was_nobody_the_last_time_alone(self, clock, tree, settings):
        settings.CCAI_CRM_ADAPTERS = {"builtin": "tests.fakes.CountingCrm"}
        fakes.CountingCrm.questions = 0
        asked = []
        for _call in range(2):
            ring(tree["Welcome"])
            clock.tick()
            asked.append(fakes.CountingCrm.questions)
        Contact.objects.create(out_contact_id="c-1", name="Ann").phones.create(number=NUMBER)
        for _call in range(2):
            call_id = ring(tree["Welcome"])
            clock.tick()
            asked.append(fakes.CountingCrm.questions)
        assert asked == [1, 2, 3, 3]
        assert Call.objects.get(pk=call_id).end_user.out_contact_id == "c-1"
        assert EndUser.objects.count() == 1

    def test_a_crm_that_does_not_answer_keeps_nobody_out(self, clock, tree, settings):
        settings.CCAI_CRM_ADAPTERS = {"builtin": "tests.fakes.DownCrm"}
        call_id = ring(tree["Welcome"])
        assert Call.objects.get(pk=call_id).status == "selecting"
        assert EndUser.objects.get().ask_crm_at is not None

    def test_a_second_call_is_of_the_same_person(self, clock, tree):
        first, second = ring(tree["Welcome"]), ring(tree["Welcome"])
        assert Call.objects.get(pk=first).end_user_id == Call.objects.get(pk=second).end_user_id

    def test_the_number_that_was_called_is_kept(self, api, tree):
        call = answer_phone(number=NUMBER, menu=tree["Welcome"], provider="sandbox", support_number="+18005550100")
        assert api.get(f"/calls/{call.pk}").json()["support_number"] == "+1 800-555-0100"

    def test_a_menu_of_another_language_has_its_callers_in_it(self, tree):
        tree["Sales"].languages.add(Language.objects.create(code="ko"))
        assert phone.choose_language(tree["Sales"]) == "ko"
        assert phone.choose_language(tree["Welcome"]) == "en"


class TestTalking:
    def test_the_callers_own_line_is_joined_and_not_dialled(self, api, clock, tree):
        agent = give_agent(tree["Sales"], auto_answer=True)
        call_id = ring(tree["Welcome"], "1")
        clock.pass_by(9)
        assert trail(call_id) == ["selecting", "queued", "assigned", "connecting", "connected", "finished"]
        assert SandboxCall.objects.filter(call_ref=call_id).count() == 1
        body = api.get(f"/calls/{call_id}").json()
        assert (body["call_duration"], body["disconnected_by"]) == (5, "disconnected_by_end_user")
        assert [(one["type"], one["status"], one["call_duration"]) for one in body["participants"]] == [
            ("end_user", "finished", 5), ("agent", "finished", 5),
        ]  # fmt: skip
        assert body["agent_info"]["id"] == agent.pk
        assert not Engagement.objects.filter(ended_at=None).exists()

    def test_what_is_said_is_recorded_where_the_menu_says_so(self, clock, tree):
        Menu.objects.filter(pk=tree["Sales"].pk).update(recording="record")
        give_agent(tree["Sales"], auto_answer=True)
        call_id = ring(tree["Welcome"], "1")
        clock.pass_by(10)
        assert Call.objects.get(pk=call_id).recording

    def test_the_call_stays_with_the_provider_that_has_the_line(self, clock, tree, settings):
        give_agent(tree["Sales"], auto_answer=True)
        call_id = ring(tree["Welcome"], "1")
        settings.CCAI_VOIP_PROVIDERS = ["sandbox_backup", "sandbox"]
        clock.pass_by(9)
        assert trail(call_id)[-1] == "finished"
        assert Call.objects.get(pk=call_id).voip_provider == "sandbox"

    def test_a_provider_taken_out_of_the_settings_fails_its_callers_and_frees_the_agent(self, clock, tree, settings):
        call_id = ring(tree["Sales"])
        clock.tick()
        settings.CCAI_VOIP_PROVIDERS = ["sandbox_backup"]
        settings.CCAI_VOIP_ADAPTERS = {"sandbox_backup": settings.CCAI_VOIP_ADAPTERS["sandbox_backup"]}
        give_agent(tree["Sales"], auto_answer=True)
        clock.pass_by(10)
        assert Call.objects.get(pk=call_id).status == "failed"
        assert not Engagement.objects.filter(ended_at=None).exists()


class TestHangingUp:
    def test_in_the_menus(self, api, clock, tree):
        call_id = ring(tree["Welcome"], "2", patience=4)
        clock.pass_by(5)
        call = Call.objects.get(pk=call_id)
        assert (call.status, call.fail_reason, call.disconnected_by) == ("failed", "eu_in_menu_abandoned", "end_user")
        assert call.selected_menu["name"] == "Support"
        assert call.participants.get().status == "finished"

    def test_while_waiting(self, clock, tree):
        agent = give_agent(tree["Sales"])
        call_id = ring(tree["Welcome"], "1", patience=4)
        clock.pass_by(3)
        assert Offer.objects.get().agent == agent
        clock.pass_by(2)
        call = Call.objects.get(pk=call_id)
        assert (call.status, call.fail_reason, call.disconnected_by) == ("failed", "eu_abandoned", "end_user")
        assert Offer.objects.get().status == "withdrawn"
        assert not Engagement.objects.filter(ended_at=None).exists()

    def test_reported_twice_is_told_once(self, clock, tree):
        call_id = ring(tree["Sales"])
        assert report(call_id, VoipEventKind.ENDED, ended_by="end_user")
        assert not report(call_id, VoipEventKind.ENDED, ended_by="end_user")
        assert trail(call_id) == ["selecting", "queued", "failed"]

    @pytest.mark.parametrize(("menu", "reason"), [("Welcome", "eu_in_menu_abandoned"), ("Sales", "eu_abandoned")])
    def test_a_line_that_breaks_off_is_one_that_hung_up(self, clock, tree, menu, reason):
        call_id = ring(tree[menu])
        clock.tick()
        assert report(call_id, VoipEventKind.FAILED, fail_reason="voip_conn_general")
        assert (Call.objects.get(pk=call_id).status, Call.objects.get(pk=call_id).fail_reason) == ("failed", reason)

    def test_a_caller_who_presses_nothing_is_hung_up_in_the_end(self, clock, tree):
        call_id = ring(tree["Welcome"])
        clock.tick()
        clock.jump(119)
        clock.tick()
        assert Call.objects.get(pk=call_id).status == "selecting"
        clock.pass_by(1)
        call = Call.objects.get(pk=call_id)
        assert (call.status, call.fail_reason, call.disconnected_by) == ("failed", "eu_in_menu_abandoned", "system")
        assert not line_is_up(call_id)

    def test_each_key_gives_a_caller_time_anew(self, clock, tree):
        call_id = ring(tree["Welcome"])
        clock.jump(100)
        press(call_id, "2")
        clock.jump(100)
        clock.tick()
        assert Call.objects.get(pk=call_id).status == "selecting"

    def test_a_caller_nobody_takes_is_hung_up_when_the_call_expires(self, clock, tree):
        call_id = ring(tree["Sales"])
        clock.tick()
        assert line_is_up(call_id)
        clock.jump(1_800)
        clock.tick()
        assert Call.objects.get(pk=call_id).fail_reason == "expired"
        assert not line_is_up(call_id)

    def test_a_menu_deleted_while_the_caller_waits_ends_the_call_and_frees_the_agent(self, clock, tree):
        give_agent(tree["Sales"])
        call_id = ring(tree["Sales"])
        clock.pass_by(1)
        assert Offer.objects.filter(status="open").exists()
        Menu.objects.filter(pk=tree["Sales"].pk).update(deleted=True)
        clock.pass_by(1)
        call = Call.objects.get(pk=call_id)
        assert (call.status, call.fail_reason) == ("failed", "menu_deleted")
        assert heard(call_id)[-1] == "Nobody can take your call here any more. Please call again."
        assert not line_is_up(call_id)
        assert not Engagement.objects.filter(ended_at=None).exists()


class TestWhatTheLineIsTold:
    @pytest.mark.parametrize(
        ("menu", "kind", "text"),
        [("Welcome", InstructionKind.GATHER, "This is Welcome."), ("Sales", InstructionKind.WAIT, "This is Sales.")],
    )
    def test_it_is_what_holds_where_the_call_stands(self, tree, menu, kind, text):
        call = answer_phone(number=NUMBER, menu=tree[menu], provider="sandbox")
        told = current_instruction(Call.objects.get(pk=call.pk))
        assert (told.kind, told.text) == (kind, text)

    def test_a_line_that_talks_to_an_agent_is_left_alone(self, clock, tree, settings):
        settings.CCAI_SANDBOX_TALK_SECONDS = 100
        give_agent(tree["Sales"], auto_answer=True)
        call_id = ring(tree["Sales"])
        clock.pass_by(2)
        call = Call.objects.get(pk=call_id)
        assert call.status == "connected"
        assert current_instruction(call) is None

    def test_it_changes_nothing(self, tree):
        call = answer_phone(number=NUMBER, menu=tree["Welcome"], provider="sandbox")
        before = Call.objects.filter(pk=call.pk).values().get()
        current_instruction(call)
        assert Call.objects.filter(pk=call.pk).values().get() == before


class TestRing:
    @staticmethod
    def run(*arguments, **options):
        out = StringIO()
        call_command("ring", *arguments, stdout=out, **options)
        return out.getvalue()

    @pytest.fixture
    def clock_goes_on(self, monkeypatch):
        """A worker ticks whenever the command waits."""
        give_sign(WORKER)
        monkeypatch.setattr("time.sleep", lambda _seconds: dispatch.tick())

    def test_it_tells_what_the_caller_hears_and_what_becomes_of_the_call(self, tree, settings, clock_goes_on):
        settings.CCAI_SANDBOX_KEY_SECONDS = 0.01
        settings.CCAI_SANDBOX_TALK_SECONDS = 60
        give_agent(tree["Phones"], auto_answer=True)
        printed = self.run("+1 202-555-0123", menu=tree["Welcome"].pk, press="2,1")
        assert printed.splitlines()[0] == f"Call {Call.objects.get().pk}"
        order = ['hears "This is Welcome."', "selecting", 'hears "This is Support."', 'hears "This is Phones."']
        assert all(line in printed for line in order)
        assert "  connected (both_connected)" in printed.splitlines()

    def test_it_says_why_a_call_failed(self, tree, clock_goes_on):
        printed = self.run("+12025550123", menu=tree["Welcome"].pk, hang_up_after=0.01)
        assert printed.splitlines()[-1] == "The call failed: eu_in_menu_abandoned."

    def test_it_does_not_follow_for_ever(self, tree, clock_goes_on):
        printed = self.run("+12025550123", menu=tree["Sales"].pk, follow=0.01)
        assert printed.splitlines()[-1] == "The call goes on; it is not followed any longer."

    def test_it_says_where_no_worker_runs(self, tree):
        printed = self.run("+12025550123", menu=tree["Sales"].pk, follow=0.01)
        assert "No worker seems to run" in printed

    def test_wrong_arguments_are_refused_in_a_sentence_and_make_no_call(self, tree, settings):
        mobile = Menu.objects.create(name="App", menu_type="mobile_menu")
        deleted = make_ivr("Old", deleted=True)
        for number, menu, keys, sentence in (
            ("12345", tree["Sales"].pk, "", "12345 is no phone number"),
            (NUMBER, 9_999, "", "There is no menu 9999"),
            (NUMBER, deleted.pk, "", f"There is no menu {deleted.pk}"),
            (NUMBER, mobile.pk, "", f"Menu {mobile.pk} is no IVR menu"),
            (NUMBER, tree["Sales"].pk, "1,x", "1,x cannot be pressed"),
        ):
            with pytest.raises(CommandError, match=sentence):
                self.run(number, menu=menu, press=keys)
        settings.CCAI_VOIP_PROVIDERS = ["elsewhere"]
        with pytest.raises(CommandError, match="names no sandbox"):
            self.run(NUMBER, menu=tree["Sales"].pk)
        assert not Call.objects.exists()
        assert not Participant.objects.exists()

"""What an agent does all day, in a real browser against a center that runs."""

import re
import time

from playwright.sync_api import expect

from tests.browser.agents import BOTH, CLOSED, MENUS, TALKER, TICKET, email
from tests.serve.running import wait_for


class TestLoggingIn:
    def test_a_wrong_password_is_said_and_the_right_one_opens_the_page(self, browsers, chromium, center):
        page = browsers.log_in("Kim").page

        expect(page.get_by_role("heading", name="You are offline")).to_be_visible()
        page.get_by_role("button", name="Kim Agent").click()
        page.get_by_role("button", name="Log out").click()
        expect(page).to_have_url(re.compile("/desk/login/"))
        page.get_by_label("E-mail address").fill(email("Kim"))
        page.get_by_label("Password").fill("nonsense")
        page.get_by_role("button", name="Log in").click()
        expect(page.get_by_role("alert")).to_contain_text("The e-mail address or the password is wrong")

    def test_a_page_without_a_login_leads_to_the_login(self, chromium, center):
        page = chromium.new_page()
        page.goto(f"{center.url}/desk/")

        expect(page).to_have_url(re.compile(r"/desk/login/\?next=/desk/"))
        page.close()


class TestACall:
    def test_from_the_offer_to_the_end(self, agents, caller):
        ana = agents("Ana")
        expect(ana.page.get_by_role("heading", name="Waiting for calls")).to_be_visible()

        call_id = caller.call(MENUS["Ana"], ticket_id=TICKET)
        ana.is_in("offer")
        expect(ana.main).to_contain_text("Min-jun Lee")
        expect(ana.main).to_contain_text("Queue of Ana")
        expect(ana.page.get_by_role("link", name=TICKET)).to_have_attribute("href", "https://tickets.example.com/1")
        expect(ana.button("Accept")).to_be_focused()
        ana.accept()
        assert caller.get(call_id)["status"] == "connected"

        ana.button("Hold").click()
        expect(ana.main).to_contain_text("On hold")
        ana.button("Resume").click()
        expect(ana.button("Hold")).to_be_visible()
        ana.page.get_by_role("button", name="Verified").click()
        expect(ana.page.get_by_role("button", name="Verified")).to_have_attribute("aria-pressed", "true")
        ana.page.get_by_label("Notes").fill("Wants a new saddle.")
        expect(ana.page.locator(".saved")).to_have_text("Saved")
        ana.hang_up()

        call = caller.get(call_id)
        assert call["status"] == "finished"
        assert call["verified"] is True
        assert call["disconnected_by"] == "disconnected_by_agent"
        expect(ana.page.get_by_role("heading", name="The last call")).to_be_visible()
        expect(ana.page.get_by_label("Notes")).to_have_value("Wants a new saddle.")

    def test_what_was_declined_is_gone(self, agents, caller):
        ana = agents("Ana")
        caller.call(MENUS["Ana"])
        ana.is_in("offer")

        ana.button("Decline").click()

        ana.is_in("idle")
        ana.be("Offline")

    def test_a_call_by_hand(self, agents, caller):
        dov = agents("Dov")
        dov.page.locator("#dial-number").fill("nonsense")
        dov.page.locator("#dial").get_by_role("button", name="Call").click()
        dov.says("This is not a phone number")

        dov.page.locator("#dial-number").fill(TALKER)
        dov.page.locator("#dial").get_by_role("button", name="Call").click()
        dov.is_connected()
        dov.hang_up()
        dov.expect_faults("status of 400")

        dov.page.get_by_role("tab", name="My calls").click()
        expect(dov.page.get_by_role("tabpanel")).to_contain_text(TALKER)

    def test_a_missed_call_is_called_back_with_one_click(self, agents, caller):
        eva = agents("Eva")
        missed = caller.post(
            call_type="Voice Outbound (API)", agent_email=email("Eva"), end_user_number="+1 212-555-5001"
        )["id"]
        caller.program.wait_until_over(missed)
        eva.is_in("idle")

        eva.page.get_by_role("tab", name="Missed").click()
        eva.page.get_by_role("button", name="Call back").click()
        eva.is_in("call")
        eva.is_in("idle")

        expect(eva.page.get_by_role("tabpanel")).to_contain_text("Call back failed")
        assert caller.get(missed)["status"] == "failed"


class TestHandingOn:
    def test_cold_to_another_agent(self, agents, caller):
        ana, dov = agents("Ana"), agents("Dov")
        call_id = caller.call(MENUS["Ana"])
        ana.accept()

        ana.button("Transfer").click()
        ana.page.get_by_label("Agent, team or queue").fill("dov")
        expect(ana.page.locator(".target")).to_have_count(2)  # the agent, and the agent's queue
        ana.page.get_by_role("button", name="Dov Agent").click()
        expect(ana.main).to_contain_text("Dov Agent is asked to take the call")
        dov.is_in("offer")
        expect(dov.main).to_contain_text("Ana Agent hands on a call")
        dov.accept()

        ana.is_in("idle")
        assert caller.get(call_id)["agent_info"]["first_name"] == "Dov"
        dov.hang_up()
        assert [one["status"] for one in caller.get(call_id)["transfers"]] == ["transferred"]

    def test_warm_to_another_agent(self, agents, caller):
        ana, dov = agents("Ana"), agents("Dov")
        call_id = caller.call(MENUS["Ana"])
        ana.accept()

        ana.button("Transfer").click()
        ana.page.get_by_text("You talk to them first").click()
        ana.page.get_by_role("button", name="Dov Agent").click()
        dov.is_in("offer")
        expect(dov.main).to_contain_text("Warm")
        dov.button("Accept").click()
        expect(ana.main).to_contain_text("Dov Agent is on the line", timeout=15_000)
        expect(dov.main).to_contain_text("Ana Agent wants to hand this call on to you")
        ana.button("Complete").click()

        ana.is_in("idle")
        expect(dov.button("Hang up")).to_be_visible()
        assert caller.get(call_id)["agent_info"]["first_name"] == "Dov"
        dov.hang_up()

    def test_to_a_queue(self, agents, caller):
        ana, dov = agents("Ana"), agents("Dov")
        call_id = caller.call(MENUS["Ana"])
        ana.accept()

        ana.button("Transfer").click()
        ana.page.get_by_role("button", name="Queue of Dov").click()
        ana.says("Handed on")
        ana.is_in("idle")
        dov.accept()
        dov.hang_up()

        assert caller.get(call_id)["status"] == "finished"


class TestADialPrompt:
    def test_the_numbers_are_chosen_and_it_becomes_the_call(self, agents, caller):
        ida = agents("Ida")
        caller.post(call_type="Voice Outbound (API)", agent_email=email("Ida"), ticket_id=TICKET)
        ida.is_in("prompt")

        ida.page.get_by_label("+1 202-555-0185").check()
        ida.page.get_by_label("+1 202-555-5007").check()
        ida.page.locator("#prompt-from").select_option("+12025550142")
        ida.main.get_by_role("button", name="Call", exact=True).click()
        ida.is_connected()

        expect(ida.main).to_contain_text("+1 202-555-0142")
        expect(ida.main).to_contain_text("Min-jun Lee")
        ida.hang_up()

    def test_it_is_dropped_and_the_agent_is_free(self, agents, caller):
        ida = agents("Ida")
        caller.post(call_type="Voice Outbound (API)", agent_email=email("Ida"), ticket_id=TICKET)
        ida.is_in("prompt")

        ida.button("Do not call").click()

        ida.is_in("idle")


class TestVoicemail:
    def test_a_message_is_played_and_is_read_then_and_is_called_back(self, center, agents, caller):
        hal = agents("Hal")
        center.manage("ring", TALKER, "--menu", str(CLOSED), "--follow", "0")
        message = hal.page.locator(".rows li.unheard")
        expect(message).to_be_visible(timeout=20_000)
        expect(hal.page.locator("#unheard")).to_have_text("1")

        seconds = hal.page.locator("audio").evaluate(
            """async player => {
                await player.play();
                await new Promise(done => player.addEventListener("timeupdate", done, {once: true}));
                player.currentTime = player.duration / 2;
                await new Promise(done => player.addEventListener("seeked", done, {once: true}));
                return [player.duration, player.currentTime];
            }"""
        )

        assert 0 < seconds[1] < seconds[0]
        expect(hal.page.locator("#unheard")).to_be_hidden()
        call_id = int(hal.page.locator(".rows li").get_attribute("id").removeprefix("voicemail-"))
        wait_for(lambda: caller.get(call_id)["status"] == "voicemail_read", "the message to be read")
        hal.page.get_by_role("button", name="Call back").click()
        hal.is_connected()
        hal.hang_up()
        expect(hal.page.get_by_role("tabpanel")).to_contain_text("Called back")


class TestTwoAgents:
    def test_one_gets_the_call_and_the_other_is_told_kindly(self, agents, caller):
        ben, cleo = agents("Ben"), agents("Cleo")
        call_id = caller.call(BOTH)
        ben.is_in("offer")
        cleo.is_in("offer")

        # Both click at the same moment, before either has heard what the other did.
        moment = time.time() * 1_000 + 1_500
        for page in (ben, cleo):
            page.page.evaluate(
                "moment => { setTimeout(() => document.getElementById('accept').click(), moment - Date.now()) }", moment
            )
        wait_for(lambda: caller.get(call_id)["status"] == "connected", "the call to be connected")

        winner, loser = (ben, cleo) if caller.get(call_id)["agent_info"]["first_name"] == "Ben" else (cleo, ben)
        winner.is_connected()
        loser.is_in("idle")
        loser.says("This call is gone")
        loser.expect_faults("status of 409")
        winner.hang_up()

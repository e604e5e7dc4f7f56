"""How the page behaves: two tabs, a connection that is lost, keys alone, narrow windows, contrast and names."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.agents import MENUS, TALKER, email
from tests.browser.seeing import find_faint_text, find_nameless
from tests.serve.running import wait_for


class TestTwoTabs:
    def test_they_agree(self, agents, browsers, caller):
        first = agents("Fay")
        second = browsers.second_tab(first)
        caller.call(MENUS["Fay"])
        first.is_in("offer")
        second.is_in("offer")

        second.button("Accept").click()
        first.is_connected()
        first.page.get_by_label("Notes").fill("Written in the first tab.")
        expect(second.page.get_by_label("Notes")).to_have_value("Written in the first tab.")
        first.button("Hold").click()
        expect(second.button("Resume")).to_be_visible()
        second.button("Hang up").click()
        first.is_in("idle")

    def test_neither_loses_what_was_written_in_the_other(self, agents, browsers, caller):
        first = agents("Fay")
        caller.call(MENUS["Fay"])
        first.accept()
        second = browsers.second_tab(first)
        one, other = first.page.get_by_label("Notes"), second.page.get_by_label("Notes")

        # What nobody types here follows, though it has the focus; and leaving it sends nothing back.
        other.focus()
        one.fill("One text.")
        expect(other).to_have_value("One text.")
        other.blur()
        expect(one).to_have_value("One text.")

        # Both type at the same moment: what comes later is held back, and both texts are there.
        one.fill("One text, longer.")
        other.fill("Another text.")
        clashes = [page.page.get_by_role("group", name="Changed in another tab") for page in (first, second)]
        wait_for(lambda: any(clash.is_visible() for clash in clashes), "the clash to be told")
        late = 0 if clashes[0].is_visible() else 1
        kept, held = ("One text, longer.", "Another text.") if late else ("Another text.", "One text, longer.")
        expect(clashes[late]).to_contain_text(kept)
        expect((one, other)[late]).to_have_value(held)
        clashes[late].get_by_role("button", name="Keep both").click()
        expect((one, other)[1 - late]).to_have_value(f"{kept}\n\n{held}")
        expect(clashes[late]).to_be_hidden()
        (first, second)[late].expect_faults("status of 409")
        second.hang_up()

    def test_what_is_being_typed_is_left_alone(self, agents, browsers, caller):
        first = agents("Fay")
        second = browsers.second_tab(first)
        field = first.page.locator("#dial-number")
        field.focus()
        field.press_sequentially("+1 2")

        caller.call(MENUS["Fay"])
        first.is_in("offer")
        second.is_in("offer")

        expect(field).to_be_focused()
        expect(field).to_have_value("+1 2")
        expect(second.button("Accept")).to_be_focused()
        second.accept()
        second.hang_up()

    def test_logging_out_in_one_ends_the_other(self, agents, browsers):
        first = agents("Fay")
        second = browsers.second_tab(first)

        first.page.get_by_role("button", name="Fay Agent").click()
        first.page.get_by_role("button", name="Log out").click()

        expect(second.page).to_have_url(re.compile("/desk/login/"))
        # Either may have asked for something in that moment.
        for page in (first, second):
            page.expect_faults("status of 401")


class TestALostConnection:
    def test_it_says_so_and_catches_up_by_itself(self, center, agents):
        gus = agents("Gus")
        lost = gus.page.get_by_role("alert").filter(has_text="The connection is lost")
        expect(lost).to_be_hidden()

        center.child("web").kill()

        expect(lost).to_be_visible(timeout=10_000)
        center.manage(
            "shell",
            "-c",
            "from agents import availability; from agents.models import Agent;"
            f"availability.set_status(Agent.objects.get(user__email='{email('Gus')}'), 'break')",
        )
        expect(lost).to_be_hidden(timeout=30_000)
        expect(gus.status).to_contain_text("Break")
        gus.says("Connected again")
        gus.expect_faults("ERR_|event-stream|status of 50")


class TestKeysAlone:
    def test_a_whole_call(self, browsers, caller):
        jon = browsers.log_in("Jon")
        jon.press("r")
        expect(jon.status).to_contain_text("Available")
        call_id = caller.call(MENUS["Jon"])
        jon.is_in("offer")

        jon.press("a")
        jon.is_connected()
        jon.press("h")
        expect(jon.button("Resume")).to_be_visible()
        jon.press("h")
        expect(jon.button("Hold")).to_be_visible()
        jon.press("n")
        jon.page.keyboard.type("ahd e")  # keys are letters in a field
        jon.press("Escape")
        expect(jon.page.get_by_label("Notes")).to_have_value("ahd e")
        jon.press("t")
        expect(jon.page.get_by_role("dialog", name="Hand the call on")).to_be_visible()
        jon.press("Escape")
        jon.press("Shift+E")
        jon.is_in("idle")
        assert caller.get(call_id)["status"] == "finished"

        jon.press("s")
        jon.press("ArrowDown")
        jon.press("ArrowDown")
        jon.press("Enter")
        expect(jon.status).to_contain_text("Break")
        jon.press("2")
        expect(jon.page.get_by_role("tab", name="Missed")).to_have_attribute("aria-selected", "true")

    def test_they_are_listed_and_can_be_turned_off(self, browsers):
        jon = browsers.log_in("Jon")
        jon.press("?")
        keys = jon.page.get_by_role("dialog", name="Keys")
        expect(keys).to_contain_text("Accept what is offered")
        keys.get_by_label("Keys are on").uncheck()
        jon.press("Escape")

        jon.press("?")

        expect(keys).to_be_hidden()


class TestAnOffer:
    def test_the_title_blinks_and_the_mute_is_remembered(self, agents, caller):
        kim = agents("Kim")
        plain = kim.page.title()
        kim.page.get_by_role("button", name="Sound is on. Mute it").click()
        caller.call(MENUS["Kim"])
        kim.is_in("offer")

        kim.page.wait_for_function("title => document.title !== title", arg=plain)
        kim.page.wait_for_function("title => document.title === title", arg=plain)
        kim.page.reload()
        expect(kim.page.get_by_role("button", name="Sound is muted. Turn it on")).to_be_visible()
        kim.accept()
        assert kim.page.title() == plain
        kim.hang_up()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_everything_can_be_read_and_has_a_name(agents, caller, dark, tmp_path):
    """WCAG 2.2 AA: contrast (1.4.3, 1.4.11 for icons) and names (4.1.2), in every phase of the page."""
    eva = agents("Eva", dark=dark)

    def look(at):
        eva.page.mouse.move(0, 0)
        eva.shot(tmp_path / f"{at}.png")
        assert find_faint_text(eva.page) == [], at
        assert find_nameless(eva.page) == [], at

    look("idle")
    eva.page.get_by_role("tab", name="My calls").click()
    expect(eva.page.get_by_role("tabpanel")).to_contain_text("")
    eva.press("?")
    look("keys")
    eva.press("Escape")
    caller.call(MENUS["Eva"])
    eva.is_in("offer")
    look("offer")
    eva.accept()
    eva.page.get_by_role("button", name="Bad actor").click()
    look("call")
    eva.button("Transfer").click()
    expect(eva.page.locator(".target").first).to_be_visible()
    look("transfer")
    eva.press("Escape")
    eva.button("Hold").click()
    expect(eva.button("Resume")).to_be_visible()
    look("hold")
    eva.hang_up()
    for status in ("Break", "Wrap-up", "Unavailable", "Offline"):
        eva.be(status)
        look(status)


@pytest.mark.parametrize(("width", "height"), [(1280, 720), (360, 740)])
def test_nothing_is_wider_than_the_window(agents, caller, width, height):
    gus = agents("Gus", width=width, height=height)

    def overflow():
        return gus.page.evaluate("document.documentElement.scrollWidth - innerWidth")

    assert overflow() <= 0
    caller.call(MENUS["Gus"])
    gus.is_in("offer")
    assert overflow() <= 0
    gus.accept()
    assert overflow() <= 0
    # What is needed in a conversation is in view without scrolling.
    expect(gus.button("Hang up")).to_be_in_viewport()
    if width == 1280:
        expect(gus.page.get_by_label("Notes")).to_be_in_viewport(ratio=1)
        assert gus.page.evaluate("document.documentElement.scrollHeight <= innerHeight")
    gus.hang_up()


def test_numbers_and_names_are_shown_as_people_write_them(agents, caller):
    eva = agents("Eva")
    caller.call(MENUS["Eva"])
    eva.is_in("offer")

    expect(eva.main).to_contain_text(TALKER)
    eva.accept()
    eva.hang_up()

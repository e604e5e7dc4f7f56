"""The wallboard in a browser: it changes by itself, and says so when it cannot."""

import re

from playwright.sync_api import expect

from tests.browser.agents import MENUS


def test_the_wallboard_changes_by_itself_and_says_when_it_is_cut_off(back_office, caller):
    page = back_office.context.new_page()  # a browser says on the console that it is cut off
    page.goto("/wallboard/")
    waiting = page.locator("[data-figure=waiting] dd")
    before = int(re.match(r"\d+", waiting.inner_text())[0])
    call_id = caller.call(MENUS["Jon"])
    expect(waiting).to_have_text(re.compile(rf"^{before + 1}\b"))

    page.route("**/wallboard/parts/**", lambda route: route.abort())
    expect(page.get_by_role("alert")).to_have_text(re.compile(r"No news since \d\d:\d\d:\d\d"))
    page.unroute("**/wallboard/parts/**")
    expect(page.locator(".cut-off")).to_be_hidden()
    assert caller.get(call_id)["status"] == "queued"

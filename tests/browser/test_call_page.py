"""The page of a call in a browser: it follows the call by itself, can be read by keys, and ends it with a reason."""

import re
from datetime import UTC, datetime, timedelta

from playwright.sync_api import expect

from tests.browser.agents import MENUS


def test_a_live_call_is_watched_read_by_keys_and_ended_with_a_reason(back_office, agents, caller):
    page, agent = back_office, agents("Lou")
    call_id = caller.call(MENUS["Lou"])
    page.goto(f"/admin/calls/call/{call_id}/change/")
    told = page.get_by_role("region", name="What happened")
    expect(told).to_contain_text("A program asked for the call.")
    agent.accept()
    # The page is not loaded anew.
    expect(page.locator("#call-what")).to_contain_text("Connected", timeout=15_000)
    expect(told).to_contain_text("The agent accepted the offer.")

    lane = page.get_by_role("group", name="Lou Agent")
    lane.get_by_role("img").last.focus()
    expect(page.locator("#call-read-out")).to_contain_text(re.compile("Lou Agent: (Talks|Rings)"))
    page.keyboard.press("Shift+Tab")
    expect(page.locator("#call-read-out")).not_to_contain_text("Talks")

    page.get_by_text("End call", exact=True).press("Enter")
    expect(page.get_by_label("Why is the call ended?")).to_be_focused()
    page.keyboard.type("The line is dead")
    page.get_by_role("button", name="End the call now").press("Enter")
    expect(page.get_by_text("The call is ended.")).to_be_visible()
    expect(told).to_contain_text("The call was ended by hand. (Ended by force: The line is dead)")
    expect(page.get_by_text("End call", exact=True)).to_have_count(0)
    agent.is_in("idle")
    assert caller.get(call_id)["fail_reason"] == "force_ended"


def test_scheduled_calls_are_ticked_and_moved_together(back_office, caller):
    page = back_office
    due = (datetime.now(UTC) + timedelta(days=3)).replace(hour=10, minute=0, second=0, microsecond=0)
    for minutes in (0, 5):
        caller.post(
            call_type="Voice Scheduled (API)", menu_id=MENUS["Lou"], end_user_number="+1 202-555-0188",
            scheduled_at=(due + timedelta(minutes=minutes)).isoformat(),
        )  # fmt: skip
    page.goto("/admin/calls/scheduled/")
    page.get_by_role("navigation", name="Days").get_by_role(
        "link", name=re.compile(f" {due.day} {due:%b} 2 calls")
    ).click()
    cell = page.get_by_role("row", name=re.compile("Queue of Lou")).get_by_role("link", name="2", exact=True)
    cell.click()
    expect(page.get_by_role("heading", name=re.compile("The hour from .* 10:00"))).to_be_visible()
    page.get_by_label("Tick all on this page").check()
    page.get_by_label("Minutes later").fill("90")
    page.get_by_role("button", name="Move by minutes").click()
    expect(page.get_by_text("2 calls have another time.")).to_be_visible()
    page.get_by_role("link", name="the whole day").click()
    expect(page.get_by_role("region", name=re.compile("2 calls"))).to_contain_text(f"{due:%Y-%m-%d} 11:35")
    page.get_by_label("all 2 of them").check()
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Cancel them").click()
    expect(page.get_by_text("2 calls are cancelled.")).to_be_visible()

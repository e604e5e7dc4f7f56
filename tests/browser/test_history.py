"""The call history in a browser: searched, walked through by keys, kept as a view, exported."""

import csv
from datetime import UTC, datetime, timedelta

import openpyxl
from playwright.sync_api import expect

from tests.browser.agents import MENUS

ENDING = "7391"
NUMBERS = (f"+1 202-555-{ENDING}", f"+1 415-555-{ENDING}")


def test_calls_are_found_opened_kept_as_a_view_and_exported(back_office, caller, tmp_path):
    page = back_office
    due = (datetime.now(UTC) + timedelta(days=5)).replace(minute=0, second=0, microsecond=0)
    for number in NUMBERS:
        caller.post(
            call_type="Voice Scheduled (API)",
            menu_id=MENUS["Jon"],
            end_user_number=number,
            scheduled_at=due.isoformat(),
        )
    page.goto("/admin/calls/call/")
    page.keyboard.press("/")
    page.keyboard.type(f"…{ENDING}")
    page.keyboard.press("Enter")
    expect(page.locator(".said")).to_have_text(f"2 calls with a number that ends in {ENDING}")
    calls = page.get_by_role("region", name="Calls").get_by_role("row")
    expect(calls).to_have_count(3)

    # Menus are found by part of their name; what is not asked for is not in the address.
    page.locator("#filters summary").click()
    page.get_by_label("Scheduled", exact=True).check()
    page.locator(".one", has_text="Menu, with all below it").locator(".select2-search__field").fill("of jon")
    page.get_by_role("option", name="Queue of Jon").click()
    page.get_by_role("button", name="Show these calls").click()
    expect(page.get_by_role("list", name="Filters that are on")).to_contain_text("Queue of Jon")
    expect(calls).to_have_count(3)
    assert "span=" not in page.url
    assert "columns=" not in page.url
    found = page.url

    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(calls.nth(2).get_by_role("link")).to_be_focused()
    page.keyboard.press("k")
    page.keyboard.press("Enter")
    page.wait_for_url("**/change/")
    page.go_back(wait_until="load")
    expect(calls).to_have_count(3)

    page.locator("#save-view summary").click()
    name = page.locator("#save-view input[name=name]")
    name.fill("Jon's")
    name.press("Enter")
    kept = page.get_by_role("navigation", name="Saved views").get_by_role("link", name="Jon's")
    expect(kept).to_have_attribute("aria-current", "page")
    page.goto("/admin/calls/call/")
    kept.click()
    expect(calls).to_have_count(3)
    assert page.url == found

    for kind, button in (("csv", "CSV"), ("xlsx", "Excel (XLSX)")):
        page.locator("#export summary").click()
        page.get_by_label("With all columns, not only those shown").check()
        with page.expect_download() as download:
            page.get_by_role("button", name=button).click()
        path = tmp_path / f"calls.{kind}"
        download.value.save_as(path)
        expect(page.get_by_text("The export is complete. Calls in it: 2")).to_be_visible()
        assert numbers_in(path) == {"+12025557391", "+14155557391"}


def numbers_in(path):
    """The numbers of end users in an export."""
    if path.suffix == ".csv":
        with path.open(encoding="utf-8-sig", newline="") as file:
            return {row["Number"].removeprefix("'") for row in csv.DictReader(file)}
    header, *rows = openpyxl.load_workbook(path).active.iter_rows(values_only=True)
    return {row[header.index("Number")] for row in rows}

"""Reports in a browser: a chart is drawn, its table says the same, and a figure says what it means."""

import csv
import re

from playwright.sync_api import expect

from tests.browser.agents import MENUS

DRAWN = "id => Boolean(Chart.getChart(document.querySelector(`[data-chart=${id}]`))?.data.datasets[0].data.length)"
WIDER = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


def test_a_report_is_asked_for_read_and_taken_away(back_office, caller):
    page = back_office
    caller.call(MENUS["Jon"])
    page.goto("/reports/")
    page.get_by_label("Span").select_option("today")
    page.get_by_label("By", exact=True).select_option("hour")
    page.get_by_role("button", name="Show").click()
    expect(page).to_have_url(re.compile("span=today.*step=hour"))

    # The chart is drawn, and its table adds up to its tile.
    assert page.evaluate(DRAWN, "data-calls")
    chart = page.get_by_role("region", name="Calls", exact=True).first
    chart.get_by_text("Table").click()
    cells = chart.get_by_role("table").get_by_role("row").all_inner_texts()[1:]
    in_table = sum(int(line.split("\t")[1].replace(",", "")) for line in cells)
    tile = page.locator(".reports-tile", has_text="Calls").first
    assert in_table == int(tile.locator(".reports-value").inner_text().replace(",", "")) > 0

    with page.expect_download() as download:
        chart.get_by_role("link", name="CSV").click()
    with open(download.value.path(), encoding="utf-8-sig") as file:
        assert sum(int(row["Calls"]) for row in csv.DictReader(file)) == in_table

    level = page.locator(".reports-tile", has_text="Service level")
    level.locator("summary").click()
    expect(level).to_contain_text("Offered calls answered within 20 seconds")
    page.set_viewport_size({"width": 390, "height": 844})
    # Charts follow the window a moment later.
    page.wait_for_function(f"() => ({WIDER})() <= 0")

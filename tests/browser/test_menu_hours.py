"""The page of a menu in a browser: hours are written and seen as days, groups are put in order by hand."""

from datetime import UTC, datetime, timedelta

from playwright.sync_api import expect


def test_a_menu_gets_its_hours_and_its_groups(back_office):
    page = back_office
    page.goto("/admin/menus/menu/add/")
    page.locator("[name=name]").fill("Workshop")
    page.locator("[name=menu_type]").select_option("ivr_menu")
    page.get_by_role("button", name="Save and continue editing").click()
    days = page.get_by_role("table", name="The next 14 days")
    expect(days).to_contain_text("all day")
    expect(page.get_by_label("How the menu stands now")).to_contain_text("Always open.")

    write_a_week(page, days)
    write_an_exception(page, days)
    add_groups(page)
    save(page)
    expect(page.get_by_label("How the menu stands now")).not_to_contain_text("Always open.")
    page.get_by_role("link", name="General", exact=True).click()
    expect(page.get_by_role("group", name="Tuesday").get_by_role("textbox")).to_have_value("09:00–12:00")
    expect(exceptions_on(page).get_by_label("Hours")).to_have_value("07:00–08:00")
    expect(days).to_contain_text("Exception: Inventory")
    drag_a_group(page)

    page.get_by_role("link", name="Delete", exact=True).click()
    page.get_by_role("button", name="Delete", exact=True).click()
    expect(page.get_by_label("How the menu stands now")).to_contain_text("Deleted: no calls come here.")


def save(page):
    page.get_by_role("button", name="Save and continue editing").click()
    expect(page.get_by_text("was changed successfully")).to_be_visible()


def write_a_week(page, days):
    """A period, in the words that people use, and the same on the days after; then a night."""
    page.get_by_label("Always open").uncheck()
    page.get_by_label("Time zone").fill("UTC")
    expect(days.get_by_text("closed", exact=True)).to_have_count(14)
    page.get_by_role("button", name="Add a period on Monday").click()
    page.keyboard.type("9-12")
    page.keyboard.press("Tab")
    monday = page.get_by_role("group", name="Monday").get_by_role("textbox")
    expect(monday).to_have_value("09:00–12:00")
    expect(days.get_by_text("09:00–12:00")).to_have_count(2)
    page.get_by_role("button", name="Copy Monday to Tuesday").click()
    expect(page.get_by_role("button", name="Copy Tuesday to Wednesday")).to_be_focused()
    page.keyboard.press("Enter")
    expect(days.get_by_text("09:00–12:00")).to_have_count(6)

    # What is no period is said beneath the grid, and mended.
    page.get_by_role("button", name="Add a period on Saturday").click()
    page.keyboard.type("22-2")
    page.keyboard.press("Tab")
    preview = page.locator("[data-hours-preview]")
    expect(preview).to_contain_text('Saturday: "22-2" is not a period')
    saturday = page.get_by_role("group", name="Saturday")
    saturday.get_by_role("textbox").fill("22:00-2:00")
    saturday.get_by_role("textbox").blur()
    expect(saturday).to_contain_text("until Sunday")
    expect(days).to_contain_text("22:00–02:00 on Sun")


def exceptions_on(page):
    return page.get_by_role("group", name="Exceptions")


def write_an_exception(page, days):
    """Tomorrow has hours of its own."""
    exceptions = exceptions_on(page)
    exceptions.get_by_role("button", name="Add an exception").click()
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).date()
    exceptions.get_by_label("Day", exact=True).fill(str(tomorrow))
    exceptions.get_by_label("Name").fill("Inventory")
    exceptions.get_by_label("Hours").fill("7-8")
    row = days.get_by_role("row").filter(has_text="Tomorrow")
    expect(row).to_contain_text("07:00–08:00")
    expect(row).to_contain_text("Exception: Inventory")


def names_of_groups(page):
    return page.get_by_label("Group", exact=True)


def add_groups(page):
    """Two new ones, the second of which comes first."""
    page.get_by_role("link", name="Groups", exact=True).click()
    for name in ("First line", "Second line"):
        page.get_by_role("button", name="Add a group").click()
        page.keyboard.type(name)
    page.locator("#groups-group .select2-search__field").last.click()
    page.keyboard.type("Kim")
    page.get_by_role("option", name="Kim Agent").click()
    page.get_by_role("button", name="Move up").last.click()
    expect(names_of_groups(page).first).to_have_value("Second line")


def drag_a_group(page):
    """The other one comes first."""
    page.get_by_role("link", name="Groups", exact=True).click()
    expect(names_of_groups(page).first).to_have_value("Second line")
    expect(page.locator("#groups-group")).to_contain_text("Kim Agent")
    handles = page.locator("#groups-group [data-handle]")
    handles.nth(1).drag_to(handles.nth(0), target_position={"x": 5, "y": 1})
    expect(names_of_groups(page).first).to_have_value("First line")
    save(page)
    expect(names_of_groups(page).first).to_have_value("First line")

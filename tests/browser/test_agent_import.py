"""Agents come into the back office by a table, faults and all; the list shows what they do without being asked."""

from playwright.sync_api import expect

FAULTY = """email;first_name;team;languages;active
vera@example.com;Vera;Imported/Night;en;yes
walt;Walt;Imported;xx-XX-xx;yes
VERA@example.com;Vera;;;perhaps
"""
MENDED = """email;first_name;team;languages;active
vera@example.com;Vera;Imported/Night;en;yes
walt@example.com;Walt;Imported;;yes
"""


def upload(page, text):
    """Choose the file and send it."""
    page.set_input_files("input[type=file]", {"name": "agents.csv", "mimeType": "text/csv", "buffer": text.encode()})
    page.get_by_role("button", name="Upload", exact=True).click()


def test_a_table_with_faults_is_mended_and_applied_and_its_agents_are_steered(back_office):
    page = back_office
    page.goto("/admin/agents/agent/")
    page.get_by_role("link", name="Import").click()
    upload(page, FAULTY)
    expect(page.get_by_role("heading", name="agents.csv cannot be applied, because of 3 faults")).to_be_visible()
    expect(page.get_by_role("row", name='3 email "walt" is not an email address')).to_be_visible()
    expect(page.get_by_role("row", name="3 languages")).to_be_visible()
    expect(page.get_by_role("row", name='4 email "VERA@example.com" stands in row 2 already')).to_be_visible()
    expect(page.get_by_role("button", name="Apply")).to_have_count(0)

    upload(page, MENDED)
    expect(page.get_by_text("Teams that will be made: Imported, Imported/Night")).to_be_visible()
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_text("2 agents are added, 0 are changed, 0 were so already.")).to_be_visible()

    page.goto("/admin/agents/agent/?q=Vera")
    row = page.get_by_role("row", name="vera@example.com")
    expect(row).to_contain_text("Offline")
    other = page.context.new_page()
    other.goto("/admin/agents/agent/?q=Vera")
    other.locator("input.action-select").check()
    other.locator("select[name=action]").select_option("set_status")
    other.get_by_role("button", name="Run").click()
    other.get_by_label("Status").select_option("break")
    other.get_by_role("button", name="Set the status").click()
    expect(other.get_by_text("1 agent is changed.")).to_be_visible()
    other.close()
    # Nobody has loaded this page again.
    expect(row).to_contain_text("Break", timeout=8_000)
    page.goto("/admin/agents/agent/?q=Vera")
    page.get_by_role("link", name="Vera").first.click()
    page.locator("a[href$='/day/']").click()
    bar = page.locator("[data-bar]").last
    bar.focus()
    expect(page.locator("[data-said]")).to_contain_text("Status: Break")

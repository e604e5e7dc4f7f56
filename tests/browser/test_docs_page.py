"""The API's own page, /apps/api/v1/docs: its verbs can be tried there with a token, and no other host is asked."""

from urllib.parse import urlsplit

from playwright.sync_api import expect

from tests.browser.agents import TOKEN


def test_a_verb_is_tried_with_a_token(chromium, center):
    context = chromium.new_context(base_url=center.url, viewport={"width": 390, "height": 844}, color_scheme="dark")
    page = context.new_page()
    hosts, errors = set(), []
    page.on("request", lambda request: hosts.add(urlsplit(request.url).netloc))
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))

    page.goto("/apps/api/v1/docs")
    verb = page.locator("#operations-Calls-list_calls")
    expect(verb).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390

    page.get_by_role("button", name="Authorize").click()
    dialog = page.locator(".modal-ux")
    dialog.locator("input[type=text]").fill("demo")
    dialog.locator("input[type=password]").fill(TOKEN)
    dialog.locator("button.authorize").click()
    dialog.locator("button.btn-done").click()

    verb.locator(".opblock-summary-control").click()
    verb.locator("button.execute").click()
    expect(verb.locator(".live-responses-table .response-col_status").last).to_contain_text("200")
    assert not errors, errors
    assert hosts <= {urlsplit(center.url).netloc, ""}
    context.close()

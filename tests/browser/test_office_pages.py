"""Every page of the back office can be used by everybody: what axe-core finds, and what would run off a phone."""

from pathlib import Path

import pytest

from tests.browser.office import find_pages, log_in, serve_office

AXE = Path(__file__).parent / "axe" / "node_modules" / "axe-core" / "axe.min.js"
# The most narrow and the usual screen.
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1440, "height": 900}
FAULTS = """
async options => {
    const found = await axe.run(document, options);
    return found.violations
        .filter(one => ["serious", "critical"].includes(one.impact))
        .map(one => `${one.id}: ${one.nodes.slice(0, 3).map(node => node.html.slice(0, 160)).join(" | ")}`);
}
"""
WIDER = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture(scope="module")
def office(tmp_path_factory, chromium):
    """The back office of the demo center in a browser, and its address."""
    serve = serve_office(tmp_path_factory.mktemp("office"))
    try:
        # The policy of the pages lets no script in but their own; axe comes in by the back door.
        context = chromium.new_context(viewport=DESK, bypass_csp=True)
        yield log_in(context, serve.url), serve.url
        context.close()
    finally:
        serve.kill_all()


def how_much_wider(page):
    """By how many pixels the page is wider than the window; what follows the window has a moment to do so."""
    for _moment in range(20):
        if (wider := page.evaluate(WIDER)) <= 0:
            return 0
        page.wait_for_timeout(100)
    return wider


def test_no_page_keeps_anybody_from_using_it(office):
    page, url = office
    faults, errors = [], []
    page.on("pageerror", lambda error: errors.append(str(error)))
    pages = find_pages(page, url)
    assert len(pages) > 30
    for one in pages:
        response = page.goto(url + one.path, wait_until="load")
        if response.status != 200:
            faults.append(f"{one.path}: {response.status}")
            continue
        page.add_script_tag(path=AXE)
        faults += [f"{one.path}: {fault}" for fault in page.evaluate(FAULTS, {})]
        page.evaluate("document.documentElement.classList.toggle('dark')")
        contrast = {"runOnly": {"type": "rule", "values": ["color-contrast"]}}
        faults += [f"{one.path}, dark: {fault}" for fault in page.evaluate(FAULTS, contrast)]
        page.set_viewport_size(PHONE)
        if wider := how_much_wider(page):
            faults.append(f"{one.path}: {wider} px wider than a phone")
        page.set_viewport_size(DESK)
        faults += [f"{one.path}: {error}" for error in errors]
        errors.clear()
    assert not faults, "\n".join(faults)

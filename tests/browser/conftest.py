"""A center that runs, and agents who use it in a real Chromium."""

import os
import shutil

import pytest
from playwright.sync_api import sync_playwright

from tests.browser import office
from tests.browser.agents import AGENTS, Browsers, Caller, write_center
from tests.serve.running import Serve, databases

CHROMIUMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@pytest.fixture(scope="package")
def center(tmp_path_factory):
    """A center that is served, with agents who are all offline."""
    directory = tmp_path_factory.mktemp("center")
    center_file = write_center(directory / "center.yaml")
    with databases() as make:
        serve = Serve(
            directory / "data",
            "--center",
            str(center_file),
            database_url=make(),
            CCAI_RATE_LIMIT="1000",
            CCAI_ADMIN_EMAIL=office.EMAIL,
            CCAI_ADMIN_PASSWORD=office.PASSWORD,
        )
        try:
            yield serve.wait_until_ready()
        finally:
            serve.kill_all()


@pytest.fixture(scope="package")
def caller(center):
    """Somebody who asks for calls by the API."""
    return Caller(center.url)


@pytest.fixture(scope="package")
def chromium():
    """A Chromium of this machine. Without one the tests fail, and say how to get one."""
    program = next((path for name in CHROMIUMS if (path := shutil.which(name))), None)
    if program is None:
        pytest.fail("There is no Chromium here. Install it (apt install chromium), or run `make test-browser` as root.")
    # A sandbox of Chromium's own does not work for root.
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=arguments)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def logins():
    """The cookies of agents who have logged in before."""
    return {}


@pytest.fixture
def browsers(chromium, center, logins):
    """Opens pages of agents. At the end of the test nothing in them may have gone wrong unsaid."""
    opened = Browsers(chromium, center.url, logins)
    yield opened
    opened.close()


@pytest.fixture
def agents(browsers):
    """`agents("Ana")` is Ana's page, logged in and available, in a browser of her own."""

    def open_page(name, **options):
        assert name in AGENTS
        page = browsers.log_in(name, **options)
        page.be("Available")
        return page

    return open_page


@pytest.fixture
def back_office(chromium, center):
    """The back office of the center, where somebody may do everything. No script in it may go wrong unsaid."""
    context = chromium.new_context(base_url=center.url, viewport={"width": 1440, "height": 900})
    page = office.log_in(context, center.url)
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    yield page
    context.close()
    assert not errors, errors

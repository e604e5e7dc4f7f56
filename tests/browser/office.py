"""The back office of the demo center, as somebody walks through all its pages."""

import re
from dataclasses import dataclass

from tests.serve.running import Program, Serve, wait_for

EMAIL = "office@example.com"
PASSWORD = "not-a-secret-of-the-office"
# Pages that no link of the sidebar leads to.
MORE = ("/reports/", "/wallboard/", "/admin/password_change/")


@dataclass(frozen=True)
class Page:
    """A page, by its path, and a name for its picture."""

    path: str

    @property
    def name(self):
        """The path in one word."""
        return re.sub(r"[^a-z0-9]+", "-", re.sub(r"\d+", "one", self.path.lower())).strip("-") or "root"


def serve_office(directory):
    """The demo center, served, with its past; somebody may do everything in it."""
    return Serve(
        directory / "data",
        CCAI_ADMIN_EMAIL=EMAIL,
        CCAI_ADMIN_PASSWORD=PASSWORD,
        CCAI_RATE_LIMIT="1000",
        CCAI_SANDBOX_RING_SECONDS="1",
        CCAI_SANDBOX_TALK_SECONDS="600",
    ).wait_until_ready()


def bring_to_life(serve):
    """Calls are under way, wait, and are to come."""
    program = Program(serve.url, serve.manage("create_api_token", "office").split()[-1])
    for hours in (1, 2, 2.2, 2.4, 5, 6, 6.1, 20, 22, 22.5, 23, 26, 30, 45, 46, 47):
        program.schedule(seconds=hours * 3_600, number=f"+1 202-555-01{int(hours * 10) % 90 + 10}")
    for number in range(6):
        body = {"call_type": "Voice Inbound (API)", "menu_id": 21 + number % 2 * 2}
        response = program.session.post(
            f"{program.base}/calls", json={**body, "end_user_number": f"+1 415-555-014{number}"}, timeout=30
        )
        assert response.status_code == 201, response.text
    wait_for(lambda: serve.query("SELECT 1 FROM calls_call WHERE status = 'connected'"), "a conversation")


def log_in(context, url):
    """A page of somebody who has logged in to the back office."""
    page = context.new_page()
    page.goto(f"{url}/admin/login/")
    page.locator("input[name=username]").fill(EMAIL)
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("button[type=submit]").click()
    page.wait_for_url("**/admin/")
    return page


def find_pages(page, url):
    """Every page there is: those of the sidebar, of each list the form for a new thing and its first thing's page."""
    front = page.request.get(f"{url}/admin/").text()
    lists = sorted(set(re.findall(r'href="(/(?:admin|reports|wallboard)/[^"?#]*)"', front)))
    paths = ["/admin/", *lists]
    for path in lists:
        if not re.fullmatch(r"/admin/[a-z]+/[a-z]+/", path):
            continue
        text = page.request.get(url + path).text()
        things = re.findall(rf'href="({re.escape(path)}[0-9a-z_-]+/change/)', text)
        paths += things[:1]
        if f'href="{path}add/' in text:
            paths.append(f"{path}add/")
        # What else the list and the first thing's page lead to.
        paths += re.findall(rf'href="({re.escape(path)}[^"?#0-9]+)"', text)
        if things:
            thing = page.request.get(url + things[0]).text()
            own = things[0].removesuffix("change/")
            paths += re.findall(rf'href="({re.escape(own)}[^"?#]+)"', thing)
    unwanted = re.compile(r"logout|/export|download|\.csv|\.xlsx|jsi18n|autocomplete")
    return [Page(path) for path in dict.fromkeys([*paths, *MORE]) if not unwanted.search(path)]

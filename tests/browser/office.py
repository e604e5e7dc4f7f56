"""The back office of the demo center, as somebody walks through all its pages."""

import re
from dataclasses import dataclass

from tests.serve.running import Program, Serve, wait_for

EMAIL = "office@example.com"
PASSWORD = "not-a-secret-of-the-office"
# Pages that no link of the sidebar leads to.
MORE = ("/reports/", "/wallboard/", "/admin/password_change/")
# Files that wait to be applied are pages, too: by where they are uploaded, something to show in each part of the page.
FILES = {
    "/admin/agents/agent/import/": (
        "agents.csv",
        "email,first_name,team,agent_number\nvera@example.com,Vera,Suport/Night,0071450\nana@example.com,Anna,Sales,12\n",
    ),
    "/admin/center/": (
        "center.yaml",
        """
agents: [{email: vera@example.com, first_name: Vera, team: Support}]
menus:
  - id: 21
    output_msg: Hello.
    hours: {time_zone: UTC, weekly: {mon: ['09:00-12:00', '13:00-17:00']}}
    groups: [{name: Support, agents: [elif@example.com, vera@example.com]}]
""",
    ),
}
# A program that was told two things about the latest call, and heard one of them. What it wants happens no more.
TOLD = """
from calls.models import Call
from ccai.models import WebhookAttempt, WebhookDelivery, WebhookEvent
from ccai.times import now
from ccai.webhooks.endpoints import make_endpoint

url, wanted = "https://hooks.example.com/calls", "call.data_parameters_updated"
endpoint = make_endpoint(url, [wanted], "Reporting")
subject = f"call:{Call.objects.latest('created_at', 'pk').pk}"
for status, tries in (
    ("delivered", [(200, "", "")]),
    ("given_up", [(None, "It did not answer in time.", ""), (500, "", "<html>Sorry, we are not there.</html>" * 4)]),
):
    body = '{"type": "call.data_parameters_updated", "data": {"end_user": {"identifier": "kim-77"}}}'
    event = WebhookEvent.objects.create(uid=f"msg_{status}", type=wanted, subject=subject, body=body)
    delivery = WebhookDelivery.objects.create(
        event=event, endpoint=endpoint, subject=subject, status=status, attempts=len(tries), due_at=None, over_at=now()
    )
    for code, error, answer in tries:
        WebhookAttempt.objects.create(delivery=delivery, code=code, error=error, answer=answer, milliseconds=41)
"""


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
    serve = Serve(
        directory / "data",
        CCAI_ADMIN_EMAIL=EMAIL,
        CCAI_ADMIN_PASSWORD=PASSWORD,
        CCAI_RATE_LIMIT="1000",
        CCAI_SANDBOX_RING_SECONDS="1",
        CCAI_SANDBOX_TALK_SECONDS="600",
    ).wait_until_ready()
    serve.manage("shell", "-c", TOLD)
    return serve


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
    """Every page there is: those of the sidebar, of each list the form for a new thing and its first thing's page, and
    those of files that wait."""
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
            paths += re.findall(r'href="(/admin/ccai/webhookdelivery/\d+/change/)"', thing)
    unwanted = re.compile(r"logout|/export|download|\.csv|\.xlsx|jsi18n|autocomplete")
    paths = [path for path in dict.fromkeys([*paths, *MORE]) if not unwanted.search(path)]
    return [Page(path) for path in [*paths, *(upload(page, url, path) for path in FILES)]]


def upload(page, url, path):
    """The page of what the file of FILES would do."""
    name, text = FILES[path]
    page.goto(url + path)
    page.set_input_files("input[type=file]", {"name": name, "mimeType": "text/plain", "buffer": text.encode()})
    page.get_by_role("button", name="Upload", exact=True).click()
    page.get_by_role("heading", name="What will change").wait_for()
    return page.url.removeprefix(url)

"""The center of the browser tests, and agents and callers as they act on it."""

import json
import re
from urllib.parse import urlsplit

from playwright.sync_api import expect

from tests.serve.running import Program

PASSWORD = "not-a-secret-of-anybody"
TOKEN = "not-a-secret-of-browser-tests"
# Tests of one file share a center, so each has agents of its own. The queue of each has the agent's name.
AGENTS = ("Ana", "Ben", "Cleo", "Dov", "Eva", "Fay", "Gus", "Hal", "Ida", "Jon", "Kim", "Lou")
MENUS = {name: number for number, name in enumerate(AGENTS, 101)}
BOTH = 201  # Ben and Cleo
CLOSED = 301  # takes messages for Hal
# Talks until somebody else hangs up.
TALKER = "+1 212-555-5007"
TICKET = "76517"  # of a contact with two numbers


def email(name):
    """The address of an agent."""
    return f"{name.lower()}@example.com"


def write_center(path):
    """The center file at `path`."""
    path.write_text(
        json.dumps(
            {
                "languages": {"en": "live"},
                "api_tokens": [{"name": "tests", "token": TOKEN}],
                "outbound_numbers": [
                    {"number": "+1 202-555-0100", "label": "Main"},
                    {"number": "+1 202-555-0142", "label": "Workshop"},
                ],
                "agents": [
                    {
                        "email": email(name),
                        "first_name": name,
                        "last_name": "Agent",
                        "password": PASSWORD,
                        "outbound_numbers": [] if name == "Ida" else ["+1 202-555-0100"],
                    }
                    for name in AGENTS
                ],
                "menus": [
                    *[mobile_menu(number, f"Queue of {name}", [name]) for name, number in MENUS.items()],
                    mobile_menu(BOTH, "Both", ["Ben", "Cleo"]),
                    {
                        "id": CLOSED,
                        "name": "Closed",
                        "menu_type": "ivr_menu",
                        "hours": {"time_zone": "UTC", "weekly": {}},
                        "after_hours": {"kind": "voicemail", "message": "Leave a message."},
                        "groups": [{"name": "Group 1", "agents": [email("Hal")]}],
                    },
                ],
                "crm": {
                    "contacts": [
                        {
                            "out_contact_id": "389391400633",
                            "name": "Min-jun Lee",
                            "phones": ["+1 202-555-5007", "+1 202-555-0185"],
                        }
                    ],
                    "tickets": [
                        {"ticket_id": TICKET, "contact": "389391400633", "url": "https://tickets.example.com/1"}
                    ],
                },
            }
        )
    )
    return path


def mobile_menu(number, name, agents):
    """A menu whose calls are offered to all of `agents` at once."""
    return {
        "id": number,
        "name": name,
        "menu_type": "mobile_menu",
        "offer_type": "multicast",
        "groups": [{"name": "Group 1", "timeout_seconds": 600, "agents": [email(agent) for agent in agents]}],
    }


class Caller:
    """Somebody who asks for calls by the API, and looks at them."""

    def __init__(self, url):
        self.program = Program(url, TOKEN)

    def post(self, **body):
        """What POST /calls answers."""
        response = self.program.session.post(f"{self.program.base}/calls", json=body, timeout=30)
        assert response.status_code in (201, 202), response.text
        return response.json()

    def call(self, menu, number=TALKER, **more):
        """The id of a new inbound call."""
        return self.post(call_type="Voice Inbound (API)", menu_id=menu, end_user_number=number, **more)["id"]

    def get(self, call_id):
        """The call object."""
        return self.program.get(f"/calls/{call_id}").json()


class Browsers:
    """Pages that agents have open, each agent in a browser of their own. `logins` keeps the cookies of each agent."""

    def __init__(self, chromium, url, logins):
        self.chromium = chromium
        self.url = url
        self.logins = logins
        self.pages = []

    def log_in(self, name, *, width=1280, height=720, dark=False):
        """The page of an agent who is logged in."""
        context = self.chromium.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
            storage_state=self.logins.get(name),
        )
        page = AgentPage(context.new_page(), name, self.url)
        self.pages.append(page)
        page.page.goto(f"{self.url}/desk/")
        if "/login/" in page.page.url:
            page.page.get_by_label("E-mail address").fill(email(name))
            page.page.get_by_label("Password").fill(PASSWORD)
            page.page.get_by_role("button", name="Log in").click()
        expect(page.main).to_be_visible()
        # Its keys are heard once its scripts have run.
        page.page.wait_for_load_state("load")
        self.logins[name] = {"cookies": context.cookies(), "origins": []}
        return page

    def second_tab(self, page):
        """Another tab of the same agent."""
        tab = AgentPage(page.page.context.new_page(), page.name, self.url)
        self.pages.append(tab)
        tab.page.goto(f"{self.url}/desk/")
        expect(tab.main).to_be_visible()
        return tab

    def close(self):
        """Close all pages; an error where something went wrong on one that was not looked for."""
        faults = {page.name: page.faults for page in self.pages if page.faults}
        for page in self.pages:
            page.be_free()
        for page in self.pages:
            page.page.context.close()
        assert not faults, faults


class AgentPage:
    """A page at `/desk/`. `faults` are errors in its console and requests to other hosts."""

    def __init__(self, page, name, url):
        self.page = page
        self.name = name
        self.faults = []
        self.main = page.locator("#desk-main")
        self.status = page.locator("#status-button")
        host = urlsplit(url).netloc
        page.on("console", lambda said: said.type in ("error", "warning") and self.faults.append(said.text))
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on(
            "request",
            lambda request: urlsplit(request.url).netloc not in (host, "") and self.faults.append(request.url),
        )

    def expect_faults(self, pattern):
        """These faults were to be expected; there are no others."""
        others = [fault for fault in self.faults if not re.search(pattern, fault)]
        assert not others, others
        self.faults.clear()

    def be(self, status):
        """Choose a status in the menu."""
        self.status.click()
        self.page.get_by_role("menuitemradio", name=status, exact=True).click()
        expect(self.status).to_contain_text(status)

    def be_free(self):
        """Let go of what a test that failed has left, so that it does not fail the next one too."""
        for name in ("#decline", "#drop-prompt", "#hang-up"):
            self.page.evaluate("selector => document.querySelector(selector)?.click()", name)

    def press(self, key):
        """Press a key."""
        self.page.keyboard.press(key)

    def button(self, name):
        """The button of this name."""
        return self.page.get_by_role("button", name=re.compile(f"^{name}"))

    def is_in(self, phase):
        """The page shows this phase: idle, offer, prompt or call."""
        expect(self.main).to_have_attribute("data-phase", phase, timeout=15_000)

    def is_connected(self):
        """Both sides of the agent's call are on the line."""
        expect(self.page.locator(".call[data-state=connected]")).to_be_visible(timeout=15_000)

    def accept(self):
        """Take what is offered, and wait until somebody is there."""
        self.is_in("offer")
        self.button("Accept").click()
        self.is_connected()

    def hang_up(self):
        """End the call."""
        self.button("Hang up").click()
        self.is_in("idle")

    def says(self, text):
        """A sentence has appeared in the corner."""
        expect(self.page.locator("#said")).to_contain_text(text)

    def shot(self, path):
        """A picture of what can be seen."""
        self.page.screenshot(path=path)

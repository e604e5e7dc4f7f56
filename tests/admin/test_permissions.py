"""Each cell of the table in permissions.py holds, and the table knows every page and verb."""

import base64
from urllib.parse import parse_qsl

from django.apps import apps
from django.contrib.auth.models import Group
from django.test import Client, TestCase
from django.urls import URLResolver, get_resolver, resolve

from agents.models import User
from agents.roles import PERMISSIONS
from ccai.models import ApiToken
from tests.admin.permissions import CELLS
from tests.admin.rows import fill
from tests.conftest import HOST

LOGINS = {"/admin/login/": "login", "/desk/login/": "desk"}
BELOW = ("admin/", "desk/", "reports/", "wallboard/", "apps/api/")
# Unknown addresses, and those of old that lead to a row's page.
NO_PAGES = ("/(?P<url>.*)$", "<path:object_id>/")
# It streams, and closes the connection of its thread: tests/desk/test_live.py says what it tells to whom.
STREAMS = ("desk/events",)


def sample():
    """The id of the last row of everything, by the name of its model; and who asks, by role."""
    ids = {}
    for model in apps.get_models():
        row = model._default_manager.order_by("pk").values_list("pk", flat=True).last()
        if row is not None:
            ids[model._meta.model_name] = row
    return ids


class TestPermissions(TestCase):
    """One test a cell, all in one center that is made once."""

    @classmethod
    def setUpTestData(cls):
        fill(1)
        cls.ids = sample()
        token = ApiToken(name="table")
        cls.secret = token.make_token()
        token.save()
        cls.people = {"agent": User.objects.get(email="filled1@example.com")}
        for role in PERMISSIONS:
            if role != "agent":
                cls.people[role] = User.objects.create(email=f"{role}@example.com", is_staff=True)
            cls.people[role].groups.add(Group.objects.get(name=role))
        # One for all: each looks for every static file when it is first asked.
        cls.handler = Client().handler
        cls.sessions = {}
        for role, person in cls.people.items():
            client = Client(SERVER_NAME=HOST)
            client.force_login(person)
            cls.sessions[role] = client.cookies["sessionid"].value

    def answer(self, cell):
        """What the person gets."""
        path = cell.path.format_map(self.ids)
        client = Client(SERVER_NAME=HOST)
        client.handler = self.handler
        if cell.who == "token":
            credentials = base64.b64encode(f"demo:{self.secret}".encode()).decode()
            headers = {"Authorization": f"Basic {credentials}", "Content-Type": "application/json"}
            response = client.generic(cell.method, path, cell.sent, "application/json", headers=headers)
            return str(response.status_code)
        if cell.who in self.sessions:
            client.cookies["sessionid"] = self.sessions[cell.who]
        if cell.method == "POST":
            response = client.post(path, dict(parse_qsl(cell.sent, keep_blank_values=True)))
        else:
            response = client.generic(cell.method, path)
        if response.status_code == 302:
            return LOGINS.get(response.url.partition("?")[0], "302")
        return str(response.status_code)


def checks(cell):
    """A method that tests the cell."""

    def test(self):
        assert self.answer(cell) == cell.answer

    return test


for one in CELLS:
    setattr(TestPermissions, f"test_{one}", checks(one))


def pages(resolver, above=""):
    """Each address that leads to a view, written as the resolver writes it, and the view."""
    for pattern in resolver.url_patterns:
        written = str(pattern.pattern)
        route = above + (written.removeprefix("^") if above else written)
        if isinstance(pattern, URLResolver):
            yield from pages(pattern, route)
        else:
            yield route, pattern.callback


def test_every_page_and_verb_has_a_line():
    ids = {model._meta.model_name: 1 for model in apps.get_models()}
    asked = {}
    for cell in CELLS:
        path = cell.path.partition("?")[0].format_map(ids)
        asked.setdefault(resolve(path).route, set()).add(cell.method)
    missing = []
    for route, view in pages(get_resolver()):
        if not route.startswith(BELOW) or route.endswith(NO_PAGES) or route in STREAMS:
            continue
        methods = asked.get(route, set())
        if not methods:
            missing.append(route)
        # A view of the API has a method for each verb.
        verbs = [
            name for name in ("get", "post", "put", "patch", "delete") if hasattr(getattr(view, "cls", None), name)
        ]
        missing += [f"{verb.upper()} {route}" for verb in verbs if verb.upper() not in methods]
    assert missing == []

"""Who end users are is shown to those who may see it, and to nobody else: on pages, at the desk and over the API."""

import json
import re

import pytest
from django.test import Client

from agents.models import Agent, User
from agents.roles import give_role
from calls.models import Call, Contact, ContactPhone, DialPrompt, EndUser, Note
from ccai.models import ApiToken
from ccai.times import now
from tests.admin.permissions import CELLS
from tests.admin.rows import admin_url, fill
from tests.admin.test_permissions import sample
from tests.api_client import ApiClient
from tests.conftest import HOST

pytestmark = pytest.mark.django_db

# All that says who the end user of the center's one call is, in every spelling, and the way to what they sent.
TELLING = re.compile(r"zaphod|beeblebrox|555.?9876|zb-login|crm-zb|/files/", re.IGNORECASE)


@pytest.fixture
def call():
    """One of everything, with somebody in it whom every trace of them gives away."""
    fill(1)
    EndUser.objects.update(
        name="Zaphod Beeblebrox", number="+12025559876", identifier="zb-login", out_contact_id="crm-zb"
    )
    Contact.objects.update(name="Zaphod Beeblebrox", out_contact_id="crm-zb", email="zaphod@example.com")
    ContactPhone.objects.update(number="+12025559876")
    DialPrompt.objects.update(end_user_number="+12025559876")
    Note.objects.update(text="Zaphod wants a refund.")
    Call.objects.update(end_user_number="+12025559876", feedback="Zaphod was here.", data_parameters={"who": "Zaphod"})
    return Call.objects.get()


def somebody(role):
    """A browser in which somebody of that role has logged in."""
    user = User.objects.create(email=f"a-{role}@example.com")
    give_role(user, role)
    client = Client(SERVER_NAME=HOST)
    client.force_login(user)
    return client


def pages_of(role):
    """The addresses of all pages that open for the role."""
    ids = sample()
    cells = [cell for cell in CELLS if (cell.who, cell.method, cell.answer) == (role, "GET", "200")]
    return [cell.path.format_map(ids) for cell in cells]


def text_of(response):
    """The page, whole, also where it is streamed."""
    return (b"".join(response) if response.streaming else response.content).decode(errors="replace")


def test_no_page_tells_a_viewer_who_end_users_are(call):
    viewer = somebody("viewer")
    telling = {}
    for path in pages_of("viewer"):
        said = TELLING.findall(text_of(viewer.get(path)))
        if said:
            telling[path] = said
    assert telling == {}


@pytest.mark.parametrize("model", [Call, EndUser, DialPrompt])
def test_whoever_may_see_it_is_shown_it(model, call):
    page = somebody("supervisor").get(admin_url(model, "change", model.objects.get().pk)).content.decode()
    assert "2025559876" in re.sub(r"[ -]", "", page)


@pytest.fixture
def found():
    """How many end users a viewer's list shows for a query string."""
    viewer = somebody("viewer")

    def count(**query):
        response = viewer.get(admin_url(EndUser, "changelist"), query)
        return response.context["cl"].result_count if response.status_code == 200 else response.status_code

    return count


def test_who_sees_no_numbers_finds_people_by_whole_ones_alone(call, found):
    assert [found(q=term) for term in ("+1 202-555-9876", "zb-login", "crm-zb")] == [1, 1, 1]
    assert [found(q=term) for term in ("555-9876", "Zaphod", "zb-")] == [0, 0, 0]


def test_no_address_of_a_list_tells_what_is_masked(call, found):
    for lookup in ("number__startswith", "name__startswith", "identifier__contains", "out_contact_id__gt"):
        assert found(**{lookup: "+1"}) == 400
    prompts = somebody("agent")  # has the permission, but no page
    assert prompts.get(admin_url(DialPrompt, "changelist")).status_code == 302
    viewer = Client(SERVER_NAME=HOST)
    viewer.force_login(User.objects.get(email="a-viewer@example.com"))
    assert viewer.get(admin_url(DialPrompt, "changelist"), {"end_user_number__startswith": "+"}).status_code == 400
    names = {"app_label": "calls", "model_name": "call", "field_name": "end_user"}
    assert not TELLING.search(viewer.get("/admin/autocomplete/", names).content.decode())
    assert json.loads(viewer.get("/admin/autocomplete/", {**names, "term": "Zaphod"}).content)["results"] == []


class TestDesk:
    """The agent of the one call, with the role that a test gives them."""

    @pytest.fixture
    def at_desk(self, call):
        def open_page(role, path=""):
            user = Agent.objects.get(user__email="filled1@example.com").user
            give_role(user, role)
            client = Client(SERVER_NAME=HOST)
            client.force_login(user)
            return client.get(f"/desk/{path}", headers={"HX-Request": "true"} if path else {})

        return open_page

    @pytest.mark.parametrize("path", ["", "missed", "history", "voicemails"])
    def test_an_agent_whose_role_shows_no_names_talks_to_a_mask(self, at_desk, call, path):
        Note.objects.update(text="Wants a refund.")  # the agent's own
        if path == "missed":
            Call.objects.update(status="failed", fail_reason="eu_busy", ends_at=now())
        page = at_desk("viewer", path).content.decode()
        assert not TELLING.search(page)
        if path in ("", "history", "missed"):
            assert "•••• 9876" in page
            assert "Z•••" in page

    def test_an_agent_sees_who_calls(self, at_desk):
        page = at_desk("agent").content.decode()
        assert "Zaphod Beeblebrox" in page
        assert "+1 202-555-9876" in page

    @pytest.mark.parametrize(("role", "answer"), [("agent", 302), ("viewer", 404)])
    def test_what_a_caller_has_sent_is_for_who_sees_them(self, at_desk, call, role, answer):
        for path in (f"photos/{call.photos.get().pk}", f"videos/{call.videos.get().pk}"):
            assert at_desk(role, f"calls/{call.pk}/{path}").status_code == answer


class TestApi:
    """The call over the wire, for a token that shows personal data and for one that does not."""

    @pytest.fixture
    def tokens(self, call):
        clients = []
        for personal_data in (True, False):
            token = ApiToken(name=f"personal data: {personal_data}", personal_data=personal_data)
            secret = token.make_token()
            token.save()
            clients.append(ApiClient(secret))
        return clients

    def test_a_masked_call_has_every_key_and_tells_nobody(self, tokens, call):
        clear, masked = (client.get(f"/calls/{call.pk}").json() for client in tokens)
        changed = {
            "recording_url": None,
            "end_user": {"id": clear["end_user"]["id"], "identifier": "z•••", "out_contact_id": "c•••"},
            "photos": [{**photo, "url": None} for photo in clear["photos"]],
            "videos": [{**video, "url": None} for video in clear["videos"]],
        }
        assert list(masked) == list(clear)
        assert masked == {**clear, **changed}
        assert clear["photos"][0]["url"]
        [listed] = tokens[1].get("/calls").json()
        assert listed == masked

    def test_what_programs_and_people_said_of_the_call_is_masked(self, tokens, call):
        _clear, masked = tokens
        assert masked.get(f"/calls/{call.pk}/data_parameters").json() == {"who": "•••"}
        sent = masked.patch(f"/calls/{call.pk}/data_parameters", {"order": "A-17"})
        assert sent.json() == {"who": "•••", "order": "•••"}
        assert masked.patch(f"/calls/{call.pk}/feedback", {"rating": 5}).json() == {"rating": 5, "comment": "Z•••"}
        call.refresh_from_db()
        assert call.data_parameters == {"who": "Zaphod", "order": "A-17"}

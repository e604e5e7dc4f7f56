"""Logins and API tokens are made and revoked in the back office."""

import re

import pytest

from agents.models import Language, User
from ccai.models import ApiToken, hash_token
from tests.admin.rows import admin_url, sent_back
from tests.api_client import ApiClient
from tests.factories import make_agent

pytestmark = pytest.mark.django_db

TOKEN = re.compile(r"ccai_[\w-]{43}")


def make_token(admin_client, **data):
    """Add a token on its page and return the page that follows."""
    return admin_client.post(admin_url(ApiToken, "add"), {"name": "CRM", **data}, follow=True).content.decode()


def test_a_new_token_is_shown_once_and_kept_as_a_hash(admin_client):
    made = make_token(admin_client, rate_limit="5")
    (secret,) = TOKEN.findall(made)
    assert 'href="/apps/api/v1/docs"' in made
    token = ApiToken.objects.get()
    assert (token.name, token.rate_limit, token.token_hash) == ("CRM", 5, hash_token(secret))
    for page in ("changelist", "change"):
        shown = admin_client.get(admin_url(ApiToken, page, *([token.pk] if page == "change" else []))).content.decode()
        assert secret not in shown
        assert token.token_hash not in shown


def test_a_new_token_opens_the_api_until_it_is_revoked(admin_client):
    (secret,) = TOKEN.findall(make_token(admin_client))
    assert ApiClient(secret).get("/calls").status_code == 200
    data = {"action": "revoke", "_selected_action": [ApiToken.objects.get().pk], "index": "0"}
    assert admin_client.post(admin_url(ApiToken, "changelist"), data).status_code == 302
    assert ApiClient(secret).get("/calls").status_code == 401


def test_changing_a_token_keeps_its_secret(admin_client):
    (secret,) = TOKEN.findall(make_token(admin_client))
    token = ApiToken.objects.get()
    url = admin_url(ApiToken, "change", token.pk)
    page = admin_client.post(url, sent_back(admin_client.get(url), name="CRM 2"), follow=True).content.decode()
    token.refresh_from_db()
    assert (token.name, token.token_hash) == ("CRM 2", hash_token(secret))
    assert not TOKEN.findall(page)


def test_a_login_is_made_of_an_address_and_a_password(admin_client, client):
    data = {"email": "sofia@example.com", "password1": "a-long-password-1", "password2": "a-long-password-1"}
    assert admin_client.post(admin_url(User, "add"), data).status_code == 302
    User.objects.filter(email="sofia@example.com").update(is_staff=True)
    response = client.post(
        "/admin/login/?next=/admin/", {"username": "Sofia@example.com", "password": "a-long-password-1"}
    )
    assert (response.status_code, response.url) == (302, "/admin/")


def test_a_login_needs_a_password_and_an_address_of_its_own(admin_client):
    User.objects.create_user("sofia@example.com", "a-long-password-1")
    data = {"email": "SOFIA@example.com", "password1": "", "password2": ""}
    errors = admin_client.post(admin_url(User, "add"), data).context["adminform"].form.errors
    assert {*errors} == {"email", "password1", "password2"}
    assert errors["email"] == ["Somebody logs in with this address already. Write another one."]


def test_a_user_keeps_the_address_and_cannot_take_anothers(admin_client):
    User.objects.create_user("sofia@example.com")
    user = User.objects.create_user("tom@example.com")
    url = admin_url(User, "change", user.pk)
    page = admin_client.get(url)
    assert admin_client.post(url, sent_back(page, first_name="Tom")).status_code == 302
    refused = admin_client.post(url, sent_back(page, email="Sofia@example.com"))
    assert refused.context["adminform"].form.errors["email"] == [
        "Somebody logs in with this address already. Write another one."
    ]
    user.refresh_from_db()
    assert (user.email, user.first_name) == ("tom@example.com", "Tom")


def test_the_code_of_a_language_is_written_once(admin_client):
    Language.objects.create(code="en")
    url = admin_url(Language, "change", "en")
    admin_client.post(url, sent_back(admin_client.get(url), code="de", state="draft"))
    assert [*Language.objects.values_list("code", "state")] == [("en", "draft")]


def test_an_agent_is_told_at_the_back_offices_door_where_their_page_is(client):
    agent = make_agent("ana@example.com")
    assert "Agents log in at their own page" in client.get("/admin/login/").content.decode()
    client.force_login(agent.user)
    page = client.get("/admin/", follow=True).content.decode()
    assert "You are logged in as ana@example.com" in page
    assert 'href="/desk/"' in page

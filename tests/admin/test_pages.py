"""Every page of the back office opens, for those who may see it."""

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.views.defaults import server_error

from agents.models import Agent, Engagement, StatusChange, User
from calls.models import Call, DialPrompt, Offer, SandboxCall
from ccai.admin import CappedPaginator
from ccai.models import AuditEntry, WebhookDelivery
from menus.models import Menu
from tests.admin.rows import admin_url, fill
from tests.conftest import HOST
from tests.factories import make_agent, make_person

pytestmark = pytest.mark.django_db

MODELS = sorted(admin.site._registry, key=lambda model: model._meta.label)
HISTORY = [AuditEntry, Call, DialPrompt, Engagement, Offer, StatusChange, WebhookDelivery]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_every_list_and_form_opens(model, page_of, admin_client):
    fill(1)
    page_of(admin_url(model, "changelist"))
    page_of(admin_url(model, "change", model._default_manager.last().pk))
    adding = admin_client.get(admin_url(model, "add"))
    assert adding.status_code == (403 if model in HISTORY else 200)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_every_list_can_be_searched_for_anything(model, page_of):
    fill(1)
    for term in ("Kim", "1", "+12025550123", "9" * 30, "9" * 5_000, "%", "'"):
        page_of(admin_url(model, "changelist"), q=term)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_nobody_sees_a_page_without_logging_in(model, client):
    response = client.get(admin_url(model, "changelist"))
    assert response.status_code == 302
    assert response.url.startswith(reverse("admin:login"))


@pytest.mark.parametrize("model", [Call, DialPrompt, Engagement, Offer, StatusChange, Agent])
def test_what_calls_remember_cannot_be_deleted(model, admin_client):
    fill(1)
    row = model._default_manager.last()
    assert admin_client.post(admin_url(model, "delete", row.pk), {"post": "yes"}).status_code == 403
    assert model._default_manager.filter(pk=row.pk).exists()


def test_a_menu_that_is_deleted_stays(admin_client):
    fill(1)
    row = Menu.objects.last()
    admin_client.post(admin_url(Menu, "delete", row.pk), {"post": "yes", "substitute": ""})
    assert Menu.objects.filter(pk=row.pk).exists()


@pytest.mark.parametrize("model", HISTORY)
def test_what_happened_cannot_be_changed(model, admin_client):
    fill(1)
    row = model._default_manager.last()
    before = model._default_manager.filter(pk=row.pk).values().get()
    assert admin_client.post(admin_url(model, "change", row.pk), {"status": "failed"}).status_code == 403
    assert model._default_manager.filter(pk=row.pk).values().get() == before


def test_the_home_page_links_to_every_list(page_of):
    page = page_of(reverse("admin:index"))
    for model in MODELS:
        assert f'href="{admin_url(model, "changelist")}"' in page


def test_the_sandbox_keeps_its_own_books(page_of):
    assert SandboxCall not in MODELS
    assert "sandbox" not in page_of(reverse("admin:index"))


def test_someone_who_may_see_calls_alone_is_shown_calls_alone(client):
    user = User.objects.create_user("viewer@example.com", "a long password", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_call"))
    client.force_login(user)
    page = client.get(reverse("admin:index")).content.decode()
    assert admin_url(Call, "changelist") in page
    assert admin_url(Agent, "changelist") not in page
    assert client.get(admin_url(Agent, "changelist")).status_code == 403


def test_pages_ask_nothing_of_another_host(admin_client):
    fill(1)
    for model in MODELS:
        response = admin_client.get(admin_url(model, "changelist"))
        page = response.content.decode()
        policy = response.headers["Content-Security-Policy"]
        assert "default-src 'self'" in policy
        assert 'src="http' not in page
        assert 'rel="stylesheet" href="http' not in page


def test_a_long_list_is_counted_no_further_than_its_pages_reach(monkeypatch, page_of):
    monkeypatch.setattr(CappedPaginator, "MOST", 3)
    for _ in range(5):
        StatusChange.objects.create(agent=make_agent(), status="available")
    with CaptureQueriesContext(connection) as queries:
        page = page_of(admin_url(StatusChange, "changelist"))
    assert "The latest 3 status changes" in page
    counts = [query["sql"] for query in queries if "COUNT(" in query["sql"]]
    assert counts
    assert all("LIMIT 4" in sql for sql in counts)


def test_a_browser_that_is_refused_gets_a_page_with_ways_back(admin_client, client, monkeypatch):
    client.force_login(make_person("viewer"))
    missing = admin_client.get("/admin/nothing/is/here/")
    forbidden = client.get("/admin/center/")
    admin_client.raise_request_exception = False
    monkeypatch.setattr(admin.site, "index_template", "there/is/none.html")
    broken = admin_client.get("/admin/")
    strict = Client(enforce_csrf_checks=True, SERVER_NAME=HOST)
    forged = strict.post("/desk/login/", {})
    for answer, status, sentence in (
        (missing, 404, "This page is not there"),
        (forbidden, 403, "You may not do this"),
        (broken, 500, "Something went wrong here"),
        (forged, 403, "load the page anew"),
    ):
        assert answer.status_code == status
        assert sentence in answer.content.decode()
        assert 'href="/admin/"' in answer.content.decode()


def test_the_page_of_a_server_error_needs_no_database_and_no_request(django_assert_num_queries):
    with django_assert_num_queries(0):
        answer = server_error(RequestFactory().get("/admin/"))
    assert (answer.status_code, b"try again" in answer.content.lower()) == (500, True)

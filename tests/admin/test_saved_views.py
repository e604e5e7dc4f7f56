"""A view of the history has a name and an address; only its owner changes it."""

import pytest
from django.test import Client

from calls.models import SavedView
from tests.conftest import HOST
from tests.factories import make_call, make_person

pytestmark = pytest.mark.django_db

HISTORY = "/admin/calls/call/"
VIEWS = f"{HISTORY}views/"


@pytest.fixture
def ana():
    """A browser of somebody who looks at the history."""
    return log_in("viewer")


@pytest.fixture
def ben():
    """A browser of somebody else."""
    return log_in("viewer")


def log_in(role):
    """A browser of somebody with that role; `person` is who."""
    client = Client(SERVER_NAME=HOST)
    client.person = make_person(role)
    client.force_login(client.person)
    return client


def views(client):
    """The names of the views above the list."""
    return [view.name for view in client.get(HISTORY).context["saved_views"]]


def said(response):
    """What the next page says."""
    return [str(message) for message in response.context["messages"]]


def test_a_view_is_the_address_of_what_is_looked_at(ana):
    call = make_call("failed", fail_reason="eu_busy")
    make_call("queued")
    query = "cursor=&q=&status=failed&columns=id&columns=why&per=25&foo="
    ana.post(VIEWS, {"name": "Busy", "query": "status=failed&columns=id&columns=why&per=25&q=&cursor="})
    view = SavedView.objects.get()
    assert (view.owner, view.name, view.shared) == (ana.person, "Busy", False)
    # Only what was asked for, and neither the page nor how long it is.
    assert view.query == "status=failed&columns=id&columns=why"
    page = ana.get(f"{HISTORY}?{view.query}")
    assert [row.id for row in page.context["rows"]] == [call.pk]
    assert page.context["is_saved"]
    assert f'href="?{view.query}" aria-current="page"' in page.content.decode().replace("&amp;", "&")
    # What the page would not understand is not kept.
    assert ana.post(VIEWS, {"name": "Odd", "query": query}).status_code == 302
    assert SavedView.objects.count() == 1


def test_a_view_is_its_owners_until_it_is_shared(ana, ben):
    ana.post(VIEWS, {"name": "Mine", "query": "status=failed"})
    ana.post(VIEWS, {"name": "Ours", "query": "status=queued", "shared": "on"})
    ben.post(VIEWS, {"name": "Ben's", "query": "status=finished"})
    assert views(ana) == ["Mine", "Ours"]
    assert views(ben) == ["Ben's", "Ours"]
    assert str(ana.person) in ben.get(HISTORY).content.decode()


def test_a_shared_search_is_hidden_from_who_may_not_see_personal_data(ana, ben):
    sue = log_in("supervisor")
    sue.post(VIEWS, {"name": "Kim", "query": "q=%2B12025550123&status=failed", "shared": "on"})
    sue.post(VIEWS, {"name": "Failed", "query": "status=failed", "shared": "on"})
    ana.post(VIEWS, {"name": "Mine", "query": "q=77", "shared": "on"})
    assert views(sue) == ["Failed", "Kim", "Mine"]
    assert views(ana) == ["Mine", "Failed"]
    assert views(ben) == ["Failed"]
    assert "12025550123" not in ben.get(HISTORY).content.decode()


def test_only_the_owner_renames_shares_and_deletes(ana, ben, admin_client):
    ana.post(VIEWS, {"name": "Ours", "query": "status=queued", "shared": "on"})
    view = SavedView.objects.get()
    for other in (ben, admin_client):
        for sent in ({"name": "Theirs", "change": "1"}, {"delete": "1"}):
            assert other.post(f"{VIEWS}{view.pk}/", sent).status_code == 404
    response = ana.post(f"{VIEWS}{view.pk}/", {"name": "Waiting", "change": "1"})
    assert response.url == f"{HISTORY}?status=queued"
    view.refresh_from_db()
    assert (view.name, view.shared, view.query) == ("Waiting", False, "status=queued")
    ana.post(f"{VIEWS}{view.pk}/", {"delete": "1"})
    assert not SavedView.objects.exists()
    assert ana.get(f"{VIEWS}{view.pk}/").status_code == 405


def test_a_person_has_a_view_of_a_name_once(ana, ben):
    for name in ("Busy", "Late"):
        ana.post(VIEWS, {"name": name, "query": "status=failed"})
    ana.get(HISTORY)  # and what was said is read
    again = ana.post(VIEWS, {"name": "Busy", "query": "status=queued"}, follow=True)
    assert said(again) == ["You have a view called Busy already."]
    assert again.request["QUERY_STRING"] == "status=queued"
    late = SavedView.objects.get(name="Late")
    renamed = ana.post(f"{VIEWS}{late.pk}/", {"name": "Busy", "change": "1"}, follow=True)
    assert said(renamed) == ["You have a view called Busy already."]
    assert "This field is required." in said(ana.post(VIEWS, {"name": "", "query": "status=queued"}, follow=True))
    ben.post(VIEWS, {"name": "Busy", "query": "status=queued"})
    assert SavedView.objects.filter(name="Busy").count() == 2


def test_a_view_can_ask_for_what_is_shown_now_instead(ana, ben):
    ana.post(VIEWS, {"name": "Busy", "query": "status=failed", "shared": "on"})
    view = SavedView.objects.get()
    page = ana.get(f"{HISTORY}?status=queued").content.decode()
    assert 'name="over"' in page
    assert 'name="over"' not in ana.get(f"{HISTORY}?status=failed").content.decode()
    sent = {"name": "Waiting", "shared": "on", "query": "status=queued&per=25&cursor=x"}
    page = ana.post(f"{VIEWS}{view.pk}/", {**sent, "change": "1"}, follow=True)
    view.refresh_from_db()
    assert (view.name, view.query) == ("Waiting", "status=failed")
    page = ana.post(f"{VIEWS}{view.pk}/", {**sent, "over": "1"}, follow=True)
    view.refresh_from_db()
    assert view.query == page.request["QUERY_STRING"] == "status=queued"
    assert ana.post(f"{VIEWS}{view.pk}/", {"name": "Odd", "query": "status=nonsense", "over": "1"}).status_code == 302
    assert ben.post(f"{VIEWS}{view.pk}/", {**sent, "query": "status=failed", "over": "1"}).status_code == 404
    view.refresh_from_db()
    assert (view.name, view.query) == ("Waiting", "status=queued")

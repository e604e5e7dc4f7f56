"""A call is found and read in the back office; nobody changes one there."""

import re
from datetime import UTC, datetime

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from calls.models import Call, CallEvent, Disposition, Photo
from tests.admin.rows import admin_url, fill, sent_back
from tests.factories import make_agent, make_call, make_menu

pytestmark = pytest.mark.django_db


@pytest.fixture
def found(admin_client):
    """The ids of the calls that the list shows for a query string."""

    def ids(**query):
        response = admin_client.get(admin_url(Call, "changelist"), query)
        assert response.status_code == 200
        return [call.pk for call in response.context["cl"].result_list]

    return ids


def test_the_latest_call_comes_first(found):
    old = make_call("queued", created_at=datetime(2026, 3, 1, tzinfo=UTC))
    new = make_call("queued", created_at=datetime(2026, 3, 2, tzinfo=UTC))
    assert found() == [new.pk, old.pk]


def test_a_call_is_found_by_its_id(found):
    make_call("queued")
    call = make_call("queued")
    assert found(q=str(call.pk)) == [call.pk]


def test_a_call_is_found_by_its_whole_ticket(found):
    make_call("queued", out_ticket_id="71450-b")
    call = make_call("queued", out_ticket_id="71450")
    assert found(q="71450") == [call.pk]


@pytest.mark.parametrize("spelling", ["+821068612345", "+82 10-6861-2345", "821068612345", "82 (10) 6861 2345"])
def test_a_call_is_found_by_its_number_in_any_spelling(spelling, found):
    make_call("queued")
    call = make_call("queued", end_user_number="+821068612345")
    assert found(q=spelling) == [call.pk]


def test_calls_are_filtered_by_status_type_menu_and_agent(found):
    agent, menu = make_agent(), make_menu()
    call = make_call("connected", agent=agent, menu=menu, call_type="Voice Outbound (API)")
    other = make_call("queued")
    assert found(status__exact="connected") == [call.pk]
    assert found(call_type__exact="Voice Inbound (API)") == [other.pk]
    assert found(menu__id__exact=menu.pk) == [call.pk]
    assert found(agent__id__exact=agent.pk) == [call.pk]


def test_calls_are_filtered_by_days_of_the_center_both_included(found, settings):
    settings.TIME_ZONE = "America/New_York"
    before = make_call("queued", created_at=datetime(2026, 3, 2, 4, 59, tzinfo=UTC))
    first = make_call("queued", created_at=datetime(2026, 3, 2, 5, 0, tzinfo=UTC))
    last = make_call("queued", created_at=datetime(2026, 3, 4, 4, 59, tzinfo=UTC))
    after = make_call("queued", created_at=datetime(2026, 3, 4, 5, 0, tzinfo=UTC))
    assert found(created_at_from="2026-03-02", created_at_to="2026-03-03") == [last.pk, first.pk]
    assert found(created_at_from="2026-03-04") == [after.pk]
    assert found(created_at_to="2026-03-01") == [before.pk]
    assert found(created_at_from="yesterday", created_at_to="9999-12-31") == [after.pk, last.pk, first.pk, before.pk]


def test_the_page_of_a_call_tells_its_whole_story(admin_client):
    fill(1)
    call = Call.objects.get()
    page = admin_client.get(admin_url(Call, "change", call.pk)).content.decode()
    for said in (
        "Connected",
        "Root 1/Leaf 1",
        "ticket-1",
        "+1 202-555-0123",
        "Kim",
        "Accepted",
        "Group 1",
        "Root 1",
        "After hours: voicemail",
        "Photo 1, sent by the end user",
        "Video 1, sent by the end user",
        "Recording of the conversation",
        "Message left by the end user",
        "Wants a refund.",
        "Outcome 1",
        "Fine.",
        "intent: &quot;refund&quot;",
        "amount: 12.5",
        "no answer",
        "Cold",
    ):
        assert said in page, said
    assert "materialized_path" not in page  # no snapshot is shown raw


def test_times_are_those_of_the_center(admin_client, settings):
    settings.TIME_ZONE = "Asia/Seoul"
    make_call("queued", created_at=datetime(2026, 3, 2, 20, 30, 15, tzinfo=UTC))
    assert "2026-03-03 05:30:15" in admin_client.get(admin_url(Call, "changelist")).content.decode()


def test_the_parts_of_a_call_cannot_be_sent_along(admin_client):
    fill(1)
    call = Call.objects.get()
    data = {
        "events-TOTAL_FORMS": "1",
        "events-INITIAL_FORMS": "0",
        "events-0-new": "failed",
        "events-0-cause": "a hand",
        "_save": "Save",
    }
    assert admin_client.post(admin_url(Call, "change", call.pk), data).status_code == 403
    assert not CallEvent.objects.filter(new="failed").exists()


def test_files_open_from_the_page_of_their_call(admin_client, client, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    name = default_storage.save("photos/one.jpg", ContentFile(b"a picture"))
    call = make_call("connected")
    Photo.objects.create(call=call, file=name)
    page = admin_client.get(admin_url(Call, "change", call.pk)).content.decode()
    [path] = set(re.findall(r'(?:href|src)="(/files/[^"]+)"', page))
    assert b"".join(client.get(path)) == b"a picture"


def test_a_disposition_that_calls_have_is_taken_out_of_use_and_not_deleted(admin_client):
    disposition = Disposition.objects.create(name="Fax sent")
    make_call("finished", disposition=disposition)
    form = admin_client.get(admin_url(Disposition, "change", disposition.pk))
    admin_client.post(admin_url(Disposition, "change", disposition.pk), sent_back(form, active=None))
    disposition.refresh_from_db()
    assert not disposition.active
    admin_client.post(admin_url(Disposition, "delete", disposition.pk), {"post": "yes"})
    assert Disposition.objects.filter(pk=disposition.pk).exists()

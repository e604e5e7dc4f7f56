"""A call is found and read in the back office; nobody changes one there."""

import re

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from calls.models import Call, CallEvent, Disposition, Photo
from tests.admin.rows import admin_url, fill, sent_back
from tests.factories import make_call

pytestmark = pytest.mark.django_db


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

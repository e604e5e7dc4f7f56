"""Phone numbers are written in any spelling, stored as E.164 and shown in the international format."""

import pytest

from agents.models import OutboundNumber
from calls.models import Contact, EndUser
from tests.admin.rows import admin_url, sent_back

pytestmark = pytest.mark.django_db

SENTENCE = "This is not a phone number. Write it with + and the country code, for example +49 30 901820."


@pytest.mark.parametrize("written", ["+13392195276", "+1 339-219-5276", " +1 (339) 219.5276 "])
def test_any_international_spelling_is_stored_as_e164(written, admin_client):
    assert admin_client.post(admin_url(OutboundNumber, "add"), {"number": written, "active": "on"}).status_code == 302
    number = OutboundNumber.objects.get()
    assert number.number == "+13392195276"
    shown = admin_client.get(admin_url(OutboundNumber, "change", number.pk)).context["adminform"].form["number"]
    assert shown.value() == "+1 339-219-5276"


@pytest.mark.parametrize("written", ["339-219-5276", "call me", "+1", "+1 339 219 5276 ext. 4", "+" + "9" * 60])
def test_what_is_no_number_is_refused_with_a_sentence_and_shown_as_written(written, admin_client):
    form = admin_client.post(admin_url(OutboundNumber, "add"), {"number": written}).context["adminform"].form
    assert form.errors["number"] == [SENTENCE]
    assert form["number"].value() == written
    assert not OutboundNumber.objects.exists()


def test_two_spellings_of_one_number_are_one_number(admin_client):
    OutboundNumber.objects.create(number="+13392195276")
    form = admin_client.post(admin_url(OutboundNumber, "add"), {"number": "+1 339-219-5276"}).context["adminform"].form
    assert form.errors["number"] == ["Outbound number with this Number already exists."]


def test_a_contacts_phones_are_stored_as_e164(admin_client):
    contact = Contact.objects.create(out_contact_id="381630957514")
    url = admin_url(Contact, "change", contact.pk)
    phones = {"phones-TOTAL_FORMS": "1", "phones-0-number": "+82 10-6861-2345", "phones-0-position": "0"}
    assert admin_client.post(url, sent_back(admin_client.get(url), **phones)).status_code == 302
    assert [phone.number for phone in contact.phones.all()] == ["+821068612345"]


def test_an_end_user_may_have_no_number(admin_client):
    assert admin_client.post(admin_url(EndUser, "add"), {"name": "Kim", "number": ""}).status_code == 302
    assert EndUser.objects.get().number == ""


def test_an_end_user_is_found_by_name_and_by_number_in_any_spelling(admin_client):
    kim = EndUser.objects.create(name="Kim Ji-woo", number="+821068612345")
    EndUser.objects.create(name="Robert", number="+12025550123")
    for term in ("ji-woo", "+82 10-6861-2345", "821068612345"):
        found = admin_client.get(admin_url(EndUser, "changelist"), {"q": term}).context["cl"].result_list
        assert [*found] == [kim]

"""The history finds calls by what people have of them: a number, the end of one, a ticket, a name, an id."""

import pytest
from django.test import Client

from calls.models import EndUser
from tests.conftest import HOST
from tests.factories import make_agent, make_call, make_person

pytestmark = pytest.mark.django_db

HISTORY = "/admin/calls/call/"


@pytest.fixture
def search(admin_client):
    """What the history finds for a search: the ids of the calls, how many it says they are, and what they are."""

    def find(term, client=admin_client, **asked):
        response = client.get(HISTORY, {"q": term, **asked})
        assert not response.context["form"].errors, response.context["form"].errors
        return [row.id for row in response.context["rows"]], *response.context["said"]

    return find


@pytest.fixture
def faults(admin_client):
    """What the history says where a search means nothing."""

    def said(term, client=admin_client, **asked):
        response = client.get(HISTORY, {"q": term, **asked})
        assert not response.context["rows"]
        return response.context["form"].errors["q"][0]

    return said


@pytest.fixture
def viewer():
    """A browser of somebody who may not see personal data."""
    client = Client(SERVER_NAME=HOST)
    client.force_login(make_person("viewer"))
    return client


@pytest.fixture
def seoul():
    """A call with a Korean number, among others."""
    make_call("queued")
    make_call("queued", end_user_number="+12025550185")
    return make_call("queued", end_user_number="+821068612345")


def test_a_number_is_found_in_any_spelling(search, seoul):
    for spelling in (
        "+821068612345",
        "+82 10-6861-2345",
        "821068612345",
        "82 (10) 6861 2345",
        "0082 10 6861 2345",
        "+82 (0)10-6861-2345",
    ):
        ids, _, what = search(spelling)
        assert ids == [seoul.pk], spelling
        assert what.startswith("with the number +82 10-6861-2345"), spelling
    for national in ("010-6861-2345", "10-6861-2345"):
        ids, _, what = search(national)
        assert ids == [seoul.pk], national
        assert what.startswith("with a number that ends in"), national


def test_a_number_is_found_by_its_end(search, seoul):
    second = make_call("queued", end_user_number="+12025552345")
    for term in ("2345", "…2345", "...2345", "*2345"):
        assert search(term) == ([second.pk, seoul.pk], "2 calls", "with a number that ends in 2345"), term
    assert search("345", place="number")[0] == [second.pk, seoul.pk]
    assert search("82345") == ([], "No calls", search("82345")[2])
    assert "with a number that ends in 82345" in search("82345")[2]


def test_digits_may_be_an_id_a_ticket_and_the_end_of_a_number(search):
    number = make_call("queued", pk=1_000, end_user_number="+12025552345")
    by_id = make_call("queued", pk=2_345)
    ticket = make_call("queued", pk=3_000, out_ticket_id="2345")
    what = "with the id 2345, about ticket 2345 or with a number that ends in 2345"
    assert search("2345") == ([ticket.pk, by_id.pk, number.pk], "3 calls", what)
    assert search("2345", place="call")[0] == search("#2345")[0] == [by_id.pk]
    assert search("2345", place="ticket")[0] == [ticket.pk]
    assert search("2345", place="number")[0] == [number.pk]


def test_a_ticket_is_found_whole(search):
    make_call("queued", out_ticket_id="71450-b")
    call = make_call("queued", out_ticket_id="71450-a")
    assert search("71450-a") == ([call.pk], "1 call", "about ticket 71450-a")
    assert search("71450")[0] == []


def test_end_users_are_found_by_name_identifier_and_contact(search):
    kim = EndUser.objects.create(number="+12025550101", name="Min-jun Kim", identifier="4711", out_contact_id="c-9")
    call = make_call("queued", end_user=kim)
    other = make_call("queued", end_user=EndUser.objects.create(number="+12025550102", name="Kim Novak"))
    assert search("kim") == ([other.pk, call.pk], "2 calls", "of an end user known as kim")
    assert search("KIM min")[0] == search("4711")[0] == search("c-9", place="user")[0] == [call.pk]
    assert search("Nobody Kim")[0] == []


def test_agents_are_found_by_name_address_and_number(search):
    agent = make_agent("dov@example.com", agent_number="A-17")
    agent.user.first_name, agent.user.last_name = "Dov", "Katz"
    agent.user.save()
    call = make_call("connected", agent=agent)
    make_call("connected")
    for term in ("dov k", "KATZ", "dov@example", "A-17"):
        assert search(term) == ([call.pk], "1 call", f"of an agent known as {term}"), term


def test_a_whole_address_is_one_agents_alone(search):
    other = make_call("connected", agent=make_agent("joana@example.com"))
    call = make_call("connected", agent=make_agent("ana@example.com"))
    assert search("Ana@example.com")[0] == search("ana@example.com", place="agent")[0] == [call.pk]
    assert search("ana@example")[0] == [call.pk, other.pk]


def test_a_name_of_many_people_is_cut_short_and_says_so(search, monkeypatch):
    monkeypatch.setattr("calls.history.searching.MOST_PEOPLE", 2)
    for number in range(3):
        make_call("queued", end_user=EndUser.objects.create(number=f"+1202555010{number}", name="Kim"))
    ids, _, what = search("Kim")
    assert len(ids) == 2
    assert "only the first 2 people of that name" in what


def test_a_search_and_filters_narrow_each_other(search, seoul):
    failed = make_call("failed", end_user_number="+821068612345")
    assert search("+821068612345")[0] == [failed.pk, seoul.pk]
    assert search("+821068612345", status=["failed", "finished"])[0] == [failed.pk]
    assert search("2345", span="yesterday")[0] == []


def test_what_cannot_be_searched_for_is_said(faults):
    assert faults("12", place="number") == "Write at least three digits of the number."
    assert faults("abc", place="number") == "Write at least three digits of the number."
    assert faults("T-1", place="call") == "A call's id is a number: write digits alone."


def test_who_may_not_see_numbers_finds_whole_ones_alone(search, faults, viewer, seoul):
    seoul.end_user = EndUser.objects.create(number=seoul.end_user_number, name="Kim", identifier="4711")
    seoul.save()
    assert search("+82 10-6861-2345", viewer)[0] == search("821068612345", viewer)[0] == [seoul.pk]
    for national in ("010-6861-2345", "10 6861 2345", "0082 10-6861-2345"):
        assert search(national, viewer)[0] == [seoul.pk], national
    for term in ("2345", "6861-2345", "0-6861-2345", "Kim", "4711"):
        assert search(term, viewer)[0] == [], term
    said = search("901-555-0165", viewer)[2]
    assert "with the whole number 901-555-0165 (finding numbers by their ends needs the permission" in said
    assert "+901" not in said
    assert "whole ones only" in faults("…2345", viewer)
    assert "may not see who called" in faults("Kim", viewer, place="user")


def test_what_is_searched_for_is_text_and_nothing_else(search, faults):
    make_call("queued", out_ticket_id="100%")
    for term in ("%", "_", "100_", "<b>", "' OR 1=1 --", "9" * 19, "9" * 26, "٣٤٥", "…"):
        assert search(term)[1] == "No calls", term
    assert faults("a\0b") == "Null characters are not allowed."

"""GET and PATCH /calls/{id}/customer_flag (contract section 6)."""

import pytest

from calls.models import Call
from ccai.announcing import CHANNEL
from ccai.redis import client
from tests.factories import make_agent, make_call

pytestmark = pytest.mark.django_db

NONE_SET = {"verified_customer": False, "bad_actor": False, "repeat_customer": False}


@pytest.fixture
def call():
    return make_call("queued")


def patch(api, call, body):
    return api.patch(f"/calls/{call.pk}/customer_flag", body)


def test_the_page_of_the_agent_on_the_call_is_told(api, django_capture_on_commit_callbacks):
    agent = make_agent()
    call = make_call("connected", agent=agent)
    with client().pubsub(ignore_subscribe_messages=True) as channel:
        channel.subscribe(CHANNEL)
        with django_capture_on_commit_callbacks(execute=True):
            patch(api, call, {"bad_actor": True})
        heard = [channel.get_message(timeout=5) for _message in ("subscribed", "announced")]
    assert [message["data"] for message in heard if message] == [str(agent.pk).encode()]


def test_no_flag_is_set_at_first(api, call):
    assert api.get(f"/calls/{call.pk}/customer_flag").json() == NONE_SET


@pytest.mark.parametrize(
    ("body", "flag"),
    [
        ({"verified_customer": True}, "verified_customer"),
        ({"bad_actor": True, "colour": "red"}, "bad_actor"),
        ({"repeat_customer": True}, "repeat_customer"),
        ({"repeat_customers": True}, "repeat_customer"),
        ({"repeat_customer": True, "repeat_customers": True}, "repeat_customer"),
    ],
)
def test_any_subset_is_taken_and_all_three_come_back(api, call, body, flag):
    response = patch(api, call, body)
    assert (response.status_code, response.json()) == (200, {**NONE_SET, flag: True})
    assert api.get(f"/calls/{call.pk}/customer_flag").json() == {**NONE_SET, flag: True}


def test_what_is_not_named_stays_as_it_was(api, call):
    patch(api, call, {"verified_customer": True, "bad_actor": True})
    assert patch(api, call, {"bad_actor": False}).json() == {**NONE_SET, "verified_customer": True}


def test_a_verified_customer_is_seen_on_the_call(api, call):
    before = api.get(f"/calls/{call.pk}").json()
    patch(api, call, {"verified_customer": True})
    after = api.get(f"/calls/{call.pk}").json()
    assert (before["verified"], after["verified"]) == (False, True)
    assert after["updated_at"] >= before["updated_at"]


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({"bad_actor": "yes"}, "bad_actor must be a boolean"),
        ({"bad_actor": 1}, "bad_actor must be a boolean"),
        ({"bad_actor": None}, "bad_actor must be a boolean"),
        ({"verified_customer": [], "bad_actor": 1}, "verified_customer must be a boolean"),
        ({"repeat_customers": "x"}, "repeat_customers must be a boolean"),
        ({"repeat_customer": True, "repeat_customers": False}, "repeat_customer and repeat_customers differ"),
        ({}, "No customer flag given"),
        ({"verified": True}, "No customer flag given"),
    ],
)
def test_a_bad_body_is_refused_and_sets_nothing(api, call, body, sentence):
    response = patch(api, call, body)
    assert (response.status_code, response.json()) == (400, {"message": sentence})
    assert api.get(f"/calls/{call.pk}/customer_flag").json() == NONE_SET


def test_a_call_that_has_ended_keeps_its_flags_and_shows_them(api):
    call = make_call("finished", bad_actor=True)
    response = patch(api, call, {"bad_actor": False})
    assert (response.status_code, response.json()) == (400, {"message": "Call has ended"})
    assert api.get(f"/calls/{call.pk}/customer_flag").json() == {**NONE_SET, "bad_actor": True}
    assert Call.objects.get().bad_actor


def test_an_unknown_call_is_not_found(api):
    response = api.patch("/calls/9999/customer_flag", {"bad_actor": True})
    assert (response.status_code, response.json()) == (404, {"message": "Call 9999 is not found"})

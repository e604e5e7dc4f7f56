"""PATCH /calls/{id}/feedback: what the end user says of a call."""

import pytest

from calls.models import Call
from tests.factories import make_call

pytestmark = pytest.mark.django_db


def patch(api, call, body):
    return api.patch(f"/calls/{call.pk}/feedback", body)


@pytest.fixture
def call():
    return make_call("connected")


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        ({"rating": 5}, {"rating": 5, "comment": None}),
        ({"rating": 1, "comment": " Kind, and quick. "}, {"rating": 1, "comment": "Kind, and quick."}),
        ({"comment": "ありがとう", "stars": 7}, {"rating": None, "comment": "ありがとう"}),
        ({"rating": 3, "comment": None}, {"rating": 3, "comment": None}),
        ({"rating": 3, "comment": ""}, {"rating": 3, "comment": None}),
    ],
)
def test_any_part_of_it_is_taken_and_all_of_it_comes_back(api, call, body, shown):
    response = patch(api, call, body)
    assert (response.status_code, response.json()) == (200, shown)
    seen = api.get(f"/calls/{call.pk}").json()
    assert (seen["rating"], seen["has_feedback"]) == (shown["rating"], True)


def test_a_later_one_replaces_what_it_names_and_leaves_the_rest(api, call):
    patch(api, call, {"rating": 2, "comment": "Slow."})
    assert patch(api, call, {"rating": 4}).json() == {"rating": 4, "comment": "Slow."}
    assert patch(api, call, {"comment": "Fine in the end."}).json() == {"rating": 4, "comment": "Fine in the end."}


@pytest.mark.parametrize("rating", [0, 6, -1, 4.5, 4.0, "5", True, [], {}, 10**30])
def test_a_rating_is_an_integer_from_one_to_five(api, call, rating):
    response = patch(api, call, {"rating": rating, "comment": 7})
    assert (response.status_code, response.json()) == (400, {"message": "rating must be an integer from 1 to 5"})


@pytest.mark.parametrize("comment", [7, True, [], {}, "x" * 10_001])
def test_a_comment_is_a_text(api, call, comment):
    response = patch(api, call, {"rating": 4, "comment": comment})
    assert (response.status_code, response.json()) == (400, {"message": "comment is not well formed"})
    seen = api.get(f"/calls/{call.pk}").json()
    assert (seen["rating"], seen["has_feedback"]) == (None, False)


@pytest.mark.parametrize("body", [{}, {"stars": 5}, {"rating": None, "comment": "  "}])
def test_nothing_at_all_is_refused(api, call, body):
    response = patch(api, call, body)
    assert (response.status_code, response.json()) == (400, {"message": "No feedback given"})


@pytest.mark.parametrize("status", ["voicemail", "voicemail_received", "voicemail_read"])
def test_who_left_a_message_may_say_something_too(api, status):
    assert patch(api, make_call(status), {"rating": 4}).status_code == 200


def test_it_is_taken_after_the_end_of_a_conversation(api):
    call = make_call("finished")
    Call.objects.filter(pk=call.pk).update(connected_at=call.created_at)
    assert patch(api, call, {"rating": 4}).status_code == 200


@pytest.mark.parametrize(
    "status", ["queued", "scheduled", "assigned", "connecting", "failed", "deflected", "cancelled"]
)
def test_a_call_that_nobody_has_answered_cannot_be_rated(api, status):
    response = patch(api, make_call(status), {"rating": 4})
    assert (response.status_code, response.json()) == (400, {"message": "Call has not been connected"})
    assert Call.objects.get().rating is None


def test_an_unknown_call_is_not_found(api):
    response = api.patch("/calls/9999/feedback", {"rating": 9})
    assert (response.status_code, response.json()) == (404, {"message": "Call 9999 is not found"})

"""GET and PATCH /calls/{id}/data_parameters (contract section 10)."""

import json
import threading
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connections

from calls.models import Call
from tests.api_client import ApiClient
from tests.factories import make_call

pytestmark = pytest.mark.django_db

KEY = "The key of a data parameter must have 1 to 64 characters"
MANY = "A call has 64 data parameters at most"
LARGE = "A call's data parameters have 16 KiB at most"


@pytest.fixture
def call():
    return make_call("queued")


def patch(api, call, body=None, **raw):
    return api.patch(f"/calls/{call.pk}/data_parameters", body, **raw)


def read(api, call):
    response = api.get(f"/calls/{call.pk}/data_parameters")
    assert response.status_code == 200
    return response.json()


def test_there_are_none_at_first(api, call):
    assert read(api, call) == {}


def test_every_kind_of_value_comes_back_as_it_was_sent(api, call):
    sent = {"intent": "rëfund ✓", "amount": 12.5, "items": 3, "big": 2**70, "vip": True, "spam": False, "": None}
    sent.pop("")
    response = patch(api, call, sent)
    assert (response.status_code, response.json()) == (200, sent)
    shown = read(api, call)
    assert shown == sent
    assert {key: type(value) for key, value in shown.items()} == {key: type(value) for key, value in sent.items()}


def test_a_body_is_merged_and_null_removes_a_key(api, call):
    patch(api, call, {"a": 1, "b": "two", "c": True})
    assert patch(api, call, {"b": None, "c": 1, "d": "new", "unknown": None}).json() == {"a": 1, "c": 1, "d": "new"}
    shown = read(api, call)
    assert shown == {"a": 1, "c": 1, "d": "new"}
    assert type(shown["c"]) is int


def test_an_empty_body_changes_nothing(api, call):
    patch(api, call, {"a": 1})
    before = api.get(f"/calls/{call.pk}").json()["updated_at"]
    assert patch(api, call, {}).json() == {"a": 1}
    assert api.get(f"/calls/{call.pk}").json()["updated_at"] == before


@pytest.mark.parametrize("key", ["k", "k" * 64, "ключ" * 16, "with space", "{braces}", "a.b"])
def test_a_key_has_from_1_to_64_characters(api, call, key):
    assert patch(api, call, {key: 1}).json() == {key: 1}
    assert read(api, call) == {key: 1}


@pytest.mark.parametrize("key", ["", "k" * 65])
def test_any_other_key_is_refused_even_to_remove_it(api, call, key):
    for value in (1, None):
        response = patch(api, call, {"a": 1, key: value})
        assert (response.status_code, response.json()) == (400, {"message": KEY})
    assert read(api, call) == {}


@pytest.mark.parametrize(
    "raw", ['{"a": []}', '{"a": {}}', '{"a": {"b": 1}}', '{"a": [1]}', '{"a": ' + "9" * 5_000 + "}"]
)
def test_a_value_is_a_string_a_number_a_boolean_or_null(api, call, raw):
    response = patch(api, call, raw=raw.encode())
    assert (response.status_code, response.json()) == (
        400,
        {"message": "a must be a string, a number, a boolean or null"},
    )


def test_a_key_that_looks_like_a_place_for_a_value_is_said_as_it_is(api, call):
    assert patch(api, call, {"{key}": []}).json()["message"].startswith("{key} must be a string")


@pytest.mark.parametrize("raw", [b"[]", b"1", b"null", b'"a"', b"{", b'{"a": NaN}', b'{"a": "\\u0000"}'])
def test_what_is_no_json_object_is_refused(api, call, raw):
    assert patch(api, call, raw=raw).json() == {"message": "Request body is not valid JSON"}


def test_there_are_64_keys_at_most(api, call):
    assert patch(api, call, {f"k{number}": number for number in range(64)}).status_code == 200
    response = patch(api, call, {"k64": 64})
    assert (response.status_code, response.json()) == (400, {"message": MANY})
    assert "k64" not in read(api, call)
    assert patch(api, call, {"k64": 64, "k0": None}).status_code == 200
    assert len(read(api, call)) == 64


def test_there_are_16_kib_at_most_as_compact_json(api, call):
    frame = len('{"a":""}')
    assert patch(api, call, {"a": "é" * ((16_384 - frame) // 2)}).status_code == 200
    response = patch(api, call, {"b": 1})
    assert (response.status_code, response.json()) == (400, {"message": LARGE})
    assert list(read(api, call)) == ["a"]


@pytest.mark.parametrize("status", ["finished", "failed", "deflected", "voicemail_received", "cancelled"])
def test_after_the_end_they_are_read_and_not_changed(api, status):
    call = make_call(status, data_parameters={"a": 1})
    for body in ({"a": 2}, {}):
        response = patch(api, call, body)
        assert (response.status_code, response.json()) == (400, {"message": "Call has ended"})
    assert read(api, call) == {"a": 1}


def test_the_call_is_changed_for_those_who_poll(api, call):
    before = api.get(f"/calls/{call.pk}").json()["updated_at"]
    patch(api, call, {"a": 1})
    assert api.get(f"/calls/{call.pk}").json()["updated_at"] > before


def test_a_command_shows_them_as_they_are(api, call):
    sent = {"intent": "rëfund ✓", "amount": 12.5, "vip": True}
    patch(api, call, sent)
    printed = StringIO()
    call_command("data_parameters", str(call.pk), stdout=printed)
    assert json.loads(printed.getvalue()) == sent
    assert "rëfund ✓" in printed.getvalue()
    with pytest.raises(CommandError, match="There is no call 9999"):
        call_command("data_parameters", "9999")


def test_an_unknown_call_is_not_found(api):
    for response in (api.get("/calls/9999/data_parameters"), api.patch("/calls/9999/data_parameters", {"a": []})):
        assert (response.status_code, response.json()) == (404, {"message": "Call 9999 is not found"})


@pytest.mark.django_db(transaction=True)
def test_of_many_who_add_a_key_at_once_none_is_forgotten(api_token):
    call = make_call("connected")
    start = threading.Barrier(8)

    def add(number):
        start.wait()
        for turn in range(3):
            patch(ApiClient(api_token.secret), call, {f"k{number}-{turn}": number})
        connections.close_all()

    threads = [threading.Thread(target=add, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(Call.objects.get().data_parameters) == 24

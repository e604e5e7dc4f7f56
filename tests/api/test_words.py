"""Times, phone numbers and languages as the wire has them."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.languages import base_code, covers
from ccai.phones import parse_phone, wire_phone
from ccai.times import parse_time, wire_time


@pytest.mark.parametrize(
    ("text", "stored", "shown"),
    [
        ("+1 339-219-5276", "+13392195276", "+1 339-219-5276"),
        ("+82-10-6861-2345", "+821068612345", "+82 10-6861-2345"),
        ("+1 205-123-4567", "+12051234567", "+1 205-123-4567"),
        ("+1 (859) 657.9625", "+18596579625", "+1 859-657-9625"),
        ("+390612345678", "+390612345678", "+39 06 1234 5678"),
    ],
)
def test_a_number_is_read_in_any_spelling_and_shown_in_one(text, stored, shown):
    assert parse_phone(text) == stored
    assert wire_phone(stored) == shown


@pytest.mark.parametrize(
    "text",
    [
        "123123", "+1 999-657-12", "+1 555-1234", "+1 859-657-9625x5", "tel:+18596579625", "18596579625",
        "+1 859 CALL NOW", "+", "+1", "", " +18596579625", "+18596579625;ext=5", "+१८५९६५७९६२५", "+1\u00a0859-657-9625",
        "+" + "1" * 500, "+1\n8596579625",
    ],
)  # fmt: skip
def test_what_is_no_number_is_not_read(text):
    assert parse_phone(text) is None


@given(st.text(alphabet="+0123456789 ().-", max_size=25))
def test_a_number_once_read_is_read_again_to_itself(text):
    number = parse_phone(text)
    if number is not None:
        assert parse_phone(number) == number
        assert parse_phone(wire_phone(number)) == number


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("2019-06-07T01:27:30.406Z", "2019-06-07T01:27:30.406Z"),
        ("2019-06-07t01:27:30z", "2019-06-07T01:27:30.000Z"),
        ("2019-06-07T01:27:30.4Z", "2019-06-07T01:27:30.400Z"),
        ("2019-06-07T01:27:30.40699999Z", "2019-06-07T01:27:30.406Z"),
        ("2019-06-07T01:27:30+09:00", "2019-06-06T16:27:30.000Z"),
        ("2019-06-07T01:27:30-05:30", "2019-06-07T06:57:30.000Z"),
        ("9999-12-31T23:59:59Z", "9999-12-31T23:59:59.000Z"),
    ],
)
def test_a_moment_is_read_with_its_offset_and_shown_in_utc(text, shown):
    assert wire_time(parse_time(text)) == shown


@pytest.mark.parametrize(
    "text",
    [
        "2019-06-07T01:27:30", "2019-06-07", "2019-06-07 01:27:30Z", "0000-01-01T00:00:00Z", "10000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2019-02-29T00:00:00Z", "2019-06-07T24:00:00Z",
        "2019-06-07T01:27:60Z", "2019-06-07T01:27:30+24:00", "2019-06-07T01:27:30+05:60", "2019-06-07T01:27:30-05:99",
        "2019-06-07T01:27:30.Z", "now", "", "1559870850",
        "2019-06-07T01:27:30Z\n", "２019-06-07T01:27:30Z", "20190607T012730Z", "2019-06-07T01:27Z",
    ],
)  # fmt: skip
def test_what_is_no_moment_is_not_read(text):
    assert parse_time(text) is None


@given(st.datetimes(min_value=datetime(1900, 1, 1), max_value=datetime(9000, 1, 1), timezones=st.just(UTC)))
def test_a_moment_shown_is_read_back_to_the_millisecond(moment):
    back = parse_time(wire_time(moment))
    assert back == moment.replace(microsecond=moment.microsecond // 1000 * 1000)


@pytest.mark.parametrize(
    ("lang", "base"),
    [("en", "en"), ("en-US", "en"), ("es-419", "es"), ("no", "no"), ("xy", None), ("EN", None), ("en-us", None),
     ("eng", None), ("en_US", None), ("en-", None), ("", None), ("e", None), ("en-USA", None)],
)  # fmt: skip
def test_a_language_begins_with_an_iso_code(lang, base):
    assert base_code(lang) == base


def test_a_language_covers_its_regions_and_not_the_other_way():
    assert covers({"en"}, "en-US")
    assert covers({"en-US"}, "en-US")
    assert not covers({"en-US"}, "en")
    assert not covers({"en-US"}, "en-GB")

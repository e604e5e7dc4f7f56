"""How a menu stands now and on the next days, in words."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from menus.hours import WEEKDAYS, countries_with_holidays, country_names, parse_hours
from menus.preview import Look, Switched, in_words, next_days, standing

NEW_YORK = ZoneInfo("America/New_York")
WEEK = {
    "time_zone": "America/New_York",
    "weekly": {
        **dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), ["09:00-12:00", "13:00-18:00"]),
        "sat": ["22:00-02:00"],
    },
    "holidays": ["US", {"name": "Founders' day", "date": "2027-03-10", "hours": ["10:00-12:00"]}],
    "exceptions": [{"date": "2027-03-11", "hours": [], "name": "Inventory"}],
}


def at(*moment, fold=0):
    return datetime(*moment, tzinfo=NEW_YORK, fold=fold).astimezone(UTC)


@pytest.mark.parametrize(
    ("moment", "sentence"),
    [
        ((2027, 3, 1, 9, 50), "Open now, closes in 2 h 10, at 12:00."),
        ((2027, 3, 1, 12, 20), "Closed, opens today at 13:00 (in 40 min)."),
        ((2027, 3, 1, 18, 55), "Closed, opens tomorrow at 09:00 (in 14 h 5)."),
        ((2027, 3, 7, 1, 59, 30), "Open now, closes in 1 min, at 02:00."),
        ((2027, 3, 7, 2, 0), "Closed, opens tomorrow at 09:00 (in 31 h)."),
        # Over the holiday that a country has, and over the night in which an hour is skipped.
        ((2027, 1, 17, 12, 0), "Closed, opens on Tuesday at 09:00 (in 45 h)."),
        ((2027, 3, 13, 21, 0), "Closed, opens today at 22:00 (in 1 h)."),
        ((2027, 3, 13, 23, 0), "Open now, closes in 3 h, at 03:00."),
    ],
)
def test_it_says_whether_it_is_open_and_when_that_changes(moment, sentence):
    assert standing(parse_hours(WEEK), at(*moment)).sentence == sentence


@pytest.mark.parametrize(
    ("hours", "sentence"),
    [
        (None, "Always open."),
        ({"weekly": {}}, "Closed, and no opening is in sight."),
        ({"weekly": dict.fromkeys(WEEKDAYS, ["00:00-24:00"])}, "Open now, and always by these hours."),
        # A day that is written down counts, however far it is away.
        (
            {"exceptions": [{"date": "2030-05-04", "hours": ["10:00-12:00"]}]},
            "Closed, opens on Saturday 4 May 2030 at 10:00 (in 1159 d 22 h).",
        ),
        (
            {"weekly": dict.fromkeys(WEEKDAYS, ["00:00-24:00"]), "holidays": ["US"]},
            "Open now, closes on Monday 31 May at 00:00 (in 90 d 12 h).",
        ),
    ],
)
def test_what_does_not_change_soon_is_said_too(hours, sentence):
    assert standing(hours and parse_hours(hours), datetime(2027, 3, 1, 12, tzinfo=UTC)).sentence == sentence


def test_what_was_switched_by_hand_comes_before_the_hours():
    moment, hours = at(2027, 3, 1, 10, 0), parse_hours(WEEK)
    closing = Switched(moment, "Ann Bell", "water in the basement")
    redirection = Switched()
    assert standing(hours, moment).look == Look.OPEN
    redirected = standing(hours, moment, redirection=redirection)
    assert (redirected.look, redirected.sentence) == (Look.REDIRECTED, "Redirected.")
    closed = standing(hours, moment, closing=closing, redirection=redirection)
    assert closed.look == Look.CLOSED
    assert closed.sentence == "Closed in an emergency since 2027-03-01 15:00 by Ann Bell: water in the basement"
    assert standing(hours, moment, closing=closing, deleted=True).look == Look.DELETED


def shown(hours, start, day):
    return next(one for one in next_days(parse_hours(hours), start) if one.day == day)


class TestTheNextDays:
    def test_there_are_fourteen_and_the_first_is_today_in_the_zone_of_the_hours(self):
        days = next_days(parse_hours(WEEK), datetime(2027, 3, 2, 3, tzinfo=UTC))  # still the first in New York
        assert [day.day for day in days] == [date(2027, 3, 1) + timedelta(days=number) for number in range(14)]
        assert [day.name for day in days[:3]] == ["today", "tomorrow", "Wednesday"]

    def test_each_says_its_periods_and_why(self):
        start = at(2027, 3, 1, 12)
        facts = {day.day.day: (day.periods, day.why, day.length) for day in next_days(parse_hours(WEEK), start)}
        assert facts[1] == (("09:00–12:00", "13:00–18:00"), "", "8 h")
        assert facts[6] == (("22:00–02:00 on Sun",), "", "4 h")
        assert facts[7] == ((), "", "")
        assert facts[10] == (("10:00–12:00",), "Holiday: Founders' day", "2 h")
        assert facts[11] == ((), "Exception: Inventory", "")

    def test_a_holiday_of_the_country_is_called_by_its_name(self):
        day = shown(WEEK, at(2027, 7, 1, 12), date(2027, 7, 5))
        assert (day.periods, day.why) == ((), "Holiday: Independence Day (observed)")

    def test_no_hours_are_all_day_every_day(self):
        assert {(day.periods, day.length) for day in next_days(None, at(2027, 3, 1))} == {(("all day",), "24 h")}

    @pytest.mark.parametrize(
        ("periods", "day", "length", "clocks"),
        [
            # Clocks go forward on 14 March and back on 7 November, both at 02:00.
            (["00:00-24:00"], date(2027, 3, 14), "23 h", "Clocks go forward by 1 h at 02:00."),
            (["01:30-03:30"], date(2027, 3, 14), "1 h", "Clocks go forward by 1 h at 02:00."),
            (["09:00-17:00"], date(2027, 3, 14), "8 h", "Clocks go forward by 1 h at 02:00."),
            (["22:00-06:00"], date(2027, 3, 13), "7 h", ""),
            (["00:00-24:00"], date(2027, 11, 7), "25 h", "Clocks go back by 1 h at 02:00."),
            (["01:00-02:00"], date(2027, 11, 7), "2 h", "Clocks go back by 1 h at 02:00."),
            (["22:00-06:00"], date(2027, 11, 6), "9 h", ""),
        ],
    )
    def test_a_day_on_which_clocks_change_is_as_long_as_it_really_is(self, periods, day, length, clocks):
        hours = {"time_zone": "America/New_York", "weekly": dict.fromkeys(WEEKDAYS, periods)}
        found = shown(hours, at(day.year, day.month, 1, 12), day)
        assert (found.length, found.clocks) == (length, clocks)

    @pytest.mark.parametrize(
        ("zone", "day", "clocks"),
        [
            ("Asia/Beirut", date(2027, 3, 28), "Clocks go forward by 1 h at 00:00."),
            ("Australia/Lord_Howe", date(2027, 4, 4), "Clocks go back by 30 min at 02:00."),
        ],
    )
    def test_clocks_that_change_at_midnight_or_by_half_an_hour(self, zone, day, clocks):
        start = datetime(day.year, day.month, day.day, 12, tzinfo=UTC) - timedelta(days=3)
        days = next_days(parse_hours({"time_zone": zone}), start)
        assert [one.clocks for one in days if one.clocks] == [clocks]
        assert next(one.day for one in days if one.clocks) == day


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(20, "1 min"), (2_400, "40 min"), (7_800, "2 h 10"), (7_200, "2 h"), (172_800, "2 d"), (309_600, "3 d 14 h")],
)
def test_lengths_of_time_read_as_people_say_them(seconds, words):
    assert in_words(timedelta(seconds=seconds)) == words


def test_every_country_has_a_name():
    names = country_names()
    assert (names["US"], names["GB"], names["BA"]) == ("United States", "United Kingdom", "Bosnia and Herzegovina")
    assert set(names) <= countries_with_holidays()
    assert len(names) > 200


# --- The clock against the door ----------------------------------------------------------------------------------

minutes = st.integers(0, 95).map(lambda quarter: quarter * 15)


def period(edges):
    opens, closes = edges
    return f"{opens // 60:02}:{opens % 60:02}-{closes // 60:02}:{closes % 60:02}"


periods = st.lists(st.tuples(minutes, minutes).filter(lambda edges: edges[0] != edges[1]).map(period), max_size=1)
all_hours = st.fixed_dictionaries(
    {
        "time_zone": st.sampled_from(
            ["America/New_York", "Europe/Berlin", "Asia/Beirut", "Australia/Lord_Howe", "UTC"]
        ),
        "weekly": st.dictionaries(st.sampled_from(WEEKDAYS), periods),
        "holidays": st.sampled_from([[], ["US"]]),
        "exceptions": st.lists(
            st.fixed_dictionaries({"date": st.dates(date(2027, 3, 1), date(2027, 4, 10)).map(str), "hours": periods}),
            max_size=3,
        ),
    }
)


@settings(max_examples=60, deadline=None)
@given(all_hours, st.datetimes(datetime(2027, 3, 8), datetime(2027, 4, 6), timezones=st.just(UTC)))
def test_the_next_change_is_where_the_door_first_stands_otherwise(written, moment):
    hours = parse_hours(written)
    change = hours.next_change(moment)
    end = min(change or moment + timedelta(days=400), moment + timedelta(days=5))
    here = moment
    while here < end:
        assert hours.is_open(here) == hours.is_open(moment)
        here += timedelta(minutes=15)
    if change is not None:
        assert change > moment
        assert hours.is_open(change - timedelta(microseconds=1)) == hours.is_open(moment)
        assert hours.is_open(change) != hours.is_open(moment)


@settings(max_examples=30, deadline=None)
@given(all_hours, st.datetimes(datetime(2027, 3, 8), datetime(2027, 4, 6), timezones=st.just(UTC)))
def test_the_spans_of_three_days_hold_every_open_minute_and_no_other(written, start):
    hours = parse_hours(written)
    spans = hours.open_spans(start, start + timedelta(days=3))
    for number in range(3 * 96):
        moment = start + timedelta(minutes=15 * number)
        assert hours.is_open(moment) == any(span.starts <= moment < span.ends for span in spans)

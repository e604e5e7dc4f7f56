"""Opening hours: several periods a day, past midnight, holidays, exceptions, and both clock changes."""

import sys
import threading
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from ccai.times import now
from menus.hours import find_faults, is_holiday, parse_hours
from menus.models import DeflectionOption, Menu

NEW_YORK = ZoneInfo("America/New_York")


def is_open(hours, year, month, day, hour, minute=0, *, fold=0):
    zone = ZoneInfo(hours.get("time_zone", "UTC"))
    at = datetime(year, month, day, hour, minute, tzinfo=zone, fold=fold)
    return parse_hours(hours).is_open(at.astimezone(UTC))


WEEK = {
    "time_zone": "America/New_York",
    "weekly": {"mon": ["09:00-12:00", "13:00-18:00"], "sat": ["22:00-02:00"], "sun": ["00:00-24:00"]},
    "holidays": ["US", {"name": "Founders' day", "date": "2027-05-03", "hours": ["10:00-12:00"]}],
    "exceptions": [{"date": "2027-01-04", "hours": ["10:00-14:00"], "name": "Inventory"}],
}


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ((2027, 3, 1, 8, 59), False),
        ((2027, 3, 1, 9, 0), True),
        ((2027, 3, 1, 11, 59), True),
        ((2027, 3, 1, 12, 0), False),  # the end is not in the period
        ((2027, 3, 1, 13, 0), True),
        ((2027, 3, 1, 18, 0), False),
        ((2027, 3, 2, 10, 0), False),  # Tuesday has no hours
        ((2027, 3, 6, 21, 59), False),
        ((2027, 3, 6, 22, 0), True),  # Saturday night
        ((2027, 3, 7, 1, 59), True),
        ((2027, 3, 7, 23, 59), True),  # Sunday, all day
        ((2027, 3, 8, 0, 0), False),
        ((2027, 1, 4, 9, 30), False),  # an exception replaces the Monday
        ((2027, 1, 4, 12, 30), True),
        ((2027, 1, 18, 10, 0), False),  # Martin Luther King Jr. Day, a Monday
        ((2027, 5, 3, 9, 30), False),  # a holiday of one's own, with hours
        ((2027, 5, 3, 11, 0), True),
    ],
)
def test_the_sign_on_the_door(moment, expected):
    assert is_open(WEEK, *moment) is expected


def test_a_night_belongs_to_the_day_it_begins_on_even_before_a_holiday():
    hours = {"time_zone": "UTC", "weekly": {"thu": ["20:00-04:00"]}, "holidays": ["US"]}
    assert is_open(hours, 2026, 12, 25, 3, 59)  # Christmas is closed, its eve's night goes on
    assert not is_open(hours, 2026, 12, 25, 4, 0)


def test_no_weekly_hours_means_always_closed():
    assert not is_open({"time_zone": "UTC", "weekly": {}}, 2027, 3, 1, 12)


def test_nine_oclock_stays_nine_oclock_when_clocks_go_forward_and_back():
    hours = {"time_zone": "America/New_York", "weekly": dict.fromkeys(("sat", "sun", "mon"), ["09:00-17:00"])}
    parsed = parse_hours(hours)
    # In 2027 clocks go forward on 14 March and back on 7 November.
    for before, after in (((2027, 3, 13, 14), (2027, 3, 14, 13)), ((2027, 11, 6, 13), (2027, 11, 7, 14))):
        for year, month, day, hour in (before, after):
            opening = datetime(year, month, day, hour, tzinfo=UTC)
            assert parsed.is_open(opening)
            assert not parsed.is_open(opening.replace(hour=hour - 1, minute=59))


def test_a_night_across_the_hour_that_is_skipped_is_an_hour_shorter():
    hours = {"time_zone": "America/New_York", "weekly": {"sat": ["22:00-02:30"]}}
    parsed = parse_hours(hours)
    assert parsed.is_open(datetime(2027, 3, 14, 6, 59, tzinfo=UTC))  # 01:59, the last minute before 03:00
    assert not parsed.is_open(datetime(2027, 3, 14, 7, 0, tzinfo=UTC))  # 03:00


def test_an_hour_that_comes_twice_is_open_both_times():
    hours = {"time_zone": "America/New_York", "weekly": {"sun": ["01:00-02:00"]}}
    assert is_open(hours, 2027, 11, 7, 1, 30, fold=0)
    assert is_open(hours, 2027, 11, 7, 1, 30, fold=1)
    assert not is_open(hours, 2027, 11, 7, 2, 0)


@pytest.fixture
def restless_threads():
    """Threads take turns as often as can be."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


def test_threads_that_ask_for_a_new_year_at_once_all_see_its_holidays(restless_threads):
    judged = []
    together = threading.Barrier(4)

    def ask(day):
        together.wait()
        judged.append(is_holiday("US", day))

    for year in range(1900, 1960):  # years that no other test has asked for
        threads = [threading.Thread(target=ask, args=[date(year, 12, 25)]) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert judged == [True] * 240


@pytest.mark.parametrize("year", [1, 9999])
def test_the_ends_of_the_calendar_are_judged_too(year):
    hours = {"time_zone": "Pacific/Kiritimati", "weekly": {"mon": ["00:00-24:00"]}, "holidays": ["US"]}
    for month, day, hour in ((1, 1, 0), (12, 31, 23)):
        assert parse_hours(hours).is_open(datetime(year, month, day, hour, tzinfo=UTC)) in (True, False)


@pytest.mark.parametrize(
    ("hours", "path"),
    [
        ("always", ""),
        ({"zone": "UTC"}, "zone"),
        ({"time_zone": "Mars/Base"}, "time_zone"),
        ({"time_zone": 7}, "time_zone"),
        ({"weekly": ["mon"]}, "weekly"),
        ({"weekly": {"monday": []}}, "weekly.monday"),
        ({"weekly": {"mon": "09:00-10:00"}}, "weekly.mon"),
        ({"weekly": {"mon": ["9-10"]}}, "weekly.mon[0]"),
        ({"weekly": {"mon": ["09:00-25:00"]}}, "weekly.mon[0]"),
        ({"weekly": {"mon": ["09:00-09:00"]}}, "weekly.mon[0]"),
        ({"weekly": {"mon": ["24:00-09:00"]}}, "weekly.mon[0]"),
        ({"weekly": {"mon": [540]}}, "weekly.mon[0]"),
        ({"weekly": {"mon": ["09:00-12:00", "11:00-13:00"]}}, "weekly.mon"),
        ({"holidays": "US"}, "holidays"),
        ({"holidays": ["Atlantis"]}, "holidays[0]"),
        ({"holidays": [{"date": "2027-02-30"}]}, "holidays[0].date"),
        ({"exceptions": {"2027-01-01": []}}, "exceptions"),
        ({"exceptions": ["2027-01-01"]}, "exceptions[0]"),
        ({"exceptions": [{"date": "tomorrow", "hours": []}]}, "exceptions[0].date"),
        ({"exceptions": [{"date": "2027-01-01", "hours": ["late"]}]}, "exceptions[0].hours[0]"),
        ({"exceptions": [{"date": "2027-01-01", "name": 5}]}, "exceptions[0].name"),
    ],
)
def test_a_fault_is_found_where_it_is(hours, path):
    assert [fault[0] for fault in find_faults(hours)] == [path]


def test_every_fault_is_found_in_one_go():
    hours = {"time_zone": "Mars/Base", "weekly": {"mon": ["late"]}, "holidays": ["Atlantis"]}
    assert len(find_faults(hours)) == 3


@pytest.mark.django_db
class TestMenuState:
    def test_a_menu_without_hours_is_always_open(self):
        menu = Menu.objects.create(name="Sales", menu_type="ivr_menu")
        assert menu.state_at(now()) == "open"

    def test_a_closed_menu_is_after_hours(self):
        menu = Menu.objects.create(name="Sales", menu_type="ivr_menu", hours={"time_zone": "UTC", "weekly": {}})
        assert menu.state_at(now()) == "after_hours"

    def test_a_redirection_outshines_the_hours(self):
        menu = Menu.objects.create(name="Sales", menu_type="ivr_menu", hours={"time_zone": "UTC", "weekly": {}})
        DeflectionOption.objects.create(menu=menu, occasion="redirection", kind="message", message="We moved.")
        assert menu.state_at(now()) == "manual_redirection"

    def test_what_happens_after_hours_does_not_close_an_open_menu(self):
        menu = Menu.objects.create(name="Sales", menu_type="ivr_menu")
        DeflectionOption.objects.create(menu=menu, occasion="after_hours", kind="voicemail")
        assert menu.state_at(now()) == "open"

    @pytest.mark.parametrize(
        ("moment", "state"),
        [
            (datetime(2027, 3, 12, 17, 0, tzinfo=NEW_YORK), "after_hours"),
            (datetime(2027, 3, 12, 16, 59, tzinfo=NEW_YORK), "open"),
            (datetime(2027, 3, 15, 8, 59, tzinfo=NEW_YORK), "after_hours"),
            (datetime(2027, 3, 15, 9, 0, tzinfo=NEW_YORK), "open"),
            (datetime(2027, 11, 5, 9, 0, tzinfo=NEW_YORK), "open"),
            (datetime(2027, 11, 8, 9, 0, tzinfo=NEW_YORK), "open"),
            (datetime(2027, 11, 8, 8, 59, tzinfo=NEW_YORK), "after_hours"),
        ],
    )
    def test_the_state_follows_the_menus_own_zone_across_both_clock_changes(self, moment, state):
        weekly = dict.fromkeys(("mon", "fri"), ["09:00-17:00"])
        menu = Menu.objects.create(
            name="Sales", menu_type="ivr_menu", hours={"time_zone": "America/New_York", "weekly": weekly}
        )
        assert menu.state_at(moment.astimezone(UTC)) == state

    def test_the_path_goes_from_the_root_to_the_menu(self):
        root = Menu.objects.create(name="Root", menu_type="ivr_menu")
        middle = Menu.objects.create(name="Middle", menu_type="ivr_menu", parent=root)
        leaf = Menu.objects.create(name="Leaf", menu_type="ivr_menu", parent=middle)
        assert leaf.path() == {
            "items_count": 3,
            "name": "Root/Middle/Leaf",
            "materialized_path": f"{root.pk}/{middle.pk}/{leaf.pk}",
        }


def test_a_date_may_be_a_date():
    assert find_faults({"exceptions": [{"date": date(2027, 1, 2), "hours": []}]}) == []

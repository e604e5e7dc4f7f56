"""Opening hours: the sign on the door, read against the clock on the wall in the menu's own time zone.

Hours are one value, read and written whole, in the shape of the center file:

    {"time_zone": "America/New_York",
     "weekly": {"mon": ["09:00-12:00", "13:00-18:00"], "sat": ["22:00-02:00"]},
     "holidays": ["US", {"name": "Founders' day", "date": "2027-05-04", "hours": ["10:00-12:00"]}],
     "exceptions": [{"date": "2027-01-02", "hours": ["10:00-14:00"], "name": "Inventory"}]}

A day's periods come from the first of these that names the day: an exception, a holiday of one's own, a country's
holidays (closed), the week. A period that ends before it begins runs past midnight and belongs to the day it begins
on, whatever the next day is. When clocks change, the wall clock decides: an hour that comes twice is open both times,
one that is skipped is never open.
"""

import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cache, lru_cache
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import holidays as country_calendars
from django.utils.translation import gettext as _

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
PERIOD = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)|([01]\d|2[0-3]):([0-5]\d)-24:00", re.ASCII)
DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


@dataclass(frozen=True)
class Period:
    """From `opens` (inclusive) to `closes` (exclusive), in minutes after the midnight that begins its day."""

    opens: int
    closes: int  # beyond 1,440 where it runs past midnight


@dataclass(frozen=True)
class Hours:
    """Parsed opening hours. `is_open()` is what they are for."""

    zone: ZoneInfo
    weekly: dict[int, tuple[Period, ...]] = field(default_factory=dict)
    countries: tuple[str, ...] = ()
    dates: dict[date, tuple[Period, ...]] = field(default_factory=dict)

    def periods_on(self, day: date) -> tuple[Period, ...]:
        """The periods that begin on `day`; empty where it is closed."""
        if day in self.dates:
            return self.dates[day]
        if any(is_holiday(country, day) for country in self.countries):
            return ()
        return self.weekly.get(day.weekday(), ())

    def is_open(self, at: datetime) -> bool:
        """True where the wall clock in `zone` stands within a period at the moment `at` (aware)."""
        try:
            wall = at.astimezone(self.zone)
        except OverflowError:  # the first and last hours of the calendar, in some zones
            wall = at.astimezone(UTC)
        minute = wall.hour * 60 + wall.minute
        today = wall.date()
        if any(period.opens <= minute < period.closes for period in self.periods_on(today)):
            return True
        if today == date.min:
            return False
        yesterday = today - timedelta(days=1)
        return any(minute < period.closes - 1_440 for period in self.periods_on(yesterday))


@cache
def time_zones() -> frozenset[str]:
    """The names of all time zones this machine knows."""
    return frozenset(available_timezones())


@cache
def countries_with_holidays() -> frozenset[str]:
    """The codes of all countries whose holidays are known."""
    return frozenset(country_calendars.list_supported_countries())


@lru_cache(maxsize=256)
def holidays_of(country: str, year: int) -> frozenset[date]:
    """The public holidays of `country` in `year`. A value, since the library's calendars cannot be shared by threads:
    one of them counts a year as filled in before its days are."""
    return frozenset(country_calendars.country_holidays(country, years=year, expand=False))


def is_holiday(country: str, day: date) -> bool:
    """True where `day` is a public holiday of `country`."""
    return day in holidays_of(country, day.year)


def parse_period(text: Any) -> Period | None:
    """The period in `09:00-12:00`, or None where `text` is no such thing. It may end at 24:00, and may not be empty."""
    match = PERIOD.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        return None
    numbers = [int(number) for number in match.groups() if number is not None]
    opens, closes = numbers[0] * 60 + numbers[1], 1_440
    if len(numbers) == 4:
        closes = numbers[2] * 60 + numbers[3]
    if opens == closes:
        return None
    return Period(opens, closes if closes > opens else closes + 1_440)


def parse_day(value: Any) -> date | None:
    """The day in `2027-01-02`, or a date itself; None where `value` is neither."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if not isinstance(value, str) or not DAY.fullmatch(value):
        return None
    try:
        return date.fromisoformat(value)
    except ValueError:
        return None


class HoursReader:
    """Reads hours and collects every fault on the way, each as the path to it and a sentence."""

    def __init__(self) -> None:
        self.faults: list[tuple[str, str]] = []

    def fault(self, path: str, sentence: str) -> None:
        """Note that what stands at `path` is wrong."""
        self.faults.append((path, sentence))

    def unknown_keys(self, path: str, value: dict[str, Any], known: tuple[str, ...]) -> None:
        """Note each key of `value` that is not one of `known`."""
        prefix = f"{path}." if path else ""
        for key in value:
            if key not in known:
                self.fault(f"{prefix}{key}", _("unknown key; known are %(known)s") % {"known": ", ".join(known)})

    def read(self, value: Any) -> Hours | None:
        """The Hours in `value`; None where anything is wrong, with `faults` saying what."""
        if not isinstance(value, dict):
            self.fault("", _("must be a mapping with time_zone, weekly, holidays and exceptions"))
            return None
        self.unknown_keys("", value, ("time_zone", "weekly", "holidays", "exceptions"))
        zone = value.get("time_zone", "UTC")
        if not isinstance(zone, str) or zone not in time_zones():
            self.fault(
                "time_zone", _('"%(zone)s" is not a time zone; write one such as Europe/Berlin') % {"zone": zone}
            )
            zone = "UTC"
        weekly = self.read_week(value.get("weekly"))
        countries, dates = self.read_holidays(value.get("holidays"))
        dates |= self.read_exceptions(value.get("exceptions"))
        return None if self.faults else Hours(ZoneInfo(zone), weekly, countries, dates)

    def read_week(self, value: Any) -> dict[int, tuple[Period, ...]]:
        """The periods of each weekday."""
        if value is None:
            return {}
        if not isinstance(value, dict):
            self.fault("weekly", _("must be a mapping from mon … sun to lists of periods"))
            return {}
        self.unknown_keys("weekly", value, WEEKDAYS)
        return {
            WEEKDAYS.index(day): self.read_periods(f"weekly.{day}", periods)
            for day, periods in value.items()
            if day in WEEKDAYS
        }

    def read_periods(self, path: str, value: Any) -> tuple[Period, ...]:
        """The periods in a list, which must not overlap."""
        if value is None:
            return ()
        if not isinstance(value, list):
            self.fault(path, _('must be a list of periods such as "09:00-17:30"'))
            return ()
        periods = []
        for index, text in enumerate(value):
            period = parse_period(text)
            if period is None:
                self.fault(f"{path}[{index}]", _('"%(text)s" is not a period such as 09:00-17:30') % {"text": text})
            else:
                periods.append(period)
        periods.sort(key=lambda period: period.opens)
        if any(one.closes > other.opens for one, other in pairwise(periods)):
            self.fault(path, _("the periods overlap"))
        return tuple(periods)

    def read_holidays(self, value: Any) -> tuple[tuple[str, ...], dict[date, tuple[Period, ...]]]:
        """Country codes, and the days of holidays of one's own."""
        countries: list[str] = []
        dates: dict[date, tuple[Period, ...]] = {}
        if value is not None and not isinstance(value, list):
            self.fault("holidays", _("must be a list of country codes or of holidays"))
            value = None
        for index, item in enumerate(value or []):
            path = f"holidays[{index}]"
            if isinstance(item, dict):
                dates |= self.read_date(path, item)
            elif isinstance(item, str) and item in countries_with_holidays():
                countries.append(item)
            else:
                self.fault(
                    path, _('"%(item)s" is not a country with known holidays; write one such as US') % {"item": item}
                )
        return tuple(countries), dates

    def read_exceptions(self, value: Any) -> dict[date, tuple[Period, ...]]:
        """The days whose hours are not those of the week."""
        if value is None:
            return {}
        if not isinstance(value, list):
            self.fault("exceptions", _("must be a list of days with their hours"))
            return {}
        dates: dict[date, tuple[Period, ...]] = {}
        for index, item in enumerate(value):
            if isinstance(item, dict):
                dates |= self.read_date(f"exceptions[{index}]", item)
            else:
                self.fault(f"exceptions[{index}]", _("must be a mapping with date, hours and name"))
        return dates

    def read_date(self, path: str, item: dict[str, Any]) -> dict[date, tuple[Period, ...]]:
        """One day with its own hours; no hours means closed."""
        self.unknown_keys(path, item, ("name", "date", "hours"))
        day = parse_day(item.get("date"))
        if day is None:
            self.fault(f"{path}.date", _('"%(date)s" is not a day such as 2027-01-02') % {"date": item.get("date")})
        if not isinstance(item.get("name", ""), str | None):
            self.fault(f"{path}.name", _("must be text"))
        periods = self.read_periods(f"{path}.hours", item.get("hours"))
        return {} if day is None else {day: periods}


def find_faults(value: Any) -> list[tuple[str, str]]:
    """What is wrong with hours as someone wrote them: pairs of path and sentence, empty where nothing is."""
    reader = HoursReader()
    reader.read(value)
    return reader.faults


def parse_hours(value: dict[str, Any]) -> Hours:
    """The Hours in a stored value. Raises ValueError where it is ill-formed, which no door lets happen."""
    reader = HoursReader()
    hours = reader.read(value)
    if hours is None:
        raise ValueError(f"hours are ill-formed: {reader.faults}")
    return hours

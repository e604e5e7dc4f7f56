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
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, lru_cache
from itertools import pairwise
from math import ceil
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import holidays as country_calendars
from django.utils.translation import gettext as _
from holidays.registry import COUNTRIES

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
PERIOD = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)|([01]\d|2[0-3]):([0-5]\d)-24:00", re.ASCII)
DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


@dataclass(frozen=True)
class Period:
    """From `opens` (inclusive) to `closes` (exclusive), in minutes after the midnight that begins its day."""

    opens: int
    closes: int  # beyond 1,440 where it runs past midnight


@dataclass(frozen=True)
class SpecialDay:
    """A day whose hours are not those of its weekday, whoever wrote that down."""

    periods: tuple[Period, ...]
    name: str = ""
    is_holiday: bool = False  # a holiday of one's own; otherwise an exception


@dataclass(frozen=True)
class Span:
    """From `starts` (inclusive) to `ends` (exclusive), both in UTC."""

    starts: datetime
    ends: datetime


@dataclass(frozen=True)
class ClockChange:
    """Clocks that show `at` on a day are set forward `by` so much, or back where it is negative."""

    at: time
    by: timedelta


# How far ahead it is looked whether a door opens or closes again, beyond all days that are written down.
HORIZON = timedelta(days=400)
# Nowhere have clocks been changed twice within this time.
BETWEEN_CLOCK_CHANGES = timedelta(hours=12)


@dataclass(frozen=True)
class Hours:
    """Parsed opening hours. `is_open()` is what they are for."""

    zone: ZoneInfo
    weekly: dict[int, tuple[Period, ...]] = field(default_factory=dict)
    countries: tuple[str, ...] = ()
    dates: dict[date, SpecialDay] = field(default_factory=dict)

    def periods_on(self, day: date) -> tuple[Period, ...]:
        """The periods that begin on `day`; empty where it is closed."""
        if day in self.dates:
            return self.dates[day].periods
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

    def next_change(self, at: datetime) -> datetime | None:
        """The first moment after `at` (aware) from which `is_open` is no longer what it is at `at`.

        None where that stays so for more than a year, and past every day that is written down.
        """
        is_open, since = self.is_open(at), at.astimezone(UTC)
        last_day = max(self.dates, default=date.min)
        end = max(since + HORIZON, midnight_in_utc(last_day) + timedelta(days=4))
        length = timedelta(days=8)
        while since < end:
            spans = self.open_spans(since, since + length)
            if not is_open and spans:
                return spans[0].starts
            if is_open and (not spans or spans[0].starts > since):
                return since
            if is_open and spans[0].ends < since + length:
                return spans[0].ends
            since += length
            length *= 2
        return None

    def open_spans(self, start: datetime, end: datetime) -> list[Span]:
        """When it is open between two moments (aware), in order, and none touching the next.

        What the wall clock skips is in none of them; what it shows twice is in them twice.
        """
        first, last = (at.astimezone(self.zone).date() for at in (start, end))
        days = [first + timedelta(days=number) for number in range(-1, (last - first).days + 1)]
        return self._spans_of(days, start.astimezone(UTC), end.astimezone(UTC))

    def open_time_of(self, day: date) -> timedelta:
        """How long the periods of `day` last by a clock that nobody sets forward or back."""
        start = midnight_in_utc(day) - timedelta(days=1)
        spans = self._spans_of([day], start, start + timedelta(days=4))
        return sum((span.ends - span.starts for span in spans), timedelta())

    def clock_change_on(self, day: date) -> ClockChange | None:
        """How clocks in the zone are set on `day`; None where they are not."""
        start, end = (
            datetime.combine(one, time.min, tzinfo=self.zone).astimezone(UTC) for one in (day, day + timedelta(days=1))
        )
        before = datetime.combine(day, time.min, tzinfo=self.zone).utcoffset()
        # Where the very midnight is skipped, the moment at which it would have come has the new offset already.
        for begins, _ends, offset in stretches(self.zone, start, end):
            if before is not None and offset != before:
                return ClockChange((begins + before).time(), offset - before)
        return None

    def _spans_of(self, days: list[date], start: datetime, end: datetime) -> list[Span]:
        """When the periods of `days` are open between two moments (UTC)."""
        walls = [
            (
                midnight_in_utc(day) + timedelta(minutes=period.opens),
                midnight_in_utc(day) + timedelta(minutes=period.closes),
            )
            for day in days
            for period in self.periods_on(day)
        ]
        found = sorted(
            (max(begins, opens - offset), min(ends, closes - offset))
            for begins, ends, offset in stretches(self.zone, start, end)
            for opens, closes in walls
        )
        spans: list[Span] = []
        for starts, ends in found:
            if starts >= ends:
                continue
            if spans and starts <= spans[-1].ends:
                spans[-1] = Span(spans[-1].starts, max(ends, spans[-1].ends))
            else:
                spans.append(Span(starts, ends))
        return spans


def midnight_in_utc(day: date) -> datetime:
    """Midnight of `day` as if the wall clock showed UTC."""
    return datetime.combine(day, time.min, tzinfo=UTC)


def stretches(zone: ZoneInfo, start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime, timedelta]]:
    """The time between two moments (UTC) cut where clocks in `zone` are set: beginnings, ends, and offsets from UTC."""

    def offset_at(at: datetime) -> timedelta:
        return at.astimezone(zone).utcoffset() or timedelta()

    begins, here, offset = start, start, offset_at(start)
    while here < end:
        there = min(here + BETWEEN_CLOCK_CHANGES, end)
        if offset_at(there) == offset:
            here = there
            continue
        before, after = int(here.timestamp()), ceil(there.timestamp())
        while after - before > 1:
            middle = (before + after) // 2
            if offset_at(datetime.fromtimestamp(middle, UTC)) == offset:
                before = middle
            else:
                after = middle
        here = datetime.fromtimestamp(after, UTC)
        if here >= end:
            break
        yield begins, here, offset
        begins, offset = here, offset_at(here)
    yield begins, end, offset


@cache
def time_zones() -> frozenset[str]:
    """The names of all time zones this machine knows."""
    return frozenset(available_timezones())


@cache
def countries_with_holidays() -> frozenset[str]:
    """The codes of all countries whose holidays are known."""
    return frozenset(country_calendars.list_supported_countries())


@cache
def country_names() -> Mapping[str, str]:
    """The English names of the countries whose holidays are known, in the order of the names, by their codes."""
    small = {"And": "and", "Of": "of", "The": "the", "Dr": "DR", "Hongkong": "Hong Kong"}
    names = {
        codes[1]: " ".join(small.get(word, word) for word in module.replace("_", " ").title().split())
        for module, codes in COUNTRIES.items()
        if codes[1] in countries_with_holidays()
    }
    return MappingProxyType(dict(sorted(names.items(), key=lambda item: item[1])))


@lru_cache(maxsize=256)
def holidays_of(country: str, year: int) -> Mapping[date, str]:
    """The public holidays of `country` in `year`, with their names, in English where the library has them in it.

    A value, since the library's calendars cannot be shared by threads: one of them counts a year as filled in before
    its days are.
    """
    calendar = country_calendars.country_holidays(country, years=year, expand=False, language="en_US")
    return MappingProxyType(dict(calendar))


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

    def read_holidays(self, value: Any) -> tuple[tuple[str, ...], dict[date, SpecialDay]]:
        """Country codes, and the days of holidays of one's own."""
        countries: list[str] = []
        dates: dict[date, SpecialDay] = {}
        if value is not None and not isinstance(value, list):
            self.fault("holidays", _("must be a list of country codes or of holidays"))
            value = None
        for index, item in enumerate(value or []):
            path = f"holidays[{index}]"
            if isinstance(item, dict):
                dates |= self.read_date(path, item, is_holiday=True)
            elif isinstance(item, str) and item in countries_with_holidays():
                countries.append(item)
            else:
                self.fault(
                    path, _('"%(item)s" is not a country with known holidays; write one such as US') % {"item": item}
                )
        return tuple(countries), dates

    def read_exceptions(self, value: Any) -> dict[date, SpecialDay]:
        """The days whose hours are not those of the week."""
        if value is None:
            return {}
        if not isinstance(value, list):
            self.fault("exceptions", _("must be a list of days with their hours"))
            return {}
        dates: dict[date, SpecialDay] = {}
        for index, item in enumerate(value):
            if isinstance(item, dict):
                dates |= self.read_date(f"exceptions[{index}]", item, is_holiday=False)
            else:
                self.fault(f"exceptions[{index}]", _("must be a mapping with date, hours and name"))
        return dates

    def read_date(self, path: str, item: dict[str, Any], *, is_holiday: bool) -> dict[date, SpecialDay]:
        """One day with its own hours; no hours means closed."""
        self.unknown_keys(path, item, ("name", "date", "hours"))
        day = parse_day(item.get("date"))
        if day is None:
            self.fault(f"{path}.date", _('"%(date)s" is not a day such as 2027-01-02') % {"date": item.get("date")})
        name = item.get("name", "")
        if not isinstance(name, str | None):
            self.fault(f"{path}.name", _("must be text"))
        periods = self.read_periods(f"{path}.hours", item.get("hours"))
        return {} if day is None else {day: SpecialDay(periods, str(name or ""), is_holiday)}


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

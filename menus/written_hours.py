"""Opening hours as people write them in the fields of a page, and the stored value they come to.

What is written is kept as it is until it is right, so that whoever reads what is wrong sees their own words.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any

from django.utils.translation import gettext as _

from ccai.api.parsing import has_unstorable_text
from menus.hours import WEEKDAYS, country_names, find_faults, parse_period

# 9-17, 9:00 – 17:00, 0900-1700, 9.30-24: whatever can only be meant in one way.
SPELLING = re.compile(r"(\d{1,2})(?:[:.h]?(\d\d))?\s*[-–—]\s*(\d{1,2})(?:[:.h]?(\d\d))?", re.ASCII)
DASH = "–"
BETWEEN_PERIODS = re.compile(r"[,;]\s*")


@dataclass(frozen=True)
class WrittenDay:
    """A day with hours of its own, as it is written."""

    date: str = ""
    name: str = ""
    hours: str = ""  # periods with commas between them; empty: closed


@dataclass(frozen=True)
class WrittenHours:
    """Everything that is written in the fields."""

    always_open: bool = False
    time_zone: str = ""
    weekly: Mapping[str, Sequence[str]] = field(default_factory=dict)
    countries: Sequence[str] = ()
    holidays: Sequence[WrittenDay] = ()
    exceptions: Sequence[WrittenDay] = ()

    def __str__(self) -> str:
        return json.dumps(self.value(), ensure_ascii=False)

    @classmethod
    def of(cls, value: Any, time_zone: str = "UTC") -> "WrittenHours":
        """The fields filled in with stored hours; without any it is always open, and `time_zone` is proposed."""
        if not isinstance(value, dict):
            return cls(always_open=value is None, time_zone=time_zone)
        holidays = _list(value.get("holidays"))
        weekly = value.get("weekly")
        return cls(
            time_zone=str(value.get("time_zone", "UTC")),
            weekly={
                day: tuple(shown_text(str(text)) for text in _list(weekly.get(day)))
                for day in WEEKDAYS
                if isinstance(weekly, dict) and weekly.get(day)
            },
            countries=tuple(shown_country(str(item)) for item in holidays if not isinstance(item, dict)),
            holidays=tuple(_written_day(item) for item in holidays if isinstance(item, dict)),
            exceptions=tuple(_written_day(item) for item in _list(value.get("exceptions")) if isinstance(item, dict)),
        )

    @classmethod
    def sent(cls, name: str, texts: Callable[[str], list[str]]) -> "WrittenHours":
        """What a browser sends for the field `name`; `texts` gives all that came under a key. Empty rows are none."""

        def filled(key: str) -> tuple[str, ...]:
            return tuple(text.strip() for text in texts(f"{name}-{key}") if text.strip())

        def days(key: str) -> tuple[WrittenDay, ...]:
            columns = ([text.strip() for text in texts(f"{name}-{key}-{part}")] for part in ("date", "name", "hours"))
            return tuple(WrittenDay(*row) for row in zip_longest(*columns, fillvalue="") if any(row))

        return cls(
            always_open=bool(texts(f"{name}-always_open")),
            time_zone="".join(filled("time_zone")),
            weekly={day: periods for day in WEEKDAYS if (periods := filled(day))},
            countries=filled("country"),
            holidays=days("holiday"),
            exceptions=days("exception"),
        )

    def value(self) -> dict[str, Any] | None:
        """The value to store, right or wrong; None where it is always open."""
        if self.always_open:
            return None
        holidays = [country_code(text) for text in self.countries] + [_stored_day(day) for day in self.holidays]
        value: dict[str, Any] = {
            "time_zone": self.time_zone,
            "weekly": {day: [stored_text(text) for text in periods] for day, periods in self.weekly.items()},
        }
        if holidays:
            value["holidays"] = holidays
        if self.exceptions:
            value["exceptions"] = [_stored_day(day) for day in self.exceptions]
        return value

    def faults(self) -> dict[str, list[str]]:
        """What is wrong, by the place: `time_zone`, `mon`, `mon[1]`, `country[0]`, `holiday[0]`, `exception[2]`."""
        value = self.value()
        if value is None:
            return {}
        found: dict[str, list[str]] = {}
        for path, sentence in find_faults(value):
            place = self._place(path)
            if sentence not in found.setdefault(place, []):
                found[place].append(sentence)
        for place, days in (("holiday", self.holidays), ("exception", self.exceptions)):
            dates = [day.date for day in days]
            for index, day in enumerate(days):
                if has_unstorable_text([day.name]):
                    found.setdefault(f"{place}[{index}]", []).append(
                        _("There is a character in it that cannot be stored. Write it anew.")
                    )
                if day.date and day.date in dates[:index]:
                    found.setdefault(f"{place}[{index}]", []).append(_("This day is written twice. Keep one of them."))
        return found

    def sentences(self) -> list[str]:
        """Every fault as a sentence that says where it is."""
        return [f"{place_name(place)}: {sentence}" for place, those in self.faults().items() for sentence in those]

    def _place(self, path: str) -> str:
        """Where on the page stands what stands at `path` of the value."""
        key, _dot, rest = path.partition(".")
        if key == "weekly":
            return rest
        if key.startswith("holidays["):
            index = int(key[9:-1])
            own = index - len(self.countries)
            return f"country[{index}]" if own < 0 else f"holiday[{own}]"
        return key.replace("exceptions[", "exception[")


def place_name(place: str) -> str:
    """What the page calls a place."""
    key = place.partition("[")[0]
    names = {
        "time_zone": _("Time zone"),
        "mon": _("Monday"),
        "tue": _("Tuesday"),
        "wed": _("Wednesday"),
        "thu": _("Thursday"),
        "fri": _("Friday"),
        "sat": _("Saturday"),
        "sun": _("Sunday"),
        "country": _("Public holidays"),
        "holiday": _("Own holidays"),
        "exception": _("Exceptions"),
    }
    return names.get(key, key)


def stored_text(text: str) -> str:
    """A period as it is stored, `09:00-17:00`, where `text` can only mean that; else `text`."""
    match = SPELLING.fullmatch(text)
    if match is None:
        return text
    opens, closes = (f"{int(hour):02}:{minute or '00'}" for hour, minute in (match.group(1, 2), match.group(3, 4)))
    # 9-5 may be meant as an office day or as a night.
    if (match[2] is None or match[4] is None) and closes <= opens:
        return text
    return f"{opens}-{closes}" if parse_period(f"{opens}-{closes}") else text


def shown_text(text: str) -> str:
    """A stored period as the page writes it, `09:00–17:00`; what is none stays as it is."""
    return text.replace("-", DASH) if parse_period(text) else text


def country_code(text: str) -> str:
    """The code of the country that `text` names, as `US`, `United States` or `United States (US)`; else `text`."""
    names = country_names()
    if text in names:
        return text
    for code, name in names.items():
        if text.casefold() in (name.casefold(), shown_country(code).casefold(), code.casefold()):
            return code
    return text


def shown_country(code: str) -> str:
    """`United States (US)`; what is no code of a country stays as it is."""
    name = country_names().get(code)
    return f"{name} ({code})" if name else code


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _written_day(item: Mapping[str, Any]) -> WrittenDay:
    periods = [shown_text(str(text)) for text in _list(item.get("hours"))]
    return WrittenDay(str(item.get("date", "")), str(item.get("name") or ""), ", ".join(periods))


def _stored_day(day: WrittenDay) -> dict[str, Any]:
    periods = [stored_text(text) for text in BETWEEN_PERIODS.split(day.hours) if text]
    stored: dict[str, Any] = {"date": day.date, "hours": periods}
    return {**stored, "name": day.name} if day.name else stored

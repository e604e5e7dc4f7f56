"""The fields in which people write opening hours, and the preview of the days they make."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe

from ccai.times import now
from menus.hours import Hours, country_names, parse_hours, parse_period, time_zones
from menus.preview import hours_sentence, next_days
from menus.written_hours import WEEKDAYS, WrittenDay, WrittenHours, place_name, shown_country, stored_text

FIELD = "hours"


class PeriodRow(NamedTuple):
    """One period of a weekday, as the grid shows it."""

    text: str
    faults: list[str]
    past_midnight: bool


class WeekdayRow(NamedTuple):
    """One weekday of the grid."""

    day: str
    name: str
    next_name: str  # the day after
    periods: list[PeriodRow]
    faults: list[str]


class TextRow(NamedTuple):
    """One country."""

    text: str
    faults: list[str]


class DayRow(NamedTuple):
    """One holiday of one's own, or one exception."""

    day: WrittenDay
    faults: list[str]


class HoursWidget(forms.Widget):
    """Opening hours as a weekly grid, holidays and exceptions. Works without a script: there are empty fields to spare.

    All fields of a kind have one name, so a row more or less changes no other.
    """

    template_name = "admin/menus/menu/hours.html"
    use_fieldset = True

    def value_from_datadict(self, data: Mapping[str, Any], files: Any, name: str) -> WrittenHours | None:
        """Everything that was written; None where a program has sent a form without hours in it."""
        if self.value_omitted_from_data(data, files, name):
            return None

        def texts(key: str) -> list[str]:
            found = data.getlist(key) if hasattr(data, "getlist") else data.get(key, [])
            return [found] if isinstance(found, str) else list(found)

        return WrittenHours.sent(name, texts)

    def value_omitted_from_data(self, data: Mapping[str, Any], files: Any, name: str) -> bool:
        """True where the form has no hours in it: a browser always sends the time zone."""
        return f"{name}-time_zone" not in data

    def id_for_label(self, id_: str | None) -> str:
        """No field of the many is the one."""
        return ""

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        """The fields, each with what is wrong in it."""
        context = {**self.get_context(name, value, attrs), **fields_context(name, value)}
        return mark_safe(render_to_string(self.template_name, context))  # noqa: S308


def fields_context(name: str, written: WrittenHours) -> dict[str, Any]:
    """What the template of the fields shows."""
    faults = written.faults()
    # What is only proposed, beside hours that are not used, is not at fault.
    names = [place_name(day) for day in WEEKDAYS]
    week = [
        WeekdayRow(
            day=day,
            name=names[number],
            next_name=names[(number + 1) % 7],
            periods=[
                PeriodRow(text, faults.get(f"{day}[{index}]", []), runs_past_midnight(text))
                for index, text in enumerate(written.weekly.get(day, ()))
            ],
            faults=faults.get(day, []),
        )
        for number, day in enumerate(WEEKDAYS)
    ]
    return {
        "name": name,
        "written": written,
        "week": week,
        "zone_faults": faults.get("time_zone", []),
        "country_rows": [
            TextRow(text, faults.get(f"country[{index}]", [])) for index, text in enumerate(written.countries)
        ],
        "holiday_rows": day_rows("holiday", written.holidays, faults),
        "exception_rows": day_rows("exception", written.exceptions, faults),
        "time_zones": sorted(time_zones()),
        "countries": [shown_country(code) for code in country_names()],
    }


def day_rows(place: str, days: Any, faults: Mapping[str, list[str]]) -> list[DayRow]:
    """The rows of `days`, each with every fault in it."""
    return [
        DayRow(
            day,
            [
                sentence
                for path, sentences in faults.items()
                if path == f"{place}[{index}]" or path.startswith(f"{place}[{index}].")
                for sentence in sentences
            ],
        )
        for index, day in enumerate(days)
    ]


def runs_past_midnight(text: str) -> bool:
    """True where the period in `text` ends on the next day."""
    period = parse_period(stored_text(text))
    return period is not None and period.closes > 1_440


class HoursField(forms.Field):
    """Opening hours. What is wrong with them is said fault by fault, and what was written stays."""

    widget = HoursWidget

    def prepare_value(self, value: Any) -> WrittenHours:
        """The fields' contents: as they were sent, or filled in with stored hours."""
        return value if isinstance(value, WrittenHours) else WrittenHours.of(value, settings.TIME_ZONE)

    def bound_data(self, data: WrittenHours | None, initial: Any) -> Any:
        """What was written, and what is stored where nothing was."""
        return initial if data is None else data

    def clean(self, value: WrittenHours | dict[str, Any] | None) -> dict[str, Any] | None:
        """The value to store; None is always open. Raises ValidationError, with every fault.

        Stored hours, which a field takes that is not to be changed, stay as they are.
        """
        if not isinstance(value, WrittenHours):
            return value
        sentences = value.sentences()
        if sentences:
            raise ValidationError(sentences)
        return value.value()

    def has_changed(self, initial: Any, data: WrittenHours | None) -> bool:
        """True where what is written is not what the stored hours look like."""
        return data is not None and self.prepare_value(initial) != data


def preview_context(hours: Hours | None, at: datetime) -> dict[str, Any]:
    """What the preview of the next days shows."""
    days = next_days(hours, at)
    sentence = hours_sentence(hours, at) if hours is not None else ""
    return {"days": days, "zone": hours.zone.key if hours else "", "sentence": sentence}


def preview_of(value: Any, at: datetime) -> SafeString:
    """The next days of stored hours."""
    return render_preview(preview_context(parse_hours(value) if value is not None else None, at))


def render_preview(context: dict[str, Any]) -> SafeString:
    """The preview as HTML."""
    return mark_safe(render_to_string("admin/menus/menu/hours_preview.html", context))  # noqa: S308


def preview_page(request: HttpRequest) -> HttpResponse:
    """The next days of the hours that are sent, as the part of the page that shows them; nothing is stored."""
    written = HoursWidget().value_from_datadict(request.POST, None, FIELD) or WrittenHours()
    sentences = written.sentences()
    if sentences:
        return HttpResponse(render_preview({"faults": sentences}))
    return HttpResponse(preview_of(written.value(), now()))

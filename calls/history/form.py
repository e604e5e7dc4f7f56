"""What the history can be asked for: the fields of its page, which are the parameters of its address.

What cannot be understood is said at its field, and nothing is shown until it is put right: a list that is not what was
asked for misleads.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AutocompleteSelectMultiple
from django.core.exceptions import ValidationError
from django.db.models import CharField, Value
from django.db.models.functions import Cast
from django.http import QueryDict
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from agents.models import Agent, Language
from calls.history.columns import COLUMNS, DEFAULT, FLAGS
from calls.history.searching import Place
from calls.models import Call, CallType, Channel, Deflection, Disposition, FailReason, Status
from calls.scope import Scope
from ccai.admin import is_id
from ccai.times import midnight
from menus.models import Menu

PER_PAGE = ("50", "25", "100")
DURATION = re.compile(r"(?:(?:(\d{1,3}):)?(\d{1,3}):)?(\d{1,6})", re.ASCII)
# Parameters that say which page of what was asked for is shown, and are no part of what was asked for.
PLACE_IN_LIST = ("cursor",)


class Span:
    """The spans of time that have a name; `days` are counted with today, in the center."""

    TODAY, YESTERDAY, WEEK, MONTH = "today", "yesterday", "7d", "30d"
    CHOICES: tuple[tuple[str, str | Promise], ...] = (
        ("", _("Any time")),
        (TODAY, _("Today")),
        (YESTERDAY, _("Yesterday")),
        (WEEK, _("Last 7 days")),
        (MONTH, _("Last 30 days")),
    )

    @classmethod
    def days(cls, name: str, today: date) -> tuple[date, date]:
        """The first and the last day of the span called `name`."""
        back = {cls.TODAY: 0, cls.YESTERDAY: 1, cls.WEEK: 6, cls.MONTH: 29}[name]
        return today - timedelta(days=back), today - timedelta(days=1) if name == cls.YESTERDAY else today


class Duration(forms.CharField):
    """Seconds, written as the page shows them: `4:05`, `1:04:05`, or a number of seconds."""

    def to_python(self, value: Any) -> Any:
        """The seconds; None where nothing is written. ValidationError where it is no duration."""
        text = super().to_python(value)
        if not text:
            return None
        match = DURATION.fullmatch(text)
        if match is None:
            raise ValidationError(_("Write minutes and seconds, such as 4:05, or a number of seconds."))
        hours, minutes, seconds = (int(part or 0) for part in match.groups())
        return min(hours * 3600 + minutes * 60 + seconds, 2**31 - 1)


def is_key(value: Any) -> bool:
    """True where `value` could be the id of a row."""
    return is_id(str(value)) and int(value) < 2**63


class KeyChoices(forms.ModelMultipleChoiceField):
    """Rows chosen by their ids."""

    default_error_messages = {
        "invalid_choice": _("There is none with the id %(value)s."),
        "invalid_pk_value": _("%(pk)s is no id."),
    }

    def clean(self, value: Any) -> Any:
        """The rows. ValidationError where there is no such row, or no such id."""
        for key in value or ():
            if not is_key(key):
                raise ValidationError(self.error_messages["invalid_pk_value"], params={"pk": key})
        return super().clean(value)


class PathChoices(KeyChoices):
    """Menus, shown with the way to each."""

    paths: dict[int, str]  # of one page, which shows a menu more than once

    def label_from_instance(self, obj: Any) -> str:
        """The menu's path."""
        if obj.pk not in self.paths:
            self.paths[obj.pk] = obj.path()["name"]
        return self.paths[obj.pk]


class KeyWidget(AutocompleteSelectMultiple):
    """Rows, found by part of their name. What is no id is not shown as chosen."""

    def optgroups(self, name: str, value: Any, attr: Any = None) -> Any:
        """Those that are chosen."""
        return super().optgroups(name, [key for key in value if is_key(key)], attr)


class PathWidget(KeyWidget):
    """Menus, found by part of their name."""

    url_name = "%s:menus_menu_paths"


def choices(label: Any, values: Sequence[tuple[Any, Any]] = ()) -> forms.MultipleChoiceField:
    """A field of any number of `values`, each a box to tick."""
    return forms.MultipleChoiceField(
        label=label, choices=values, required=False, widget=forms.CheckboxSelectMultiple(attrs={"class": "tick"})
    )


def found_by_name(name: str, label: str | Promise, model: Any, *, by_path: bool = False) -> KeyChoices:
    """A field of any number of menus or agents, which are too many to be listed."""
    field, widget = (PathChoices, PathWidget) if by_path else (KeyChoices, KeyWidget)
    attrs = {"class": "unfold-filter-autocomplete"}
    return field(
        label=label,
        queryset=model.objects.all(),
        required=False,
        widget=widget(Call._meta.get_field(name), admin.site, attrs=attrs),
    )


class HistoryForm(forms.Form):
    """All that the history can be asked for."""

    q = forms.CharField(label=_("Search"), required=False, max_length=255)
    place = forms.ChoiceField(
        label=_("Look in"),
        required=False,
        choices=(
            (Place.ANYWHERE.value, _("Everything")),
            (Place.NUMBER.value, _("Numbers")),
            (Place.TICKET.value, _("Tickets")),
            (Place.END_USER.value, _("End users")),
            (Place.AGENT.value, _("Agents")),
            (Place.CALL.value, _("Call ids")),
        ),
    )
    span = forms.ChoiceField(label=_("Created"), required=False, choices=Span.CHOICES)
    since = forms.DateField(label=_("From"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(label=_("To"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    status = choices(_("Status"), Status.choices)
    type = choices(_("Type"), CallType.choices)
    channel = choices(_("Channel"), Channel.choices)
    why = choices(_("Fail reason"), [choice for choice in FailReason.choices if choice[0] != FailReason.NOTHING])
    deflection = choices(
        _("Deflection"), [choice for choice in Deflection.choices if choice[0] != Deflection.NO_DEFLECTION]
    )
    flag = choices(_("Flags"), list(FLAGS.items()))
    rating = choices(_("Rating"), [(str(stars), "★" * stars) for stars in range(5, 0, -1)])
    lang = choices(_("Language"))
    disposition = choices(_("Disposition"))
    team = choices(_("Team"))
    menu = found_by_name("menu", _("Menu, with all below it"), Menu, by_path=True)
    agent = found_by_name("agent", _("Agent"), Agent)
    longer = Duration(label=_("Talked from"), required=False)
    shorter = Duration(label=_("Talked to"), required=False)
    columns = choices(_("Columns"), [(column.key, column.title) for column in COLUMNS.values()])
    per = forms.ChoiceField(label=_("Calls a page"), required=False, choices=[(size, size) for size in PER_PAGE])
    cursor = forms.CharField(required=False, widget=forms.HiddenInput)

    # The fields that narrow the list, in the order of the page; the search and the columns are not among them.
    FILTERS = (
        "span", "since", "until", "status", "type", "channel", "menu", "agent", "team", "lang", "why", "deflection",
        "flag", "rating", "longer", "shorter", "disposition",
    )  # fmt: skip

    data: QueryDict

    def __init__(self, data: QueryDict, *, scope: Scope) -> None:
        super().__init__(data)
        for name, values in listed(scope).items():
            self.fields[name].choices = values  # type: ignore[attr-defined]
        self.fields["menu"].queryset = scope.queues()  # type: ignore[attr-defined]
        self.fields["menu"].paths = {}  # type: ignore[attr-defined]
        self.fields["agent"].queryset = scope.agents().select_related("user").distinct()  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """What was asked for. A span of time has one definition, and ends after it began."""
        cleaned = super().clean() or {}
        unknown = sorted(set(self.data) - set(self.fields))
        if unknown:
            raise ValidationError(
                _("The address asks for something that the history does not know: %(names)s."),
                params={"names": ", ".join(unknown)},
            )
        since, until = cleaned.get("since"), cleaned.get("until")
        if cleaned.get("span") and (since or until):
            self.add_error("span", _("Choose a span of time, or days of your own, and not both."))
        if since and until and until < since:
            self.add_error("until", _("The last day is before the first."))
        longer, shorter = cleaned.get("longer"), cleaned.get("shorter")
        if longer is not None and shorter is not None and shorter < longer:
            self.add_error("shorter", _("This is shorter than the shortest."))
        return cleaned

    def bounds(self) -> tuple[datetime | None, datetime | None]:
        """The moments from which, and before which, calls were created; None where there is no such bound."""
        first, last = self.cleaned_data["since"], self.cleaned_data["until"]
        if self.cleaned_data["span"]:
            first, last = Span.days(self.cleaned_data["span"], timezone.localdate())
        # Nobody called before there were such centers, and the calendar ends after the last of them.
        begin = midnight(first) if first and first.year >= 1970 else None
        end = midnight(max(last, date(1970, 1, 1)) + timedelta(days=1)) if last and last.year < date.max.year else None
        return begin, end

    def column_keys(self) -> list[str]:
        """The columns that are shown, in the order of the page; the usual ones where none is chosen."""
        chosen = set(self.cleaned_data.get("columns") or ()) if self.is_bound and self.is_valid() else set()
        return [key for key in COLUMNS if key in (chosen or DEFAULT)]

    def address(self, **changes: Sequence[str]) -> str:
        """The query of the address that asks for the same, with `changes`, the first page, and nothing empty in it."""
        query = QueryDict(mutable=True)
        for name in self.fields:
            values = changes.get(name, () if name in PLACE_IN_LIST else self.data.getlist(name))
            values = [value for value in values if value.strip()]
            if values:
                query.setlist(name, values)
        return query.urlencode()

    def filters(self) -> list[forms.BoundField]:
        """The fields that narrow the list, but those that there is nothing to choose from in."""
        fields = [self[name] for name in self.FILTERS]
        return [
            field
            for field in fields
            if field.value() or not isinstance(field.field, forms.MultipleChoiceField) or field.field.choices
        ]

    def chosen(self) -> Iterable[tuple[str, str | Promise, str, str]]:
        """Each filter that is on: its field, what that is called, the value in words, the address without it."""
        for name in self.FILTERS:
            field = self.fields[name]
            values = [value for value in self.data.getlist(name) if value.strip()]
            for value in dict.fromkeys(values):
                others = [other for other in values if other != value]
                yield name, field.label or name, self.in_words(name, value), self.address(**{name: others})

    def in_words(self, name: str, value: str) -> str:
        """What `value` of the field `name` is called on the page."""
        field = self.fields[name]
        if isinstance(field, forms.ModelMultipleChoiceField):
            found = next((thing for thing in self.cleaned_data.get(name, ()) if str(thing.pk) == value), None)
            return value if found is None else field.label_from_instance(found)
        if isinstance(field, forms.ChoiceField):
            return str(dict(field.choices).get(value, value))  # type: ignore[arg-type]
        return value


def listed(scope: Scope) -> dict[str, list[tuple[str, str]]]:
    """The teams that are seen, and the dispositions and languages there are, as choices; in one statement."""

    def names(kind: str, things: Any, key: str, name: str) -> Any:
        text = CharField()
        return things.order_by().values_list(Value(kind, text), Cast(key, text), Cast(name, text))

    found: dict[str, list[tuple[str, str]]] = {"team": [], "disposition": [], "lang": []}
    rows = names("team", scope.agent_teams(), "pk", "name").union(
        names("disposition", Disposition.objects, "pk", "name"),
        names("lang", Language.objects, "code", "code"),
        all=True,
    )
    for kind, key, name in rows:
        found[kind].append((key, name))
    for values in found.values():
        values.sort(key=lambda choice: choice[1].casefold())
    return found

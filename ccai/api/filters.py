"""What a list can be asked for, on django-filter, in the manner of contract section 7.

Each filter may be repeated, or written `name[]=`. A value that cannot be one is refused with its field's sentence, an
id nobody has finds nothing, and a parameter that means nothing here is passed over.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import QueryDict

from ccai.api.parsing import has_unstorable_text
from ccai.errors import NOT_WELL_FORMED, Refused
from ccai.phones import parse_phone
from ccai.times import parse_time

# From the text of a parameter to its value, or None where it cannot be one.
Reader = Callable[[str], Any]

BOOLEANS = {"true": True, "false": False}


@dataclass(frozen=True)
class OneOf:
    """A reader of the words of a vocabulary."""

    words: tuple[str, ...]

    def __call__(self, value: str) -> str | None:
        """The word, where it is one."""
        return value if value in self.words else None


def one_of(*words: str) -> OneOf:
    """A reader of these words."""
    return OneOf(words)


def read_pk(value: str) -> int | None:
    """An id; 0, which nobody has, where it is beyond 64 bits."""
    digits = value.strip()
    if not (digits.isascii() and digits.isdigit()):
        return None
    return int(digits) if len(digits) < 19 else 0


def read_boolean(value: str) -> bool | None:
    """`true` or `false`."""
    return BOOLEANS.get(value)


def read_number(value: str) -> str | None:
    """A phone number as E.164. In a query string a bare `+` arrives as a space; what it meant is plain."""
    return parse_phone(f"+{value[1:]}" if value.startswith(" ") else value)


def read_word(value: str) -> str | None:
    """Any text that a column could hold."""
    value = value.strip()
    return None if not value or has_unstorable_text(value) else value


class ReadValues(forms.Field):
    """A form field of any number of values, each read by `reader`."""

    widget = forms.SelectMultiple

    def __init__(self, *, reader: Reader, **kwargs: Any) -> None:
        self.reader = reader
        super().__init__(**{**kwargs, "required": False})

    def clean(self, value: Sequence[str] | None) -> list[Any]:
        """The values; raises ValidationError where one cannot be read."""
        values = [self.reader(text) for text in value or ()]
        if any(read is None for read in values):
            raise ValidationError("not well formed")
        return values


class AnyOf(django_filters.Filter):
    """Rows whose column is any of the values given."""

    field_class = ReadValues

    def filter(self, qs: QuerySet[Any], value: list[Any]) -> QuerySet[Any]:
        """`qs`, narrowed where anything was given."""
        if not value:
            return qs
        # One value is compared for equality, so that the planner can walk an index in the order of the page.
        condition = {self.field_name: value[0]} if len(value) == 1 else {f"{self.field_name}__in": value}
        return qs.filter(**condition)


class Bound(django_filters.Filter):
    """Rows whose time is on one side of a moment."""

    field_class = ReadValues

    def filter(self, qs: QuerySet[Any], value: list[Any]) -> QuerySet[Any]:
        """`qs`, narrowed by each moment given."""
        for moment in value:
            qs = qs.filter(**{f"{self.field_name}__{self.lookup_expr}": moment})
        return qs


def time_filters(bound: type[Bound] = Bound, **columns: str) -> dict[str, Bound]:
    """Filters `name[from]` (inclusive) and `name[to]` (exclusive) for each `name` and the column it stands for."""
    filters = {}
    for name, column in columns.items():
        filters[f"{name}[from]"] = bound(field_name=column, lookup_expr="gte", reader=parse_time)
        filters[f"{name}[to]"] = bound(field_name=column, lookup_expr="lt", reader=parse_time)
    return filters


def narrowed(queryset: QuerySet[Any], params: QueryDict, filters: type[django_filters.FilterSet]) -> QuerySet[Any]:
    """The rows of `queryset` that `params` ask for. Refused with the sentence of the first ill-formed filter."""
    plain = QueryDict(mutable=True)
    for name, values in params.lists():
        known = name.removesuffix("[]")
        plain.setlist(known, plain.getlist(known) + values)
    asked = filters(plain, queryset=queryset)
    if not asked.is_valid():
        raise Refused(NOT_WELL_FORMED, field=next(iter(asked.errors)))
    return asked.qs

"""What GET /calls can be asked for (contract section 7), on django-filter.

Each filter may be repeated, or written `name[]=`. A value that cannot be one is refused with its field's sentence, an
id nobody has finds nothing.
"""

from collections.abc import Sequence
from typing import Any

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.db.models.functions import Lower
from django.http import QueryDict

from agents.languages import base_code
from agents.models import Agent
from calls.models import Call, CallType, FailReason, Status
from calls.serializers import CALL_TYPES, Id, read_id
from ccai.api.parsing import has_unstorable_text
from ccai.errors import NOT_WELL_FORMED, Refused
from ccai.phones import parse_phone
from ccai.times import parse_time

TIME_COLUMNS = ("created_at", "updated_at", "scheduled_at", "ends_at")


def one_of(*words: str) -> "Reader":
    """A reader of the words of a vocabulary."""
    known = frozenset(words)

    def read(value: str) -> str | None:
        return value if value in known else None

    return read


def read_call_type(value: str) -> str | None:
    """A call type by its label or alias."""
    return CALL_TYPES.get(value) or (value if value in CallType.values else None)


def read_pk(value: str) -> int | None:
    """An id; 0, which nobody has, where it is beyond 64 bits."""
    parsed = read_id(value)
    if not isinstance(parsed, Id):
        return None
    return parsed.pk if parsed.pk is not None else 0


def read_number(value: str) -> str | None:
    """A phone number as E.164. In a query string a bare `+` arrives as a space; what it meant is plain."""
    return parse_phone(f"+{value[1:]}" if value.startswith(" ") else value)


def read_language(value: str) -> str | None:
    """A language code."""
    return value if base_code(value) else None


def read_word(value: str) -> str | None:
    """Any text that a column could hold."""
    value = value.strip()
    return None if not value or has_unstorable_text(value) else value


Reader = Any  # a function from the text of a parameter to its value, or None where it cannot be one


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

    def filter(self, qs: QuerySet[Call], value: list[Any]) -> QuerySet[Call]:
        """`qs`, narrowed where anything was given."""
        if not value:
            return qs
        # One value is compared for equality, so that the planner can walk an index in the order of the page.
        condition = {self.field_name: value[0]} if len(value) == 1 else {f"{self.field_name}__in": value}
        return qs.filter(**condition)


class AgentEmail(AnyOf):
    """Calls of the agents with these addresses, compared without case."""

    def filter(self, qs: QuerySet[Call], value: list[str]) -> QuerySet[Call]:
        """`qs`, narrowed where anything was given."""
        if not value:
            return qs
        addresses = [address.lower() for address in value]
        found = Agent.objects.alias(address=Lower("user__email")).filter(address__in=addresses).values("pk")
        return qs.filter(agent=found[:1]) if len(addresses) == 1 else qs.filter(agent__in=found)


class Bound(django_filters.Filter):
    """Rows whose time is on one side of a moment."""

    field_class = ReadValues

    def filter(self, qs: QuerySet[Call], value: list[Any]) -> QuerySet[Call]:
        """`qs`, narrowed by each moment given."""
        for moment in value:
            qs = qs.filter(**{f"{self.field_name}__{self.lookup_expr}": moment})
            if self.field_name == "updated_at" and self.lookup_expr == "lt":
                # Nothing is updated before it is created: this lets the order of the page begin where it matters.
                qs = qs.filter(created_at__lt=moment)
        return qs


class CallFilter(django_filters.FilterSet):
    """Filters of GET /calls."""

    status = AnyOf(reader=one_of(*Status.values))
    call_type = AnyOf(reader=read_call_type)
    menu_id = AnyOf(field_name="menu", reader=read_pk)
    agent_id = AnyOf(field_name="agent", reader=read_pk)
    agent_email = AgentEmail(reader=read_word)
    end_user_number = AnyOf(reader=read_number)
    ticket_id = AnyOf(field_name="out_ticket_id", reader=read_word)
    lang = AnyOf(reader=read_language)
    fail_reason = AnyOf(reader=one_of(*FailReason.values))

    class Meta:
        model = Call
        fields: list[str] = []


for _column in TIME_COLUMNS:
    CallFilter.base_filters[f"{_column}[from]"] = Bound(field_name=_column, lookup_expr="gte", reader=parse_time)
    CallFilter.base_filters[f"{_column}[to]"] = Bound(field_name=_column, lookup_expr="lt", reader=parse_time)


def filter_calls(queryset: QuerySet[Call], params: QueryDict) -> QuerySet[Call]:
    """The calls of `queryset` that `params` ask for. Refused with the sentence of the first ill-formed filter."""
    plain = QueryDict(mutable=True)
    for name, values in params.lists():
        known = name.removesuffix("[]")
        plain.setlist(known, plain.getlist(known) + values)
    filters = CallFilter(plain, queryset=queryset)
    if not filters.is_valid():
        raise Refused(NOT_WELL_FORMED, field=next(iter(filters.errors)))
    return filters.qs

"""What GET /calls can be asked for (contract section 7)."""

from typing import Any

import django_filters
from django.db.models import QuerySet
from django.db.models.functions import Lower
from django.http import QueryDict

from agents.languages import base_code
from agents.models import Agent
from calls.models import Call, CallType, FailReason, Status
from calls.serializers import CALL_TYPES
from ccai.api.filters import AnyOf, Bound, narrowed, one_of, read_number, read_pk, read_word, time_filters

TIME_COLUMNS = ("created_at", "updated_at", "scheduled_at", "ends_at")


def read_call_type(value: str) -> str | None:
    """A call type by its label or alias."""
    return CALL_TYPES.get(value) or (value if value in CallType.values else None)


def read_language(value: str) -> str | None:
    """A language code."""
    return value if base_code(value) else None


class AgentEmail(AnyOf):
    """Calls of the agents with these addresses, compared without case."""

    def filter(self, qs: QuerySet[Call], value: list[str]) -> QuerySet[Call]:
        """`qs`, narrowed where anything was given."""
        if not value:
            return qs
        addresses = [address.lower() for address in value]
        known = Agent.objects.alias(address=Lower("user__email")).filter(address__in=addresses)
        # Read first: of an agent whose id it knows the planner can tell whether they have few calls, or many.
        agents = list(known.values_list("pk", flat=True))
        return qs.filter(agent=agents[0]) if len(agents) == 1 else qs.filter(agent__in=agents)


class CallBound(Bound):
    """Calls whose time is on one side of a moment."""

    def filter(self, qs: QuerySet[Call], value: list[Any]) -> QuerySet[Call]:
        """`qs`, narrowed by each moment given."""
        qs = super().filter(qs, value)
        if self.field_name == "updated_at" and self.lookup_expr == "lt":
            # Nothing is updated before it is created: this lets the order of the page begin where it matters.
            for moment in value:
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


CallFilter.base_filters.update(time_filters(CallBound, **{column: column for column in TIME_COLUMNS}))


def filter_calls(queryset: QuerySet[Call], params: QueryDict) -> QuerySet[Call]:
    """The calls of `queryset` that `params` ask for. Refused with the sentence of the first ill-formed filter."""
    return narrowed(queryset, params, CallFilter)

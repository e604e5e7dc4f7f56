"""Which agents see who calls, and what a call is to those who do not.

Those see it whose role lets them see personal data, and agents who have been given no role or group at all: they are
agents and nothing else. Others talk to callers as they do, with names and numbers masked; they call back by a button,
and open nothing that a caller has sent.
"""

from copy import copy
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from agents.models import Agent, User
from calls.models import Call
from ccai.personal import HIDDEN, PERSONAL_DATA, masked_phone, masked_text


def with_sight(agents: QuerySet[Agent]) -> QuerySet[Any]:
    """`agents`, each with `sees_callers`; no query more."""
    app, _dot, codename = PERSONAL_DATA.partition(".")
    by = {"permissions__codename": codename, "permissions__content_type__app_label": app}
    in_groups = User.groups.through.objects.filter(user=OuterRef("user"))
    by_group = in_groups.filter(**{f"group__{name}": value for name, value in by.items()})
    by_hand = User.user_permissions.through.objects.filter(
        user=OuterRef("user"), permission__codename=codename, permission__content_type__app_label=app
    )
    return agents.annotate(
        sees_callers=Q(user__is_superuser=True) | Exists(by_group) | Exists(by_hand) | ~Exists(in_groups)
    )


def sees_callers(agent: Agent) -> bool:
    """Whether this agent sees who calls."""
    return bool(with_sight(Agent.objects.filter(pk=agent.pk)).get().sees_callers)


def masked_call(call: Call) -> Call:
    """A copy of `call`, to be shown and never saved, for an agent who does not see who calls."""
    shown = copy(call)
    shown.end_user_number = masked_phone(call.end_user_number) or ""
    shown.data_parameters = dict.fromkeys(call.data_parameters, HIDDEN)
    shown.feedback = ""
    if call.end_user is not None:
        person = copy(call.end_user)
        person.name, person.number = masked_text(person.name) or "", masked_phone(person.number) or ""
        person.identifier = masked_text(person.identifier)
        person.out_contact_id = None
        shown.end_user = person
    return shown

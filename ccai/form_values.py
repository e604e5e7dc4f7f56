"""Values of form fields: as JSON has them, to be compared, and in the words of people."""

import json
from datetime import datetime
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Model
from django.forms import BooleanField, ChoiceField, Field, ModelChoiceField, ModelMultipleChoiceField
from django.utils.translation import gettext

NOTHING = "–"


def plain_value(one: Field, value: Any) -> Any:
    """A field's first or cleaned value, so that the two are equal where they mean the same; nothing at all is None."""
    if isinstance(one, ModelMultipleChoiceField):
        return sorted(key_of(item) for item in value or ())
    if isinstance(one, ModelChoiceField):
        return None if value in (None, "") else key_of(value)
    if isinstance(one, BooleanField):
        return bool(value)
    if value in (None, "", [], {}):
        return None
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bool | int | float | str):
        return value
    return json.loads(json.dumps(value, cls=DjangoJSONEncoder, default=str))


def key_of(item: Any) -> str:
    """The key of a thing, which may be given as the thing itself."""
    return str(item.pk if isinstance(item, Model) else item)


def in_words(one: Field, value: Any) -> str:
    """A plain value as people read it."""
    if value is None or value == []:
        return NOTHING
    if isinstance(one, ModelChoiceField):
        things: Any = one.queryset
        keys = value if isinstance(value, list) else [value]
        return ", ".join(one.label_from_instance(thing) for thing in things.filter(pk__in=keys)) or NOTHING
    if isinstance(one, ChoiceField):
        return str(dict(flat(one.choices)).get(value, value))
    if isinstance(value, bool):
        return gettext("Yes") if value else gettext("No")
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, indent=2)
    return str(one.prepare_value(value))


def flat(choices: Any) -> list[tuple[Any, Any]]:
    """Choices without their groups."""
    found = []
    for key, name in choices:
        found += list(name) if isinstance(name, list | tuple) else [(key, name)]
    return found

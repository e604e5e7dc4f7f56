"""How the agents' page writes numbers and times. Times that run are written as data, and kept running by desk.js."""

import json
from datetime import datetime

from django import template

from calls.showing.links import contact_address, web_address
from ccai.phones import wire_phone

register = template.Library()

register.filter("phone", wire_phone)
register.filter("web_address", web_address)
register.filter("contact_address", contact_address)


@register.filter
def ms(moment: datetime | None) -> str:
    """`moment` as milliseconds since 1970, as JavaScript counts; "" for None."""
    return "" if moment is None else str(int(moment.timestamp() * 1_000))


@register.filter
def clock(seconds: int | None) -> str:
    """A duration as `4:05`, or `1:04:05` from an hour on."""
    minutes, rest = divmod(int(seconds or 0), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


@register.filter
def told(value: str | float | bool | None) -> str:
    """The value of a data parameter as programs write it, a text without its quotes."""
    return value if isinstance(value, str) else json.dumps(value)


@register.filter
def path_words(path: dict[str, str] | None) -> str:
    """A menu's path for people: `Welcome › Sales`; as it is where names with a slash cannot be told apart in it."""
    if not path:
        return ""
    names = path["name"].split("/")
    return " › ".join(names) if len(names) == len(path["materialized_path"].split("/")) else path["name"]

"""What the history can show of a call: the columns of its table and of an export.

A column reads its value from a row of `values(*fields)`, so that a page and an export say the same of a call. Personal
data of end users is masked for those who may not see it.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from typing import Any

from django.db import models
from django.db.models import Case, F, When
from django.db.models.fields.json import KT
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from calls.models import CHANNELS, Call, CallType, Deflection, DisconnectedBy, FailReason, Status
from calls.showing.waited import FIELDS, waited
from ccai.personal import masked_phone, masked_text
from ccai.times import now

Row = Mapping[str, Any]
Value = str | int | datetime | None


class Kind(Enum):
    """What the values of a column are."""

    TEXT = auto()
    NUMBER = auto()
    TIME = auto()
    SECONDS = auto()
    PHONE = auto()  # E.164, or masked


Read = Callable[[Row], Any]


@dataclass(frozen=True)
class Column:
    """One column: what it is called, what it is read from, and what stands in it."""

    key: str
    title: str | Promise
    kind: Kind
    fields: tuple[str, ...]
    # Makes a function that reads the column from many rows, in the language of the moment.
    make_reader: Callable[[], Read]
    # What those see who may not see personal data; None where the value is no personal data.
    mask: Callable[[Any], Value] | None = None

    def reader(self, *, clear: bool) -> Read:
        """A function that says what stands in this column of a row, None where nothing does; masked unless `clear`."""
        read, mask = self.make_reader(), self.mask
        if clear or mask is None:
            return read
        return lambda row: mask(read(row))


def plain(key: str, title: str | Promise, kind: Kind, field: str, mask: Callable[[Any], Value] | None = None) -> Column:
    """A column of one field as it is; nothing where the field is empty."""

    def read(row: Row) -> Any:
        value = row[field]
        return None if value == "" else value

    return Column(key, title, kind, (field,), lambda: read, mask)


def worded(key: str, title: str | Promise, field: str, words: Mapping[Any, str | Promise]) -> Column:
    """A column of a field with a vocabulary, in words; nothing where its value is none of them."""

    def make_reader() -> Read:
        said = {value: str(word) for value, word in words.items()}
        return lambda row: said.get(row[field])

    return Column(key, title, Kind.TEXT, (field,), make_reader)


def words_of(vocabulary: type[models.TextChoices], *, but: str = "") -> dict[str, str | Promise]:
    """The words of a vocabulary, `but` the value that says that there is nothing to be said."""
    return {value: word for value, word in vocabulary.choices if value != but}


def read_agent(row: Row) -> Value:
    """The agent's name, or e-mail address where there is no name."""
    name = f"{row['agent__user__first_name'] or ''} {row['agent__user__last_name'] or ''}".strip()
    return name or row["agent__user__email"]


def make_flags_reader() -> Read:
    """Reads what is said of the call and of the customer."""
    said = [(field, str(word)) for field, word in FLAGS.items()]
    return lambda row: ", ".join([word for field, word in said if row[field]]) or None


def make_waited_reader() -> Read:
    """Reads how long the end user waited; who still waits, until now."""
    at = now()
    return lambda row: waited(row, at)


FLAGS = {
    "verified_customer": _("verified customer"),
    "bad_actor": _("bad actor"),
    "repeat_customer": _("repeat customer"),
    "has_feedback": _("has feedback"),
}
# Fields that are made of others.
MADE: dict[str, Any] = {
    # The path of the menu as it was called then.
    "menu_name": KT("menu_path__name"),
    # How long they talked; nothing where they did not, or still do.
    "talk_duration": Case(When(connected_at__isnull=False, ends_at__isnull=False, then=F("call_duration"))),
}

# In the order in which they are shown.
_ALL = (
    plain("id", _("Call"), Kind.NUMBER, "id"),
    plain("created", _("Created"), Kind.TIME, "created_at"),
    worded("status", _("Status"), "status", words_of(Status)),
    worded("type", _("Type"), "call_type", words_of(CallType)),
    worded("channel", _("Channel"), "call_type", {kind: channel.label for kind, channel in CHANNELS.items()}),
    plain("menu", _("Menu"), Kind.TEXT, "menu_name"),
    Column(
        "agent",
        _("Agent"),
        Kind.TEXT,
        ("agent__user__first_name", "agent__user__last_name", "agent__user__email"),
        lambda: read_agent,
    ),
    plain("agent_email", _("Agent's e-mail address"), Kind.TEXT, "agent__user__email"),
    plain("team", _("Team"), Kind.TEXT, "agent__team__name"),
    plain("customer", _("End user"), Kind.TEXT, "end_user__name", masked_text),
    plain("identifier", _("Identifier"), Kind.TEXT, "end_user__identifier", masked_text),
    plain("contact", _("CRM contact"), Kind.TEXT, "end_user__out_contact_id", masked_text),
    plain("number", _("Number"), Kind.PHONE, "end_user_number", masked_phone),
    plain("ticket", _("Ticket"), Kind.TEXT, "out_ticket_id"),
    plain("lang", _("Language"), Kind.TEXT, "lang"),
    Column("waited", _("Waited"), Kind.SECONDS, FIELDS, make_waited_reader),
    plain("talked", _("Talked"), Kind.SECONDS, "talk_duration"),
    plain("held", _("On hold"), Kind.SECONDS, "hold_duration"),
    worded("why", _("Fail reason"), "fail_reason", words_of(FailReason, but=FailReason.NOTHING)),
    plain("details", _("Fail details"), Kind.TEXT, "fail_details"),
    worded("deflection", _("Deflection"), "deflection", words_of(Deflection, but=Deflection.NO_DEFLECTION)),
    worded("ended_by", _("Disconnected by"), "disconnected_by", words_of(DisconnectedBy, but=DisconnectedBy.UNKNOWN)),
    plain("disposition", _("Disposition"), Kind.TEXT, "disposition__name"),
    plain("rating", _("Rating"), Kind.NUMBER, "rating"),
    Column("flags", _("Flags"), Kind.TEXT, tuple(FLAGS), make_flags_reader),
    plain("scheduled", _("Scheduled for"), Kind.TIME, "scheduled_at"),
    plain("queued", _("Queued"), Kind.TIME, "queued_at"),
    plain("assigned", _("Assigned"), Kind.TIME, "assigned_at"),
    plain("connected", _("Connected"), Kind.TIME, "connected_at"),
    plain("ended", _("Ended"), Kind.TIME, "ends_at"),
    plain("support", _("Support number"), Kind.PHONE, "support_number"),
    plain("outbound", _("Outbound number"), Kind.PHONE, "outbound_number"),
    plain("provider", _("VoIP provider"), Kind.TEXT, "voip_provider"),
    plain("parent", _("Follows call"), Kind.NUMBER, "parent_id"),
)
COLUMNS: dict[str, Column] = {column.key: column for column in _ALL}
DEFAULT = ("id", "created", "status", "type", "menu", "agent", "number", "waited", "talked", "rating")

# What every reader of rows needs beside the columns: the order, and the status that colours a row.
ALWAYS = ("id", "created_at", "status", "fail_reason")


def read_rows(calls: models.QuerySet[Call], columns: Iterable[Column]) -> models.QuerySet[Any, dict[str, Any]]:
    """`calls` as rows with all that `columns` are read from; one statement, with joins only where a column has one."""
    fields = dict.fromkeys(ALWAYS + tuple(field for column in columns for field in column.fields))
    return calls.annotate(**{name: MADE[name] for name in fields if name in MADE}).values(*fields)

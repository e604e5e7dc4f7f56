"""Recording: what a transaction does is told by events that are written with it, or not at all.

Whatever is done is noted, on the connection, when it is done. The message is made as late as it can be: before the
next such thing is done to the same subject (`catch_up`), and else just before the commit
(`ccai/databases/committing.py`), so that it tells things as they are left at that moment. Where no endpoint wants an
event, nothing is made; one query a transaction tells.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import uuid4

from django.db import transaction
from django.db.models import Q

from ccai.models import WebhookDelivery, WebhookEndpoint, WebhookEvent
from ccai.times import now, wire_time
from ccai.webhooks.events import TYPES, wants
from ccai.webhooks.nudging import nudge

BATCH = 500

# From keys of things to the data that are told of each, as it is now. What is not there any more is left out.
Read = Callable[[Collection[int]], Mapping[int, Mapping[str, Any]]]


def record(type_: str, read: Read, subjects: Mapping[int, str], beside: Read | None = None) -> None:
    """In the transaction under way, `type_` has happened to the things with the keys of `subjects`.

    `read` has what is told of them, and `beside` what else stands in the message, by its name. A subject, such as
    "call:12", is what it happened to: events of one subject arrive in the order in which they are recorded. Whoever
    records has the subject's row locked until the transaction ends.
    ValueError where there is no such type; TransactionManagementError outside of a transaction.
    """
    if type_ not in TYPES:
        raise ValueError(f"there is no event {type_}")
    connection: Any = transaction.get_connection()
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("what happens is recorded in the transaction that does it")
    if connection.ledger is None:
        connection.ledger = Notes(connection)
    at, savepoints = now(), _savepoints(connection)
    connection.ledger.notes += [
        Note(type_, subject, (read, beside), key, at, savepoints) for key, subject in subjects.items()
    ]


def catch_up(subjects: Collection[str]) -> None:
    """What the transaction under way has done to `subjects` is told as they are now. Call it before the next thing."""
    ledger = getattr(transaction.get_connection(), "ledger", None)
    if ledger is not None:
        ledger.catch_up(set(subjects))


@dataclass
class Note:
    """Something that was done. `data` tells it, with what stands beside it, once it is read; `read_within` are the
    savepoints set at that time."""

    type: str
    subject: str
    readers: tuple[Read, Read | None]
    key: int
    at: datetime
    savepoints: frozenset[str]
    is_read: bool = False
    data: Mapping[str, Any] | None = None
    beside: Mapping[str, Any] = field(default_factory=dict)
    read_within: frozenset[str] = frozenset()


class Notes:
    """What one transaction has done."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self.notes: list[Note] = []
        self._endpoints: list[WebhookEndpoint] | None = None

    def catch_up(self, subjects: set[str]) -> None:
        """Read what has been done to `subjects`."""
        self._read([note for note in self.notes if not note.is_read and note.subject in subjects])

    def roll_back(self, savepoint: str) -> None:
        """What was done since `savepoint` was not done, and what was read since is to be read again."""
        self.notes = [note for note in self.notes if savepoint not in note.savepoints]
        for note in self.notes:
            if savepoint in note.read_within:
                note.is_read, note.data, note.beside, note.read_within = False, None, {}, frozenset()

    def write(self) -> None:
        """There is an event of each note, and a delivery for each endpoint that wants it."""
        self._read([note for note in self.notes if not note.is_read])
        told = [
            (make_event(note.type, note.subject, note.data, note.at, note.beside), note)
            for note in self.notes
            if note.data is not None
        ]
        if not told:
            return
        WebhookEvent.objects.bulk_create([event for event, _note in told], batch_size=BATCH)
        deliveries = [
            WebhookDelivery(
                event=event,
                endpoint=endpoint,
                subject=event.subject,
                # One that nothing is sent to any more has it kept.
                due_at=note.at if endpoint.active else None,
            )
            for event, note in told
            for endpoint in self._endpoints_for(note.type)
        ]
        WebhookDelivery.objects.bulk_create(deliveries, batch_size=BATCH)
        if any(delivery.due_at for delivery in deliveries):
            transaction.on_commit(nudge)

    def _read(self, notes: list[Note]) -> None:
        """What is to be told of `notes` is known: nothing of those that nobody wants."""
        within = _savepoints(self.connection)
        by_readers: dict[tuple[Read, Read | None], list[Note]] = defaultdict(list)
        for note in notes:
            note.is_read, note.read_within = True, within
            if self._endpoints_for(note.type):
                by_readers[note.readers].append(note)
        for (read, beside), alike in by_readers.items():
            keys = {note.key for note in alike}
            found, more = read(keys), beside(keys) if beside else {}
            for note in alike:
                note.data, note.beside = found.get(note.key), more.get(note.key, {})

    def _endpoints_for(self, type_: str) -> list[WebhookEndpoint]:
        """The endpoints that want `type_`. One that is switched off because it failed has its events kept."""
        if self._endpoints is None:
            listening = Q(active=True) | Q(disabled=WebhookEndpoint.Disabled.FAILING)
            self._endpoints = list(WebhookEndpoint.objects.filter(listening).only("events", "active"))
        return [endpoint for endpoint in self._endpoints if wants(endpoint.events, type_)]


def _savepoints(connection: Any) -> frozenset[str]:
    return frozenset(filter(None, connection.savepoint_ids))


def make_event(
    type_: str, subject: str, data: Mapping[str, Any], at: datetime, beside: Mapping[str, Any] | None = None
) -> WebhookEvent:
    """The event, with an id and a message of its own, in which `beside` stands after `data`. It is not saved."""
    uid = f"msg_{uuid4().hex}"
    body = {"id": uid, "type": type_, "timestamp": wire_time(at), "data": data, **(beside or {})}
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return WebhookEvent(uid=uid, type=type_, subject=subject, body=text, at=at)

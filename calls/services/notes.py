"""What agents write down about a call: a note each, and one disposition."""

from django.db import IntegrityError, transaction

from agents.models import Agent
from calls import errors
from calls.crm import comments
from calls.models import Call, Disposition, Note
from calls.services.on_call import announce_call, has_been_on
from ccai.api.parsing import has_unstorable_text
from ccai.errors import Refused
from ccai.times import now

MAX_NOTE = 10_000  # characters


def version_of(note: Note | None) -> str:
    """What tells one text of a note from the one before and the one after; "" for a note that nobody has written."""
    return note.updated_at.isoformat() if note else ""


def write_note(call: Call, agent: Agent, text: str, *, seen: str | None = None) -> Note:
    """`text`, stripped, is what `agent` says of `call`, instead of what they said before; during the call or later.

    Refused for an agent who has never been on the call (403), with more than 10,000 characters, with text that cannot
    be kept, and, where `seen` is given, if the note has another version by now, and another text (409).
    """
    _check_was_on(call, agent)
    text = text.strip()
    if len(text) > MAX_NOTE:
        raise Refused(errors.NOTE_TOO_LONG)
    if has_unstorable_text(text):
        raise Refused(errors.NOTE_NOT_TEXT)
    try:
        with transaction.atomic():
            note = Note.objects.select_for_update().filter(call=call, agent=agent).first()
            if seen is not None and seen != version_of(note) and text != (note.text if note else ""):
                raise Refused(errors.NOTE_HAS_CHANGED)
            note = note or Note(call=call, agent=agent)
            note.text, note.updated_at = text, now()
            note.save()
            announce_call(call)
    except IntegrityError:  # a note was begun twice at the same moment
        raise Refused(errors.NOTE_HAS_CHANGED) from None
    return note


def set_disposition(call: Call, agent: Agent, disposition: Disposition | None) -> None:
    """`disposition` is what came of `call`; None: nothing was chosen. During the call or later.

    Refused for an agent who has never been on the call (403), and for a disposition that is not in use.
    """
    _check_was_on(call, agent)
    if disposition is not None and not Disposition.objects.filter(pk=disposition.pk, active=True).exists():
        raise Refused(errors.DISPOSITION_NOT_IN_USE)
    Call.objects.filter(pk=call.pk).update(disposition=disposition, updated_at=now())
    call.disposition = disposition
    comments.write_ended_anew(call)
    announce_call(call)


def _check_was_on(call: Call, agent: Agent) -> None:
    if not has_been_on(call, agent):
        raise Refused(errors.NOT_AN_AGENT_OF_THE_CALL)

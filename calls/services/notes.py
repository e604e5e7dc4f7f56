"""What agents write down about a call: a note each, and one disposition."""

from agents.models import Agent
from calls import errors
from calls.models import Call, Disposition, Note
from calls.services.on_call import announce_call, has_been_on
from ccai.errors import Refused
from ccai.times import now

MAX_NOTE = 10_000  # characters


def write_note(call: Call, agent: Agent, text: str) -> Note:
    """`text`, stripped, is what `agent` says of `call`, instead of what they said before; during the call or later.

    Refused for an agent who has never been on the call (403), and with more than 10,000 characters.
    """
    _check_was_on(call, agent)
    text = text.strip()
    if len(text) > MAX_NOTE:
        raise Refused(errors.NOTE_TOO_LONG)
    note, _is_new = Note.objects.update_or_create(call=call, agent=agent, defaults={"text": text, "updated_at": now()})
    announce_call(call)
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
    announce_call(call)


def _check_was_on(call: Call, agent: Agent) -> None:
    if not has_been_on(call, agent):
        raise Refused(errors.NOT_AN_AGENT_OF_THE_CALL)

"""Recordings of talks: a call has one, in which each talk that it came to follows the one before."""

import logging
import tempfile
import wave
from collections.abc import Iterator
from contextlib import contextmanager

from django.core.files import File
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction

from calls import webhooks
from calls.models import Call
from calls.voip.base import VoipEvent
from ccai.times import now

log = logging.getLogger(__name__)

PIECE = 65_536  # frames of sound read and written at a time


def sound_of(event: VoipEvent) -> File:
    """What was recorded, to be stored."""
    return event.recording if isinstance(event.recording, File) else ContentFile(event.recording)


def keep(event: VoipEvent) -> bool:
    """The recording is stored, after that of the call's earlier talks, before the row says so: a store may be slow, or
    far away. False where it is not kept: the call is not the provider's any more, or this was reported before.

    A provider that reports several, each once, says so by `event.kept`, which is called in the row's transaction, and
    raises where it is kept already. Raises Changed where the call got another recording meanwhile.
    """
    calls = Call.objects.filter(pk=event.call_id, voip_provider=event.provider)
    before = calls.values_list("recording", flat=True).first()
    if before is None or (before and event.kept is None):
        return False
    try:
        with _after(before, sound_of(event)) as sound:
            name = default_storage.save(f"recordings/{event.call_id}.wav", sound)
    except (wave.Error, EOFError, _OtherSound) as error:
        log.warning(
            "call %s: the recording of a later talk does not fit the first, and is left: %r", event.call_id, error
        )
        return False
    unused = name
    try:
        with transaction.atomic():
            if not calls.filter(recording=before).update(recording=name, updated_at=now()):
                if event.kept is None:
                    return False
                raise Changed(f"the recording of call {event.call_id} is another one by now")
            webhooks.record_calls("call.recorded", [event.call_id])
            if event.kept is not None:
                event.kept()
        unused = before
    finally:
        _remove(unused, event.call_id)
    return True


class Changed(Exception):
    """A call got another recording while one was to follow the one that it had."""


class _OtherSound(Exception):
    """Two recordings have not the same rate, width or number of channels."""


@contextmanager
def _after(before: str, sound: File) -> Iterator[File]:
    """`sound`; after what is stored as `before`, where that is something."""
    if not before:
        yield sound
        return
    sound.seek(0)
    with tempfile.TemporaryFile() as both:
        with default_storage.open(before) as stored, wave.open(stored, "rb") as first, wave.open(sound, "rb") as second:
            if first.getparams()[:3] != second.getparams()[:3]:
                raise _OtherSound
            with wave.open(both, "wb") as joined:
                # How long it is stands in it once it is: what a recording says of itself may be wrong.
                joined.setparams(first.getparams()._replace(nframes=0))
                for one in (first, second):
                    while frames := one.readframes(PIECE):
                        joined.writeframesraw(frames)
        yield File(both)


def _remove(name: str, call_id: int) -> None:
    """The file `name`, where there is one, which nobody needs, is gone; or the log says so."""
    try:
        if name:
            default_storage.delete(name)
    except Exception:
        log.exception("call %s: the file %s, which nobody needs, was not deleted", call_id, name)

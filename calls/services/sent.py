"""What the end user sends: photos and videos during a call, feedback during and after it."""

import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any, TypeVar

from django.core.files import File
from django.core.files.storage import default_storage
from django.db import transaction

from calls import errors
from calls.files.kinds import HEAD, IMAGES, VIDEOS, Kind, kind_of
from calls.models import Call, Photo, Status, Video
from calls.services.on_call import announce_call
from ccai.errors import NOT_WELL_FORMED, Refused, Sentence
from ccai.times import now

Sent = TypeVar("Sent", Photo, Video)

MAX_PHOTOS = 20
MAX_VIDEOS = 5
MAX_COMMENT = 10_000  # characters
# Whose call was never connected has left a message, or nothing that could be rated.
MESSAGES = (Status.VOICEMAIL, Status.VOICEMAIL_RECEIVED, Status.VOICEMAIL_READ)


def photo_to_add(call: Call, upload: File, photo_type: str) -> AbstractContextManager[Callable[[], Photo]]:
    """`upload` is stored under a name and an extension of our own, and a function is given that makes it one more photo
    of `call`. What is stored is taken away again where the block does not end well.

    Refused, and nothing kept, in this order: a photo_type that is none, what is no picture by its content, a call that
    has ended, and one photo more than a call may have; the last two by the function, too.
    """
    if photo_type not in Photo.PhotoType.values:
        raise Refused(NOT_WELL_FORMED, field="photo_type")
    kind = _read_kind(upload, IMAGES, errors.ONLY_IMAGES)
    return _stored(Photo(call=call, photo_type=photo_type), upload, kind, MAX_PHOTOS, errors.TOO_MANY_PHOTOS)


def video_to_add(call: Call, upload: File) -> AbstractContextManager[Callable[[], Video]]:
    """As `photo_to_add`, for videos."""
    kind = _read_kind(upload, VIDEOS, errors.ONLY_VIDEOS)
    return _stored(Video(call=call), upload, kind, MAX_VIDEOS, errors.TOO_MANY_VIDEOS)


def feedback(call: Call) -> dict[str, Any]:
    """What the end user said of `call`; null for what they did not."""
    return {"rating": call.rating, "comment": call.feedback or None}


def set_feedback(call: Call, body: Mapping[str, Any]) -> dict[str, Any]:
    """The rating and the comment that `body` has are those of `call`, which has feedback; both are returned.

    A later one replaces an earlier one. It is taken from the moment the call was connected or a message was begun, and
    at any time after its end. Refused, in this order: a rating or a comment that cannot be, neither of them, a call
    that nobody has answered.
    """
    rating, comment = body.get("rating"), body.get("comment")
    if rating is not None and (type(rating) is not int or not 1 <= rating <= 5):
        raise Refused(errors.RATING_NOT_POSSIBLE)
    if comment is not None and (not isinstance(comment, str) or len(comment) > MAX_COMMENT):
        raise Refused(NOT_WELL_FORMED, field="comment")
    given: dict[str, Any] = {}
    if rating is not None:
        given["rating"] = rating
    if comment is not None and comment.strip():
        given["feedback"] = comment.strip()
    if not given:
        raise Refused(errors.NO_FEEDBACK_GIVEN)
    with transaction.atomic():
        stored = Call.objects.select_for_update().get(pk=call.pk)
        if stored.connected_at is None and stored.status not in MESSAGES:
            raise Refused(errors.NOTHING_TO_RATE)
        Call.objects.filter(pk=call.pk).update(**given, has_feedback=True, updated_at=now())
        announce_call(call)
    call.refresh_from_db(fields=["rating", "feedback", "has_feedback", "updated_at"])
    return feedback(call)


def _read_kind(upload: File, accepted: tuple[Kind, ...], sentence: Sentence) -> Kind:
    """The kind of `upload`, told by its content; refused with `sentence` where it is none of `accepted`."""
    upload.seek(0)
    kind = kind_of(upload.read(HEAD))
    upload.seek(0)
    if kind not in accepted:
        raise Refused(sentence)
    return kind


@contextmanager
def _stored(row: Sent, upload: File, kind: Kind, most: int, too_many: Sentence) -> Iterator[Callable[[], Sent]]:
    """`upload` is stored, and the function given puts `row` in the table; refused where its call has ended, or has
    `most` of them already."""
    call = row.call
    _check_room(row, most, too_many)
    # The file is stored before any transaction says so: a store may be slow, or far away.
    folder = f"{row._meta.model_name}s"
    name = default_storage.save(f"{folder}/{call.pk}-{secrets.token_hex(8)}.{kind.extension}", upload)

    def add() -> Sent:
        with transaction.atomic():
            Call.objects.select_for_update().get(pk=call.pk)
            _check_room(row, most, too_many)
            row.file.name = name
            row.save()
            Call.objects.filter(pk=call.pk).update(updated_at=now())
            announce_call(call)
        return row

    try:
        yield add
    except BaseException:
        default_storage.delete(name)
        raise


def _check_room(row: Photo | Video, most: int, too_many: Sentence) -> None:
    if not Call.objects.filter(pk=row.call_id, ends_at=None).exists():
        raise Refused(errors.CALL_HAS_ENDED)
    if type(row)._default_manager.filter(call=row.call_id).count() >= most:
        raise Refused(too_many, call_id=row.call_id, most=most)

"""Scheduled calls that a person, or a program, moves to another time, or starts now."""

import logging
from datetime import datetime
from typing import Any

from django.db import transaction

from calls import clock, errors, lifecycle
from calls.models import Call, Status
from calls.serializers import read_text
from calls.services import checks, deflecting, stays
from ccai.errors import Refused, Sentence
from ccai.times import now, to_milliseconds, wire_time

log = logging.getLogger(__name__)


def move_call(call: Call, scheduled_at: datetime, at: datetime | None = None) -> Call:
    """`call` is due at `scheduled_at` (aware, cut to milliseconds), and its history says when it was due before.

    Whoever comes second, this or the clock, finds the call where the other left it. Refused (400), as POST /calls
    refuses the time of a scheduled call (contract sections 4.3 and 8): "Call can't be moved" where it is not scheduled
    any more, or its menu's hours cannot be read; a time that is not in the future; a menu that is deleted, and has no
    substitute; one that is redirected now, or closed then.
    """
    at = at or now()
    due = to_milliseconds(scheduled_at)
    with transaction.atomic():
        call = _lock_scheduled(call, errors.CALL_CANNOT_BE_MOVED)
        if due <= at:
            raise Refused(errors.SCHEDULED_AT_IN_THE_PAST)
        taker = call.menu.stand_in() if call.menu else None
        if taker is None:
            raise Refused(errors.MENU_NOT_FOUND, menu_id=call.menu_id)
        try:
            checks.check_menu_is_open(taker, due)
        except ValueError:
            log.exception("menu %s: whether it is open cannot be told; look at its hours", taker.pk)
            raise Refused(errors.CALL_CANNOT_BE_MOVED) from None
        _set_time(call, due, at)
    return call


def request_move(call: Call, body: dict[str, Any], at: datetime | None = None) -> Call:
    """`call` is due at the `scheduled_at` of `body`, a request of PATCH /calls/scheduled/{id}.

    Refused as POST /calls refuses such a time (contract section 4.3), then as `move_call` does.
    """
    at = at or now()
    return move_call(call, checks.find_time(read_text(body.get("scheduled_at")), at), at)


def start_now(call: Call, at: datetime | None = None) -> Call:
    """`call`, which was scheduled, is due at once: it is let in as the clock lets calls in, and may be deflected.

    Refused (400) with "Call can't be started" where it is not scheduled any more, or its menu's hours cannot be read.
    """
    at = at or now()
    with transaction.atomic():
        call = _lock_scheduled(call, errors.CALL_CANNOT_BE_STARTED)
        if call.menu is None:
            raise Refused(errors.CALL_CANNOT_BE_STARTED)
        _set_time(call, at, at)
        try:
            deflecting.admit([call], call.menu, at, cause="started_by_hand")
        except ValueError:
            log.exception("menu %s: whether it is open cannot be told; look at its hours", call.menu_id)
            raise Refused(errors.CALL_CANNOT_BE_STARTED) from None
        clock.nudge_on_commit()
    return call


def _lock_scheduled(call: Call, sentence: Sentence) -> Call:
    """`call`, locked, which is scheduled still; refused with `sentence` where it is not."""
    call = stays.lock(call)
    if call.status != Status.SCHEDULED:
        raise Refused(sentence)
    return call


def _set_time(call: Call, due: datetime, at: datetime) -> None:
    """The locked `call` is due at `due`. That is a move in the lifecycle, from `scheduled` to the same."""
    cause = f"moved_from_{wire_time(call.scheduled_at)}_to_{wire_time(due)}"
    lifecycle.transition(call, Status.SCHEDULED, cause=cause, at=at, scheduled_at=due)

"""Ending a call by hand: a supervisor ends one that is stuck, or must not go on (contract section 3, `force_ended`)."""

from datetime import datetime

from django.db import transaction

from calls import errors, offers
from calls.models import Call, DisconnectedBy, FailReason, Status
from calls.models.call import OVER
from calls.services import lines, stays, transfers
from ccai.errors import Refused
from ccai.times import now


def force_end(call: Call, *, reason: str, at: datetime | None = None) -> Call:
    """`call`, which is live, is `failed`, `force_ended`, with `reason` as its details; an action-only call is finished.

    Nobody is offered it any more, holds and stays are over, a transfer under way has failed, its agents have their time
    back, and its lines are ended after the commit, whatever the provider says of them: nobody waits for that.
    Whoever comes second, this or an agent, the clock or a provider, finds the call where the other left it.
    Refused without a reason (400); where the call is scheduled, and is to be cancelled instead (409); where it is over
    (400).
    """
    reason = reason.strip()
    if not reason:
        raise Refused(errors.REASON_REQUIRED)
    at = at or now()
    with transaction.atomic():
        call = stays.lock(call)
        if call.status == Status.SCHEDULED:
            raise Refused(errors.CALL_IS_SCHEDULED)
        if call.status in OVER:
            raise Refused(errors.CALL_HAS_ENDED)
        end = Status.ACTION_ONLY_FINISHED if call.status == Status.ACTION_ONLY else Status.FAILED
        offers.leave_queue(
            [call],
            end,
            cause="force_ended",
            at=at,
            fail_reason=FailReason.FORCE_ENDED,
            fail_details=reason,
            disconnected_by=DisconnectedBy.SYSTEM,
            cast_until=None,
        )
        lines.hang_up([call], at)
        transfers.close(call, at)
    return call

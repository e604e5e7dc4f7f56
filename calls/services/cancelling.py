"""Cancelling: a scheduled or queued call is withdrawn before anybody was dialled (contract section 8)."""

from datetime import datetime

from django.db import transaction

from calls import errors, offers
from calls.models import Call, Participant, Status
from calls.services import lines, stays
from ccai.errors import Refused
from ccai.times import now

CANCELLABLE = (Status.SCHEDULED, Status.QUEUED)


def cancel_call(call: Call, at: datetime | None = None) -> bool:
    """`call` is `cancelled`, and nobody is offered it any more; False where it was cancelled before.

    Whoever comes second, this or the clock, finds the call where the other left it. Refused with "Call can't be
    cancelled" (400) once an agent has it, somebody of it has been on the line, or it is over.
    """
    at = at or now()
    with transaction.atomic():
        call = stays.lock(call)
        if call.status == Status.CANCELLED:
            return False
        has_begun = Participant.objects.filter(call=call, connected_at__isnull=False).exists()
        if call.status not in CANCELLABLE or has_begun or lines.on_line([call]):
            raise Refused(errors.CALL_CANNOT_BE_CANCELLED)
        offers.leave_queue([call], Status.CANCELLED, cause="cancelled", at=at)
    return True

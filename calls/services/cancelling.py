"""Cancelling: scheduled or queued calls are withdrawn before anybody was dialled (contract section 8)."""

import logging
from datetime import datetime, timedelta
from typing import Any

from django.db import InterfaceError, OperationalError, transaction

from calls import clock, errors, offers
from calls.models import Call, CancelJob, Participant, Status
from calls.serializers import Id, read_id
from calls.services import lines, stays
from ccai.acting import Actor, acting, actor_name
from ccai.errors import NOT_WELL_FORMED, SERVER_ERROR, Refused
from ccai.times import now

log = logging.getLogger(__name__)

CANCELLABLE = (Status.SCHEDULED, Status.QUEUED)

MOST_AT_ONCE = 1_000  # calls
# How long one can ask for a job that was done.
KEEP_JOBS = timedelta(hours=24)
# How many calls the clock cancels, or jobs it forgets, before it sees to other things.
BATCH = 50


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


def read_call_ids(body: dict[str, Any]) -> list[int]:
    """The `call_ids` of `body`, a request of PATCH /calls/scheduled/cancel: 1 to 1,000, each taken once.

    Refused, in this order: none, what are no ids, and more than 1,000. Whether there are such calls is found out later,
    one by one.
    """
    given = body.get("call_ids")
    if given is None or given in ("", []):
        raise Refused(errors.CALL_IDS_REQUIRED)
    if not isinstance(given, list):
        raise Refused(NOT_WELL_FORMED, field="call_ids")
    call_ids = [_read_call_id(value) for value in given]
    if len(call_ids) > MOST_AT_ONCE:
        raise Refused(errors.TOO_MANY_CALL_IDS, most=f"{MOST_AT_ONCE:,}")
    return list(dict.fromkeys(call_ids))


def _read_call_id(value: Any) -> int:
    read = read_id(value)
    try:
        if isinstance(read, Id):
            return int(read.text)
    except ValueError:
        # It has thousands of digits.
        pass
    raise Refused(NOT_WELL_FORMED, field="call_ids")


def cancel_later(call_ids: list[int]) -> CancelJob:
    """A job that cancels the calls with these ids, one after the other, in the name of whoever acts now."""
    with transaction.atomic():
        job = CancelJob.objects.create(call_ids=call_ids, asked_by=actor_name())
        clock.nudge_on_commit()
    return job


def carry_out_jobs(at: datetime) -> int:
    """The next calls of jobs that are not done are cancelled, or the job says why they are not. Returns how many.

    What became of a call is written with its cancellation, so that whoever goes on after a crash begins with the next.
    Of several workers each waits for no other.
    """
    done = 0
    while done < BATCH and _carry_on(at):
        done += 1
    return done


def _carry_on(at: datetime) -> bool:
    """The oldest job that nobody is at this moment is one call further; False where there is no such job."""
    open_jobs = CancelJob.objects.filter(finished_at=None).order_by("pk")
    if not open_jobs.exists():
        return False
    job: CancelJob | None = None
    try:
        with transaction.atomic():
            job = open_jobs.select_for_update(skip_locked=True).first()
            if job is None:
                return False
            _note(job, _try_to_cancel(job.call_ids[job.done], job, at), at)
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        if job is None:
            raise
        # The commit was refused, and all of it undone: that is no reason to begin with this call for ever.
        log.exception("job %s: a call cannot be cancelled; the job goes on with the next", job.job_id)
        with transaction.atomic():
            stored = CancelJob.objects.select_for_update().get(pk=job.pk)
            if stored.done == job.done - 1:
                _note(stored, SERVER_ERROR.text, at)
    return True


def _note(job: CancelJob, why_not: str | None, at: datetime) -> None:
    """What became of the next call of the locked `job` stands in it: None where the call is cancelled."""
    call_id = job.call_ids[job.done]
    if why_not is None:
        job.cancelled.append(call_id)
    else:
        job.failed.append({"id": call_id, "message": why_not})
    job.done += 1
    if job.done == len(job.call_ids):
        job.finished_at = at
    job.save(update_fields=["done", "cancelled", "failed", "finished_at"])


def _try_to_cancel(call_id: int, job: CancelJob, at: datetime) -> str | None:
    """The call is cancelled now, or was before: None. The sentence that refuses it where it cannot be."""
    call = Call.objects.filter(pk=call_id).first() if abs(call_id) < 2**63 else None
    if call is None:
        return Refused(errors.CALL_NOT_FOUND, call_id=call_id).message
    try:
        with transaction.atomic(), acting(lambda: Actor(job.asked_by, is_program=True)):
            cancel_call(call, at)
    except Refused as refused:
        return refused.message
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        log.exception("job %s: call %s cannot be cancelled; the job goes on with the next", job.job_id, call_id)
        return SERVER_ERROR.text
    return None


def forget_jobs(at: datetime) -> int:
    """Jobs that were done 24 hours ago are no more: a batch of them. Returns how many."""
    old = CancelJob.objects.filter(created_at__lte=at - KEEP_JOBS, finished_at__lte=at - KEEP_JOBS)
    keys = list(old.order_by("created_at").values_list("pk", flat=True)[:BATCH])
    return CancelJob.objects.filter(pk__in=keys).delete()[0] if keys else 0

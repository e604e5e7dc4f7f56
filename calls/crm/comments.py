"""What a CRM is told of calls: a row with the decision it tells of, posted by the clock after the commit.

It is told at least once: where nobody knows whether it heard, it is asked whether the comment is there before it is
told again. What it has not taken within a day it will not be told.
"""

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from calls.crm import crm
from calls.crm.base import CrmRefused, CrmUnavailable, NotAsked
from calls.models import Call, CrmComment, DisconnectedBy, Status
from ccai.times import now

log = logging.getLogger(__name__)

# Seconds after which the CRM is told again; the last one for all that follow.
BACK_OFF = (30, 60, 300, 900, 3_600)
GIVE_UP = timedelta(days=1)
# How long a worker has a comment to itself: longer than any adapter waits for an answer.
LEASE = timedelta(seconds=60)
# Comments that one run of the step posts, one after the other.
REQUESTS = 5


def write_ended(calls: Iterable[Call]) -> None:
    """The tickets of `calls`, which are over, are told how each ended; after the agent's wrap-up, where there is one.
    Call it in the transaction that ends them."""
    if not crm().takes_comments:
        return
    with_ticket = [call for call in calls if call.out_ticket_id]
    if not with_ticket:
        return
    with override(settings.LANGUAGE_CODE):
        _write([_comment(CrmComment.Occasion.ENDED, call, _ending(call), _wrap_up(call)) for call in with_ticket])


def write_ended_anew(call: Call) -> None:
    """The ticket of `call` is told of it as it is now, unless it has been told how it ended, or may have been."""
    untold = CrmComment.objects.filter(call=call, occasion=CrmComment.Occasion.ENDED, attempts=0)
    if not call.out_ticket_id or not untold.exists():
        return
    # It may have ended since it was read.
    ended = Call.objects.select_related("disposition").get(pk=call.pk)
    with override(settings.LANGUAGE_CODE):
        untold.update(text=_comment(CrmComment.Occasion.ENDED, ended, _ending(ended)).text)


def write_refused(call: Call) -> None:
    """The ticket of `call`, which is scheduled, is told that another call was refused for its sake; once, however often
    that happens."""
    if not crm().takes_comments:
        return
    with override(settings.LANGUAGE_CODE):
        text = _("A scheduled call was not created because the record already has an active scheduled call.")
        lines = [text, *_scheduled(call), _("That call: %(address)s") % {"address": _page(call)}]
        _write([_comment(CrmComment.Occasion.REFUSED, call, lines)])


def post(at: datetime) -> int:
    """Comments that are due have been posted, or will be tried again, or are given up. Returns of how many the CRM was
    told; a comment of which it could not be told now, because it is left alone, is due when it no longer is."""
    done = 0
    for _time in range(REQUESTS):
        comment = _claim(at)
        if comment is None:
            break
        # Another worker's, once the lease is over: what this one then has to say of it is of no account.
        mine = CrmComment.objects.filter(pk=comment.pk, attempts=comment.attempts)
        try:
            crm().add_comment(
                comment.ticket_id,
                comment.text,
                marker(comment.call_id, comment.occasion),
                may_be_there=comment.attempts > 1,
            )
        except CrmRefused as error:
            mine.update(due_at=None, error=str(error)[:200])
            done += 1
            log.warning("call %s: the CRM does not take the comment %s: %s", comment.call_id, comment.occasion, error)
        except NotAsked as error:
            # No try; nor does it say that the CRM cannot be told of others, on other tickets.
            mine.update(due_at=_due_in(comment, at, error.again_in), attempts=comment.attempts - 1)
        except CrmUnavailable as error:
            wait = max(BACK_OFF[min(comment.attempts, len(BACK_OFF)) - 1], error.again_in)
            mine.update(due_at=_due_in(comment, at, wait), error=str(error)[:200])
            # The others would only find out the same.
            return done + 1
        else:
            mine.update(due_at=None, posted_at=max(at, now()), error="")
            done += 1
    return done


def marker(call_id: int, occasion: str) -> str:
    """What tells a comment from all others on its ticket."""
    return f"[{settings.CCAI_SUBDOMAIN} {call_id} {occasion}]"


def _write(comments: list[CrmComment]) -> None:
    CrmComment.objects.bulk_create(comments, ignore_conflicts=True)


def _comment(occasion: CrmComment.Occasion, call: Call, lines: list[str], later: timedelta = timedelta()) -> CrmComment:
    """A comment that says `lines`, each as one, and is due `later`."""
    text = "\n".join([" ".join(line.split()) for line in [*lines, marker(call.pk, occasion)]])
    return CrmComment(call=call, occasion=occasion, ticket_id=call.out_ticket_id or "", text=text, due_at=now() + later)


def _wrap_up(call: Call) -> timedelta:
    """How long the agent of `call`, which is over, may take to say what came of it."""
    has_talked = call.agent_info and call.connected_at is not None
    return timedelta(seconds=settings.CCAI_WRAP_UP_SECONDS if has_talked else 0)


def _page(call: Call) -> str:
    """Where the call is shown to those who may see it, with its recording."""
    return settings.CCAI_PUBLIC_URL + reverse("admin:calls_call_change", args=[call.pk])


def _ending(call: Call) -> list[str]:
    """How `call` ended, a line for each thing that is known of it. The last leads to its page, where who may hear it
    does."""
    lines = [_headline(call), _("Call: %(type)s") % {"type": call.get_call_type_display()}]
    if call.menu_path:
        lines.append(_("Menu: %(name)s") % {"name": call.menu_path["name"]})
    lines += _scheduled(call)
    if call.ends_at is not None:
        lines.append(_("Ended: %(time)s") % {"time": _clock_time(call.ends_at)})
    if call.disconnected_by != DisconnectedBy.UNKNOWN:
        lines.append(_("Ended by: %(who)s") % {"who": call.get_disconnected_by_display()})
    if call.agent_info:
        lines.append(_("Agent: %(name)s") % {"name": call.agent_info["name"]})
    if call.connected_at is not None:
        minutes, seconds = divmod(call.call_duration, 60)
        lines.append(_("Duration: %(minutes)s min %(seconds)s s") % {"minutes": minutes, "seconds": seconds})
    if call.disposition is not None:
        lines.append(_("Disposition: %(name)s") % {"name": call.disposition.name})
    return [*lines, _link(call)]


def _scheduled(call: Call) -> list[str]:
    return [_("Scheduled for: %(time)s") % {"time": _clock_time(call.scheduled_at)}] if call.scheduled_at else []


def _clock_time(moment: datetime) -> str:
    """`moment` on the center's clock, which is named."""
    return timezone.localtime(moment).strftime("%Y-%m-%d %H:%M:%S %Z")


def _link(call: Call) -> str:
    address = {"address": _page(call)}
    if call.status in (Status.VOICEMAIL_RECEIVED, Status.VOICEMAIL_READ):
        return _("Message: %(address)s") % address
    if call.connected_at is not None and call.recorded:
        return _("Recording: %(address)s") % address
    return _("Details: %(address)s") % address


def _headline(call: Call) -> str:
    match call.status:
        case Status.CANCELLED:
            return _("The call was cancelled before anybody was dialled.")
        case Status.DEFLECTED:
            return _("The call was deflected: %(how)s.") % {"how": call.get_deflection_display()}
        case Status.VOICEMAIL_RECEIVED | Status.VOICEMAIL_READ:
            return _("The end user left a voicemail.")
        case Status.FAILED | Status.RECOVERED:
            return _("The call failed: %(reason)s.") % {"reason": call.get_fail_reason_display()}
        case _other:
            return _("The call is over.")


def _claim(at: datetime) -> CrmComment | None:
    """The comment that is due next, for this worker alone while the lease lasts; None where there is none."""
    with transaction.atomic():
        comment = (
            CrmComment.objects.filter(due_at__lte=at)
            .order_by("due_at", "pk")
            .select_for_update(skip_locked=True)
            .first()
        )
        if comment is not None:
            comment.attempts, comment.due_at = comment.attempts + 1, max(at, now()) + LEASE
            comment.save(update_fields=["attempts", "due_at"])
    return comment


def _due_in(comment: CrmComment, at: datetime, wait: float) -> datetime | None:
    """When the CRM is told after `wait` seconds; None where the comment is too old by then."""
    due = max(at, now()) + timedelta(seconds=wait)
    if due > comment.created_at + GIVE_UP:
        log.warning("call %s: the comment %s for the CRM is given up", comment.call_id, comment.occasion)
        return None
    return due

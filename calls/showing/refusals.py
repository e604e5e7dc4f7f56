"""What people of the back office are told when a verb is refused, with what to do about it."""

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from calls import errors
from calls.models import Call, Deflection, FailReason, Status
from ccai.errors import Refused

WORDS: dict[str, Promise] = {
    errors.CALL_HAS_ENDED.code: _("The call has ended meanwhile."),
    errors.CALL_IS_SCHEDULED.code: _("The call is scheduled: nobody is on it yet. Cancel it instead."),
    errors.REASON_REQUIRED.code: _("Write why the call is ended. It stays with the call."),
    errors.CALL_CANNOT_BE_CANCELLED.code: _("It is not scheduled any more: it has become due, or it has ended."),
    errors.CALL_CANNOT_BE_MOVED.code: _(
        "It is not scheduled any more, or the hours of its menu cannot be read. Look at the menu."
    ),
    errors.CALL_CANNOT_BE_STARTED.code: _(
        "It is not scheduled any more, or the hours of its menu cannot be read. Look at the menu."
    ),
    errors.SCHEDULED_AT_IN_THE_PAST.code: _("This time is over. Choose one to come."),
    errors.MENU_AFTER_HOURS.code: _("Its menu is closed at that time. Choose another."),
    errors.MENU_REDIRECTED.code: _("Its menu is redirected now. Switch that off first, or cancel the call."),
    errors.MENU_HAS_NO_OPENING.code: _("Its menu does not open again by its hours. Choose a time, or cancel the call."),
    errors.MENU_NOT_FOUND.code: _("Its menu is deleted, and nothing takes its place. Cancel the call."),
}


def in_words(refusal: Refused) -> str:
    """What somebody is told of `refusal`."""
    return str(WORDS.get(refusal.code, refusal.message))


def turned_away(call: Call) -> str:
    """What became of `call`, which was to be made now, where it does not wait in a queue; "" where it does."""
    if call.status == Status.QUEUED:
        return ""
    why = ""
    if call.fail_reason != FailReason.NOTHING:
        why = call.get_fail_reason_display()
    elif call.deflection != Deflection.NO_DEFLECTION:
        why = call.get_deflection_display()
    said = {"status": call.get_status_display(), "why": why}
    return gettext("%(status)s: %(why)s.") % said if why else gettext("%(status)s.") % said

"""Refusals as an agent reads them. On the wire a sentence stays as it is; a page says what to do."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from calls import errors
from ccai.errors import Refused

WORDS: dict[str, Promise] = {
    errors.OFFER_IS_GONE.code: _("This call is gone: a colleague was quicker, or the caller hung up."),
    errors.DIAL_PROMPT_IS_GONE.code: _("This request has lapsed or was used already."),
    errors.AGENT_NOT_AVAILABLE.code: _("You are not available, or something else has your time. Finish that first."),
    errors.AGENT_MAY_NOT_CALL.code: _("You may not place calls. Ask your supervisor."),
    errors.NO_OUTBOUND_NUMBER.code: _("There is no number that you may show. Ask your supervisor for one."),
    errors.OUTBOUND_NUMBER_NOT_AVAILABLE.code: _("You may not show this number. Choose another."),
    errors.CONTACT_NOT_FOUND.code: _("The ticket, or the contact on it, is not there any more."),
    errors.CRM_NOT_REACHABLE.code: _("The CRM does not answer. Try again in a moment."),
    errors.CALL_HAS_ENDED.code: _("The call has ended."),
    errors.MENU_AFTER_HOURS.code: _("This queue is closed now. Choose another."),
    errors.MENU_REDIRECTED.code: _("This queue is redirected now. Choose another."),
    "end_user_number_not_well_formed": _(
        "This is not a phone number. Write it with + and the country code, for example +49 30 901820."
    ),
    "outbound_number_not_well_formed": _("The number to show is not a phone number."),
    "language_not_available": _("Calls are not made in this language at present."),
}
GONE = _("This is not here any more. The page shows what is.")


def in_words(refusal: Refused) -> str:
    """What an agent is told of a refusal."""
    return str(WORDS.get(refusal.code, refusal.message))

"""What an agent is told: of refusals, and of what became of an offer or a transfer.

On the wire a sentence stays as it is; a page says what to do.
"""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from calls import errors
from calls.models import FailReason, Offer, Status, Transfer
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
    errors.CALL_NOT_CONNECTED.code: _("The call is not connected: wait a moment, or it has just ended."),
    errors.NOT_ON_THIS_CALL.code: _("You are not on this call any more."),
    errors.CALL_OF_ANOTHER_AGENT.code: _("This call is a colleague's. They can hold it, hand it on and end it."),
    errors.CALL_IS_HELD.code: _("The caller is on hold already."),
    errors.CALL_IS_NOT_HELD.code: _("The caller is not on hold any more."),
    errors.TRANSFER_UNDER_WAY.code: _("The call is being handed on already. Take it back first."),
    errors.NO_TRANSFER_UNDER_WAY.code: _("The call is not being handed on any more."),
    errors.NOBODY_TO_TRANSFER_TO.code: _("Your colleague is not on the line yet. Wait a moment."),
    errors.CALL_CANNOT_BE_CALLED_BACK.code: _("This call was not missed, or was called back already."),
    errors.CALL_IS_BEING_CALLED_BACK.code: _("Somebody is calling back already."),
    errors.NO_NUMBER_TO_CALL_BACK.code: _("The caller's number is not known."),
    errors.OUTBOUND_NUMBER_REQUIRED.code: _("Choose the number to show."),
    errors.NOT_AN_AGENT_OF_THE_CALL.code: _("Only agents who have been on this call can do that."),
    errors.NOTE_TOO_LONG.code: _("A note has 10,000 characters at most. Shorten it."),
    errors.NOTE_NOT_TEXT.code: _("The note has characters that cannot be kept. Take them out."),
    errors.NOTE_HAS_CHANGED.code: _("The note was changed in another tab. Choose which text to keep."),
    errors.DISPOSITION_NOT_IN_USE.code: _("This outcome is not in use any more. Choose another."),
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


def why_gone(offer: Offer) -> str:
    """What became of `offer`, for the agent it was made to; "" where they know, having answered it."""
    if offer.status == Offer.Status.EXPIRED:
        return str(_("You did not answer the call in time."))
    if offer.status != Offer.Status.WITHDRAWN:
        return ""
    if offer.transfer is not None:
        return str(_why_withdrawn(offer.transfer))
    call = offer.call
    if call.agent_id is not None and call.agent_id != offer.agent_id:
        return str(_("A colleague has taken the call."))
    if call.status == Status.QUEUED:
        return str(_("The call is offered to others now."))
    if call.fail_reason == FailReason.EU_ABANDONED:
        return str(_("The caller hung up."))
    return str(_("The caller does not wait any more."))


def _why_withdrawn(transfer: Transfer) -> Promise | str:
    who = (transfer.from_agent or {}).get("name", "")
    if transfer.fail_reason == FailReason.TRANSFER_EXPIRED:
        return _("You did not answer the call in time.")
    if transfer.fail_reason == FailReason.EU_ABANDONED:
        return _("The caller hung up.")
    if transfer.fail_reason == FailReason.AG_CANCELED:
        return _("%(who)s does not hand the call on any more.") % {"who": who}
    return _("The call is not handed on any more.")


def why_not_handed_on(transfer: Transfer) -> str:
    """Why `transfer`, which has failed, came to nothing, for the agent who still has the call."""
    offer = next(iter(transfer.offers.all()), None)
    who = {"who": (transfer.to_agent or {}).get("name", "")}
    if offer is None:
        return ""
    if offer.status == Offer.Status.DECLINED:
        return str(_("%(who)s declined. You still have the call.") % who)
    if offer.status == Offer.Status.EXPIRED or transfer.fail_reason in (
        FailReason.TRANSFER_EXPIRED,
        FailReason.AG_IGNORED,
    ):
        return str(_("%(who)s did not answer in time. You still have the call.") % who)
    if offer.status == Offer.Status.ACCEPTED:
        return str(_("%(who)s is not on the line any more. You have the call.") % who)
    return str(_("The call is not handed on to %(who)s any more. You have it.") % who)

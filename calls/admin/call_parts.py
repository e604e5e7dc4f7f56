"""What several pages show of calls and of what belongs to them."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from calls.models import Call, FailReason, Offer, Participant, Status, Transfer
from ccai.admin import clock_time, label

COLOURS = {
    **dict.fromkeys(Status, ""),
    Status.SCHEDULED: "info",
    Status.QUEUED: "warning",
    Status.ASSIGNED: "primary",
    Status.CONNECTING: "primary",
    Status.SWITCHING: "primary",
    Status.CONNECTED: "success",
    Status.FAILED: "danger",
    Status.VOICEMAIL: "warning",
    Status.VOICEMAIL_RECEIVED: "warning",
}
OFFER_COLOURS = {
    Offer.Status.OPEN: "primary",
    Offer.Status.ACCEPTED: "success",
    Offer.Status.DECLINED: "danger",
    Offer.Status.EXPIRED: "warning",
    Offer.Status.WITHDRAWN: "",
}


def fail_reason(thing: Call | Participant | Transfer) -> str | None:
    """Why it failed; None where it did not."""
    return None if thing.fail_reason == FailReason.NOTHING else thing.get_fail_reason_display()


def snapshot_name(snapshot: dict[str, Any] | None) -> str | None:
    """The name in a snapshot of an agent, a menu or a menu path; None where there is none."""
    return snapshot.get("name") if snapshot else None


class OfferColumns:
    """Mixed into an admin or an inline of offers: what became of each, and when."""

    @display(description=_("status"))
    def shown_status(self, offer: Offer) -> str:
        """What became of it."""
        return label(offer.get_status_display(), OFFER_COLOURS[Offer.Status(offer.status)])

    @display(description=_("offered at"))
    def offered(self, offer: Offer) -> str | None:
        """When."""
        return clock_time(offer.offered_at)

    @display(description=_("expires at"))
    def expires(self, offer: Offer) -> str | None:
        """Until when the agent may take it."""
        return clock_time(offer.expires_at)

    @display(description=_("settled at"))
    def settled(self, offer: Offer) -> str | None:
        """When; nothing while it is open."""
        return clock_time(offer.settled_at)

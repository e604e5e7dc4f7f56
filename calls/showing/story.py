"""All that is known of one call, read with a fixed number of queries, however much has happened in it."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from calls.models import (
    Call,
    CallEvent,
    CrmComment,
    DeflectionDetail,
    Hold,
    Note,
    Offer,
    OfferEvent,
    Participant,
    Photo,
    Transfer,
    Video,
    VoipOrder,
)

# Offers of one call that a page tells of; one that waits for hours in a large center has had thousands.
MOST_OFFERS = 300
MOST_CHILDREN = 50


@dataclass(frozen=True)
class Story:
    """A call and its parts, each in its order, as they are at `at`."""

    call: Call
    at: datetime
    events: list[CallEvent]
    participants: list[Participant]
    offers: list[Offer]  # the latest MOST_OFFERS
    casts: list[OfferEvent]
    transfers: list[Transfer]
    deflections: list[DeflectionDetail]
    holds: list[Hold]
    notes: list[Note]
    photos: list[Photo]
    videos: list[Video]
    orders: list[VoipOrder]
    comments: list[CrmComment]
    children: list[Call]  # the first MOST_CHILDREN

    @property
    def is_live(self) -> bool:
        """True while anything may still happen by itself."""
        return self.call.ends_at is None

    @property
    def ends_at(self) -> datetime:
        """When the call was over; the present while it is not."""
        return self.call.ends_at or self.at

    @property
    def has_more_offers(self) -> bool:
        """True where there may be offers that are not told of."""
        return len(self.offers) == MOST_OFFERS


def with_names(calls: QuerySet[Call]) -> QuerySet[Call]:
    """`calls` with what the page says beside their own columns."""
    return calls.select_related("agent__user", "end_user", "menu", "queue", "disposition", "parent")


def read_story(call: Call, at: datetime, visible: QuerySet[Call]) -> Story:
    """The story of `call`, which comes from `with_names`, as it is at `at`; of its children those that are visible."""
    offers = Offer.objects.filter(call=call).select_related("agent__user").order_by("-pk")[:MOST_OFFERS]
    return Story(
        call=call,
        at=at,
        events=list(CallEvent.objects.filter(call=call).order_by("pk")),
        participants=list(
            Participant.objects.filter(call=call).select_related("agent__user", "end_user").order_by("pk")
        ),
        offers=list(reversed(offers)),
        casts=list(OfferEvent.objects.filter(call=call).order_by("pk")),
        transfers=list(Transfer.objects.filter(call=call).order_by("pk")),
        deflections=list(DeflectionDetail.objects.filter(call=call).order_by("pk")),
        holds=list(Hold.objects.filter(call=call).select_related("agent__user").order_by("pk")),
        notes=list(Note.objects.filter(call=call).select_related("agent__user").order_by("pk")),
        photos=list(Photo.objects.filter(call=call).order_by("pk")),
        videos=list(Video.objects.filter(call=call).order_by("pk")),
        orders=list(VoipOrder.objects.filter(call=call).order_by("pk")),
        comments=list(CrmComment.objects.filter(call=call).order_by("pk")) if call.out_ticket_id else [],
        children=list(visible.filter(parent=call).order_by("pk")[:MOST_CHILDREN]),
    )

"""What programs are told of calls and of their offers: the call object, as GET /calls/{id} shows it."""

from collections.abc import Collection, Iterable, Mapping
from typing import Annotated, TypedDict

from django.conf import settings

from agents.serializers import AgentInfo, agent_snapshot
from calls.files.serving import file_path
from calls.models import Call, Offer
from calls.serializers import CallObject, CallParts, call_object
from ccai.shapes import Keywords, Time, Words
from ccai.times import wire_time
from ccai.webhooks import recording


class OfferInfo(TypedDict):
    """An offer as its events tell it."""

    id: int
    status: Annotated[str, Words(Offer.Status, "OfferStatus")]
    agent_info: AgentInfo
    group: Annotated[str, Keywords("The group it was cast to; empty where it comes of a transfer.")]
    transfer_id: Annotated[int | None, Keywords("The transfer it comes of; null for one from a queue.")]
    offered_at: Time
    expires_at: Time | None
    settled_at: Time | None


class OfferedCallObject(CallObject):
    """The call object, and the offer that it is about."""

    offer: OfferInfo


class CustomerFlags(TypedDict):
    """What is known of the end user."""

    verified_customer: bool
    bad_actor: bool
    repeat_customer: bool


class BesideFlagged(TypedDict):
    """What stands beside a call whose flags are set."""

    customer_flag: CustomerFlags


class BesideInformed(TypedDict):
    """What stands beside a call whose data parameters are set."""

    data_parameters: Annotated[dict[str, str | float | bool], Keywords("The whole map.")]


def public_url(name: str) -> str:
    """Where the stored file opens, for a while and without credentials, to programs outside."""
    return settings.CCAI_PUBLIC_URL + file_path(name)


def read_calls(call_ids: Collection[int]) -> dict[int, CallObject]:
    """The call objects of those calls, unmasked, as they are now, in a fixed number of queries."""
    calls = Call.objects.with_parts().filter(pk__in=call_ids)
    return {call.pk: call_object(call, CallParts.of(call), public_url, clear=True) for call in calls}


def read_flags(call_ids: Collection[int]) -> dict[int, BesideFlagged]:
    """The customer flags of those calls, as they are now."""
    calls = Call.objects.filter(pk__in=call_ids).only(*CustomerFlags.__annotations__)
    return {
        call.pk: BesideFlagged(
            customer_flag=CustomerFlags(
                verified_customer=call.verified_customer,
                bad_actor=call.bad_actor,
                repeat_customer=call.repeat_customer,
            )
        )
        for call in calls
    }


def read_parameters(call_ids: Collection[int]) -> dict[int, BesideInformed]:
    """The data parameters of those calls, as they are now."""
    calls = Call.objects.filter(pk__in=call_ids).only("data_parameters")
    return {call.pk: BesideInformed(data_parameters=call.data_parameters) for call in calls}


# What an event is about, where the call does not show it.
BESIDE: dict[str, recording.Read] = {
    "call.flagged": read_flags,
    "call.data_parameters_updated": read_parameters,
}


def read_offers(offer_ids: Collection[int]) -> dict[int, OfferedCallObject]:
    """The call objects of the calls of those offers, each with its offer, as they are now."""
    offers = list(Offer.objects.select_related("agent__user").filter(pk__in=offer_ids))
    calls = read_calls({offer.call_id for offer in offers})
    return {offer.pk: OfferedCallObject(**calls[offer.call_id], offer=offer_info(offer)) for offer in offers}


def offer_info(offer: Offer) -> OfferInfo:
    """`offer` as its events tell it. `offer.agent.user` should have been read along."""
    return OfferInfo(
        id=offer.pk,
        status=offer.status,
        agent_info=agent_snapshot(offer.agent),
        group=offer.group,
        transfer_id=offer.transfer_id,
        offered_at=wire_time(offer.offered_at),
        expires_at=wire_time(offer.expires_at),
        settled_at=wire_time(offer.settled_at),
    )


def record_calls(type_: str, call_ids: Iterable[int]) -> None:
    """`type_` has happened to those calls. In the transaction that does it, which has them locked."""
    subjects = {call_id: subject_of(call_id) for call_id in call_ids}
    recording.record(type_, read_calls, subjects, BESIDE.get(type_))


def record_offers(type_: str, offers: Mapping[int, int]) -> None:
    """`type_` has happened to the offers with the ids of `offers`, of the calls with the ids beside. As above."""
    recording.record(type_, read_offers, {offer: subject_of(call) for offer, call in offers.items()})


def catch_up(call_ids: Iterable[int]) -> None:
    """What this transaction has done to those calls, and to their offers, is told as it is now."""
    recording.catch_up([subject_of(call_id) for call_id in call_ids])


def subject_of(call_id: int) -> str:
    """What events of a call, and of its offers, are in order by."""
    return f"call:{call_id}"

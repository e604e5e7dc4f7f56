"""Shapes: the call object as it goes out (contract section 2), and the fields of a request as they come in."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Annotated, Any, Final, Literal, TypedDict

from agents.serializers import AgentInfo
from calls.models import (
    AnswerType,
    Call,
    CallType,
    CancelJob,
    Deflection,
    DeflectionDetail,
    DisconnectedBy,
    EndUser,
    FailReason,
    OfferEvent,
    Participant,
    Photo,
    RecordingPermission,
    Status,
    Transfer,
    Video,
    VoicemailReason,
)
from ccai.personal import masked_text
from ccai.phones import wire_phone
from ccai.shapes import Keywords, Phone, Seconds, Time, Url, Words
from ccai.times import wire_time
from menus.models import Menu, MenuPath, MenuSnapshot

FailWord = Annotated[str, Words(FailReason)]
DeflectionWord = Annotated[str, Words(Deflection)]
FileAddress = Annotated[Url, Keywords("Opens for a while without credentials; null where personal data are not shown.")]


class EndUserInfo(TypedDict):
    """An end user as the call object shows one."""

    id: int
    identifier: Annotated[str | None, Keywords("The customer's own name for the person: a login, a customer number.")]
    out_contact_id: Annotated[str | None, Keywords("The contact in the CRM.")]


class PhotoObject(TypedDict):
    """A picture the end user sent."""

    id: int
    photo_type: Annotated[str, Words(Photo.PhotoType)]
    url: FileAddress | None


class VideoObject(TypedDict):
    """A video the end user sent."""

    id: int
    url: FileAddress | None


class TransferObject(TypedDict):
    """A call handed on."""

    id: int
    status: Annotated[str, Words(Transfer.Status)]
    fail_reason: FailWord
    created_at: Time
    from_menu: MenuPath | None
    to_menu: MenuPath | None
    from_agent: AgentInfo | None
    to_agent: AgentInfo | None


class DeflectionObject(TypedDict):
    """One time that the call was deflected."""

    id: int
    call_id: int
    transfer_id: int | None
    deflection: DeflectionWord
    from_menu_path: MenuPath | None


class ParticipantObject(TypedDict):
    """One stay of one party in the call."""

    id: int
    type: Annotated[str, Words(Participant.Type)]
    status: Annotated[str, Words(Participant.Status)]
    call_id: int
    user_id: Annotated[int | None, Keywords("The agent's id.")]
    end_user_id: int | None
    call_duration: Annotated[Seconds | None, Keywords("Null until connected.")]
    hold_duration: Annotated[Seconds | None, Keywords("Null until connected.")]
    connected_at: Time | None
    ended_at: Time | None
    fail_reason: FailWord


class OfferEventObject(TypedDict):
    """One group the call was cast to."""

    casting_time: Time
    group: Annotated[str, Keywords("The name of the group.")]


class CallObject(TypedDict):
    """The call object: exactly these keys, in this order."""

    id: int
    parent_id: Annotated[int | None, Keywords("The call that this one calls back or continues.")]
    lang: Annotated[str, Keywords("A language code as it was sent.", examples=["en"])]
    call_type: Annotated[str, Words(CallType)]
    status: Annotated[str, Words(Status, "CallStatus")]
    created_at: Time
    updated_at: Time
    queued_at: Annotated[Time | None, Keywords("When it entered the queue.")]
    assigned_at: Annotated[Time | None, Keywords("When an agent was chosen and took it.")]
    connected_at: Annotated[Time | None, Keywords("When both sides were on.")]
    ends_at: Annotated[Time | None, Keywords("When it ended, in whatever way.")]
    scheduled_at: Annotated[Time | None, Keywords("When it is, or was, due.")]
    wait_duration: Annotated[Seconds, Keywords("Whole seconds from the queue to the agent.")]
    call_duration: Annotated[Seconds, Keywords("Whole seconds from connected to the end.")]
    hold_duration: Annotated[Seconds, Keywords("Whole seconds on hold, in all.")]
    rating: Annotated[int | None, Keywords(minimum=1, maximum=5)]
    has_feedback: bool
    voip_provider: Annotated[
        str | None, Keywords("`voip_provider_` and the adapter's name.", pattern="^voip_provider_")
    ]
    out_ticket_id: Annotated[str | None, Keywords("The ticket in the CRM.")]
    out_ticket_url: str | None
    verified: Annotated[bool, Keywords("The customer flag `verified_customer`.")]
    recording_url: FileAddress | None
    recording_permission: Annotated[str, Words(RecordingPermission)]
    voicemail_reason: Annotated[str, Words(VoicemailReason)]
    deflection: DeflectionWord
    disconnected_by: Annotated[str, Words(DisconnectedBy, prefix="disconnected_by_")]
    fail_reason: FailWord
    fail_details: str | None
    support_number: Annotated[Phone | None, Keywords("The number that the end user called.")]
    selected_menu: Annotated[MenuSnapshot | None, Keywords("As it was when the call was made.")]
    menu_path: MenuPath | None
    agent_info: AgentInfo | None
    end_user: EndUserInfo | None
    photos: list[PhotoObject]
    videos: list[VideoObject]
    transfers: list[TransferObject]
    deflection_details: list[DeflectionObject]
    participants: list[ParticipantObject]
    offer_type: Annotated[Annotated[str, Words(Menu.OfferType, "OfferType")] | None, Keywords("Null for outbound.")]
    offer_events: Annotated[list[OfferEventObject], Keywords("One for each group the call was cast to.")]
    answer_type: Annotated[str, Words(AnswerType)]
    outbound_number: Annotated[Phone | None, Keywords("The number shown to the end user.")]


class NotCancelled(TypedDict):
    """A call that a job could not cancel, and why."""

    id: int
    message: Annotated[str, Keywords("The sentence that refuses to cancel the call alone.")]


class JobObject(TypedDict):
    """A job that cancels calls, one after the other (contract section 8)."""

    job_id: Annotated[str, Keywords(format="uuid")]
    status: Literal["running", "done"]
    cancelled: Annotated[list[int], Keywords("Calls that are cancelled now, also those that were before.")]
    failed: list[NotCancelled]


# The keys of personal data, in a call and in what belongs to one; those of files are not shown at all.
MASKED_KEYS = ("identifier", "out_contact_id", "comment")
FILE_KEYS = ("recording_url", "url")

# Turns the name of a stored file into the absolute URL it can be fetched at.
FileUrl = Callable[[str], str]


@dataclass
class CallParts:
    """The rows that belong to a call."""

    participants: Iterable[Participant] = ()
    offer_events: Iterable[OfferEvent] = ()
    transfers: Iterable[Transfer] = ()
    photos: Iterable[Photo] = ()
    videos: Iterable[Video] = ()
    deflection_details: Iterable[DeflectionDetail] = ()

    @classmethod
    def of(cls, call: Call) -> "CallParts":
        """The parts of a call that was read `with_parts()`."""
        return cls(
            participants=call.participants.all(),
            offer_events=call.offer_events.all(),
            transfers=call.transfers.all(),
            photos=call.photos.all(),
            videos=call.videos.all(),
            deflection_details=call.deflection_details.all(),
        )


def call_object(call: Call, parts: CallParts, file_url: FileUrl, *, clear: bool) -> CallObject:
    """`call` as the wire shows it. `call.end_user` should have been read along.

    Where it is not `clear`, every key is there as always; who the end user is is masked, and no file can be fetched.
    """
    heard = call.recording.name or call.voicemail.name
    shown = CallObject(
        id=call.pk,
        parent_id=call.parent_id,
        lang=call.lang,
        call_type=call.call_type,
        status=call.status,
        created_at=wire_time(call.created_at),
        updated_at=wire_time(call.updated_at),
        queued_at=wire_time(call.queued_at),
        assigned_at=wire_time(call.assigned_at),
        connected_at=wire_time(call.connected_at),
        ends_at=wire_time(call.ends_at),
        scheduled_at=wire_time(call.scheduled_at),
        wait_duration=call.wait_duration,
        call_duration=call.call_duration,
        hold_duration=call.hold_duration,
        rating=call.rating,
        has_feedback=call.has_feedback,
        voip_provider=f"voip_provider_{call.voip_provider}" if call.voip_provider else None,
        out_ticket_id=call.out_ticket_id,
        out_ticket_url=call.out_ticket_url,
        verified=call.verified_customer,
        recording_url=file_url(heard) if heard else None,
        recording_permission=call.recording_permission,
        voicemail_reason=call.voicemail_reason,
        deflection=call.deflection,
        disconnected_by=f"disconnected_by_{call.disconnected_by}",
        fail_reason=call.fail_reason,
        fail_details=call.fail_details,
        support_number=wire_phone(call.support_number),
        selected_menu=call.selected_menu,
        menu_path=call.menu_path,
        agent_info=call.agent_info,
        end_user=end_user_info(call.end_user) if call.end_user else None,
        photos=[photo_object(photo, file_url) for photo in parts.photos],
        videos=[video_object(video, file_url) for video in parts.videos],
        transfers=[transfer_object(transfer) for transfer in parts.transfers],
        deflection_details=[
            DeflectionObject(
                id=detail.pk,
                call_id=detail.call_id,
                transfer_id=detail.transfer_id,
                deflection=detail.deflection,
                from_menu_path=detail.from_menu_path,
            )
            for detail in parts.deflection_details
        ],
        participants=[participant_object(participant) for participant in parts.participants],
        offer_type=call.offer_type or None,
        offer_events=[
            OfferEventObject(casting_time=wire_time(event.casting_time), group=event.group)
            for event in parts.offer_events
        ],
        answer_type=call.answer_type,
        outbound_number=wire_phone(call.outbound_number),
    )
    return shown if clear else masked(shown)


def end_user_info(end_user: EndUser) -> EndUserInfo:
    """`end_user` as the wire shows one."""
    return EndUserInfo(id=end_user.pk, identifier=end_user.identifier, out_contact_id=end_user.out_contact_id)


def photo_object(photo: Photo, file_url: FileUrl) -> PhotoObject:
    """`photo` as the wire shows it."""
    return PhotoObject(id=photo.pk, photo_type=photo.photo_type, url=file_url(photo.file.name or ""))


def video_object(video: Video, file_url: FileUrl) -> VideoObject:
    """`video` as the wire shows it."""
    return VideoObject(id=video.pk, url=file_url(video.file.name or ""))


def transfer_object(transfer: Transfer) -> TransferObject:
    """`transfer` as the wire shows it."""
    return TransferObject(
        id=transfer.pk,
        status=transfer.status,
        fail_reason=transfer.fail_reason,
        created_at=wire_time(transfer.created_at),
        from_menu=transfer.from_menu,
        to_menu=transfer.to_menu,
        from_agent=transfer.from_agent,
        to_agent=transfer.to_agent,
    )


def participant_object(participant: Participant) -> ParticipantObject:
    """`participant` as the wire shows it."""
    return ParticipantObject(
        id=participant.pk,
        type=participant.type,
        status=participant.status,
        call_id=participant.call_id,
        user_id=participant.agent_id,
        end_user_id=participant.end_user_id,
        call_duration=participant.call_duration,
        hold_duration=participant.hold_duration,
        connected_at=wire_time(participant.connected_at),
        ended_at=wire_time(participant.ended_at),
        fail_reason=participant.fail_reason,
    )


def job_object(job: CancelJob) -> JobObject:
    """`job` as the wire shows it."""
    return JobObject(
        job_id=str(job.job_id),
        status="running" if job.finished_at is None else "done",
        cancelled=job.cancelled,
        failed=job.failed,
    )


def masked(answer: Any) -> Any:
    """`answer`, a call or what belongs to one, for those who are not shown personal data."""
    if isinstance(answer, list):
        return [masked(one) for one in answer]
    if not isinstance(answer, dict):
        return answer
    hidden: dict[str, Any] = {key: None for key in FILE_KEYS if key in answer}
    hidden |= {key: masked_text(answer[key]) for key in MASKED_KEYS if key in answer}
    return {key: masked(value) for key, value in answer.items()} | hidden


# --- Requests ----------------------------------------------------------------------------------------------------

CALL_TYPES: dict[str, CallType] = {
    CallType.OUTBOUND_API: CallType.OUTBOUND_API,
    CallType.INBOUND_API: CallType.INBOUND_API,
    CallType.SCHEDULED_API: CallType.SCHEDULED_API,
    "OutboundCall": CallType.OUTBOUND_API,
    "IncomingCall": CallType.INBOUND_API,
    "ScheduledCall": CallType.SCHEDULED_API,
}


class IllTyped:
    """Stands for a value of a type its field does not take. Only the check whose turn it is may say so."""


ILL_TYPED: Final = IllTyped()


@dataclass(frozen=True)
class Id:
    """An id as it was sent. `pk` is None beyond 64 bits, where nothing is ever found."""

    text: str
    pk: int | None


Text = str | IllTyped | None
Number = Id | IllTyped | None


def read_text(value: Any) -> Text:
    """A string, stripped; None where absent."""
    if isinstance(value, str):
        return value.strip() or None
    return None if value is None else ILL_TYPED


def read_key(value: Any) -> Text:
    """As `read_text`; an integer is read as its decimal string."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return read_text(value)
    return str(value)


def read_id(value: Any) -> Number:
    """An integer or a string of digits; None where absent."""
    text = read_key(value)
    if not isinstance(text, str):
        return text
    if isinstance(value, str) and not (text.isascii() and text.isdigit()):
        return ILL_TYPED
    pk = int(text) if len(text) <= 20 else None
    return Id(text, pk if pk is not None and abs(pk) < 2**63 else None)


READERS: dict[str, Callable[[Any], Any]] = {
    "agent_email": read_text,
    "call_id": read_id,
    "end_user_number": read_text,
    "lang": read_text,
    "menu_id": read_id,
    "outbound_number": read_text,
    "recording_permission": read_text,
    "scheduled_at": read_text,
    "ticket_id": read_key,
}

OUTBOUND_FIELDS = ("agent_email", "ticket_id", "end_user_number", "outbound_number", "lang")
INBOUND_FIELDS = ("menu_id", "end_user_number", "ticket_id", "outbound_number", "recording_permission", "lang")
# The fields that each call type has; any other key of a body is ignored.
INPUTS: dict[CallType, tuple[str, ...]] = {
    CallType.OUTBOUND_API: OUTBOUND_FIELDS,
    CallType.INBOUND_API: INBOUND_FIELDS,
    CallType.SCHEDULED_API: (*INBOUND_FIELDS, "scheduled_at", "call_id"),
}


@dataclass(frozen=True)
class CallRequest:
    """The fields of a POST /calls, read but not judged. `sent` are those of its call type as they came."""

    call_type: CallType
    sent: Mapping[str, Any] = field(default_factory=dict)
    agent_email: Text = None
    call_id: Number = None
    end_user_number: Text = None
    lang: Text = None
    menu_id: Number = None
    outbound_number: Text = None
    recording_permission: Text = None
    scheduled_at: Text = None
    ticket_id: Text = None


def read_call_request(call_type: CallType, body: Mapping[str, Any]) -> CallRequest:
    """The fields that `call_type` has, from a request's body."""
    values = {name: READERS[name](body.get(name)) for name in INPUTS[call_type]}
    sent = {name: body[name] for name in ("call_type", *INPUTS[call_type]) if name in body}
    return CallRequest(call_type=call_type, sent=sent, **values)

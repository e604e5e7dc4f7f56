"""What is said of the calls: making, reading, cancelling them, and what belongs to one."""

from typing import Annotated, Any, NotRequired, TypedDict

from calls import errors, filters
from calls.models import CallType, Photo, RecordingPermission, Transfer
from calls.sent_views import DataParametersView, FeedbackView, PhotosView, VideosView
from calls.serializers import CALL_TYPES, INPUTS, CallObject, JobObject, PhotoObject, TransferObject, VideoObject
from calls.services.cancelling import MOST_AT_ONCE
from calls.services.data_parameters import MAX_KEY, MAX_KEYS
from calls.services.flags import ALSO, FLAGS
from calls.services.sent import MAX_COMMENT
from calls.views import (
    SORT_COLUMNS,
    CallCancelView,
    CallsCancelView,
    CallsView,
    CallView,
    CustomerFlagView,
    JobView,
    ScheduledCallView,
    TransfersView,
)
from calls.webhooks import CustomerFlags
from ccai.openapi.operations import (
    FORM,
    Answer,
    Operation,
    Operations,
    cursor_pages,
    each,
    filters_of,
    not_well_formed,
)
from ccai.shapes import Fields, Keywords, OneOf, Words

TAG = "Calls"

# An empty text and null count as absent; an integer field also takes a string of digits.
Text = str | None
Number = Annotated[int | str | None, Keywords(pattern="^[0-9]*$")]

FIELDS: dict[str, Any] = {
    "agent_email": Annotated[str, Keywords("The agent who is to place the call.", minLength=1)],
    "call_id": Annotated[Number, Keywords("The earlier call, which becomes the parent.")],
    "end_user_number": Annotated[Text, Keywords("Whom to call. A ticket wins.", examples=["+1 859-657-9625"])],
    "lang": Annotated[Text, Keywords("ISO 639-1, with or without a region.", default="en")],
    "menu_id": Annotated[Number, Keywords("The leaf menu whose queue the call enters.")],
    "outbound_number": Annotated[Text, Keywords("The number to show.", examples=["+1 339-219-5276"])],
    "recording_permission": Annotated[
        str | None,
        Keywords(
            "Counts where the menu asks for it.",
            enum=[*Words(RecordingPermission, prefix="recording_permission_").read()[1], "", None],
        ),
    ],
    "scheduled_at": Annotated[str, Keywords("When the call is due, in the future.", format="date-time")],
    "ticket_id": Annotated[int | str | None, Keywords("The ticket in the CRM, whose contact the call is with.")],
}


def body_of(name: str, call_type: CallType, *required: str, description: str) -> Fields:
    """The body of POST /calls for `call_type`, which goes by its label or its aliases."""
    spellings = [spelling for spelling, kind in CALL_TYPES.items() if kind == call_type]
    annotations = {field: FIELDS[field] for field in INPUTS[call_type]}
    call_types: Any = Annotated[str, Keywords(enum=spellings)]
    return Fields(name, {"call_type": call_types, **annotations}, ("call_type", *required), description)


OUTBOUND = body_of(
    "OutboundCall",
    CallType.OUTBOUND_API,
    "agent_email",
    description="An agent calls somebody: `ticket_id` or `end_user_number`.",
)
INBOUND = body_of(
    "InboundCall",
    CallType.INBOUND_API,
    "menu_id",
    description="Somebody waits in a menu's queue, and is called when an agent takes the call.",
)
SCHEDULED = body_of(
    "ScheduledCall",
    CallType.SCHEDULED_API,
    "scheduled_at",
    description="As an inbound call, later. `menu_id` may be left out where `call_id` is given: it is the parent's.",
)
BODIES = {CallType.OUTBOUND_API: OUTBOUND, CallType.INBOUND_API: INBOUND, CallType.SCHEDULED_API: SCHEDULED}
# White space around words goes unread, and so does the number beside a ticket, whatever it is.
PROMPTED = Fields(
    "PromptedCall",
    {**OUTBOUND.annotations, "call_type": str, "end_user_number": Annotated[Any, Keywords("Unread beside a ticket.")]},
    OUTBOUND.required,
    "The fields of the request, as they were sent.",
)
# Of the demo center, so that they can be sent as they are.
NEW_CALLS = {
    "Outbound": {
        "call_type": CallType.OUTBOUND_API.value,
        "agent_email": "ana@example.com",
        "end_user_number": "+1 202-555-0171",
    },
    "Inbound": {"call_type": CallType.INBOUND_API.value, "menu_id": 21, "end_user_number": "+1 202-555-0172"},
    "Scheduled": {
        "call_type": CallType.SCHEDULED_API.value,
        "menu_id": 21,
        "end_user_number": "+1 202-555-0173",
        "scheduled_at": "2040-01-01T12:00:00Z",
    },
}
NEW_CALL = OneOf("call_type", {spelling: BODIES[kind] for spelling, kind in CALL_TYPES.items()})

FLAGS_SET = Fields(
    "CustomerFlagsToSet",
    dict.fromkeys((*FLAGS, *ALSO), bool),
    description="Those that are given are set. "
    + ", ".join(f"`{also}` is taken for `{flag}`" for also, flag in ALSO.items()),
)


class CallsToCancel(TypedDict):
    """The calls that are to be cancelled; one that is named again is cancelled once."""

    call_ids: Annotated[list[int], Keywords(minItems=1, maxItems=MOST_AT_ONCE)]


class NewTime(TypedDict):
    """When a scheduled call is to be due."""

    scheduled_at: Annotated[str, Keywords("In the future.", format="date-time")]


class NewTransfer(TypedDict):
    """Where a call is handed on to: an agent or a menu."""

    to_agent_email: NotRequired[Text]
    to_menu_id: NotRequired[Number]
    kind: NotRequired[Annotated[str, Words(Transfer.Kind), Keywords(default=Transfer.Kind.COLD.value)]]


class NewPhoto(TypedDict):
    """A picture, in a form."""

    file: Annotated[str, Keywords("JPEG, PNG, GIF, WebP or HEIC, by its content.", format="binary")]
    photo_type: NotRequired[Annotated[str, Words(Photo.PhotoType), Keywords(default=Photo.PhotoType.PHOTO.value)]]


class NewVideo(TypedDict):
    """A video, in a form."""

    file: Annotated[str, Keywords("MP4, QuickTime, WebM or 3GPP, by its content.", format="binary")]


Rating = Annotated[int | None, Keywords(minimum=1, maximum=5)]


class NewFeedback(TypedDict):
    """What an end user says of a call. What is given replaces what was there."""

    rating: NotRequired[Rating]
    comment: NotRequired[Annotated[str | None, Keywords(maxLength=MAX_COMMENT)]]


class Feedback(TypedDict):
    """What an end user has said of a call; null for what they have not."""

    rating: Rating
    comment: str | None


Value = str | float | bool
Parameters = Annotated[dict[str, Value], Keywords("The whole map.")]
ParametersToSet = Annotated[
    dict[str, Value | None],
    Keywords(
        f"Merged into the map, which has {MAX_KEYS} keys at most; null removes a key.",
        propertyNames={"minLength": 1, "maxLength": MAX_KEY},
    ),
]

# What the readers of the filters of calls take.
READERS: dict[Any, Any] = {
    filters.read_call_type: Annotated[str, Keywords(enum=list(dict.fromkeys([*CallType.values, *CALL_TYPES])))],
    filters.read_language: Annotated[str, Keywords(examples=["en"])],
}
LIST = cursor_pages(SORT_COLUMNS, filters_of(filters.CallFilter, READERS))
# A call that the path names and the center does not have.
NO_CALL = (errors.CALL_NOT_FOUND,)

# What can be done with a call that was made.
OF_A_CALL = (
    "get_call",
    "cancel_call",
    "move_call",
    "get_customer_flags",
    "set_customer_flags",
    "get_data_parameters",
    "set_data_parameters",
    "add_photo",
    "add_video",
    "set_feedback",
)

OF_CALLS: Operations = {
    CallsView: {
        "get": Operation(
            "list_calls",
            TAG,
            "Calls, the newest first",
            {200: Answer("A bare array of call objects.", list[CallObject], LIST.headers)},
            LIST.refusals,
            LIST.parameters,
            description="All filters can be combined. One that may be repeated can be written `name[]` as well.",
        ),
        "post": Operation(
            "create_call",
            TAG,
            "Make or schedule a call",
            {
                201: Answer("The call.", CallObject, leads_to=dict.fromkeys(OF_A_CALL, ("id", "call_id"))),
                202: Answer(
                    "The agent must act first: there is no call yet, and this is the request as sent.", PROMPTED
                ),
            },
            (
                errors.CALL_TYPE_REQUIRED,
                errors.INVALID_CALL_TYPE,
                errors.AGENT_EMAIL_REQUIRED,
                errors.AGENT_EMAIL_NOT_VALID,
                errors.AGENT_MAY_NOT_CALL,
                *not_well_formed("call_id"),
                errors.PARENT_NOT_FOUND,
                errors.MENU_ID_REQUIRED,
                *not_well_formed("menu_id"),
                errors.MENU_NOT_FOUND,
                errors.ONLY_IVR_AND_MOBILE,
                errors.ONLY_MOBILE_AND_WEB,
                errors.MENU_NOT_A_LEAF,
                *not_well_formed("lang"),
                errors.LANGUAGE_NOT_FOUND,
                errors.LANGUAGE_NOT_AVAILABLE,
                *not_well_formed("ticket_id"),
                errors.CRM_NOT_REACHABLE,
                errors.CONTACT_NOT_FOUND,
                errors.TICKET_OR_NUMBER_REQUIRED,
                errors.END_USER_NUMBER_REQUIRED,
                *not_well_formed("end_user_number"),
                *each(errors.NOT_WELL_FORMED_OUTBOUND, "field", ("end_user_number", "outbound_number")),
                errors.OUTBOUND_NUMBER_NOT_AVAILABLE,
                errors.AGENT_NOT_AVAILABLE,
                *not_well_formed("recording_permission"),
                errors.SCHEDULED_AT_REQUIRED,
                *not_well_formed("scheduled_at"),
                errors.SCHEDULED_AT_IN_THE_PAST,
                errors.TICKET_CLOSED,
                errors.TICKET_ALREADY_SCHEDULED,
                errors.MENU_REDIRECTED,
                errors.MENU_AFTER_HOURS,
                errors.NO_OUTBOUND_NUMBER,
            ),
            body=NEW_CALL,
            examples=NEW_CALLS,
        ),
    },
    CallView: {
        "get": Operation("get_call", TAG, "One call", {200: Answer("The call.", CallObject)}, NO_CALL),
    },
    CallCancelView: {
        "patch": Operation(
            "cancel_call",
            TAG,
            "Cancel a scheduled or queued call",
            {200: Answer("The call, `cancelled`.", CallObject), 204: Answer("It was cancelled before.")},
            (*NO_CALL, errors.CALL_CANNOT_BE_CANCELLED),
        ),
    },
    CallsCancelView: {
        "patch": Operation(
            "cancel_calls",
            TAG,
            "Cancel many scheduled or queued calls",
            {
                202: Answer(
                    "The job that does it, one call after the other.",
                    JobObject,
                    ("Location",),
                    {"get_job": ("job_id", "job_id")},
                )
            },
            (
                errors.CALL_IDS_REQUIRED,
                *not_well_formed("call_ids"),
                *each(errors.TOO_MANY_CALL_IDS, "most", (f"{MOST_AT_ONCE:,}",)),
            ),
            body=CallsToCancel,
        ),
    },
    JobView: {
        "get": Operation(
            "get_job",
            TAG,
            "How far a job is",
            {200: Answer("The job; it is kept for 24 hours from its end.", JobObject)},
            (errors.JOB_NOT_FOUND,),
        ),
    },
    ScheduledCallView: {
        "patch": Operation(
            "move_call",
            TAG,
            "Move a scheduled call to another time",
            {200: Answer("The call.", CallObject)},
            (
                *NO_CALL,
                errors.SCHEDULED_AT_REQUIRED,
                *not_well_formed("scheduled_at"),
                errors.SCHEDULED_AT_IN_THE_PAST,
                errors.CALL_CANNOT_BE_MOVED,
                errors.MENU_NOT_FOUND,
                errors.MENU_REDIRECTED,
                errors.MENU_AFTER_HOURS,
            ),
            body=NewTime,
        ),
    },
    CustomerFlagView: {
        "get": Operation(
            "get_customer_flags",
            TAG,
            "The customer flags of a call",
            {200: Answer("All three.", CustomerFlags)},
            NO_CALL,
        ),
        "patch": Operation(
            "set_customer_flags",
            TAG,
            "Set customer flags of a call",
            {200: Answer("All three.", CustomerFlags)},
            (
                *NO_CALL,
                *each(errors.FLAG_NOT_BOOLEAN, "flag", (*FLAGS, *ALSO)),
                errors.FLAGS_DIFFER,
                errors.NO_FLAG_GIVEN,
                errors.CALL_HAS_ENDED,
            ),
            body=FLAGS_SET,
        ),
    },
    TransfersView: {
        "post": Operation(
            "transfer_call",
            TAG,
            "Hand a connected call on",
            {201: Answer("The transfer.", TransferObject)},
            (
                *NO_CALL,
                errors.CALL_NOT_CONNECTED,
                errors.TRANSFER_TARGET_REQUIRED,
                errors.TRANSFER_TARGETS_DIFFER,
                *not_well_formed("kind", "to_menu_id"),
                errors.AGENT_EMAIL_NOT_VALID,
                errors.MENU_NOT_FOUND,
                errors.MENU_NOT_A_LEAF,
                errors.NOT_ON_THIS_CALL,
                errors.CALL_OF_ANOTHER_AGENT,
                errors.MENU_REDIRECTED,
                errors.MENU_AFTER_HOURS,
                errors.WARM_NEEDS_AN_AGENT,
                errors.AGENT_NOT_AVAILABLE,
                errors.TRANSFER_UNDER_WAY,
            ),
            body=NewTransfer,
        ),
    },
    PhotosView: {
        "post": Operation(
            "add_photo",
            TAG,
            "Add a picture that the end user sent",
            {201: Answer("The photo.", PhotoObject)},
            (
                *NO_CALL,
                errors.FILE_REQUIRED,
                *not_well_formed("file", "photo_type"),
                errors.ONLY_IMAGES,
                errors.CALL_HAS_ENDED,
                errors.TOO_MANY_PHOTOS,
            ),
            body=NewPhoto,
            body_type=FORM,
        ),
    },
    VideosView: {
        "post": Operation(
            "add_video",
            TAG,
            "Add a video that the end user sent",
            {201: Answer("The video.", VideoObject)},
            (
                *NO_CALL,
                errors.FILE_REQUIRED,
                *not_well_formed("file"),
                errors.ONLY_VIDEOS,
                errors.CALL_HAS_ENDED,
                errors.TOO_MANY_VIDEOS,
            ),
            body=NewVideo,
            body_type=FORM,
        ),
    },
    FeedbackView: {
        "patch": Operation(
            "set_feedback",
            TAG,
            "Keep what the end user says of the call",
            {200: Answer("What the end user has said.", Feedback)},
            (
                *NO_CALL,
                errors.RATING_NOT_POSSIBLE,
                *not_well_formed("comment"),
                errors.NO_FEEDBACK_GIVEN,
                errors.NOTHING_TO_RATE,
            ),
            body=NewFeedback,
        ),
    },
    DataParametersView: {
        "get": Operation(
            "get_data_parameters",
            TAG,
            "What virtual agents and programs know of a call",
            {200: Answer("The whole map.", Parameters)},
            NO_CALL,
        ),
        "patch": Operation(
            "set_data_parameters",
            TAG,
            "Merge data parameters into those of a call",
            {200: Answer("The whole map.", Parameters)},
            (
                *NO_CALL,
                errors.PARAMETER_KEY_NOT_POSSIBLE,
                errors.PARAMETER_NOT_POSSIBLE,
                errors.CALL_HAS_ENDED,
                errors.TOO_MANY_PARAMETERS_KEPT,
                errors.PARAMETERS_TOO_LARGE,
            ),
            body=ParametersToSet,
        ),
    },
}

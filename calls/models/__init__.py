"""Fields, constraints and indexes of everything a call is made of. No verbs: those are in the services.

A comment at an index names the query it serves.
"""

from calls.models.call import Call
from calls.models.cancel_job import CancelJob
from calls.models.crm import Contact, ContactPhone, Ticket
from calls.models.crm_comment import CrmComment
from calls.models.end_user import EndUser
from calls.models.offer import DialPrompt, Offer
from calls.models.parts import (
    CallEvent,
    DeflectionDetail,
    Disposition,
    Hold,
    Note,
    OfferEvent,
    Participant,
    Photo,
    Transfer,
    Video,
)
from calls.models.sandbox import SandboxCall
from calls.models.saved_view import SavedView
from calls.models.twilio import TwilioLine, TwilioRecording
from calls.models.vocabulary import (
    CHANNELS,
    AnswerType,
    CallType,
    Channel,
    Deflection,
    DisconnectedBy,
    FailReason,
    RecordingPermission,
    Status,
    VoicemailReason,
    types_of_channel,
)
from calls.models.voip_order import VoipOrder

__all__ = [
    "CHANNELS",
    "AnswerType",
    "Call",
    "CallEvent",
    "CallType",
    "CancelJob",
    "Channel",
    "Contact",
    "ContactPhone",
    "CrmComment",
    "Deflection",
    "DeflectionDetail",
    "DialPrompt",
    "DisconnectedBy",
    "Disposition",
    "EndUser",
    "FailReason",
    "Hold",
    "Note",
    "Offer",
    "OfferEvent",
    "Participant",
    "Photo",
    "RecordingPermission",
    "SandboxCall",
    "SavedView",
    "Status",
    "Ticket",
    "Transfer",
    "TwilioLine",
    "TwilioRecording",
    "Video",
    "VoicemailReason",
    "VoipOrder",
    "types_of_channel",
]

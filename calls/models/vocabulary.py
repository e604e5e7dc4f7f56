"""The words of the contract that stand in columns (contract sections 2 and 3)."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Status(models.TextChoices):
    """Where a call stands. `calls/lifecycle.py` says what leads where."""

    SELECTING = "selecting", _("Selecting")
    QUEUED = "queued", _("Queued")
    ASSIGNED = "assigned", _("Assigned")
    CONNECTING = "connecting", _("Connecting")
    CONNECTED = "connected", _("Connected")
    FINISHED = "finished", _("Finished")
    FAILED = "failed", _("Failed")
    SWITCHING = "switching", _("Switching")
    RECOVERED = "recovered", _("Recovered")
    SCHEDULED = "scheduled", _("Scheduled")
    ACTION_ONLY = "action_only", _("Action only")
    ACTION_ONLY_FINISHED = "action_only_finished", _("Action only finished")
    DEFLECTED = "deflected", _("Deflected")
    VOICEMAIL = "voicemail", _("Voicemail")
    VOICEMAIL_RECEIVED = "voicemail_received", _("Voicemail received")
    VOICEMAIL_READ = "voicemail_read", _("Voicemail read")
    CANCELLED = "cancelled", _("Cancelled")


class CallType(models.TextChoices):
    """How a call came about. The value is the label on the wire."""

    OUTBOUND_API = "Voice Outbound (API)", _("Voice Outbound (API)")
    INBOUND_API = "Voice Inbound (API)", _("Voice Inbound (API)")
    SCHEDULED_API = "Voice Scheduled (API)", _("Voice Scheduled (API)")
    INBOUND_IVR = "Voice Inbound (IVR)", _("Voice Inbound (IVR)")
    INBOUND_MOBILE = "Voice Inbound (Mobile)", _("Voice Inbound (Mobile)")
    CALLBACK_WEB = "Voice Callback (Web)", _("Voice Callback (Web)")
    SCHEDULED_WEB = "Voice Scheduled (Web)", _("Voice Scheduled (Web)")
    SCHEDULED_MOBILE = "Voice Scheduled (Mobile)", _("Voice Scheduled (Mobile)")
    OUTBOUND = "Voice Outbound", _("Voice Outbound")


class Channel(models.TextChoices):
    """By which way a call came to the center, or was asked for; what agents dial themselves has a way of its own."""

    IVR = "ivr", _("IVR")
    MOBILE = "mobile", _("Mobile")
    WEB = "web", _("Web")
    API = "api", _("API")
    DESK = "desk", _("Agent's desk")


# Every call type belongs to one channel.
CHANNELS: dict[CallType, Channel] = {
    CallType.OUTBOUND_API: Channel.API,
    CallType.INBOUND_API: Channel.API,
    CallType.SCHEDULED_API: Channel.API,
    CallType.INBOUND_IVR: Channel.IVR,
    CallType.INBOUND_MOBILE: Channel.MOBILE,
    CallType.SCHEDULED_MOBILE: Channel.MOBILE,
    CallType.CALLBACK_WEB: Channel.WEB,
    CallType.SCHEDULED_WEB: Channel.WEB,
    CallType.OUTBOUND: Channel.DESK,
}


def types_of_channel(channel: Channel) -> list[CallType]:
    """The call types that belong to `channel`."""
    return [call_type for call_type, its_channel in CHANNELS.items() if its_channel == channel]


class RecordingPermission(models.TextChoices):
    """What the end user said to being recorded (contract section 5)."""

    NOT_ASKED = "not_asked", _("Not asked")
    GRANTED = "granted", _("Granted")
    DENIED = "denied", _("Denied")


class VoicemailReason(models.TextChoices):
    """Why a message was left instead of a conversation."""

    NOT_VOICEMAIL = "not_voicemail", _("No voicemail")
    AFTER_HOURS = "after_hours", _("After hours")
    OVER_CAPACITY = "over_capacity", _("Over capacity")
    END_USER_CHOICE = "end_user_choice", _("End user's choice")


class Deflection(models.TextChoices):
    """What a call got instead of an agent."""

    NO_DEFLECTION = "no_deflection", _("No deflection")
    AFTER_HOURS_MESSAGE_ONLY = "after_hours_message_only", _("After hours: message only")
    AFTER_HOURS_VOICEMAIL = "after_hours_voicemail", _("After hours: voicemail")
    TEMP_REDIRECTION_PHONE = "temp_redirection_phone", _("Redirected to a phone")
    TEMP_REDIRECTION_QUEUE = "temp_redirection_queue", _("Redirected to a queue")
    OVER_CAPACITY_MESSAGE_ONLY = "over_capacity_message_only", _("Over capacity: message only")
    OVER_CAPACITY_VOICEMAIL = "over_capacity_voicemail", _("Over capacity: voicemail")
    OVER_CAPACITY_CALLBACK = "over_capacity_callback", _("Over capacity: call back")
    OVER_CAPACITY_SCHEDULED_CALL = "over_capacity_scheduled_call", _("Over capacity: scheduled call")


class DisconnectedBy(models.TextChoices):
    """Who ended the call. On the wire the value has the prefix `disconnected_by_`."""

    UNKNOWN = "unknown", _("Unknown")
    END_USER = "end_user", _("End user")
    AGENT = "agent", _("Agent")
    SYSTEM = "system", _("System")


class AnswerType(models.TextChoices):
    """Whether the agent took the call by hand."""

    MANUAL = "manual", _("Manual")
    AUTO = "auto", _("Auto")


class FailReason(models.TextChoices):
    """Why a call, a participant or a transfer failed."""

    NOTHING = "nothing", _("Nothing")
    UNKNOWN = "unknown", _("Unknown")
    EXPIRED = "expired", _("Expired")
    TRANSFER_EXPIRED = "transfer_expired", _("Transfer expired")
    EU_CANCELED = "eu_canceled", _("End user cancelled")
    EU_REJECTED = "eu_rejected", _("End user rejected the call")
    EU_ABANDONED = "eu_abandoned", _("End user abandoned")
    EU_IN_MENU_ABANDONED = "eu_in_menu_abandoned", _("End user abandoned in the menu")
    EU_REPEATED_VOICEMAIL = "eu_repeated_voicemail", _("End user left another voicemail")
    EU_REPEATED_CALLBACK = "eu_repeated_callback", _("End user asked for another call back")
    EU_BUSY = "eu_busy", _("End user busy")
    EU_WRONG_NUMBER = "eu_wrong_number", _("Wrong number")
    EU_NO_ANSWER = "eu_no_answer", _("End user did not answer")
    EU_NOTI_FAILED = "eu_noti_failed", _("End user could not be notified")
    AG_CANCELED = "ag_canceled", _("Agent cancelled")
    AG_IGNORED = "ag_ignored", _("Agent ignored the call")
    AG_MIC_NO_DEVICE = "ag_mic_no_device", _("Agent has no microphone")
    AG_MIC_DENIED = "ag_mic_denied", _("Agent denied the microphone")
    VOIP_TWILIO_ERROR = "voip_twilio_error", _("VoIP: Twilio error")
    VOIP_TOKBOX_ERROR = "voip_tokbox_error", _("VoIP: TokBox error")
    VOIP_INVALID_TOKEN = "voip_invalid_token", _("VoIP: invalid token")
    VOIP_CONN_GENERAL = "voip_conn_general", _("VoIP: connection failed")
    VOIP_CONN_TIMEOUT = "voip_conn_timeout", _("VoIP: connection timed out")
    VOIP_CONN_SIGNAL = "voip_conn_signal", _("VoIP: signalling failed")
    VOIP_NEXMO_ERROR = "voip_nexmo_error", _("VoIP: Nexmo error")
    STUCK_DUE_TO_API_ERROR = "stuck_due_to_api_error", _("Stuck after an API error")
    GROUP_DELETED_NO_SUBSTITUTE = "group_deleted_no_substitute", _("Group deleted, no substitute")
    MENU_DELETED = "menu_deleted", _("Menu deleted")
    DIRECT_PSTN_CALL_TO_FALLBACK_NUMBER = (
        "direct_pstn_call_to_fallback_number",
        _("Direct call to the fallback number"),
    )
    FORCE_ENDED = "force_ended", _("Ended by force")

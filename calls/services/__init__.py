"""People's verbs: what a program, an agent or a provider can do to calls, whatever door it comes by."""

from calls.services.action_only import begin_action_only, end_action_only
from calls.services.agents import deactivate, let_go
from calls.services.calling_back import call_back, dial
from calls.services.cancelling import cancel_call, cancel_later, read_call_ids
from calls.services.creation import PreparedCall, Prompted, prepare_call
from calls.services.data_parameters import set_data_parameters
from calls.services.dial_prompts import drop_dial_prompt, use_dial_prompt
from calls.services.flags import customer_flags, set_customer_flags
from calls.services.force_end import force_end
from calls.services.notes import set_disposition, write_note
from calls.services.outbound import NewCall
from calls.services.phone import answer_phone
from calls.services.rescheduling import move_call, request_move, start_now
from calls.services.sent import photo_to_add, set_feedback, video_to_add
from calls.services.talk import accept_offer, decline_offer, give_back, hang_up, hold, resume
from calls.services.transfers import cancel_transfer, complete_transfer, request_transfer, transfer
from calls.services.voicemail import mark_voicemail_read, voicemails_for
from calls.services.voip_events import apply_voip_event

__all__ = [
    "NewCall",
    "PreparedCall",
    "Prompted",
    "accept_offer",
    "answer_phone",
    "apply_voip_event",
    "begin_action_only",
    "call_back",
    "cancel_call",
    "cancel_later",
    "cancel_transfer",
    "complete_transfer",
    "customer_flags",
    "deactivate",
    "decline_offer",
    "dial",
    "drop_dial_prompt",
    "end_action_only",
    "force_end",
    "give_back",
    "hang_up",
    "hold",
    "let_go",
    "mark_voicemail_read",
    "move_call",
    "photo_to_add",
    "prepare_call",
    "read_call_ids",
    "request_move",
    "request_transfer",
    "resume",
    "set_customer_flags",
    "set_data_parameters",
    "set_disposition",
    "set_feedback",
    "start_now",
    "transfer",
    "use_dial_prompt",
    "video_to_add",
    "voicemails_for",
    "write_note",
]

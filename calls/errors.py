"""Every refusal sentence of the contract, once, with its code. The services say in which order they are judged."""

from ccai.errors import Sentence

CALL_TYPE_REQUIRED = Sentence("call_type_required", "call_type is required")
INVALID_CALL_TYPE = Sentence("invalid_call_type", "Invalid call type")

AGENT_EMAIL_REQUIRED = Sentence("agent_email_required", "Agent email required")
AGENT_EMAIL_NOT_VALID = Sentence("agent_email_not_valid", "Not a valid agent email")
AGENT_MAY_NOT_CALL = Sentence("agent_may_not_call", "Agent does not have access to make calls")
AGENT_NOT_AVAILABLE = Sentence("agent_not_available", "Agent is not available to take this call")

LANGUAGE_NOT_FOUND = Sentence("language_not_found", "Language '{lang}' is not found")
LANGUAGE_NOT_AVAILABLE = Sentence("language_not_available", "Language '{lang}' is not available")

TICKET_OR_NUMBER_REQUIRED = Sentence("ticket_or_number_required", "ticket_id or end_user_number required")
CONTACT_NOT_FOUND = Sentence("contact_not_found", "Contact not found")
END_USER_NUMBER_REQUIRED = Sentence("end_user_number_required", "end_user_number is required")
# The hyphen is the contract's, in outbound calls alone.
NOT_WELL_FORMED_OUTBOUND = Sentence("{field}_not_well_formed", "{field} is not well-formed")
OUTBOUND_NUMBER_NOT_AVAILABLE = Sentence("outbound_number_not_available", "outbound_number is not available")
NO_OUTBOUND_NUMBER = Sentence("no_outbound_number", "No outbound number is available")
CRM_NOT_REACHABLE = Sentence("crm_not_reachable", "CRM is not reachable", 503, retry_after=5)

MENU_ID_REQUIRED = Sentence("menu_id_required", "menu_id is required")
MENU_NOT_FOUND = Sentence("menu_not_found", "menu_id {menu_id} is not found")
ONLY_IVR_AND_MOBILE = Sentence("menu_type_not_permitted", "Only IVR and mobile menu IDs are permitted")
ONLY_MOBILE_AND_WEB = Sentence("menu_type_not_permitted", "Only mobile and web menu IDs are permitted")
MENU_NOT_A_LEAF = Sentence("menu_not_a_leaf", "menu_id {menu_id} is not a leaf menu")
MENU_REDIRECTED = Sentence("menu_redirected", "Menu is in 'manual redirection' state, can't accept calls")
MENU_AFTER_HOURS = Sentence("menu_after_hours", "Menu is in 'after hours' state, can't accept incoming calls")

PARENT_NOT_FOUND = Sentence("call_id_not_found", "call_id {call_id} is not found")
SCHEDULED_AT_REQUIRED = Sentence("scheduled_at_required", "scheduled_at is required")
SCHEDULED_AT_IN_THE_PAST = Sentence("scheduled_at_in_the_past", "scheduled_at must be in the future")
# Ours; the platform does not make such calls either.
TICKET_CLOSED = Sentence("ticket_closed", "ticket_id {ticket_id} is closed")
TICKET_ALREADY_SCHEDULED = Sentence("ticket_already_scheduled", "ticket_id {ticket_id} already has a scheduled call")

CALL_NOT_FOUND = Sentence("call_not_found", "Call {call_id} is not found", 404)
CALL_CANNOT_BE_CANCELLED = Sentence("call_cannot_be_cancelled", "Call can't be cancelled")
CALL_IDS_REQUIRED = Sentence("call_ids_required", "call_ids is required")
TOO_MANY_CALL_IDS = Sentence("too_many_call_ids", "call_ids has {most} ids at most")
JOB_NOT_FOUND = Sentence("job_not_found", "Job {job_id} is not found", 404)
# Ours: the platform has no such verbs.
CALL_CANNOT_BE_MOVED = Sentence("call_cannot_be_moved", "Call can't be moved")
CALL_CANNOT_BE_STARTED = Sentence("call_cannot_be_started", "Call can't be started")
MENU_HAS_NO_OPENING = Sentence("menu_has_no_opening", "Menu does not open within a year")
CALL_IS_SCHEDULED = Sentence("call_is_scheduled", "Call is scheduled: cancel it instead", 409)
REASON_REQUIRED = Sentence("reason_required", "reason is required")
CALL_HAS_ENDED = Sentence("call_has_ended", "Call has ended")
FLAG_NOT_BOOLEAN = Sentence("{flag}_not_boolean", "{flag} must be a boolean")
FLAGS_DIFFER = Sentence("repeat_customer_differs", "repeat_customer and repeat_customers differ")
NO_FLAG_GIVEN = Sentence("no_customer_flag", "No customer flag given")

FILE_REQUIRED = Sentence("file_required", "file is required")
ONLY_IMAGES = Sentence("file_not_an_image", "Only images are accepted (JPEG, PNG, GIF, WebP, HEIC)")
ONLY_VIDEOS = Sentence("file_not_a_video", "Only videos are accepted (MP4, QuickTime, WebM, 3GPP)")
TOO_MANY_PHOTOS = Sentence("too_many_photos", "Call {call_id} has {most} photos already")
TOO_MANY_VIDEOS = Sentence("too_many_videos", "Call {call_id} has {most} videos already")

RATING_NOT_POSSIBLE = Sentence("rating_not_possible", "rating must be an integer from 1 to 5")
NO_FEEDBACK_GIVEN = Sentence("no_feedback", "No feedback given")
NOTHING_TO_RATE = Sentence("nothing_to_rate", "Call has not been connected")

PARAMETER_KEY_NOT_POSSIBLE = Sentence(
    "data_parameter_key_not_possible", "The key of a data parameter must have 1 to 64 characters"
)
PARAMETER_NOT_POSSIBLE = Sentence("data_parameter_not_possible", "{key} must be a string, a number, a boolean or null")
TOO_MANY_PARAMETERS_KEPT = Sentence("too_many_data_parameters", "A call has 64 data parameters at most")
PARAMETERS_TOO_LARGE = Sentence("data_parameters_too_large", "A call's data parameters have 16 KiB at most")

# Ours: what an agent's page is told. The contract has no words for these.
OFFER_IS_GONE = Sentence("offer_is_gone", "This offer is gone: someone else has taken the call, or it ended", 409)
DIAL_PROMPT_IS_GONE = Sentence("dial_prompt_is_gone", "This dial prompt has lapsed or was used already", 409)
NOT_AN_AGENT_OF_THE_CALL = Sentence(
    "not_an_agent_of_the_call", "Only agents who have been on this call can do that", 403
)
NOTE_TOO_LONG = Sentence("note_too_long", "A note has 10,000 characters at most. Shorten it")
NOTE_NOT_TEXT = Sentence("note_not_text", "The note has characters that cannot be kept. Take them out")
NOTE_HAS_CHANGED = Sentence("note_has_changed", "The note has been changed meanwhile", 409)
DISPOSITION_NOT_IN_USE = Sentence("disposition_not_in_use", "This disposition is not in use any more. Choose another")

# Ours: conversations. A verb that comes too late for where its call stands is a conflict.
CALL_NOT_CONNECTED = Sentence("call_is_not_connected", "Call is not connected", 409)
NOT_ON_THIS_CALL = Sentence("not_on_this_call", "You are not on this call", 409)
CALL_OF_ANOTHER_AGENT = Sentence("call_of_another_agent", "This is the call of another agent", 409)
CALL_IS_HELD = Sentence("call_is_held", "Call is on hold already", 409)
CALL_IS_NOT_HELD = Sentence("call_is_not_held", "Call is not on hold", 409)
CALL_NOT_ACTION_ONLY = Sentence(
    "call_is_not_action_only", "Call is not an action-only call: its agent or end user hangs up", 409
)
CALL_CANNOT_GO_BACK = Sentence("call_cannot_go_back", "Call can't go back to its queue", 409)

TRANSFER_TARGET_REQUIRED = Sentence("transfer_target_required", "to_agent_email or to_menu_id required")
TRANSFER_TARGETS_DIFFER = Sentence("transfer_targets_differ", "Give to_agent_email or to_menu_id, not both")
WARM_NEEDS_AN_AGENT = Sentence("warm_needs_an_agent", "A warm transfer needs an agent")
TRANSFER_UNDER_WAY = Sentence("transfer_under_way", "A transfer of this call is under way", 409)
NO_TRANSFER_UNDER_WAY = Sentence("no_transfer_under_way", "No transfer of this call is under way", 409)
NOBODY_TO_TRANSFER_TO = Sentence("nobody_to_transfer_to", "The other agent is not on the line yet", 409)

CALL_CANNOT_BE_CALLED_BACK = Sentence("call_cannot_be_called_back", "Call can't be called back", 409)
CALL_IS_BEING_CALLED_BACK = Sentence("call_is_being_called_back", "Call is being called back already", 409)
NO_NUMBER_TO_CALL_BACK = Sentence("no_number_to_call_back", "Call has no number to call back", 409)
OUTBOUND_NUMBER_REQUIRED = Sentence("outbound_number_required", "outbound_number is required")

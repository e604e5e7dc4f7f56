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
TICKET_ALREADY_SCHEDULED = Sentence("ticket_already_scheduled", "ticket_id {ticket_id} already has a scheduled call")

CALL_NOT_FOUND = Sentence("call_not_found", "Call {call_id} is not found", 404)
CALL_HAS_ENDED = Sentence("call_has_ended", "Call has ended")
FLAG_NOT_BOOLEAN = Sentence("{flag}_not_boolean", "{flag} must be a boolean")
FLAGS_DIFFER = Sentence("repeat_customer_differs", "repeat_customer and repeat_customers differ")
NO_FLAG_GIVEN = Sentence("no_customer_flag", "No customer flag given")

# Ours: what an agent's page is told. The contract has no words for these.
OFFER_IS_GONE = Sentence("offer_is_gone", "This offer is gone: someone else has taken the call, or it ended", 409)
DIAL_PROMPT_IS_GONE = Sentence("dial_prompt_is_gone", "This dial prompt has lapsed or was used already", 409)

"""People's verbs: what a program, an agent or a provider can do to calls, whatever door it comes by."""

from calls.services.creation import Prompted, create_call
from calls.services.dial_prompts import use_dial_prompt
from calls.services.flags import customer_flags, set_customer_flags
from calls.services.outbound import NewCall
from calls.services.voip_events import apply_voip_event

__all__ = [
    "NewCall",
    "Prompted",
    "apply_voip_event",
    "create_call",
    "customer_flags",
    "set_customer_flags",
    "use_dial_prompt",
]

"""Twilio's codes and statuses, as reasons of the contract, and whether another provider may do better.

Codes: Twilio's error dictionary (https://www.twilio.com/docs/api/errors). SIP codes: RFC 3261, section 21.
"""

from dataclasses import dataclass, replace

from calls.models import FailReason
from calls.voip.base import VoipError


@dataclass(frozen=True)
class Reason:
    """Why a line did not come up. `permanent`: no other provider would do better either. `details`: where the fault is
    Twilio's, what it said."""

    fail_reason: str
    permanent: bool = True
    details: str = ""


TWILIOS_FAULT = Reason(FailReason.VOIP_TWILIO_ERROR, permanent=False)

# Requests that Twilio refuses. Whatever is not here is Twilio's fault, or our account's there.
REFUSALS = {
    20003: Reason(FailReason.VOIP_INVALID_TOKEN, permanent=False),
    21211: Reason(FailReason.EU_WRONG_NUMBER),  # "to" is no phone number
    21217: Reason(FailReason.EU_WRONG_NUMBER),  # nor does it look like one
    13224: Reason(FailReason.EU_WRONG_NUMBER, permanent=False),  # no number, or Twilio has no way to it
    21214: Reason(FailReason.EU_WRONG_NUMBER, permanent=False),  # cannot be reached from there
}
# A call that is over, or was never there, cannot be changed.
CALL_IS_OVER = (20404, 21220)

# How an end user's line ended that never came up, by the code that their network gave.
SIP_CODES = {
    404: Reason(FailReason.EU_WRONG_NUMBER),
    410: Reason(FailReason.EU_WRONG_NUMBER),
    484: Reason(FailReason.EU_WRONG_NUMBER),
    604: Reason(FailReason.EU_WRONG_NUMBER),
    486: Reason(FailReason.EU_BUSY),
    600: Reason(FailReason.EU_BUSY),
    408: Reason(FailReason.EU_NO_ANSWER),
    480: Reason(FailReason.EU_NO_ANSWER),
    603: Reason(FailReason.EU_REJECTED),
    607: Reason(FailReason.EU_REJECTED),
}
STATUSES = {
    "busy": Reason(FailReason.EU_BUSY),
    "no-answer": Reason(FailReason.EU_NO_ANSWER),
    "canceled": Reason(FailReason.EU_CANCELED),
}
# The same for an agent's phone. Who is busy on it, or lets it ring, ignores the call; who rejects it has cancelled;
# one that is nowhere is like having none.
AGENTS = {
    FailReason.EU_BUSY: FailReason.AG_IGNORED,
    FailReason.EU_NO_ANSWER: FailReason.AG_IGNORED,
    FailReason.EU_REJECTED: FailReason.AG_CANCELED,
    FailReason.EU_CANCELED: FailReason.AG_CANCELED,
    FailReason.EU_WRONG_NUMBER: FailReason.AG_MIC_NO_DEVICE,
}


def reason_of(status: str, sip_code: str, *, agent: bool) -> Reason:
    """Why a line ended that never came up: Twilio's call status, and the SIP code where it says one."""
    code = int(sip_code) if sip_code.isdecimal() and len(sip_code) == 3 else 0
    by_status = STATUSES.get(status)
    # The far end's own word is the finer one: "busy" may be a rejection.
    reason = SIP_CODES.get(code) or by_status or replace(TWILIOS_FAULT, details=f"the line {status}, SIP {code or '?'}")
    return _for_agent(reason) if agent else reason


def refusal(status: int, code: object, *, agent: bool) -> VoipError:
    """What Twilio's refusal of a request means: HTTP status and Twilio's code, which need not be one."""
    number = code if isinstance(code, int) else status
    reason = REFUSALS.get(number, TWILIOS_FAULT)
    if agent:
        reason = _for_agent(reason)
    said = f"Twilio refused with {number} (HTTP {status})"
    return Refusal(said, number, permanent=reason.permanent, fail_reason=reason.fail_reason)


class Refusal(VoipError):
    """Twilio said no, with this code."""

    def __init__(self, message: str, code: int, *, permanent: bool, fail_reason: str) -> None:
        super().__init__(message, permanent=permanent, fail_reason=fail_reason)
        self.code = code


def _for_agent(reason: Reason) -> Reason:
    """`reason`, which is an end user's, as an agent's."""
    if reason.fail_reason not in AGENTS:
        return reason
    return Reason(AGENTS[FailReason(reason.fail_reason)])

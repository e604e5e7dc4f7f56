"""Where Twilio finds us, and how we know that it is Twilio."""

from collections.abc import Mapping

from django.conf import settings
from django.http import QueryDict
from twilio.request_validator import RequestValidator

from calls.models import TwilioLine

# The provider's name in settings, under which its lines are kept.
NAME = "twilio"
BASE = "/voip/twilio"


def address_of(line: TwilioLine, what: str) -> str:
    """Where Twilio asks, or reports, `what` of `line`: our call id, the leg and the attempt are in it."""
    return f"{settings.CCAI_PUBLIC_URL}{BASE}/{line.call_ref}/{line.leg}/{line.attempt}/{what}"


def is_signed(path: str, sent: QueryDict | Mapping[str, str], signature: str) -> bool:
    """Whether Twilio, with our auth token, has signed what was sent to `path` (with its query string).

    The address is reckoned from CCAI_PUBLIC_URL, which is what Twilio asked for, whatever a proxy made of it.
    """
    token: str = settings.CCAI_TWILIO_AUTH_TOKEN
    if not token or not signature:
        return False
    return bool(RequestValidator(token).validate(f"{settings.CCAI_PUBLIC_URL}{path}", sent, signature))

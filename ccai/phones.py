"""Phone numbers: read in any spelling that carries `+` and a country code, stored as E.164, shown internationally.

And SIP addresses, where a line may ring there.
"""

import re
from functools import lru_cache

import phonenumbers
from phonenumbers import PhoneNumberFormat, ValidationResult

ALLOWED = re.compile(r"\+[0-9 +().-]*", re.ASCII)
# A country code has up to three digits, the national number up to seventeen.
E164_MAX_LENGTH = 24
# User and host of a SIP URI (RFC 3261, 19.1.1), with what may follow them, and without a password.
SIP_ADDRESS = re.compile(r"[^\s@:<>\"]+@[A-Za-z0-9.-]+(:[0-9]{1,5})?([;?][^\s<>\"]*)?", re.ASCII)


@lru_cache(maxsize=20_000)
def parse_phone(text: str) -> str | None:
    """`text` as E.164, or None where it is not well-formed (contract section 1).

    Well-formed is *possible*, not *valid*: published samples call numbers that no carrier has assigned.
    """
    if len(text) > 100 or not ALLOWED.fullmatch(text):
        return None
    try:
        number = phonenumbers.parse(text, None)
    except phonenumbers.NumberParseException:
        return None
    if phonenumbers.is_possible_number_with_reason(number) != ValidationResult.IS_POSSIBLE:
        return None
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def parse_line(text: str) -> str | None:
    """What rings at `text`: a phone number as E.164, or a SIP address as `sip:user@host`. None where it is neither."""
    scheme = next((one for one in ("sip:", "sips:") if text.lower().startswith(one)), "")
    if SIP_ADDRESS.fullmatch(text[len(scheme) :]):
        return f"{scheme or 'sip:'}{text[len(scheme) :]}"
    return parse_phone(text)


@lru_cache(maxsize=20_000)
def wire_phone(number: str | None) -> str | None:
    """A stored E.164 number in the international format of the wire, `+1 339-219-5276`; None and "" give None.

    One that is masked (ccai/personal.py) stays as it is.
    """
    if not number:
        return None
    if not number.startswith("+"):
        return number
    return phonenumbers.format_number(phonenumbers.parse(number, None), PhoneNumberFormat.INTERNATIONAL)


def in_any_country(digits: str) -> list[str]:
    """As E.164, the numbers that `digits` may stand for where no country code is written: one a country at most.

    Only whole numbers that a carrier could have assigned: there are a few dozen at most.
    """
    found = []
    for code in phonenumbers.COUNTRY_CODE_TO_REGION_CODE:
        number = parse_phone(f"+{code}{digits.lstrip('0')}")
        if number is not None and phonenumbers.is_valid_number(phonenumbers.parse(number, None)):
            found.append(number)
    return found

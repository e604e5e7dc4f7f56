"""Personal data of end users, masked for those who may not see it: the end of a number, the first letter of a name.

Personal are an end user's number, name, identifier and CRM contact; what programs say of the person (data parameters)
and what the person wrote (feedback) or sent (recordings, messages, photos, videos), which is not shown masked but not
at all. Not personal are ids, tickets, and the center's own numbers. Whoever does not see numbers finds people by whole
ones alone: by parts of them, one could guess the rest.
"""

from typing import Any

from ccai.phones import wire_phone

PERSONAL_DATA = "calls.view_personal_data"
SEEN_DIGITS = 4
MASK = "•"
HIDDEN = MASK * 3  # where nothing at all is to be seen


def sees_personal_data(user: Any) -> bool:
    """Whether `user`, who may have logged in or not, sees names and numbers of end users."""
    return bool(user.has_perm(PERSONAL_DATA))


def masked_phone(number: str | None) -> str | None:
    """An E.164 number with all but its last four digits masked, `•••• 2345`; None or "" stay as they are."""
    if not number:
        return number
    digits = "".join(character for character in number if character.isdigit())
    return f"{MASK * 4} {digits[-SEEN_DIGITS:]}"


def masked_text(text: str | None) -> str | None:
    """A name or an address with all but its first letter masked, `K•••`, however long it is; None or "" stay."""
    return f"{text[:1]}{MASK * 3}" if text else text


def shown_number(number: str | None, *, clear: bool) -> str | None:
    """A stored number as people read it: international where `clear`, masked otherwise."""
    return wire_phone(number) if clear else masked_phone(number)

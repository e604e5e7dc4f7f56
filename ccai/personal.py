"""Personal data of end users, masked for those who may not see it: the end of a number, the first letters of a name."""

from ccai.phones import wire_phone

SEEN_DIGITS = 4
MASK = "•"


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

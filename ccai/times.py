"""Time as the contract has it: UTC, to the millisecond (contract section 1)."""

import re
from datetime import UTC, date, datetime, time
from typing import overload

from django.utils import timezone

RFC3339 = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d:\d\d)(?:\.(\d+))?([Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)",
    re.ASCII,
)


def to_milliseconds(moment: datetime) -> datetime:
    """`moment` with what is finer than a millisecond cut off."""
    return moment.replace(microsecond=moment.microsecond // 1_000 * 1_000)


def now() -> datetime:
    """The present, in UTC, cut to milliseconds: what is stored is what the wire shows."""
    return to_milliseconds(datetime.now(UTC))


def midnight(day: date) -> datetime:
    """The moment at which `day` begins in the center; where the clock skips it, the first moment of that day."""
    return timezone.make_aware(datetime.combine(day, time.min))


@overload
def wire_time(moment: datetime) -> str: ...


@overload
def wire_time(moment: None) -> None: ...


@overload
def wire_time(moment: datetime | None) -> str | None: ...


def wire_time(moment: datetime | None) -> str | None:
    """`moment` as the wire shows it, `2019-06-07T01:27:30.406Z`; None stays None."""
    if moment is None:
        return None
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1_000:03d}Z"


def parse_time(text: str) -> datetime | None:
    """The moment an RFC 3339 date-time names, in UTC, cut to milliseconds; None where `text` is no such thing.

    An offset or `Z` is required (RFC 3339, section 5.6). Years 0 and 10000, and moments that leave the years
    1 to 9999 when brought to UTC, are not representable and so not well formed.
    """
    match = RFC3339.fullmatch(text)
    if match is None:
        return None
    date, clock, fraction, offset = match.groups()
    milliseconds = (fraction or "0")[:3].ljust(3, "0")
    try:
        moment = datetime.fromisoformat(f"{date}T{clock}.{milliseconds}{offset.upper()}")
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None

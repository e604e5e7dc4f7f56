"""How long the end user of a call has waited, whether somebody took it or not."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from calls.lifecycle import seconds_between
from calls.models import Status, VoicemailReason

# The columns of a call that it is read from.
FIELDS = ("status", "queued_at", "waits_since", "assigned_at", "ends_at", "wait_duration", "voicemail_reason")


def waited(row: Mapping[str, Any], at: datetime) -> int | None:
    """Whole seconds in queues until an agent was found, or the end; until `at` for a call that waits. None where
    the call came to no queue, or left it for something else at a moment that its columns do not say.

    The contract's `wait_duration` is written when an agent is found, and so 0 for who gave up before.
    """
    if row["queued_at"] is None:
        return None
    since = row["waits_since"] or row["queued_at"]
    if row["status"] == Status.QUEUED:
        return seconds_between(since, at)
    if row["assigned_at"] is not None or row["wait_duration"]:
        return int(row["wait_duration"])
    if row["ends_at"] is None or row["voicemail_reason"] != VoicemailReason.NOT_VOICEMAIL:
        return None
    return seconds_between(since, row["ends_at"])

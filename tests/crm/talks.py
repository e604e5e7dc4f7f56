"""Conversations about a ticket."""

from datetime import timedelta

from ccai.times import now
from tests.factories import make_call


def make_talk(**columns):
    """A call about ticket 76518 that is connected."""
    columns = {"out_ticket_id": "76518", "connected_at": now() - timedelta(seconds=192), **columns}
    return make_call("connected", **columns)

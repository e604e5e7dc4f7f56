"""Messages that nobody has heard, among what needs attention."""

from datetime import UTC, datetime, timedelta

import pytest

from calls.attention import Concern, notices
from calls.scope import Scope
from tests.factories import make_call

pytestmark = pytest.mark.django_db


def test_a_message_needs_somebody_after_a_day_and_for_no_more_than_thirty():
    at = datetime(2026, 6, 1, 12, tzinfo=UTC)
    hours = (23, 25, 29 * 24, 31 * 24)
    calls = [make_call("voicemail_received", created_at=at - timedelta(hours=one)) for one in hours]
    make_call("voicemail_read", created_at=at - timedelta(hours=25))

    [notice] = [one for one in notices(Scope(None, None), at) if one.concern is Concern.VOICEMAILS_UNHEARD]
    assert notice.count == 2
    assert notice.examples == [(call.pk, call.pk) for call in calls[1:3]]

"""Calls that a program asks for."""

from datetime import timedelta

from ccai.times import now

# The statuses of a call that goes all the way.
FINISHED = ["queued", "assigned", "connecting", "connected", "finished"]


def post(api, **body):
    """The object of a new call."""
    response = api.post("/calls", body)
    assert response.status_code == 201, response.json()
    return response.json()


def post_inbound(api, menu, number="+1 202-555-0123", **body):
    """The object of a new call to `menu`, for now."""
    return post(api, call_type="IncomingCall", menu_id=menu.pk, end_user_number=number, **body)


def post_scheduled(api, menu, seconds=60, number="+1 202-555-0123", **body):
    """The object of a new call to `menu`, due in so many seconds."""
    due = (now() + timedelta(seconds=seconds)).isoformat()
    return post(api, call_type="ScheduledCall", menu_id=menu.pk, end_user_number=number, scheduled_at=due, **body)

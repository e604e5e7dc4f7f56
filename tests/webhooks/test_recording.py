"""Events are written with what they tell, as it is left, or not at all."""

import contextlib
import json

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from agents import availability
from calls import lifecycle, offers, webhooks
from calls.lifecycle import BIRTHS, TRANSITIONS
from calls.models import Call, DisconnectedBy, FailReason, Offer, Status
from calls.services import transfers
from calls.voip.sandbox import generate_recording
from ccai.models import WebhookDelivery, WebhookEndpoint, WebhookEvent
from ccai.times import now
from ccai.webhooks import recording
from ccai.webhooks.events import TYPES, wants
from tests.api_document import message_validator
from tests.calls.talking import begin_talk, offer_to, report
from tests.factories import make_agent, make_call, make_center, make_menu

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def endpoint():
    """A program that wants everything."""
    return WebhookEndpoint.objects.create(url="https://example.com/hook")


def told():
    """The types of all events, in order."""
    return list(WebhookEvent.objects.order_by("pk").values_list("type", flat=True))


def body(type_):
    """The message of the one event of this type."""
    return json.loads(WebhookEvent.objects.get(type=type_).body)


def fail(calls):
    """They come to nothing."""
    return lifecycle.transition_many(
        calls, Status.FAILED, cause="test", fail_reason=FailReason.UNKNOWN, disconnected_by=DisconnectedBy.SYSTEM
    )


def test_every_status_has_its_event():
    reached = {to for targets in TRANSITIONS.values() for to in targets}
    of_statuses = {f"call.{status}" for status in Status.values} & set(TYPES)
    assert of_statuses == {f"call.{status}" for status in reached}
    assert {f"offer.{status}" for status in Offer.Status.values} - {"offer.open"} <= set(TYPES)
    assert BIRTHS
    assert {"call.created", "offer.made"} <= set(TYPES)


@pytest.mark.parametrize(
    ("patterns", "type_", "wanted"),
    [
        ([], "call.queued", True),
        (["call.*"], "call.queued", True),
        (["call.*"], "offer.made", False),
        (["offer.made", "call.failed"], "offer.made", True),
        (["call.voicemail"], "call.voicemail_read", False),
        ([], "endpoint.test", False),
    ],
)
def test_an_endpoint_says_what_it_wants(patterns, type_, wanted):
    assert wants(patterns, type_) is wanted


def test_the_message_is_the_call_as_the_api_shows_it(api, endpoint):
    make_center()
    menu = make_menu(menu_type="ivr_menu", agents=[make_agent()])
    WebhookEvent.objects.all().delete()
    made = api.post(
        "/calls", {"call_type": "IncomingCall", "menu_id": menu.pk, "end_user_number": "+12025550123"}
    ).json()
    message = body("call.created")
    assert message["data"] == made == api.get(f"/calls/{made['id']}").json()
    event = WebhookEvent.objects.get()
    assert (message["id"], message["type"], event.subject) == (event.uid, "call.created", f"call:{made['id']}")
    assert message["timestamp"] == made["created_at"] or message["timestamp"] > made["created_at"]
    delivery = WebhookDelivery.objects.get()
    assert (delivery.event, delivery.endpoint, delivery.subject) == (event, endpoint, event.subject)

    api.patch(f"/calls/{made['id']}/customer_flag", {"verified_customer": True})
    flagged = api.get(f"/calls/{made['id']}").json()
    api.patch(f"/calls/{made['id']}/data_parameters", {"order": "12", "intent": None})
    assert told() == ["call.created", "call.flagged", "call.data_parameters_updated"]
    # What changes nothing is no event; true and 1 are two things.
    for parameters in ({"order": "12"}, {"nonexistent": None}, {}):
        api.patch(f"/calls/{made['id']}/data_parameters", parameters)
    api.patch(f"/calls/{made['id']}/customer_flag", {"verified_customer": True, "bad_actor": False})
    assert len(told()) == 3
    # What they are about is said beside the call.
    flags = api.get(f"/calls/{made['id']}/customer_flag").json()
    assert flags["verified_customer"] is True
    assert (body("call.flagged")["data"], body("call.flagged")["customer_flag"]) == (flagged, flags)
    now_so = api.get(f"/calls/{made['id']}").json()
    message = body("call.data_parameters_updated")
    assert (message["data"], message["data_parameters"]) == (now_so, {"order": "12"})
    for parameters in ({"known": 1}, {"known": True}):
        api.patch(f"/calls/{made['id']}/data_parameters", parameters)
    assert len(told()) == 5


def test_every_message_is_one_that_the_document_has(api, clock, center, endpoint):
    agent = make_agent(auto_answer=True)
    call = begin_talk(api, clock, make_menu(menu_type="ivr_menu", agents=[agent]))
    api.post(f"/calls/{call.pk}/transfers", {"to_agent_email": make_agent().user.email})
    api.patch(f"/calls/{call.pk}/customer_flag", {"bad_actor": True})
    api.patch(f"/calls/{call.pk}/data_parameters", {"order": 12.5, "known": True})
    report(call, "ended", ended_by="end_user")
    for _time in range(2):
        report(call, "recorded", recording=generate_recording())
    availability.set_status(agent, "break")
    for event in WebhookEvent.objects.all():
        message = json.loads(event.body)
        error = next(message_validator(event.type).iter_errors(message), None)
        assert error is None, f"{event.type}, at {error.instance_path}: {error.message[:500]}"
    assert {type_.partition(".")[0] for type_ in told()} == {"call", "offer", "agent"}
    assert {"call.created", "call.assigned", "call.connected", "call.finished", "offer.made"} <= set(told())
    # A recording is there after the end, and told then, once.
    assert body("call.finished")["data"]["recording_url"] is None
    assert body("call.recorded")["data"]["recording_url"].startswith("http")


def test_each_of_two_transitions_in_one_transaction_tells_its_own_moment(endpoint):
    call = make_call(Status.QUEUED)
    with transaction.atomic():
        lifecycle.transition(call, Status.DEFLECTED, cause="test")
        lifecycle.transition(call, Status.VOICEMAIL, cause="test")
        Call.objects.filter(pk=call.pk).update(rating=4)
    assert told() == ["call.deflected", "call.voicemail"]
    assert [body(type_)["data"]["status"] for type_ in told()] == ["deflected", "voicemail"]
    # The second is told as the transaction leaves the call.
    assert [body(type_)["data"]["rating"] for type_ in told()] == [None, 4]


def test_an_offer_and_who_takes_it_are_told_in_order(endpoint, center):
    first, second = make_agent(), make_agent()
    call = make_call(Status.QUEUED, menu=make_menu(agents=[first, second]))
    Call.objects.filter(pk=call.pk).update(cast_until=now(), cast_round=1, cast_level=1)
    offers.hold_out(now())
    made = WebhookEvent.objects.filter(type="offer.made")
    assert {json.loads(event.body)["data"]["offer"]["agent_info"]["id"] for event in made} == {first.pk, second.pk}
    offers.accept(Offer.objects.get(agent=first))
    assert told() == ["offer.made", "offer.made", "offer.accepted", "call.assigned", "offer.withdrawn"]
    accepted, assigned = body("offer.accepted")["data"], body("call.assigned")["data"]
    assert (accepted["status"], accepted["offer"]["status"]) == ("queued", "accepted")
    assert (assigned["status"], assigned["agent_info"]["id"]) == ("assigned", first.pk)
    assert len(assigned["participants"]) == 1
    assert body("offer.withdrawn")["data"]["offer"]["agent_info"]["id"] == second.pk


def test_calls_that_are_answered_automatically_are_read_together_before_they_are_assigned(endpoint, center):
    menu = make_menu(agents=[make_agent(auto_answer=True) for _ in range(3)])
    calls = [make_call(Status.QUEUED, menu=menu) for _ in range(3)]
    Call.objects.update(cast_until=now(), cast_round=1, cast_level=1)
    offers.hold_out(now())
    with CaptureQueriesContext(connection) as captured:
        assert offers.answer_automatically(now()) == 3
    reads = [query["sql"] for query in captured if 'FROM "calls_offer" INNER JOIN' in query["sql"]]
    # Which there are, with their agents, and once for all messages.
    assert len([sql for sql in reads if '"agents_user"' in sql]) == 2
    for call in calls:
        events = WebhookEvent.objects.filter(subject=f"call:{call.pk}").order_by("pk")
        told_of_it = [json.loads(text)["data"] for text in events.values_list("body", flat=True)]
        assert [(data["status"], data.get("offer", {}).get("status")) for data in told_of_it] == [
            ("queued", "open"),
            ("queued", "accepted"),
            ("assigned", None),
        ]


def test_transfers_that_come_to_something_and_to_nothing_are_told(api, endpoint, center, clock):
    first, second = make_agent(auto_answer=True), make_agent()
    call = begin_talk(api, clock, make_menu(menu_type="ivr_menu", agents=[first]))
    before = WebhookEvent.objects.latest("pk").pk
    since = WebhookEvent.objects.filter(pk__gt=before).exclude(type__startswith="agent.").order_by("pk")

    transfers.transfer(call, first, to_agent=second)
    transfers.decline(offer_to(second), now())
    assert list(since.values_list("type", flat=True)) == ["offer.made", "offer.declined", "call.transfer_failed"]
    assert [one["status"] for one in body("call.transfer_failed")["data"]["transfers"]] == ["failed"]

    transfers.transfer(call, first, to_agent=second)
    transfers.accept(offer_to(second), now())
    assert list(since.values_list("type", flat=True))[3:] == [
        "offer.made",
        "offer.accepted",
        "call.assigned",
        "call.transferred",
    ]
    handed_on = body("call.transferred")["data"]
    assert (handed_on["agent_info"]["id"], handed_on["transfers"][-1]["status"]) == (second.pk, "transferred")
    assert handed_on == api.get(f"/calls/{call.pk}").json()


def test_an_agents_status_is_told_as_get_agents_shows_it(api, endpoint):
    agent = make_agent()
    availability.set_status(agent, "unavailable")
    assert body_of_last()["data"] == api.get(f"/agents/{agent.pk}").json()
    assert WebhookEvent.objects.latest("pk").subject == f"agent:{agent.pk}"


def body_of_last():
    """The message of the last event."""
    return json.loads(WebhookEvent.objects.latest("pk").body)


def undo(act):
    """`act` is done and rolled back."""
    with contextlib.suppress(IntegrityError), transaction.atomic():
        act()
        raise IntegrityError


def test_what_is_rolled_back_was_never_told(endpoint):
    call, other = make_call(Status.QUEUED), make_call(Status.QUEUED)
    undo(lambda: fail([call]))
    assert told() == []

    def leave_a_message():
        # What happened before is told within the savepoint, and told again once that is gone.
        Call.objects.filter(pk=other.pk).update(rating=1)
        lifecycle.transition(other, Status.VOICEMAIL, cause="test")

    with transaction.atomic():
        lifecycle.transition(other, Status.DEFLECTED, cause="test")
        undo(leave_a_message)
    assert told() == ["call.deflected"]
    assert body("call.deflected")["data"]["rating"] is None

    with transaction.atomic():
        Call.objects.filter(pk=call.pk).update(rating=2)
    assert told() == ["call.deflected"]


def test_what_cannot_be_told_is_not_done(endpoint):
    call = make_call(Status.QUEUED)

    def read(keys):
        raise LookupError("nothing can be read")

    @transaction.atomic
    def try_to():
        fail([call])
        recording.record("call.flagged", read, {call.pk: f"call:{call.pk}"})

    with pytest.raises(LookupError):
        try_to()
    assert Call.objects.get(pk=call.pk).status == Status.QUEUED
    assert told() == []
    # The connection is as good as ever.
    fail([Call.objects.get(pk=call.pk)])
    assert told() == ["call.failed"]


def test_a_commit_within_a_block_is_refused_and_the_block_goes_on(endpoint):
    call = make_call(Status.QUEUED)
    with transaction.atomic():
        fail([call])
        with pytest.raises(transaction.TransactionManagementError):
            connection.commit()
        assert connection.in_atomic_block
        Call.objects.filter(pk=call.pk).update(rating=3)
    assert told() == ["call.failed"]
    assert body("call.failed")["data"]["rating"] == 3


def test_outside_of_a_transaction_nothing_is_recorded():
    with pytest.raises(transaction.TransactionManagementError):
        webhooks.record_calls("call.flagged", [1])


def test_many_calls_are_told_in_as_many_queries_as_one(endpoint):
    counts = []
    for number in (2, 60):
        calls = make_calls(number)
        with CaptureQueriesContext(connection) as captured:
            assert len(fail(calls)) == number
        counts.append(len(captured))
    assert WebhookDelivery.objects.count() == 62
    assert counts[0] == counts[1]


def make_calls(number):
    """So many that wait in one queue."""
    menu = make_menu()
    Call.objects.bulk_create(make_call(Status.QUEUED, menu=menu, save=False) for _ in range(number))
    return list(Call.objects.filter(menu=menu))


def test_where_nobody_listens_nothing_is_made(endpoint):
    endpoint.events = ["agent.*"]
    endpoint.save()
    with CaptureQueriesContext(connection) as captured:
        fail([make_call(Status.QUEUED)])
    assert told() == []
    assert len([query for query in captured if "webhook" in query["sql"]]) == 1
    # Nor for one that was switched off; for one that failed for days it is kept.
    for why, kept in ((WebhookEndpoint.Disabled.BY_HAND, 0), (WebhookEndpoint.Disabled.FAILING, 1)):
        WebhookEndpoint.objects.update(events=[], active=False, disabled=why)
        fail([make_call(Status.QUEUED)])
        assert WebhookDelivery.objects.filter(due_at=None).count() == kept


@pytest.fixture
def center():
    """What calls need."""
    make_center()

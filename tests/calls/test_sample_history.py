"""Past calls that were never made: whatever reads calls finds them as if they had been, and the clock finds nothing."""

import io
import re
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import Count, Q

from agents.models import Agent, Engagement
from calls import dispatch, services
from calls.lifecycle import BIRTHS, TRANSITIONS
from calls.models import (
    Call,
    CallEvent,
    CallType,
    DeflectionDetail,
    EndUser,
    FailReason,
    Hold,
    Offer,
    OfferEvent,
    Participant,
    Status,
    Transfer,
)
from calls.models.call import OVER
from calls.sample_history import NobodyToCall, make_calls
from ccai.center import DEMO, load_files
from ccai.times import now
from menus.models import Menu
from tests.factories import make_agent, make_call, make_center, make_menu

pytestmark = pytest.mark.django_db

COUNT = 200
# Every cause of a past call's events: those of the API, of the page, of the phone, and of the clock.
CAUSES = {
    *("api", "mobile", "web", "line_came_in", "menu_chosen", "due", "accepted", "auto_answered", "dialling"),
    *("both_connected", "transferred", "ended_by_end_user", "ended_by_agent", "ended_by_system", "not_connected"),
    *("expired", "every_provider_failed", "not_connected_in_time", "not_dialled_in_time", "sandbox_failed"),
    *("sandbox_backup_failed", "after_hours", "manual_redirection", "over_capacity", "end_user_chose"),
    *("message_left", "opened_by_agent", "joined_elsewhere", "dialled_by_hand", "called_back"),
}


@pytest.fixture
def demo():
    """The demo center."""
    load_files([DEMO])


@pytest.fixture
def until():
    """When the past ends."""
    return now()


@pytest.fixture
def calls(demo, until):
    """Past calls of the demo center, as many as are promised to show everything; oldest first."""
    make_calls(COUNT, until=until)
    return list(Call.objects.order_by("pk").prefetch_related("events", "participants", "children"))


def seconds(start, end):
    """Whole seconds between two moments; 0 where one is missing."""
    return int((end - start).total_seconds()) if start and end else 0


def facts():
    """All that is known of all calls, but for ids."""
    return [
        (
            *(
                getattr(call, field.attname)
                for field in Call._meta.concrete_fields
                if field.name not in ("id", "parent")
            ),
            call.parent.created_at if call.parent else None,
            list(call.events.values_list("old", "new", "cause", "at")),
            list(call.participants.values_list("type", "agent", "end_user", "connected_at", "ended_at")),
            list(call.offers.values_list("agent", "group", "round", "level", "status", "offered_at", "settled_at")),
            list(call.offer_events.values_list("casting_time", "group")),
            list(call.transfers.values_list("status", "fail_reason", "created_at")),
        )
        for call in Call.objects.order_by("pk").select_related("parent")
    ]


class TestHowMany:
    @pytest.mark.parametrize("count", [0, 1, 2, 7, 8, 9, 60])
    def test_as_many_as_were_asked_for_are_made(self, demo, count):
        assert make_calls(count) == count
        assert Call.objects.count() == count

    def test_more_than_a_batch_are_made_batch_by_batch(self, demo):
        told = []
        assert make_calls(1_300, progress=told.append) == 1_300
        assert told == [1_000, 1_300]
        assert Call.objects.count() == 1_300

    def test_a_second_past_comes_beside_the_first_with_the_same_customers(self, demo, until):
        make_calls(50, until=until)
        customers = EndUser.objects.count()
        make_calls(50, until=until)
        assert Call.objects.count() == 100
        assert EndUser.objects.count() == customers

    def test_the_same_seed_makes_the_same_past_and_another_seed_another(self, demo, until):
        pasts = []
        for seed in (1, 1, 2):
            make_calls(60, until=until, seed=seed)
            pasts.append(facts())
            Offer.objects.all().delete()
            Call.objects.filter(parent__isnull=False).delete()
            Call.objects.all().delete()
        assert pasts[0] == pasts[1]
        assert pasts[0] != pasts[2]


class TestWhatTheyAre:
    def test_every_status_of_a_call_that_is_over_occurs_and_no_other(self, calls):
        assert {call.status for call in calls} == set(OVER)

    def test_most_have_finished(self, calls):
        assert 0.7 < sum(call.status == Status.FINISHED for call in calls) / COUNT < 0.8

    def test_every_call_type_occurs(self, calls):
        assert {call.call_type for call in calls} == set(CallType.values)

    def test_they_fail_in_many_ways(self, calls):
        reasons = {call.fail_reason for call in calls if call.status == Status.FAILED}
        assert len(reasons) >= 4
        assert FailReason.NOTHING not in reasons

    def test_ids_follow_the_order_in_which_calls_were_made(self, calls):
        assert [call.created_at for call in calls] == sorted(call.created_at for call in calls)

    def test_they_are_of_the_days_asked_for_and_nothing_is_of_the_future(self, demo, until):
        make_calls(COUNT, days=3, until=until)
        for call in Call.objects.all():
            stamps = (call.queued_at, call.assigned_at, call.connected_at, call.scheduled_at, call.ends_at)
            known = [stamp for stamp in stamps if stamp]
            assert until - timedelta(days=3) <= call.created_at <= min(known)
            assert max(*known, call.updated_at) <= until
        assert Call.objects.filter(created_at__lt=until - timedelta(days=2)).exists()

    def test_one_that_is_recovered_has_a_later_call_that_finished(self, calls):
        recovered = [call for call in calls if call.status == Status.RECOVERED]
        assert {call.parent_id for call in calls if call.parent_id} == {call.pk for call in recovered}
        for call in recovered:
            [child] = call.children.all()
            assert child.status == Status.FINISHED
            assert child.created_at >= call.ends_at
            assert child.end_user_id == call.end_user_id
            assert call.updated_at == child.ends_at

    def test_they_remember_their_menu_and_agent(self, calls):
        menus = {menu.pk: (menu.snapshot(), menu.path()) for menu in Menu.objects.all()}
        for call in calls:
            if call.menu_id:
                assert (call.selected_menu, call.menu_path) == menus[call.menu_id]
                assert not call.selected_menu["deleted"]
                assert not Menu.objects.filter(parent=call.menu_id, deleted=False).exists()
            assert (call.agent_info or {}).get("id") == call.agent_id
            assert (call.agent_id is None) == (call.assigned_at is None)

    def test_deflected_ones_say_from_where_and_to_what(self, calls):
        deflected = [call for call in calls if "deflected" in {event.new for event in call.events.all()}]
        for call in deflected:
            detail = DeflectionDetail.objects.get(call=call)
            assert detail.deflection == call.deflection != "no_deflection"
            assert detail.from_menu_path == call.menu_path
        assert DeflectionDetail.objects.count() == len(deflected)

    def test_messages_say_why_they_were_left(self, calls):
        left = {call.pk for call in calls if call.status in (Status.VOICEMAIL_RECEIVED, Status.VOICEMAIL_READ)}
        assert {call.pk for call in calls if call.voicemail_reason != "not_voicemail"} == left

    def test_messages_lie_in_the_box_of_their_menu_and_can_be_played(self, api, client, calls):
        left = [call for call in calls if call.status in (Status.VOICEMAIL_RECEIVED, Status.VOICEMAIL_READ)]
        heard_by = Agent.objects.filter(groups__menu=left[0].menu).first()
        assert left[0] in services.voicemails_for(heard_by)
        for call in left:
            assert call.queue == call.menu
        url = api.get(f"/calls/{left[0].pk}").json()["recording_url"]
        assert b"".join(client.get(url))[:4] == b"RIFF"

    def test_what_was_deflected_for_good_heard_a_message_or_went_to_a_phone(self, calls):
        words = {call.deflection for call in calls if call.status == Status.DEFLECTED}
        assert words <= {"after_hours_message_only", "temp_redirection_phone", "over_capacity_message_only"}

    def test_whoever_rated_a_call_has_given_feedback(self, calls):
        assert any(call.rating for call in calls)
        for call in calls:
            assert call.has_feedback == bool(call.rating or call.feedback)

    def test_causes_are_those_that_the_verbs_give(self, demo, until):
        make_calls(600, until=until)
        given = {re.sub(r"_agent_\d+$", "_agent", cause) for cause in CallEvent.objects.values_list("cause", flat=True)}
        assert given <= CAUSES


class TestConsistency:
    def test_events_are_a_legal_path_to_the_status(self, calls):
        for call in calls:
            events = list(call.events.order_by("pk"))
            assert events[0].old == ""
            assert events[0].new in BIRTHS
            assert events[0].at == call.created_at
            for before, after in pairwise(events):
                assert after.old == before.new
                assert after.new in TRANSITIONS[after.old]
                assert after.at >= before.at
            assert events[-1].new == call.status
            assert events[-1].at == call.updated_at
            assert all(event.cause for event in events)

    def test_stamps_are_those_of_the_events(self, calls):
        for call in calls:
            at = {event.new: event.at for event in call.events.order_by("-pk")}  # the first of each
            last = {event.new: event.at for event in call.events.order_by("pk")}
            assert call.queued_at == at.get("queued")
            assert call.assigned_at == last.get("assigned")
            assert call.connected_at == at.get("connected", at.get("action_only"))
            if call.status not in (Status.VOICEMAIL_READ, Status.RECOVERED):
                assert call.ends_at == call.updated_at

    def test_durations_are_the_differences_of_the_stamps(self, calls):
        for call in calls:
            assert call.wait_duration == seconds(call.waits_since, call.assigned_at)
            assert call.call_duration == seconds(call.connected_at, call.ends_at)
            held = sum((hold.ended_at - hold.started_at for hold in call.holds.all()), timedelta())
            assert call.hold_duration == int(held.total_seconds()) <= call.call_duration
        assert any(call.hold_duration for call in calls)

    def test_who_was_there_heard_what_was_held(self, calls):
        for hold in Hold.objects.select_related("call"):
            there = [
                one
                for one in hold.call.participants.all()
                if one.connected_at <= hold.started_at and hold.ended_at <= one.ended_at
            ]
            assert {one.type for one in there} == {"agent", "end_user"}
            assert {one.hold_duration for one in there} == {hold.call.hold_duration}
            assert hold.agent_id in {one.agent_id for one in there}

    def test_everybody_has_left(self, calls):
        for call in calls:
            for participant in call.participants.all():
                assert participant.status == Participant.Status.FINISHED
                assert participant.ended_at <= call.ends_at
                talked = participant.connected_at and seconds(participant.connected_at, participant.ended_at)
                assert participant.call_duration == talked
            assert max(one.ended_at for one in call.participants.all()) == call.ends_at

    def test_queued_calls_were_cast_to_groups_of_their_menu_in_turn(self, calls):
        for call in Call.objects.exclude(queued_at=None).prefetch_related("offer_events", "menu__groups"):
            groups = {group.name: group for group in call.menu.groups.all()}
            events = list(call.offer_events.all())
            assert events[0].casting_time == call.queued_at
            in_turn = call.menu.offer_type == "cascade"
            for before, after in pairwise(events):
                apart = groups[before.group].timeout_seconds if in_turn else 0
                assert seconds(before.casting_time, after.casting_time) == apart
            assert in_turn or {event.group for event in events} == {
                name for name in groups if groups[name].agents.exists()
            }
            assert call.offer_type == call.menu.offer_type
            assert (call.queue, call.priority) == (call.menu, call.menu.priority)
        assert not OfferEvent.objects.filter(call__queued_at=None).exists()

    def test_menus_take_calls_while_they_are_open(self, calls):
        arrived = Call.objects.exclude(queued_at=None).prefetch_related("menu__deflection_options")
        closed = [call for call in arrived if call.menu.state_at(call.queued_at) != Menu.State.OPEN]
        assert len(closed) < 0.1 * len(arrived)
        assert not [call for call in closed if call.menu.state_at(call.queued_at) == Menu.State.MANUAL_REDIRECTION]

    def test_who_took_a_call_from_the_queue_was_offered_it(self, calls):
        taken = Call.objects.filter(queued_at__isnull=False, agent__isnull=False)
        assert taken.exists()
        for call in taken:
            offer = Offer.objects.get(call=call, status=Offer.Status.ACCEPTED, transfer=None)
            first = call.participants.filter(type="agent").order_by("pk").first()
            assert (offer.agent_id, offer.engagement_id) == (first.agent_id, first.engagement_id)
            assert offer.agent.groups.filter(menu=call.menu, name=offer.group).exists()
            assert call.queued_at <= offer.offered_at <= offer.settled_at <= offer.expires_at
            assert offer.alone == (call.offer_type == "deltacast")
        assert Offer.objects.exclude(status=Offer.Status.ACCEPTED).exists()

    def test_agents_speak_the_language_of_what_they_take(self, calls):
        from_queues = Offer.objects.filter(status=Offer.Status.ACCEPTED, transfer=None)
        for offer in from_queues.select_related("call"):
            spoken = set(offer.agent.languages.values_list("pk", flat=True))
            assert not spoken or offer.call.lang in spoken

    def test_an_agent_has_one_thing_at_a_time_and_nothing_now(self, calls):
        assert not Engagement.objects.filter(ended_at=None).exists()
        for agent in Agent.objects.all():
            stretches = list(agent.engagements.order_by("started_at"))
            for before, after in pairwise(stretches):
                assert before.ended_at <= after.started_at

    def test_transfers_lead_from_one_agent_to_another(self, demo):
        make_calls(600)
        handed_on = Transfer.objects.select_related("call")
        assert {transfer.status for transfer in handed_on} == {"transferred", "failed"}
        for transfer in handed_on:
            assert transfer.from_agent["id"] != transfer.to_agent["id"]
            has_it = transfer.to_agent if transfer.status == "transferred" else transfer.from_agent
            assert transfer.call.agent_info == has_it
            offer = transfer.offers.get()
            assert offer.alone
            assert offer.status == ("accepted" if transfer.status == "transferred" else "expired")
            assert (offer.offered_at, offer.settled_at) == (transfer.created_at, transfer.ended_at)
            assert offer.settled_at <= offer.expires_at


class TestWhoReadsThem:
    def test_the_clock_finds_nothing_to_do(self, calls):
        before = facts()
        assert dispatch.tick() == 0
        assert facts() == before
        assert not Call.objects.filter(Q(deadline_at__isnull=False) | Q(cast_until__isnull=False)).exists()

    def test_the_api_shows_them(self, api, calls):
        shown = api.get("/calls", {"per": 100, "total": "true"})
        assert shown.headers["Total"] == str(COUNT)
        assert [call["id"] for call in shown.json()] == [call.pk for call in reversed(calls)][:100]
        finished = next(call for call in calls if call.status == Status.FINISHED)
        answer = api.get(f"/calls/{finished.pk}").json()
        assert answer["status"] == "finished"
        assert len(answer["participants"]) >= 2
        assert answer["recording_url"] is None

    def test_an_admin_opens_one_of_each_status(self, admin_client, calls):
        for status in OVER:
            call = next(call for call in calls if call.status == status)
            assert admin_client.get(f"/admin/calls/call/{call.pk}/change/").status_code == 200


class TestCentersThatCannotHaveAny:
    def test_a_center_without_menus_is_refused(self, db):
        make_center()
        make_agent()
        with pytest.raises(NobodyToCall, match="No menu takes calls"):
            make_calls(10)

    def test_a_center_without_agents_is_refused(self, db):
        make_center()
        make_menu(agents=[])
        with pytest.raises(NobodyToCall, match="No menu has an agent"):
            make_calls(10)

    def test_a_center_of_one_menu_and_one_agent_has_a_past(self, db):
        make_center()
        make_menu(agents=[make_agent()])
        make_calls(COUNT)
        assert set(Call.objects.values_list("status", flat=True)) == set(OVER)
        assert set(Call.objects.values_list("call_type", flat=True)) == set(CallType.values)


class TestTheCommand:
    def test_it_says_how_many_were_made(self, demo):
        out = io.StringIO()
        call_command("make_calls", "12", "--days", "2", stdout=out)
        assert out.getvalue() == "12 past calls were made, over 2 days.\n"
        assert Call.objects.filter(created_at__gt=now() - timedelta(days=2)).count() == 12

    def test_it_says_why_none_were_made(self, db):
        with pytest.raises(CommandError, match="No menu takes calls"):
            call_command("make_calls", "12")
        assert not Call.objects.exists()
        assert not CallEvent.objects.exists()

    @pytest.mark.parametrize("arguments", [["0"], ["-1"], ["x"], ["5", "--days", "0"]])
    def test_numbers_that_are_none_are_refused(self, demo, arguments):
        with pytest.raises(CommandError):
            call_command("make_calls", *arguments)
        assert not Call.objects.exists()


def test_weeks_that_are_repeated_are_as_those_that_were_told(demo):
    # Clocks in New York, which the demo's menus have, went back on 1 November 2026.
    until = datetime(2026, 11, 20, 12, tzinfo=UTC)
    told_of = []

    assert make_calls(400, days=42, until=until, told=70, progress=told_of.append) == 400

    calls = list(Call.objects.order_by("pk").prefetch_related("events", "participants", "children"))
    assert len(calls) == 400
    assert (sorted(told_of), told_of[-1]) == (told_of, 400)
    with connection.cursor() as cursor:
        # SQLite keeps texts, and Django writes none with a fraction that is none.
        cursor.execute("SELECT count(*) FROM calls_callevent WHERE CAST(at AS text) LIKE '%.000000'")
        assert cursor.fetchone() == (0,)
    last_week = [call for call in calls if call.created_at > until - timedelta(days=8)]
    zone = ZoneInfo("America/New_York")
    moments = {call.created_at.astimezone(zone).strftime("%a %H:%M:%S.%f") for call in last_week}
    earlier = [call for call in calls if call not in last_week]
    assert len(earlier) > 4 * 60
    assert {call.created_at.astimezone(zone).strftime("%a %H:%M:%S.%f") for call in earlier} <= moments
    for call in calls:
        events = list(call.events.all())
        assert [event.old for event in events] == ["", *(event.new for event in events[:-1])]
        assert (events[-1].new, events[0].at) == (call.status, call.created_at)
        assert call.ends_at <= until
        assert all(child.created_at > call.created_at for child in call.children.all())
    taken = Engagement.objects.annotate(calls=Count("participant", distinct=True) + Count("offer", distinct=True))
    assert {(one.ended_at is None, one.calls > 0) for one in taken} == {(False, True)}
    assert dispatch.tick(until) == 0


def test_rows_that_others_write_while_weeks_are_repeated_have_ids_of_their_own(demo):
    written = []

    def write(_made):
        written.append(make_call("finished").pk)

    assert make_calls(400, days=42, told=70, progress=write) == 400
    assert len(written) > 2
    assert Call.objects.count() == 400 + len(written)


def test_agents_came_before_their_calls_wrapped_up_after_them_and_went(calls):
    loaded = now() - timedelta(minutes=5)
    for agent in Agent.objects.filter(engagements__isnull=False).distinct():
        told = list(agent.status_changes.filter(at__lt=loaded).order_by("at", "pk"))
        taken = list(agent.engagements.order_by("started_at"))
        assert (told[0].status, told[0].at) == ("available", taken[0].started_at - timedelta(minutes=10))
        assert (told[-1].status, told[-1].at) == ("offline", taken[-1].ended_at + timedelta(minutes=10))
        assert all(after.status == "available" for before, after in pairwise(told) if before.status == "wrap_up")
        ended = {one.ended_at for one in taken if one.kind == "call"}
        assert {one.at for one in told if one.status == "wrap_up"} <= ended

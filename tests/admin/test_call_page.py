"""The page of a call: its story drawn to scale and told in words, and what a person may do to it by hand."""

import ast
import re
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from agents.models import Engagement, User
from calls.models import Call, CallEvent, Hold, Note, Offer, Participant
from calls.showing import words
from calls.showing.scale import Scale
from ccai.times import now
from menus.models import BranchLimit
from tests.admin.rows import admin_url
from tests.conftest import HOST
from tests.factories import make_agent, make_call, make_menu

pytestmark = pytest.mark.django_db
CALLS = Path(words.__file__).parent.parent


def browser_of(role):
    """A browser in which somebody of `role` has logged in."""
    user = User.objects.create_user(f"{role}@example.com", is_staff=True)
    user.groups.add(Group.objects.get(name=role))
    client = Client(SERVER_NAME=HOST)
    client.force_login(user)
    return client


def read(client, call, **query):
    response = client.get(admin_url(Call, "change", call.pk), query)
    assert response.status_code == 200
    return response


def tell(call, *moves):
    """Events of `call`: seconds after its creation, where it came to, and the cause."""
    old = ""
    for seconds, new, cause in moves:
        at = call.created_at + timedelta(seconds=seconds)
        CallEvent.objects.create(call=call, old=old, new=new, cause=cause, at=at)
        old = new


def offer(call, agent, begin, end, status):
    at = call.created_at
    engagement = Engagement.objects.create(agent=agent, kind="offer", ended_at=at)
    Offer.objects.create(
        call=call, agent=agent, engagement=engagement, group="Tier 1", round=1, level=1, status=status,
        offered_at=at + timedelta(seconds=begin), settled_at=at + timedelta(seconds=end),
    )  # fmt: skip


class TestScale:
    def at(self, *seconds):
        begin = now()
        moments = [begin + timedelta(seconds=one) for one in seconds]
        scale = Scale(moments)
        return scale, [round(scale.place(moment), 1) for moment in moments]

    def test_a_call_of_seconds_is_drawn_to_scale(self):
        scale, places = self.at(0, 1, 2, 5)
        assert places == [0, 20, 40, 100]
        assert not scale.shortened

    def test_a_call_of_four_minutes_is_drawn_to_scale_however_long_they_talk(self):
        scale, places = self.at(0, 2, 8, 12, 240)
        assert places == [0, 0.8, 3.3, 5, 100]
        assert not scale.shortened

    def test_twenty_minutes_of_waiting_leave_room_for_a_talk_of_thirty_seconds(self):
        scale, places = self.at(0, 5, 1_205, 1_210, 1_240)
        [waited] = scale.shortened
        assert (waited.seconds, places[1], places[-1]) == (1_200, round(waited.left, 1), 100)
        assert places[4] - places[3] > 30
        # What is not shortened is to scale among itself.
        assert places[4] - places[3] == pytest.approx(6 * (places[3] - places[2]), abs=0.2)

    def test_one_moment_and_marks_that_have_no_room_are_no_trouble(self):
        assert self.at(0)[1] == [0]
        scale, _places = self.at(*range(100))
        places = [place for place, _moment in scale.marks()]
        assert all(two - one >= 9 for one, two in pairwise(places))


def test_a_calls_story_is_drawn_and_told_with_names_and_reasons(admin_client):
    ana, ben = make_agent(), make_agent()
    call = make_call("finished", agent=ana, connected_at=now(), call_duration=30)
    call.ends_at = call.created_at + timedelta(seconds=1_240)
    call.save()
    tell(
        call, (0, "selecting", "line_came_in"), (5, "queued", "menu_chosen"), (1_205, "assigned", "accepted"),
        (1_206, "connecting", "dialling"), (1_210, "connected", "both_connected"),
        (1_240, "finished", "ended_by_agent"),
    )  # fmt: skip
    offer(call, ben, 5, 35, "expired")
    offer(call, ana, 1_200, 1_205, "accepted")
    at = call.created_at
    on = {"connected_at": at + timedelta(seconds=1_210), "ended_at": call.ends_at, "status": "finished"}
    Participant.objects.create(call=call, type="agent", agent=ana, dialled_at=at + timedelta(seconds=1_206), **on)
    Participant.objects.create(call=call, type="end_user", on_line_at=at, **on)
    Hold.objects.create(
        call=call, agent=ana, started_at=at + timedelta(seconds=1_220), ended_at=at + timedelta(seconds=1_230)
    )
    response = read(admin_client, call)
    lanes = {lane.name: [bar.kind for bar in lane.bars] for lane in response.context["timeline"].lanes}
    assert lanes == {
        "In the menus": ["menu"], "In the queue": ["queue"], "Connecting": ["ring", "ring"],
        str(ben): ["offer-expired"], str(ana): ["offer-accepted", "ring", "talk"],
        "End user": ["wait", "talk"], "On hold": ["hold"],
    }  # fmt: skip
    told = [(line.since, line.what, line.why, line.who) for line in response.context["lines"]]
    assert told[0] == ("+0:00", "Came in, browses the menus", "The caller's line came in.", "the end user")
    assert ("+0:35", f"Not answered in time by {ben}", "After 0:30", "the clock") in told
    assert ("+20:05", "An agent has the call", "The agent accepted the offer.", str(ana)) in told
    assert ("+20:30", "Off hold", "After 0:10", str(ana)) in told
    assert told[-1] == ("+20:40", "Finished", "The agent hung up.", str(ana))
    page = response.content.decode()
    assert "drawn shorter than it was" in page
    assert f"{ana}: Talks, 0:30, from 20:10 after the beginning" in page
    assert page.count('tabindex="0" role="img"') == sum(map(len, lanes.values()))


def test_the_axis_says_no_moment_twice(admin_client):
    call = make_call("cancelled")
    call.ends_at = call.created_at + timedelta(seconds=1.8)
    call.save()
    tell(call, (0, "selecting", "line_came_in"), (0.5, "queued", "menu_chosen"), (1.8, "cancelled", "cancelled"))
    marks = read(admin_client, call).context["timeline"].marks
    assert [mark.text for mark in marks] == ["0:00", "0:01"]


def test_who_did_it_is_told_and_a_call_that_was_moved_says_from_when(admin_client, settings):
    settings.TIME_ZONE = "Asia/Seoul"
    call = make_call("cancelled")
    tell(call, (0, "scheduled", "api"))
    moved = "moved_from_2026-03-02T09:00:00.000Z_to_2026-03-02T10:30:00.000Z"
    CallEvent.objects.create(call=call, old="scheduled", new="scheduled", cause=moved, by="sue@example.com")
    CallEvent.objects.create(call=call, old="scheduled", new="cancelled", cause="cancelled", by="the shop")
    page = read(admin_client, call).content.decode()
    assert "Moved to another time" in page
    assert "It was due at 2026-03-02 18:00, and is at 2026-03-02 19:30." in page
    assert "sue@example.com" in page
    assert "the shop" in page


def test_an_agent_is_told_by_name_whatever_of_it_was_written(admin_client):
    ana = make_agent("ana@example.com")
    User.objects.filter(email="ana@example.com").update(first_name="Ana", last_name="Ruiz")
    call = make_call("connected", agent=ana)
    offer(call, ana, 0, 1, "accepted")
    CallEvent.objects.create(call=call, old="queued", new="assigned", cause="offer_accepted", by="ana@example.com")
    text = read(admin_client, call).content.decode().partition("What happened")[2]
    assert "Ana Ruiz" in text
    assert "ana@example.com" not in text


def test_a_call_that_is_due_says_that_it_waits_for_the_crm(admin_client, settings):
    due = make_call("scheduled", scheduled_at=now() - timedelta(minutes=1), ask_crm_at=now() + timedelta(seconds=20))
    assert "It is due" not in read(admin_client, due).content.decode()
    settings.CCAI_CRM_ADAPTERS = {"builtin": "tests.fakes.DownCrm"}
    assert "It is due; the CRM has not said yet" in read(admin_client, due).content.decode()
    to_come = make_call("scheduled", ask_crm_at=now())
    assert "It is due" not in read(admin_client, to_come).content.decode()


def test_every_cause_that_code_gives_has_a_sentence():
    given = set()
    for file in CALLS.rglob("*.py"):
        tree = ast.parse(file.read_text())
        for node in ast.walk(tree):
            if isinstance(node, ast.keyword) and node.arg == "cause":
                given |= {one.value for one in ast.walk(node.value) if isinstance(one, ast.Constant)}
    # Parts of what is put together: a provider's failure, who ended it, and what is compared.
    given -= {"ended_by_", "_failed", "opened_by_agent_"}
    assert {cause for cause in given if isinstance(cause, str)} <= set(words.CAUSES)


def test_personal_data_is_masked_for_who_may_not_see_it():
    call = make_call("finished", out_ticket_id="7", out_ticket_url="javascript:alert(1)")
    Note.objects.create(call=call, agent=make_agent(), text="Kim wants a refund.")
    viewer = read(browser_of("viewer"), call).content.decode()
    assert "555-0123" not in viewer
    assert "•••• 0123" in viewer
    assert "refund" not in viewer
    assert "End call" not in viewer
    supervisor = read(browser_of("supervisor"), call).content.decode()
    assert "+1 202-555-0123" in supervisor
    assert "Kim wants a refund." in supervisor
    for page in (viewer, supervisor):
        assert "javascript:" not in page


def test_a_call_out_of_sight_is_not_found_and_cannot_be_ended(client):
    call = make_call("queued")
    supervisor = browser_of("supervisor")
    BranchLimit.objects.create(user=User.objects.get(email="supervisor@example.com"), menu=make_menu())
    for path in (admin_url(Call, "change", call.pk), admin_url(Call, "change", "x"), admin_url(Call, "change", 99**9)):
        assert supervisor.get(path).status_code == 404
    assert supervisor.post(admin_url(Call, "end", call.pk), {"reason": "Stop"}).status_code == 404
    assert Call.objects.get().status == "queued"


def test_a_supervisor_ends_a_live_call_with_a_reason_and_a_viewer_does_not():
    call = make_call("connected")
    supervisor, viewer = browser_of("supervisor"), browser_of("viewer")
    assert "End call" in read(supervisor, call).content.decode()
    assert viewer.post(admin_url(Call, "end", call.pk), {"reason": "Stop"}).status_code == 403
    assert supervisor.get(admin_url(Call, "end", call.pk)).status_code == 405
    page = supervisor.post(admin_url(Call, "end", call.pk), {"reason": " "}, follow=True).content.decode()
    assert "Write why the call is ended" in page
    page = supervisor.post(admin_url(Call, "end", call.pk), {"reason": "Line is <dead>"}, follow=True).content.decode()
    call.refresh_from_db()
    assert (call.status, call.fail_reason, call.fail_details) == ("failed", "force_ended", "Line is <dead>")
    for said in ("The call is ended.", "Ended by force", "Line is &lt;dead&gt;", "supervisor@example.com"):
        assert said in page
    assert "End call" not in page
    page = supervisor.post(admin_url(Call, "end", call.pk), {"reason": "Stop"}, follow=True).content.decode()
    assert "The call has ended meanwhile." in page


def test_a_scheduled_call_is_moved_started_and_cancelled_from_its_page(settings):
    settings.TIME_ZONE = "Asia/Seoul"
    supervisor = browser_of("supervisor")
    moved, started, cancelled = (make_call("scheduled", menu=make_menu()) for _ in range(3))
    assert "Move" in read(supervisor, moved).content.decode()
    page = supervisor.post(admin_url(Call, "move", moved.pk), {"scheduled_at": "2099-03-02T19:30"}, follow=True)
    assert "The call has another time." in page.content.decode()
    assert f"{Call.objects.get(pk=moved.pk).scheduled_at:%Y-%m-%d %H:%M}" == "2099-03-02 10:30"
    for wrong, said in (("2001-03-02T19:30", "This time is over"), ("soon", "This is no time"), ("", "Choose a time")):
        page = supervisor.post(admin_url(Call, "move", moved.pk), {"scheduled_at": wrong}, follow=True)
        assert said in page.content.decode()
    supervisor.post(admin_url(Call, "start", started.pk))
    supervisor.post(admin_url(Call, "cancel", cancelled.pk))
    assert [Call.objects.get(pk=one.pk).status for one in (started, cancelled)] == ["queued", "cancelled"]
    page = supervisor.post(admin_url(Call, "end", moved.pk), {"reason": "Stop"}, follow=True)
    assert "Cancel it instead" in page.content.decode()


def test_a_call_that_is_turned_away_when_it_is_made_now_is_said_to_be_so():
    supervisor = browser_of("supervisor")
    closed = make_call("scheduled", menu=make_menu(hours={"weekly": {}}))
    deleted = make_call("scheduled", menu=make_menu(deleted=True))
    for call, status, why in ((closed, "deflected", "After hours"), (deleted, "failed", "Failed: Menu deleted.")):
        page = supervisor.post(admin_url(Call, "start", call.pk), follow=True).content.decode()
        assert "The call was turned away." in page
        assert why in page
        assert "The call is made now." not in page
        assert Call.objects.get(pk=call.pk).status == status


def test_a_live_call_is_read_anew_part_by_part_and_one_that_is_over_is_not(admin_client):
    live, over = make_call("connected"), make_call("finished")
    tell(live, (0, "queued", "api"), (1, "connected", "both_connected"))
    assert re.search(r'data-refresh="3"', read(admin_client, live).content.decode())
    assert re.search(r'data-refresh="0"', read(admin_client, over).content.decode())
    part = read(admin_client, live, part="")
    assert "<html" not in part.content.decode()
    assert part.content.decode().strip().startswith('<div id="call-part"')


def test_a_call_with_many_parts_costs_no_more_queries_than_one_with_none(admin_client):
    def queries(parts):
        call = make_call("queued")
        for _ in range(parts):
            agent = make_agent()
            offer(call, agent, 1, 2, "declined")
            Participant.objects.create(call=call, type="agent", agent=agent)
            Note.objects.create(call=call, agent=agent, text="Said nothing.")
            make_call("finished", parent=call)
            CallEvent.objects.create(call=call, old="queued", new="queued", cause="menu_deleted")
        with CaptureQueriesContext(connection) as captured:
            read(admin_client, call)
        return len(captured)

    queries(1)
    assert queries(0) == queries(4) <= 22

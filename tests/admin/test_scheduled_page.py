"""Calls that are still to come: the board against hours and agents, the list, and what is done to many of them."""

import re
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from agents.models import User
from calls.models import Call, CallEvent
from calls.scheduled.board import read_board, read_days, slots_of
from calls.scheduled.hours import Judge, count_outside
from ccai.times import now
from menus.models import BranchLimit, DeflectionOption, Menu
from tests.admin.rows import admin_url, sent_back
from tests.admin.test_call_page import browser_of
from tests.factories import make_agent, make_call, make_menu

pytestmark = pytest.mark.django_db

PAGE = "/admin/calls/scheduled/"
# A Monday.
DAY = date(2032, 3, 1)
OFFICE_HOURS = {"time_zone": "UTC", "weekly": {day: ["09:00-17:00"] for day in ("mon", "tue", "wed")}}


def at(hour, minute=0, day=DAY):
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC)


def make_scheduled(menu, *times, **columns):
    return [
        make_call("scheduled", menu=menu, scheduled_at=one, queue=None, queued_at=None, waits_since=None, **columns)
        for one in times
    ]


def cells(board, row=0):
    return {cell.slot.text: (cell.calls, str(cell.fault)) for cell in board.rows[row].cells if cell.calls}


def test_the_board_counts_calls_by_hour_and_says_which_nobody_takes_and_which_are_too_many():
    menu = make_menu(agents=[make_agent(), make_agent(active=False)], hours=OFFICE_HOURS)
    # One agent, at 180 s a call, takes 20 calls in an hour.
    make_scheduled(menu, at(9), at(9, 59), at(16, 30), at(17), at(17, 30), *[at(11)] * 21)
    other = make_menu("Support", agents=[])
    make_scheduled(other, at(23))
    make_scheduled(menu, at(9) + timedelta(days=1))
    make_call("queued", menu=menu, scheduled_at=at(9))
    board = read_board(Call.objects.all(), DAY, now())
    assert [(row.path, row.agents, row.an_hour, row.calls) for row in board.rows] == [
        ("Sales", 1, 20, 26),
        ("Support", 0, 0, 1),
    ]
    assert cells(board) == {"09:00": (2, ""), "11:00": (21, "full"), "16:00": (1, ""), "17:00": (2, "outside")}
    assert cells(board, 1) == {"23:00": (1, "full")}
    assert (board.outside, board.full, len(board.slots)) == (2, 2, 24)
    assert [cell.is_open for cell in board.rows[0].cells] == [9 <= hour < 17 for hour in range(24)]
    days = {one.day: one.calls for one in read_days(Call.objects.all(), DAY)}
    assert (days[DAY], days[DAY + timedelta(days=1)], len(days)) == (27, 1, 14)


def test_a_day_on_which_clocks_change_has_the_hours_that_it_has(settings):
    settings.TIME_ZONE = "Europe/Berlin"
    spring, autumn = slots_of(date(2032, 3, 28)), slots_of(date(2032, 10, 31))
    assert [slot.text for slot in spring][:4] == ["00:00", "01:00", "03:00", "04:00"]
    assert [slot.text for slot in autumn][:5] == ["00:00", "01:00", "02:00", "02:00", "03:00"]
    assert (len(spring), len(autumn)) == (23, 25)


def test_a_menu_is_judged_by_hours_closing_redirection_and_substitute(django_assert_num_queries):
    menu = make_menu(hours=OFFICE_HOURS)
    judge = Judge([menu.pk])
    assert [judge.is_open(menu.pk, at(hour)) for hour in (8, 9, 17)] == [False, True, False]
    assert judge.next_opening(menu.pk, at(17)) == at(9) + timedelta(days=1)
    assert judge.next_opening(menu.pk, at(10)) == at(10)
    assert judge.next_opening(menu.pk, at(18) + timedelta(days=2)) == at(9) + timedelta(days=7)
    redirected, broken = make_menu(), make_menu()
    DeflectionOption.objects.create(menu=redirected, occasion="redirection", kind="message")
    off = make_menu()
    DeflectionOption.objects.create(menu=off, occasion="redirection", kind="message", active=False)
    Menu.objects.filter(pk=broken.pk).update(hours={"weekly": "always"})
    gone, replaced = make_menu(deleted=True), make_menu(deleted=True, substitute=menu)
    ids = [one.pk for one in (redirected, broken, off, gone, replaced)]
    judge = Judge(ids)
    assert [judge.is_open(pk, at(10)) for pk in ids] == [False, False, True, False, True]
    assert [judge.next_opening(pk, at(18)) for pk in ids] == [None, None, at(18), None, at(9) + timedelta(days=1)]
    # What the substitute is set to is read once, however many moments are asked about.
    with django_assert_num_queries(0):
        assert not any(judge.is_open(replaced.pk, at(0, minute)) for minute in range(60))


def test_the_page_lists_a_day_an_hour_a_branch_and_what_falls_outside(admin_client):
    root = make_menu("Root", menu_type="mobile_menu")
    menu = make_menu(parent=root, hours=OFFICE_HOURS)
    early, late = make_scheduled(menu, at(10), at(18))
    [elsewhere] = make_scheduled(make_menu("Elsewhere"), at(10, 30))
    [later] = make_scheduled(menu, at(10) + timedelta(days=1))

    def listed(**query):
        response = admin_client.get(PAGE, query)
        assert response.status_code == 200
        return [line["call"].pk for line in response.context["calls"]]

    day = DAY.isoformat()
    assert listed(day=day) == [early.pk, elsewhere.pk, late.pk]
    assert listed(day=day, hour="2032-03-01T10:00:00.000Z") == [early.pk, elsewhere.pk]
    assert listed(day=day, menu=root.pk) == [early.pk, late.pk]
    assert listed(day="all", menu=menu.pk) == [early.pk, late.pk, later.pk]
    assert listed(day="all", outside="1") == [late.pk]
    assert listed() == listed(day="9999-99-99", menu="x", hour="noon", cursor="nowhere") == []
    assert listed(day=DAY, hour="9999-12-31T23:30:00Z") == listed(day=DAY)
    page = admin_client.get(PAGE, {"day": day}).content.decode()
    for said in ("1 call outside the hours", "+1 202-555-0123", f"#{late.pk}", "≈ 0 calls an hour"):
        assert said in page


def test_pages_follow_each_other_and_cost_the_same(admin_client):
    menu = make_menu(agents=[make_agent()])
    calls = make_scheduled(menu, *[at(10, number // 3) for number in range(120)])
    shown, address, costs = [], f"{PAGE}?day={DAY}", []
    while address:
        with CaptureQueriesContext(connection) as captured:
            response = admin_client.get(address)
        costs.append(len(captured))
        shown += [line["call"].pk for line in response.context["calls"]]
        address = response.context["next_address"] and f"{PAGE}{response.context['next_address']}"
    assert shown == [call.pk for call in calls]
    assert len(set(costs[1:])) == 1
    assert max(costs) <= 30


def test_who_is_limited_sees_and_moves_the_calls_of_their_branch_alone():
    menu, other = make_menu(), make_menu("Other")
    [mine], [theirs] = make_scheduled(menu, at(10)), make_scheduled(other, at(10))
    supervisor, viewer = browser_of("supervisor"), browser_of("viewer")
    BranchLimit.objects.create(user=User.objects.get(email="supervisor@example.com"), menu=menu)
    page = supervisor.get(PAGE, {"day": DAY.isoformat()})
    assert [line["call"].pk for line in page.context["calls"]] == [mine.pk]
    assert "Other" not in page.content.decode()
    body = {"deed": "cancel", "call": [mine.pk, theirs.pk]}
    assert viewer.post(PAGE, body).status_code == 403
    assert "•••• 0123" in viewer.get(PAGE, {"day": DAY.isoformat()}).content.decode()
    assert "1 call is cancelled." in supervisor.post(PAGE, body, follow=True).content.decode()
    assert [Call.objects.get(pk=one.pk).status for one in (mine, theirs)] == ["cancelled", "scheduled"]


def test_many_are_moved_started_and_cancelled_and_of_each_that_was_not_it_is_said_why(admin_client):
    menu = make_menu(hours=OFFICE_HOURS, agents=[make_agent()])
    one, two, late, due = make_scheduled(menu, at(10), at(11), at(18), at(12))
    Call.objects.filter(pk=due.pk).update(status="queued", queue=menu, queued_at=now(), waits_since=now())

    def post(deed, *calls, **more):
        body = {"deed": deed, "call": [call.pk for call in calls], **more}
        return admin_client.post(f"{PAGE}?day={DAY}", body, follow=True).content.decode()

    def times():
        return list(Call.objects.filter(status="scheduled").order_by("pk").values_list("scheduled_at", flat=True))

    page = post("by", one, two, due, minutes="-30")
    assert "2 calls have another time." in page
    assert f"#{due.pk}: It is not scheduled any more" in page
    assert times() == [at(9, 30), at(10, 30), at(18)]
    page = post("by", one, two, minutes="-60")
    assert f"#{one.pk}: Its menu is closed at that time" in page
    assert times() == [at(9, 30), at(9, 30), at(18)]
    page = post("opening", one, late)
    assert "1 call has another time." in page
    assert "1 call is as it was" in page
    assert times() == [at(9, 30), at(9, 30), at(9) + timedelta(days=1)]
    post("to", one, two, late, scheduled_at="2032-03-02T14:15")
    assert times() == [at(14, 15) + timedelta(days=1)] * 3
    for deed, more, said in (
        ("to", {}, "Choose the time"),
        ("by", {"minutes": "soon"}, "Write the minutes"),
        ("burn", {}, "Select a valid choice"),
    ):
        assert said in post(deed, one, **more)
    assert "Choose calls first" in post("cancel")
    assert 'name="shown" value="3"' in admin_client.get(f"{PAGE}?day=all").content.decode()
    for shown, said in (("2", "Other calls are listed now than were shown."), ("3", "3 calls are cancelled")):
        body = {"deed": "cancel", "all": "1", "shown": shown}
        assert said in admin_client.post(f"{PAGE}?day=all", body, follow=True).content.decode()
        assert len(times()) == (3 if shown == "2" else 0)
    assert CallEvent.objects.filter(new="cancelled", by="admin@example.com").count() == 3


def test_calls_that_are_turned_away_when_they_are_made_now_are_counted_apart(admin_client):
    [taken] = make_scheduled(make_menu(agents=[make_agent()]), at(10))
    [closed] = make_scheduled(make_menu(hours={"weekly": {}}), at(10))
    body = {"deed": "start", "call": [taken.pk, closed.pk]}
    page = admin_client.post(f"{PAGE}?day={DAY}", body, follow=True).content.decode()
    assert "1 call is made now." in page
    assert f"1 call was turned away: #{closed.pk}: Deflected: After hours" in page
    assert [Call.objects.get(pk=one.pk).status for one in (taken, closed)] == ["queued", "deflected"]


def test_whoever_changes_hours_is_told_of_the_calls_that_now_fall_outside(admin_client):
    menu = make_menu(hours=OFFICE_HOURS)
    make_scheduled(menu, at(10), at(16), at(16, 30))
    make_scheduled(make_menu("Other", hours={"weekly": {}}), at(10))
    assert count_outside([menu.pk]) == 0
    form = admin_client.get(admin_url(Menu, "change", menu.pk))
    unchanged = sent_back(form)
    page = admin_client.post(admin_url(Menu, "change", menu.pk), unchanged, follow=True).content.decode()
    assert "outside the hours" not in page
    form = admin_client.get(admin_url(Menu, "change", menu.pk))
    body = sent_back(form, **{"hours-mon": ["09:00-12:00"]})
    page = admin_client.post(admin_url(Menu, "change", menu.pk), body, follow=True).content.decode()
    assert "2 scheduled calls of “Sales” now fall outside the hours." in page
    [address] = re.findall(r'href="([^"]*outside=1[^"]*)"', page)
    listed = admin_client.get(address.replace("&amp;", "&"))
    assert len(listed.context["calls"]) == 2
    assert "If they stay as they are" in listed.content.decode()


def test_whoever_closes_or_redirects_a_menu_is_told_too(admin_client):
    menu = make_menu(agents=[])
    make_scheduled(menu, at(10))
    DeflectionOption.objects.create(menu=menu, occasion="redirection", kind="message", active=False)
    for verb, body in (("redirection", {"on": "1"}), ("close", {"reason": "Fire"})):
        page = admin_client.post(admin_url(Menu, verb, menu.pk), body, follow=True).content.decode()
        assert "1 scheduled call of “Sales” now falls outside the hours." in page

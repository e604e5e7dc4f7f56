"""The call history shows what was asked for, page by page, and says what it was asked for."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from agents.models import Language, Team, User
from calls.models import Call, Disposition, EndUser
from ccai.times import now
from menus.models import BranchLimit
from tests.admin.rows import admin_url
from tests.conftest import HOST
from tests.factories import make_agent, make_call, make_menu, make_person

pytestmark = pytest.mark.django_db

HISTORY = "/admin/calls/call/"


@pytest.fixture
def look(admin_client):
    """The history's page for what its address asks, as its template was given it."""

    def page(client=admin_client, **asked):
        response = client.get(HISTORY, asked)
        assert response.status_code == 200
        return response

    return page


@pytest.fixture
def found(look):
    """The ids of the calls that the history shows for what its address asks."""

    def ids(**asked):
        response = look(**asked)
        assert not response.context["form"].errors
        return [row.id for row in response.context["rows"]]

    return ids


def log_in(role):
    """A browser of somebody with that role."""
    client = Client(SERVER_NAME=HOST)
    client.force_login(make_person(role))
    return client


def test_calls_are_filtered_by_what_they_are(found):
    team, outcome = Team.objects.create(name="Night"), Disposition.objects.create(name="Sold")
    below = Team.objects.create(name="Late night", parent=team)
    menu = make_menu()
    leaf = make_menu("Leaf", parent=menu)
    agent = make_agent(team=below)
    Language.objects.create(code="ko")
    call = make_call(
        "failed",
        agent=agent,
        menu=leaf,
        call_type="Voice Callback (Web)",
        lang="ko-KR",
        fail_reason="eu_busy",
        deflection="over_capacity_callback",
        disposition=outcome,
        rating=2,
        bad_actor=True,
        has_feedback=True,
    )
    other = make_call("finished", call_type="Voice Inbound (IVR)", rating=5, verified_customer=True)
    for asked in (
        {"status": "failed"},
        {"status": ["failed", "queued"]},
        {"type": "Voice Callback (Web)"},
        {"channel": "web"},
        {"channel": ["web", "mobile"]},
        {"menu": menu.pk},
        {"menu": leaf.pk},
        {"agent": agent.pk},
        {"team": team.pk},
        {"lang": "ko"},
        {"why": "eu_busy"},
        {"why": ["eu_busy", "expired"]},
        {"deflection": "over_capacity_callback"},
        {"flag": "bad_actor"},
        {"flag": ["bad_actor", "has_feedback"]},
        {"rating": ["1", "2", "3"]},
        {"disposition": outcome.pk},
        {"status": ["failed", "finished"], "rating": ["1", "2"]},
    ):
        assert found(**asked) == [call.pk], asked
    assert found(status=["failed", "finished"]) == [other.pk, call.pk]
    assert found(channel="web", type="Voice Inbound (IVR)") == []
    assert found(flag=["bad_actor", "verified_customer"]) == []


def test_calls_are_filtered_by_how_long_they_talked(found):
    short, long = (
        make_call("finished", connected_at=now(), call_duration=seconds, created_at=now() + timedelta(seconds=seconds))
        for seconds in (59, 245)
    )
    make_call("failed")  # nobody talked
    assert found(longer="1:00") == [long.pk]
    assert found(longer="4:05") == [long.pk]
    assert found(longer="246") == []
    assert found(shorter="59") == [short.pk]
    assert found(longer="0:01", shorter="1:00:00") == [long.pk, short.pk]


def test_days_are_those_of_the_center(found, settings):
    settings.TIME_ZONE = "America/New_York"
    before = make_call("queued", created_at=datetime(2026, 3, 2, 4, 59, tzinfo=UTC))
    first = make_call("queued", created_at=datetime(2026, 3, 2, 5, 0, tzinfo=UTC))
    last = make_call("queued", created_at=datetime(2026, 3, 4, 4, 59, tzinfo=UTC))
    after = make_call("queued", created_at=datetime(2026, 3, 4, 5, 0, tzinfo=UTC))
    assert found(since="2026-03-02", until="2026-03-03") == [last.pk, first.pk]
    assert found(since="2026-03-04") == [after.pk]
    assert found(until="2026-03-01") == [before.pk]
    assert found(since="0001-01-01", until="9999-12-31") == [after.pk, last.pk, first.pk, before.pk]


def test_a_span_of_time_ends_with_today(found):
    day = timedelta(days=1)
    today, yesterday, week, month = (make_call("queued", created_at=now() - ago * day).pk for ago in (0, 1, 6, 29))
    make_call("queued", created_at=now() - 30 * day)
    assert found(span="today") == [today]
    assert found(span="yesterday") == [yesterday]
    assert found(span="7d") == [today, yesterday, week]
    assert found(span="30d") == [today, yesterday, week, month]


def test_what_cannot_be_understood_is_said_and_nothing_is_shown(look):
    make_call("queued")
    for field, asked in (
        ("status", {"status": "lost"}),
        ("since", {"since": "once"}),
        ("until", {"since": "2026-03-02", "until": "2026-03-01"}),
        ("span", {"span": "today", "since": "2026-03-02"}),
        ("longer", {"longer": "1 h"}),
        ("shorter", {"longer": "60", "shorter": "30"}),
        ("agent", {"agent": "0"}),
        ("menu", {"menu": "x"}),
        ("menu", {"menu": "9" * 19}),
        ("columns", {"columns": "secret"}),
        ("per", {"per": "1000"}),
        ("q", {"q": "12", "place": "number"}),
        ("__all__", {"cursor": "x"}),
        ("__all__", {"status__exact": "failed"}),
    ):
        page = look(**asked)
        assert list(page.context["form"].errors) == [field], asked
        assert not page.context["rows"]
        assert page.context["form"].errors[field][0] in page.content.decode().replace("&#x27;", "'"), asked


def test_no_call_is_seen_twice_or_missed_while_others_come_in(look, admin_client):
    # Several in one moment: the order is that of the ids then.
    at = now()
    calls = [make_call("queued", created_at=at - timedelta(minutes=number // 3)).pk for number in range(60)]
    expected = [pk for _, pk in sorted(((number // 3, -pk) for number, pk in enumerate(calls)))]
    expected = [-pk for pk in expected]
    for asked in ({}, {"status": ["queued", "failed"]}):
        page = look(per="25", **asked)
        first = [row.id for row in page.context["rows"]]
        assert page.context["newer"] is None
        newcomer = make_call("queued", created_at=now() + timedelta(hours=1))
        seen = list(first)
        while page.context["older"]:
            page = admin_client.get(HISTORY + page.context["older"])
            seen += [row.id for row in page.context["rows"]]
        assert seen == expected
        # Back again, and to the one that came in meanwhile.
        back = []
        while page.context["newer"]:
            page = admin_client.get(HISTORY + page.context["newer"])
            back = [row.id for row in page.context["rows"]] + back
        assert back == [newcomer.pk, *expected[:50]]
        newcomer.delete()


def test_no_more_than_ten_thousand_are_counted(look, monkeypatch):
    for _ in range(27):
        make_call("queued")
    assert look().context["said"] == ("27 calls", "")
    assert look(per="25").context["said"] == ("27 calls", "")
    monkeypatch.setattr("calls.history.finding.COUNTED", 26)
    assert look(per="25").context["said"] == ("More than 26 calls", "")
    assert look(per="25", status=["queued", "failed"]).context["said"] == ("More than 26 calls", "")
    assert look(status="failed").context["said"] == ("No calls", "")


def test_a_page_of_many_calls_costs_as_many_queries_as_one_of_few(admin_client):
    supervisor = log_in("supervisor")

    limited = log_in("supervisor")

    def queries(query="", client=supervisor):
        with CaptureQueriesContext(connection) as captured:
            assert client.get(HISTORY + query).status_code == 200
        return len(captured)

    def fill(calls):
        for _ in range(calls):
            make_call("finished", agent=make_agent(team=Team.objects.create(name=f"{Team.objects.count()}")))

    fill(2)
    few = queries()
    fill(27)
    user = User.objects.get(pk=limited.session["_auth_user_id"])
    user.limited_to_teams.set(Team.objects.all())
    BranchLimit.objects.create(user=user, menu=make_menu("Mine", parent=make_menu("Root")))
    assert queries() == few
    for client in (supervisor, limited):
        assert queries("?per=25", client) <= 12
        assert queries("?per=25&status=finished&status=failed", client) <= 12
    with_all = "&".join(f"columns={key}" for key in ("team", "customer", "disposition", "agent_email"))
    assert queries(f"?{with_all}") == few


def test_columns_are_chosen_and_stay_in_the_addresses_of_the_page(look):
    for _ in range(26):
        make_call("finished", out_ticket_id="T-1", rating=4)
    page = look(columns=["ticket", "id", "rating"], per="25")
    assert [column.key for column in page.context["columns"]] == ["id", "ticket", "rating"]
    assert [cell.text for cell in page.context["rows"][0].cells][1:] == ["T-1", "4"]
    assert "columns=ticket&columns=id&columns=rating" in page.context["older"]


def test_the_list_says_what_stands_in_the_calls(look, settings):
    settings.TIME_ZONE = "Asia/Seoul"
    call = make_call(
        "failed",
        agent=make_agent(),
        menu=make_menu("Leaf", parent=make_menu("Root")),
        created_at=datetime(2026, 3, 2, 20, 30, 15, tzinfo=UTC),
        wait_duration=3_900,
        fail_reason="eu_busy",
        end_user_number="+821068612345",
    )
    page = look(columns=["created", "status", "menu", "agent", "number", "waited", "channel", "talked"])
    [row] = page.context["rows"]
    assert [(cell.text, cell.more) for cell in row.cells] == [
        ("2026-03-03 05:30:15", ""),
        ("Failed", "End user busy"),
        ("API", ""),
        ("Root/Leaf", ""),
        (str(call.agent), ""),
        ("+82 10-6861-2345", ""),
        ("1:05:00", ""),
        ("", ""),
    ]
    assert f'href="{admin_url(Call, "change", call.pk)}"' in page.content.decode()


def test_who_may_not_see_personal_data_sees_it_masked(look):
    end_user = EndUser.objects.create(number="+821068612345", name="Kim Lee", identifier="kim-7", out_contact_id="c-7")
    make_call("queued", end_user=end_user, end_user_number=end_user.number)
    columns = ["customer", "identifier", "contact", "number"]
    clear = look(columns=columns).content.decode()
    masked = look(log_in("viewer"), columns=columns).content.decode()
    for said in ("Kim Lee", "kim-7", "c-7", "+82 10-6861-2345"):
        assert said in clear
        assert said not in masked
    assert "•••• 2345" in masked


def test_a_limited_supervisor_sees_the_calls_of_their_branch_alone(look):
    menu, other = make_menu("Mine"), make_menu("Theirs")
    mine = make_call("queued", menu=menu, out_ticket_id="T-1")
    make_call("queued", menu=other, out_ticket_id="T-2")
    client = log_in("supervisor")
    BranchLimit.objects.create(user_id=client.session["_auth_user_id"], menu=menu)
    assert [row.id for row in look(client).context["rows"]] == [mine.pk]
    page = look(client, q="T-2")
    assert page.context["said"][0] == "No calls"
    assert look(client, menu=other.pk).context["form"].errors


def test_filters_that_are_on_are_named_and_each_is_taken_off_by_one_click(look):
    menu = make_menu("Leaf", parent=make_menu("Root"))
    page = look(status=["failed", "queued"], menu=menu.pk, since="2026-03-02", q="T-1")
    chips = {(str(label), value): address for _, label, value, address in page.context["chips"]}
    assert set(chips) == {
        ("Status", "Failed"),
        ("Status", "Queued"),
        ("Menu, with all below it", "Root/Leaf"),
        ("From", "2026-03-02"),
    }
    assert chips["Status", "Failed"] == f"q=T-1&since=2026-03-02&status=queued&menu={menu.pk}"


def test_who_gave_up_or_still_waits_is_shown_with_the_time_they_waited(look, admin_client, time_machine):
    time_machine.move_to(datetime(2026, 3, 2, 20, 30, tzinfo=UTC), tick=False)
    then = now() - timedelta(seconds=300)
    waits = {"created_at": then, "queued_at": then, "waits_since": then}
    calls = [
        make_call("queued", **waits),
        make_call("failed", fail_reason="eu_abandoned", ends_at=then + timedelta(seconds=75), **waits),
        make_call("finished", assigned_at=then, wait_duration=12, **waits),
        make_call("voicemail_received", voicemail_reason="over_capacity", **waits),
        make_call("cancelled", created_at=then, queued_at=None, queue=None, waits_since=None),
    ]
    waited = ["5:00", "1:15", "0:12", "", ""]
    rows = look(columns=["id", "waited"]).context["rows"]
    assert {row.id: row.cells[1].text for row in rows} == dict(zip([one.pk for one in calls], waited, strict=True))
    for call, shown in zip(calls, waited, strict=True):
        page = admin_client.get(admin_url(Call, "change", call.pk))
        facts = {str(name): said for _group, facts in page.context["facts"] for name, said in facts}
        assert facts.get("Waited", "") == shown

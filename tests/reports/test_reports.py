"""`/reports/`: what the page and its files say of the small center (tests/figures/small_center.py)."""

import csv
import io
import re

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test.utils import CaptureQueriesContext

from agents.models import Team, User
from menus.models import BranchLimit
from tests.conftest import HOST
from tests.factories import make_agent, make_call, make_menu
from tests.figures.small_center import ZONE, make_small_center

pytestmark = pytest.mark.django_db

THE_DAY = {"span": "custom", "from": "2026-11-01", "to": "2026-11-01"}


@pytest.fixture
def center(settings, time_machine):
    settings.TIME_ZONE = ZONE
    time_machine.move_to("2026-11-03T12:00:00+00:00", tick=False)
    return make_small_center()


def text_of(page):
    """What stands on the page, in one line, without what charts are drawn from."""
    body = re.sub(r"<(script|style)\b.*?</\1>", " ", page.content.decode(), flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]*>", " ", body).split())


def read_csv(response):
    text = response.content.decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text)))


def test_the_page_says_the_day_beside_the_day_before_and_what_it_means(admin_client, center):
    page = admin_client.get("/reports/", {**THE_DAY, "step": "hour"})
    text = text_of(page)

    assert page.status_code == 200
    assert "1 November 2026 beside 31 October 2026" in text
    assert "40.0%" in text
    assert "▼ 60.0 points less than before: 100.0%" in text  # the service level
    assert "0:25" in text
    assert "answered within 20 seconds of coming to the queue" in text
    # the piece of the hour that was twice, in a table and a chart
    assert '<th scope="row">2026-11-01 01:00 -05:00</th>' in page.content.decode()
    assert "unsafe-eval" in page.headers["Content-Security-Policy"]
    # the comparison is coloured by what is better for the figure
    tiles = {tile.figure.key: tile.mood for tile in page.context["tiles"]}
    assert (tiles["service_level"], tiles["abandon_rate"], tiles["answered"]) == ("worse", "worse", "better")
    assert (tiles["calls"], tiles["rating"]) == ("plain", "plain")


@pytest.mark.parametrize(
    ("table", "rows"),
    [
        (
            "outcomes",
            [["Time", "Talked", "Given up", "Voicemail", "Deflected", "Failed", "Cancelled", "Under way"],
             ["2026-11-01", "7", "3", "1", "1", "3", "1", "1"]],
        ),
        ("service_level", [["Time", "Service level", "Span before"], ["2026-11-01", "0.4", "1.0"]]),
        (
            "deflections",
            [["Deflection", "Times", "Span before"], ["After hours: message only", "1", "0"],
             ["Over capacity: voicemail", "1", "0"], ["Over capacity: call back", "1", "0"]],
        ),
        (
            "handle_time",
            [["Time", "Average talk time [s]", "Average hold time [s]", "Average wrap-up time [s]"],
             ["2026-11-01", "167.14", "4.29", "12.86"]],
        ),
    ],
)  # fmt: skip
def test_each_table_is_a_file(admin_client, center, table, rows):
    response = admin_client.get(f"/reports/{table}.csv", {**THE_DAY, "step": "day"})

    assert read_csv(response) == rows
    assert f'filename="{table}-2026-11-01-2026-11-01.csv"' in response.headers["Content-Disposition"]


@pytest.mark.parametrize("table", ["calls", "types", "deflections", "heat"])
def test_a_file_costs_no_more_than_its_table(admin_client, center, table):
    with CaptureQueriesContext(connection) as captured:
        assert admin_client.get(f"/reports/{table}.csv", THE_DAY).status_code == 200
    assert not [query for query in captured.captured_queries if "agents_statuschange" in query["sql"]]


def test_a_table_that_there_is_not_is_not_found(admin_client):
    assert admin_client.get("/reports/bogus.csv").status_code == 404


def test_the_heat_map_shows_the_figure_that_is_chosen(admin_client, center):
    [_header, *days] = read_csv(admin_client.get("/reports/heat.csv", {**THE_DAY, "heat": "handle_time"}))
    assert days[6][17] == "60.0"  # N, on Sunday at 16:30
    [header, *days] = read_csv(admin_client.get("/reports/heat.csv", {**THE_DAY, "heat": "speed_of_answer"}))

    assert header[:3] == ["Weekday", "00 [s]", "01 [s]"]
    # Sunday: 15 and 40 s from 01:00 to 02:00, twice on the clock; 20 s from 16:00 to 17:00
    assert [(days[6][0], days[6][2], days[6][17])] == [("Sun", "27.5", "20.0")]
    assert not any("".join(day[1:]) for day in days[:6])


def test_a_report_can_be_of_a_part_of_the_center(admin_client, center):
    def calls(**part):
        rows = read_csv(admin_client.get("/reports/summary.csv", {**THE_DAY, **part}))
        return int(next(row[1] for row in rows if row[0] == "Calls"))

    assert calls(branch=center.sales.pk) == 16
    assert calls(channel="mobile") == 2
    assert calls(team=center.team.pk) == 3
    assert calls(agent=center.bob.pk) == 4
    assert calls(team=center.team.pk, agent=center.bob.pk) == 0  # he is in another


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ({"from": "2026-11-02", "to": "2026-11-01"}, "The last day lies before the first."),
        ({"from": "yesterday", "to": ""}, "Choose the first and the last day."),
        ({"from": "1990-01-01", "to": "2026-11-01"}, "Choose 1100 days at most."),
    ],
)
def test_a_span_that_cannot_be_read_is_said_and_the_usual_one_shown(admin_client, center, said, fault):
    text = text_of(admin_client.get("/reports/", {"span": "custom", **said}))
    assert fault in text
    assert "28 October 2026 – 3 November 2026" in text
    file = admin_client.get("/reports/summary.csv", {"span": "custom", **said})
    assert file.status_code == 400
    assert fault in file.content.decode()


def test_a_channel_that_there_is_not_is_said_and_a_file_of_it_refused(admin_client):
    fault = "There is no channel called bogus. All channels are shown."
    assert fault in text_of(admin_client.get("/reports/", {"channel": "bogus"}))
    assert admin_client.get("/reports/summary.csv", {"channel": "bogus"}).status_code == 400


@pytest.mark.parametrize("said", ["branch=1%2B1", "branch=999999", "team=999999", "agent=999999", "agent=x"])
def test_what_there_is_not_is_not_found_and_said(admin_client, said):
    page = admin_client.get(f"/reports/?{said}")
    file = admin_client.get(f"/reports/summary.csv?{said}")
    sentence = f"The {said.partition('=')[0]} is not there any more, or is not yours to see."
    assert (page.status_code, file.status_code) == (404, 404)
    assert sentence in text_of(page)
    assert file.content.decode().startswith(sentence)


def test_a_supervisor_chooses_among_what_is_theirs(client, center):
    supervisor = User.objects.create(email="s@example.com", is_staff=True)
    supervisor.groups.add(Group.objects.get(name="supervisor"))
    BranchLimit.objects.create(user=supervisor, menu=center.other)
    Team.objects.create(name="Second line")
    client.force_login(supervisor)
    page = client.get("/reports/", THE_DAY)

    assert [name for _pk, name in page.context["asked"].choices.branches] == ["Support"]
    assert (page.context["asked"].choices.teams, page.context["asked"].choices.agents) == ([], [])
    assert page.context["tiles"][0].value == "1"
    assert client.get(f"/reports/?branch={center.sales.pk}").status_code == 404
    assert client.get(f"/reports/?agent={center.ann.pk}").status_code == 404


def test_an_empty_span_says_so_and_what_to_do(admin_client):
    page = admin_client.get("/reports/?span=custom&from=2020-01-01&to=2020-01-02")
    assert "There were no calls in this span. Choose other days, or fewer limits." in text_of(page)
    assert "<canvas" not in page.content.decode()


def test_a_name_is_no_formula_and_no_markup(admin_client):
    make_menu("<script>alert(1)</script>")
    make_agent(agent_number="<b>7</b>")
    make_call("finished")
    content = admin_client.get("/reports/").content.decode()
    assert "<script>alert(1)" not in content
    assert "<b>7</b>" not in content


def test_the_cost_of_a_report_does_not_grow_with_its_calls(admin_client):
    def queries(calls):
        for _number in range(calls):
            make_call("finished", agent=make_agent())
        with CaptureQueriesContext(connection) as captured:
            assert admin_client.get("/reports/", SERVER_NAME=HOST).status_code == 200
        return len(captured)

    queries(1)  # and what is read once only
    assert queries(0) == queries(5) <= 45

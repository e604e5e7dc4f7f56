"""`/wallboard/`: what it shows, to whom, in which colours, and what it costs."""

import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group

from agents.models import User
from calls.wallboard import board
from ccai.times import now
from menus.models import BranchLimit
from tests.factories import make_agent, make_call, make_menu

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nothing_read_yet():
    """No test sees what another has read within the last second."""
    board._kept.clear()


def ago(seconds):
    return now() - timedelta(seconds=seconds)


def figures(page):
    """The big numbers and their moods, by key."""
    found = re.findall(
        r'<div class="figure (\w*)" data-figure="(\w+)"><dt>[^<]*</dt><dd>([^<]*)', page.content.decode()
    )
    return {key: (value, mood) for mood, key, value in found}


def rows(page):
    """The branches: their names and numbers."""
    lines = re.findall(r'<tr><th scope="row">([^<]*)</th>(.*?)</tr>', page.content.decode())
    return {name: re.findall(r"<td[^>]*>([^<]*)</td>", cells) for name, cells in lines}


@pytest.fixture
def center():
    """Sales with Orders below it, and Support."""
    sales = make_menu("Sales", agents=[make_agent(), make_agent(status="break")])
    orders, support = make_menu("Orders", parent=sales), make_menu("Support")
    for seconds in (200, 100):
        make_call("queued", menu=orders, created_at=ago(seconds), waits_since=ago(seconds))
    make_call("queued", menu=support, created_at=ago(5), waits_since=ago(5))
    return sales, orders, support


def test_the_board_shows_the_center_and_each_branch(admin_client, center):
    page = admin_client.get("/wallboard/")
    shown = figures(page)

    assert shown["waiting"] == ("3", "good")
    assert shown["wait"][1] == "bad"
    assert shown["wait"][0] in ("3:20", "3:21", "3:22")
    assert (rows(page)["Sales"][0], rows(page)["Support"][0]) == ("2", "1")
    assert set(rows(page)) == {"Sales", "Support"}
    assert '<html lang="en" class="dark">' in page.content.decode()
    assert "style-src 'self';" in page.headers["Content-Security-Policy"] + ";"


def test_a_branch_has_a_board_of_its_own_with_what_is_below_it(admin_client, center):
    page = admin_client.get(f"/wallboard/parts/?branch={center[0].pk}")

    assert "<h1>Sales</h1>" in page.content.decode()
    assert figures(page)["waiting"] == ("2", "good")
    assert set(rows(page)) == {"Orders"}
    assert "no-store" in page.headers["Cache-Control"]


def test_colours_follow_the_limits_of_the_address(admin_client, center):
    shown = figures(admin_client.get("/wallboard/?waiting=3,4&wait=10,1000&theme=light"))
    assert (shown["waiting"], shown["wait"][1]) == (("3", "warning"), "warning")
    shown = figures(admin_client.get("/wallboard/?waiting=nonsense&wait=1000,2000"))
    assert (shown["waiting"], shown["wait"][1]) == (("3", "good"), "good")


def test_a_service_level_below_its_limit_is_red(admin_client):
    at = now()
    make_call("finished", created_at=at, queued_at=at, connected_at=at)
    assert figures(admin_client.get("/wallboard/"))["level"] == ("100%", "good")
    board._kept.clear()
    make_call("failed", created_at=at, queued_at=at, fail_reason="expired", ends_at=at)
    assert figures(admin_client.get("/wallboard/"))["level"] == ("50%", "bad")


def test_ten_boards_cost_as_one_and_show_what_is_new_a_second_later(admin_client, center, django_assert_num_queries):
    admin_client.get("/wallboard/")
    make_call("queued", menu=center[2])
    # The session and the person; nothing of calls.
    with django_assert_num_queries(2):
        assert figures(admin_client.get("/wallboard/parts/"))["waiting"] == ("3", "good")
    kept = next(iter(board._kept.values()))
    kept.read_at -= board.FRESH_FOR
    assert figures(admin_client.get("/wallboard/parts/"))["waiting"] == ("4", "good")


def test_a_branch_that_there_is_not_is_not_found_and_not_kept(admin_client, center):
    for branch in ("999999", "999998", "x"):
        assert admin_client.get(f"/wallboard/parts/?branch={branch}").status_code == 404
    assert not board._kept


def test_a_supervisor_sees_what_is_theirs(client, center):
    sales, _orders, support = center
    supervisor = User.objects.create(email="s@example.com", is_staff=True)
    supervisor.groups.add(Group.objects.get(name="supervisor"))
    BranchLimit.objects.create(user=supervisor, menu=support)
    client.force_login(supervisor)
    page = client.get("/wallboard/")

    assert (figures(page)["waiting"], set(rows(page))) == (("1", "good"), {"Support"})
    assert client.get(f"/wallboard/?branch={sales.pk}").status_code == 404

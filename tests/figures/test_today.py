"""What the wallboard and the front page show of the center."""

from datetime import UTC, datetime, timedelta

import pytest

from agents.models import Engagement
from calls.figures import today
from calls.models import Call
from calls.scope import Scope
from tests.factories import make_agent, make_call, make_menu

pytestmark = pytest.mark.django_db

ALL = Scope(None, None)
# Ten past one at night on the center's clock: the day is ten minutes and an hour old.
AT = datetime(2026, 6, 1, 23, 10, tzinfo=UTC)


def ago(seconds):
    return AT - timedelta(seconds=seconds)


@pytest.fixture
def center(settings):
    """Sales with a menu below, and Support; times are seconds ago, the day began 4,200 seconds ago."""
    settings.TIME_ZONE = "Europe/Berlin"
    talking, ringing, resting = make_agent(), make_agent(), make_agent(status="wrap_up")
    make_agent(status="available", active=False)
    sales = make_menu("Sales", agents=[talking, resting])
    orders = make_menu("Orders", parent=sales, agents=[talking])
    support = make_menu("Support", agents=[ringing])
    Engagement.objects.create(agent=talking, kind="call")
    Engagement.objects.create(agent=ringing, kind="offer")

    def add(status, made, **columns):
        return make_call(status, created_at=ago(made), queued_at=ago(made), **columns)

    add("queued", 50, menu=orders, waits_since=ago(50))
    add("queued", 8, menu=support, waits_since=ago(8))
    # made for Support, and waiting in Orders
    add("queued", 90, menu=support, queue=orders, waits_since=ago(90))
    add("connected", 600, menu=sales, agent=talking, connected_at=ago(590))
    add("finished", 700, menu=sales, agent=talking, connected_at=ago(640), ends_at=ago(610))
    add("failed", 800, menu=support, fail_reason="eu_abandoned", ends_at=ago(770))
    add("finished", 4_300, menu=sales, agent=talking, connected_at=ago(4_290), ends_at=ago(4_280))
    make_call("scheduled", menu=support, created_at=ago(60), queued_at=None)
    return sales, orders, support


def test_the_whole_center_as_it_stands(center, django_assert_num_queries):
    sales, orders, support = center
    branches = {sales.pk: {sales.pk, orders.pk}, support.pk: {support.pk}}
    with django_assert_num_queries(4):
        shown = today(ALL, branches, AT)

    assert (shown.whole.waiting, shown.whole.longest_wait) == (3, 90)
    assert shown.whole.live == {"queued": 3, "connected": 1}
    # answered after 10 and 60 s, abandoned after 30 s: one of three in time
    assert (shown.whole.day.answered, shown.whole.day.abandoned) == (2, 1)
    assert shown.whole.service_level == pytest.approx(1 / 3)
    assert {state: number for state, number in shown.whole.agents.items() if number} == {
        "on_call": 1, "ringing": 1, "wrap_up": 1
    }  # fmt: skip


def test_each_branch_has_its_own(center):
    sales, orders, support = center
    branches = {sales.pk: {sales.pk, orders.pk}, support.pk: {support.pk}}
    shown = today(ALL, branches, AT).branches

    assert (shown[sales.pk].waiting, shown[sales.pk].longest_wait) == (2, 90)
    assert (shown[support.pk].waiting, shown[support.pk].longest_wait) == (1, 8)
    assert (shown[sales.pk].service_level, shown[support.pk].service_level) == (0.5, 0)
    assert (shown[sales.pk].agents["on_call"], shown[sales.pk].agents["wrap_up"]) == (1, 1)
    assert (shown[support.pk].agents["on_call"], shown[support.pk].agents["ringing"]) == (0, 1)


def test_a_supervisor_sees_what_is_theirs(center):
    _sales, _orders, support = center
    shown = today(Scope(frozenset([support.pk]), None), {}, AT).whole

    assert (shown.waiting, shown.day.abandoned, shown.day.answered) == (2, 1, 0)
    assert sum(shown.agents.values()) == 1


def test_an_empty_center_has_nothing_to_say():
    shown = today(ALL).whole
    assert (shown.waiting, shown.longest_wait, shown.service_level, shown.live) == (0, None, None, {})
    assert not Call.objects.exists()

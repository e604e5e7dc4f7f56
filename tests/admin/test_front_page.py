"""The first page of the back office: today at a glance, and what needs somebody's attention."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext

from agents.models import User
from calls.models import EndUser
from ccai import heartbeat
from ccai.models import WebhookEndpoint
from ccai.redis import client as redis_client
from ccai.tasks import send_webhooks
from ccai.times import now
from menus import tree
from menus.models import BranchLimit, DeflectionOption, Menu
from tests.factories import make_agent, make_call, make_menu

pytestmark = pytest.mark.django_db

WELL = "Nothing: all is well."


@pytest.fixture(autouse=True)
def ticking():
    """The clock is running."""
    heartbeat.give_sign(heartbeat.WORKER)
    heartbeat.give_sign(heartbeat.BEAT)


@pytest.fixture
def front(admin_client):
    """The text of the page, on one line."""

    def read(client=admin_client):
        response = client.get("/admin/")
        assert response.status_code == 200
        return " ".join(response.content.decode().split())

    return read


def test_a_center_in_which_all_is_well_says_so(front):
    make_menu(agents=[make_agent()])
    assert WELL in front()


def test_a_clock_that_stands_is_said_first(front, no_redis):
    make_menu("Unserved")
    text = front()
    assert WELL not in text
    assert text.index("Nothing is dialled: the clock stands.") < text.index("is served by nobody")


def test_endpoints_to_which_nobody_sends_are_not_forgotten(front):
    endpoint = WebhookEndpoint.objects.create(url="https://example.com/hook")
    make_menu("Unserved")
    text = front()
    # What is urgent comes first.
    assert text.index("No webhooks are sent: nobody works on them.") < text.index("is served by nobody")
    send_webhooks()
    assert "nobody works on them" not in front()
    redis_client().delete("alive:sender")
    endpoint.delete()
    assert "nobody works on them" not in front()


def test_calls_that_are_stuck_are_linked(front):
    agent, late = make_agent(), now() - timedelta(minutes=5)
    menu = make_menu(agents=[agent])
    stuck = make_call("connected", agent=agent, menu=menu, deadline_at=late)
    silent = make_call("connected", menu=menu, unheard_since=late)
    make_call("connected", menu=menu, deadline_at=now() + timedelta(minutes=5))
    text = front()
    assert "2 calls are stuck." in text
    assert all(f'<a href="/admin/calls/call/{call.pk}/change/">{call.pk}</a>' in text for call in (stuck, silent))


def test_a_provider_at_which_most_calls_fail_on_the_line_is_named(front):
    menu = make_menu(agents=[make_agent()])
    for _call in range(3):
        make_call("failed", menu=menu, voip_provider="sandbox", fail_reason="voip_conn_timeout")
    for _call in range(3):
        make_call("failed", menu=menu, voip_provider="sandbox_backup", fail_reason="eu_busy")
    text = front()
    assert "3 calls in the last 15 minutes failed on the line of sandbox." in text
    assert "on the line of sandbox_backup" not in text
    for _call in range(4):
        make_call("finished", menu=menu, voip_provider="sandbox")
    assert "on the line of" not in front()


def test_a_provider_that_breaks_is_named_by_its_latest_calls(front):
    menu, well = make_menu(agents=[make_agent()]), now() - timedelta(minutes=5)
    for _call in range(8):
        make_call("finished", menu=menu, voip_provider="sandbox", created_at=well)
    broken = [make_call("failed", menu=menu, voip_provider="sandbox", fail_reason="voip_conn_general") for _ in "123"]
    text = front()
    assert "3 calls in the last 15 minutes failed on the line of sandbox." in text
    assert f'<a href="/admin/calls/call/{broken[-1].pk}/change/">' in text


def test_scheduled_calls_that_do_not_begin_are_linked(front):
    menu = make_menu(agents=[make_agent()])
    late = make_call("scheduled", menu=menu, scheduled_at=now() - timedelta(minutes=2))
    make_call("scheduled", menu=menu, scheduled_at=now() - timedelta(seconds=5))
    text = front()
    assert "1 scheduled call is due and has not begun." in text
    assert f'<a href="/admin/calls/call/{late.pk}/change/">{late.pk}</a>' in text


def test_menus_that_nobody_serves_are_named_and_those_with_callers_are_urgent(front):
    make_menu("Served", agents=[make_agent()])
    make_menu("Left", agents=[make_agent(active=False)])
    make_menu("Hidden", agents=[], hidden=True)
    make_menu("Deleted", deleted=True)
    root = make_menu("Root")
    make_menu("Below", parent=root, agents=[make_agent()])
    text = front()
    assert "1 menu is served by nobody" in text
    assert ">Left</a>" in text
    assert "Urgent" not in text
    make_call("queued", menu=Menu.objects.get(name="Left"))
    assert "Callers wait at 1 menu that nobody serves." in front()


def test_what_somebody_closed_or_redirected_is_not_forgotten(front, admin_user):
    root = make_menu("Shop")
    make_menu("Sales", parent=root, agents=[make_agent()])
    other = make_menu("Service", agents=[make_agent()])
    closing = tree.close(root, branch=True, reason="Fire", user=admin_user)
    option = DeflectionOption.objects.create(menu=other, occasion="redirection", kind="message", message="Later.")
    text = front()
    assert "1 menu or branch is closed in an emergency." in text
    assert "1 menu is redirected by hand." in text
    tree.reopen(closing, user=admin_user)
    DeflectionOption.objects.filter(pk=option.pk).update(active=False)
    assert WELL in front()


def test_agents_whom_the_provider_cannot_ring_are_named(front, settings):
    ana = make_agent("ana@example.com")
    make_menu(agents=[ana, make_agent(sip_address="+13105550101"), make_agent(active=False)])
    assert WELL in front()
    settings.CCAI_VOIP_PROVIDERS = ["twilio"]
    text = front()
    assert "1 agent cannot be rung." in text
    assert f'<a href="/admin/agents/agent/{ana.pk}/change/">ana@example.com</a>' in text


def test_a_silent_crm_and_messages_that_wait_are_told(front):
    menu = make_menu(agents=[make_agent()])
    met, again = now() - timedelta(minutes=5), now() + timedelta(seconds=30)
    EndUser.objects.create(number="+12025550199", ask_crm_at=again, created_at=met)
    EndUser.objects.create(number="+12025550198", ask_crm_at=again)
    # Who calls just now.
    EndUser.objects.create(number="+12025550197", ask_crm_at=now(), created_at=met)
    make_call("voicemail_received", menu=menu, created_at=now() - timedelta(days=2))
    make_call("voicemail_received", menu=menu)
    text = front()
    assert "who 1 caller is" in text
    assert "1 message of the last 30 days has waited for more than a day" in text


def test_a_limited_supervisor_sees_what_is_theirs(client, front):
    user = User.objects.create_user("sue@example.com", is_staff=True)
    user.user_permissions.add(*Permission.objects.filter(codename__in=("view_call", "view_menu")))
    mine, other = make_menu("Mine"), make_menu("Other")
    BranchLimit.objects.create(user=user, menu=mine)
    client.force_login(user)
    text = front(client)
    assert ">Mine</a>" in text
    assert ">Other</a>" not in text
    assert other.pk


def test_who_may_not_open_a_page_is_not_told_what_is_wrong_there(client, front, settings):
    settings.CCAI_VOIP_PROVIDERS = ["twilio"]
    make_menu(agents=[make_agent("ana@example.com")])
    WebhookEndpoint.objects.create(url="https://example.com/hook", active=False, disabled="gone")
    WebhookEndpoint.objects.create(url="https://example.com/other")
    assert all(said in front() for said in ("cannot be rung", "webhook endpoint gets", "No webhooks are sent"))
    user = User.objects.create_user("vic@example.com", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_call"))
    client.force_login(user)
    assert WELL in front(client)


def test_who_may_not_see_calls_sees_the_ways_to_the_rest(client, front):
    user = User.objects.create_user("vic@example.com", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_menu"))
    client.force_login(user)
    text = front(client)
    assert "Needs attention" not in text
    assert '<a class="front-shortcut" href="/admin/menus/menu/">' in text
    assert "/reports/" not in text


def test_the_page_costs_the_same_however_much_there_is(front):
    def queries():
        with CaptureQueriesContext(connection) as captured:
            front()
        return len(captured)

    menu = make_menu(agents=[make_agent()])
    make_call("connected", menu=menu, deadline_at=now() - timedelta(minutes=5))
    front()
    few = queries()
    for number in range(5):
        make_menu(f"Unserved {number}")
        make_call("connected", menu=menu, deadline_at=now() - timedelta(minutes=5))
    assert queries() <= few + 2  # two more kinds of notices have examples

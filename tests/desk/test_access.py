"""Who gets to see the agents' page, and as whom."""

import pytest
from django.test import Client

from agents import availability
from agents.models import Agent, Engagement, User
from ccai.times import now
from tests.conftest import HOST
from tests.factories import make_agent

PASSWORD = "not-a-secret-of-anybody"


@pytest.fixture
def log_in(client):
    """Sends the login form; the answer."""

    def send(email, password=PASSWORD, **more):
        return client.post("/desk/login/", {"username": email, "password": password, **more})

    return send


def make_user(email="ana@example.com", **columns):
    return User.objects.create_user(email, PASSWORD, **columns)


def test_an_agent_who_is_not_staff_logs_in(client, log_in, db):
    Agent.objects.create(user=make_user())

    response = log_in("ANA@example.com")

    assert (response.status_code, response.url) == (302, "/desk/")
    assert client.get("/desk/").status_code == 200


def test_somebody_who_is_no_agent_is_told_so_and_not_logged_in(client, log_in, db):
    make_user(is_staff=True, is_superuser=True)

    assert "You are no agent of this center" in log_in("ana@example.com").content.decode()
    assert "_auth_user_id" not in client.session


def test_an_admin_who_is_no_agent_is_told_what_the_page_is_for(admin_client):
    response = admin_client.get("/desk/")

    assert response.status_code == 403
    assert "This page is for people who take calls" in response.content.decode()


def test_an_agent_who_is_not_active_any_more_cannot_log_in(log_in, db):
    Agent.objects.create(user=make_user(is_active=False))

    assert "is wrong" in log_in("ana@example.com").content.decode()


def test_who_has_not_logged_in_is_led_to_the_login_and_back(client, log_in, db):
    Agent.objects.create(user=make_user())

    assert client.get("/desk/").url == "/desk/login/?next=/desk/"
    assert log_in("ana@example.com", next="https://elsewhere.example.com/").url == "/desk/"


def test_a_page_whose_login_is_over_is_led_to_the_login(client, db):
    response = client.post("/desk/status", {"status": "break"}, headers={"HX-Request": "true"})

    assert (response.status_code, response.headers["HX-Redirect"]) == (401, "/desk/login/")


def test_who_guesses_is_locked_out(log_in, db):
    Agent.objects.create(user=make_user())
    Agent.objects.create(user=make_user("ben@example.com"))
    for _guess in range(10):
        log_in("ana@example.com", "guess")

    assert log_in("ana@example.com").status_code == 429
    assert log_in("ben@example.com").status_code == 302  # in the same office


def test_logging_out_makes_an_agent_offline(at_desk, ana):
    assert at_desk(ana).client.post("/desk/logout/").url == "/desk/login/"

    ana.refresh_from_db()
    assert ana.status == "offline"


def test_who_logs_out_on_a_call_is_offered_none_after_it(at_desk, ana):
    engagement = Engagement.objects.create(agent=ana, kind="call")

    at_desk(ana).client.post("/desk/logout/")
    availability.release([engagement.pk], now())

    ana.refresh_from_db()
    assert ana.status == "offline"


@pytest.mark.parametrize(
    "path", ["offers/{}/accept", "prompts/{}/use", "calls/{}/hold", "calls/{}/call-back", "voicemails/{}/read"]
)
@pytest.mark.parametrize("key", ["9" * 18, "9" * 19, "9" * 30])
def test_nothing_has_so_large_an_id(at_desk, ana, path, key):
    assert at_desk(ana).post(path.format(key)).status_code == 404


def test_a_post_without_the_pages_token_is_refused(ana):
    client = Client(SERVER_NAME=HOST, enforce_csrf_checks=True)
    client.force_login(ana.user)

    assert client.post("/desk/status", {"status": "break"}).status_code == 403
    ana.refresh_from_db()
    assert ana.status == "available"


@pytest.mark.parametrize(
    "path",
    ["status", "dial", "offers/1/accept", "prompts/1/use", "calls/1/hold", "calls/1/hang-up", "voicemails/1/read"],
)
def test_nothing_is_changed_by_a_get(at_desk, ana, path):
    assert at_desk(ana).get(path).status_code == 405


def test_the_page_may_load_nothing_from_elsewhere_and_run_nothing_inline(at_desk, ana):
    policy = at_desk(ana).get().headers["Content-Security-Policy"]

    directives = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    assert directives["style-src"] == "'self'"
    assert directives["default-src"] == "'self'"
    assert "unsafe" not in policy
    assert "https:" not in policy


def test_the_colours_are_those_of_the_admin_pages(client, settings, db):
    css = client.get("/desk/colors.css")

    assert css.headers["Content-Type"] == "text/css"
    assert f"--color-primary-600: {settings.UNFOLD['COLORS']['primary']['600']};" in css.content.decode()


def test_two_agents_see_their_own_names(at_desk, center):
    one, other = make_agent(), make_agent()

    assert str(one) in at_desk(one).shows()
    assert str(one) not in at_desk(other).shows()

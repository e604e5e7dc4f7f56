"""People are invited by e-mail, choose a password by the link, and are logged in."""

import re
from datetime import timedelta

import pytest
from django.core import mail

from agents.models import Agent, User
from ccai.models import AuditEntry
from ccai.times import now
from tests.admin.rows import admin_url, sent_back
from tests.admin.test_agents_list import act
from tests.factories import make_agent

pytestmark = pytest.mark.django_db
PASSWORD = "nothing-that-is-used-elsewhere"
DEAD = "This link does not work any more"


class BrokenMail:
    """A mail server that is not there."""

    def __init__(self, **options):
        pass

    def send_messages(self, messages):
        raise ConnectionRefusedError(111, "Connection refused")


def link_in(letter):
    """The link of a letter, below this center."""
    return re.search(r"https?://demo\.localhost(/invite/\S+)", letter.body)[1]


def choose(client, link, password=PASSWORD):
    """Follow the link and choose a password."""
    page = client.get(link, follow=True)
    if DEAD in page.content.decode():
        return page
    return client.post(page.redirect_chain[-1][0], {"new_password1": password, "new_password2": password})


def test_who_is_added_gets_a_link_chooses_a_password_and_is_at_the_desk(
    admin_client, client, django_capture_on_commit_callbacks
):
    form = sent_back(
        admin_client.get(admin_url(Agent, "add")), email="ines@example.com", first_name="Ines", last_name="O"
    )
    with django_capture_on_commit_callbacks() as callbacks:
        page = admin_client.post(admin_url(Agent, "add"), form)
    assert (page.status_code, mail.outbox) == (302, [])
    for callback in callbacks:
        callback()
    letter = mail.outbox[0]
    assert (letter.to, letter.subject) == (["ines@example.com"], "Your login for the contact center demo")
    assert "Hello Ines," in letter.body
    user = User.objects.get(email="ines@example.com")
    assert user.invited_at
    assert not user.has_usable_password()

    page = choose(client, link_in(letter), "short")
    assert "at least 8 characters" in page.content.decode()
    page = choose(client, link_in(letter))
    assert page.url == "/desk/"
    assert client.get("/desk/").status_code == 200
    client.logout()
    assert client.login(username="ines@example.com", password=PASSWORD, request=page.wsgi_request)
    assert DEAD in choose(client, link_in(letter)).content.decode()


def test_a_link_is_dead_when_it_is_old_replaced_by_a_login_or_its_owner_has_left(admin_client, client, time_machine):
    agent = make_agent("ana@example.com")
    invite = f"{admin_url(Agent, 'changelist')}{agent.pk}/invite/"
    assert "ana@example.com is sent a link" in admin_client.get(invite).content.decode()
    page = admin_client.post(invite, follow=True)
    assert "An invitation is sent to ana@example.com." in page.content.decode()
    User.objects.filter(agent=agent).update(is_active=False)
    assert DEAD in choose(client, link_in(mail.outbox[0])).content.decode()
    assert "Activate the agent first" in admin_client.post(invite, follow=True).content.decode()
    User.objects.filter(agent=agent).update(is_active=True)
    user = User.objects.get(agent=agent)
    time_machine.move_to(now(), tick=False)
    time_machine.shift(timedelta(days=3, minutes=1))
    assert DEAD in choose(client, link_in(mail.outbox[0])).content.decode()
    admin_client.force_login(User.objects.get(is_superuser=True))
    admin_client.post(invite)
    assert len(mail.outbox) == 2
    assert choose(client, link_in(mail.outbox[1])).url == "/desk/"
    assert User.objects.get(pk=user.pk).check_password(PASSWORD)
    entry = AuditEntry.objects.get(object_id=str(user.pk), door="/invite/")
    assert (entry.model, entry.user_id, entry.address, entry.changes["password"]) == (
        "agents.user",
        user.pk,
        "127.0.0.1",
        None,
    )


def test_the_list_invites_those_who_have_never_logged_in_and_says_whom_it_passed_by(admin_client, settings):
    ana, ben, eve = (
        make_agent("ana@example.com"),
        make_agent("ben@example.com"),
        make_agent("eve@example.com", active=False),
    )
    choose_time = User.objects.get(agent=ben)
    User.objects.filter(pk=choose_time.pk).update(last_login="2026-01-01T00:00:00Z")
    _page, said = act(admin_client, "invite_all", [ana, ben, eve], confirmed="1")
    assert said == [
        "An invitation is sent to ana@example.com.",
        f"Passed by: {ben} (logged in already).",
        f"Passed by: {eve} (not active).",
    ]
    assert [letter.to for letter in mail.outbox] == [["ana@example.com"]]
    settings.EMAIL_BACKEND = "tests.admin.test_invites.BrokenMail"
    before = User.objects.get(agent=ana).invited_at
    _page, said = act(admin_client, "invite_all", [ana], confirmed="1")
    assert said == [
        "No invitation could be sent to ana@example.com, and nothing else is lost: the mail server said: "
        "[Errno 111] Connection refused. Invite again once it works."
    ]
    assert User.objects.get(agent=ana).invited_at == before

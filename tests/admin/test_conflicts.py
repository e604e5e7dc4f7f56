"""Two people who edit one thing: the second is told, sees the difference, and loses nothing."""

import pytest
from django.test import Client

from agents.models import Language, Team, User
from calls.models import Contact
from menus.models import AgentGroup, Menu
from tests.admin.rows import admin_url, sent_back
from tests.conftest import HOST
from tests.factories import make_agent, make_menu

pytestmark = pytest.mark.django_db


@pytest.fixture
def second(db):
    """The browser of another admin."""
    client = Client(SERVER_NAME=HOST)
    client.force_login(User.objects.create_superuser("second@example.com"))
    return client


def lines_of(response):
    """What the page tells: (name, was, now, yours)."""
    assert response.status_code == 200
    return sorted((line.name, line.was, line.now, line.yours) for line in response.context["conflict_lines"])


def saved(response):
    """Whether the form was saved."""
    return response.status_code == 302


def form_of(response):
    return response.context["adminform"].form


def test_the_second_is_told_what_it_was_what_it_is_and_what_they_wrote(admin_client, admin_user, second):
    team, other = Team.objects.create(name="North"), Team.objects.create(name="Up")
    url = admin_url(Team, "change", team.pk)
    mine, theirs = second.get(url), admin_client.get(url)
    assert saved(admin_client.post(url, sent_back(theirs, name="Northern", parent=str(other.pk))))
    told = second.post(url, sent_back(mine, name="The North"))
    assert lines_of(told) == [("Name", "North", "Northern", "The North"), ("Part of", "–", "Up", None)]
    assert {line.who for line in told.context["conflict_lines"]} == {admin_user.email}
    text = told.content.decode()
    assert "Nothing of yours is saved yet" in text
    assert 'value="The North"' in text
    team.refresh_from_db()
    assert (team.name, team.parent) == ("Northern", other)
    # Saved again it is theirs, and what they have not touched stays as the other has left it.
    assert saved(second.post(url, sent_back(told)))
    team.refresh_from_db()
    assert (team.name, team.parent) == ("The North", other)


def test_a_person_may_take_what_is_there_now_field_by_field(admin_client, second):
    contact = Contact.objects.create(out_contact_id="c-1", name="Kim", email="kim@example.com")
    url = admin_url(Contact, "change", contact.pk)
    mine = second.get(url)
    Contact.objects.update(name="Kim Lee", email="lee@example.com")
    told = second.post(url, sent_back(mine, name="Kim Smith", email="smith@example.com"))
    sent = sent_back(told, **{"_choice-name": "theirs", "_choice-email": "mine"})
    # A third change in between is told again, of what is still theirs.
    Contact.objects.update(time_zone="Europe/Berlin")
    again = second.post(url, sent)
    assert lines_of(again) == [("Time zone", "–", "Europe/Berlin", None)]
    assert saved(second.post(url, sent_back(again, **{"_choice-name": "theirs"})))
    contact.refresh_from_db()
    assert (contact.name, contact.email, contact.time_zone) == ("Kim Lee", "smith@example.com", "Europe/Berlin")


def test_the_same_change_twice_and_a_lone_editor_are_not_bothered(admin_client, second):
    team = Team.objects.create(name="North")
    url = admin_url(Team, "change", team.pk)
    mine = second.get(url)
    Team.objects.update(name="Northern")
    assert saved(second.post(url, sent_back(mine, name="Northern")))
    assert saved(second.post(url, sent_back(second.get(url), name="South")))
    team.refresh_from_db()
    assert team.name == "South"


def test_a_menu_is_compared_with_its_languages_hours_groups_and_options(admin_client, admin_user, second):
    ann, bob = make_agent("ann@example.com"), make_agent("bob@example.com")
    menu = make_menu("Sales", agents=[ann], hours={"weekly": {"mon": ["09:00-17:00"]}})
    kept = menu.groups.get()
    gone = AgentGroup.objects.create(menu=menu, name="Late", position=1)
    plain = AgentGroup.objects.create(menu=menu, name="Plain", position=2)
    Language.objects.create(code="en")
    url = admin_url(Menu, "change", menu.pk)
    mine = second.get(url)
    rows = {form.instance.name: form.prefix for form in formset(mine, "groups").initial_forms}
    Menu.objects.filter(pk=menu.pk).update(hours={"weekly": {"mon": ["08:00-17:00"]}}, position=7)
    menu.languages.add("en")
    kept.agents.set([bob])
    AgentGroup.objects.filter(pk=kept.pk).update(timeout_seconds=30)
    AgentGroup.objects.filter(pk__in=[gone.pk, plain.pk]).delete()
    AgentGroup.objects.create(menu=menu, name="New", position=3)
    sent = {f"{rows['Late']}-name": "Later", f"{rows['Group 1']}-timeout_seconds": "40"}
    told = second.post(url, sent_back(mine, **sent))
    names = [(name, now, yours) for name, _, now, yours in lines_of(told) if not name.startswith("Position")]
    assert [line for line in names if line[0] not in ("Opening hours", "Languages")] == [
        ("Group “Group 1”: Agents", str(bob), None),
        ("Group “Group 1”: Timeout in seconds", "30", "40"),
        ("Group “Later”", "deleted", "changed; kept as a new one"),
        ("Group “New”", "added; it stays", None),
        ("Group “Plain”", "deleted", None),
    ]
    assert {(name, yours) for name, _, yours in names} >= {("Opening hours", None), ("Languages", None)}
    assert saved(second.post(url, sent_back(told)))
    menu.refresh_from_db()
    assert (menu.hours["weekly"], menu.position) == ({"mon": ["08:00-17:00"]}, 7)
    assert [language.code for language in menu.languages.all()] == ["en"]
    assert {(row.name, row.timeout_seconds) for row in menu.groups.all()} == {
        ("Group 1", 40),
        ("Later", 20),
        ("New", 20),
    }
    assert list(kept.agents.all()) == [bob]


def test_what_somebody_has_deleted_meanwhile_is_kept_as_a_new_one(admin_client, admin_user, second):
    contact = Contact.objects.create(out_contact_id="c-1", name="Kim")
    contact.phones.create(number="+12025550123")
    url = admin_url(Contact, "change", contact.pk)
    mine = second.get(url)
    admin_client.post(admin_url(Contact, "delete", contact.pk), {"post": "yes"})
    told = second.post(url, sent_back(mine, name="Kim Smith"))
    assert lines_of(told) == [("Contact", "–", "deleted", "kept, as a new one")]
    assert told.context["conflict_lines"][0].who == admin_user.email
    assert not Contact.objects.exists()
    assert saved(second.post(url, sent_back(told)))
    assert Contact.objects.get().name == "Kim Smith"
    assert [phone.number for phone in Contact.objects.get().phones.all()] == ["+12025550123"]


def formset(response, prefix):
    """The inline with this prefix on the page."""
    return next(one.formset for one in response.context["inline_admin_formsets"] if one.formset.prefix == prefix)

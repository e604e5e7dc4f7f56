"""Roles are groups, made by a migration; who has which, and what nobody can give."""

import pytest
from django.contrib.auth.models import Group, Permission
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.test import Client

from agents.models import Agent, Team, User
from agents.roles import PERMISSIONS, give_role, role_of
from calls.scope import scope_of
from tests.admin.rows import admin_url, sent_back
from tests.conftest import HOST
from tests.factories import make_menu


def permissions_of(role):
    """What the group of `role` may do, as `has_perm` is asked."""
    found = Group.objects.get(name=role).permissions.values_list("content_type__app_label", "codename")
    return {f"{app}.{codename}" for app, codename in found}


@pytest.mark.django_db
@pytest.mark.parametrize("role", PERMISSIONS)
def test_a_migrated_database_has_a_group_for_each_role_with_what_the_table_says(role):
    assert permissions_of(role) == PERMISSIONS[role]


@pytest.fixture
def migrate(transactional_db):
    """Brings the calls' tables to a migration and returns; the newest ones come back after the test."""
    newest = MigrationExecutor(connection).loader.graph.leaf_nodes()

    def to(*targets):
        MigrationExecutor(connection).migrate([*targets] or newest)

    yield to
    to()


def test_a_center_in_use_gets_the_roles_and_on_the_way_back_loses_what_they_may_do(migrate):
    def agent(email, **columns):
        user = User.objects.create(email=email, **columns)
        Agent.objects.create(user=user)
        return user

    migrate(("calls", "0006_the_history_is_searched"))
    lead = Group.objects.get_or_create(name="supervisor")[0]
    night = Group.objects.create(name="night shift")
    people = {
        "plain": agent("plain@example.com"),
        "night": agent("night@example.com"),
        "lead": agent("lead@example.com", is_staff=True),
        "root": agent("root@example.com", is_superuser=True),
    }
    people["lead"].groups.add(lead)
    people["night"].groups.add(night)
    migrate()
    groups = {name: {group.name for group in user.groups.all()} for name, user in people.items()}
    assert groups == {
        "plain": {"agent"},
        "night": {"agent", "night shift"},
        "lead": {"supervisor"},
        "root": set(),
    }
    for role, permissions in PERMISSIONS.items():
        assert permissions_of(role) == permissions
    migrate(("calls", "0006_the_history_is_searched"))
    assert [permissions_of(role) for role in PERMISSIONS] == [set()] * len(PERMISSIONS)
    assert people["lead"].groups.get() == lead


@pytest.fixture
def person(db):
    """`person(role, **columns)` is somebody of that role, with a browser in which they have logged in."""

    def make(role, email=None, **columns):
        user = User.objects.create(email=email or f"a-{role}@example.com", **columns)
        give_role(user, role)
        user.client = Client(SERVER_NAME=HOST)
        user.client.force_login(user)
        return user

    return make


def may(user, permission):
    """Whether the person may do it, as a fresh request sees it."""
    return User.objects.get(pk=user.pk).has_perm(permission)


def save(by, login, **changes):
    """The page of `login`, saved as `by` with `changes`; the answer."""
    url = admin_url(User, "change", login.pk)
    page = by.client.get(url)
    return by.client.post(url, {**sent_back(page), **changes})


def test_an_admin_gives_a_role_and_takes_it_away(person):
    admin, login = person("admin"), User.objects.create(email="ines@example.com")
    login.groups.add(Group.objects.create(name="night shift"))
    for role, is_staff in (("supervisor", True), ("viewer", True), ("agent", False)):
        assert save(admin, login, role=role).status_code == 302
        login.refresh_from_db()
        assert (role_of(User.objects.get(pk=login.pk)), login.is_staff) == (role, is_staff)
        assert {group.name for group in login.groups.all()} == {role, "night shift"}
    assert save(admin, login, role="").status_code == 302
    assert role_of(User.objects.get(pk=login.pk)) is None


def test_what_goes_beyond_a_role_is_given_by_superusers_alone(person, admin_client):
    admin, login = person("admin"), person("viewer")
    group = Group.objects.create(name="night shift")
    permission = Permission.objects.get(codename="delete_user")
    more = {"is_superuser": "on", "is_staff": "on", "groups": [group.pk], "user_permissions": [permission.pk]}
    assert save(admin, login, **more).status_code == 302
    login.refresh_from_db()
    assert (login.is_superuser, login.groups.count(), login.user_permissions.count()) == (False, 1, 0)
    url = admin_url(User, "change", login.pk)
    assert admin_client.post(url, {**sent_back(admin_client.get(url)), **more}).status_code == 302
    login.refresh_from_db()
    assert (login.is_superuser, login.user_permissions.get()) == (True, permission)
    assert {group.name for group in login.groups.all()} == {"viewer", "night shift"}
    for page, answer in (("change", 403), ("delete", 403)):
        assert admin.client.post(admin_url(User, page, login.pk), {"email": "a@b.com"}).status_code == answer
    assert admin.client.get(f"/admin/agents/user/{login.pk}/password/").status_code == 403
    assert "is_superuser" not in admin.client.get(admin_url(User, "changelist")).content.decode()


def test_nobody_changes_what_they_may_do_and_see_themselves(person):
    admin = person("admin", first_name="Ines")
    team = Team.objects.create(name="Night")
    sent = {"role": "viewer", "is_active": "", "limited_to_teams": [team.pk], "is_superuser": "on", "first_name": "I"}
    assert save(admin, admin, **sent).status_code == 302
    fresh = User.objects.get(pk=admin.pk)
    assert (role_of(fresh), fresh.is_active, fresh.is_superuser, fresh.first_name) == ("admin", True, False, "I")
    assert not fresh.limited_to_teams.exists()


def test_nobody_gives_or_takes_over_more_than_they_have(person):
    clerk, admin, viewer = person("supervisor", "clerk@example.com"), person("admin"), person("viewer")
    clerk.user_permissions.set(Permission.objects.filter(codename__in=["view_user", "change_user"]))
    assert "valid choice" in save(clerk, viewer, role="admin").content.decode()
    assert save(clerk, viewer, role="supervisor").status_code == 302
    assert clerk.client.post(admin_url(User, "change", admin.pk), {"email": "clerk2@example.com"}).status_code == 403
    assert clerk.client.get(f"/admin/agents/user/{admin.pk}/password/").status_code == 403
    User.objects.filter(pk=admin.pk).update(is_active=False)  # who is activated again has it all
    assert clerk.client.get(f"/admin/agents/user/{admin.pk}/password/").status_code == 403
    assert clerk.client.get(f"/admin/agents/user/{viewer.pk}/password/").status_code == 200


def test_what_a_role_may_do_is_changed_by_nobody(person, admin_client):
    group = Group.objects.get(name="viewer")
    for client in (admin_client, person("admin").client):
        assert client.post(admin_url(Group, "change", group.pk), {"name": "viewer"}).status_code == 403
        assert client.post(admin_url(Group, "delete", group.pk), {"post": "yes"}).status_code == 403
    assert admin_client.get(admin_url(Group, "add")).status_code == 200
    assert person("admin", "other@example.com").client.get(admin_url(Group, "add")).status_code == 403
    assert permissions_of("viewer") == PERMISSIONS["viewer"]


def test_a_role_that_was_deleted_is_made_again_as_it_was(db):
    Group.objects.filter(name="supervisor").delete()
    give_role(User.objects.create(email="ines@example.com"), "supervisor")
    assert permissions_of("supervisor") == PERMISSIONS["supervisor"]


def test_a_new_agent_is_an_agent_and_nothing_else(person):
    admin = person("admin")
    url = admin_url(Agent, "add")
    response = admin.client.post(url, sent_back(admin.client.get(url), email="new@example.com", invite=None))
    assert response.status_code == 302
    login = User.objects.get(email="new@example.com")
    assert (role_of(login), login.is_staff) == ("agent", False)
    assert may(login, "calls.view_personal_data")


def test_an_admin_limits_a_supervisor_to_branches_and_teams(person):
    admin, supervisor = person("admin"), person("supervisor")
    menu, team = make_menu(), Team.objects.create(name="Night")
    branch = {"branch_limits-TOTAL_FORMS": "1", "branch_limits-INITIAL_FORMS": "0", "branch_limits-0-menu": menu.pk}
    assert save(admin, supervisor, limited_to_teams=[team.pk], **branch).status_code == 302
    scope = scope_of(User.objects.get(pk=supervisor.pk))
    assert (scope.menus, scope.teams) == ({menu.pk}, {team.pk})
    assert supervisor.client.post(admin_url(User, "change", supervisor.pk), {}).status_code == 403

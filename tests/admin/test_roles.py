"""Roles are groups, made by a migration; who has which, and what nobody can give."""

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from agents.models import Agent, User
from agents.roles import PERMISSIONS


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

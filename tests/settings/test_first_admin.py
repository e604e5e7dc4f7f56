"""CCAI_ADMIN_EMAIL and CCAI_ADMIN_PASSWORD: `manage.py migrate` sees that somebody can log in, and does it once."""

from io import StringIO

import pytest
from django.core.management import call_command

from agents.models import User

pytestmark = pytest.mark.django_db

EMAIL = "first@example.com"
PASSWORD = "correct-horse-battery-staple"


@pytest.fixture(autouse=True)
def named_admin(settings):
    """The environment names an admin."""
    settings.CCAI_ADMIN_EMAIL = EMAIL
    settings.CCAI_ADMIN_PASSWORD = PASSWORD


def migrate(**options):
    """What `manage.py migrate` says."""
    said = StringIO()
    call_command("migrate", interactive=False, stdout=said, stderr=said, **options)
    return said.getvalue()


def test_the_first_migrate_makes_a_superuser_who_can_log_in(client):
    said = migrate()

    admin = User.objects.get()
    assert (admin.email, admin.is_superuser, admin.is_staff, admin.is_active) == (EMAIL, True, True, True)
    assert f"Made the admin {EMAIL}." in said
    page = client.post("/admin/login/?next=/admin/", {"username": EMAIL, "password": PASSWORD})
    assert (page.status_code, page.headers["Location"]) == (302, "/admin/")


def test_the_password_is_printed_nowhere():
    assert PASSWORD not in migrate(verbosity=3)


def test_a_second_migrate_changes_nothing(settings):
    migrate()
    before = User.objects.values().get()
    settings.CCAI_ADMIN_PASSWORD = "another-password-altogether"

    said = migrate()

    assert User.objects.values().get() == before
    assert "Made the admin" not in said


def test_where_there_is_another_superuser_none_is_made():
    other = User.objects.create_superuser("other@example.com", "a-password-of-another")

    said = migrate()

    assert list(User.objects.all()) == [other]
    assert "Made the admin" not in said


@pytest.mark.parametrize("email", [EMAIL, EMAIL.upper()])
def test_a_plain_user_with_this_address_becomes_the_superuser(email):
    user = User.objects.create_user(email, "an-old-password", is_active=False)

    migrate()

    admin = User.objects.get()
    assert admin.pk == user.pk
    assert (admin.is_superuser, admin.is_staff, admin.is_active) == (True, True, True)
    assert admin.check_password(PASSWORD)


@pytest.mark.parametrize("options", [{"plan": True}, {"check_unapplied": True}, {"app_label": "contenttypes"}])
def test_a_look_at_the_migrations_or_those_of_one_app_make_nobody(options):
    migrate(**options)

    assert not User.objects.exists()


def test_without_the_variables_nobody_is_made(settings):
    settings.CCAI_ADMIN_EMAIL = settings.CCAI_ADMIN_PASSWORD = ""

    migrate()

    assert not User.objects.exists()

"""The center file in the browser: looked at, applied as it was looked at, and downloaded."""

import pytest
from django.contrib.auth.models import Group, Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from agents.models import Agent, User
from ccai.models import ApiToken, StagedFile
from menus.models import Menu
from tests.admin.test_agents_list import person
from tests.conftest import HOST
from tests.factories import make_agent, make_center, make_menu

pytestmark = pytest.mark.django_db
PAGE = "/admin/center/"
FILE = """
languages: {en: live}
api_tokens: [{name: reporting}]
agents: [{email: ana@example.com, first_name: Ana}]
menus: [{id: 7, name: Sales, menu_type: ivr_menu, groups: [{name: All, agents: [ana@example.com]}]}]
"""


def upload(client, text):
    """The preview of an uploaded center file."""
    return client.post(PAGE, {"file": SimpleUploadedFile("center.yaml", text.encode())}, follow=True)


def apply(client, page):
    return client.post(page.redirect_chain[-1][0], {"plan": page.context["report"].plan}, follow=True)


def test_a_center_file_is_previewed_applied_and_then_changes_nothing(admin_client):
    make_agent("ana@example.com")
    page = upload(admin_client, FILE)
    assert {kind: counts for kind, *counts in page.context["counts"]} == {
        "languages": [1, 0, 0],
        "api_tokens": [1, 0, 0],
        "agents": [0, 1, 0],
        "menus": [1, 0, 0],
    }
    assert not Menu.objects.exists()
    page = apply(admin_client, page)
    token = ApiToken.objects.get()
    secret = page.context["report"].tokens["reporting"]
    assert secret in page.content.decode()
    assert token.token_hash
    assert Menu.objects.get().groups.get().agents.get().user.first_name == "Ana"
    assert not StagedFile.objects.exists()
    assert "Nothing changes" in upload(admin_client, FILE).content.decode()


def test_every_fault_is_said_with_its_path_and_nothing_is_changed(admin_client):
    page = upload(admin_client, FILE.replace("ivr_menu", "fax_menu").replace("[ana@", "[eve@"))
    assert [fault.path for fault in page.context["faults"]] == ["menus[0].menu_type", "menus[0].groups[0].agents[0]"]
    assert not Menu.objects.exists()
    assert not StagedFile.objects.exists()
    page = upload(admin_client, "a: [")
    assert "is not YAML" in page.content.decode()
    assert "Choose a file." in admin_client.post(PAGE).content.decode()


def test_what_was_not_previewed_is_not_applied(admin_client):
    make_center()
    page = upload(admin_client, FILE)
    make_menu("Sales", pk=7)
    page = apply(admin_client, page)
    assert "The center has changed since" in page.content.decode()
    assert not Agent.objects.exists()
    page.redirect_chain = [(page.request["PATH_INFO"], 302)]
    apply(admin_client, page)
    assert Agent.objects.get().user.email == "ana@example.com"


def test_only_superusers_download_secrets_and_change_superusers(admin_client, admin_user):
    make_center()
    make_agent("ana@example.com").user.set_password("a long password")
    admin_user.set_password("a long password")
    admin_user.save()
    admin_client.force_login(admin_user)
    Agent.objects.create(user=admin_user)
    admin = person("admin")
    secrets = f"{PAGE}download/?secrets=1"
    assert b"password_hash" in admin_client.get(secrets).content
    assert admin.get(secrets).status_code == 403
    response = admin.get(f"{PAGE}download/")
    assert response["Content-Disposition"].startswith('attachment; filename="center-')
    dump = response.content.decode()
    assert "ana@example.com" in dump
    assert "password_hash" not in dump
    taken = f"agents: [{{email: {admin_user.email}, password: mine-from-now-on}}]"
    page = upload(admin, taken)
    assert [fault.path for fault in page.context["faults"]] == ["agents[0].password"]
    assert User.objects.get(pk=admin_user.pk).check_password("a long password")
    assert upload(admin_client, taken).context["report"].has_changes
    for guess in ("password: a long password", f"password_hash: {admin_user.password}"):
        page = upload(admin, f"agents: [{{email: {admin_user.email}, {guess}}}]")
        assert [fault.path for fault in page.context["faults"]] == [f"agents[0].{guess.partition(':')[0]}"]


def test_whoever_loads_files_makes_no_logins_or_tokens_that_may_do_more():
    make_agent("ana@example.com").user.groups.add(Group.objects.get(name="agent"))
    loader = User.objects.create(email="loader@example.com", is_staff=True)
    loader.user_permissions.add(Permission.objects.get(codename="load_center"))
    client = Client(SERVER_NAME=HOST)
    client.force_login(loader)
    paths = {
        "agents: [{email: ana@example.com, password: mine-from-now-on}]": ["agents[0].password"],
        "agents: [{email: new@example.com, password: mine-from-now-on}]": ["agents[0].role"],
        "api_tokens: [{name: reporting}]": ["api_tokens[0].name"],
    }
    assert {text: [one.path for one in upload(client, text).context["faults"]] for text in paths} == paths
    loader.user_permissions.add(Permission.objects.get(codename="add_apitoken"))
    page = upload(client, "api_tokens: [{name: reporting}]")
    assert [fault.path for fault in page.context["faults"]] == ["api_tokens[0].personal_data"]
    assert upload(client, "api_tokens: [{name: reporting, personal_data: false}]").context["report"].has_changes

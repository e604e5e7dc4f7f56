"""The center file in the browser: looked at, applied as it was looked at, and downloaded."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from agents.models import Agent, User
from ccai.models import ApiToken, StagedFile
from ccai.times import now
from menus.models import Menu
from tests.admin.test_agents_list import person
from tests.conftest import HOST
from tests.factories import make_agent, make_call, make_center, make_menu

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


def test_the_preview_shows_old_beside_new_and_no_secret(admin_client):
    make_center()
    emails = [f"agent-{number}@example.com" for number in range(1, 9)]
    for email in emails:
        make_agent(email)
    loaded = FILE.replace("[ana@example.com]}]", f"[{', '.join(emails[:7])}]}}], priority: 2")
    apply(admin_client, upload(admin_client, loaded))
    changed = (
        loaded.replace("first_name: Ana", "first_name: Anna, team: Sales/North, password: a long new password")
        .replace("reporting", "reporting, token: a-token-that-is-mine-for-now")
        .replace("priority: 2", "hours: {time_zone: UTC, weekly: {mon: ['09:00-17:00']}}")
        .replace(emails[0], emails[7])
    )
    page = upload(admin_client, changed)
    told = {
        (line.name, one.key): one.before and one.after and (one.before.text, one.after.text, one.same)
        for line in page.context["changes"]
        for one in line.differences
    }
    assert told == {
        ("reporting", "token"): None,
        ("ana@example.com", "first_name"): ("Ana", "Anna", 0),
        ("ana@example.com", "team"): ("", "Sales/North", 0),
        ("ana@example.com", "password"): None,
        ("7 Sales", "hours"): ("always open", "time_zone: UTC; mon: 09:00-17:00", 0),
        ("7 Sales", "groups"): ("All: agent-1@example.com", "All: agent-8@example.com", 7),
    }
    text = page.content.decode()
    assert "<code>first_name</code> <del>Ana</del> → <ins>Anna</ins>" in text
    assert "(7 more stay)" in text
    assert "a long new password" not in text
    assert "a-token-that" not in text
    text = upload(admin_client, changed.replace(f"[{', '.join([emails[7], *emails[1:7]])}]", "[]")).content.decode()
    assert "<summary>7 items</summary>" in text


def test_scheduled_calls_that_fall_outside_new_hours_are_counted_before_and_after(admin_client):
    make_center()
    menu = make_menu("Sales", pk=7)
    monday = now().replace(hour=12, minute=0, second=0, microsecond=0) + timedelta(days=7 - now().weekday())
    for hours in (0, 8, 9):
        make_call(menu=menu, status="scheduled", scheduled_at=monday + timedelta(hours=hours))
    page = upload(admin_client, "menus: [{id: 7, hours: {time_zone: UTC, weekly: {mon: ['09:00-17:00']}}}]")
    assert "With this, 2 scheduled calls of “Sales” fall outside its hours." in page.content.decode()
    page = apply(admin_client, page)
    assert (
        '/admin/calls/scheduled/?day=all&amp;outside=1&amp;menu=7">Move, keep or cancel them' in page.content.decode()
    )
    page = apply(admin_client, upload(admin_client, "menus: [{id: 7, output_msg: Hello}]"))
    assert "fall outside" not in page.content.decode()


def test_of_many_menus_whose_calls_fall_outside_ten_are_named_and_the_others_counted(admin_client):
    make_center()
    monday = now().replace(hour=8, minute=0, second=0, microsecond=0) + timedelta(days=7 - now().weekday())
    for number in range(1, 13):
        make_call(menu=make_menu(f"Menu {number}", pk=number), status="scheduled", scheduled_at=monday)
    hours = "hours: {time_zone: UTC, weekly: {mon: ['09:00-17:00']}}"
    page = upload(admin_client, f"menus: [{', '.join(f'{{id: {number}, {hours}}}' for number in range(1, 13))}]")
    rest = "… and scheduled calls of 2 more menus fall outside their hours."
    said = [sentence for sentence, _address in page.context["outside"]]
    assert (len(said), "“Menu 10”" in said[9], said[10]) == (11, True, rest)
    page = apply(admin_client, page)
    said = [str(message) for message in page.context["messages"]]
    assert (len(said), said[10].startswith(rest), '?day=all&amp;outside=1"' in said[10]) == (11, True, True)


def test_a_file_waits_until_its_owner_takes_another(admin_client):
    page = upload(admin_client, FILE)
    [(preview, _status)] = page.redirect_chain
    admin_client.get(PAGE)  # in a second tab
    admin_client.post(PAGE)  # without a file
    assert admin_client.get(preview).status_code == 200
    assert admin_client.post(preview, {"another": ""}).url == PAGE
    assert not StagedFile.objects.exists()
    assert not Menu.objects.exists()
    assert "no longer kept" in admin_client.get(preview).content.decode()


def test_more_passwords_than_a_page_can_hash_are_refused(admin_client):
    agents = ", ".join(f"{{email: agent-{number}@example.com, password: a long password}}" for number in range(21))
    page = upload(admin_client, f"agents: [{agents}]")
    assert [fault.path for fault in page.context["faults"]] == ["agents[20].password"]
    assert "21 passwords in the clear are too many" in page.content.decode()


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

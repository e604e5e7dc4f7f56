"""The two commands: what they print, and how they fail."""

import os
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from agents.models import Agent, Language, OutboundNumber
from calls.models import ContactPhone
from ccai.center import DEMO
from ccai.models import ApiToken
from ccai.times import now
from menus.models import Menu
from tests.center.center_files import CONFORMANCE, DATA, load

CENTER = DATA / "conformance.center.yaml"


@pytest.fixture
def center_file(tmp_path):
    """Writes a center file and returns its path."""

    def write(text: str, name: str = "center.yaml") -> str:
        path = tmp_path / name
        path.write_text(text)
        return str(path)

    return write


def run(*arguments, **options) -> str:
    """What the command prints."""
    out = StringIO()
    call_command(*arguments, stdout=out, **options)
    return out.getvalue()


@pytest.mark.django_db
class TestLoadCenter:
    def test_it_prints_what_it_created_changed_and_left(self, center_file):
        assert run("load_center", CENTER) == (
            "languages: 3 created, 0 changed, 0 left\n"
            "api_tokens: 1 created, 0 changed, 0 left\n"
            "outbound_numbers: 3 created, 0 changed, 0 left\n"
            "agents: 3 created, 0 changed, 0 left\n"
            "menus: 2 created, 0 changed, 0 left\n"
            "crm.contacts: 2 created, 0 changed, 0 left\n"
            "crm.tickets: 2 created, 0 changed, 0 left\n"
        )
        one = center_file("menus: [{id: 9, hours: {weekly: {}}, name: Closed}, {id: 50}]", "one.yaml")
        two = center_file("languages: {en: live, no: draft}", "two.yaml")
        assert run("load_center", one, two) == (
            "languages: 1 created, 0 changed, 1 left\n"
            "menus: 0 created, 1 changed, 1 left\n"
            "  changed 9 Closed: name, hours\n"
        )
        assert run("load_center", one, two).endswith("Nothing changed: the center is as the files say.\n")

    def test_a_dry_run_prints_the_same_and_changes_nothing(self, center_file):
        path = center_file("languages: {en: live}\napi_tokens: [{name: crm}]")
        assert run("load_center", path, "--dry-run") == (
            "languages: 1 created, 0 changed, 0 left\n"
            "api_tokens: 1 created, 0 changed, 0 left\n"
            "This was a dry run: nothing was written.\n"
        )
        assert not Language.objects.exists()
        assert not ApiToken.objects.exists()

    def test_a_token_that_is_made_is_printed_however_quiet_the_command_is(self, center_file):
        printed = run("load_center", center_file("api_tokens: [{name: crm}]"), verbosity=0)
        assert printed.startswith("The API token crm is ccai_")
        assert printed.count("\n") == 1

    def test_every_fault_is_in_the_error(self, center_file):
        path = center_file("menus: [{id: 9, menu_type: phone}]\nlanguages: {xx: live}")
        with pytest.raises(CommandError) as raised:
            call_command("load_center", path)
        assert raised.value.returncode == 1
        assert str(raised.value) == (
            "The center was not changed, because of 3 faults:\n"
            f'{path}: languages.xx: "xx" is not a language code such as en or en-US\n'
            f'{path}: menus[0].menu_type: "phone" is not one of ivr_menu, mobile_menu, web_menu\n'
            f"{path}: menus[0].name: is missing; a new menu needs it"
        )

    def test_a_file_that_is_not_there_is_a_fault_like_others(self, center_file):
        with pytest.raises(CommandError) as raised:
            call_command("load_center", "missing.yaml", center_file("[]"))
        assert str(raised.value).splitlines()[1:] == [
            "missing.yaml: cannot be read: No such file or directory",
            f"{center_file('[]')}: must be a mapping with languages, api_tokens, outbound_numbers, agents, menus, crm",
        ]


@pytest.mark.django_db
class TestDumpCenter:
    def test_it_prints_a_file_that_can_be_loaded(self, center_file):
        load(CONFORMANCE)
        assert run("load_center", center_file(run("dump_center"))).endswith("as the files say.\n")
        assert "token_hash" in run("dump_center")
        assert "token_hash" not in run("dump_center", "--no-secrets")


def test_a_bad_file_ends_the_program_with_status_1_and_the_faults_on_standard_error(tmp_path):
    (tmp_path / "center.yaml").write_text("menus: [{id: 9, name: A, menu_type: phone}]")
    environment = os.environ | {"DATABASE_URL": "sqlite:///:memory:", "CCAI_DATA_DIR": str(tmp_path / "var")}
    ended = subprocess.run(
        [sys.executable, str(Path(settings.BASE_DIR) / "manage.py"), "load_center", "missing.yaml", "center.yaml"],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1
    assert ended.stdout == ""
    assert ended.stderr.splitlines()[-2:] == [
        "missing.yaml: cannot be read: No such file or directory",
        'center.yaml: menus[0].menu_type: "phone" is not one of ivr_menu, mobile_menu, web_menu',
    ]


@pytest.mark.django_db
class TestTheDemo:
    @pytest.fixture(autouse=True)
    def demo(self):
        run("load_center", DEMO)

    def test_it_has_no_secrets(self):
        assert not ApiToken.objects.exists()
        assert not any(agent.user.has_usable_password() for agent in Agent.objects.all())

    def test_it_shows_each_kind_of_thing(self):
        assert set(Language.objects.values_list("state", flat=True)) == {"live", "draft"}
        assert set(Menu.objects.filter(parent=None).values_list("menu_type", flat=True)) == set(Menu.MenuType.values)
        assert set(Menu.objects.values_list("recording", flat=True)) == set(Menu.RecordingOption.values)
        assert set(Menu.objects.values_list("offer_type", flat=True)) == set(Menu.OfferType.values)
        assert {menu.state_at(now()) for menu in Menu.objects.all()} >= {"open", "manual_redirection"}

    def test_no_number_is_one_that_the_sandbox_plays_tricks_with(self):
        numbers = [*OutboundNumber.objects.values_list("number", flat=True)]
        numbers += ContactPhone.objects.values_list("number", flat=True)
        assert not any("5001" <= number[-4:] <= "5006" for number in numbers)

    def test_ana_can_place_a_call_at_once(self, api):
        answer = api.post(
            "/calls",
            {"call_type": "OutboundCall", "agent_email": "ana@example.com", "end_user_number": "+1 202-555-0147"},
        )
        assert answer.status_code == 201
        assert answer.json()["outbound_number"] == "+1 202-555-0100"

    @pytest.mark.parametrize(
        ("ticket_id", "agent_email", "status"), [("71450", "ana@example.com", 201), ("76517", "ben@example.com", 202)]
    )
    def test_a_contact_with_one_phone_is_called_and_one_with_two_is_asked_about(
        self, api, ticket_id, agent_email, status
    ):
        answer = api.post("/calls", {"call_type": "OutboundCall", "agent_email": agent_email, "ticket_id": ticket_id})
        assert answer.status_code == status

    @pytest.mark.parametrize(
        "more", [{"call_type": "IncomingCall"}, {"call_type": "ScheduledCall", "scheduled_at": "2999-01-01T00:00:00Z"}]
    )
    def test_menu_21_takes_calls_of_both_kinds(self, api, more):
        answer = api.post("/calls", {"menu_id": 21, "end_user_number": "+1 202-555-0147", **more})
        assert answer.status_code == 201
        assert answer.json()["menu_path"]["name"] == "App/Support"

    def test_menu_21_is_served_by_agents_who_answer_automatically_and_not_by_ana(self):
        groups = Menu.objects.get(pk=21).groups.all()
        free = groups[0].agents.filter(user__is_active=True, status="available", auto_answer=True)
        assert free.count() == 3
        assert not any(group.agents.filter(user__email="ana@example.com").exists() for group in groups)

"""Loading numbers, tokens and agents: whom a file means, and what becomes of what they have."""

import pytest
from django.contrib.auth.models import Group

from agents.models import OutboundNumber, StatusChange, Team, User
from ccai.models import ApiToken, hash_token
from tests.center.center_files import agent, changes, created, load, user
from tests.factories import make_agent

pytestmark = pytest.mark.django_db


class TestNumbers:
    def test_another_default_takes_over_from_the_one_before(self, conformance):
        report = load('outbound_numbers: [{number: "+1 760-867-5309", default: true}]')
        assert changes(report) == {"+1 339-219-5276": ("default",), "+1 760-867-5309": ("default",)}
        assert OutboundNumber.objects.get(is_default=True).number == "+17608675309"

    def test_a_new_number_may_be_the_default_at_once(self, conformance):
        load('outbound_numbers: [{number: "+1 212-555-0199", default: true}]')
        assert OutboundNumber.objects.get(is_default=True).number == "+12125550199"

    def test_any_spelling_names_the_number(self, conformance):
        report = load('outbound_numbers: [{number: "+1 (339) 219.5276", label: New}]')
        assert changes(report) == {"+1 339-219-5276": ("label",)}

    def test_a_center_may_have_no_default(self, conformance):
        load('outbound_numbers: [{number: "+1 339-219-5276", default: false}]')
        assert not OutboundNumber.objects.filter(is_default=True).exists()


class TestTokens:
    def test_a_token_without_a_secret_gets_one_which_is_told_once(self):
        report = load("api_tokens: [{name: crm}]")
        secret = report.tokens["crm"]
        assert ApiToken.objects.get().token_hash == hash_token(secret)
        assert list(report.token_sentences()) == [f"The API token crm is {secret} (shown this once)"]
        assert secret not in "".join(report.sentences())
        assert load("api_tokens: [{name: crm}, {name: crm2, token: }]").tokens.keys() == {"crm2"}
        assert ApiToken.objects.get(name="crm").token_hash == hash_token(secret)

    def test_a_token_that_is_given_is_set(self, conformance):
        report = load("api_tokens: [{name: conformance, token: another-token}]")
        assert changes(report) == {"conformance": ("token",)}
        assert ApiToken.objects.get().token_hash == hash_token("another-token")

    def test_a_token_stays_where_none_is_given(self, conformance):
        report = load("api_tokens: [{name: conformance, token: null, token_hash: null, rate_limit: 5}]")
        assert changes(report) == {"conformance": ("rate_limit",)}
        assert report.tokens == {}
        assert ApiToken.objects.get().token_hash == hash_token("conformance-token")

    def test_a_hash_stands_for_the_token(self, conformance):
        load(f"api_tokens: [{{name: conformance, token_hash: {hash_token('another-token').upper()}}}]")
        assert ApiToken.objects.get().token_hash == hash_token("another-token")


class TestAgents:
    def test_agents_are_known_by_their_address_whatever_its_case(self, conformance):
        report = load("agents: [{email: ADMIN@SomeDomain.com, last_name: New}]")
        assert changes(report) == {"admin@somedomain.com": ("last_name",)}
        assert User.objects.count() == 3

    def test_a_status_goes_into_the_history(self, conformance):
        admin = agent("admin@somedomain.com")
        before = admin.status_since
        load("agents: [{email: admin@somedomain.com, status: meal}]")
        admin.refresh_from_db()
        assert admin.status == "meal"
        assert admin.status_since >= before
        assert list(StatusChange.objects.filter(agent=admin).order_by("pk").values_list("status", flat=True)) == [
            "available",
            "meal",
        ]

    def test_a_status_that_stays_is_no_line_in_the_history(self, conformance):
        load("agents: [{email: admin@somedomain.com, status: available}]")
        assert StatusChange.objects.filter(agent__user__email="admin@somedomain.com").count() == 1

    def test_a_new_agent_is_offline(self):
        load("agents: [{email: new@somedomain.com}]")
        assert agent("new@somedomain.com").status == "offline"

    @pytest.mark.parametrize(
        ("role", "is_staff"), [("agent", False), ("supervisor", True), ("admin", True), ("viewer", True)]
    )
    def test_a_login_is_in_the_group_of_its_role_alone(self, conformance, role, is_staff):
        someone = user("admin@somedomain.com")
        other = Group.objects.create(name="night shift")
        someone.groups.add(other)
        for step in ("admin", role):
            load(f"agents: [{{email: admin@somedomain.com, role: {step}}}]")
        someone.refresh_from_db()
        assert {group.name for group in someone.groups.all()} == {role, "night shift"}
        assert (someone.is_staff, someone.is_superuser) == (is_staff, False)

    def test_a_role_makes_a_login_whole_that_was_made_by_hand(self):
        by_hand = make_agent("hand@somedomain.com").user
        report = load("agents: [{email: hand@somedomain.com, role: agent}]")
        assert changes(report) == {"hand@somedomain.com": ("role",)}
        assert [group.name for group in by_hand.groups.all()] == ["agent"]
        assert not load("agents: [{email: hand@somedomain.com, role: agent}]").has_changes

    def test_a_superuser_keeps_the_way_into_the_admin(self):
        boss = User.objects.create_superuser("boss@somedomain.com", "not a password")
        report = load("agents: [{email: boss@somedomain.com, role: agent, status: available}]")
        assert created(report) == ["boss@somedomain.com"]
        boss.refresh_from_db()
        assert (boss.is_staff, boss.is_superuser) == (True, True)
        assert boss.check_password("not a password")
        assert boss.agent.status == "available"

    def test_a_person_with_a_login_becomes_an_agent_and_keeps_it(self):
        User.objects.create_user("someone@somedomain.com", "not a password", first_name="Some", last_name="One")
        load("agents: [{email: someone@somedomain.com, last_name: Else}]")
        someone = agent("someone@somedomain.com").user
        assert (someone.first_name, someone.last_name) == ("Some", "Else")
        assert someone.check_password("not a password")
        assert [group.name for group in someone.groups.all()] == ["agent"]

    def test_the_same_password_is_no_change(self, conformance):
        load("agents: [{email: admin@somedomain.com, password: not a password}]")
        before = user("admin@somedomain.com").password
        assert not load("agents: [{email: admin@somedomain.com, password: not a password}]").has_changes
        assert user("admin@somedomain.com").password == before

    def test_another_password_is_set_and_not_told(self, conformance):
        report = load("agents: [{email: admin@somedomain.com, password: 12345678}]")
        assert changes(report) == {"admin@somedomain.com": ("password",)}
        assert user("admin@somedomain.com").check_password("12345678")
        assert "12345678" not in f"{report} {list(report.sentences())}"

    def test_null_takes_a_password_away(self, conformance):
        load("agents: [{email: admin@somedomain.com, password: not a password}]")
        report = load("agents: [{email: admin@somedomain.com, password: null}]")
        assert changes(report) == {"admin@somedomain.com": ("password",)}
        assert not user("admin@somedomain.com").has_usable_password()
        assert not load("agents: [{email: admin@somedomain.com, password: null}]").has_changes

    def test_a_password_hash_stands_for_the_password(self, conformance):
        load("agents: [{email: admin@somedomain.com, password: not a password}]")
        encoded = user("admin@somedomain.com").password
        load(f"agents: [{{email: agent@somedomain.com, password: null, password_hash: {encoded}}}]")
        assert user("agent@somedomain.com").check_password("not a password")

    def test_teams_are_made_where_they_are_missing_and_found_where_they_are_not(self, conformance):
        sales = Team.objects.create(name="Sales")
        load("agents: [{email: admin@somedomain.com, team: Sales / North}, {email: agent@somedomain.com, team: Sales}]")
        assert Team.objects.count() == 2
        assert agent("agent@somedomain.com").team == sales
        assert agent("admin@somedomain.com").team.parent == sales

"""A table of agents is looked at before it is applied, whole or not at all; what is exported changes nothing."""

import io

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from agents.models import Agent, Language, OutboundNumber, Team, User
from ccai.models import StagedFile
from tests.admin.test_agents_list import person
from tests.factories import make_agent, make_center

pytestmark = pytest.mark.django_db
IMPORT = "/admin/agents/agent/import/"


@pytest.fixture(autouse=True)
def center(db):
    """English, Korean, and a number."""
    make_center()
    Language.objects.create(code="ko")


def csv_of(*lines, encoding="utf-8"):
    return "\r\n".join(lines).encode(encoding)


def xlsx_of(*rows):
    workbook = openpyxl.Workbook()
    for row in rows:
        workbook.active.append(row)
    file = io.BytesIO()
    workbook.save(file)
    return file.getvalue()


def upload(client, content, name="agents.csv"):
    """The preview of an uploaded table."""
    response = client.post(IMPORT, {"file": SimpleUploadedFile(name, content)}, follow=True)
    assert response.status_code == 200
    return response


def faults(response):
    return [(fault.row, fault.column, fault.sentence) for fault in response.context["preview"].faults]


def changes(response):
    return {
        change.email: {column: (before, after) for column, before, after in change.values}
        for change in response.context["preview"].changes
        if change.values
    }


def apply(client, response):
    """Apply what the preview shows; the messages of the next page."""
    url = response.redirect_chain[-1][0]
    page = client.post(url, {"plan": response.context["preview"].plan}, follow=True)
    return page, [str(message) for message in page.context["messages"]]


def test_a_table_is_previewed_and_applied(admin_client):
    Team.objects.create(name="Sales")
    ben = make_agent("ben@example.com", agent_number="7")
    table = csv_of(
        "Team;email;first_name;agent_number;languages;active;role;outbound_numbers",
        "Sales/North;Ana@example.com;Ana;0071450;en, ko;yes;supervisor;+1 339-219-5276",
        "",
        ";BEN@example.com;=Ben;8;;;;13392195276",
        encoding="utf-8-sig",
    )
    page = upload(admin_client, table)
    assert faults(page) == []
    assert changes(page) == {
        "Ana@example.com": {
            "first_name": ("", "Ana"),
            "agent_number": ("", "0071450"),
            "team": ("", "Sales/North"),
            "languages": ("", "en, ko"),
            "outbound_numbers": ("", "+1 339-219-5276"),
            "role": ("", "supervisor"),
            "active": ("", "yes"),
            "can_place_calls": ("", "yes"),
            "auto_answer": ("", "no"),
        },
        "ben@example.com": {
            "first_name": ("Agent", "=Ben"),
            "agent_number": ("7", "8"),
            "outbound_numbers": ("", "+1 339-219-5276"),
        },
    }
    assert [team.path for team in page.context["preview"].new_teams] == ["Sales/North"]
    assert (Agent.objects.count(), Team.objects.count()) == (1, 1)
    page, said = apply(admin_client, page)
    assert said == ["1 agent is added, 1 is changed, 0 were so already."]
    ana = Agent.objects.get(user__email="Ana@example.com")
    assert (ana.team.name, ana.team.parent.name, ana.agent_number) == ("North", "Sales", "0071450")
    assert [*ana.languages.values_list("code", flat=True)] == ["en", "ko"]
    assert (ana.user.is_staff, ana.user.has_usable_password()) == (True, False)
    ben.refresh_from_db()
    assert (ben.agent_number, ben.user.first_name) == ("8", "=Ben")
    assert not StagedFile.objects.exists()


def test_each_fault_has_its_row_and_column_and_nothing_is_applied(admin_client):
    Team.objects.create(name="Sales")
    table = csv_of(
        "email,languages,outbound_numbers,role,active,team",
        "ana@example.com,en,,,yes,Slaes",
        "nobody,xx-XX-xx,+12025550199,king,maybe,",
        "ANA@example.com,,,,,",
        ",fr,,,,,,too much",
    )
    page = upload(admin_client, table)
    assert faults(page) == [
        (3, "active", '"maybe" is neither yes nor no'),
        (3, "email", '"nobody" is not an email address such as ana@example.com'),
        (3, "languages", '"xx-XX-xx" is not a language code such as en or en-US'),
        (3, "role", '"king" is not one of agent, supervisor, admin, viewer'),
        (4, "email", '"ANA@example.com" stands in row 2 already; join the two'),
        (5, "", "has more cells than there are columns"),
    ]
    assert "Teams that will be made:</b> Slaes (there is Sales)." in page.content.decode()
    page = admin_client.post(page.redirect_chain[-1][0], {"plan": ""})
    assert len(faults(page)) == 6
    assert not Agent.objects.exists()
    page = upload(admin_client, csv_of("email,languages,outbound_numbers", "ana@example.com,fr,+12025550199"))
    assert [(row, column) for row, column, _sentence in faults(page)] == [(2, "languages"), (2, "outbound_numbers")]


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"\n", (0, "", "The file is empty. Its first row has to name the columns.")),
        (b"PK but no zip", (0, "", "The file cannot be read as XLSX. Save it again, or as “CSV UTF-8”.")),
        (b"email\n\xf6@x.de", (0, "", "The file is not UTF-8 text. Save it as “CSV UTF-8”, or as XLSX.")),
        (b"email", (0, "", "There is no agent in the table, only the names of columns.")),
        (b"name\nAna", (1, "email", "is missing; agents are known by it")),
        (b"email,email\na@b.de,a@b.de", (1, "email", "stands twice; remove one")),
    ],
)
def test_a_file_that_is_no_table_is_said_to_be_none(admin_client, content, found):
    assert found in faults(upload(admin_client, content))
    sentence = "This is not an XLSX file, or it is broken. Save it again as XLSX, or as “CSV UTF-8”."
    for broken, name in ((b"email\nana@b.de", "agents.XLSX"), (b"\xd0\xcf\x11\xe0\xa1", "agents.csv")):
        assert faults(upload(admin_client, broken, name)) == [(0, "", sentence)]
    assert "Choose a file." in admin_client.post(IMPORT).content.decode()


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_what_is_exported_changes_nothing_when_it_is_imported(admin_client, admin_user, ending):
    parent = Team.objects.create(name="Sales/EU")
    ana = make_agent("ana@example.com", team=Team.objects.create(name="North", parent=parent), agent_number="0071")
    User.objects.filter(agent=ana).update(first_name='=HYPERLINK("x")', last_name='\'+1, "two"\nthree;')
    ana.languages.add("ko", "en")
    ana.outbound_numbers.set(OutboundNumber.objects.all())
    Agent.objects.create(user=admin_user, can_place_calls=False, auto_answer=True, sip_address="+13105550101")
    make_agent("gone@example.com", active=False)
    response = admin_client.get(f"/admin/agents/agent/export.{ending}", {"q": "example"})
    content = response.content
    assert "attachment" in response["Content-Disposition"]
    if ending == "csv":
        assert "'=HYPERLINK" in content.decode("utf-8-sig")
        assert "''+1" in content.decode("utf-8-sig")
    page = upload(admin_client, content, f"agents.{ending}")
    assert (faults(page), changes(page)) == ([], {})
    assert page.context["left"] == 3
    assert b"Nothing changes" in page.content
    listed = admin_client.get("/admin/agents/agent/export.csv", {"user__is_active__exact": "0"})
    assert listed.content.count(b"\r\n") == 2


def test_a_spreadsheets_numbers_and_ticks_are_read_as_they_are_shown(admin_client):
    table = xlsx_of(
        ["email", "agent_number", "active", "outbound_numbers", "can_place_calls"],
        ["ana@example.com", 1001.0, True, 13392195276, 0],
    )
    found = changes(upload(admin_client, table, "agents.xlsx"))["ana@example.com"]
    assert (found["agent_number"][1], found["active"][1], found["can_place_calls"][1]) == ("1001", "yes", "no")
    assert found["outbound_numbers"][1] == "+1 339-219-5276"


def test_nothing_is_applied_that_was_not_previewed(admin_client):
    ana = make_agent("ana@example.com", agent_number="1")
    page = upload(admin_client, csv_of("email,agent_number", "ana@example.com,2"))
    Agent.objects.filter(pk=ana.pk).update(agent_number="3")
    page, said = apply(admin_client, page)
    assert "The center has changed since" in said[0]
    assert Agent.objects.get().agent_number == "3"
    page.redirect_chain = [(page.request["PATH_INFO"], 302)]
    assert changes(page) == {"ana@example.com": {"agent_number": ("3", "2")}}
    apply(admin_client, page)
    assert Agent.objects.get().agent_number == "2"


def test_a_table_waits_until_its_owner_takes_another(admin_client):
    page = upload(admin_client, csv_of("email", "ana@example.com"))
    [(preview, _status)] = page.redirect_chain
    admin_client.get(IMPORT)  # in a second tab
    assert admin_client.get(preview).status_code == 200
    assert admin_client.post(preview, {"another": ""}).url == IMPORT
    assert not StagedFile.objects.exists()
    assert not Agent.objects.exists()


def test_nobody_gives_or_takes_by_a_table_what_they_may_not_by_hand(admin_user):
    admin, supervisor = person("admin"), person("supervisor")
    Agent.objects.create(user=admin_user)
    own = Agent.objects.create(user=admin.user)
    table = csv_of("email,active,role", f"{admin_user.email},no,", f"{own.user.email},no,", "new@example.com,,admin")
    page = upload(admin, table)
    assert [(row, column) for row, column, _sentence in faults(page)] == [(2, "active"), (3, "active")]
    assert supervisor.post(IMPORT, {"file": SimpleUploadedFile("a.csv", table)}).status_code == 403
    page = upload(admin, csv_of("email,role", "new@example.com,admin"))
    assert faults(page) == []
    admin.force_login(admin_user)
    gone = admin.get(page.redirect_chain[-1][0])
    assert gone.status_code == 404
    assert b"This file was applied or is no longer kept. Upload it again." in gone.content


def test_five_thousand_agents_are_previewed(admin_client, django_assert_max_num_queries):
    lines = [f"agent{number}@example.com,Agent {number},Team {number % 20}" for number in range(5_000)]
    table = csv_of("email,first_name,team", *lines)
    with django_assert_max_num_queries(60):
        page = upload(admin_client, table)
    assert page.context["created"] == 5_000

"""Who changed what: every change by a person leaves an entry, by whatever door it comes."""

import re
import runpy
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, Permission
from django.db import NotSupportedError, connection, transaction
from django.db.models import F
from django.test.utils import CaptureQueriesContext

from agents import availability
from agents.models import Agent, Language, Team, User
from calls.models import Call, Contact, ContactPhone, Note
from ccai import audit
from ccai.acting import Actor, acting
from ccai.models import ApiToken, AuditEntry, StagedFile
from ccai.times import now
from menus import tree
from menus.models import AgentGroup, DeflectionOption, Menu
from tests.factories import make_agent, make_call, make_menu

pytestmark = pytest.mark.django_db


def entries():
    """What has been recorded, the oldest first: (action, kind, name, changes)."""
    rows = AuditEntry.objects.order_by("pk")
    return [(row.action, row.model, row.object_name, row.changes) for row in rows]


@pytest.fixture
def kim(admin_user):
    """Somebody who acts when the test says so."""

    def act():
        return acting(lambda: Actor("kim@example.com", admin_user.pk, address="192.0.2.7", door="/admin/x/"))

    return act


class TestOneThing:
    def test_what_nobody_or_a_program_changes_leaves_no_entry(self, django_assert_num_queries):
        menu = make_menu("Sales")
        with django_assert_num_queries(1):
            Menu.objects.filter(pk=menu.pk).update(name="Selling")
        with acting(lambda: Actor(name="crm", address="192.0.2.8", is_program=True)), django_assert_num_queries(1):
            Menu.objects.filter(pk=menu.pk).update(name="Sales")
        assert entries() == []

    def test_an_entry_says_who_when_from_where_and_what_it_was_and_is(self, kim, admin_user):
        menu = make_menu("Sales", priority=2)
        with kim(), audit.because("The fair"):
            menu.name, menu.priority = "Selling", 5
            menu.save()
        entry = AuditEntry.objects.get()
        assert (entry.user, entry.who, entry.address, entry.door) == (
            admin_user, "kim@example.com", "192.0.2.7", "/admin/x/",
        )  # fmt: skip
        assert (entry.action, entry.model, entry.object_id, entry.object_name, entry.reason) == (
            "changed", "menus.menu", str(menu.pk), "Selling", "The fair",
        )  # fmt: skip
        assert entry.changes == {"name": ["Sales", "Selling"], "priority": [2, 5]}

    def test_a_save_that_changes_nothing_and_an_update_that_finds_nothing_leave_no_entry(self, kim):
        menu = make_menu("Sales")
        with kim():
            menu.save()
            assert Menu.objects.filter(pk=menu.pk, name="Support").update(name="Selling") == 0
        assert entries() == []

    def test_what_somebody_changes_can_be_referred_to_meanwhile(self, kim):
        menu = make_menu("Sales")
        with kim(), CaptureQueriesContext(connection) as queries:
            Menu.objects.filter(pk=menu.pk).update(name="Selling")
        locks = re.findall(r"FOR (?:NO KEY )?UPDATE", " ".join(query["sql"] for query in queries))
        assert locks == (["FOR NO KEY UPDATE"] if connection.features.has_select_for_no_key_update else [])

    def test_what_goes_round_save_leaves_an_entry_for_each_row(self, kim):
        first, second = make_menu("Sales", priority=1), make_menu("Support", priority=2)
        with kim():
            Menu.objects.update(priority=F("priority") + 1)
        assert [(name, changes) for _, _, name, changes in entries()] == [
            ("Sales", {"priority": [1, 2]}),
            ("Support", {"priority": [2, 3]}),
        ]
        first.name, second.name = "A", "B"
        with kim():
            Menu.objects.bulk_update([first, second], ["name"])
            Team.objects.bulk_create([Team(name="North"), Team(name="South")])
        assert [(action, model, name) for action, model, name, _ in entries()][2:] == [
            ("changed", "menus.menu", "A"),
            ("changed", "menus.menu", "B"),
            ("added", "agents.team", "North"),
            ("added", "agents.team", "South"),
        ]

    @pytest.mark.parametrize(
        "conflict", [{"ignore_conflicts": True}, {"update_conflicts": True, "update_fields": ["state"]}]
    )
    def test_rows_that_may_be_there_already_are_refused_and_not_recorded_wrongly(self, kim, conflict):
        Language.objects.create(code="en")
        if "update_fields" in conflict:
            conflict = {**conflict, "unique_fields": ["code"]}
        with kim(), pytest.raises(NotSupportedError, match=r"agents\.Language is recorded"), transaction.atomic():
            Language.objects.bulk_create([Language(code="en"), Language(code="ko")], **conflict)
        assert [*Language.objects.values_list("code", flat=True)] == ["en"]
        assert entries() == []
        agent = make_agent()
        with kim():
            agent.languages.add("en")
            agent.languages.add("en")
        assert [changes for *_rest, changes in entries()] == [{"languages": [[], ["en"]]}]

    def test_a_thing_that_is_deleted_keeps_its_last_values_and_what_it_meant_to_others(self, kim):
        team = Team.objects.create(name="North")
        agent = make_agent(team=team)
        with kim():
            Team.objects.filter(name="North").delete()
        assert sorted(entries()) == [
            ("changed", "agents.agent", str(agent), {"team": [team.pk, None]}),
            ("deleted", "agents.team", "North", {"name": ["North", None]}),
        ]

    def test_secrets_are_said_to_have_changed_and_never_kept(self, kim):
        user = User.objects.create_user("ann@example.com", "one secret 1")
        with kim():
            user.set_password("another secret 2")
            user.save()
            token = ApiToken(name="crm")
            token.make_token()
            token.save()
        (_, _, _, of_user), (_, _, _, of_token) = entries()
        assert of_user == {"password": None}
        assert of_token["token_hash"] is None
        assert of_token["name"] == [None, "crm"]

    def test_what_changes_by_itself_costs_nothing_and_is_no_change(self, kim, django_assert_num_queries):
        agent = make_agent()
        with kim(), django_assert_num_queries(1):
            Agent.objects.filter(pk=agent.pk).update(seen_at=agent.status_since)
        assert entries() == []

    def test_what_agents_do_with_calls_at_the_desk_stands_in_the_calls_own_story(self, admin_user):
        call = make_call("connected", agent=make_agent())
        for door, count in (("/desk/note/", 0), ("/admin/calls/call/", 1)):
            with acting(lambda door=door: Actor("kim@example.com", admin_user.pk, door=door)):
                Call.objects.filter(pk=call.pk).update(feedback=f"At {door}")
                Note.objects.update_or_create(call=call, agent=call.agent, defaults={"text": f"At {door}"})
            assert len(entries()) == count

    def test_a_status_is_a_change_where_another_person_sets_it(self, kim):
        agent = make_agent()
        with acting(lambda: Actor(name=agent.user.email, user_id=agent.user_id)):
            availability.set_status(agent, "break")
        assert entries() == []
        with kim():
            availability.set_status(agent, "available")
        assert [changes for _, _, _, changes in entries()] == [{"status": ["break", "available"]}]


class TestOneTransaction:
    def test_leaves_one_entry_for_a_thing_with_its_links_and_parts(self, kim):
        ann, bob = make_agent(), make_agent()
        menu = make_menu("Sales", agents=[ann])
        group = menu.groups.get()
        for code in ("en", "de"):
            Language.objects.create(code=code)
        menu.languages.set(["en"])
        with kim(), transaction.atomic():
            menu.name = "Selling"
            menu.save()
            menu.languages.set(["de"])
            group.name = "First"
            group.save()
            group.agents.set([bob])
            new = AgentGroup.objects.create(menu=menu, name="Second", position=1)
        ((action, _, name, changes),) = entries()
        assert (action, name) == ("changed", "Selling")
        assert changes == {
            "name": ["Sales", "Selling"],
            "languages": [["en"], ["de"]],
            f"groups[{group.pk}]": ["Group 1", "First"],
            f"groups[{group.pk}].name": ["Group 1", "First"],
            f"groups[{group.pk}].agents": [[ann.pk], [bob.pk]],
            f"groups[{new.pk}]": [None, "Second"],
            f"groups[{new.pk}].name": [None, "Second"],
            f"groups[{new.pk}].position": [None, 1],
            f"groups[{new.pk}].timeout_seconds": [None, 20],
        }

    def test_what_makes_room_for_a_menu_that_is_moved_leaves_none(self, kim):
        first, second, third = (make_menu(name, position=place) for place, name in enumerate(("Mon", "Tue", "Wed")))
        with kim():
            tree.move(third, parent=None, before=first)
        assert entries() == [("changed", "menus.menu", "Wed", {"position": [2, 0]})]
        assert [*Menu.objects.order_by("position")] == [third, first, second]

    def test_a_round_trip_leaves_nothing(self, kim):
        menu = make_menu("Sales")
        Language.objects.create(code="en")
        with kim(), transaction.atomic():
            Menu.objects.filter(pk=menu.pk).update(name="Selling")
            menu.languages.add("en")
            menu.languages.clear()
            Menu.objects.filter(pk=menu.pk).update(name="Sales")
            AgentGroup.objects.create(menu=menu, name="First")
            menu.groups.all().delete()
            Team.objects.create(name="North").delete()
        assert entries() == []

    def test_a_savepoint_that_is_rolled_back_takes_its_entries_along(self, kim):
        menu = make_menu("Sales")
        with kim(), transaction.atomic():
            with transaction.atomic():
                Menu.objects.filter(pk=menu.pk).update(name="Selling")
                transaction.set_rollback(True)
            Menu.objects.filter(pk=menu.pk).update(priority=7)
        assert [changes for _, _, _, changes in entries()] == [{"priority": [0, 7]}]

    @pytest.mark.django_db(transaction=True)
    def test_what_is_rolled_back_takes_no_other_entry_along_and_keeps_later_ones_apart(self, kim):
        sales, support = make_menu("Sales"), make_menu("Support")
        with kim():
            with transaction.atomic():
                Menu.objects.filter(pk=sales.pk).update(name="Selling")
                transaction.set_rollback(True)
            with transaction.atomic():
                Menu.objects.filter(pk=support.pk).update(priority=1)
                Menu.objects.filter(pk=sales.pk).update(priority=2)
            with transaction.atomic():
                Menu.objects.filter(pk=sales.pk).update(priority=3)
        assert [(name, changes["priority"]) for _, _, name, changes in entries()] == [
            ("Support", [0, 1]),
            ("Sales", [0, 2]),
            ("Sales", [2, 3]),
        ]

    def test_a_thing_that_goes_takes_its_parts_into_its_entry(self, kim):
        contact = Contact.objects.create(out_contact_id="c-1", name="Kim")
        phone = ContactPhone.objects.create(contact=contact, number="+12025550123")
        with kim():
            contact.delete()
        ((action, model, _, changes),) = entries()
        assert (action, model) == ("deleted", "calls.contact")
        assert changes[f"phones[{phone.pk}].number"] == ["+12025550123", None]
        assert changes["name"] == ["Kim", None]

    def test_roles_and_permissions_are_recorded_from_either_side(self, kim):
        group = Group.objects.create(name="night shift")
        user = User.objects.create_user("ann@example.com")
        with kim():
            group.user_set.add(user)
            group.permissions.add(1)
        (_, _, _, of_user), (_, model, _, of_group) = entries()
        assert of_user == {"groups": [[], [group.pk]]}
        assert (model, of_group) == ("auth.group", {"permissions": [[], [1]]})

    def test_a_call_is_recorded_by_what_people_decide(self, kim):
        call = make_call("scheduled")
        with kim():
            Call.objects.filter(pk=call.pk).update(verified_customer=True, updated_at=call.created_at)
        ((_, model, _, changes),) = entries()
        assert (model, changes) == ("calls.call", {"verified_customer": [False, True]})


class TestThePage:
    CHANGES = "/admin/ccai/auditentry/"

    def test_shows_who_changed_what_in_words_and_finds_it_by_name_person_and_thing(self, admin_client, admin_user):
        ann = make_agent("ann@example.com")
        menu = make_menu("Sales", agents=[ann])
        group = menu.groups.get()
        closed = DeflectionOption.objects.create(menu=menu, occasion="after_hours", kind="message")
        with acting(lambda: Actor("old@example.com", None, "192.0.2.7", "/admin/menus/")), transaction.atomic():
            menu.recording, menu.hidden, menu.hours = "record", True, {"weekly": {"mon": ["09:00-17:00"]}}
            menu.save()
            group.agents.clear()
            closed.delete()
        with acting(lambda: Actor(admin_user.email, admin_user.pk)):
            make_menu("Support")
        listed = admin_client.get(self.CHANGES).content.decode()
        assert "old@example.com" in listed
        assert "Recording" in listed
        entry = AuditEntry.objects.get(object_name="Sales")
        page = admin_client.get(f"{self.CHANGES}{entry.pk}/change/").content.decode()
        for word in (
            "old@example.com", "192.0.2.7", "/admin/menus/menu/", "Do not record", "Record all",
            "Group “Group 1”: agents",
            "Agent", "Deflection option", "After hours: A message", "09:00-17:00",
        ):  # fmt: skip
            assert word in page, word
        for asked, found in (
            ("q=supp", {"Support"}), ("q=old@", {"Sales"}), ("action__exact=added", {"Support"}),
            (f"model=menus.menu&object_id={menu.pk}", {"Sales"}), ("model=agents.team", set()),
            (f"user__id__exact={admin_user.pk}", {"Support"}), ("at_to=2020-01-01", set()),
        ):  # fmt: skip
            rows = admin_client.get(f"{self.CHANGES}?{asked}").context["cl"].result_list
            assert {row.object_name for row in rows} == found, asked
        history = admin_client.get(f"/admin/menus/menu/{menu.pk}/history/")
        assert history.url == f"{self.CHANGES}?model=menus.menu&object_id={menu.pk}"

    def test_nobody_edits_or_deletes_an_entry_and_it_outlives_the_person(self, admin_client, kim):
        gone = User.objects.create_user("gone@example.com")
        with acting(lambda: Actor(gone.email, gone.pk)):
            make_menu("Sales")
        entry = AuditEntry.objects.get()
        for page in ("add/", f"{entry.pk}/change/", f"{entry.pk}/delete/"):
            assert admin_client.post(self.CHANGES + page, {"who": "nobody", "post": "yes"}).status_code == 403
        admin_client.post(self.CHANGES, {"action": "delete_selected", "_selected_action": [entry.pk], "post": "yes"})
        with acting(lambda: Actor(gone.email, gone.pk)):
            gone.delete()
        kept, last = AuditEntry.objects.order_by("pk")
        assert (kept.pk, kept.who, kept.user) == (entry.pk, "gone@example.com", None)
        assert (last.action, last.object_name, last.user) == ("deleted", "gone@example.com", None)

    def test_names_and_numbers_of_end_users_are_masked_for_who_may_not_see_them(self, client, kim):
        contact = Contact.objects.create(out_contact_id="c-1", name="Kimberley Lee")
        with kim():
            contact.name = "Kimberley Smith"
            contact.save()
            ContactPhone.objects.create(contact=contact, number="+12025550123")
        reader = User.objects.create(email="reader@example.com", is_staff=True)
        reader.user_permissions.add(Permission.objects.get(codename="view_auditentry"))
        client.force_login(reader)
        entries = AuditEntry.objects.order_by("pk")
        pages = [self.CHANGES, *(f"{self.CHANGES}{entry.pk}/change/" for entry in entries)]
        text = "".join(client.get(page).content.decode() for page in pages)
        assert "K•••" in text
        assert "•••• 0123" in text
        for word in ("Kimberley", "Smith", "202 555", "202-555", "2025550123"):
            assert word not in text, word
        nothing = client.get(f"{self.CHANGES}?q=kimberley")
        assert not nothing.context["cl"].result_list
        assert "Nothing was found" in nothing.content.decode()
        assert "Create a new item" not in nothing.content.decode()
        reader.user_permissions.add(Permission.objects.get(codename="view_personal_data"))
        assert "Kimberley Smith" in client.get(self.CHANGES).content.decode()


def test_the_clock_forgets_old_entries_and_files_nobody_applied_and_nothing_else(settings, admin_user):
    at = now()
    for days in (399, 401):
        AuditEntry.objects.create(at=at - timedelta(days=days), who="kim", action="added", object_id=str(days))
    for minutes in (14, 16):
        created_at = at - timedelta(minutes=minutes)
        StagedFile.objects.create(
            user=admin_user, purpose="center", name=str(minutes), content=b"", created_at=created_at
        )
    assert audit.forget(at) == 2
    assert audit.forget(at) == 0
    assert [row.object_id for row in AuditEntry.objects.all()] == ["399"]
    assert [row.name for row in StagedFile.objects.all()] == ["14"]


@pytest.mark.django_db(transaction=True)
def test_what_somebody_changes_at_a_shell_is_recorded_under_the_command(monkeypatch):
    monkeypatch.setattr("sys.argv", ["manage.py", "create_api_token", "crm"])
    runpy.run_path("manage.py", run_name="__main__")
    entry = AuditEntry.objects.get()
    assert (entry.who, entry.user, entry.object_name) == ("manage.py create_api_token", None, "crm")

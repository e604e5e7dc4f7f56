"""Loading menus and their groups: which a file means, and where they stand afterwards."""

import pytest

from ccai.times import now
from menus import tree
from menus.models import AgentGroup, Menu
from tests.center.center_files import FULL, agent, changes, created, load

pytestmark = pytest.mark.django_db


class TestMenus:
    def test_a_menu_without_an_id_is_known_by_its_parent_and_name(self, conformance):
        text = """
        menus:
          - name: Help
            menu_type: mobile_menu
            children:
              - {name: Sales, output_msg: One}
              - {name: Support, children: [{name: Sales}]}
        """
        report = load(text)
        assert created(report) == ["Help", "Sales", "Support", "Sales"]
        assert not load(text).has_changes
        root = Menu.objects.get(name="Help")
        report = load(f"menus: [{{name: Sales, parent_id: {root.pk}, output_msg: Two}}]")
        assert list(changes(report).values()) == [("output_msg",)]
        assert Menu.objects.get(parent=root, name="Sales").output_msg == "Two"
        assert set(Menu.objects.filter(pk__gt=50).values_list("menu_type", flat=True)) == {"mobile_menu"}

    def test_a_menu_that_is_not_deleted_goes_before_one_that_is(self, conformance):
        Menu.objects.create(name="Lock Star", menu_type="ivr_menu", deleted=True)
        report = load("menus: [{name: Lock Star, output_msg: New}]")
        assert changes(report) == {"9 Lock Star": ("output_msg",)}

    def test_a_deleted_menu_without_an_id_stays_deleted(self, conformance):
        text = "menus: [{name: Lock Star, deleted: true}]"
        assert changes(load(text)) == {"9 Lock Star": ("deleted",)}
        assert not load(text).has_changes
        assert Menu.objects.count() == 2

    def test_ids_given_by_the_database_are_beyond_those_that_were_chosen(self, conformance):
        load("menus: [{name: New, menu_type: web_menu}, {id: 1000, name: Chosen, menu_type: web_menu}]")
        assert Menu.objects.get(name="New").pk > 1000
        assert Menu.objects.create(name="Later", menu_type="web_menu").pk > 1000

    def test_a_menu_with_an_id_may_stand_below_one_without(self):
        load("menus: [{name: Root, menu_type: web_menu, children: [{id: 12, name: Leaf}]}]")
        assert Menu.objects.get(pk=12).parent.name == "Root"

    def test_a_parent_may_come_after_its_child(self):
        load("menus: [{id: 2, name: Leaf, parent_id: 3}, {id: 3, name: Root, menu_type: web_menu}]")
        assert Menu.objects.get(pk=2).parent_id == 3
        assert Menu.objects.get(pk=2).menu_type == "web_menu"

    def test_nesting_moves_a_menu(self):
        load(FULL)
        report = load("menus: [{id: 50, children: [{id: 61}]}]")
        assert changes(report) == {"61 Deepest": ("parent_id", "menu_type"), "5 Leaf": ("menu_type",)}
        assert Menu.objects.get(pk=5).path()["materialized_path"] == "50/61/5"

    def test_null_moves_a_menu_to_the_top(self):
        load(FULL)
        load("menus: [{id: 61, parent_id: null}]")
        assert Menu.objects.get(pk=61).parent is None
        assert Menu.objects.get(pk=61).menu_type == "ivr_menu"

    def test_the_type_of_a_root_is_that_of_all_below_it(self):
        load(FULL)
        report = load("menus: [{id: 6, menu_type: mobile_menu}]")
        assert set(changes(report)) == {"6 Main menu", "7 Deeper", "8 Sales", "61 Deepest", "5 Leaf"}
        assert set(Menu.objects.exclude(pk__in=[50, 51]).values_list("menu_type", flat=True)) == {"mobile_menu"}

    def test_a_name_may_be_the_one_of_a_menu_elsewhere(self, conformance):
        load("menus: [{id: 9, children: [{name: Lock Star}], groups: null}]")
        assert Menu.objects.filter(name="Lock Star").count() == 2

    def test_a_redirection_is_set_whole_and_null_ends_it(self, conformance):
        load("menus: [{id: 9, redirection: {kind: message, message: We moved.}}]")
        load("menus: [{id: 9, redirection: {kind: voicemail}}]")
        option = Menu.objects.get(pk=9).option("redirection")
        assert (option.kind, option.message) == ("voicemail", "")
        load("menus: [{id: 9, redirection: null}]")
        assert Menu.objects.get(pk=9).option("redirection") is None

    def test_a_redirection_that_is_switched_off_is_kept_and_says_when_it_was(self, conformance):
        load("menus: [{id: 9, redirection: {kind: message, message: We moved., active: false}}]")
        menu = Menu.objects.get(pk=9)
        assert (menu.state_at(now()), menu.option("redirection").switched_at) == ("open", None)
        load("menus: [{id: 9, redirection: {kind: message, message: We moved.}}]")
        switched = Menu.objects.get(pk=9).option("redirection")
        assert (switched.active, switched.switched_by) == (True, None)
        assert switched.switched_at is not None
        load("menus: [{id: 9, redirection: {kind: message, message: Elsewhere.}, after_hours: {kind: voicemail}}]")
        assert Menu.objects.get(pk=9).option("redirection").switched_at == switched.switched_at

    def test_a_deleted_menu_has_a_substitute_until_it_is_there_again(self, conformance):
        load("menus: [{id: 9, deleted: true, substitute: 50}]")
        assert Menu.objects.get(pk=9).stand_in() == Menu.objects.get(pk=50)
        load("menus: [{id: 9, deleted: false}]")
        assert Menu.objects.get(pk=9).substitute is None

    def test_an_emergency_closing_is_left_alone(self, conformance):
        closing = tree.close(Menu.objects.get(pk=9), branch=True, reason="", user=None)
        load("menus: [{id: 9, priority: 5}]")
        assert Menu.objects.get(pk=9).closing == closing

    def test_a_redirection_may_point_to_a_menu_further_down(self):
        load(
            """
            menus:
              - {id: 1, name: A, menu_type: ivr_menu, redirection: {kind: queue, menu_id: 2}}
              - {id: 2, name: B, menu_type: ivr_menu}
            """
        )
        assert Menu.objects.get(pk=1).option("redirection").to_menu_id == 2

    def test_a_menu_without_hours_is_always_open_and_one_with_an_empty_week_always_closed(self, conformance):
        load("menus: [{id: 9, hours: {time_zone: UTC, weekly: {}}}]")
        assert Menu.objects.get(pk=9).hours == {"time_zone": "UTC", "weekly": {}}
        load("menus: [{id: 9, hours: null}]")
        assert Menu.objects.get(pk=9).hours is None


class TestGroups:
    @pytest.fixture(autouse=True)
    def groups(self, conformance):
        load("menus: [{id: 9, groups: [{name: A, timeout_seconds: 30}, {name: B, agents: [agent@somedomain.com]}]}]")

    def names(self):
        return [group.name for group in Menu.objects.get(pk=9).groups.all()]

    def test_groups_that_are_not_named_stay_after_those_that_are(self):
        assert self.names() == ["A", "B", "Group 1"]
        report = load("menus: [{id: 9, groups: [{name: B}]}]")
        assert changes(report) == {"9 Lock Star": ("groups",)}
        assert self.names() == ["B", "A", "Group 1"]
        assert AgentGroup.objects.get(name="A").timeout_seconds == 30
        assert AgentGroup.objects.get(name="B").agents.get() == agent("agent@somedomain.com")

    def test_a_group_keeps_its_row_when_it_changes(self):
        before = AgentGroup.objects.get(name="B").pk
        load("menus: [{id: 9, groups: [{name: B, timeout_seconds: 5, agents: [ALLEN@somedomain.com]}]}]")
        group = AgentGroup.objects.get(pk=before)
        assert (group.timeout_seconds, group.agents.get()) == (5, agent("allen@somedomain.com"))

    def test_null_resets_what_a_group_has(self):
        load("menus: [{id: 9, groups: [{name: A, timeout_seconds: null}, {name: B, agents: null}]}]")
        assert AgentGroup.objects.get(name="A").timeout_seconds == 20
        assert not AgentGroup.objects.get(name="B").agents.exists()

    def test_a_group_is_removed_by_saying_so(self):
        load("menus: [{id: 9, groups: [{name: A, deleted: true}]}]")
        assert self.names() == ["B", "Group 1"]
        assert not load("menus: [{id: 9, groups: [{name: A, deleted: true}]}]").has_changes

    def test_an_empty_list_removes_no_group_and_null_removes_all(self):
        assert not load("menus: [{id: 9, groups: []}]").has_changes
        load("menus: [{id: 9, groups: null}]")
        assert self.names() == []

    def test_a_menu_gets_children_once_its_groups_are_gone(self):
        load("menus: [{id: 9, groups: null, children: [{name: Leaf, groups: [{name: C}]}]}]")
        assert AgentGroup.objects.get(name="C").menu.name == "Leaf"
        assert not Menu.objects.get(pk=9).groups.exists()

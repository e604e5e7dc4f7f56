"""The verbs of the tree: what they do, what they refuse, and what two of them at once leave behind."""

import pytest
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError

from ccai.times import now
from menus import tree
from menus.models import Closing, DeflectionOption, Menu
from menus.tree import Where
from tests.calls.test_races import all_at_once
from tests.factories import make_agent, make_menu

pytestmark = pytest.mark.django_db


@pytest.fixture
def user():
    return get_user_model().objects.create(email="sam@example.com")


@pytest.fixture
def menus():
    """Top: Sales (New: Leads, Offers; Old), Service (Repairs); Web, of another type. By name."""
    found = {}
    for name, parent in (
        ("Sales", None), ("New", "Sales"), ("Leads", "New"), ("Offers", "New"), ("Old", "Sales"),
        ("Service", None), ("Repairs", "Service"),
    ):  # fmt: skip
        place = Menu.objects.filter(parent=found.get(parent)).count()
        found[name] = make_menu(name, parent=found.get(parent), position=place, menu_type="ivr_menu")
    found["Web"] = make_menu("Web", position=2, menu_type="web_menu")
    return found


def below(parent):
    """The names below `parent`, in their order; each has a position of its own."""
    rows = list(Menu.objects.filter(parent=parent).order_by("position", "pk").values_list("name", "position"))
    assert len({position for _name, position in rows}) == len(rows)
    return [name for name, _position in rows]


def closed():
    return set(Menu.objects.exclude(closing=None).values_list("name", flat=True))


def refused(verb, *args, **more):
    """The sentence with which the verb refuses; nothing in the tree has changed."""
    before = list(Menu.objects.order_by("pk").values())
    with pytest.raises(ValidationError) as refusal:
        verb(*args, **more)
    assert list(Menu.objects.order_by("pk").values()) == before
    return " ".join(refusal.value.messages)


class TestMoving:
    def test_a_menu_goes_before_or_after_another_first_or_last_below_it_and_to_the_top(self, menus):
        tree.put(menus["Old"], Where.BEFORE, menus["New"])
        assert below(menus["Sales"]) == ["Old", "New"]
        tree.put(menus["Repairs"], Where.AFTER, menus["Old"])
        assert below(menus["Sales"]) == ["Old", "Repairs", "New"]
        assert below(menus["Service"]) == []
        tree.put(menus["New"], Where.FIRST, menus["Service"])
        tree.put(menus["Old"], Where.FIRST, menus["Service"])
        assert below(menus["Service"]) == ["Old", "New"]
        assert below(menus["New"]) == ["Leads", "Offers"]
        tree.put(menus["Leads"], Where.LAST, menus["Service"])
        assert below(menus["Service"]) == ["Old", "New", "Leads"]
        tree.put(menus["Leads"], Where.FIRST, None)
        tree.put(menus["Old"], Where.LAST, None)
        assert below(None) == ["Leads", "Sales", "Service", "Web", "Old"]

    def test_where_it_stands_already_it_stays(self, menus):
        before = list(Menu.objects.order_by("pk").values())
        for where, other in ((Where.BEFORE, "New"), (Where.AFTER, "New"), (Where.LAST, "Sales")):
            menu = "Old" if where == Where.LAST else "New"
            tree.put(menus[menu], where, menus[other])
            assert list(Menu.objects.order_by("pk").values()) == before

    def test_siblings_that_share_a_position_are_given_one_each_in_the_order_in_which_they_are_shown(self, menus):
        Menu.objects.filter(parent=menus["Sales"]).update(position=7)
        third = make_menu("Third", parent=menus["Sales"], position=7, menu_type="ivr_menu")
        tree.put(menus["Repairs"], Where.BEFORE, third)
        assert below(menus["Sales"]) == ["New", "Old", "Repairs", "Third"]

    def test_only_those_in_the_way_make_room(self, menus):
        Menu.objects.filter(pk=menus["Old"].pk).update(position=40)
        tree.move(menus["Repairs"], parent=menus["Sales"], before=menus["Old"])
        assert list(Menu.objects.filter(parent=menus["Sales"]).values_list("name", "position")) == [
            ("New", 0), ("Repairs", 1), ("Old", 40),
        ]  # fmt: skip

    def test_what_cannot_stand_there_is_refused_in_words(self, menus):
        def moved(name, parent, **more):
            return refused(tree.move, menus[name], parent=menus[parent], **more)

        assert moved("Sales", "Sales") == "A menu cannot stand below itself."
        assert moved("Sales", "Leads") == "“Sales” cannot stand below “Leads”, which stands below it."
        assert moved("Web", "Sales") == (
            "“Web” is of type Web and cannot stand below “Sales”, which is of type IVR."
        )  # fmt: skip
        assert "Load the page again" in moved("Old", "Service", before=menus["Leads"])
        menus["Repairs"].groups.create(name="Group 1")
        assert moved("Old", "Repairs") == (
            "“Repairs” takes calls for its groups, and would not with a menu below it. Remove these first."
        )
        tree.delete(menus["Service"], substitute=None)
        assert moved("Old", "Service") == "“Service” is deleted. Restore it first, or choose another."
        assert moved("Repairs", "Sales") == "“Repairs” is deleted. Restore it first."
        menus["Web"].delete()
        menus["Web"].pk = 999
        assert refused(tree.move, menus["Web"], parent=None) == (
            "This menu is not there any more. Load the page again."
        )  # fmt: skip


class TestClosing:
    def test_a_branch_is_closed_and_opened_again_with_who_and_when(self, menus, user, time_machine):
        Menu.objects.filter(pk=menus["Old"].pk).update(deleted=True)
        closing = tree.close(menus["Sales"], branch=True, reason=" Fire alarm ", user=user)
        assert closed() == {"Sales", "New", "Leads", "Offers"}
        assert (closing.reason, closing.closed_by, closing.whole_branch) == ("Fire alarm", user, True)
        assert {menu.state_at(now()) for menu in Menu.objects.filter(closing=closing)} == {"after_hours"}
        tree.reopen(closing, user)
        assert not closed()
        stored = Closing.objects.get()
        assert (stored.opened_by, stored.opened_at is not None) == (user, True)
        assert refused(tree.reopen, closing, user) == "This has been opened again already."

    def test_what_one_emergency_has_closed_another_does_not_open(self, menus, user):
        first = tree.close(menus["Leads"], branch=False, reason="", user=user)
        second = tree.close(menus["Sales"], branch=True, reason="", user=user)
        tree.reopen(second, user)
        assert closed() == {"Leads"}
        tree.reopen(first, user)
        assert not closed()

    def test_what_cannot_be_closed_is_refused_in_words(self, menus, user):
        def close(name, branch=False):
            return refused(tree.close, menus[name], branch=branch, reason="", user=user)

        assert close("Sales") == "Callers walk through “Sales” to the menus below it. Close the whole branch."
        tree.close(menus["Old"], branch=False, reason="", user=user)
        assert close("Old") == close("Old", branch=True) == "“Old” is closed already."
        tree.delete(menus["Repairs"], substitute=None)
        assert close("Repairs") == "“Repairs” is deleted. Nobody gets there."

    def test_a_closed_menu_is_closed_whatever_its_hours_and_its_redirection_say(self, menus, user):
        DeflectionOption.objects.create(menu=menus["Old"], occasion="redirection", kind="message")
        assert Menu.objects.get(name="Old").state_at(now()) == "manual_redirection"
        tree.close(menus["Old"], branch=False, reason="", user=user)
        assert Menu.objects.get(name="Old").state_at(now()) == "after_hours"


class TestRedirection:
    def test_the_switch_keeps_what_it_is_set_to_and_says_who_switched_it_when(self, menus, user):
        menu = menus["Old"]
        assert refused(tree.switch_redirection, menu, True, user) == (
            "Nothing says where “Old” is redirected to. Set its manual redirection first."
        )
        menu.deflection_options.create(occasion="redirection", kind="message", message="Elsewhere.")
        assert menu.state_at(now()) == "manual_redirection"
        off = tree.switch_redirection(menu, False, user)
        assert (off.active, off.switched_by, off.message) == (False, user, "Elsewhere.")
        assert off.switched_at is not None
        assert Menu.objects.get(pk=menu.pk).state_at(now()) == "open"
        assert tree.switch_redirection(menu, False, None).switched_by == user
        assert tree.switch_redirection(menu, True, None).switched_by is None
        assert Menu.objects.get(pk=menu.pk).state_at(now()) == "manual_redirection"


class TestDeleting:
    def test_a_branch_is_deleted_and_comes_back(self, menus):
        tree.delete(menus["Leads"], substitute=None)
        assert {menu.name for menu in tree.delete(menus["Sales"], substitute=menus["Repairs"])} == {
            "Sales", "New", "Offers", "Old",
        }  # fmt: skip
        substitutes = dict(Menu.objects.filter(deleted=True).values_list("name", "substitute__name"))
        assert substitutes == {
            "Sales": "Repairs", "New": "Repairs", "Offers": "Repairs", "Old": "Repairs", "Leads": None,
        }  # fmt: skip
        assert refused(tree.restore, menus["New"]) == (
            "“New” stands below “Sales”, which is deleted. Restore that first."
        )
        assert [menu.name for menu in tree.restore(menus["Sales"])] == ["Sales"]
        assert {menu.name for menu in tree.restore(menus["New"], branch=True)} == {"New", "Leads", "Offers"}
        assert set(Menu.objects.filter(deleted=True).values_list("name", flat=True)) == {"Old"}
        assert not Menu.objects.filter(deleted=False).exclude(substitute=None).exists()

    def test_what_cannot_be_is_refused_in_words(self, menus):
        def delete(name, substitute=None):
            return refused(tree.delete, menus[name], substitute=menus.get(substitute))

        own = "“Leads” is deleted, too. Choose another menu for the calls that wait."
        assert delete("Sales", "Leads") == own
        assert delete("Old", "New") == "“New” has menus below it and takes no calls. Choose one of those."
        assert refused(tree.restore, menus["Old"]) == "“Old” is not deleted."
        tree.delete(menus["Leads"], substitute=None)
        assert delete("Old", "Leads") == own
        assert delete("Leads") == "“Leads” is deleted already."

    def test_the_substitute_of_a_substitute_takes_the_calls(self, menus):
        tree.delete(menus["Leads"], substitute=menus["Offers"])
        tree.delete(menus["Offers"], substitute=menus["Old"])
        assert Menu.objects.get(name="Leads").stand_in() == menus["Old"]
        tree.delete(menus["Old"], substitute=None)
        assert Menu.objects.get(name="Leads").stand_in() is None

    def test_who_sends_calls_there_is_known(self, menus):
        for name, target in (("Repairs", "Leads"), ("Old", "Leads"), ("Offers", "Old")):
            to = menus[target]
            DeflectionOption.objects.create(menu=menus[name], occasion="after_hours", kind="queue", to_menu=to)
        found = tree.deflecting_to([menus["Leads"], menus["Old"]])
        assert [(option.menu.name, option.to_menu.name) for option in found] == [
            ("Offers", "Old"), ("Repairs", "Leads"),
        ]  # fmt: skip


@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    def test_two_moves_at_once_leave_no_loop(self):
        one, other = (make_menu(name, menu_type="ivr_menu") for name in ("One", "Other"))
        for _time in range(5):
            answers = all_at_once(
                lambda: tree.move(one, parent=other),
                lambda: tree.move(other, parent=one),
            )
            assert sum(isinstance(answer, Menu) for answer in answers) == 1
            assert sum(isinstance(answer, ValidationError) for answer in answers) == 1
            assert Menu.objects.filter(parent=None).count() == 1
            Menu.objects.update(parent=None)

    def test_menus_moved_to_one_place_at_once_have_a_position_each(self):
        parent = make_menu("Parent", menu_type="ivr_menu")
        menus = [make_menu(f"Menu {number}", menu_type="ivr_menu") for number in range(5)]
        moves = [lambda menu=menu: tree.put(menu, Where.FIRST, parent) for menu in menus]
        assert all(isinstance(answer, Menu) for answer in all_at_once(*moves))
        assert sorted(below(parent)) == [menu.name for menu in menus]

    def test_of_two_who_close_one_menu_at_once_one_is_told_that_it_is_closed(self):
        menu = make_menu("Sales", agents=[make_agent()])
        answers = all_at_once(*[lambda: tree.close(menu, branch=True, reason="", user=None)] * 3)
        assert sum(isinstance(answer, Closing) for answer in answers) == 1
        assert Menu.objects.get().closing == Closing.objects.get()

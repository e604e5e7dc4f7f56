"""The menu tree is read and changed in the back office."""

import pytest

from tests.factories import make_menu

pytestmark = pytest.mark.django_db


def test_menus_to_choose_from_are_named_with_their_paths(admin_client):
    make_menu("Billing", parent=make_menu("Shop"))
    make_menu("Billing", parent=make_menu("App"))
    asked = {"term": "bill", "app_label": "menus", "model_name": "menu", "field_name": "parent"}
    found = admin_client.get("/admin/menus/menu/paths/", asked).json()["results"]
    assert {menu["text"] for menu in found} == {"Shop/Billing", "App/Billing"}


def test_the_menus_to_choose_from_are_for_those_who_may_see_menus(client, django_user_model):
    client.force_login(django_user_model.objects.create_user("staff@example.com", is_staff=True))
    asked = {"term": "", "app_label": "menus", "model_name": "menu", "field_name": "parent"}
    assert client.get("/admin/menus/menu/paths/", asked).status_code == 403

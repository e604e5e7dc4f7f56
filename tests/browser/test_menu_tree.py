"""The tree of menus in a browser: edited by drag and by keys, folded, and a branch of it closed and opened again."""

from playwright.sync_api import expect

BRANCH = """
menus:
  - id: 900
    name: Harbour
    menu_type: web_menu
    position: 900
    children:
      - {id: 901, name: Cargo}
      - {id: 902, name: Ferries, position: 1, children: [{id: 904, name: Timetable}]}
      - {id: 903, name: Berths, position: 2}
"""


def test_a_tree_is_edited_by_drag_and_by_keys_and_a_branch_closed_and_opened_again(back_office, center, tmp_path):
    path = tmp_path / "branch.yaml"
    path.write_text(BRANCH)
    center.manage("load_center", str(path))
    back_office.goto("/admin/menus/menu/")
    edit_by_drag(back_office)
    edit_by_keys(back_office)
    close_and_open_again(back_office)
    delete(back_office)


def row(page, name):
    return page.get_by_role("treegrid", name="Menus").locator("tr").filter(
        has=page.get_by_role("link", name=name, exact=True)
    )  # fmt: skip


def branch(page):
    """Names and levels in our branch, as far as they are in sight."""
    rows = page.locator("tr[data-menu]:visible").evaluate_all(
        "rows => rows.map(row => [row.dataset.menu, row.cells[0].querySelector('a').textContent,"
        " Number(row.getAttribute('aria-level'))])"
    )
    return [(name, level) for menu, name, level in rows if menu.startswith("90")]


def said(page, words):
    expect(page.get_by_role("status").filter(has_text=words)).to_be_visible()


def drag(page, name, onto, *, part):
    """Drag by the handle, and let go over this part (0 top, 1 bottom) of the other row."""
    target = row(page, onto)
    height = target.bounding_box()["height"]
    row(page, name).locator("[draggable]").drag_to(target, target_position={"x": 150, "y": height * part})


def edit_by_drag(tree):
    drag(tree, "Berths", "Cargo", part=0.1)
    said(tree, "“Berths” stands below “Harbour” now, as number 1 of 3.")
    assert branch(tree)[:3] == [("Harbour", 1), ("Berths", 2), ("Cargo", 2)]

    drag(tree, "Cargo", "Ferries", part=0.5)
    said(tree, "“Cargo” stands below “Ferries” now, as number 2 of 2.")
    tree.get_by_role("button", name="Undo").click()
    said(tree, "“Cargo” stands below “Harbour” now, as number 2 of 3.")

    # Its own branch does not take it, and the server is not even asked.
    asked = []
    tree.on("request", lambda request: asked.append(request.method))
    drag(tree, "Ferries", "Timetable", part=0.5)
    assert asked == []
    assert branch(tree) == [("Harbour", 1), ("Berths", 2), ("Cargo", 2), ("Ferries", 2), ("Timetable", 3)]


def edit_by_keys(tree):
    keys = tree.keyboard
    row(tree, "Ferries").focus()
    keys.press("ArrowLeft")
    assert ("Timetable", 3) not in branch(tree)
    tree.reload()
    expect(row(tree, "Timetable")).to_be_hidden()
    row(tree, "Ferries").focus()
    keys.press("ArrowRight")
    keys.press("ArrowRight")
    expect(row(tree, "Timetable")).to_be_focused()
    keys.press("Alt+ArrowLeft")
    said(tree, "“Timetable” stands below “Harbour” now")
    expect(row(tree, "Timetable")).to_be_focused()
    keys.press("Alt+ArrowUp")
    said(tree, "as number 3 of 4.")
    keys.press("Alt+ArrowRight")
    said(tree, "“Timetable” stands below")
    expect(row(tree, "Timetable")).to_be_focused()
    expect(row(tree, "Timetable")).to_have_attribute("aria-level", "3")
    keys.press("?")
    expect(tree.get_by_role("heading", name="Keys in the tree")).to_be_visible()
    keys.press("Escape")
    expect(tree.get_by_role("heading", name="Keys in the tree")).to_be_hidden()


def close_and_open_again(tree):
    tree.get_by_role("link", name="Close: Harbour").click()
    tree.get_by_role("button", name="Close now").click()
    banner = tree.get_by_text("“Harbour” and all below it: 5 menus are closed.")
    expect(banner).to_be_visible()
    expect(row(tree, "Timetable")).to_contain_text("Closed")
    tree.get_by_role("button", name="Open again: Harbour").click()
    expect(banner).to_have_count(0)
    expect(row(tree, "Timetable")).to_contain_text("Open")


def delete(tree):
    tree.get_by_role("link", name="Delete: Harbour").click()
    tree.get_by_role("button", name="Delete").click()
    expect(tree.get_by_text("“Harbour” is deleted, 5 menus in all.")).to_be_visible()
    expect(row(tree, "Timetable")).to_have_count(0)

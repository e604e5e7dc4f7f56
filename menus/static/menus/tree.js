/* The tree of menus by mouse and by keys: folding, walking (the ARIA treegrid pattern), and moving.
 *
 * The server draws the rows and judges every move; after one, its rows are taken over. What is folded stays in this
 * browser. Without this script the table is whole, and “Move” in each row asks where to.
 */
"use strict";

(() => {
    const FOLDED = "menus.folded";
    const box = document.getElementById("menu-tree");
    const table = box?.querySelector("table");
    if (!table) return;
    const words = box.dataset;
    const said = document.getElementById("menu-said");
    const refused = document.getElementById("menu-refused");
    const foot = table.tFoot;
    const isNarrowed = "narrowed" in box.dataset;
    const token = document.querySelector("input[name=csrfmiddlewaretoken]")?.value;
    const mayMove = Boolean(foot);
    let folded = new Set();
    let current = null;

    const rows = () => [...table.tBodies[0].rows];
    const seen = () => rows().filter(row => !row.hidden);
    const levelOf = row => Number(row.dataset.level);
    const isFolded = row => row.getAttribute("aria-expanded") === "false";
    const isParent = row => "parent" in row.dataset;
    const nameOf = row => row.cells[0].querySelector("a").textContent;

    function parentOf(row) {
        let above = row.previousElementSibling;
        while (above && levelOf(above) >= levelOf(row)) above = above.previousElementSibling;
        return above;
    }

    function branchOf(row) {
        const branch = [row];
        for (let next = row.nextElementSibling; next && levelOf(next) > levelOf(row); next = next.nextElementSibling) {
            branch.push(next);
        }
        return branch;
    }

    function siblingBefore(row) {
        let before = row.previousElementSibling;
        while (before && levelOf(before) > levelOf(row)) before = before.previousElementSibling;
        return before && levelOf(before) === levelOf(row) ? before : null;
    }

    function siblingAfter(row) {
        const after = branchOf(row).at(-1).nextElementSibling;
        return after && levelOf(after) === levelOf(row) ? after : null;
    }

    // Folding.

    function load() {
        try {
            return JSON.parse(localStorage.getItem(FOLDED));
        } catch {
            return null;
        }
    }

    function keep() {
        if (isNarrowed) return;
        try {
            localStorage.setItem(FOLDED, JSON.stringify([...folded]));
        } catch {
            // A browser that keeps nothing forgets what was folded.
        }
    }

    function draw() {
        let below = Infinity;
        for (const row of rows()) {
            const level = levelOf(row);
            row.hidden = level > below;
            if (row.hidden) continue;
            const closed = isParent(row) && folded.has(row.dataset.menu);
            if (isParent(row)) row.setAttribute("aria-expanded", String(!closed));
            below = closed ? level : Infinity;
        }
        if (current?.hidden) {
            let above = current;
            while (above?.hidden) above = parentOf(above);
            walkTo(above, false);
        }
    }

    function fold(row, closed) {
        if (!isParent(row) || isFolded(row) === closed) return;
        folded[closed ? "add" : "delete"](row.dataset.menu);
        keep();
        draw();
    }

    function foldAll(closed) {
        folded = new Set(closed ? rows().filter(isParent).map(row => row.dataset.menu) : []);
        keep();
        draw();
    }

    function show(row) {
        for (let above = parentOf(row); above; above = parentOf(above)) folded.delete(above.dataset.menu);
        keep();
        draw();
    }

    // Walking. One row at a time can be reached by Tab, and from it the links and buttons in it.

    function walkTo(row, focus = true) {
        if (!row) return;
        if (current) setReach(current, false);
        current = row;
        setReach(row, true);
        if (focus) row.focus();
    }

    function setReach(row, on) {
        row.tabIndex = on ? 0 : -1;
        for (const one of row.querySelectorAll("a, td:last-child button")) {
            if (on) one.removeAttribute("tabindex");
            else one.tabIndex = -1;
        }
    }

    function dress() {
        table.setAttribute("role", "treegrid");
        for (const part of [table.tHead, table.tBodies[0], foot]) part?.setAttribute("role", "rowgroup");
        table.tHead.rows[0].setAttribute("role", "row");
        for (const cell of table.tHead.rows[0].cells) cell.setAttribute("role", "columnheader");
        const counts = new Map();
        const way = [];
        for (const row of rows()) {
            const level = levelOf(row);
            const above = level > 1 ? way[level - 2] : null;
            way[level - 1] = row;
            way.length = level;
            const place = (counts.get(above) ?? 0) + 1;
            counts.set(above, place);
            row.setAttribute("role", "row");
            row.setAttribute("aria-level", level);
            row.setAttribute("aria-posinset", place);
            row.dataset.above = above?.dataset.menu ?? "";
            for (const cell of row.cells) cell.setAttribute("role", "gridcell");
            setReach(row, false);
        }
        const sizes = new Map([...counts].map(([above, count]) => [above?.dataset.menu ?? "", count]));
        for (const row of rows()) row.setAttribute("aria-setsize", sizes.get(row.dataset.above));
        for (const one of document.querySelectorAll(".tree-scripted")) one.hidden = false;
    }

    // Wherever the reader is: the help may have been opened by the mouse.
    function closeHelp(event) {
        const help = box.querySelector(".tree-help[open]");
        if (!help || event.key !== "Escape") return;
        help.open = false;
        if (help.contains(event.target)) help.querySelector("summary").focus();
    }

    function press(event) {
        const row = event.target.closest("tr[data-menu]");
        if (!row || event.ctrlKey || event.metaKey) return;
        if (event.altKey) {
            if (mayMove && MOVES[event.key]) {
                event.preventDefault();
                MOVES[event.key](row);
            }
            return;
        }
        if (event.key === "Escape" && event.target !== row) {
            walkTo(row);
            return;
        }
        if (event.key === "?") {
            const help = box.querySelector(".tree-help");
            help.open = !help.open;
            event.preventDefault();
            return;
        }
        if (event.target !== row || !KEYS[event.key]) return;
        event.preventDefault();
        KEYS[event.key](row, seen());
    }

    const KEYS = {
        ArrowDown: (row, all) => walkTo(all[all.indexOf(row) + 1]),
        ArrowUp: (row, all) => walkTo(all[all.indexOf(row) - 1]),
        Home: (row, all) => walkTo(all[0]),
        End: (row, all) => walkTo(all.at(-1)),
        Enter: row => row.cells[0].querySelector("a").click(),
        ArrowRight: row => {
            if (isParent(row) && isFolded(row)) fold(row, false);
            else if (isParent(row)) walkTo(row.nextElementSibling);
        },
        ArrowLeft: row => {
            if (isParent(row) && !isFolded(row)) fold(row, true);
            else walkTo(parentOf(row));
        },
    };

    // Moving.

    const MOVES = {
        ArrowUp: row => {
            const before = siblingBefore(row);
            if (before) move(row, "before", before);
            else tell(words.first);
        },
        ArrowDown: row => {
            const after = siblingAfter(row);
            if (after) move(row, "after", after);
            else tell(words.last);
        },
        ArrowRight: row => {
            const before = siblingBefore(row);
            if (before) move(row, "last", before);
            else tell(words.noParent);
        },
        ArrowLeft: row => {
            const above = parentOf(row);
            if (above) move(row, "after", above);
            else tell(words.atTop);
        },
    };

    function tell(text, undo) {
        refused.hidden = true;
        said.textContent = text;
        if (!undo) return;
        const button = document.createElement("button");
        button.type = "button";
        button.textContent = words.undo;
        button.addEventListener("click", undo);
        said.append(button);
    }

    function refuse(text) {
        said.textContent = "";
        refused.textContent = text;
        refused.hidden = false;
        refused.scrollIntoView({ block: "nearest" });
    }

    /** Move `row` to `where`, as seen from the row `other` (none: the top), and offer to undo it. */
    async function move(row, where, other, canUndo = true) {
        if (table.getAttribute("aria-busy") === "true") return;
        const id = row.dataset.menu;
        const after = siblingAfter(row);
        const above = parentOf(row);
        const back = after ? ["before", after.dataset.menu] : ["last", above?.dataset.menu ?? ""];
        const text = await send(id, where, other?.dataset.menu ?? "");
        if (text === null) return;
        tell(text, canUndo ? () => {
            const moved = document.getElementById(`menu-${id}`);
            if (moved) move(moved, back[0], back[1] ? document.getElementById(`menu-${back[1]}`) : null, false);
        } : null);
    }

    async function send(id, where, other) {
        table.setAttribute("aria-busy", "true");
        tell(words.moving);
        try {
            const answer = await fetch(`${location.pathname}${id}/move/`, {
                method: "POST",
                headers: { Accept: "application/json", "X-CSRFToken": token },
                body: new URLSearchParams({ where, other }),
            });
            if (answer.redirected) {
                location.reload();
                return null;
            }
            const isJson = answer.headers.get("Content-Type")?.startsWith("application/json");
            if (!answer.ok) {
                refuse(isJson ? (await answer.json()).message : words.refused);
                return null;
            }
            const text = (await answer.json()).message;
            await renew(id);
            return text;
        } catch {
            refuse(words.noAnswer);
            return null;
        } finally {
            table.removeAttribute("aria-busy");
        }
    }

    /** The rows are those that the server has now; the menu with this id is in sight, and has the focus. */
    async function renew(id) {
        const page = await (await fetch(location.href)).text();
        const fresh = new DOMParser().parseFromString(page, "text/html");
        const body = fresh.querySelector("#menu-tree tbody");
        if (!body) return;
        table.tBodies[0].replaceWith(document.adoptNode(body));
        current = null;
        dress();
        draw();
        const row = document.getElementById(`menu-${id}`) ?? rows()[0];
        show(row);
        walkTo(row);
        row.scrollIntoView({ block: "nearest" });
    }

    // Dragging, by the handle.

    let dragged = null;
    let opening = null;

    function begin(event) {
        const handle = event.target.closest?.(".tree-handle");
        if (!handle) return;
        dragged = handle.closest("tr");
        event.dataTransfer.effectAllowed = "move";
        event.dataTransfer.setData("text/plain", nameOf(dragged));
        event.dataTransfer.setDragImage(dragged, 16, 16);
        // What changes at once would change the picture that is dragged, and end the dragging in Chromium.
        setTimeout(() => {
            if (!dragged) return;
            for (const row of branchOf(dragged)) row.dataset.dragged = "";
            foot.hidden = false;
        });
    }

    function end() {
        for (const row of table.querySelectorAll("[data-dragged]")) delete row.dataset.dragged;
        if (foot) foot.hidden = true;
        dragged = null;
        unmark();
    }

    function unmark() {
        clearTimeout(opening?.timer);
        opening = null;
        for (const row of table.querySelectorAll("[data-drop]")) delete row.dataset.drop;
    }

    /** Where what is dragged would come to stand: [row, where], or null where it cannot. */
    function placeAt(event) {
        const row = event.target.closest?.("tr[data-menu], tr[data-end]");
        if (!dragged || !row) return null;
        if ("end" in row.dataset) return [row, "last"];
        if ("dragged" in row.dataset || "deleted" in row.dataset) return null;
        const { top, height } = row.getBoundingClientRect();
        const part = (event.clientY - top) / height;
        if (part < 0.3) return [row, "before"];
        if (part > 0.7) return [row, isParent(row) && !isFolded(row) ? "first" : "after"];
        return [row, "last"];
    }

    function over(event) {
        const place = placeAt(event);
        const [row, where] = place ?? [];
        if (opening && opening.row !== row) unmark();
        for (const one of table.querySelectorAll("[data-drop]")) if (one !== row) delete one.dataset.drop;
        if (!place) return;
        event.preventDefault();
        event.dataTransfer.dropEffect = "move";
        row.dataset.drop = where;
        if (where === "last" && isParent(row) && isFolded(row) && !opening) {
            opening = { row, timer: setTimeout(() => fold(row, false), 700) };
        }
    }

    function drop(event) {
        const place = placeAt(event);
        const row = dragged;
        if (!place || !row) return;
        event.preventDefault();
        end();
        move(row, place[1], "end" in place[0].dataset ? null : place[0]);
    }

    // The whole.

    const kept = load();
    if (isNarrowed) folded = new Set();
    else if (Array.isArray(kept)) folded = new Set(kept);
    else if (rows().length > Number(words.foldBeyond)) {
        folded = new Set(rows().filter(row => isParent(row) && levelOf(row) > 1).map(row => row.dataset.menu));
    }
    dress();
    draw();
    const wanted = location.hash.startsWith("#menu-") ? document.getElementById(location.hash.slice(1)) : null;
    if (wanted && rows().includes(wanted)) {
        show(wanted);
        walkTo(wanted);
        wanted.scrollIntoView({ block: "nearest" });
    } else {
        walkTo(seen()[0], false);
    }

    document.addEventListener("keydown", closeHelp);
    table.addEventListener("keydown", press);
    table.addEventListener("focusin", event => {
        const row = event.target.closest("tr[data-menu]");
        if (row && row !== current) walkTo(row, false);
    });
    table.addEventListener("click", event => {
        const button = event.target.closest(".tree-fold");
        if (!button) return;
        const row = button.closest("tr");
        fold(row, !isFolded(row));
        walkTo(row);
    });
    for (const button of box.querySelectorAll("[data-tool]")) {
        button.addEventListener("click", () => foldAll(button.dataset.tool === "fold"));
    }
    if (mayMove) {
        table.addEventListener("dragstart", begin);
        table.addEventListener("dragover", over);
        table.addEventListener("drop", drop);
        table.addEventListener("dragend", end);
    }
})();

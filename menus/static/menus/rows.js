/* Rows of a formset that have an order: added, removed and moved by drag, by buttons, and told to those who listen. */
"use strict";
{
    const start = part => {
        part.closest("form")?.classList.add("menu-scripted");
        const prefix = part.dataset.prefix;
        const list = part.querySelector("[data-rows-list]");
        const total = part.querySelector(`[name="${prefix}-TOTAL_FORMS"]`);
        const empty = part.querySelector("[data-empty-row]");
        const announce = part.querySelector("[data-announce]");

        /* The empty rows at the end serve where no script runs. */
        for (const spare of list.querySelectorAll(":scope > [data-spare]")) {
            spare.remove();
            total.value = Number(total.value) - 1;
        }

        const number = () => {
            [...list.children].forEach((row, place) => {
                const position = row.querySelector(`[name^="${prefix}-"][name$="-position"]`);
                if (position.value !== String(place)) {
                    position.value = place;
                    position.dispatchEvent(new Event("change", { bubbles: true }));
                }
            });
        };

        const add = () => {
            const index = Number(total.value);
            const holder = document.createElement("ol");
            holder.innerHTML = empty.innerHTML.replaceAll("__prefix__", index);
            const row = holder.firstElementChild;
            delete row.dataset.spare;
            list.append(row);
            total.value = index + 1;
            number();
            /* The admin's own pickers listen to this. */
            row.dispatchEvent(new CustomEvent("formset:added", { bubbles: true, detail: { formsetName: prefix } }));
            row.querySelector("input:not([type=hidden]), select")?.focus();
        };

        const move = (row, by) => {
            const other = by < 0 ? row.previousElementSibling : row.nextElementSibling;
            if (!other) return;
            if (by < 0) other.before(row);
            else other.after(row);
            number();
            announce.textContent = part.dataset.moved.replace("%(place)s", [...list.children].indexOf(row) + 1);
        };

        const remove = (row, gone) => {
            const box = row.querySelector(`[name^="${prefix}-"][name$="-DELETE"]`);
            if (box) {
                box.checked = gone;
                box.dispatchEvent(new Event("change", { bubbles: true }));
            }
            row.classList.toggle("removed", gone);
            row.querySelector(gone ? "[data-restore-row]" : "[data-remove-row]").focus();
        };

        part.addEventListener("click", event => {
            const button = event.target.closest("button");
            if (!button) return;
            const row = button.closest("[data-formset-row]");
            if ("addRow" in button.dataset) add();
            else if ("up" in button.dataset || "down" in button.dataset) {
                move(row, "up" in button.dataset ? -1 : 1);
                button.focus();
            } else if ("removeRow" in button.dataset) remove(row, true);
            else if ("restoreRow" in button.dataset) remove(row, false);
        });

        let dragged = null;
        list.addEventListener("dragstart", event => {
            if (!event.target.matches?.("[data-handle]")) return;
            dragged = event.target.closest("[data-formset-row]");
            dragged.classList.add("dragged");
            event.dataTransfer.effectAllowed = "move";
            event.dataTransfer.setData("text/plain", "");
            event.dataTransfer.setDragImage(dragged, 0, 0);
        });
        list.addEventListener("dragover", event => {
            const over = event.target.closest("[data-formset-row]");
            if (!dragged) return;
            event.preventDefault();
            if (!over || over === dragged) return;
            const { top, height } = over.getBoundingClientRect();
            if (event.clientY < top + height / 2) over.before(dragged);
            else over.after(dragged);
        });
        list.addEventListener("drop", event => dragged && event.preventDefault());
        list.addEventListener("dragend", () => {
            dragged?.classList.remove("dragged");
            dragged = null;
            number();
        });
    };

    document.addEventListener("DOMContentLoaded", () => {
        document.querySelectorAll("[data-ordered-rows]").forEach(start);
    });
}

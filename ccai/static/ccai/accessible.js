// Names for what Django's and Unfold's own widgets leave without one, for people who listen to pages.
"use strict";

(() => {
    const labelOf = field => field?.labels?.[0]?.textContent.trim() || field?.getAttribute("aria-label") || headingOf(field);

    // A field in a table is called what its column is called.
    const headingOf = field => {
        const cell = field?.closest("td");
        const head = cell?.closest("table")?.querySelector("thead tr");
        return head?.children[cell.cellIndex]?.textContent.trim() ?? "";
    };

    const nameSelect2 = container => {
        const select = container.previousElementSibling;
        const name = labelOf(select);
        if (!name) return;
        for (const part of container.querySelectorAll("[role=combobox], [role=searchbox], [role=textbox]")) {
            part.setAttribute("aria-label", name);
            part.removeAttribute("aria-labelledby");
        }
        // What is chosen and the field to search by make no list to those who listen.
        const chosen = container.querySelector("ul.select2-selection__rendered");
        chosen?.setAttribute("role", "group");
        chosen?.querySelectorAll("li").forEach(item => item.setAttribute("role", "none"));
        // What is chosen is read out with the name.
        const shown = container.querySelector("[role=textbox]")?.textContent.trim();
        if (shown) container.querySelector("[role=combobox]")?.setAttribute("aria-label", `${name}: ${shown}`);
    };

    const name = root => {
        root.querySelectorAll(".select2-container").forEach(nameSelect2);
        for (const field of root.querySelectorAll("td input:not([type=hidden]), td select, td textarea")) {
            if (!field.labels?.length && !field.hasAttribute("aria-label") && headingOf(field)) {
                field.setAttribute("aria-label", headingOf(field));
            }
        }
        for (const help of root.querySelectorAll("span.help-tooltip[aria-label]")) help.setAttribute("role", "img");
    };

    document.addEventListener("DOMContentLoaded", () => {
        name(document);
        let planned = false;
        const later = () => {
            if (planned) return;
            planned = true;
            requestAnimationFrame(() => {
                planned = false;
                name(document);
            });
        };
        new MutationObserver(later).observe(document.body, { childList: true, subtree: true });
    });
})();

/* Opening hours: rows are added, removed and copied, and the next 14 days are shown as they are being written. */
"use strict";
{
    const SPELLING = /^\s*(\d{1,2})(?:[:.h]?(\d\d))?\s*[-–—]\s*(\d{1,2})(?:[:.h]?(\d\d))?\s*$/;
    const WAIT = 400;

    /* A period as the server writes it, where the text can only mean that. The server has the last word. */
    const tidied = text => {
        const match = SPELLING.exec(text);
        if (!match) return null;
        const [opens, closes] = [[match[1], match[2]], [match[3], match[4]]]
            .map(([hour, minute]) => `${hour.padStart(2, "0")}:${minute ?? "00"}`);
        if (opens >= "24:00" || closes > "24:00" || opens === closes) return null;
        if ((!match[2] || !match[4]) && closes < opens) return null;
        return { text: `${opens}–${closes}`, pastMidnight: closes < opens && closes !== "00:00" };
    };

    const rowsOf = list => [...list.querySelectorAll(":scope > [data-row], :scope > .hours-periods > [data-row]")]
        .filter(row => !("spare" in row.dataset));

    const start = fields => {
        fields.closest("form")?.classList.add("menu-scripted");
        const form = fields.closest("form");
        const preview = document.querySelector("[data-hours-preview]");
        const spares = new Map();
        for (const spare of fields.querySelectorAll("[data-spare]")) {
            spares.set(spare.closest("[data-rows]"), spare);
            const template = spare.cloneNode(true);
            delete template.dataset.spare;
            spares.set(spare.closest("[data-rows]"), template);
            spare.remove();
        }

        const show = list => {
            const none = list.querySelector("[data-none]");
            if (none) none.hidden = rowsOf(list).length > 0;
        };

        const add = (list, text = "") => {
            const row = spares.get(list).cloneNode(true);
            const button = list.querySelector("[data-add]");
            button.before(row);
            const input = row.querySelector("input");
            if (text) {
                input.value = text;
                note(input);
            }
            show(list);
            return input;
        };

        const note = input => {
            const until = input.closest("[data-row]").querySelector("[data-until]");
            if (!until) return;
            const period = tidied(input.value);
            const day = input.closest("[data-rows]").dataset.next;
            until.textContent = period?.pastMidnight ? fields.dataset.nextDay.replace("%(day)s", day) : "";
        };

        const changed = () => fields.dispatchEvent(new Event("change", { bubbles: true }));

        const verbs = {
            add: (list, button) => {
                add(list).focus();
            },
            remove: (list, button) => {
                button.closest("[data-row]").remove();
                show(list);
                list.querySelector("[data-add]").focus();
                changed();
            },
            clear: list => {
                rowsOf(list).forEach(row => row.remove());
                show(list);
                changed();
            },
            copy: list => {
                const texts = rowsOf(list).map(row => row.querySelector("input").value).filter(text => text.trim());
                const next = list.nextElementSibling;
                rowsOf(next).forEach(row => row.remove());
                texts.forEach(text => add(next, text));
                show(next);
                /* So that pressing it again copies on to the day after. */
                (next.querySelector("[data-copy]") ?? next.querySelector("[data-add]")).focus();
                changed();
            },
        };

        fields.addEventListener("click", event => {
            const button = event.target.closest("button");
            if (!button) return;
            const verb = Object.keys(verbs).find(one => one in button.dataset);
            if (verb) verbs[verb](button.closest("[data-rows]"), button);
        });

        fields.addEventListener("change", event => {
            if (event.target.matches?.("[data-period]")) {
                const texts = event.target.value.split(/\s*[,;]\s*/);
                event.target.value = texts.map(text => tidied(text)?.text ?? text).join(", ");
                note(event.target);
            }
        });

        if (!preview) return;
        let timer = 0;
        let asked = 0;
        const ask = async () => {
            const number = ++asked;
            const sent = new FormData();
            for (const [name, value] of new FormData(form)) {
                if (name.startsWith("hours-") || name === "csrfmiddlewaretoken") sent.append(name, value);
            }
            preview.setAttribute("aria-busy", "true");
            try {
                const response = await fetch(preview.dataset.url, { method: "POST", body: sent });
                const text = await response.text();
                /* An answer that comes late says nothing about what is written by now. */
                if (number === asked && response.ok) preview.innerHTML = text;
            } finally {
                if (number === asked) preview.removeAttribute("aria-busy");
            }
        };
        const soon = () => {
            clearTimeout(timer);
            timer = setTimeout(ask, WAIT);
        };
        fields.addEventListener("input", soon);
        fields.addEventListener("change", soon);
        if (fields.querySelector(".hours-fault")) ask();
    };

    document.addEventListener("DOMContentLoaded", () => document.querySelectorAll("[data-hours]").forEach(start));
}

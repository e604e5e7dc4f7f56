"use strict";
// The history's page: keys, short addresses, and how far an export is. Without this file the page works as well.
{
    const page = document.getElementById("history");
    const ask = document.getElementById("ask");

    // An address says what is asked for, and not what is not.
    const usual = [...page.querySelectorAll("[name=columns]:checked")].map(box => box.value).join();
    const saysColumns = new URLSearchParams(location.search).has("columns");
    ask.addEventListener("submit", () => {
        const columns = [...ask.querySelectorAll("[name=columns]")];
        const chosen = columns.filter(box => box.checked).map(box => box.value).join();
        const silent = [...ask.elements].filter(one => one.name && !one.value);
        if (!saysColumns && chosen === usual) silent.push(...columns);
        if (ask.elements.per.value === "50") silent.push(ask.elements.per);
        silent.forEach(one => { one.disabled = true; });
        setTimeout(() => silent.forEach(one => { one.disabled = false; }));
    });

    // A span of time and days of one's own exclude each other.
    const days = [ask.elements.since, ask.elements.until];
    ask.elements.span.addEventListener("change", event => {
        if (event.target.value) days.forEach(day => { day.value = ""; });
    });
    days.forEach(day => day.addEventListener("change", () => {
        if (day.value) ask.elements.span.value = "";
    }));

    // One fold is open at a time, and closes by Escape or a click beside it.
    const folds = [...page.querySelectorAll(".fold")];
    const close = except => folds.forEach(fold => { if (fold !== except) fold.open = false; });
    folds.forEach(fold => fold.addEventListener("toggle", () => {
        if (!fold.open) return;
        close(fold);
        fold.querySelector("input:not([type=hidden]), select")?.focus();
    }));
    document.addEventListener("click", event => {
        if (event.target.isConnected && !event.target.closest(".fold, .select2-container")) close();
    });

    const links = [...page.querySelectorAll("#calls .open")];
    page.querySelector("#calls tbody")?.addEventListener("click", event => {
        if (event.target.closest("a") || !getSelection().isCollapsed) return;
        const link = event.target.closest("tr")?.querySelector(".open");
        if (link && (event.ctrlKey || event.metaKey)) open(link.href);
        else link?.click();
    });
    document.addEventListener("keydown", event => {
        if (event.key === "Escape") {
            const fold = folds.find(one => one.open);
            close();
            fold?.querySelector("summary").focus();
        }
        if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea, dialog")) return;
        const here = links.findIndex(link => link.closest("tr").contains(document.activeElement));
        const step = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1 }[event.key];
        if (event.key === "/") {
            event.preventDefault();
            ask.elements.q.select();
        } else if (step && links.length && (here >= 0 || event.key.length === 1)) {
            event.preventDefault();
            links[here < 0 ? 0 : Math.min(Math.max(here + step, 0), links.length - 1)].focus();
        }
    });

    // The browser downloads the file; how far it is the server is asked by the name that the export is given here.
    const form = document.getElementById("export-form");
    const bar = document.getElementById("exporting");
    const share = document.getElementById("export-share");
    const said = document.getElementById("export-said");
    const ASKED_EVERY = 500, SHOWN_AFTER = 2000, GIVEN_UP_AFTER = 15000;
    let current = "";

    const watch = async (name, began) => {
        let told = {}, changed = Date.now(), last = "";
        while (current === name) {
            await new Promise(resolve => setTimeout(resolve, ASKED_EVERY));
            try {
                const answer = await fetch(`${form.dataset.progress}?id=${name}`);
                told = answer.ok ? await answer.json() : {};
            } catch {
                told = {};
            }
            if (current !== name) return;
            const text = JSON.stringify(told);
            if (text !== last) [changed, last] = [Date.now(), text];
            if (told.state && told.state !== "running") break;
            if (Date.now() - changed > GIVEN_UP_AFTER) break;
            if (Date.now() - began < SHOWN_AFTER) continue;
            bar.hidden = false;
            share.value = told.share ?? 0;
            said.textContent = `${(told.rows ?? 0).toLocaleString()} ${bar.dataset.running}`;
        }
        const rows = (told.rows ?? 0).toLocaleString();
        const endings = {
            done: `${bar.dataset.done} ${rows}`, stopped: `${bar.dataset.stopped} ${rows}`, failed: bar.dataset.failed,
        };
        bar.hidden = false;
        share.hidden = true;
        said.textContent = endings[told.state] ?? bar.dataset.silent;
    };

    form?.addEventListener("submit", () => {
        form.querySelector("[name=id]")?.remove();
        const numbers = crypto.getRandomValues(new Uint8Array(16));
        current = [...numbers].map(number => number.toString(16).padStart(2, "0")).join("");
        const field = Object.assign(document.createElement("input"), { type: "hidden", name: "id", value: current });
        form.append(field);
        bar.hidden = true;
        share.hidden = false;
        share.value = 0;
        close();
        watch(current, Date.now());
    });
}

/* The list of agents keeps its statuses up to date; a page of a day says what a bar is. */
"use strict";

document.addEventListener("DOMContentLoaded", () => {
    const PAUSE = 5000;
    const tools = document.querySelector("[data-live-url]");
    const cells = (kind) => [...document.querySelectorAll(`[data-${kind}]`)];
    let failures = 0;

    async function look() {
        if (document.hidden) {
            return;
        }
        const ids = cells("doing").map((cell) => cell.dataset.doing);
        if (!ids.length) {
            return;
        }
        try {
            const answer = await fetch(`${tools.dataset.liveUrl}?ids=${ids.join(",")}`, {
                headers: { Accept: "application/json" },
                signal: AbortSignal.timeout(PAUSE),
            });
            if (!answer.ok || answer.redirected) {
                throw new Error(answer.status);
            }
            const { agents } = await answer.json();
            for (const kind of ["doing", "since"]) {
                for (const cell of cells(kind)) {
                    const drawn = (agents[cell.dataset[kind]] || {})[kind];
                    if (drawn !== undefined && cell.dataset.drawn !== drawn) {
                        cell.innerHTML = drawn;
                        cell.dataset.drawn = drawn;
                    }
                }
            }
            failures = 0;
        } catch {
            failures += 1;
        }
        // One answer that is lost is made good by the next.
        const stale = failures > 1;
        document.documentElement.toggleAttribute("data-stale", stale);
        tools.querySelector("[data-stale-note]").hidden = !stale;
    }

    async function keepLooking() {
        await look();
        setTimeout(keepLooking, PAUSE);
    }

    if (tools) {
        setTimeout(keepLooking, PAUSE);
        document.addEventListener("visibilitychange", look);
    }

    // Where there is no room for the whole day, it begins where something happens.
    const day = document.querySelector("[data-begins]");
    if (day) {
        const lane = day.querySelector(".ag-lane");
        day.scrollLeft = lane.offsetWidth * day.dataset.begins / 100 - 8;
    }

    const said = document.querySelector("[data-said]");
    if (said) {
        const nothing = said.textContent;
        for (const bar of document.querySelectorAll("[data-bar]")) {
            const say = () => {
                said.textContent = bar.getAttribute("aria-label");
            };
            bar.addEventListener("mouseenter", say);
            bar.addEventListener("focus", say);
            bar.addEventListener("mouseleave", () => {
                said.textContent = nothing;
            });
        }
    }
});

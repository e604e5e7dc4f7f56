// The page of a call: reads out the bar under the pointer or the focus, and reads a live call anew.
"use strict";

(() => {
    const holder = document.getElementById("call-live");
    const seconds = Number(holder.dataset.refresh);

    function readOut(event) {
        const bar = event.target.closest(".call-bar");
        if (bar) {
            document.getElementById("call-read-out").textContent = bar.title;
        }
    }
    holder.addEventListener("mouseover", readOut);
    holder.addEventListener("focusin", readOut);

    for (const fold of document.querySelectorAll(".call-verb")) {
        fold.addEventListener("toggle", () => {
            if (fold.open) {
                fold.querySelector("input:not([type=hidden]), button").focus();
            }
        });
    }

    function tellStale() {
        const line = holder.querySelector(".call-stale");
        line.textContent = holder.dataset.stale;
        line.hidden = false;
    }

    function tellLoggedOut() {
        const line = holder.querySelector(".call-stale");
        const link = document.createElement("a");
        link.href = holder.dataset.login;
        link.textContent = link.pathname;
        const [before, after] = holder.dataset.loggedOut.split("%s");
        line.replaceChildren(before, link, after);
        line.hidden = false;
    }

    // What has the focus, or is read out, is so afterwards, too.
    function put(html) {
        const focused = document.activeElement && holder.contains(document.activeElement) && document.activeElement.id;
        const readOut = document.getElementById("call-read-out")?.textContent;
        const scrolled = [...holder.querySelectorAll(".call-scroll")].map((one) => one.scrollLeft);
        holder.innerHTML = html;
        if (readOut && document.getElementById("call-read-out")) {
            document.getElementById("call-read-out").textContent = readOut;
        }
        [...holder.querySelectorAll(".call-scroll")].forEach((one, index) => { one.scrollLeft = scrolled[index] || 0; });
        if (focused) {
            document.getElementById(focused)?.focus({ preventScroll: true });
        }
    }

    async function readAnew() {
        if (document.hidden) {
            return setTimeout(readAnew, seconds * 1000);
        }
        const before = document.getElementById("call-part").dataset;
        try {
            const response = await fetch(holder.dataset.address, { redirect: "manual" });
            if (response.type === "opaqueredirect" || response.status === 403) {
                tellLoggedOut();
                return undefined;
            }
            if (!response.ok) {
                throw new Error(response.status);
            }
            const html = await response.text();
            const part = new DOMParser().parseFromString(html, "text/html").getElementById("call-part");
            const wasScheduled = before.status === "scheduled";
            // Other buttons belong to a call that is over, or no longer scheduled, unless somebody is just writing.
            if ((!part.dataset.live || wasScheduled !== (part.dataset.status === "scheduled"))
                && !document.querySelector(".call-verb[open]")) {
                return location.reload();
            }
            put(html);
            if (!part.dataset.live) {
                return undefined;
            }
        } catch {
            tellStale();
        }
        return setTimeout(readAnew, seconds * 1000);
    }

    if (seconds) {
        setTimeout(readAnew, seconds * 1000);
    }
})();

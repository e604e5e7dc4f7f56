// Keeps a wallboard up to date, says when it is cut off, and fills the screen at the key f.
"use strict";

(() => {
    const EVERY = 2000; // ms
    const PATIENCE = 5000; // ms
    const body = document.body;
    const board = document.getElementById("board");
    const warning = document.querySelector(".cut-off");
    let lastClock = document.getElementById("at").textContent;

    function isCutOff() {
        const text = body.dataset.cutOff.replace("%s", lastClock);
        // An alert that is written again is read out again.
        if (warning.textContent !== text) {
            warning.textContent = text;
        }
        warning.hidden = false;
        body.classList.add("stale");
    }

    function isLoggedOut() {
        const link = document.createElement("a");
        link.href = body.dataset.login;
        link.textContent = body.dataset.login.split("?")[0];
        const [before, after] = body.dataset.loggedOut.split("%s");
        if (warning.textContent !== before + link.textContent + after) {
            warning.replaceChildren(before, link, after);
        }
        warning.hidden = false;
        body.classList.add("stale");
    }

    async function ask() {
        try {
            const response = await fetch(body.dataset.parts, {
                signal: AbortSignal.timeout(PATIENCE),
                redirect: "manual",
                headers: { "X-Requested-With": "fetch" },
            });
            if (response.type === "opaqueredirect" || response.status === 403) {
                isLoggedOut();
            } else if (response.ok) {
                board.innerHTML = await response.text();
                lastClock = document.getElementById("at").textContent;
                warning.hidden = true;
                body.classList.remove("stale");
            } else {
                isCutOff();
            }
        } catch {
            isCutOff();
        }
        setTimeout(ask, EVERY);
    }

    function fill() {
        if (document.fullscreenElement) document.exitFullscreen();
        else document.documentElement.requestFullscreen().catch(() => {});
    }

    const button = document.getElementById("full");
    button.hidden = !document.fullscreenEnabled;
    button.addEventListener("click", fill);
    document.addEventListener("keydown", (event) => {
        if (event.key === "f" && !event.ctrlKey && !event.metaKey && !event.altKey) fill();
    });
    setTimeout(ask, EVERY);
})();

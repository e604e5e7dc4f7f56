"use strict";
// Light or dark, as the admin pages have it: the same key, with the system's choice as the default. Loaded before the
// page is painted, so that nothing flashes.

const THEME = "adminTheme";
const darkSystem = window.matchMedia("(prefers-color-scheme: dark)");

function applyTheme() {
    let chosen = "auto";
    try {
        chosen = JSON.parse(localStorage.getItem(THEME)) || "auto";
    } catch {
        // Storage that is closed, or somebody else's value: as the system says.
    }
    const dark = chosen === "dark" || (chosen !== "light" && darkSystem.matches);
    document.documentElement.classList.toggle("dark", dark);
}

function switchTheme() {
    const dark = !document.documentElement.classList.contains("dark");
    localStorage.setItem(THEME, JSON.stringify(dark ? "dark" : "light"));
    applyTheme();
}

darkSystem.addEventListener("change", applyTheme);
window.addEventListener("storage", applyTheme);
applyTheme();

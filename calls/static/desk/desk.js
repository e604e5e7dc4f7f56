"use strict";
// The agents' page. The server draws everything; here it is put in its place, kept up to date, and made to be used by
// keys. There are no other states than what the server has drawn, so two tabs always agree.

const words = document.body.dataset;
const $ = (selector, within = document) => within.querySelector(selector);
const stored = {
    get(name) { try { return localStorage.getItem(name); } catch { return null; } },
    set(name, value) { try { localStorage.setItem(name, value); } catch { /* Remembered until the page is closed. */ } },
};

// --- Putting parts in their place -----------------------------------------------------------------------------------

// Each element at the top of `html` takes the place of the one with its id. A drawing that is older than what is shown
// is dropped: answers and events overtake each other.
function show(html) {
    const drawn = document.createElement("template");
    drawn.innerHTML = html;
    const main = drawn.content.getElementById("desk-main");
    if (main && Number(main.dataset.readAt) < Number($("#desk-main")?.dataset.readAt || 0)) return;
    const before = $("#desk-main")?.dataset ?? {};
    const [phase, about] = [before.phase, before.about];
    if (main) saveWhatGoes(drawn.content);
    for (const part of [...drawn.content.children]) {
        const place = document.getElementById(part.id);
        if (!place) continue;
        morph(place, part);
        htmx.process(place);
    }
    tick();
    if (main) afterMain(phase, about);
    else afterBoard();
}

function afterMain(phase, about) {
    const main = $("#desk-main");
    ring(main.dataset.phase === "offer");
    tellNews(main, about !== undefined);
    if (main.dataset.about === about) return;
    const news = $("[data-announce]", main)?.dataset.announce;
    if (news) announce(news);
    const { goneNews, gone, phase: now } = main.dataset;
    if (now === "idle" && goneNews && gone === about && !answering) say("info", goneNews);
    answering = false;
    giveFocus(main);
    if (main.dataset.phase !== "call") $("#transfer").close();
    if (phase !== undefined) loadList();
}

// What a screen reader reads at once.
function announce(text) {
    if ($("#announced").textContent !== text) $("#announced").textContent = text;
}

// What has come to nothing meanwhile, once. What a page finds when it is opened is no news.
let told;

function tellNews(main, isNew) {
    const news = $("[data-news]", main);
    const key = news?.dataset.news;
    if (key === told) return;
    told = key;
    if (!news || !isNew) return;
    say("info", news.textContent);
    announce(news.textContent);
}

// An offer takes the focus to its first button, but never out of a field that is being typed in.
function giveFocus(main) {
    if (isTyping(document.activeElement) || $("dialog[open]")) return;
    if (main.dataset.phase === "offer") $("#accept").focus();
    else if (document.activeElement === document.body || !document.activeElement) $("#main").focus({ preventScroll: true });
}

function afterBoard() {
    const unheard = Number($("#desk-queues").dataset.unheard);
    const badge = $("#unheard");
    if (badge.textContent === String(unheard)) return;
    badge.textContent = unheard;
    badge.hidden = !unheard;
    if (listed && selectedTab().id === "tab-voicemails") loadList();
}

// --- News from the server -------------------------------------------------------------------------------------------

const SILENCE = 35_000; // the server gives a sign each 15 s
const LONGEST_PAUSE = 15_000;
let source, heardAt, pause = 0, reconnecting;

function connect() {
    clearTimeout(reconnecting);
    source?.close();
    heardAt = Date.now();
    source = new EventSource(words.events);
    source.addEventListener("main", (event) => { isBack(); show(event.data); });
    source.addEventListener("queues", (event) => { isBack(); show(event.data); });
    source.addEventListener("alive", (event) => { isBack(); setClock(JSON.parse(event.data).now); });
    source.addEventListener("gone", () => { source.close(); location.assign(words.login); });
    source.addEventListener("ended", lose);
    source.addEventListener("error", lose);
}

function isBack() {
    heardAt = Date.now();
    pause = 0;
    if ($("#lost").hidden) return;
    $("#lost").hidden = true;
    say("info", words.wordBack);
    loadList();
}

// Said at once; tried again after one second, then two, four, … with some chance, so that not all come together.
function lose() {
    source.close();
    $("#lost").hidden = false;
    pause = Math.min(pause ? pause * 2 : 1_000, LONGEST_PAUSE);
    clearTimeout(reconnecting);
    reconnecting = setTimeout(connect, pause * (0.75 + Math.random() / 2));
}

setInterval(() => { if (source.readyState !== EventSource.CLOSED && Date.now() - heardAt > SILENCE) lose(); }, 1_000);
window.addEventListener("online", connect);
window.addEventListener("offline", lose);
window.addEventListener("pagehide", () => source.close());
window.addEventListener("pageshow", (event) => { if (event.persisted) connect(); });

// --- Answers to what was clicked ------------------------------------------------------------------------------------

let answering = false;

document.addEventListener("htmx:beforeRequest", (event) => {
    if (event.detail.elt.matches("#accept, #decline")) answering = true;
});
// What was clicked may be gone by now, so the answer is for #parts, which never is (hx-target in page.html).
document.addEventListener("htmx:beforeSwap", (event) => {
    const { xhr, requestConfig } = event.detail;
    const said = xhr.getResponseHeader("X-Desk-Say");
    if (said && !(xhr.status === 409 && "saves" in event.detail.elt.dataset)) say(...JSON.parse(said));
    if (requestConfig.verb === "get") {
        event.detail.shouldSwap = xhr.status === 200;
        return;
    }
    event.detail.shouldSwap = false;
    if (xhr.status === 403) location.reload(); // the login has changed in another tab
    else if (xhr.status >= 500) say("refused", words.wordFailed);
    else if (xhr.responseText) show(xhr.responseText);
});
document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.elt.id.startsWith("prompt-form") && !isTyping(document.activeElement)) $("input, select, button", event.detail.elt)?.focus();
});
document.addEventListener("htmx:afterRequest", (event) => {
    const { elt, successful } = event.detail;
    if (elt.dataset.closes) document.getElementById(elt.dataset.closes).close();
    if (elt.closest?.("[popover]")) elt.closest("[popover]").hidePopover();
    if (elt.id === "dial" && successful) {
        elt.reset();
        $("#main").focus({ preventScroll: true });
    }
    if ("saves" in elt.dataset && event.detail.xhr) afterSaving(elt, event.detail.xhr);
});
for (const failure of ["htmx:sendError", "htmx:timeout"]) {
    document.addEventListener(failure, (event) => {
        if (!("saves" in event.detail.elt.dataset)) say("refused", words.wordFailed);
    });
}

// What is said already is not said beside itself, but for longer.
function say(level, text) {
    [...$("#said").children].find((one) => one.textContent === text)?.remove();
    const said = document.createElement("button");
    said.type = "button";
    said.className = `saying saying-${level}`;
    said.textContent = text;
    said.addEventListener("click", () => said.remove());
    setTimeout(() => said.remove(), level === "refused" ? 9_000 : 5_000);
    $("#said").append(said);
}

function post(url, body) {
    return fetch(url, { method: "POST", body, headers: JSON.parse(document.body.getAttribute("hx-headers")) });
}

// --- Notes save themselves ------------------------------------------------------------------------------------------

const RETRY = 3_000, SAVING = 10_000;

// A field that is typed in stays as it is: its text, and the version of the note that the text began from.
document.addEventListener("input", (event) => {
    if (!("saves" in event.target.dataset)) return;
    event.target.unsaved = true;
    tellSaved(event.target, isClashing(event.target) ? words.wordClash : words.wordSaving);
});
document.addEventListener("htmx:configRequest", (event) => {
    const { elt, parameters } = event.detail;
    if (!("saves" in elt.dataset)) return;
    if (!elt.unsaved || isClashing(elt)) return event.preventDefault();
    parameters.set("seen", elt.dataset.version);
    event.detail.timeout = SAVING;
    elt.sent = elt.value;
    (elt.ours ??= new Set()).add(elt.value.trim());
});

// What the server has now is what was sent, or what another tab has sent before.
function afterSaving(field, { status, responseText }) {
    const drawn = document.createElement("template");
    drawn.innerHTML = responseText;
    const theirs = drawn.content.getElementById(field.id);
    if (status === 200) {
        field.unsaved = field.sent !== field.value;
        if (theirs) field.dataset.version = theirs.dataset.version;
        if (theirs && !field.unsaved) field.ours = undefined;
        if (!field.unsaved) tellSaved(field, words.wordSaved);
    } else if (status === 409 && theirs && field.ours.has(theirs.value)) {
        field.dataset.version = theirs.dataset.version; // an answer was lost: it is this tab's own
        htmx.trigger(field, "change");
    } else if (status === 409 && theirs) {
        clash(field, theirs);
    } else {
        tellSaved(field, words.wordUnsaved);
        if (status < 400 || status >= 500) setTimeout(() => { if (field.isConnected) htmx.trigger(field, "change"); }, RETRY);
    }
}

const clashOf = (field) => $(".clash", field.closest(".field"));
const isClashing = (field) => !clashOf(field).hidden;

function clash(field, theirs) {
    const place = clashOf(field);
    $("blockquote", place).textContent = theirs.value;
    place.dataset.version = theirs.dataset.version;
    place.hidden = false;
    tellSaved(field, words.wordClash);
}

document.addEventListener("click", (event) => {
    const { keeps } = event.target.closest("[data-keeps]")?.dataset ?? {};
    if (!keeps) return;
    const place = event.target.closest(".clash");
    const field = $("[data-saves]", place.closest(".field"));
    const theirs = $("blockquote", place).textContent;
    if (keeps === "both") field.value = `${theirs}\n\n${field.value}`;
    if (keeps === "theirs") field.value = theirs;
    field.dataset.version = place.dataset.version;
    place.hidden = true;
    field.unsaved = true;
    field.focus();
    htmx.trigger(field, "change");
});

// A note whose call leaves the page is saved before it goes.
function saveWhatGoes(drawn) {
    for (const field of document.querySelectorAll("[data-saves]")) {
        if (!field.unsaved || isClashing(field) || drawn.getElementById(field.id)) continue;
        const body = new URLSearchParams({ text: field.value, seen: field.dataset.version });
        post(field.getAttribute("hx-post"), body).then((answer) => { if (!answer.ok) say("refused", words.wordFailed); });
    }
}

function tellSaved(field, text) {
    const place = $(".saved", field.closest(".field"));
    if (place.textContent !== text) place.textContent = text;
}

// --- Clocks ---------------------------------------------------------------------------------------------------------

// Times are the server's; this machine's clock may be wrong by any amount.
let offset = 0;

function setClock(serverNow) {
    offset = serverNow - Date.now();
}

function inClock(milliseconds) {
    const seconds = Math.max(0, Math.floor(milliseconds / 1_000));
    const [hours, minutes] = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60];
    const rest = String(seconds % 60).padStart(2, "0");
    return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
}

function tick() {
    const now = Date.now() + offset;
    for (const clock of document.querySelectorAll("[data-since], [data-until]")) {
        const { since, until } = clock.dataset;
        if (!since && !until) continue;
        const left = until ? Number(until) - now : now - Number(since);
        const text = inClock(until ? left + 999 : left);
        if (clock.textContent !== text) clock.textContent = text;
        if (until) clock.classList.toggle("soon", left < 5_000);
    }
}

// --- An offer rings, and the title blinks ---------------------------------------------------------------------------

const BLINK = 1_000, RING = 2_600;
const title = document.title;
let audio, ringing, blinking, stopRinging;

// Browsers let a page be heard once somebody has used it.
for (const kind of ["pointerdown", "keydown"]) {
    document.addEventListener(kind, () => {
        audio ??= new AudioContext();
        if (audio.state === "suspended") audio.resume();
    }, { passive: true });
}

function ring(isOn) {
    if (isOn === Boolean(blinking)) return;
    if (!isOn) {
        clearInterval(blinking);
        blinking = undefined;
        document.title = title;
        stopRinging?.();
        return;
    }
    blinking = setInterval(() => {
        const offer = $("[data-title]")?.dataset.title;
        document.title = offer && document.title === title ? `☎ ${offer}` : title;
    }, BLINK);
    document.title = `☎ ${$("[data-title]").dataset.title}`;
    ringInOneTab();
}

// Of several tabs one rings.
function ringInOneTab() {
    const over = new Promise((stop) => { stopRinging = stop; });
    const ringUntilOver = async () => {
        chime();
        ringing = setInterval(chime, RING);
        await over;
        clearInterval(ringing);
    };
    if (navigator.locks) navigator.locks.request("ccai-desk-ring", ringUntilOver);
    else ringUntilOver();
}

// Two soft tones, twice.
function chime() {
    if (isMuted() || audio?.state !== "running") return;
    [[0, 660], [0.22, 880], [0.7, 660], [0.92, 880]].forEach(([delay, hertz]) => {
        const [tone, loudness, at] = [audio.createOscillator(), audio.createGain(), audio.currentTime + delay];
        tone.frequency.value = hertz;
        loudness.gain.setValueAtTime(0, at);
        loudness.gain.linearRampToValueAtTime(0.18, at + 0.02);
        loudness.gain.exponentialRampToValueAtTime(0.001, at + 0.3);
        tone.connect(loudness).connect(audio.destination);
        tone.start(at);
        tone.stop(at + 0.32);
    });
}

const isMuted = () => stored.get("deskMuted") === "yes";

function showMuted() {
    const button = $("#mute");
    button.setAttribute("aria-pressed", isMuted());
    button.setAttribute("aria-label", isMuted() ? button.dataset.off : button.dataset.on);
    $(".icon", button).textContent = isMuted() ? "volume_off" : "volume_up";
}

$("#mute").addEventListener("click", () => {
    stored.set("deskMuted", isMuted() ? "no" : "yes");
    showMuted();
    if (!isMuted()) chime();
});
window.addEventListener("storage", showMuted);

// --- Keys -----------------------------------------------------------------------------------------------------------

// Which key is whose stands in `aria-keyshortcuts`, with the thing itself.
const keysAreOn = () => stored.get("deskKeys") !== "off";

function isTyping(element) {
    return Boolean(element?.matches("textarea, select, input:not([type=checkbox], [type=radio])"));
}

// In a field that is empty, and that nobody types in, an offer can still be answered.
function answersAnOffer({ target, key }) {
    return target.matches("input[type=tel], textarea") && target.value === "" && !target.unsaved
        && $("#desk-main").dataset.phase === "offer" && ["a", "d"].includes(key.toLowerCase());
}

document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && isTyping(event.target) && !event.target.closest("dialog")) event.target.blur();
    if (event.ctrlKey || event.altKey || event.metaKey || event.repeat || event.isComposing) return;
    if (!keysAreOn() || $("dialog[open]")) return;
    if (isTyping(event.target) && !answersAnOffer(event)) return;
    const isLetter = event.key.length === 1 && event.key.toLowerCase() !== event.key.toUpperCase();
    const key = isLetter && event.shiftKey ? `Shift+${event.key.toUpperCase()}` : event.key.toLowerCase();
    const owners = [...document.querySelectorAll(`[aria-keyshortcuts="${CSS.escape(key)}"]`)];
    const owner = owners.find((one) => !one.disabled && one.checkVisibility());
    if (!owner) return;
    event.preventDefault();
    owner.focus();
    if (!isTyping(owner)) {
        owner.click();
        if (owner.popoverTargetElement?.matches(":popover-open")) enterMenu(owner.popoverTargetElement);
    } else if (owner.matches("select")) owner.showPicker?.();
});

$("#keys-on").checked = keysAreOn();
$("#keys-on").addEventListener("change", (event) => {
    stored.set("deskKeys", event.target.checked ? "on" : "off");
    showKeys();
});

function showKeys() {
    document.body.classList.toggle("without-keys", !keysAreOn());
}

$("#help").addEventListener("click", () => $("#keys").showModal());
$("#theme").addEventListener("click", switchTheme);

// Up and down go through the items of a menu, and through whom a call may be handed on to.
document.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const list = event.target.closest?.(".menu, #transfer");
    if (!step || !list || event.target.matches("[type=radio]")) return;
    const items = [...list.querySelectorAll(".menu-item, .target:not([disabled])")];
    if (!items.length) return;
    event.preventDefault();
    const at = items.indexOf(event.target);
    items[at < 0 && step < 0 ? items.length - 1 : (at + step + items.length) % items.length].focus();
});

// --- Menus that drop down -------------------------------------------------------------------------------------------

function enterMenu(menu) {
    for (const item of menu.querySelectorAll("[role=menuitemradio]")) {
        item.setAttribute("aria-checked", item.dataset.status === $("#desk-status").dataset.status);
    }
    const opener = $(`[popovertarget="${menu.id}"]`).getBoundingClientRect();
    menu.style.top = `${opener.bottom + 6}px`;
    menu.style.left = `${Math.max(8, Math.min(opener.left, innerWidth - menu.offsetWidth - 8))}px`;
    ($("[aria-checked=true]", menu) || $(".menu-item", menu)).focus();
}

// Said a moment after the menu has opened: who has opened it with a key is in it by then, and on the way down perhaps.
document.addEventListener("toggle", ({ target, newState }) => {
    if (newState === "open" && target.matches?.("[popover]") && !target.contains(document.activeElement)) enterMenu(target);
}, true);

// --- Handing a call on ----------------------------------------------------------------------------------------------

let looking;

document.addEventListener("click", (event) => {
    const opener = event.target.closest("#hand-on");
    if (!opener) return;
    $("#targets").dataset.url = opener.dataset.targets;
    $("#targets").replaceChildren();
    $("#transfer-words").value = "";
    $("#transfer").showModal();
    $("#transfer-words").focus();
    loadTargets();
});
$("#transfer-words").addEventListener("input", () => {
    clearTimeout(looking);
    looking = setTimeout(loadTargets, 150);
});
$("#transfer-words").addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    $("#targets .target:not([disabled])")?.focus();
});

function loadTargets() {
    return load($("#targets"), `${$("#targets").dataset.url}?q=${encodeURIComponent($("#transfer-words").value)}`);
}

// --- Looking back ---------------------------------------------------------------------------------------------------

const tabs = [...document.querySelectorAll("[role=tab]")];
const selectedTab = () => tabs.find((tab) => tab.getAttribute("aria-selected") === "true");
let listed = false;

async function loadList() {
    listed = true;
    await load($("#list"), selectedTab().dataset.url);
}

async function load(place, url) {
    place.wanted = url;
    let answer;
    try {
        answer = await fetch(url, { headers: { "HX-Request": "true" } });
    } catch {
        return; // the banner says that there is no connection, and the list comes with it
    }
    if (answer.status === 401) location.assign(words.login);
    if (!answer.ok || place.wanted !== url) return;
    const drawn = document.createElement("template");
    drawn.innerHTML = await answer.text();
    if (place.wanted !== url) return;
    morphChildren(place, drawn.content);
    htmx.process(place);
    tick();
}

function select(tab) {
    for (const one of tabs) {
        one.setAttribute("aria-selected", one === tab);
        one.tabIndex = one === tab ? 0 : -1;
    }
    $("#list").setAttribute("aria-labelledby", tab.id);
    $("#list").replaceChildren();
    loadList();
}

for (const tab of tabs) {
    tab.addEventListener("click", () => select(tab));
    tab.addEventListener("keydown", (event) => {
        const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
        if (!step) return;
        const next = tabs[(tabs.indexOf(tab) + step + tabs.length) % tabs.length];
        next.focus();
        select(next);
    });
}

// A message that is played is read. Of two players one plays.
document.addEventListener("play", (event) => {
    for (const other of document.querySelectorAll("audio, video")) if (other !== event.target) other.pause();
    const message = event.target.closest("[data-read].unheard");
    if (!message) return;
    message.classList.remove("unheard");
    $(".new", message)?.remove();
    post(message.dataset.read);
}, true);

// --- Begin ----------------------------------------------------------------------------------------------------------

setClock(Number(words.now));
showMuted();
showKeys();
tick();
setInterval(tick, 250);
afterMain(undefined, undefined);
afterBoard();
loadList();
connect();

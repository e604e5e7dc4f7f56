"use strict";
// Makes a part of the page like the one the server has drawn, and touches only what differs: whatever has the focus, is
// being typed in or is playing goes on undisturbed.
//
//   id                     elements with the same id are the same thing, and are never moved
//   data-keep              is left alone, shown or hidden, with all that is inside
//   data-saves             is written to by several tabs: what nobody has typed here is the server's
//   data-since, data-until clocks write their own text

const FIELDS = "input, select, textarea";

function morph(old, drawn) {
    if (old.hasAttribute("data-keep") || (old.matches(FIELDS) && isBeingEdited(old))) return;
    for (const { name, value } of drawn.attributes) {
        if (old.getAttribute(name) !== value) old.setAttribute(name, value);
    }
    for (const { name } of [...old.attributes]) {
        if (!drawn.hasAttribute(name)) old.removeAttribute(name);
    }
    if (old.matches("[data-since], [data-until]")) return;
    if (old.matches(FIELDS)) morphField(old, drawn);
    else morphChildren(old, drawn);
}

// What a person has ticked stays ticked; what is written is the server's.
function morphField(old, drawn) {
    const { value } = drawn;
    if (old.matches("select")) morphChildren(old, drawn);
    // A note is kept without the blanks at its ends; a blank just typed is not taken away.
    const isSame = "saves" in old.dataset ? old.value.trim() === value.trim() : old.value === value;
    if (["checkbox", "radio"].includes(old.type) || isSame) return;
    const caret = old === document.activeElement ? [old.selectionStart, old.selectionEnd] : null;
    old.value = value;
    if (caret) old.setSelectionRange(...caret);
}

// A field with unsaved changes has `unsaved` set, in desk.js.
function isBeingEdited(field) {
    return field.unsaved === true || (field === document.activeElement && !("saves" in field.dataset));
}

function morphChildren(parent, drawnParent) {
    let old = parent.firstChild;
    for (const drawn of [...drawnParent.childNodes]) {
        const same = findSame(old, drawn);
        if (!same) {
            parent.insertBefore(drawn, old);
            continue;
        }
        while (old !== same) old = removeAndGoOn(old);
        if (same.nodeType === Node.ELEMENT_NODE) morph(same, drawn);
        else if (same.data !== drawn.data) same.data = drawn.data;
        old = same.nextSibling;
    }
    while (old) old = removeAndGoOn(old);
}

// Among `old` and what follows it: the one with the id of `drawn`; for one without an id, `old` itself if it is alike.
function findSame(old, drawn) {
    if (drawn.id) {
        for (let one = old; one; one = one.nextSibling) {
            if (one.id === drawn.id && one.nodeName === drawn.nodeName) return one;
        }
        return null;
    }
    return old && !old.id && old.nodeType === drawn.nodeType && old.nodeName === drawn.nodeName ? old : null;
}

function removeAndGoOn(node) {
    const next = node.nextSibling;
    node.remove();
    return next;
}

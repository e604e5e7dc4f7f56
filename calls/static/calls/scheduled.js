// The page of calls that are still to come: where there is no room for the whole day it begins at the first call; all of
// a page are ticked together; and it asks before what cannot be undone.
"use strict";

(() => {
    const first = document.querySelector("[data-begins]");
    if (first) {
        const menus = first.parentElement.firstElementChild;
        first.closest(".call-scroll").scrollLeft = first.offsetLeft - menus.offsetWidth;
    }
})();

(() => {
    const form = document.getElementById("coming-form");
    const head = document.getElementById("coming-tick-all");
    if (!form || !head) {
        return;
    }
    const ticks = [...form.querySelectorAll("input[name=call]")];
    head.hidden = false;
    head.addEventListener("change", () => {
        ticks.forEach((tick) => { tick.checked = head.checked; });
    });
    form.addEventListener("change", () => {
        const ticked = ticks.filter((tick) => tick.checked).length;
        head.checked = ticked === ticks.length;
        head.indeterminate = ticked > 0 && ticked < ticks.length;
    });
    form.addEventListener("submit", (event) => {
        const ask = event.submitter?.dataset.ask;
        if (ask && !window.confirm(ask)) {
            event.preventDefault();
        }
    });
})();

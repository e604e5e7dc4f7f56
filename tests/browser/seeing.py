"""What a person who sees or hears a page would miss: text that is too faint, and things without a name."""

# Relative luminance and contrast as WCAG 2.2 defines them. A canvas turns any colour of CSS into sRGB.
FAINT = """
() => {
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = 1;
    const brush = canvas.getContext("2d", { willReadFrequently: true });
    const read = color => {
        brush.clearRect(0, 0, 1, 1);
        brush.fillStyle = color;
        brush.fillRect(0, 0, 1, 1);
        const [red, green, blue, alpha] = brush.getImageData(0, 0, 1, 1).data;
        return { parts: [red, green, blue], alpha: alpha / 255 };
    };
    const over = (top, below) => top.parts.map((part, index) => part * top.alpha + below[index] * (1 - top.alpha));
    const luminance = parts => {
        const [red, green, blue] = parts.map(part => {
            const share = part / 255;
            return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
        });
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    };
    const ground = element => {
        const above = [];
        for (let one = element; one; one = one.parentElement) above.push(one);
        let parts = [255, 255, 255];
        for (const one of above.reverse()) parts = over(read(getComputedStyle(one).backgroundColor), parts);
        return parts;
    };
    const modal = document.querySelector("dialog[open]");
    const faint = [];
    const walker = document.createTreeWalker(modal ?? document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const element = walker.currentNode.parentElement;
        const text = walker.currentNode.data.trim();
        if (!text || element.closest(".unseen, noscript, script, option, :disabled")) continue;
        if (!element.checkVisibility()) continue;
        const style = getComputedStyle(element);
        const behind = ground(element);
        const ink = read(style.color);
        for (let one = element; one; one = one.parentElement) ink.alpha *= Number(getComputedStyle(one).opacity);
        const [lighter, darker] = [luminance(over(ink, behind)), luminance(behind)].sort((a, b) => b - a);
        const contrast = (lighter + 0.05) / (darker + 0.05);
        const size = parseFloat(style.fontSize);
        const isLarge = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700) || element.matches(".icon");
        if (contrast >= (isLarge ? 3 : 4.5)) continue;
        faint.push(`${contrast.toFixed(2)} ${text.slice(0, 40)} <${element.className}>`);
    }
    return faint;
}
"""

# The accessible name, as far as this page makes use of its rules: labels, then text that is not hidden, then the title.
NAMELESS = """
() => {
    const textOf = element => {
        const copy = element.cloneNode(true);
        copy.querySelectorAll("[aria-hidden=true]").forEach(one => one.remove());
        return copy.textContent.trim();
    };
    const textWithId = id => document.getElementById(id)?.textContent ?? "";
    const nameOf = element => element.getAttribute("aria-label")
        || (element.getAttribute("aria-labelledby") ?? "").split(" ").map(textWithId).join("").trim()
        || [...(element.labels ?? [])].map(textOf).join("")
        || (element.matches("button, a, [role=tab], summary") && textOf(element))
        || (element.matches("img") && element.alt);
    const things = "button, a, input:not([type=hidden]), select, textarea, img, audio, video, dialog, [role=menu]";
    return [...document.querySelectorAll(things)]
        .filter(element => element.checkVisibility() && !nameOf(element))
        .map(element => element.outerHTML.slice(0, 120));
}
"""


def find_faint_text(page):
    """Text on the page whose contrast is below WCAG AA: its contrast, its beginning and its class."""
    return page.evaluate(FAINT)


def find_nameless(page):
    """Things on the page that can be used, and have no name for people who do not see them."""
    return page.evaluate(NAMELESS)

"""`make screenshots`: pictures of every page of a running demo center, light and dark, wide and narrow."""

import argparse
import os
import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.browser.office import bring_to_life, find_pages, log_in, serve_office

PICTURES = Path(__file__).resolve().parent.parent.parent / "docs" / "screenshots" / "all"
CHROMIUMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
WIDTHS = {1440: 900, 390: 844}
LONGEST = 4_000


def take(only, directory):
    """A picture of each page whose path has `only` in it, in each colour and width."""
    program = next(path for name in CHROMIUMS if (path := shutil.which(name)))
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    serve = serve_office(Path(directory))
    try:
        bring_to_life(serve)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=program, args=arguments)
            context = browser.new_context()
            page = log_in(context, serve.url)
            pages = [one for one in find_pages(page, serve.url) if only in one.path]
            state = context.storage_state()
            for scheme in ("light", "dark"):
                for width, height in WIDTHS.items():
                    context = browser.new_context(
                        color_scheme=scheme, viewport={"width": width, "height": height}, storage_state=state
                    )
                    page = context.new_page()
                    for one in pages:
                        page.goto(serve.url + one.path, wait_until="load")
                        if width == max(WIDTHS):
                            # All of it, with what sticks to the bottom at its bottom.
                            whole = page.evaluate("document.documentElement.scrollHeight")
                            page.set_viewport_size({"width": width, "height": max(height, min(whole, LONGEST))})
                        page.wait_for_timeout(400)  # charts draw themselves
                        page.screenshot(path=PICTURES / f"{one.name}-{scheme}-{width}.png")
                        page.set_viewport_size({"width": width, "height": height})
                    context.close()
            browser.close()
    finally:
        serve.kill_all()
    print(f"{len(pages) * 4} pictures of {len(pages)} pages are in {PICTURES}")


def main():
    """Take those that are asked for."""
    parser = argparse.ArgumentParser(prog="make screenshots", description=__doc__)
    parser.add_argument("--only", default="", help="pages whose path has this in it; all by default")
    PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="ccai-office-") as directory:
        take(parser.parse_args().only, directory)


if __name__ == "__main__":
    sys.exit(main())

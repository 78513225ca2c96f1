"""What axe-core complains about on a page: the barriers that keep a reader out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from axe_playwright_python.base import AXE_FILE_PATH
from playwright.sync_api import Page

_AXE = Path(AXE_FILE_PATH).read_text(encoding="utf-8")


def complaints_of_axe(page: Page) -> list[str]:
    """Return the serious and critical ones of what shows; the page needs to allow scripts (``bypass_csp``)."""
    page.evaluate(_AXE)
    found: dict[str, Any] = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{violation['id']}: {node['html'][:160]}"
        for violation in found["violations"]
        if violation["impact"] in {"serious", "critical"}
        for node in violation["nodes"]
    ]

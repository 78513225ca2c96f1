"""The standalone report in a real browser: nothing is loaded, the math font is used, a phone fits it."""

import shutil
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import sync_playwright

from convscope.report import pandoc

SAMPLE = Path(__file__).parent / "sample"


@pytest.mark.browser
@pytest.mark.parametrize("width", [390, 1400])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_report_in_a_browser(width: int, scheme: Literal["light", "dark"], tmp_path: Path) -> None:
    pandoc.render_html(SAMPLE, tmp_path / "report.html")
    requests: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": width, "height": 844}, color_scheme=scheme)
        page.on("request", lambda request: requests.append(request.url))
        page.goto((tmp_path / "report.html").as_uri())
        page.evaluate("document.fonts.ready")
        fonts = page.evaluate("[...document.fonts].map(font => `${font.family}: ${font.status}`)")
        sideways = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        contents_open = page.evaluate("document.querySelector('#contents details').open")
        background = page.evaluate("getComputedStyle(document.body).backgroundColor")
        browser.close()
    assert [url for url in requests if not url.startswith(("data:", "file:"))] == []
    assert [font.strip('"') for font in fonts] == ["Report Math: loaded"]
    assert sideways == 0
    assert contents_open == (width == 1400)
    assert background == ("rgb(16, 21, 28)" if scheme == "dark" else "rgb(255, 255, 255)")

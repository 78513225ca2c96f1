"""The standalone report in a real browser: nothing is loaded, the math font is used, a phone fits it."""

import shutil
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import sync_playwright

from convscope.report import pandoc
from convscope.report.math_font import keep_glyphs_of_formulas

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


@pytest.mark.browser
def test_formulas_look_the_same_in_the_font_of_their_own_glyphs(tmp_path: Path) -> None:
    formulas = r"""
$$ \left(\sum_{i=1}^{n}\frac{\partial L}{\partial y_i}\right)^2 \le \sqrt{\frac{1 + \frac{a}{\beta h}}{2}} \quad
\left[\begin{matrix}1\\2\\3\\4\\5\end{matrix}\right] \in \mathbb{R}^{k \times k},\ \mathbf{w} \ne \mathcal{L} $$
"""
    whole, small = tmp_path / "whole.html", tmp_path / "small.html"
    pandoc.render_html(_with_formulas(tmp_path / "source", formulas), whole)
    small.write_bytes(whole.read_bytes())
    keep_glyphs_of_formulas(small)
    assert whole.stat().st_size - small.stat().st_size > 100_000
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        pictures = []
        for document in (whole, small):
            page = browser.new_page(viewport={"width": 1000, "height": 844})
            page.goto(document.as_uri())
            page.evaluate("document.fonts.ready")
            pictures.append([formula.screenshot() for formula in page.locator("math").all()])
        browser.close()
    assert len(pictures[0]) > 3
    assert pictures[0] == pictures[1]


def _with_formulas(source: Path, formulas: str) -> Path:
    shutil.copytree(SAMPLE, source)
    report = source / "report.qmd"
    report.write_text(report.read_text() + formulas)
    return source

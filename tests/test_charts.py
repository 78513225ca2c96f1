"""Figures whose values can be pointed at, in a real Chromium, from the disk."""

from __future__ import annotations

import io
import json
import re
import shutil
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from checkout import ROOT
from convscope.figures.spots import spot
from convscope.figures.style import WEB, figure_style, save
from convscope.report.site_charts import with_charts

METRICS: Any = {
    "studies": {
        "some": {
            "variants": {
                "cnn": {"test_accuracy": {"unit": "fraction", "mean": 0.9125, "interval": [0.909, 0.916], "n": 8}},
                "mlp": {"test_accuracy": {"unit": "fraction", "mean": 0.5, "interval": None, "n": 1}},
            },
            "pairs": [{"unit": "fraction", "effect": -0.0131, "interval": [-0.0212, -0.005], "n": 8}],
        }
    }
}
POINTS = {"variants/cnn/test_accuracy": (1, 91.25), "variants/mlp/test_accuracy": (2, 50), "pairs/0": (3, -1.31)}
SAID = ["91.25 % (90.90 to 91.60 %), 8 seeds", "50.0 %, 1 seed", "−1.31 points (−2.12 to −0.50), 8 seeds"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("charts")
    with figure_style():
        figure, axes = plt.subplots(figsize=(5, 3), layout="constrained")
        for pointer, (x, y) in POINTS.items():
            axes.plot([x], [y], "o", color="#d55e00", markersize=9)
            spot(axes, (x, y), f"Place {x}", pointer)
        save(figure, folder / "some-chart.svg")
    (folder / WEB).rename(folder / "figures")
    for script in ("figures.js", "charts.js"):
        shutil.copy(ROOT / "site" / "docs" / "javascripts" / script, folder)
    shutil.copy(ROOT / "site" / "docs" / "stylesheets" / "site.css", folder)
    picture = '<img src="figures/some-chart.svg" alt="Some" style="width:90%">'
    text = with_charts(picture, "", folder / "figures", METRICS).replace('src="javascripts/', 'src="')
    (folder / "page.html").write_text(
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>x</title>'
        '<meta name="numbers-page" content="numbers.html"><link rel="stylesheet" href="site.css">'
        f'<style>main {{ padding: 60px 20px }}</style><main class="md-typeset"><figure>{text}</figure></main>'
        '<script src="figures.js"></script>'
    )
    (folder / "numbers.html").write_text("<!doctype html><title>numbers</title>")
    return folder


def opened(folder: Path, browser: Browser, **options: Any) -> Page:
    page = browser.new_page(**options)
    page.goto((folder / "page.html").as_uri())
    page.wait_for_selector(".f-spot")
    return page


def centre(page: Page, number: int) -> tuple[float, float]:
    box = page.locator(".f-spot").nth(number).bounding_box()
    assert box
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_values_are_said_as_in_the_text(folder: Path) -> None:
    text = with_charts("![](figures/some-chart.svg) ![](figures/other.svg)", "../", folder / "figures", METRICS)
    found = re.search(r'<script type="application/json" id="chart-values">(.*?)</script>', text)
    assert found
    values = json.loads(found[1])
    assert [one["said"].replace("\u00a0", " ") for one in values["some-chart"]] == SAID
    assert [one["pointer"] for one in values["some-chart"]] == [f"/studies/some/{pointer}" for pointer in POINTS]
    assert list(values) == ["some-chart"]
    assert '<script src="../javascripts/charts.js" defer>' in text


def test_a_page_without_such_figures_stays_as_it_is(folder: Path) -> None:
    assert with_charts("![](figures/other.svg)", "", folder / "figures", METRICS) == "![](figures/other.svg)"


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.parametrize("width", [390, 1440])
def test_spots_lie_on_the_marks_that_the_browser_draws(folder: Path, browser: Browser, width: int) -> None:
    page = opened(folder, browser, viewport={"width": width, "height": 900})
    for number in range(len(POINTS)):
        page.locator(".f-spot").nth(number).scroll_into_view_if_needed()
        seen = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
        x, y = centre(page, number)
        around = [(round(x) + i, round(y) + j) for i in range(-24, 25) for j in range(-24, 25)]
        mark = np.array([place for place in around if seen.getpixel(place) == (0xD5, 0x5E, 0x00)])
        assert len(mark) > 9
        assert mark.mean(axis=0) + 0.5 == pytest.approx((x, y), abs=1)
    page.close()


@pytest.mark.slow
@pytest.mark.browser
def test_the_pointer_shows_a_value_and_a_click_leads_to_its_evidence(folder: Path, browser: Browser) -> None:
    page = opened(folder, browser, viewport={"width": 1440, "height": 900})
    tip = page.locator(".f-tip")
    expect(tip).to_be_hidden()
    x, y = centre(page, 0)
    page.mouse.move(x + 12, y + 12)  # near is enough
    expect(tip).to_contain_text("Place 1")
    expect(tip).to_contain_text(SAID[0])
    page.mouse.move(x + 300, y + 200)
    expect(tip).to_be_hidden()
    page.mouse.click(x, y)
    page.wait_for_url("**/numbers.html#/studies/some/variants/cnn/test_accuracy")
    page.go_back()
    page.wait_for_selector(".f-spot")
    page.mouse.click(x - 60, y + 100)
    page.wait_for_selector("dialog[open]")  # elsewhere the picture opens large, as ever
    page.close()


@pytest.mark.slow
@pytest.mark.browser
def test_the_keyboard_reaches_every_value(folder: Path, browser: Browser) -> None:
    page = opened(folder, browser, viewport={"width": 1440, "height": 900})
    tip = page.locator(".f-tip")
    page.keyboard.press("Tab")
    for number, said in enumerate(SAID):
        expect(tip).to_contain_text(said)
        expect(page.locator(".f-spot").nth(number)).to_be_focused()
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Home")
    expect(tip).to_contain_text(SAID[0])
    page.keyboard.press("Escape")
    expect(tip).to_be_hidden()
    page.keyboard.press("Tab")  # one stop for the whole figure
    assert page.locator(".f-spot:focus").count() == 0
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    page.wait_for_url("**/numbers.html#/studies/some/pairs/0")
    page.close()


@pytest.mark.slow
@pytest.mark.browser
def test_a_touch_shows_a_value_first(folder: Path, browser: Browser) -> None:
    page = opened(folder, browser, viewport={"width": 390, "height": 800}, has_touch=True, is_mobile=True)
    page.locator(".f-spot").nth(1).scroll_into_view_if_needed()
    page.touchscreen.tap(*centre(page, 1))
    expect(page.locator(".f-tip")).to_contain_text(SAID[1])
    assert page.locator("dialog[open]").count() == 0
    page.locator(".f-tip a").tap()
    page.wait_for_url("**/numbers.html#/studies/some/variants/mlp/test_accuracy")
    page.close()


@pytest.mark.slow
@pytest.mark.browser
def test_without_javascript_the_picture_stands(folder: Path, browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((folder / "page.html").as_uri())
    assert page.locator("figure img").bounding_box()
    assert page.locator(".f-spot").count() == 0
    context.close()

"""Evidence in a real Chromium, as a reader has it: by pointer, touch and keyboard, from the disk."""

from __future__ import annotations

import base64
import json
import re
import zlib
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, Page

from checkout import SmokeBuild

pytestmark = [pytest.mark.slow, pytest.mark.browser]

PAGES = ("report/supplement.html", "site/report/fashion.html")
MEAN = "/studies/fashion/variants/mlp/test_accuracy/mean"
NUMBER = f'#tbl-fashion-results .value[data-source="{MEAN}"]'
POPOVER = ".evidence-popover"
SWITCH = ".evidence-switch"


@pytest.fixture
def build(smoke_build: SmokeBuild) -> SmokeBuild:
    return smoke_build


def opened(
    browser: Browser,
    build: SmokeBuild,
    name: str,
    width: int = 1400,
    scheme: Literal["light", "dark"] = "light",
    *,
    touch: bool = False,
) -> tuple[Page, list[str]]:
    """Open a page from the disk; the list gathers what it asks for elsewhere and complains about."""
    page = browser.new_page(viewport={"width": width, "height": 844}, color_scheme=scheme, has_touch=touch)
    page.set_default_timeout(5000)
    trouble: list[str] = []
    page.on(
        "request", lambda one: trouble.append(one.url) if not one.url.startswith(("file:", "data:", "blob:")) else None
    )
    page.on("pageerror", lambda error: trouble.append(str(error)))
    page.goto((build.checkout.build / name).as_uri(), wait_until="load")
    page.wait_for_selector("html.evidence-ready")
    page.add_style_tag(content="html { scroll-behavior: auto !important }")
    return page, trouble


def rows(page: Page, box: str) -> dict[str, str]:
    """Names and texts of the first lists in a box."""
    pairs: list[list[str]] = page.eval_on_selector_all(
        f"{box} dt", "all => all.map(dt => [dt.textContent, dt.nextElementSibling.textContent])"
    )
    return dict(pairs)


def measure(build: SmokeBuild) -> dict[str, Any]:
    found: dict[str, Any] = build.checkout.metrics()["studies"]["fashion"]["variants"]["mlp"]
    return found


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("width", [390, 1400])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_hovering_a_number_shows_its_record(
    browser: Browser, build: SmokeBuild, name: str, width: int, scheme: Literal["light", "dark"]
) -> None:
    page, trouble = opened(browser, build, name, width, scheme)
    assert not page.is_visible(POPOVER)
    page.hover(NUMBER)
    page.wait_for_selector(POPOVER, state="visible")
    variant = measure(build)
    accuracy = variant["test_accuracy"]
    shown = rows(page, POPOVER)
    in_percent = f"{round(100 * accuracy['mean'], 3):g} %"
    assert shown["Unrounded"] == f"{json.dumps(accuracy['mean'])} (fraction: {in_percent})"
    assert shown["n"] == f"{accuracy['n']} seeds"
    assert shown["95 % interval"] == " to ".join(json.dumps(end) for end in accuracy["interval"])
    assert shown["In metrics.json"] == MEAN
    assert shown["2 runs"].split() == [key[:8] for key in variant["runs"]]
    assert shown["Data"].startswith("Generated digits, SHA-256 ")
    assert shown["Reproduce"] == "make metrics STUDIES=fashion PROFILE=smoke"
    box = page.locator(POPOVER).bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width
    assert 0 <= box["y"] <= 844 - box["height"]
    background = page.eval_on_selector(POPOVER, "element => getComputedStyle(element).backgroundColor")
    darkness = [float(part) for part in re.findall(r"[\d.]+", background)][:3]
    assert max(darkness) < 60 if scheme == "dark" else min(darkness) > 230
    page.hover(POPOVER)  # the pointer may go there, to select and copy
    page.wait_for_timeout(400)
    assert page.is_visible(POPOVER)
    page.keyboard.press("Escape")
    assert not page.is_visible(POPOVER)
    page.hover(NUMBER)
    page.mouse.move(1, 1)
    page.wait_for_selector(POPOVER, state="hidden")
    assert trouble == []
    page.close()


def test_a_record_opens_only_for_a_pointer_that_moves(browser: Browser, build: SmokeBuild) -> None:
    """Closed by Escape, a record uncovers the numbers under it: nobody pointed at the one that is there now."""
    page, trouble = opened(browser, build, PAGES[1])
    page.hover(NUMBER)
    page.wait_for_selector(POPOVER, state="visible")
    under = page.evaluate(
        """popover => {
            const box = document.querySelector(popover).getBoundingClientRect();
            for (const number of document.querySelectorAll(".value[data-source]:not(.evidence-shown)")) {
                const [x, y] = (({ left, top, width, height }) => [left + width / 2, top + height / 2])(
                    number.getBoundingClientRect());
                if (box.left < x && x < box.right && box.top < y && y < box.bottom) return [x, y];
            }
            return null;
        }""",
        POPOVER,
    )
    assert under is not None, "no number is under the record: the test needs one"
    page.mouse.move(*under)
    page.keyboard.press("Escape")
    page.wait_for_timeout(400)  # the browser tells what is under the pointer now a frame or two later
    assert not page.is_visible(POPOVER)
    page.mouse.move(under[0] + 1, under[1])
    page.wait_for_selector(POPOVER, state="visible")
    assert trouble == []
    page.close()


def test_a_ratio_shows_both_its_numbers_and_a_wording_its_verdict(browser: Browser, build: SmokeBuild) -> None:
    page, _ = opened(browser, build, PAGES[0])
    page.hover('.value[data-format^="ratio"] >> nth=0')
    sources = page.get_attribute('.value[data-format^="ratio"] >> nth=0', "data-source") or ""
    assert [source for source in sources.split(" ") if source in page.inner_text(POPOVER)] == sources.split(" ")
    wording = page.locator('.value[data-format^="verdict"]').first
    wording.scroll_into_view_if_needed()
    x, y = wording.evaluate("e => { const line = e.getClientRects()[0]; return [line.right - 5, line.top + 5]; }")
    page.mouse.move(x, y)
    claim = (wording.get_attribute("data-source") or "").split("/")[2]
    decided = build.checkout.metrics()["claims"][claim]
    shown = rows(page, POPOVER)
    assert shown["Unrounded"] == decided["verdict"]
    assert shown["Effect"] == json.dumps(decided["effect"]).replace("-", "−")
    page.close()


def test_a_count_names_its_filter(browser: Browser, build: SmokeBuild) -> None:
    page, _ = opened(browser, build, "report/report.html")
    studies = build.checkout.metrics()["studies"].values()
    page.hover('.value[data-format="length status=run"] >> nth=0')
    run = sum(study["status"] == "run" for study in studies)
    assert rows(page, POPOVER)["Counted"] == f"{run} of {len(studies)}, status = run"
    page.close()


def test_the_record_of_a_wording_covers_no_line_that_the_pointer_is_on(browser: Browser, build: SmokeBuild) -> None:
    page, _ = opened(browser, build, PAGES[0], width=390)
    wordings = page.locator('.value[data-format^="verdict"]')
    lines = "e => e.getClientRects().length"
    longest = max(range(wordings.count()), key=lambda place: int(wordings.nth(place).evaluate(lines)))
    wording = wordings.nth(longest)
    assert wording.evaluate(lines) > 2
    wording.evaluate("e => e.scrollIntoView({ block: 'center' })")
    for line in ("1", "e.getClientRects().length - 2"):
        x, y = wording.evaluate(f"e => {{ const r = e.getClientRects()[{line}]; return [r.left + 30, r.top + 5]; }}")
        page.mouse.move(x, y)
        page.wait_for_selector(POPOVER)
        box = page.locator(POPOVER).bounding_box()
        assert box is not None
        assert not box["y"] <= y <= box["y"] + box["height"]
        page.mouse.move(0, 0)
        page.wait_for_selector(POPOVER, state="hidden")
    page.close()


def test_touching_a_number_shows_its_record_and_touching_elsewhere_closes_it(
    browser: Browser, build: SmokeBuild
) -> None:
    page, _ = opened(browser, build, PAGES[0], 390, touch=True)
    page.locator(NUMBER).scroll_into_view_if_needed()
    page.tap(NUMBER)
    page.wait_for_selector(POPOVER, state="visible")
    assert rows(page, POPOVER)["In metrics.json"] == MEAN
    page.touchscreen.tap(5, 5)
    page.wait_for_selector(POPOVER, state="hidden")
    page.close()


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("width", [390, 1400])
def test_the_keyboard_switches_evidence_on_and_off(browser: Browser, build: SmokeBuild, name: str, width: int) -> None:
    page, trouble = opened(browser, build, name, width)
    positions = (
        "[...document.querySelectorAll('main p, main td, main h2')].filter(e => !e.closest('.evidence-panel'))"
        ".map(e => e.getBoundingClientRect().top + ' ' + e.getBoundingClientRect().left).join()"
    )
    numbers = page.locator(".value[data-source]")
    assert numbers.evaluate_all("all => all.every(number => number.tabIndex < 0)")
    before = page.evaluate(positions)
    assert page.get_attribute(SWITCH, "aria-pressed") == "false"
    page.focus(SWITCH)
    page.keyboard.press("Enter")
    assert page.get_attribute(SWITCH, "aria-pressed") == "true"
    assert page.is_visible(".evidence-panel")
    assert page.evaluate(positions) == before
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") == 0
    line = page.eval_on_selector(NUMBER, "number => getComputedStyle(number).textDecorationStyle")
    assert line == "dotted"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Close"
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # the first section
    assert page.evaluate("document.activeElement.parentElement.matches('.evidence-sections details')")
    page.keyboard.press("Escape")
    assert not page.is_visible(".evidence-panel")
    assert page.evaluate("document.activeElement.matches('.evidence-switch')")
    assert page.get_attribute(SWITCH, "aria-pressed") == "false"
    assert page.evaluate(positions) == before
    assert trouble == []
    page.close()


def test_the_switch_is_the_first_stop_of_the_text(browser: Browser, build: SmokeBuild) -> None:
    page, _ = opened(browser, build, PAGES[0])
    page.focus(".skip")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.matches('.evidence-switch')")
    page.close()


@pytest.mark.parametrize(("name", "at_least"), [("report/report.html", 200), ("report/supplement.html", 150)])
def test_the_panel_lists_every_number_under_its_section(
    browser: Browser, build: SmokeBuild, name: str, at_least: int
) -> None:
    page, _ = opened(browser, build, name)
    page.click(SWITCH)
    page.eval_on_selector_all(".evidence-sections details", "all => all.forEach(details => { details.open = true; })")
    packed = json.loads(page.locator("#evidence-data").text_content() or "")
    known = json.loads(zlib.decompress(base64.b64decode(packed)))["values"]
    expected = page.evaluate(
        "known => [...document.querySelectorAll('main .value[data-source]')]"
        ".filter(e => e.dataset.source.split(' ').some(p => known.includes(p))).map(e => e.textContent)",
        list(known),
    )
    page.wait_for_function(f"document.querySelectorAll('.evidence-entry').length >= {len(expected)}")
    listed = page.eval_on_selector_all(".evidence-entry > strong", "all => all.map(e => e.textContent)")
    assert listed == expected
    assert len(listed) > at_least
    page.close()


def test_a_number_leads_to_its_entry_and_the_entry_back(browser: Browser, build: SmokeBuild) -> None:
    page, _ = opened(browser, build, PAGES[0])
    page.click(SWITCH)
    page.locator(NUMBER).scroll_into_view_if_needed()
    page.click(NUMBER)
    entry = page.locator(".evidence-entry.evidence-selected")
    assert MEAN in entry.inner_text()
    assert page.eval_on_selector(NUMBER, "number => number.classList.contains('evidence-selected')")
    page.evaluate("scrollTo(0, 0)")
    entry.locator("strong").click()
    box = page.locator(NUMBER).bounding_box()
    assert box is not None
    assert 0 < box["y"] < 844
    page.close()


def test_paper_shows_nothing_of_it(browser: Browser, build: SmokeBuild) -> None:
    page, _ = opened(browser, build, PAGES[0])
    page.click(SWITCH)
    page.emulate_media(media="print")
    for selector in (SWITCH, ".evidence-panel", POPOVER, ".origin"):
        assert not page.locator(selector).first.is_visible(), selector
    assert page.eval_on_selector(NUMBER, "number => getComputedStyle(number).textDecorationLine") == "none"
    page.close()


def test_data_can_be_downloaded_from_the_page_alone(browser: Browser, build: SmokeBuild) -> None:
    page, _ = opened(browser, build, PAGES[0])
    with page.expect_download() as download:
        page.click('[aria-label="Data of tbl-fashion-results as CSV"]')
    assert download.value.suggested_filename == "tbl-fashion-results.csv"
    built = build.checkout.build / "report" / "data" / "tbl-fashion-results.csv"
    assert download.value.path().read_bytes() == built.read_bytes()
    page.close()


def test_on_a_phone_a_figure_is_enlarged_and_the_switch_hides_no_text(build: SmokeBuild, browser: Browser) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 800})
    page.goto((build.checkout.build / "report/supplement.html").as_uri())
    assert page.locator(SWITCH).evaluate("switch_ => getComputedStyle(switch_).position") == "static"
    figure = page.locator("figure img").first
    small = figure.bounding_box()
    assert small is not None
    figure.click()
    large = page.locator("dialog.zoom[open] img").bounding_box()
    assert large is not None
    assert large["width"] > 2 * small["width"]
    assert page.locator("dialog.zoom[open] img").get_attribute("alt") == figure.get_attribute("alt")
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.keyboard.press("Escape")
    assert page.locator("dialog.zoom[open]").count() == 0
    page.close()

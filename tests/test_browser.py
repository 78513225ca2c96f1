"""The built report and site in a real Chromium, as a reader opens them: from the disk, and over HTTP."""

from __future__ import annotations

import functools
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Literal
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

import pytest
from bs4 import BeautifulSoup
from playwright.sync_api import Browser, Page

from checkout import SmokeBuild
from convscope.report.formats import resolve

pytestmark = [pytest.mark.slow, pytest.mark.browser]

SITE_PAGES = (
    "index.html",
    "explore.html",
    "report/index.html",
    "report/fashion.html",
    "claims.html",
    "numbers.html",
    "model-cards.html",
    "report/methods.html",
    "reproduce.html",
    "downloads.html",
    "architecture.html",
    "grade/index.html",
)


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *arguments: Any) -> None:
        pass


@contextmanager
def served(folder: Path) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="module")
def site(smoke_session: SmokeBuild) -> Iterator[str]:
    assert smoke_session.process.returncode == 0, smoke_session.process.stderr[-3000:]
    with served(smoke_session.checkout.build / "site") as address:
        yield address


class Log:
    """What a page asked the network for and complained about."""

    def __init__(self, page: Page) -> None:
        self.requests: list[str] = []
        self.complaints: list[str] = []
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("requestfailed", lambda request: self.complaints.append(f"failed: {request.url}"))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda said: self.complaints.append(said.text) if said.type == "error" else None)
        page.on("response", lambda r: self.complaints.append(f"{r.status}: {r.url}") if r.status >= 400 else None)

    def assert_only(self, *beginnings: str) -> None:
        assert self.requests
        assert [url for url in self.requests if not url.startswith(beginnings)] == []
        assert self.complaints == []


@pytest.mark.parametrize("width", [390, 1440])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_report_from_the_disk(
    smoke_build: SmokeBuild, browser: Browser, width: int, scheme: Literal["light", "dark"]
) -> None:
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    log = Log(page)
    page.goto((smoke_build.checkout.build / "report/supplement.html").as_uri(), wait_until="networkidle")
    assert_fits(page)
    assert_images_are_drawn(page)
    assert brightness(page, "body") < 60 if scheme == "dark" else brightness(page, "body") > 230
    page.click("#contents summary") if width == 390 else None
    page.click("#contents a[href='#sec-claims']")
    page.wait_for_function(
        "scrollY > 0 && Math.abs(document.querySelector('#sec-claims').getBoundingClientRect().top) < 99"
    )
    log.assert_only("file:", "data:")
    page.close()


@pytest.mark.parametrize("width", [390, 1440])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_site_over_http(site: str, browser: Browser, width: int, scheme: Literal["light", "dark"]) -> None:
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    log = Log(page)
    for name in SITE_PAGES:
        page.goto(site + name, wait_until="networkidle")
        assert_fits(page)
        assert_images_are_drawn(page)
        assert brightness(page, "body") < 60 if scheme == "dark" else brightness(page, "body") > 230
    log.assert_only(site, "data:", "blob:")
    page.close()


def test_search_finds_a_word_and_leads_to_it(site: str, browser: Browser) -> None:
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    log = Log(page)
    page.goto(site, wait_until="networkidle")
    page.click(".md-search__input")
    page.keyboard.type("colophon")
    page.click(".md-search-result__link[href*='#sec-colophon']")
    page.wait_for_url("**/report/methods.html**")
    assert "Colophon" in page.inner_text("article mark")
    log.assert_only(site, "data:", "blob:")
    page.close()


def test_search_works_for_a_site_opened_from_the_disk(smoke_build: SmokeBuild, browser: Browser) -> None:
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    log = Log(page)
    page.goto((smoke_build.checkout.build / "site" / "index.html").as_uri(), wait_until="load")
    page.click(".md-search__input")
    page.keyboard.type("colophon")
    page.wait_for_selector(".md-search-result__link[href*='#sec-colophon']")
    log.assert_only("file:", "data:", "blob:")
    page.close()


def test_the_dark_mode_switch_is_remembered(site: str, browser: Browser) -> None:
    page = browser.new_page(viewport={"width": 1440, "height": 900}, color_scheme="light")
    page.goto(site, wait_until="networkidle")
    for _ in range(2):  # from the system's to light, from light to dark
        page.click("label.md-header__button:not([hidden])[for^='__palette']")
    assert brightness(page, "body") < 60
    page.goto(f"{site}report/index.html", wait_until="networkidle")
    assert brightness(page, "body") < 60
    page.close()


def test_a_figure_opens_larger_with_its_description_and_closes(site: str, browser: Browser) -> None:
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.goto(f"{site}report/fashion.html", wait_until="networkidle")
    figure = page.locator("figure img:visible").first  # the first ones are folded
    figure.scroll_into_view_if_needed()
    before = figure.evaluate("image => image.getBoundingClientRect().width")
    page.locator(".f-enlarge:visible").first.focus()
    page.keyboard.press("Enter")
    large = page.locator("dialog[open] img")
    assert large.evaluate("image => image.getBoundingClientRect().width") > before
    assert large.get_attribute("alt") == figure.get_attribute("alt") != ""
    page.keyboard.press("Escape")
    page.wait_for_selector("dialog[open]", state="detached")
    page.close()


@pytest.mark.parametrize("query", ["3x3", "3×3"])
def test_search_takes_a_letter_for_the_sign_between_sizes(site: str, browser: Browser, query: str) -> None:
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.goto(site, wait_until="networkidle")
    page.click(".md-search__input")
    page.keyboard.type(query)
    page.wait_for_selector(".md-search-result__link[href*='claims.html'][href*='#fashion-']")
    page.close()


@pytest.mark.parametrize("name", ["fashion", "data-and-networks", "why-it-works", "one-factor-at-a-time"])
def test_labels_of_a_figure_can_be_read_on_a_phone(
    smoke_build: SmokeBuild, site: str, browser: Browser, name: str
) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 844})
    page.goto(f"{site}report/{name}.html", wait_until="networkidle")
    page.evaluate("document.querySelectorAll('details').forEach((folded) => (folded.open = true))")
    small = {}
    for chart in page.locator("figure img[src$='.svg']:visible").all():
        source = str(chart.get_attribute("src"))
        drawing = (smoke_build.checkout.build / "site" / "report" / source).read_text(encoding="utf-8")
        drawn = chart.evaluate("image => image.getBoundingClientRect().width")
        units = re.search(r'viewBox="0 0 ([\d.]+)', drawing)
        labels = [float(size) for size in re.findall(r"font-size:([\d.]+)px", drawing)]
        if units and labels and min(labels) * drawn / float(units[1]) < 10.95:
            small[source] = min(labels) * drawn / float(units[1])
    assert small == {}
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    page.close()


def test_every_internal_link_and_anchor_of_the_site_leads_somewhere(smoke_build: SmokeBuild) -> None:
    folder = smoke_build.checkout.build / "site"
    pages = {path: BeautifulSoup(path.read_bytes(), "html.parser") for path in folder.rglob("*.html")}
    targets = {path: {str(e["id"]) for e in soup.select("[id]")} for path, soup in pages.items()}
    assert len(pages) > 20
    broken = []
    for path, soup in pages.items():
        if path.name == "404.html":  # its links are absolute, from the root of wherever the site is put
            continue
        for element in soup.select("a[href], link[href], script[src], img[src]"):
            address = str(element.get("href") or element["src"])
            if urlsplit(address).scheme:
                continue
            file_part, anchor = urldefrag(urljoin(path.as_uri(), address))
            file = Path(unquote(urlsplit(file_part).path))
            file = file / "index.html" if file.is_dir() else file
            if file.name == "numbers.html" and anchor:  # the address of a place in metrics.json
                resolve(smoke_build.checkout.metrics(), unquote(anchor))
                anchor = ""
            if file.name == "claims.html" and anchor.startswith("verdict="):  # a choice of claims
                anchor = ""
            if not file.is_file() or (anchor and file in targets and unquote(anchor) not in targets[file]):
                broken.append(f"{path.relative_to(folder)}: {address}")
    assert broken == []


def assert_fits(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, page.url
    assert page.evaluate("scrollTo(1e6, 0), scrollX") == 0, page.url


def assert_images_are_drawn(page: Page) -> None:
    broken = "[...document.images].filter(image => image.complete && image.naturalWidth === 0).map(image => image.src)"
    assert page.evaluate(broken) == []


def brightness(page: Page, selector: str) -> float:
    """Mean of red, green and blue of an element's background, 0 to 255."""
    colour: str = page.eval_on_selector(selector, "element => getComputedStyle(element).backgroundColor")
    channels = [float(value) for value in re.findall(r"[\d.]+", colour)]
    assert len(channels) == 3, f"{selector} is see-through: {colour}"
    return sum(channels) / 3

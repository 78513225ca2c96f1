"""The built site in a real Chromium: what a reader may meet on any page."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Literal

import pytest
from bs4 import BeautifulSoup
from playwright.sync_api import Browser, expect

from barriers import complaints_of_axe
from checkout import ROOT, SmokeBuild
from convscope.report.site_chapters import rewritten, write_chapters
from convscope.report.site_finish import finish, with_policy
from convscope.report.site_pages import in_html


@pytest.fixture
def site(smoke_build: SmokeBuild) -> Path:
    return smoke_build.checkout.build / "site"


def pages_of(site: Path) -> list[Path]:
    """Return every page but the API's, of which two, and the standalone documents, which are tested elsewhere."""
    standalone = {site / "report" / name for name in ("report.html", "supplement.html")}
    pages = [page for page in sorted(site.rglob("*.html")) if page not in standalone]
    api = [page for page in pages if page.is_relative_to(site / "reference")]
    return [page for page in pages if page not in api] + api[:1] + api[-1:]


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.parametrize(("scheme", "width"), [("light", 1440), ("dark", 1440), ("light", 390)])
def test_no_page_has_a_serious_barrier(
    site: Path, browser: Browser, scheme: Literal["light", "dark"], width: int
) -> None:
    # The policy would keep axe out. Without motion, tabs that are still fading in do not count as pale.
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, bypass_csp=True, reduced_motion="reduce"
    )
    found = {}
    for path in pages_of(site):
        page = context.new_page()
        page.goto(path.as_uri(), wait_until="load")
        page.wait_for_timeout(300)
        page.evaluate("document.querySelectorAll('details').forEach((folded) => (folded.open = true))")
        if complaints := complaints_of_axe(page):
            found[str(path.relative_to(site))] = complaints
        page.close()
    context.close()
    assert found == {}


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.parametrize(("scheme", "width"), [("light", 1440), ("dark", 1440), ("light", 390), ("dark", 390)])
def test_nothing_that_opens_is_a_barrier(
    site: Path, browser: Browser, scheme: Literal["light", "dark"], width: int
) -> None:
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, bypass_csp=True, reduced_motion="reduce"
    )
    page = context.new_page()
    found = {}

    def look(name: str) -> None:
        page.wait_for_timeout(300)
        if complaints := complaints_of_axe(page):
            found[name] = complaints

    page.goto((site / "report" / "fashion.html").as_uri())
    page.locator(".evidence-switch").click()
    look("evidence")
    page.locator(".evidence-close").click()
    page.locator(".value[data-source]:visible").first.click()
    look("record of a number")
    page.locator(".f-enlarge:visible").first.focus()
    page.keyboard.press("Enter")
    look("figure")
    page.goto((site / "index.html").as_uri())
    page.locator("header label[for=__search]").first.click() if width == 390 else page.click(".md-search__input")
    page.keyboard.type("kernel")
    page.wait_for_selector(".md-search-result__item")
    look("search")
    page.goto((site / "explore.html").as_uri())
    page.locator("#kernel").scroll_into_view_if_needed()
    page.wait_for_selector("[data-exhibit=kernel][data-ready]")
    for size in page.locator("[data-kernel]").all():
        size.click()
        look(f"kernel {size.inner_text()}")
    context.close()
    assert found == {}


@pytest.mark.slow
@pytest.mark.browser
def test_axe_finds_a_barrier(browser: Browser) -> None:
    page = browser.new_page()
    page.set_content("<html lang='en'><title>x</title><main><img src='data:,'></main>")
    assert [complaint.partition(":")[0] for complaint in complaints_of_axe(page)] == ["image-alt"]
    page.close()


@pytest.mark.slow
@pytest.mark.browser
def test_pages_are_small_and_leave_pictures_their_room(site: Path, browser: Browser) -> None:
    wide, phone = (browser.new_page(viewport={"width": width, "height": 900}) for width in (1440, 390))
    large = []
    tags = {
        path: len(re.findall("<[a-z]", path.read_text(encoding="utf-8"))) for path in site.rglob("reference/**/*.html")
    }
    largest = sorted(tags, key=lambda path: tags[path])[-5:]  # a browser takes minutes for all 250
    for path in dict.fromkeys((*pages_of(site), *largest)):
        text = path.read_text(encoding="utf-8")
        for page in (wide, phone):
            page.goto(path.as_uri(), wait_until="load")
        height = max(page.evaluate("document.documentElement.scrollHeight") for page in (wide, phone))
        elements = wide.evaluate("document.querySelectorAll('*').length")
        if height > 15_000 or elements > 2_500 or len(text.encode()) > 600_000:
            large.append((str(path.relative_to(site)), height, elements, len(text.encode())))
        pictures = BeautifulSoup(text, "html.parser").select("article img")
        assert [str(one) for one in pictures if one.get("loading") != "lazy"] == []
        drawn = [one for one in pictures if str(one["src"]).endswith(".svg")]
        assert [str(one) for one in drawn if not (one.get("width") and one.get("height"))] == []
    wide.close()
    phone.close()
    assert large == []
    assert (site / "search" / "search_index.json").stat().st_size <= 400_000


@pytest.mark.slow
def test_every_figure_that_is_shipped_is_shown(site: Path) -> None:
    shown = {
        (page.parent / str(picture["src"])).resolve()
        for page in pages_of(site)
        for picture in BeautifulSoup(page.read_bytes(), "html.parser").select("img[src$='.svg']")
    }
    shipped = {file.resolve() for file in (site / "report" / "figures").iterdir()}
    assert shipped
    assert shipped - shown == set()


@pytest.mark.slow
def test_every_script_in_a_page_is_allowed_by_its_hash(site: Path) -> None:
    for path in pages_of(site):
        soup = BeautifulSoup(path.read_bytes(), "html.parser")
        [policy] = [str(meta["content"]) for meta in soup.select("meta[http-equiv=Content-Security-Policy]")]
        scripts = re.search(r"script-src ([^;]*)", policy)
        assert scripts
        assert "unsafe" not in scripts[1]
        for script in soup.select("script:not([src]):not([type='application/json'])"):
            digest = base64.b64encode(hashlib.sha256(script.decode_contents().encode()).digest()).decode()
            assert f"'sha256-{digest}'" in scripts[1], path
        assert soup.select("[onclick], [onload], [onerror]") == [], path


@pytest.mark.slow
@pytest.mark.browser
def test_a_script_that_was_slipped_in_does_not_run(site: Path, browser: Browser, tmp_path: Path) -> None:
    shutil.copytree(site, tmp_path / "site", ignore=shutil.ignore_patterns("reference", "report"))
    page_file = tmp_path / "site" / "index.html"
    slipped = "<script>document.title = 'slipped in'</script></body>"
    page_file.write_text(page_file.read_text(encoding="utf-8").replace("</body>", slipped), encoding="utf-8")
    page = browser.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.goto(page_file.as_uri(), wait_until="load")
    assert page.title() != "slipped in"
    assert any("Content Security Policy" in text for text in said), said
    page.close()


@pytest.mark.slow
@pytest.mark.browser
def test_claims_are_filtered_by_their_address(smoke_build: SmokeBuild, site: Path, browser: Browser) -> None:
    claims = smoke_build.checkout.metrics()["claims"]
    page = browser.new_page()
    page.goto((site / "claims.html").as_uri() + "#verdict=inconclusive&study=fashion")
    wanted = [id_ for id_, one in claims.items() if one["verdict"] == "inconclusive" and one["study"] == "fashion"]
    assert wanted
    shown = page.locator(".c-claim:visible")
    expect(shown).to_have_count(len(wanted))
    assert shown.locator("h3").evaluate_all("all => all.map(heading => heading.id)") == wanted
    page.select_option(".c-filter select >> nth=1", "")
    expect(shown).to_have_count(sum(one["verdict"] == "inconclusive" for one in claims.values()))
    page.select_option(".c-filter select >> nth=0", "")
    first = next(iter(claims.values()))["study"]
    expect(shown).to_have_count(sum(one["study"] == first for one in claims.values()))
    expect(page.locator(".c-filter output")).to_have_text(f"{len(claims)} of {len(claims)} claims")
    page.close()


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.parametrize("width", [390, 1440])
def test_the_address_of_a_claim_opens_its_study(
    smoke_build: SmokeBuild, site: Path, browser: Browser, width: int
) -> None:
    claims = smoke_build.checkout.metrics()["claims"]
    last = list(claims)[-1]
    assert claims[last]["study"] != next(iter(claims.values()))["study"]  # which is open
    page = browser.new_page(viewport={"width": width, "height": 844})
    page.goto((site / "claims.html").as_uri())
    expect(page.locator(f'[id="{last}"]')).not_to_be_visible()
    page.goto((site / "claims.html").as_uri() + f"#{last}")  # the same page: no load
    expect(page.locator(f'[id="{last}"]')).to_be_in_viewport()
    page.reload()
    expect(page.locator(f'[id="{last}"]')).to_be_in_viewport()
    page.close()


@pytest.mark.slow
@pytest.mark.browser
def test_every_claim_is_there_without_javascript(smoke_build: SmokeBuild, site: Path, browser: Browser) -> None:
    claims = smoke_build.checkout.metrics()["claims"]
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((site / "claims.html").as_uri())
    folded = page.locator(".c-own:not([open]) > summary")
    while folded.count():
        folded.first.click()
    assert page.locator(".c-claim:visible h3").evaluate_all("all => all.map(heading => heading.id)") == list(claims)
    context.close()


@pytest.mark.slow
@pytest.mark.browser
def test_a_claim_leads_to_its_numbers(smoke_build: SmokeBuild, site: Path, browser: Browser) -> None:
    name, claim = next(iter(smoke_build.checkout.metrics()["claims"].items()))
    page = browser.new_page()
    page.goto((site / "claims.html").as_uri())
    check = page.locator(".c-claim").first.locator("details")
    check.locator("summary").click()
    assert f"make metrics STUDIES={claim['study']} PROFILE=smoke" in check.inner_text()
    check.locator(f"a[href='numbers.html#/claims/{name}']").click()
    page.wait_for_url(re.compile(re.escape(f"/numbers.html#/claims/{name}") + "$"))
    expect(page.locator(".n-tree tbody")).to_contain_text(json.dumps(claim["verdict"]))
    page.close()


@pytest.mark.slow
@pytest.mark.browser
def test_the_home_page_answers_without_javascript(smoke_build: SmokeBuild, site: Path, browser: Browser) -> None:
    claims = smoke_build.checkout.metrics()["claims"].values()
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((site / "index.html").as_uri())
    strip = page.inner_text(".h-strip")
    assert f"{len(claims)} claims" in strip
    assert f"{sum(one['verdict'] == 'refuted' for one in claims)} refuted" in strip
    assert page.locator("a.md-button").all_inner_texts() == ["Try it", "Read the findings", "Check a number"]
    page.goto((site / "explore.html").as_uri())
    assert page.locator("[data-exhibit=kernel] figcaption").inner_text() == "Learned kernels of the first layer."
    context.close()


@pytest.mark.slow
@pytest.mark.browser
def test_the_explorer_of_the_site_runs_what_this_build_has(site: Path, browser: Browser) -> None:
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.goto((site / "explore.html").as_uri())
    page.locator("#kernel").scroll_into_view_if_needed()
    page.wait_for_selector("[data-exhibit=kernel][data-ready]")
    assert "The study of shifts was not run" in page.inner_text("[data-exhibit=shift]")
    page.close()


@pytest.fixture
def published(tmp_path: Path) -> Iterator[str]:
    """A page and a 404 with the site's own theme and settings, served below a path as GitHub Pages does."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}/convscope/"
    shutil.copytree(ROOT / "site" / "overrides", tmp_path / "overrides")
    (tmp_path / "docs" / "stylesheets").mkdir(parents=True)
    (tmp_path / "docs" / "index.md").write_text("# A page\n")
    settings = (ROOT / "site" / "mkdocs.yml").read_text(encoding="utf-8")
    for part, following in (("plugins", "markdown_extensions"), ("nav", "validation")):
        settings = re.sub(rf"^{part}:.*?(?=^{following}:)", "", settings, flags=re.MULTILINE | re.DOTALL)
    (tmp_path / "mkdocs.yml").write_text(settings)
    command = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--site-dir", str(tmp_path / "out" / "convscope")]
    subprocess.run(
        command, cwd=tmp_path, check=True, env=os.environ | {"SITE_URL": address, "NO_MKDOCS_2_WARNING": "1"}
    )
    finish(tmp_path / "out" / "convscope")

    class Pages(SimpleHTTPRequestHandler):
        def send_error(self, *_: Any) -> None:
            self.send_response(404)
            self.end_headers()
            self.wfile.write((tmp_path / "out" / "convscope" / "404.html").read_bytes())

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", port), partial(Pages, directory=str(tmp_path / "out"))) as server:
        threading.Thread(target=server.serve_forever).start()
        yield address
        server.shutdown()


@pytest.mark.slow
@pytest.mark.browser
def test_a_page_that_is_not_there_looks_like_the_others_and_leads_home(published: str, browser: Browser) -> None:
    page = browser.new_page()
    page.goto(f"{published}no/such/page.html")
    expect(page.locator("h1")).to_contain_text("404")
    assert page.locator(".md-header").evaluate("header => getComputedStyle(header).position") == "sticky"
    page.get_by_role("banner").get_by_role("link").first.click()
    page.wait_for_url(f"{published}*")
    expect(page.locator("h1")).to_contain_text("A page")
    assert page.locator("meta[property='og:image']").get_attribute("content") == f"{published}images/social.png"
    page.close()


def test_numbers_and_literals_become_html_from_the_inside_out() -> None:
    text = (
        '[a [1]{.value data-source="/n" data-format="count"} \\[b\\]]{.value data-source="/v" data-format="verdict x"}'
    )
    assert in_html(text) == (
        '<span class="value" data-source="/v" data-format="verdict x">a '
        '<span class="value" data-source="/n" data-format="count">1</span> &#91;b&#93;</span>'
    )
    assert in_html("[3×3]{.literal} [x](y.md)") == '<span class="literal">3×3</span> [x](y.md)'


def test_pages_of_the_api_are_mended_but_not_their_code(tmp_path: Path) -> None:
    page = tmp_path / "reference" / "a.html"
    page.parent.mkdir()
    page.write_text(
        "<head></head><p>As shown [1]_.</p><p>.. [1] A book.\n.. [2] Another.</p>"
        "<summary><code>build/x/.site-source/src/a.py</code></summary>"
        '<pre><span></span><code><span class="n">x</span><span class="k">if</span> '
        '<span class="n"><span title="str">str</span></span>'
        "[1]_</code></pre>"
    )
    finish(tmp_path)
    said = page.read_text().partition("<p>")[2]
    assert said == (
        "As shown [1].</p><p>[1] A book.<br>[2] Another.</p><summary><code>src/a.py</code></summary>"
        '<pre><code>x<span class="k">if</span> <span title="str">str</span>[1]_</code></pre>'
    )


def test_a_page_waits_for_no_script_and_no_style_of_another(tmp_path: Path) -> None:
    head = '<head><link rel="stylesheet" href="{0}assets/_mkdocstrings.css"><script src="{0}a.js"></script></head>'
    rest = '<script src="b.js" defer></script><script>let a;</script>'
    for name, up in (("index.html", ""), ("reference/a.html", "../")):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(head.format(up) + rest)
    finish(tmp_path)
    page, api = ((tmp_path / name).read_text() for name in ("index.html", "reference/a.html"))
    for text in (page, api):
        assert re.findall("<script[^>]*>", text)[1:] == ['<script src="b.js" defer>', "<script>"]
    assert '<script defer src="a.js">' in page
    assert ("_mkdocstrings" in page, "_mkdocstrings" in api) == (False, True)


def test_a_cell_that_is_a_number_is_one_element(tmp_path: Path) -> None:
    value = '<span class="value" data-source="/n" data-format="count">1</span>'
    (tmp_path / "index.html").write_text(f'<td style="a">{value}</td><th>{value}</th><td>{value} of {value}</td>')
    finish(tmp_path)
    cells = BeautifulSoup((tmp_path / "index.html").read_text(), "html.parser").select("td, th")
    assert [(cell.get("data-source"), len(cell.select(".value"))) for cell in cells] == [
        ("/n", 0),
        ("/n", 0),
        (None, 2),
    ]
    assert (cells[0]["style"], cells[0].text) == ("a", "1")


@pytest.mark.slow
@pytest.mark.browser
def test_tables_fit_their_column(site: Path, browser: Browser) -> None:
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    wide, tables = [], 0
    for path in (path for path in pages_of(site) if not path.is_relative_to(site / "reference")):
        page.goto(path.as_uri(), wait_until="load")
        page.evaluate("document.querySelectorAll('details').forEach((folded) => (folded.open = true))")
        boxes = page.locator("main :is(.table-scroll, .md-typeset__scrollwrap):has(table)").evaluate_all(
            "all => all.map(box => [box.scrollWidth - box.clientWidth, box.textContent.slice(0, 60)])"
        )
        tables += len(boxes)
        wide += [(path.name, *box) for box in boxes if box[0] > 1]
    page.close()
    assert tables > 50
    assert wide == []


def test_search_keeps_a_long_sentence_once(tmp_path: Path) -> None:
    long = "Differences of test accuracy in percentage points, paired by seed and test image."
    docs = [{"location": f"{name}.html", "title": name, "text": f"{long} Also {name}. Short."} for name in "ab"]
    (tmp_path / "search").mkdir()
    (tmp_path / "search" / "search_index.json").write_text(json.dumps({"docs": docs}))
    finish(tmp_path)
    texts = [one["text"] for one in json.loads((tmp_path / "search" / "search_index.json").read_text())["docs"]]
    assert texts == [f"{long} Also a. Short.", "Also b. Short."]


def test_search_counts_the_api_less_than_what_was_found(tmp_path: Path) -> None:
    docs = [{"location": name, "title": name, "text": "a"} for name in ("reference/a.html", "claims.html")]
    (tmp_path / "search").mkdir()
    (tmp_path / "search" / "search_index.json").write_text(json.dumps({"docs": docs}))
    finish(tmp_path)
    index = json.loads((tmp_path / "search" / "search_index.json").read_text())["docs"]
    assert [one.get("boost", 1) < 1 for one in index] == [True, False]


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.parametrize("query", ["kernel", "claims", "fashion", "grade", "photographs"])
def test_search_puts_a_page_for_readers_first(site: Path, browser: Browser, query: str) -> None:
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.goto((site / "index.html").as_uri())
    page.click(".md-search__input")
    page.keyboard.type(query)
    first = page.locator(".md-search-result__item > a").first
    expect(first).to_be_visible()
    assert "/reference/" not in str(first.get_attribute("href"))
    page.close()


def test_a_policy_comes_first_and_knows_the_scripts() -> None:
    page = with_policy('<head><meta charset="utf-8"><script>let a;</script><script src="b.js"></script></head>')
    digest = base64.b64encode(hashlib.sha256(b"let a;").digest()).decode()
    assert re.match(
        rf'<head><meta charset="utf-8"><meta http-equiv="[^"]*" content="[^"]*\'sha256-{re.escape(digest)}', page
    )


def test_chapters_become_pages_that_know_each_other(tmp_path: Path) -> None:
    evidence = {
        "places": [{"command": "a"}, {"command": "b"}],
        "measured": [{"n": 8}],
        "values": {"/a": {"place": 0}, "/b": {"place": 1, "of": 0}},
    }
    pages = tmp_path / "pages"
    pages.mkdir()
    (pages / "index.md").write_text(
        "---\ntitle: T\n---\n\n# T\n\n## Summary {#sec-summary}\n\n"
        '<a href="studies.html#sec-shift">S</a> <a href="#sec-summary">1</a> '
        '<a href="studies.html#tbl-claims-shift">C</a> <a href="#tbl-base">B</a>\n\n'
        "## Data {#sec-data}\n\nD\n\n## Base {#sec-baseline}\n\n"
        '<table id="tbl-base"></table> <a href="#sec-data">2</a> <a href="#sec-essay">4</a>\n\n'
        "## Why {#sec-essay}\n\n### How much {#sec-essay-gain}\n\n<a href='#ref-x'>R</a>"
        '<a href="#ref-x">R</a>\n\n## References {#references}\n\n<div id="ref-x"></div>'
    )
    (pages / "studies.md").write_text(
        "# T\n\n## About {#sec-about}\n\nText\n\n## Claims {#sec-claims}\n\n"
        '<table id="tbl-claims-shift"></table>\n\n'
        "## <span>Shift</span> {#sec-shift}\n\n### Data {#sec-shift-data}\n\n"
        '<span data-source="/b" data-format="count 0">2</span> '
        '<a href="#sec-about" class="cross-reference">Section 1</a> '
        '<a href="index.html#sec-essay" class="cross-reference other-document">Report, Section 4</a> '
        '<a href="index.html#tbl-base" class="cross-reference other-document">Report, Table 1</a>\n\n'
        '## References {#references}\n\n<div id="ref-x"></div>'
        f'<script type="application/json" id="evidence-data">{json.dumps(evidence)}</script>'
    )
    chapters, targets = write_chapters(pages, ["shift"], tmp_path)
    assert [(one.menu, one.name, one.title) for one in chapters] == [
        ("ARGUMENT", "why-it-works.md", "Why"),
        ("ARGUMENT", "data-and-networks.md", "Data and networks"),
        ("METHODS", "methods.md", "Methods"),
        ("METHODS", "reference-list.md", "References"),
        ("STUDIES", "shift.md", "Shift"),
    ]
    index, shift, why, data = (
        tmp_path / f"{name}.md" for name in ("index", "shift", "why-it-works", "data-and-networks")
    )

    def links(page: Path) -> list[Any]:
        return [link["href"] for link in BeautifulSoup(page.read_text(), "html.parser").select("a")]

    assert links(index) == [
        "shift.html#sec-shift", "#sec-summary", "../claims.html#tbl-claims-shift", "data-and-networks.html#tbl-base",
    ]  # fmt: skip
    assert links(data) == ["#sec-data", "why-it-works.html#sec-essay"]
    assert links(why)[1] == "reference-list.html#ref-x"  # the report's own, not the supplement's on another page
    assert "\n# Why {#sec-essay}\n\n## How much {#sec-essay-gain}\n\n" in why.read_text()
    assert "\n# Data and networks\n\n## Data {#sec-data}\n\nD\n\n\n\n## Base {#sec-baseline}\n" in data.read_text()
    assert "\n# <span>Shift</span> {#sec-shift}\n\n## Data {#sec-shift-data}\n\n" in shift.read_text()
    soup = BeautifulSoup(shift.read_text(), "html.parser")
    assert [(link["href"], link.text) for link in soup.select("a")] == [  # numbers of sections are the paper's
        ("methods.html#sec-about", "About"),
        ("why-it-works.html#sec-essay", "Why"),
        ("data-and-networks.html#tbl-base", "Table 1"),
    ]
    assert json.loads(soup.select("script")[0].text) == {
        "places": [{"command": "b"}],
        "measured": [{"n": 8}],
        "values": {"/b": {"place": 0, "of": 0}},
    }
    assert rewritten("[a](../report/studies.md#sec-shift-data) [b](report/studies.md#tbl-claims-shift)", targets) == (
        "[a](../report/shift.md#sec-shift-data) [b](claims.md#tbl-claims-shift)"
    )


def test_a_study_answers_before_its_details() -> None:
    chapter = (ROOT / "report" / "_study.qmd").read_text(encoding="utf-8")
    parts = re.findall(r"^<% block (\w+) %>|^(\*\*(?:The question|In short)\.)", chapter, re.MULTILINE)
    inside_others = ("particular", "how", "details")
    said = [block or words.strip("*.") for block, words in parts if block not in inside_others]
    assert said == [
        "The question", "In short", "interpretation", "results", "experiments", "inside", "data", "baseline", "design",
    ]  # fmt: skip
    for own in ("_study.qmd", *(f"studies/{file.name}" for file in (ROOT / "report" / "studies").glob("*.qmd"))):
        text = (ROOT / "report" / own).read_text(encoding="utf-8")
        text = re.sub(r"<% block how %>.*?<% endblock %>", "", text, flags=re.DOTALL)
        if results := re.search(r"<% block results %>(.*?)<% endblock %>", text, re.DOTALL):
            assert re.search(r"<< (figure|results_table)\(", results[1])[1] == "figure", own  # type: ignore[index]


def test_long_tables_and_curves_of_a_study_are_folded_with_their_captions(tmp_path: Path) -> None:
    parts = [
        '<figure class="table" id="tbl-shift-rates">\n<table></table></figure>\n<div class="origin" a>\nR\n</div>',
        '<figure class="table" id="tbl-shift-results">\n<table></table></figure>\n<div class="origin">\nS\n</div>',
        '<figure id="fig-shift-curves">\n<img>\n</figure>',
        '<figure id="fig-shift-baseline-curves">\n<img>\n</figure>',
    ]
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages" / "index.md").write_text(
        "# T\n\n## Summary {#sec-summary}\n\n## Factors {#sec-experiments}\n\n"
        '<figure class="table" id="tbl-factors">\nF</figure>\n\n'
        '<figure id="fig-all-curves">\nG</figure>\n\n<figure id="fig-factor-curves">\nH</figure>\n'
    )
    (tmp_path / "pages" / "studies.md").write_text(
        "# T\n\n## About {#sec-about}\n\n## Shift {#sec-shift}\n\n" + "\n\n".join(parts)
    )
    write_chapters(tmp_path / "pages", ["shift"], tmp_path)
    study, factors = (
        BeautifulSoup((tmp_path / name).read_text(), "html.parser") for name in ("shift.md", "one-factor-at-a-time.md")
    )
    assert [fold.figure["id"] for fold in study.select("details")] == ["tbl-shift-rates", "fig-shift-curves"]  # type: ignore[index]
    assert "R" in study.select("details")[0].text
    assert [fold.figure["id"] for fold in factors.select("details")] == ["tbl-factors", "fig-factor-curves"]  # type: ignore[index]


@pytest.mark.slow
@pytest.mark.browser
def test_figures_keep_their_room_on_a_phone_before_they_are_loaded(site: Path, browser: Browser) -> None:
    """They had no height until then: pages seemed shorter than they are, and moved under the reader."""
    page = browser.new_page(viewport={"width": 390, "height": 844})
    page.route("**/*.svg", lambda route: route.abort())
    page.goto((site / "report" / "fashion.html").as_uri(), wait_until="load")
    sizes = page.locator("figure .f-scroll img[width]:visible").evaluate_all(
        "all => all.map(image => [image.clientHeight, Number(image.getAttribute('height'))])"
    )
    page.close()
    assert sizes
    assert [(shown, own) for shown, own in sizes if abs(shown - own) > 1] == []


def test_a_figure_is_large_enough_for_its_labels_and_one_with_photographs_is_known(tmp_path: Path) -> None:
    drawings = {
        "chart": '<style>.s1{font-size:8.5px}.s2{font-size:7.5px}</style><text class="s2">a</text>',
        "disputed": '<image href="data:image/webp;base64,A"/>',
        "confusion": '<image href="data:image/webp;base64,A"/>',
    }
    for name, drawn in drawings.items():
        (tmp_path / f"some-{name}.svg").write_text(
            f'<svg xmlns="http://www.w3.org/2000/svg" width="300pt" height="150pt" viewBox="0 0 300 150">{drawn}</svg>'
        )
    (tmp_path / "index.html").write_text("".join(f'<img src="some-{name}.svg" alt="a">' for name in drawings))
    finish(tmp_path)
    pictures = BeautifulSoup((tmp_path / "index.html").read_text(), "html.parser").select("img")
    assert [(one["width"], one["height"]) for one in pictures] == [("440", "220"), ("400", "200"), ("400", "200")]
    assert ["data-photographs" in one.attrs for one in pictures] == [False, True, False]

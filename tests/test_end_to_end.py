"""What `make all PROFILE=smoke` leaves: numbers that are those of metrics.json, figures that show something."""

from __future__ import annotations

import base64
import json
import re
import shutil
import subprocess
import xml.etree.ElementTree as ET
import zlib
from functools import reduce
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import jsonschema
import numpy as np
import pytest
import typst
from bs4 import BeautifulSoup, Tag
from PIL import Image

from checkout import SMOKE_STUDIES, SmokeBuild
from convscope.analysis.metrics_file import schema
from convscope.report.formats import NAMES, NUMERIC

pytestmark = pytest.mark.slow

# The site shows the report on a page for each of the chapters that belong together, in this order of their figures;
# the supplement a chapter a page, its claims on a page of their own.
ARGUMENT = tuple(
    f"site/report/{page}.html"
    for page in ("index", "data-and-networks", "one-factor-at-a-time", "why-it-works", "deployed-network")
)
LEDGER = "site/report/limits-and-ledger.html"
STUDIES = {study: f"site/report/{study}.html" for study in SMOKE_STUDIES.split()}
CHAPTERS = (*STUDIES.values(), "site/report/methods.html", "site/report/datasheets.html")
CLAIMS = "site/claims.html"
SITE = (*ARGUMENT, LEDGER, *CHAPTERS, CLAIMS)
DOCUMENTS = ("report/report.html", "report/supplement.html")
# With the least of marked numbers that each has.
LEAST = (10, 100, 60, 4, 100, 20)  # of the argument and the ledger, which have together what the report has
PAGES = dict(zip((*DOCUMENTS, *SITE), (300, 300, *LEAST, 150, 150, 5, 10, 100), strict=True))
UNSCALED = ("n", "sign_flip_p", "level")  # stand beside fractions, and are none


def parsed(path: Path) -> BeautifulSoup:
    return BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")


def step(value: Any, name: str) -> Any:
    return value[int(name)] if isinstance(value, list) else value[name]


def is_fraction(metrics: dict[str, Any], pointer: list[str]) -> bool:
    """Tell whether the measure around a number says that it is a fraction, shown in percent or points."""
    around = [reduce(step, pointer[:end], metrics) for end in (-1, -2)]
    named = [place["unit"] for place in around if isinstance(place, dict) and "unit" in place]
    return pointer[-1] == "margin" or (named[:1] == ["fraction"] and pointer[-1] not in UNSCALED)


def assert_shows(text: str, value: float, *, fraction: bool) -> None:
    """Assert that a text is a number rounded to the places that it shows."""
    shape = re.fullmatch(r"(?P<sign>[+−]?)(?P<digits>\d[\d,]*)(\.(?P<places>\d+))?(?P<unit>\u00a0%|\u00a0M)?", text)
    assert shape, f"{text!r} is no number"
    shown = float(shape["digits"].replace(",", "") + "." + (shape["places"] or "0"))
    shown *= -1 if shape["sign"] == "−" else 1
    scale = 100 if fraction or shape["unit"] == "\u00a0%" else 1e-6 if shape["unit"] == "\u00a0M" else 1
    half_a_unit = 0.5 * 10 ** -len(shape["places"] or "")
    assert abs(shown - scale * value) <= half_a_unit * (1 + 1e-9), f"{text!r} stands for {value}"


def test_the_command_ends_well_and_says_where_to_look(smoke_build: SmokeBuild) -> None:
    assert smoke_build.process.returncode == 0
    last = smoke_build.process.stdout.strip().splitlines()[-6:]
    paths = [re.search(r"build/smoke/\S+", line) for line in last]
    names = [found[0].removeprefix("build/smoke/").rstrip(";") for found in paths if found]
    assert "report.pdf; its supplement beside it" in smoke_build.process.stdout
    assert (smoke_build.checkout.build / "report/supplement.pdf").exists()
    pages = ["report/report.html", "report/report.pdf", "site/index.html"]
    assert names == [*pages, "notebooks/", "metrics.json", "grade.json"]
    assert all((smoke_build.checkout.build / name).exists() for name in names)
    assert "Traceback" not in smoke_build.process.stderr


def test_metrics_fit_the_schema_that_is_generated(smoke_build: SmokeBuild) -> None:
    metrics = smoke_build.checkout.metrics()
    jsonschema.Draft202012Validator(schema()).validate(metrics)
    assert list(metrics["studies"]) == SMOKE_STUDIES.split()
    assert {study["status"] for study in metrics["studies"].values()} == {"run"}


@pytest.mark.parametrize("page", PAGES)
def test_every_marked_number_of_a_page_has_its_record_in_that_page(smoke_build: SmokeBuild, page: str) -> None:
    html = parsed(smoke_build.checkout.build / page)
    [script] = html.select("#evidence-data")
    marked = [span for span in html.select("[data-source]") if span["data-format"] not in NAMES]
    records = json.loads(str(script.string))
    if script.has_attr("data-packed"):
        records = json.loads(zlib.decompress(base64.b64decode(records)))
    assert script.has_attr("data-packed") == (page in DOCUMENTS)
    assert set(records["values"]) == {pointer for span in marked for pointer in str(span["data-source"]).split()}


@pytest.mark.parametrize(("page", "at_least"), PAGES.items())
def test_every_marked_number_is_the_one_in_metrics(smoke_build: SmokeBuild, page: str, at_least: int) -> None:
    build = smoke_build.checkout.build
    evidence = {"deployment": json.loads((build / "deployment/evidence.json").read_bytes())}  # which joins the results
    metrics = smoke_build.checkout.metrics() | evidence
    marked = parsed(build / page).select("[data-source]")
    assert len(marked) > at_least
    for span in marked:
        pointers = [source.split("/")[1:] for source in str(span["data-source"]).split()]
        values: list[Any] = [reduce(step, pointer, metrics) for pointer in pointers]
        pointer, value, text = pointers[0], values[0], span.get_text()
        style = str(span["data-format"]).split()[0]
        if style == "ratio":
            assert_shows(text, values[0] / values[1], fraction=False)
        elif style == "difference":
            assert_shows(text, values[0] - values[1], fraction=True)
        elif style == "removed":
            assert_shows(text, (values[0] - values[1]) / (1 - values[1]), fraction=True)
        elif style in ("turned", "loss"):
            assert_shows(text, -value, fraction=True)
        elif style == "verdict":
            assert pointer[-1] == "verdict"
            assert len(text) > 20  # a sentence that the verdict chose
        elif value is None:
            assert text == "–"
        elif style in NUMERIC:  # the other rules write names and counts (report/test_traced.py)
            assert_shows(text, value, fraction=is_fraction(metrics, pointer))


def test_the_pages_of_the_report_have_its_numbers(smoke_build: SmokeBuild) -> None:
    def marked(*pages: str) -> list[Any]:
        return [
            span["data-source"]
            for page in pages
            for span in parsed(smoke_build.checkout.build / page).select("main [data-source]")
        ]

    assert len(marked("report/report.html")) > 300
    assert sorted(marked(*ARGUMENT, LEDGER)) == sorted(marked("report/report.html"))


@pytest.mark.parametrize(
    ("page", "studies"),
    [("report/supplement.html", list(STUDIES)), *((page, [name]) for name, page in STUDIES.items())],
)
def test_the_results_tables_hold_every_variant_and_no_number_without_a_source(
    smoke_build: SmokeBuild, page: str, studies: list[str]
) -> None:
    html = parsed(smoke_build.checkout.build / page)
    for name in studies:
        study = smoke_build.checkout.metrics()["studies"][name]
        table = html.select_one(f"[id='tbl-{name}-results']")
        assert isinstance(table, Tag)
        rows = table.select("tbody tr")
        assert [row.select("td")[0].get_text() for row in rows] == [v["title"] for v in study["variants"].values()]
        for row in rows:
            for cell in row.select("td")[1:]:
                for span in cell.select("[data-source]"):
                    span.extract()
                # On the site a cell that is one number names its source itself.
                assert cell.get("data-source") or not re.search(r"\d", cell.get_text())


def test_the_pdf_carries_the_accuracies_and_parameters_of_the_page(smoke_build: SmokeBuild) -> None:
    text = pdf_text(smoke_build, "supplement")
    html = parsed(smoke_build.checkout.build / "report/supplement.html")
    accuracies = html.select("[data-source$='/test_accuracy/mean']")
    sizes = html.select("[data-source$='/parameters']")
    assert len(accuracies) >= 10
    assert len(sizes) >= 10
    for span in (*accuracies, *sizes):
        assert span.get_text().replace("\u00a0", " ") in text
    assert "Contents" in text
    assert "References" in text


def test_nothing_was_left_unresolved(smoke_build: SmokeBuild) -> None:
    pages = [parsed(smoke_build.checkout.build / page).get_text() for page in PAGES]
    for text in (*pages, pdf_text(smoke_build, "report"), pdf_text(smoke_build, "supplement")):
        for sign in (r"\?@", r"\bundefined\b", r"\bnan\b", r"\bNone\b(?!\.| of this says)", "<<", "{{<", r"\?\?"):
            assert not re.search(sign, text), sign


@pytest.mark.parametrize("pages", [*((document,) for document in DOCUMENTS), ARGUMENT, CHAPTERS], ids=" ".join)
def test_every_figure_is_there_with_words_for_who_cannot_see_it(
    smoke_build: SmokeBuild, pages: tuple[str, ...]
) -> None:
    numbers = []
    for page in pages:
        path = smoke_build.checkout.build / page
        figures = [figure for figure in parsed(path).select("figure:has(img)") if not figure.find_parent("figure")]
        for figure in figures:
            for image in figure.select("img"):
                source = str(image["src"])
                assert len(str(image["alt"])) > 5
                assert source.startswith("data:image/svg+xml") or (path.parent / source).is_file()
            parts = [caption_of(part) for part in figure.select("figure")]  # those side by side share a number
            assert parts == ([f"({letter})" for letter in "abcdef"[: len(parts)]])
            assert len(figure.select("img")) == max(1, len(parts))
            found = re.fullmatch(r"Figure (\d+):", caption_of(figure))
            assert found
            numbers.append(int(found[1]))
    first = 2 if pages == CHAPTERS else 1  # the supplement's first one is of the claims
    assert numbers == list(range(first, first + len(numbers)))
    assert len(numbers) > 10


def caption_of(figure: Tag) -> str:
    """Return how the caption of a figure begins, up to the text."""
    caption = figure.find("figcaption", recursive=False)
    assert isinstance(caption, Tag)
    found = re.match(r"(Figure \d+:|\([a-z]\))", " ".join(caption.get_text().split()))
    assert found, caption.get_text()
    return found[1]


def test_every_figure_that_was_drawn_is_shown(smoke_build: SmokeBuild) -> None:
    """In a document by its content, on the site by its file: there all but the claims', which can be chosen from."""
    build = smoke_build.checkout.build
    names = {file.name for file in (build / "figures").glob("*.svg")}
    drawn = {f"figures/{name}": ET.canonicalize(from_file=build / "figures" / "web" / name) for name in names}
    images = [str(image["src"]) for page in DOCUMENTS for image in parsed(build / page).select("figure img")]
    assert {ET.canonicalize(embedded(image)) for image in images} == set(drawn.values())
    shown = {str(image["src"]) for page in SITE for image in parsed(build / page).select("figure img")}
    assert shown == set(drawn) - {"figures/claims.svg"}
    assert parsed(build / CLAIMS).select("#fig-claims")


def embedded(address: str) -> str:
    """Return the content of a data URI."""
    kind, _, content = address.partition(",")
    assert kind == "data:image/svg+xml"
    return unquote(content)


def test_no_figure_of_the_pdf_is_blank(smoke_build: SmokeBuild, tmp_path: Path) -> None:
    """Typst draws SVG into the page, so that each figure is compiled alone and looked at as pixels."""
    for figure in sorted((smoke_build.checkout.build / "figures").glob("*.svg")):
        shutil.copy(figure, tmp_path)
        source = tmp_path / f"{figure.stem}.typ"
        source.write_text(f'#set page(width: 12cm, height: auto, margin: 0pt)\n#image("{figure.name}")')
        typst.compile(source, output=source.with_suffix(".png"), format="png", ppi=36)
        pixels = np.asarray(Image.open(source.with_suffix(".png")).convert("L"), dtype=float)
        assert pixels.std() > 8, figure.name
        assert (pixels < 250).mean() > 0.01, figure.name


@pytest.mark.parametrize(("document", "at_least"), [("report", 2), ("supplement", 10)])
def test_every_page_of_the_pdf_shows_something(
    smoke_build: SmokeBuild, tmp_path: Path, document: str, at_least: int
) -> None:
    pdf = smoke_build.checkout.build / f"report/{document}.pdf"
    subprocess.run(["pdftoppm", "-r", "20", "-gray", str(pdf), str(tmp_path / "page")], check=True)
    pages = sorted(tmp_path.glob("page*.pgm"))
    assert len(pages) > at_least
    for page in pages:
        assert np.asarray(Image.open(page), dtype=float).std() > 5, page.name


def test_the_downloads_of_the_site_are_the_files_of_the_build(smoke_build: SmokeBuild) -> None:
    build = smoke_build.checkout.build
    for download, made in (
        ("report.html", "report/report.html"),
        ("report.pdf", "report/report.pdf"),
        ("supplement.html", "report/supplement.html"),
        ("supplement.pdf", "report/supplement.pdf"),
        ("metrics.json", "metrics.json"),
    ):
        assert (build / "site" / "report" / download).read_bytes() == (build / made).read_bytes()


def pdf_text(smoke_build: SmokeBuild, document: str) -> str:
    pdf = smoke_build.checkout.build / f"report/{document}.pdf"
    text = subprocess.run(["pdftotext", "-layout", str(pdf), "-"], capture_output=True, text=True, check=True).stdout
    return text.replace("\u00a0", " ")


def test_the_rates_told_are_those_of_the_training_also_where_nobody_tuned(smoke_build: SmokeBuild) -> None:
    study = smoke_build.checkout.metrics()["studies"]["fashion"]
    assert study["tuning"]["variants"]["mlp"] == {"chosen": 0.002, "best": None, "at_edge": False, "curve": []}
    text = (smoke_build.checkout.build / "report" / "report.html").read_text(encoding="utf-8")
    assert "/studies/fashion/tuning/variants/mlp/chosen" in text
    assert "is one for all networks of the study" not in text

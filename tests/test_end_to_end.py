"""What `make all PROFILE=smoke` leaves: numbers that are those of metrics.json, figures that show something."""

from __future__ import annotations

import re
import shutil
import subprocess
from functools import reduce
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
import typst
from bs4 import BeautifulSoup, Tag
from PIL import Image

from checkout import SMOKE_STUDIES, SmokeBuild
from convscope.analysis.metrics_file import schema
from convscope.report.formats import NUMERIC

pytestmark = pytest.mark.slow

REPORT = ("report/report.html", "site/report/index.html")
SUPPLEMENT = ("report/supplement.html", "site/report/studies.html")
PAGES = (*REPORT, *SUPPLEMENT)
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
    names = [found[0].removeprefix("build/smoke/") for found in paths if found]
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
def test_every_marked_number_is_the_one_in_metrics(smoke_build: SmokeBuild, page: str) -> None:
    metrics = smoke_build.checkout.metrics()
    marked = parsed(smoke_build.checkout.build / page).select("[data-source]")
    assert len(marked) > (300 if page in SUPPLEMENT else 30)
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


@pytest.mark.parametrize("page", SUPPLEMENT)
def test_the_results_tables_hold_every_variant_and_no_number_without_a_source(
    smoke_build: SmokeBuild, page: str
) -> None:
    html = parsed(smoke_build.checkout.build / page)
    for name, study in smoke_build.checkout.metrics()["studies"].items():
        table = html.select_one(f"[id='tbl-{name}-results']")
        assert isinstance(table, Tag)
        rows = table.select("tbody tr")
        assert [row.select("td")[0].get_text() for row in rows] == [v["title"] for v in study["variants"].values()]
        for row in rows:
            for cell in row.select("td")[1:]:
                for span in cell.select("[data-source]"):
                    span.extract()
                assert not re.search(r"\d", cell.get_text())


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
        for sign in (r"\?@", r"\bundefined\b", r"\bnan\b", r"\bNone\b(?!\.)", "<<", "{{<", r"\?\?"):
            assert not re.search(sign, text), sign


@pytest.mark.parametrize("page", PAGES)
def test_every_figure_is_there_with_words_for_who_cannot_see_it(smoke_build: SmokeBuild, page: str) -> None:
    path = smoke_build.checkout.build / page
    images = parsed(path).select("figure img")
    for image in images:
        source = str(image["src"])
        assert len(str(image["alt"])) > 5
        assert source.startswith("data:image/svg+xml") or (path.parent / source).is_file()
    captions = [caption.get_text() for caption in parsed(path).select("figcaption")]
    numbers = [int(found[1]) for caption in captions if (found := re.match(r"Figure (\d+):", caption))]
    assert numbers == list(range(1, len(images) + 1))


def test_every_figure_that_was_drawn_is_shown(smoke_build: SmokeBuild) -> None:
    pages = [parsed(smoke_build.checkout.build / page) for page in (REPORT[1], SUPPLEMENT[1])]
    drawn = {f"figures/{file.name}" for file in (smoke_build.checkout.build / "figures").glob("*.svg")}
    assert {str(image["src"]) for page in pages for image in page.select("figure img")} == drawn


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

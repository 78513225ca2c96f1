"""Filling the report's templates: what a hole may name, what a folder of figures must have, what is left behind."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from bs4 import BeautifulSoup

from checkout import ROOT
from convscope.errors import ReportError
from convscope.report import pandoc
from convscope.report.author import Author, Person
from convscope.report.document import DOCUMENTS, load
from convscope.report.evidence import DATA_FILE
from convscope.report.fill import fill

METRICS: dict[str, Any] = {
    "profile": "smoke",
    "studies": {
        "fashion": {
            "title": "Clothing",
            "seeds": 3,
            "variants": {"mlp": {"title": "MLP", "parameters": 235146, "runs": ["c59fe663"]}},
        }
    },
    "datasets": {},
}


@pytest.fixture
def templates(tmp_path: Path) -> Path:
    folder = tmp_path / "report"
    (folder / "studies").mkdir(parents=True)
    (folder / "_quarto.yml").write_text("project:\n  type: default\n")
    (folder / "references.bib").write_text("")
    return folder


@pytest.fixture
def figures(tmp_path: Path) -> Path:
    folder = tmp_path / "figures"
    folder.mkdir()
    (folder / "fashion-curves.svg").write_text("<svg/>")
    (folder / ".half-written.svg").write_text("<sv")
    return folder


def filled(templates: Path, figures: Path, text: str) -> str:
    (templates / "report.qmd").write_text(text, encoding="utf-8")
    output = templates.parent / "source"
    fill(templates, METRICS, figures, {"commit": "abc", "backend": "pandoc"}, output)
    return (output / "report.qmd").read_text(encoding="utf-8")


def test_holes_are_filled_and_quartos_own_braces_stay(templates: Path, figures: Path) -> None:
    source = (
        "# Data {#sec-data}\n\n{{< pagebreak >}}\n\n"
        "<# a note to the author #>"
        '<< value("/studies/fashion/variants/mlp/parameters", "count") >> at << facts.commit >>\n'
    )
    assert filled(templates, figures, source) == (
        "# Data {#sec-data}\n\n{{< pagebreak >}}\n\n"
        '[235,146]{.value data-source="/studies/fashion/variants/mlp/parameters" data-format="count 0"} at abc\n'
    )


def test_the_places_that_the_text_names_are_listed(templates: Path, figures: Path) -> None:
    hole = '<< value("/studies/fashion/seeds", "count") >>'
    filled(templates, figures, f"{hole} {hole} << value('/profile') >>")
    assert json.loads((templates.parent / "source" / "sources.json").read_text()) == [
        "/profile",
        "/studies/fashion/seeds",
    ]


def test_each_document_has_the_records_of_its_own_numbers(templates: Path, figures: Path) -> None:
    (templates / "_macros.qmd").write_text('<% macro number(name) %><< value(name, "count") >><% endmacro %>')
    source = '<% from "_macros.qmd" import number %><< number("/studies/fashion/{}") >>'
    (templates / "supplement.qmd").write_text(source.format("variants/mlp/parameters"))
    filled(templates, figures, source.format("seeds"))
    for name, pointer in (("report", "seeds"), ("supplement", "variants/mlp/parameters")):
        records = BeautifulSoup((templates.parent / "source" / f"{name}-{DATA_FILE}").read_text(), "html.parser")
        assert records.script
        assert list(json.loads(str(records.script.string))["values"]) == [f"/studies/fashion/{pointer}"]


def test_a_figure_gets_its_label_its_words_and_its_file(templates: Path, figures: Path) -> None:
    text = filled(templates, figures, '<< figure("fashion-curves", "Curves.", "Two lines", "curves") >>')
    assert text == '![Curves.](figures/fashion-curves.svg){#fig-curves fig-alt="Two lines" width=100%}'
    copied = templates.parent / "source" / "figures"
    assert [path.name for path in copied.iterdir()] == ["fashion-curves.svg"]


@pytest.mark.parametrize(
    ("hole", "named"),
    [
        ("<< studies.fashion.accuracy >>", "accuracy"),
        ("<< nothing >>", "nothing"),
        ("<< studies.mnist.seeds >>", "mnist"),
        ('<< value("/studies/mnist/seeds") >>', "/studies/mnist/seeds"),
        ('<< figure("fashion-filters", "", "") >>', "fashion-filters"),
        ('<% include "absent.qmd" %>', "absent.qmd"),
    ],
)
def test_what_is_not_there_stops_it_and_is_named(templates: Path, figures: Path, hole: str, named: str) -> None:
    good = filled(templates, figures, "good")
    with pytest.raises(ReportError) as raised:
        filled(templates, figures, f"text\n{hole}\n")
    assert named in str(raised.value)
    assert (templates.parent / "source" / "report.qmd").read_text() == good


def test_a_slip_in_the_template_is_named_with_its_line(templates: Path, figures: Path) -> None:
    with pytest.raises(ReportError, match=r"report\.qmd, line 3"):
        filled(templates, figures, "one\ntwo\n<% if %>\n")


def test_a_study_has_the_general_chapter_until_it_has_its_own(templates: Path, figures: Path) -> None:
    (templates / "_study.qmd").write_text("general << id >>")
    text = "<% for id in studies %><% include chapter(id) %><% endfor %>"
    assert filled(templates, figures, text) == "general fashion"
    (templates / "studies" / "fashion.qmd").write_text("own << id >>")
    assert filled(templates, figures, text) == "own fashion"


@pytest.mark.parametrize(
    "hole",
    [
        '<< value("/studies/fashion/title", "count") >>',
        '<< mean("/studies/fashion/title") >>',
        '<< mean("/studies/fashion/seeds") >>',
        '<< ratio("/studies/fashion/title", "/studies/fashion/seeds") >>',
        '<< interval("/studies/fashion/seeds") >>',
        '<< value("/studies/fashion/seed", "count") >>',
        "<< nothing >>",
        "<< studies.fashion.seeds >>",
        '<< figure("none", "", "") >>',
        '<% include "none.qmd" %>',
    ],
)
def test_an_error_is_named_with_file_and_line(templates: Path, figures: Path, hole: str) -> None:
    (templates / "studies" / "_part.qmd").write_text(f"one\n\n{hole}\n")
    with pytest.raises(ReportError, match=r"report/studies/_part\.qmd, line 3: "):
        filled(templates, figures, 'text\n<% include "studies/_part.qmd" %>\n')


def test_a_question_is_a_sentence_and_nothing_more(templates: Path, figures: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("the password")
    question = (
        f"Is *it* `code` {{{{< include {secret} >}}}} <script>alert()</script> $x$ [l](javascript:x) ![]({secret})?"
    )
    study = METRICS["studies"]["fashion"] | {"question": question, "title": question}
    metrics = METRICS | {"studies": {"fashion": study}}
    text = "".join(
        f'<< value("/studies/fashion/{what}") >>\n\n<< value("/studies/fashion/{what}", "markdown") >>\n\n'
        for what in ("question", "title")
    )
    (templates / "report.qmd").write_text(f"---\ntitle: T\n---\n\n# A\n\n{text}")
    (templates / "_quarto.yml").write_text("lang: en\n")
    output = tmp_path / "source"
    fill(templates, metrics, figures, {"commit": "abc", "backend": "pandoc"}, output)
    pandoc.render_html(output, tmp_path / "report.html")
    page = BeautifulSoup((tmp_path / "report.html").read_text(encoding="utf-8"), "html.parser")
    main = page.select_one("main")
    assert main is not None
    assert "the password" not in str(page)
    assert not main.select("script, math, a, img")
    shown = [" ".join(span.get_text().split()) for span in main.select(".value")]
    assert shown == [question, question.replace("*", "").replace("`", "")] * 2


def test_the_head_of_a_template_is_plain_yaml_that_the_build_completes(templates: Path, figures: Path) -> None:
    (templates / "report.qmd").write_text('---\ntitle: "Plain: title"\n---\n\nText.\n')
    metrics = METRICS | {"environment": {"trained": "2026-02-03T10:00:00"}}
    author = Author("Hers: a title", "Course 1", (Person("Lovelace", "Ada"),))
    output = templates.parent / "source"
    fill(templates, metrics, figures, {"commit": "abc", "backend": "pandoc", "author": author}, output)
    loaded = load(output, "html")
    assert loaded.metadata["title"] == "Hers: a title"
    assert loaded.authors == ["Ada Lovelace"]
    assert loaded.date == "3 February 2026"
    assert all((output / name).is_file() for name in loaded.metadata["include-after-body"])


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_documents_of_this_checkout_can_be_read_before_they_are_filled(name: str) -> None:
    _, head, _ = (ROOT / "report" / f"{name}.qmd").read_text(encoding="utf-8").split("---\n", 2)
    assert yaml.safe_load(head)["title"]


@pytest.mark.parametrize(
    ("width", "height", "shown"),
    [("229.6", "100", 50), ("459.2", "300", 100), ("480", "300", 100), ("459.2", "918.4", 62.5)],
)
def test_a_figure_is_shown_at_the_width_it_is_drawn_at(
    templates: Path, figures: Path, width: str, height: str, shown: float
) -> None:
    """So that its type has the size that it says; narrower where its caption would have no room on the page."""
    (figures / "tall.svg").write_text(
        f'<?xml version="1.0"?>\n<svg xmlns="x" height="{height}pt" version="1.1" width="{width}pt"/>'
    )
    text = filled(templates, figures, '<< figure("tall", "Tall.", "A tower") >>')
    assert text.endswith(f"width={shown:g}%}}")

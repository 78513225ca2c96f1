"""A report around any selection of studies: complete, without references into nothing, silent on what is missing."""

from __future__ import annotations

import copy
import re
import shutil
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from checkout import ROOT
from convscope.analysis.metrics_file import parse
from convscope.analysis.pictures import Pictures
from convscope.figures.draw import drawings
from convscope.figures.registry import Material
from convscope.files import Json
from convscope.report.fill import fill
from convscope.studies import STUDIES

pytestmark = pytest.mark.slow  # metrics are computed from all published runs once
Published = tuple[Json, Pictures]
LABEL = r"((?:sec|fig|tbl|eq)-[\w-]*\w)"


def selected(published: Json, names: list[str]) -> Json:
    """Return the published results as a build of these studies alone would have them."""
    studies = {name: published["studies"][name] for name in names}
    assert {study["status"] for study in studies.values()} == {"run"}
    sets = {study["dataset"] for study in studies.values()}
    return published | {
        "studies": studies,
        "claims": {name: claim for name, claim in published["claims"].items() if claim["study"] in names},
        "datasets": {name: facts for name, facts in published["datasets"].items() if name in sets},
        "timings": {
            part: {k: v for k, v in published["timings"][part].items() if k in names} for part in published["timings"]
        },
    }


def filled(
    names: list[str], published: Published, folder: Path, templates: Path, metrics: Json | None = None
) -> dict[str, str]:
    everything, pictures = published
    metrics = metrics or selected(everything, names)
    (folder / "figures").mkdir()
    for name in drawings(Material(parse(metrics), pictures)):
        (folder / "figures" / f"{name}.svg").write_text("<svg/>")
    facts = {"commit": "0123456", "backend": "pandoc", "flipped": None}
    fill(templates, metrics, folder / "figures", facts, folder / "source")
    texts = {name: (folder / "source" / f"{name}.qmd").read_text() for name in ("report", "supplement")}
    labels = re.findall(rf"#{LABEL}", "\n".join(texts.values()))
    assert len(labels) == len(set(labels))
    assert set(re.findall(rf"@{LABEL}", "\n".join(texts.values()))) <= set(labels)
    for text in texts.values():
        assert not list(empty_sections(text))
        assert not empty_tables(text)
    said = re.sub(r"\[([^\]]*)\]\{[^}]*\}", r"\1", texts["report"])  # without the marks of numbers
    for phrase, needed in SAID_OF.items():
        assert needed & set(names) or not re.search(phrase, said), phrase
    methods = texts["supplement"].split("{#sec-methods}")[1].split("{#sec-datasheets}")[0]
    named = {name for name, title in NAMED_IN_METHODS.items() if re.search(title, methods)}
    assert named == set(NAMED_IN_METHODS) & set(metrics["datasets"])
    return texts


# What is said of these studies, and of no others.
BIAS = {"inductive_bias", "inductive_bias_cifar10", "inductive_bias_glyphs"}
DESIGN = {"design", "design_cifar10"}
THREE = {"mnist", "fashion", "cifar10"}
NAMED_IN_METHODS = {"mnist": r"(?<!Fashion-)\bMNIST", "fashion-mnist": "Fashion-MNIST", "cifar10": "CIFAR-10"}
SAID_OF: dict[str, set[str]] = {
    r"\b1 study train\b": set(),
    "this report trains it": BIAS,
    "The next sections remove them": {"inductive_bias"},
    "None of this says": THREE,
    "The comparisons so far": {"mnist", "mnist_numpy", "fashion", "fashion_compact", "cifar10"},
    "the generated digits of|[Tt]he generated digits (also|say)": {"inductive_bias_glyphs"},
    "CIFAR-10|[Pp]hotographs": {"cifar10", "design_cifar10", "inductive_bias_cifar10"},
    "Several test digits": {"mnist", "mnist_numpy", "shift_mnist"},
    r"[Oo]n clothing": {"fashion", "fashion_compact", "inductive_bias", "sample_size", "design"},
    "a tenth of the weights and a fifth": {"inductive_bias"},
    "On a real table": {"table"},
    "fully connected and convolutional networks": set(STUDIES) - DESIGN,
    "One choice at a time|sec-factor-others": DESIGN,
    r"\b(also|too)\b[^.:]* MNIST|On handwriting, too|[Hh]ere, too": {"shift"},
}


def empty_sections(text: str) -> Iterator[str]:
    """Yield headings that are followed by nothing but another heading of their level or above, or by the end."""
    code = re.sub(r"^(```.*?^```|<!--.*?-->)", "", text.split("---\n", 2)[2], flags=re.DOTALL | re.MULTILINE)
    lines = [line for line in code.splitlines() if line.strip()] + ["# End"]
    for line, following in pairwise(lines):
        here, there = (len(each) - len(each.lstrip("#")) for each in (line, following))
        if here and there and there <= here:
            yield line


def empty_tables(text: str) -> list[str]:
    """Return the captions of tables that have a head and no row."""
    return re.findall(r"^\|[:\-| ]+\|\n\s*\n: (.*)", text, flags=re.MULTILINE)


@pytest.mark.parametrize(
    "names",
    [
        *([name] for name in STUDIES),
        ["fashion", "mnist"],
        ["cifar10", "inductive_bias"],
        ["design", "design_cifar10", "inductive_bias"],
        ["design", "design_cifar10", "fashion"],
    ],
)
def test_the_report_is_written_around_what_is_there(names: list[str], published: Published, tmp_path: Path) -> None:
    texts = filled(names, published, tmp_path, ROOT / "report")
    for name in names:
        assert re.search(rf'="/(studies/{name}/\S*(accuracy|effect)|claims/{name})', texts["report"]), name
    assert "third block" in texts["report"] or not DESIGN & set(names)
    assert not re.search(r"not run (here|in this build)", texts["report"], re.IGNORECASE)


@pytest.mark.parametrize("names", [["mnist"], ["mnist", "inductive_bias"], ["mnist", "fashion"]])
def test_a_study_of_ones_own_has_its_chapter_in_the_report(
    names: list[str], published: Published, tmp_path: Path
) -> None:
    templates = tmp_path / "report"
    shutil.copytree(ROOT / "report", templates)
    (templates / "studies" / "mnist.py").write_text("")  # what makes it one's own
    texts = filled(names, published, tmp_path, templates)
    assert "{#sec-mnist}" in texts["report"]
    assert "{#sec-mnist}" not in texts["supplement"]


def measure_of(mean: float) -> dict[str, Any]:
    return {"unit": "fraction", "mean": mean, "sd": None, "n": 1, "interval": None, "values": [mean]}


def tuned(study: dict[str, Any], largest_at_the_end: float) -> dict[str, Any]:
    """Return a study whose networks have rates of their own, and whose largest kernel ends so at the largest rate."""
    rates = [0.001, 0.002, 0.004, 0.008]

    def curve(name: str) -> list[dict[str, Any]]:
        accuracies = [0.91, 0.92, 0.91, largest_at_the_end if name == "cnn7" else 0.9]
        pairs = zip(rates, accuracies, strict=True)
        return [{"rate": rate, "validation_accuracy": measure_of(mean), "runs": []} for rate, mean in pairs]

    variants = {
        name: {"chosen": 0.004 if name == "mlp" else 0.002, "best": 0.002, "at_edge": False, "curve": curve(name)}
        for name in study["variants"]
    }
    return study | {"tuning": {"rates": rates, "seeds": [1000], "variants": variants}}


@pytest.mark.parametrize(("end", "parts"), [(0.5, True), (0.9, False)])
def test_with_rates_of_their_own_kernels_are_read_beside_their_rates(
    end: float, parts: bool, published: Published, tmp_path: Path
) -> None:
    names = ["fashion", "fashion_compact"]
    metrics = copy.deepcopy(selected(published[0], names))
    metrics["studies"] = {name: tuned(study, end) for name, study in metrics["studies"].items()}
    close = next(
        row
        for row in metrics["studies"]["fashion_compact"]["experiments"]["kernel"]["comparisons"]
        if {row["a"], row["b"]} == {"cnn3", "cnn7"}
    )
    close.update(effect=0.0, interval=[-0.002, 0.002])
    text = filled(names, published, tmp_path, ROOT / "report", metrics)["report"]
    said = " ".join(re.sub(r"\[([^\]]*)\]\{[^}]*\}", r"\1", text).split())
    assert ("one rate for all, taken from the right of the figure, would have called" in said) == parts
    assert "{#fig-rates" in said
    assert "learning rate 0.004 falling linearly to zero" in said  # the baseline's
    assert "instead of" not in said.split("{#sec-factor-kernel}")[1].split("{#sec-")[0]
    assert "at the high rate" not in said


@pytest.mark.parametrize(("centred", "said"), [(1.0, True), (0.6, False)])
def test_digits_are_read_in_the_centre_where_they_are(
    centred: float, said: bool, published: Published, tmp_path: Path
) -> None:
    metrics = copy.deepcopy(selected(published[0], ["shift"]))
    for name in ("mlp", "cnn", "unpooled"):
        metrics["studies"]["shift"]["shift"]["accuracy"][name][0]["mean"] = centred
    text = filled(["shift"], published, tmp_path, ROOT / "report", metrics)["report"]
    assert ("In the centre all but the last read every digit" in text) == said

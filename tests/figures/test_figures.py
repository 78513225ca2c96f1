"""Every figure of the smoke build: drawn without a warning, twice with the same bytes, and labelled."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest

from checkout import SmokeBuild
from convscope.analysis.estimates import Comparison
from convscope.analysis.metrics_file import parse, read_metrics
from convscope.analysis.pictures import read_pictures
from convscope.analysis.study_records import StudyRun, Variant
from convscope.deployment.evidence import first_evidence
from convscope.figures.bias import varies_size
from convscope.figures.draw import draw, drawings
from convscope.figures.registry import Drawing, Material
from convscope.figures.style import figure_style, save

pytestmark = pytest.mark.slow

# Charts, by the end of their names, with what each of their axes must say; the others are images and diagrams.
CHARTS = {
    "classes": r"images",
    "histogram": r"pixel value|value / 255|share of pixels \(%\)",
    "accuracy": r"accuracy.*\(%\)",
    "curves": r"epoch|\(nats\)|\(%\)",
    "confusion": r"(true|predicted) class",
    "kernel-cost": r"points|times",  # a difference and a multiple, unlike the others
    "cost": r"millions|\(%\)",
    "claims": r"margin",
}


@pytest.fixture(scope="module")
def todo(smoke_session: SmokeBuild) -> dict[str, Drawing]:
    build = smoke_session.checkout.build
    return drawings(
        Material(
            read_metrics(build / "metrics.json"),
            read_pictures(build / "pictures.safetensors"),
            first_evidence([build / "deployment"]),
        )
    )


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    yield
    plt.close("all")


def test_each_is_the_file_of_the_build_byte_for_byte(
    smoke_build: SmokeBuild, todo: dict[str, Drawing], tmp_path: Path
) -> None:
    """Warnings are errors here: a figure with a glyph that its font lacks, or a layout that fails, stops this."""
    with figure_style():
        for name, drawing in todo.items():
            save(drawing(), tmp_path / f"{name}.svg")
            built = smoke_build.checkout.build / "figures" / f"{name}.svg"
            assert (tmp_path / f"{name}.svg").read_bytes() == built.read_bytes(), name
    assert {path.stem for path in (smoke_build.checkout.build / "figures").glob("*.svg")} == set(todo)


def test_charts_name_their_axes_and_units(todo: dict[str, Drawing]) -> None:
    seen = set()
    with figure_style():
        for name, drawing in todo.items():
            kind = next((kind for kind in CHARTS if name.endswith(kind)), None)
            if kind is None:
                continue
            seen.add(kind)
            figure = drawing()
            labels = [axes.get_xlabel() for axes in figure.axes] + [axes.get_ylabel() for axes in figure.axes]
            assert any(labels), name
            assert all(re.search(CHARTS[kind], label) for label in labels if label), (name, labels)
            plt.close(figure)
    assert seen == set(CHARTS)


def test_curves_are_those_of_every_variant_on_one_plot(smoke_build: SmokeBuild, todo: dict[str, Drawing]) -> None:
    variants = smoke_build.checkout.metrics()["studies"]["fashion"]["variants"]
    with figure_style():
        figure = todo["fashion-curves"]()
    accuracy = figure.axes[1]
    drawn = [np.asarray(line.get_ydata()).tolist() for line in accuracy.lines]
    for variant in variants.values():
        curves = variant["curves"]["validation_accuracy"]
        means = [100 * sum(values) / len(values) for values in zip(*curves, strict=True)]
        assert any(line == pytest.approx(means) for line in drawn)


def test_the_confusion_matrix_is_in_percent_of_the_true_class(
    smoke_build: SmokeBuild, todo: dict[str, Drawing]
) -> None:
    counts = smoke_build.checkout.metrics()["studies"]["fashion"]["variants"]["cnn3"]["confusion"]
    with figure_style():
        figure = todo["fashion-confusion"]()
    shown = figure.axes[0].images[0].get_array()
    assert shown is not None
    for row, expected in zip(shown.tolist(), counts, strict=True):
        assert row == pytest.approx([100 * count / sum(expected) for count in expected])


def test_no_accuracy_axis_leaves_what_an_accuracy_can_be(todo: dict[str, Drawing]) -> None:
    with figure_style():
        for name in ("fashion-accuracy", "cifar10-accuracy"):
            low, high = todo[name]().axes[0].get_xlim()
            assert 0 <= low < high <= 100
        for name in ("fashion-cost", "cifar10-cost"):
            low, high = todo[name]().axes[0].get_ylim()
            assert 0 <= low < high <= 100


def test_drawing_again_removes_what_is_no_figure_any_more(smoke_build: SmokeBuild, tmp_path: Path) -> None:
    metrics = parse(smoke_build.checkout.metrics() | {"studies": {}})
    for kind in ("svg", "csv"):
        (tmp_path / f"old-curves.{kind}").write_text("old")
    pictures = read_pictures(smoke_build.checkout.build / "pictures.safetensors")
    drawn = draw(Material(metrics, pictures), tmp_path)
    data = [path.with_suffix(".csv") for path in drawn]
    lists = [tmp_path / "code.json", tmp_path / "findings.json", tmp_path / "web"]
    assert sorted(tmp_path.iterdir()) == sorted([*drawn, *data, *lists])
    assert all(ET.parse(path).getroot().tag.endswith("svg") for path in drawn)


def test_pairs_of_one_training_set_are_no_sample_sizes() -> None:
    pair = Comparison.model_construct(a="dilated", b="pooled", effect=0.01)

    def study(pairs: tuple[Comparison, ...] | None, train_images: int | None) -> StudyRun:
        variant = Variant.model_construct(train_images=train_images)
        return StudyRun.model_construct(pairs=pairs, variants={"dilated": variant, "pooled": variant})

    assert not varies_size(study((pair,), None))
    assert not varies_size(study(None, None))
    assert varies_size(study((pair,), 100))

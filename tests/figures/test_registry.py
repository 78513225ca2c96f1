"""Names with fields stand for one figure each, and a CSV says all that is drawn."""

from __future__ import annotations

import csv
import io

import numpy as np
import pytest
from matplotlib.figure import Figure

from convscope.analysis.records import Metrics
from convscope.analysis.study_records import Dataset, Experiment, StudyRun, Variant
from convscope.figures import registry
from convscope.figures.registry import SIDES, Material, Rows, figure, picture_in, pictured, registered
from convscope.files import csv_text


def study(dataset: str, normalisation: str, *variants: str) -> StudyRun:
    return StudyRun.model_construct(
        dataset=dataset,
        normalisation=normalisation,
        variants={name: Variant.model_construct(title=name) for name in variants},
        experiments={"depth": Experiment.model_construct(variants=variants)},
    )


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("all", ["all"]),
        ("{dataset}-x", ["mnist-x", "cifar10-x"]),
        ("{study}-{variant}-x", ["digits-mlp-x", "digits-cnn-x", "again-cnn-x"]),
        ("{study}-{experiment}-x", ["digits-depth-x", "again-depth-x"]),
        (
            "{study}-{role}-x",
            [f"{study}-{role}-x" for study in ("digits", "again") for role in ("baseline", "reference")],
        ),
        ("{dataset}-{normalisation}-x", ["mnist-unit-x", "mnist-standard-x"]),  # cifar10 is trained on by no study
    ],
)
def test_a_name_stands_for_each_choice_of_its_fields(
    name: str, expected: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "FIGURES", {})

    def rows(_: Material, *ids: str) -> Rows:
        return [{"id": each} for each in ids or ("none",)]

    @figure(name, rows=rows)
    @figure("{study}-empty", rows=lambda *_: [])
    def draw(rows: Rows) -> Figure:
        return Figure()

    facts = dict.fromkeys(("mnist", "cifar10"), Dataset.model_construct())
    studies = {"digits": study("mnist", "unit", "mlp", "cnn"), "again": study("mnist", "standard", "cnn")}
    made = dict(registered(Material(Metrics.model_construct(datasets=facts, studies=studies), {})))
    assert list(made) == expected
    for title, drawing in made.items():
        assert all(row["id"] in title for row in drawing.rows if row["id"] != "none")
        assert isinstance(drawing(), Figure)


@pytest.mark.parametrize("shape", [(1, 5, 6), (3, 4, 4), (7, 2)])
def test_an_image_is_read_from_its_csv(shape: tuple[int, ...]) -> None:
    image = np.random.default_rng(1).integers(0, 256, shape)
    (row,) = csv.DictReader(io.StringIO(csv_text([{"class": "a"} | pictured(image)])))
    assert list(row) == ["class", *SIDES[-len(shape) :], "values"]
    assert np.array_equal(picture_in(row), image)
    assert picture_in(row).dtype == image.dtype  # colours that are floats would be drawn as shares of one

"""The data of each figure of the smoke build, read by pandas, against metrics.json and what is drawn."""

from __future__ import annotations

import inspect
import json
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from checkout import SmokeBuild
from convscope.analysis.metrics_file import read_metrics
from convscope.analysis.pictures import read_pictures
from convscope.figures.draw import drawings
from convscope.figures.registry import Material
from convscope.figures.style import figure_style

pytestmark = pytest.mark.slow
SIX_DIGITS = 5e-6  # the data of a figure have no more of a number; metrics.json has all


@pytest.fixture
def folder(smoke_build: SmokeBuild) -> Path:
    return smoke_build.checkout.build / "figures"


@pytest.fixture
def study(smoke_build: SmokeBuild) -> dict[str, Any]:
    found: dict[str, Any] = smoke_build.checkout.metrics()["studies"]["fashion"]
    return found


def test_each_figure_has_its_data_and_its_code(folder: Path) -> None:
    names = {path.stem for path in folder.glob("*.svg")}
    assert {path.stem for path in folder.glob("*.csv")} == names
    code = json.loads((folder / "code.json").read_bytes())
    assert set(code) == names
    for made in code.values():
        module, _, name = made["object"].rpartition(".")
        lines, first = inspect.getsourcelines(getattr(import_module(module), name))
        assert made["line"] == first
        assert lines[0].startswith((f"def {name}(", "@figure("))
        assert any(line.startswith(f"def {name}(") for line in lines)
        assert made["file"] == f"src/{module.replace('.', '/')}.py"


def test_accuracies_and_costs_are_those_of_the_metrics(folder: Path, study: dict[str, Any]) -> None:
    accuracy, cost = (pd.read_csv(folder / f"fashion-{what}.csv").set_index("variant") for what in ("accuracy", "cost"))
    assert list(accuracy.index) == list(cost.index) == list(study["variants"])
    for name, variant in study["variants"].items():
        measure = variant["test_accuracy"]
        runs = [f"seed {seed}" for seed in range(measure["n"])]
        assert accuracy.loc[name, ["test_accuracy", "low", "high", *runs]].tolist() == pytest.approx(
            [measure["mean"], *measure["interval"], *measure["values"]], rel=SIX_DIGITS
        )
        assert cost.loc[name, ["macs", "parameters"]].tolist() == [variant["macs"], variant["parameters"]]
        assert cost.loc[name, "test_accuracy"] == pytest.approx(measure["mean"], rel=SIX_DIGITS)


def test_curves_are_what_is_drawn(smoke_build: SmokeBuild, folder: Path, study: dict[str, Any]) -> None:
    build = smoke_build.checkout.build
    todo = drawings(Material(read_metrics(build / "metrics.json"), read_pictures(build / "pictures.safetensors")))
    with figure_style():
        figure = todo["fashion-curves"]()
    rows = pd.read_csv(folder / "fashion-curves.csv")
    for axes, quantity, factor in zip(figure.axes, ("loss", "accuracy"), (1, 100), strict=True):
        drawn = [np.asarray(line.get_ydata()) for line in axes.lines]
        for (variant, part), means in rows[rows.quantity == quantity].groupby(["variant", "part"])["mean"]:
            assert any(np.allclose(factor * means, line) for line in drawn), (variant, part)
    assert set(rows.variant) == set(study["variants"])


def test_confusion_and_class_accuracy(folder: Path, study: dict[str, Any]) -> None:
    reference = study["variants"][study["reference"]]
    confusion = pd.read_csv(folder / "fashion-confusion.csv", dtype={"true": str, "predicted": str})
    assert confusion.images.to_numpy().reshape(10, 10).tolist() == reference["confusion"]
    assert np.allclose(confusion.groupby("true").share.sum(), 1)
    classes = pd.read_csv(folder / "fashion-class-accuracy.csv")
    means = [measure["mean"] for measure in reference["class_accuracy"]]
    assert classes.reference.tolist() == pytest.approx(means, rel=SIX_DIGITS)


def test_pictures_are_the_arrays_that_are_drawn(smoke_build: SmokeBuild, folder: Path) -> None:
    pictures = read_pictures(smoke_build.checkout.build / "pictures.safetensors")
    filters = pd.read_csv(folder / "fashion-cnn3-filters.csv")
    expected = pictures["studies/fashion/cnn3/filters"]
    assert np.array_equal(values_in(filters).astype(np.float32), expected.reshape(-1, expected[0, 0].size))
    name = next(path.stem for path in folder.glob("*-samples.csv"))
    samples = pd.read_csv(folder / f"{name}.csv")
    images = pictures[f"datasets/{name.removesuffix('-samples')}/samples"]
    assert np.array_equal(values_in(samples), images.reshape(-1, images[0, 0].size))
    maps = pd.read_csv(folder / "fashion-cnn3-features.csv")
    features = pictures["studies/fashion/cnn3/features_1"]
    assert np.array_equal(values_in(maps[maps.layer == 1]).astype(features.dtype), features.reshape(len(features), -1))


def values_in(images: pd.DataFrame) -> NDArray[np.float64]:
    return np.array([row.split(";") for row in images["values"]], np.float64)


def test_layers_of_a_network(folder: Path, study: dict[str, Any]) -> None:
    layers = pd.read_csv(folder / "fashion-reference-architecture.csv").iloc[1:]
    expected = study["variants"][study["reference"]]["layers"]
    for column in ("parameters", "macs", "receptive_field"):
        assert layers[column].tolist() == [layer[column] for layer in expected], column

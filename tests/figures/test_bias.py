"""The figures that only some studies have, drawn from numbers made up here, with and without intervals."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.figure import Figure

from convscope.analysis.estimates import Measure
from convscope.analysis.measured import Measured
from convscope.analysis.measures import comparison, score
from convscope.analysis.records import Metrics
from convscope.analysis.study_records import Equivariance, EquivariantLayer, Shift, StudyRun, Variant
from convscope.figures import bias
from convscope.figures.registry import FIGURES, Material, Rows
from convscope.figures.spots import Spot
from convscope.figures.style import figure_style
from convscope.report.formats import resolve
from convscope.specs import Conv2d, Dense, Flatten, ModelSpec, Pool2d, to_json

SEEDS = [1, 9]
POOLED = ModelSpec((1, 12, 12), (Conv2d(2, 3), Pool2d(), Flatten(), Dense(10, activation="none")))


@pytest.fixture(autouse=True)
def styled() -> Iterator[None]:
    with figure_style():
        yield
    plt.close("all")


def scored(seeds: int, accuracy: float, stream: int) -> Measure:
    return score(correct(seeds, accuracy, stream).astype(float))


def correct(seeds: int, accuracy: float, stream: int) -> Any:
    return np.random.default_rng(stream).random((seeds, 400)) < accuracy


def study(**fields: Any) -> StudyRun:
    """Return a study of which only these fields are there."""
    return StudyRun.model_construct(**fields)


def titled(title: str, **fields: Any) -> Variant:
    return Variant.model_construct(title=title, **fields)


def crossed(seeds: int) -> StudyRun:
    names = ["mlp", "conv", "local", "conv-permuted", "local-permuted"]
    return study(
        baseline="mlp",
        reference="conv",
        variants={
            name: titled(name.title(), test_accuracy=scored(seeds, 0.6 + i / 20, i)) for i, name in enumerate(names)
        },
    )


def shifting(seeds: int) -> StudyRun:
    def measures(level: float) -> tuple[Measure, ...]:
        return tuple(scored(seeds, level - distance / 10, distance) for distance in (0, 1, 3))

    accuracy = {"cnn": measures(0.9), "mlp": measures(0.8)}
    return study(
        reference="cnn",
        equivariance=None,
        variants={"cnn": titled("CNN", model=to_json(POOLED)), "mlp": titled("MLP")},
        shift=Shift(images=400, claimed=1, distances=(0, 1, 3), accuracy=accuracy),
    )


def moving(_seeds: int) -> StudyRun:
    nothing, much = (Measure.model_construct(mean=mean) for mean in (0.0, 0.4))
    layers = (
        EquivariantLayer(layer="conv 3×3, ReLU", stride=1, errors=(nothing, nothing)),
        EquivariantLayer(layer="max pool, 2×2", stride=2, errors=(much, None)),
    )
    return study(
        variants={"cnn": titled("CNN")}, equivariance=Equivariance(images=4, shifts=(1, 2), variants={"cnn": layers})
    )


def growing(seeds: int) -> StudyRun:
    sizes = (100, 1000)
    right: dict[str, Any] = {}
    for n in sizes:
        right |= {f"mlp-{n}": correct(seeds, 0.6, n), f"cnn-{n}": correct(seeds, 0.8, n + 1)}
    counted = dict.fromkeys(right, np.ones(seeds, dtype=np.bool_))
    measured = Measured({name: each.astype(float) for name, each in right.items()}, counted)
    return study(
        variants={
            name: titled(
                f"{name[:3].upper()}, {name[4:]} images",
                train_images=int(name[4:]),
                test_accuracy=score(each.astype(float)),
            )
            for name, each in right.items()
        },
        pairs=tuple(comparison(f"cnn-{n}", f"mlp-{n}", measured, 0.005) for n in sizes),
    )


MADE: list[tuple[Callable[[Rows], Figure], Callable[[int], StudyRun]]] = [
    (bias.interaction, crossed),
    (bias.shifted_accuracy, shifting),
    (bias.equivariance_errors, moving),
    (bias.sample_sizes, growing),
]


def drawn(draw: Callable[[Rows], Figure], study: StudyRun) -> Figure:
    """Draw a registered figure of a study from the rows that its CSV has."""
    (entry,) = (each for each in FIGURES.values() if each.draw is draw)
    rows = entry.rows(Material(Metrics.model_construct(studies={"made-up": study}), {}), "made-up")
    assert rows
    return draw(rows)


def texts(figure: Figure) -> str:
    figure.canvas.draw()  # legends and tick labels exist once they are drawn
    found: list[str] = []
    for axes in figure.axes:
        found += [axes.get_xlabel(), axes.get_ylabel(), axes.get_title(loc="left")]
        found += [label.get_text() for label in (*axes.get_xticklabels(), *axes.texts)]
    legends = [*figure.legends, *(axes.get_legend() for axes in figure.axes)]
    return " | ".join([*found, *(text.get_text() for legend in legends if legend for text in legend.get_texts())])


@pytest.mark.parametrize("seeds", SEEDS)
@pytest.mark.parametrize(("draw", "made"), MADE)
def test_each_has_rows_and_names_its_axes(
    draw: Callable[[Rows], Figure], made: Callable[[int], StudyRun], seeds: int
) -> None:
    shown = texts(drawn(draw, made(seeds)))
    assert any(unit in shown for unit in ("(%)", "(pixels)"))


@pytest.mark.parametrize(("draw", "made"), [each for each in MADE if each[0] is not bias.equivariance_errors])
def test_what_a_reader_points_at_is_what_is_drawn_there(
    draw: Callable[[Rows], Figure], made: Callable[[int], StudyRun]
) -> None:
    study = made(9)
    spots = [spot for spot in drawn(draw, study).findobj(Spot) if isinstance(spot, Spot)]
    assert len({spot.pointer for spot in spots}) == len(spots) >= 5
    for spot in spots:
        measured = resolve(study.as_json(), f"/{spot.pointer}")
        assert spot.place[1] == pytest.approx(100 * measured.get("effect", measured.get("mean")))


def lines(figure: Figure, axes: int = 0) -> dict[str, list[float]]:
    return {str(line.get_label()): list(np.asarray(line.get_ydata(), float)) for line in figure.axes[axes].get_lines()}


def test_interaction_has_a_line_a_layer_and_a_level_for_the_others() -> None:
    study = crossed(9)
    accuracy = {name: 100 * variant.test_accuracy.mean for name, variant in study.variants.items()}
    shown = lines(drawn(bias.interaction, study))
    assert shown["Conv"] == pytest.approx([accuracy["conv"], accuracy["conv-permuted"]])
    assert shown["Local"] == pytest.approx([accuracy["local"], accuracy["local-permuted"]])
    assert shown["Mlp"] == pytest.approx([accuracy["mlp"]] * 2)


def test_moved_images_have_a_line_a_network() -> None:
    study = shifting(9)
    assert study.shift is not None
    shown = lines(drawn(bias.shifted_accuracy, study))
    for name, title in (("cnn", "CNN"), ("mlp", "MLP")):
        assert shown[title] == pytest.approx([100 * each.mean for each in study.shift.accuracy[name]])


def test_equivariance_has_a_line_a_layer_and_a_gap_where_nothing_is_known() -> None:
    shown = lines(drawn(bias.equivariance_errors, moving(1)))
    assert shown["conv 3×3, ReLU (total stride 1)"] == [0, 0]
    first, missing = shown["max pool, 2×2 (total stride 2)"]
    assert first == 0.4
    assert np.isnan(missing)


def test_sample_sizes_show_both_networks_and_their_difference() -> None:
    study = growing(9)
    figure = drawn(bias.sample_sizes, study)
    left = lines(figure)
    for name in ("MLP", "CNN"):
        of = [study.variants[f"{name.lower()}-{n}"].test_accuracy.mean for n in (100, 1000)]
        assert left[name] == pytest.approx([100 * each for each in of])
    differences = [100 * pair.effect for pair in study.pairs or ()]
    assert any(ys == pytest.approx(differences) for ys in lines(figure, 1).values() if len(ys) == 2)
    assert "CNN − MLP" in texts(figure)
    assert "1,000" in texts(figure)


def test_multiples_of_the_total_stride_are_marked_also_where_no_layer_was_measured() -> None:
    axes = drawn(bias.shifted_accuracy, shifting(9)).axes[0]
    dotted = [np.ravel(line.get_xdata())[0] for line in axes.lines if line.is_dashed()]
    assert dotted == [0, 2]

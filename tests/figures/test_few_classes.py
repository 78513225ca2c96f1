"""Figures by class with as few classes as a study of one's own may have."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pytest

from convscope.analysis.estimates import Measure
from convscope.analysis.records import Metrics
from convscope.analysis.study_records import Dataset, StudyRun, Variant
from convscope.figures.disputed import disputed
from convscope.figures.registry import Material, Row, pictured
from convscope.figures.results import class_accuracy, class_rows


def material(classes: int) -> Material:
    def variant(title: str, level: float) -> Variant:
        measures = tuple(Measure.model_construct(mean=level + 0.01 * label) for label in range(classes))
        return Variant.model_construct(title=title, class_accuracy=measures)

    variants = {"mlp": variant("MLP", 0.7), "cnn3": variant("CNN", 0.9)}
    study = StudyRun.model_construct(dataset="letters", baseline="mlp", reference="cnn3", variants=variants)
    facts = Dataset.model_construct(class_names=tuple(f"class {label}" for label in range(classes)))
    return Material(Metrics.model_construct(datasets={"letters": facts}, studies={"made-up": study}), {})


@pytest.mark.parametrize("classes", [2, 3, 4, 10])
def test_the_key_stands_above_the_rows(classes: int) -> None:
    figure = class_accuracy(class_rows(material(classes), "made-up"))
    figure.canvas.draw()
    (axes,) = figure.axes
    key = axes.get_legend() or figure.legends[0]
    assert key.get_window_extent().y0 >= axes.get_window_extent().y1 - 1
    low, high = axes.get_ylim()
    assert low <= -0.3
    assert high >= classes - 0.7  # neither the first nor the last row lies on the frame
    plt.close(figure)


def test_one_image_is_not_called_images() -> None:
    row: Row = {"right": "mlp", "network": "MLP", "count": 1, "is": "bag", "called": "shirt"}
    row |= pictured(np.zeros((1, 2, 2), np.uint8))
    figure = disputed([row])
    assert figure.axes[0].get_title() == "Only MLP is right: 1 image"
    plt.close(figure)

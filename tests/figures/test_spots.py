"""Where values are said to stand, against where the written picture has their marks."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import matplotlib.pyplot as plt
import pytest

from convscope.figures.spots import spot
from convscope.figures.style import WEB, figure_style, save

XLINK = "{http://www.w3.org/1999/xlink}href"
POINTS = {"a/0": (1.0, 20.0), "a/1": (10.0, 60.0), "b/0": (100.0, 35.0)}


def marks(picture: Path) -> list[tuple[float, float]]:
    """Return the places of the marks of a written figure, as shares of its size."""
    root = ET.parse(picture).getroot()
    _, _, width, height = map(float, root.attrib["viewBox"].split())
    groups = [group for group in root.iter() if group.get("id", "").startswith("line2d")]
    circles = [group for group in groups if any("#00ff00" in (one.get("style") or "") for one in group.iter())]
    uses = [use for group in circles for use in group.iter() if use.get(XLINK) is not None]
    return sorted((float(use.attrib["x"]) / width, float(use.attrib["y"]) / height) for use in uses)


@pytest.mark.parametrize("layout", [None, "constrained"])
def test_spots_are_where_the_picture_has_its_marks(tmp_path: Path, layout: str | None) -> None:
    with figure_style():
        figure, panels = plt.subplots(1, 2, figsize=(6, 3), layout=layout)
        axes = panels[1]
        axes.set_xscale("log")
        axes.set_ylabel("a label that widens the margin on the left\nin two lines")
        for pointer, (x, y) in POINTS.items():
            axes.plot([x], [y], "o", color="#00ff00", mew=0)
            spot(axes, (x, y), pointer.upper(), pointer)
        other = axes.plot([3], [30], "s", color="#000000")
        figure.legend(handles=other, labels=["beside"], loc="outside right center" if layout else "right")
        save(figure, tmp_path / "some.svg")
    found = json.loads((tmp_path / WEB / "some.json").read_bytes())
    assert {(one["words"], one["pointer"]) for one in found} == {(pointer.upper(), pointer) for pointer in POINTS}
    said = sorted((one["x"], one["y"]) for one in found)
    drawn = marks(tmp_path / "some.svg")
    assert len(drawn) == len(POINTS)
    for one, other in zip(said, drawn, strict=True):
        assert one == pytest.approx(other, abs=2e-4)


def test_a_figure_without_spots_has_no_file_and_one_outside_of_the_axes_is_left_out(tmp_path: Path) -> None:
    with figure_style():
        figure, axes = plt.subplots()
        axes.plot([0, 1], [0, 1])
        save(figure, tmp_path / "none.svg")
        figure, axes = plt.subplots()
        axes.plot([0, 1], [0, 1])
        for x in (0.5, 50):
            spot(axes, (x, 0.5), "x", "a")
        save(figure, tmp_path / "one.svg")
    assert [file.name for file in (tmp_path / WEB).glob("*.json")] == ["one.json"]
    assert len(json.loads((tmp_path / WEB / "one.json").read_bytes())) == 1


def test_spots_do_not_change_the_picture(tmp_path: Path) -> None:
    for name, spots in (("with", 3), ("without", 0)):
        with figure_style():
            figure, axes = plt.subplots(layout="constrained")
            axes.plot([0, 1], [0, 1], "o")
            for _ in range(spots):
                spot(axes, (0.5, 0.5), "x", "a")
            save(figure, tmp_path / f"{name}.svg")
    assert (tmp_path / "with.svg").read_bytes() == (tmp_path / "without.svg").read_bytes()

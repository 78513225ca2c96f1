"""Figures draw what the grade sheet reads from their data: looked up in the SVG, and missed where it is taken out."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from drawings import LOOKS, file_of, lacking

from checkout import SmokeBuild
from convscope.grade.build import Build, Chapter

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def build(smoke_session: SmokeBuild) -> Build:
    return Build(smoke_session.checkout.root, smoke_session.checkout.build)


def drawn(name: str, build: Build, chapter: Chapter) -> str:
    return file_of(name, build.folder / "figures", chapter).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", LOOKS)
def test_a_figure_draws_what_its_study_holds(name: str, build: Build) -> None:
    assert len(build.comparisons) >= 2
    for chapter in build.comparisons:
        assert lacking(name, drawn(name, build, chapter), chapter) == [], chapter.id


def without_text(text: str) -> Callable[[str], str]:
    return lambda svg: re.sub(rf"<!-- {re.escape(text)}.*?-->", "", svg)


def without_pictures(svg: str) -> str:
    return re.sub(r"<image\b.*?/>", "", svg, flags=re.DOTALL)


def without_axes(svg: str) -> str:
    return svg.replace('id="axes_2"', 'id="other"')


@pytest.mark.parametrize(
    ("name", "damage", "named"),
    [
        ("{dataset}-classes", without_text("7"), "'7'"),
        ("{dataset}-samples", without_pictures, "an image"),
        ("{dataset}-means", without_text("3"), "'3'"),
        ("{dataset}-{normalisation}-histogram", without_text("Normalised"), "'Normalised'"),
        ("{dataset}-{normalisation}-histogram", without_axes, "two histograms"),
        ("{study}-baseline-architecture", without_text("128"), "128"),
        ("{study}-reference-architecture", without_text("32×28×28"), "32×28×28"),
        ("{study}-baseline-curves", without_text("validation"), "'validation'"),
        ("{study}-baseline-curves", without_axes, "two curves of loss and two of accuracy"),
        ("{study}-curves", without_text("CNN 7×7"), "'CNN 7×7'"),
        ("{study}-accuracy", without_text("MLP"), "'MLP'"),
        ("{study}-cost", without_text("CNN 5×5"), "'CNN 5×5'"),
        ("{study}-{reference}-filters", without_pictures, "a filter"),
        ("{study}-{reference}-features", without_text("Layer 2"), "'Layer 2'"),
        ("{study}-{reference}-features", without_pictures, "the input and two layers"),
        ("{study}-confusion", without_text("true class"), "'true class'"),
    ],
)
def test_what_is_not_drawn_is_named(name: str, damage: Callable[[str], str], named: str, build: Build) -> None:
    (fashion,) = [chapter for chapter in build.comparisons if chapter.id == "fashion"]
    assert named in lacking(name, damage(drawn(name, build, fashion)), fashion)

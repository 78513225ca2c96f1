"""What is drawn in a figure of a chapter, read from its SVG, against what its study holds."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from convscope.grade.build import Chapter


@dataclass(frozen=True)
class Drawing:
    """Texts in the order of the file, and how many coordinate systems, curves, rectangles and bitmaps there are.

    Matplotlib draws text as outlines and leaves each text beside them, as a comment.
    """

    texts: tuple[str, ...]
    axes: int
    lines: int
    bars: int
    pictures: int

    @classmethod
    def of(cls, svg: str) -> Drawing:
        parser = ElementTree.XMLParser(target=ElementTree.TreeBuilder(insert_comments=True))
        root = ElementTree.fromstring(svg, parser)
        axes = [element for element in root.iter() if str(element.get("id", "")).startswith("axes_")]
        parts = [str(child.get("id", "")) for system in axes for child in system]
        comments = (element.text or "" for element in root.iter() if not isinstance(element.tag, str))
        return cls(
            texts=tuple(" ".join(comment.split()) for comment in comments),
            axes=len(axes),
            lines=sum(part.startswith("line2d_") for part in parts),
            bars=sum(part.startswith("patch_") for part in parts),
            pictures=sum(str(element.tag).endswith("}image") for element in root.iter()),
        )

    def lacks(self, *texts: str) -> Iterator[str]:
        """Name what is not drawn, by itself or before more: ``Layer 1`` in ``Layer 1: 16 maps``."""
        for text in texts:
            wanted = " ".join(text.split())
            if not any(re.match(rf"{re.escape(wanted)}($|:| |, )", drawn) for drawn in self.texts):
                yield f"{text!r}"


Look = Callable[[Drawing, Chapter], Iterator[str]]


def _titles(chapter: Chapter) -> list[str]:
    return [variant.title for variant in chapter.study.variants.values()]


def _classes(drawing: Drawing, chapter: Chapter) -> Iterator[str]:
    names = chapter.dataset.class_names
    yield from drawing.lacks(*names, *(f"{count:,}" for count in chapter.dataset.train_counts))
    if drawing.bars < len(names):
        yield "a bar a class"


def _pictures_of_classes(drawing: Drawing, chapter: Chapter) -> Iterator[str]:
    yield from drawing.lacks(*chapter.dataset.class_names)
    if not drawing.pictures:
        yield "an image"


def _histogram(drawing: Drawing, _: Chapter) -> Iterator[str]:
    yield from drawing.lacks("As stored", "Normalised")
    if drawing.axes < 2:
        yield "two histograms"


def _diagram(role: str) -> Look:
    def look(drawing: Drawing, chapter: Chapter) -> Iterator[str]:
        model = chapter.models[chapter.names[role]]
        wanted = [line for layer in model.layers for line in layer.words]
        wanted += ["×".join(map(str, shape)) for shape in model.shapes]
        yield from Counter(wanted) - Counter(drawing.texts)

    return look


def _baseline_curves(drawing: Drawing, _: Chapter) -> Iterator[str]:
    yield from drawing.lacks("epoch", "cross-entropy loss", "accuracy", "training", "validation")
    if drawing.axes < 2 or drawing.lines < 4:
        yield "two curves of loss and two of accuracy"


def _curves(drawing: Drawing, chapter: Chapter) -> Iterator[str]:
    yield from drawing.lacks("epoch", *_titles(chapter))
    if drawing.lines < 2 * len(_titles(chapter)):
        yield "two curves a variant"


def _variants(drawing: Drawing, chapter: Chapter) -> Iterator[str]:
    yield from drawing.lacks(*_titles(chapter))


def _filters(drawing: Drawing, _: Chapter) -> Iterator[str]:
    if not drawing.pictures:
        yield "a filter"


def _features(drawing: Drawing, _: Chapter) -> Iterator[str]:
    yield from drawing.lacks("Input", "Layer 1", "Layer 2")
    if drawing.pictures < 3:
        yield "the input and two layers"


def _confusion(drawing: Drawing, chapter: Chapter) -> Iterator[str]:
    yield from drawing.lacks("predicted class", "true class", *chapter.dataset.class_names)


# By the figure's file: of a chapter whose study has a baseline and a CNN of up to eight variants.
LOOKS: dict[str, Look] = {
    "{dataset}-classes": _classes,
    "{dataset}-samples": _pictures_of_classes,
    "{dataset}-means": _pictures_of_classes,
    "{dataset}-{normalisation}-histogram": _histogram,
    "{study}-baseline-architecture": _diagram("baseline"),
    "{study}-reference-architecture": _diagram("reference"),
    "{study}-baseline-curves": _baseline_curves,
    "{study}-curves": _curves,
    "{study}-accuracy": _variants,
    "{study}-cost": _variants,
    "{study}-{reference}-filters": _filters,
    "{study}-{reference}-features": _features,
    "{study}-confusion": _confusion,
}


def file_of(name: str, figures: Path, chapter: Chapter) -> Path:
    return figures / f"{name.format(**chapter.names, normalisation=chapter.study.normalisation)}.svg"


def lacking(name: str, svg: str, chapter: Chapter) -> list[str]:
    """Return what a figure does not draw."""
    return list(LOOKS[name](Drawing.of(svg), chapter))

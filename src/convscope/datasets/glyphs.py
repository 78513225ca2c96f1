"""Digits drawn in the fonts that come with matplotlib: images of known make-up that need no network.

Each image draws a font, a height, an angle, a displacement and noise from the random stream of its part.
Train and test share the fonts: a model has to undo the variation, not to read a font it never saw.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.ft2font import FT2Font, LoadFlags
from matplotlib.path import Path as Curve
from matplotlib.transforms import Affine2D
from numpy.typing import NDArray

from convscope.datasets.catalogue import fingerprint
from convscope.datasets.dataset import Dataset, Images
from convscope.errors import SpecError
from convscope.specs import Glyphs

# All files of matplotlib's own font folder that have upright or slanted text digits. Left out: cmmi10 (its
# old-style 0 and 1 look like the letters o and ı) and the symbol fonts.
FONTS = (
    "DejaVuSans", "DejaVuSans-Bold", "DejaVuSans-Oblique", "DejaVuSans-BoldOblique",
    "DejaVuSansMono", "DejaVuSansMono-Bold", "DejaVuSansMono-Oblique", "DejaVuSansMono-BoldOblique",
    "DejaVuSerif", "DejaVuSerif-Bold", "DejaVuSerif-Italic", "DejaVuSerif-BoldItalic",
    "STIXGeneral", "STIXGeneralBol", "STIXGeneralItalic", "STIXGeneralBolIta",
    "cmr10", "cmb10", "cmss10", "cmtt10", "cmti10",
)  # fmt: skip

_LUMINANCE = np.array([0.2126, 0.7152, 0.0722])  # of red, green and blue, ITU-R BT.709
_CONTRAST = 0.4  # smallest difference in luminance between a digit and its background, of 1

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class _Outline:
    """One digit in one font, 1 high, the centre of its bounding box at (0, 0)."""

    path: Curve
    polygon: Floats  # (points, 2): the path with its curves as short lines


def generate(spec: Glyphs) -> Dataset:
    """Draw a data set; the same parameters give the same bytes with the same version of matplotlib.

    Parameters
    ----------
    spec
        See `Glyphs`. Labels are balanced (counts differ by at most one) and shuffled.

    Raises
    ------
    SpecError
        A digit of the largest scale, at some angle, would leave the content square; or not even the smallest
        digit can be displaced by ``shift`` within the image.

    Notes
    -----
    No digit is ever cut: one that has less room than ``shift`` is moved as far as it has. Where
    ``content + 2 * shift <= size`` all have room: the displacement is a whole number of pixels, uniform from
    ``-shift`` to ``shift`` in each direction.
    """
    _check_room(spec)
    streams = [np.random.default_rng(s) for s in np.random.SeedSequence(spec.seed).spawn(2)]
    train, test = _images(spec, spec.train, streams[0]), _images(spec, spec.test, streams[1])
    return Dataset(
        name="glyphs",
        title="Generated digits with a margin" if spec.content else "Generated digits",
        train=train,
        test=test,
        class_names=tuple("0123456789"),
        fingerprint=fingerprint(spec),
        source="generated",
        kind="generated",
    )


def _images(spec: Glyphs, count: int, rng: np.random.Generator) -> Images:
    labels = rng.permutation(np.arange(count) % 10)
    fonts = rng.integers(len(FONTS), size=count)
    heights = rng.uniform(*spec.scale, size=count) * _content(spec)
    angles = np.radians(rng.uniform(-spec.rotation, spec.rotation, size=count))
    shifts = rng.integers(-spec.shift, spec.shift, size=(count, 2), endpoint=True)
    outlines = _outlines()
    coverage = _rasterise(
        [
            (outlines[font][label].path, _affine(outlines[font][label], height, angle, shift, spec.size))
            for font, label, height, angle, shift in zip(fonts, labels, heights, angles, shifts, strict=True)
        ],
        spec.size,
    )
    ink = coverage[:, None] / 255.0
    if spec.channels == 3:
        background, foreground = (c[:, :, None, None] for c in _colours(count, rng))
        ink = background + ink * (foreground - background)
    ink += spec.noise * rng.standard_normal(ink.shape)
    return Images(np.rint(255 * ink.clip(0, 1)).astype(np.uint8), labels.astype(np.int64))


def _content(spec: Glyphs) -> int:
    return spec.content or spec.size


def _rotation(angle: float) -> Floats:
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


def _affine(outline: _Outline, height: float, angle: float, shift: NDArray[np.int64], size: int) -> Floats:
    """Matrix (3, 3) that turns an outline, puts its bounding box in the centre and then displaces it."""
    turn = height * _rotation(angle)
    placed = outline.polygon @ turn.T
    low, high = placed.min(axis=0), placed.max(axis=0)
    room = np.maximum((size - (high - low)) // 2, 0)  # whole pixels to either side
    matrix = np.eye(3)
    matrix[:2, :2] = turn
    matrix[:2, 2] = size / 2 - (low + high) / 2 + shift.clip(-room, room)
    return matrix


def _rasterise(drawings: list[tuple[Curve, Floats]], size: int) -> NDArray[np.uint8]:
    """Fraction of each pixel that the filled paths cover, 0 to 255, (N, size, size).

    Agg computes the area that a path covers of each pixel, so no larger image need be drawn and reduced.
    """
    renderer: Any = RendererAgg(size, size, dpi=72)  # type: ignore[no-untyped-call]  # matplotlib has no types here
    gc = renderer.new_gc()
    gc.set_linewidth(0)
    gc.set_snap(False)
    coverage = np.empty((len(drawings), size, size), np.uint8)
    for image, (path, matrix) in zip(coverage, drawings, strict=True):
        renderer.clear()
        renderer.draw_path(gc, path, Affine2D(matrix), (1.0, 1.0, 1.0))
        image[:] = np.asarray(renderer.buffer_rgba())[:, :, 3]
    return coverage


def _colours(count: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Background and foreground, (N, 3) each of 0 to 1, drawn again until they differ enough to be read."""
    colours = rng.uniform(size=(2, count, 3))
    while (alike := np.abs((colours[0] - colours[1]) @ _LUMINANCE) < _CONTRAST).any():
        colours[:, alike] = rng.uniform(size=(2, int(alike.sum()), 3))
    return colours[0], colours[1]


@lru_cache(maxsize=1)
def _outlines() -> list[list[_Outline]]:
    """Outlines by font and digit."""
    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"

    def outline(font: FT2Font, digit: int) -> _Outline:
        font.load_char(ord(str(digit)), LoadFlags.NO_HINTING)
        vertices, codes = font.get_path()
        path = Curve(vertices, codes)
        polygon = np.concatenate(path.to_polygons())
        low, high = polygon.min(axis=0), polygon.max(axis=0)
        middle, height = (low + high) / 2, high[1] - low[1]
        return _Outline(Curve((vertices - middle) / height, codes), (polygon - middle) / height)

    fonts = []
    for name in FONTS:
        font = FT2Font(str(folder / f"{name}.ttf"))
        font.set_size(100, 72)
        fonts.append([outline(font, digit) for digit in range(10)])
    return fonts


def _largest_extent(rotation: float) -> float:
    """Largest width or height of any digit of height 1, at 49 angles up to the rotation (degrees)."""
    turns = [_rotation(angle) for angle in np.radians(np.linspace(-rotation, rotation, 49))]
    return max(
        float(np.ptp(outline.polygon @ turn.T, axis=0).max())
        for outlines in _outlines()
        for outline in outlines
        for turn in turns
    )


def _check_room(spec: Glyphs) -> None:
    content = _content(spec)
    smallest, largest = spec.scale
    extent = _largest_extent(spec.rotation)
    if extent * largest > 1 + 1e-6:  # rounding alone makes a digit that just fits this much larger
        raise SpecError(
            f"Glyphs scale {largest:g} with rotation {spec.rotation:g} draws digits up to "
            f"{extent * largest * content:.1f} pixels wide or high; their content square has {content}.",
            f"Lower the largest scale to {np.floor(100 / extent) / 100:g}, or the rotation.",
        )
    if smallest * content + 2 * spec.shift > spec.size:
        raise SpecError(
            f"Glyphs shift {spec.shift} moves even the smallest digit, {smallest * content:.1f} pixels high "
            f"(scale {smallest:g} of content {content}), out of the image of {spec.size} pixels.",
            f"Lower shift to {int((spec.size - smallest * content) / 2)}, lower content, or raise size.",
        )

"""Test images that only one of two networks reads."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from convscope.figures import findings
from convscope.figures.mosaic import channels_last, mosaic, show
from convscope.figures.registry import Material, Rows, figure, groups, picture_in, pictured
from convscope.figures.style import INK, MUTED, WIDTH, look

COLUMNS = 8


def disputed_rows(material: Material, study_id: str) -> Rows:
    """Return each image that is shown: who alone is right, what it is, what the other says, and its pixels."""
    study = material.metrics.ran[study_id]
    names = material.metrics.datasets[study.dataset].class_names
    rows: Rows = []
    for side in study.disputed.only if study.disputed else ():
        images = material.pictures.get(f"studies/{study_id}/only/{side.right}", ())
        for shown, pixels in zip(side.shown, images, strict=False):
            rows.append(
                {"right": side.right, "network": study.variants[side.right].title, "count": side.count,
                 "image": shown.image, "is": names[shown.label], "called": names[shown.called]}
                | pictured(pixels)
            )  # fmt: skip
    return rows


@figure("{study}-disputed", rows=disputed_rows, finding=findings.alone_right)
def disputed(rows: Rows) -> Figure:
    """Draw a row of images for each network that alone is right, with what each is and what the other network says."""
    networks = groups(rows, "right")
    tile = WIDTH / COLUMNS
    words = 0.58  # inches a row: a title above the images, two lines below
    height = len(networks) * (tile + words)
    drawn, panels = plt.subplots(len(networks), 1, figsize=(WIDTH, height), squeeze=False)
    drawn.subplots_adjust(left=0, right=1, top=1 - 0.24 / height, bottom=0.34 / height, hspace=words / tile)
    for axes, (network, here) in zip(panels[:, 0], networks.items(), strict=True):
        size = (here[0]["channels"], here[0]["height"], here[0]["width"])
        pixels = np.full((COLUMNS, *size), 255 if size[0] == 3 else 0)
        for place, row in enumerate(here):
            pixels[place] = picture_in(row)
        board = mosaic(channels_last(pixels), COLUMNS)
        show(axes, board, "gray", (0, 255))
        for place in range(len(here), COLUMNS):
            axes.axvspan(board.shape[1] * place / COLUMNS, board.shape[1], color="white")
        shown = f"the first {len(here)}" if len(here) < here[0]["count"] else "all"
        many = "1 image" if here[0]["count"] == 1 else f"{here[0]['count']} images, {shown} of them"
        axes.set_title(f"Only {here[0]['network']} is right: {many}", fontsize=8.5, color=look(network, 0)[0])
        for place, row in enumerate(here):
            for height, text, hue in ((-0.14, row["is"], INK), (-0.3, f"≠ {row['called']}", MUTED)):
                axes.text((place + 0.48) / COLUMNS, height, text, transform=axes.transAxes, ha="center", va="baseline",
                          fontsize=7, color=hue)  # fmt: skip
    return drawn

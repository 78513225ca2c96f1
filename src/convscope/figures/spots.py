"""Where a value stands in a figure, so that a page can say it to whoever points there."""

from __future__ import annotations

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backend_bases import RendererBase
from matplotlib.figure import Figure

Said = dict[str, float | str]  # as its JSON has it


class Spot(Artist):
    """Draws nothing, and knows after the drawing where in the picture a place of its axes is.

    Parameters
    ----------
    place
        In the units of the axes.
    words
        What is there.
    pointer
        To its measurement in metrics.json; without a slash at its beginning, from the figure's study on.
    """

    def __init__(self, place: tuple[float, float], words: str, pointer: str) -> None:
        super().__init__()
        self.set_in_layout(False)
        self.place, self.words, self.pointer = place, words, pointer
        self.at = (float("nan"), float("nan"))

    def draw(self, renderer: RendererBase) -> None:
        """Note the place as shares of the picture's width and height, from its upper left corner."""
        assert self.axes is not None
        x, y = self.axes.transData.transform(self.place)
        width, height = renderer.get_canvas_width_height()
        self.at = (float(x / width), float(1 - y / height))


def spot(axes: Axes, place: tuple[float, float], words: str, pointer: str) -> None:
    """Note that a value stands at a place of the axes; the parameters are those of `Spot`."""
    axes.add_artist(Spot(place, words, pointer))


def spots_in(figure: Figure) -> list[Said]:
    """Return the values of a drawn figure: x and y from 0 to 1, words, and the pointer."""
    found = figure.findobj(Spot)
    return [
        {"x": round(one.at[0], 4), "y": round(one.at[1], 4), "words": one.words, "pointer": one.pointer}
        for one in found
        if isinstance(one, Spot) and max(map(abs, (one.at[0] - 0.5, one.at[1] - 0.5))) <= 0.5
    ]

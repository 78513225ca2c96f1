"""Pictures of a page: loaded when they come near, their room left until then, and photographs known from charts."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path

POINT = 4 / 3  # pixels
LABEL = 11  # pixels: the smallest letters of a figure that a phone shows at its own size
_PICTURE = re.compile(r"<img (?P<attributes>[^>]*?)/?>")
_ROOT = re.compile(r"<svg\b[^>]*>")
_SIZE = re.compile(r'\b(?P<side>width|height)="(?P<number>[\d.]+)(?P<unit>pt)?"')
_LETTERS = re.compile(r"font-size:(?P<size>[\d.]+)px")
_MATRIX = re.compile(r"-confusion\b")  # its cells are a picture that can be turned round


def with_room(text: str, folder: Path, drawings: dict[Path, str]) -> str:
    """Give every picture of a page its size; what has one, or is none of ours, keeps what it has.

    Parameters
    ----------
    text
        HTML, or Markdown with HTML in it.
    folder
        Of the page.
    drawings
        What was found of each file, kept from page to page.
    """
    return _PICTURE.sub(partial(_lazy, folder=folder, drawings=drawings), text)


def _lazy(picture: re.Match[str], folder: Path, drawings: dict[Path, str]) -> str:
    """Load a picture when it comes near, and leave it its room until then."""
    attributes = picture["attributes"].strip()
    source = re.search(r'\bsrc="([^"]+)"', attributes)
    if "loading=" not in attributes:
        attributes += ' loading="lazy"'
    if source and source[1].endswith(".svg") and " height=" not in attributes:
        file = (folder / source[1]).resolve()
        if file not in drawings:
            drawings[file] = _drawing(file)
        attributes += drawings[file]
    return f"<img {attributes}>"


def _drawing(file: Path) -> str:
    """Return the attributes of an SVG file: a size at which its labels can be read, and whether it has photographs."""
    text = file.read_text(encoding="utf-8") if file.is_file() else ""
    root = _ROOT.search(text)
    sides = {side["side"]: side for side in _SIZE.finditer(root[0])} if root else {}
    if len(sides) < 2:
        return ""
    scale = POINT if sides["width"]["unit"] else 1.0
    letters = [float(one["size"]) for one in _LETTERS.finditer(text)]
    scale *= max(1.0, LABEL / (min(letters) * scale)) if letters else 1.0
    size = "".join(f' {name}="{round(float(side["number"]) * scale)}"' for name, side in sides.items())
    return size + (" data-photographs" if "<image" in text and not _MATRIX.search(file.stem) else "")

"""Whether the report's fonts have a letter: asked before anything is trained, as a PDF without it cannot be made."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from convscope.errors import SpecError

_FONTS = ("DejaVuSans.ttf", "DejaVuSansMono.ttf")
"""The first draws figures. Typst brings the second and takes from it what its serif lacks."""

_LATIN = 0x180
"""Both fonts have the printable signs below; a build with nothing to do does without reading them."""

HOLES = {
    "an unresolved cross-reference": re.compile(r"\?@\S*"),
    "an undefined value": re.compile(r"\bundefined\b", re.IGNORECASE),
    "a value that is not a number": re.compile(r"\bnan\b", re.IGNORECASE),
    "an unresolved shortcode": re.compile(r"\{\{<|>\}\}"),
    "an unfilled hole": re.compile(r"(?<!<)<<(?!<)|(?<!>)>>(?!>)"),
}
"""What shows that a page was not filled or rendered as it should be. A doctest prompt (>>>) is code, not a hole."""


def must_be_printable(what: str, text: str) -> None:
    """Refuse a title or name that figures or PDF could not show.

    Raises SpecError: a character is in none of the fonts, or the last check of a page would take the text for a hole.
    """
    for meaning, sign in HOLES.items():
        if found := sign.search(text):
            raise SpecError(
                f"{what} is {text!r}; {found[0]!r} in a report is taken for {meaning}.",
                "Write it in other words.",
            )
    unsure = {sign for sign in text if not (sign.isprintable() and ord(sign) < _LATIN)}
    if lacking := sorted(sign for sign in unsure if ord(sign) not in _known()):
        raise SpecError(
            f"{what} is {text!r}; the report's fonts have no {' '.join(lacking)}.",
            "Write it in Latin, Greek or Cyrillic letters.",
        )


@cache
def _known() -> frozenset[int]:
    import matplotlib  # where nothing is trained, it is not needed
    from matplotlib.ft2font import FT2Font

    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    first, *others = (set(FT2Font(str(folder / name)).get_charmap()) for name in _FONTS)
    return frozenset(first.intersection(*others) | {ord("\u00ad")})

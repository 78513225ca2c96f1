"""The font of formulas in a standalone page: its 1,700 glyphs are 179 kB there, those that are needed 65 kB.

fontTools takes a font apart as browsers need it: with a bracket stay the larger ones that it grows into. Latin letters
and digits stay, since the renderer takes a font's measures from them: without them, digits move by part of a pixel.
"""

from __future__ import annotations

import io
import re
import string
from base64 import b64decode, b64encode
from html import unescape
from pathlib import Path
from unicodedata import normalize

from fontTools.subset import Options, Subsetter, save_font
from fontTools.ttLib import TTFont

_FONT = re.compile(r'(?P<before>"Report Math";\s*src: url\("?data:font/woff2;base64,)(?P<font>[\w+/=]+)')
_FORMULA = re.compile(r"<math\b.*?</math>", re.DOTALL)
_ITALICS = {
    normalize("NFKC", sign): sign for sign in map(chr, (*range(0x1D434, 0x1D468), *range(0x1D6E2, 0x1D71C), 0x210E))
}
"""What browsers draw for a letter that stands alone: MathML Core, `math-auto`."""


def keep_glyphs_of_formulas(page: Path) -> None:
    """Leave out of a standalone page's font of formulas what none of its formulas shows."""
    text = page.read_text(encoding="utf-8")
    signs = set(string.printable) | set(unescape(re.sub(r"<[^>]*>", "", "".join(_FORMULA.findall(text)))))
    signs |= {_ITALICS[sign] for sign in signs if sign in _ITALICS} | {"√"}  # an element draws it, not a text

    def smaller(face: re.Match[str]) -> str:
        return face["before"] + b64encode(subset(b64decode(face["font"]), signs)).decode()

    page.write_text(_FONT.sub(smaller, text), encoding="utf-8")


def subset(font: bytes, signs: set[str]) -> bytes:
    """Return a WOFF2 font with the glyphs for some signs, and with what these are put together from."""
    options = Options(flavor="woff2", layout_features=["*"])  # ssty, too: the shapes of indices
    known, smaller = TTFont(io.BytesIO(font)), io.BytesIO()
    subsetter = Subsetter(options)
    subsetter.populate(text="".join(sorted(signs)))
    subsetter.subset(known)
    save_font(known, smaller, options)
    return smaller.getvalue()

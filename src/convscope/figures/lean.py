"""Matplotlib's SVG as a page needs it: text as text, numbers as fine as a screen, styles once, pictures as WebP.

Typst has none of the fonts, so that figures are drawn with their text as outlines; half of such a file are the same
letters again and again. Here each outlined text becomes text of the same length. What tells a reader of the file what
is drawn, Matplotlib's comments, names and groups, stays in the drawing itself, which lies beside it.
"""

from __future__ import annotations

import base64
import io
import re
from collections import Counter
from functools import cache
from html import unescape

from matplotlib import font_manager
from matplotlib.ft2font import FT2Font, LoadFlags
from PIL import Image

_EM = 100
"""Size at which Matplotlib writes its outlines."""

_WEIGHTS = {"DejaVuSans": "normal", "DejaVuSans-Bold": "bold"}
_STYLE = "text{font-family:'DejaVu Sans',Verdana,system-ui,sans-serif;white-space:pre}"

_PREAMBLE = re.compile(r"<\?xml.*?\?>|<!DOCTYPE[^>]*>|<metadata>.*?</metadata>", re.DOTALL)
_OUTLINES = re.compile(
    r'<!-- (?P<text>[^\n]*?) -->\s*<g style="(?P<style>[^"]*)" '
    r'transform="translate\((?P<x>[-\d.]+) (?P<y>[-\d.]+)\)(?P<turn>(?: rotate\([^)]*\))?) '
    r'scale\((?P<scale>[\d.]+) -(?P=scale)\)">'
    r"(?P<letters>.*?)</g>",
    re.DOTALL,
)
_LETTER = re.compile(r'<use xlink:href="#(?P<font>[\w-]+)-[0-9a-f]+"(?: transform="translate\((?P<at>[\d.]+) 0\)")?/>')
_LIGATURE = re.compile("ff[il]?|f[il]")
_GLYPH = re.compile(r'<path id="(?P<id>[\w]+(?:-[A-Z][A-Za-z]+)*-[0-9a-f]+)" d="[^"]*"[^>]*/>')
_TAG = re.compile(r"<[A-Za-z][^>]*>")
_ATTRIBUTE = re.compile(r'(?<= )(?P<name>d|x|y|x1|x2|y1|y2|width|height|transform)="(?P<value>[^"]*)"')
_NUMBER = re.compile(r"(?<![\w.])-?\d+\.\d{2,}(?!\d*[eE])")
_ID = re.compile(r' id="(?P<id>[^"]*)"')
_REFERENCE = re.compile(r"(?<=[\"(])#([\w.-]+)(?=[\")])")
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_GROUP = re.compile(r"<g\b[^>]*>|</g>")
_EMPTY = re.compile(r"<(?P<tag>g|defs)\b[^>]*>\s*</(?P=tag)>|<g\b[^>]*/>")
_CLIPPED = re.compile(r' clip-path="(?P<clip>url\(#[\w.-]+\))"(?: style="(?P<style>[^"]*)")?')
_STEP = re.compile(r"(?P<to>[ML])(?P<x>[-\d.]+) (?P<y>[-\d.]+)")
_STYLED = re.compile(r' style="(?P<style>[^"]*)"')
_PNG = re.compile(r"data:image/png;base64,(?P<data>[\w+/=\s]+)")


def lean(svg: str) -> str:
    """Return a figure that looks the same, at about a quarter of its size.

    Parameters
    ----------
    svg
        As Matplotlib writes it; what it has not written comes back nearly as it was.
    """
    glyphs = {glyph["id"]: glyph[0] for glyph in _GLYPH.finditer(svg)}
    svg = _OUTLINES.sub(_as_text, _PREAMBLE.sub("", svg))
    missing = [glyphs[name] for name in glyphs if f"#{name}" in svg and f' id="{name}"' not in svg]
    svg, outlines = _TAG.sub(_rounded, svg), _TAG.sub(_rounded, "".join(missing))
    svg = _short_names(_COMMENT.sub("", svg)).replace("xlink:href=", "href=")
    svg = _PNG.sub(_smaller, svg)
    rules, svg = _styles_once(_ungrouped(svg))
    head = f"<style>{_STYLE}{rules}</style>" + (f"<defs>{outlines}</defs>" if missing else "")
    svg = re.sub(r"(<svg\b[^>]*>)", lambda root: root[1] + head, svg, count=1)
    return re.sub(r">\s+<", "><", svg).strip()


def _as_text(found: re.Match[str]) -> str:
    """Write outlines as text of their length; formulas, and what cannot be told apart, stay outlines."""
    text = unescape(found["text"])
    letters = list(_LETTER.finditer(found["letters"]))
    fonts = {letter["font"] for letter in letters}
    begun = text[:-1]  # the width of the last letter is asked for, so that it has to stand alone
    shapes = {len(text), len(_LIGATURE.sub("f", begun)) + 1}
    if len(letters) not in shapes or len(fonts) != 1 or not fonts <= set(_WEIGHTS):
        return found[0]
    weight = _WEIGHTS[fonts.pop()]
    scale = float(found["scale"])
    length = (float(letters[-1]["at"] or 0) + _advance(weight, text[-1])) * scale
    style = f"{found['style']};font-size:{scale * _EM:.4g}px" + (";font-weight:bold" if weight == "bold" else "")
    x, y, turn = found["x"], found["y"], found["turn"]
    place = f'transform="translate({x} {y}){turn}"' if turn else f'x="{x}" y="{y}"'
    return f'<text style="{style}" textLength="{length:.1f}" {place}>{found["text"]}</text>'


@cache
def _font(weight: str) -> FT2Font:
    properties = font_manager.FontProperties(family="DejaVu Sans", weight=weight)
    font = FT2Font(font_manager.findfont(properties))
    font.set_size(_EM, 72)
    return font


@cache
def _advance(weight: str, letter: str) -> float:
    """Width of a letter, with the space after it."""
    return float(_font(weight).load_char(ord(letter), flags=LoadFlags.NO_HINTING).linearHoriAdvance / 65536)


def _rounded(tag: re.Match[str]) -> str:
    """Round coordinates to a tenth of a point, sizes of markers to a hundredth, and leave out blanks of paths."""

    def attribute(found: re.Match[str]) -> str:
        if "scale(0.0" in found["value"]:  # the outlines of a formula
            return found[0]
        value = _NUMBER.sub(_short, found["value"])
        if found["name"] == "d":
            value = _straight(re.sub(r"\s*([A-Za-z])\s*", r"\1", " ".join(value.split())))
        return f'{found["name"]}="{value}"'

    return _ATTRIBUTE.sub(attribute, tag[0])


def _straight(path: str) -> str:
    """Write a line along an axis with the one coordinate that changes, where a path has nothing but lines."""
    if not set(re.findall("[A-Za-z]", path)) <= set("MLz"):
        return path
    at: dict[str, str] = {}

    def step(found: re.Match[str]) -> str:
        before, now = dict(at), found.groupdict()
        at.update(now)
        if now["to"] == "L" and now["x"] == before["x"]:
            return f"V{now['y']}"
        return f"H{now['x']}" if now["to"] == "L" and now["y"] == before["y"] else found[0]

    return _STEP.sub(step, path)


def _short(number: re.Match[str]) -> str:
    value = float(number[0])
    return f"{value:.{1 if abs(value) > 10 else 2}f}".rstrip("0").rstrip(".")


def _short_names(svg: str) -> str:
    """Leave a name, a short one, to what is referred to."""
    referred = {name: f"r{i}" for i, name in enumerate(sorted(set(_REFERENCE.findall(svg)) & set(_ID.findall(svg))))}
    svg = _REFERENCE.sub(lambda found: f"#{referred.get(found[1], found[1])}", svg)

    def named(found: re.Match[str]) -> str:
        return f' id="{referred[found["id"]]}"' if found["id"] in referred else ""

    return _ID.sub(named, svg)


def _ungrouped(svg: str) -> str:
    """Leave out groups that say nothing of what is in them."""
    kept: list[bool] = []

    def tag(found: re.Match[str]) -> str:
        if found[0] != "</g>":
            kept.append(found[0] != "<g>")
            return found[0] if kept[-1] else ""
        return found[0] if kept.pop() else ""

    return _GROUP.sub(tag, _EMPTY.sub("", svg))


def _smaller(picture: re.Match[str]) -> str:
    """Write a bitmap as WebP where that is smaller: exact where colours are few, near where they are many."""
    with Image.open(io.BytesIO(base64.b64decode(picture["data"])), formats=("PNG",)) as image:
        image.load()
        exact = _webp(image, lossless=True)
        webp = exact if image.getcolors(1 << 6) else min(exact, _webp(image, quality=65), key=len)
    written = f"data:image/webp;base64,{base64.b64encode(webp).decode()}"
    return min(picture[0], written, key=len)


def _webp(image: Image.Image, **options: bool | int) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", method=6, **options)
    return buffer.getvalue()


def _styles_once(svg: str) -> tuple[str, str]:
    """Give styles that stand in a file more than once a class, what they are clipped to among them."""
    svg = _CLIPPED.sub(lambda found: f' style="clip-path: {found["clip"]}; {found["style"] or ""}"', svg)
    counted = Counter(found["style"] for found in _STYLED.finditer(svg))
    classes = {style: f"s{i}" for i, (style, count) in enumerate(counted.items()) if count > 1}

    def named(found: re.Match[str]) -> str:
        return f' class="{classes[found["style"]]}"' if found["style"] in classes else found[0]

    return "".join(f".{name}{{{_dense(style)}}}" for style, name in classes.items()), _STYLED.sub(named, svg)


def _dense(style: str) -> str:
    return re.sub(r"(?<=[:;]) ", "", style).removesuffix(";")

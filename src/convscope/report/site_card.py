"""The picture that a link to the site shows elsewhere: the question, and how many claims are decided which way."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from convscope.files import Json, replacing

SIZE = (1200, 630)  # what Open Graph and its readers crop to
QUESTION = ("What does a", "convolutional layer", "buy, and why?")
COLOURS = {"supported": "#56b4e9", "refuted": "#ff9a4d", "inconclusive": "#b8bfc8"}  # of Okabe and Ito, lightened
INK, PAPER = "#ffffff", "#1b2238"


def draw_card(metrics: Json, output: Path) -> None:
    """Draw the card as PNG; the same metrics give the same picture.

    Parameters
    ----------
    metrics
        Whose claims are counted.
    output
        The file to write.
    """
    card = Image.new("RGB", SIZE, PAPER)
    pen = ImageDraw.Draw(card)
    for line, text in enumerate(QUESTION):
        pen.text((70, 60 + 100 * line), text, INK, ImageFont.load_default(84))
    counts = Counter(claim["verdict"] for claim in metrics["claims"].values())
    left, width = 70.0, SIZE[0] - 140
    for verdict, colour in COLOURS.items():
        share = width * counts[verdict] / max(1, counts.total())
        pen.rectangle((left, 410, left + share, 450), fill=colour)
        left += share
    words = ", ".join(f"{counts[verdict]} {verdict}" for verdict in COLOURS)
    pen.text((70, 475), f"{counts.total()} claims tested: {words}", INK, ImageFont.load_default(36))
    pen.text((70, 545), "convscope", COLOURS["inconclusive"], ImageFont.load_default(36))
    with replacing(output) as temporary:
        card.save(temporary, "PNG")

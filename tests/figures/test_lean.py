"""Figures as pages show them: smaller, and the same to look at."""

from __future__ import annotations

import re
import shutil
import xml.etree.ElementTree as ET
from html import unescape
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import sync_playwright

from convscope.figures.lean import lean
from convscope.figures.style import WEB, figure_style, save

SVG = "{http://www.w3.org/2000/svg}"
WORDS = ("accuracy (%) & more", "epoch < 9", "CNN 3×3", "turned", "in bold", "10 −2", "five officials")  # fi, ffi


@pytest.fixture
def drawn(tmp_path: Path) -> Path:
    """Return a figure with what figures have: curves, markers, a log axis, turned and bold text, a photograph."""
    generator = np.random.default_rng(0)
    with figure_style():
        figure, (curves, photograph) = plt.subplots(1, 2, figsize=(6, 3), layout="constrained")
        curves.plot(np.arange(1, 60), generator.random(59) + 0.01, marker="o", label=WORDS[2])
        curves.set_yscale("log")
        curves.set_xlabel(WORDS[1])
        curves.set_ylabel(WORDS[0])
        curves.text(20, 0.1, WORDS[3], rotation=30)
        curves.set_title(WORDS[4])
        curves.text(5, 0.05, WORDS[5])
        curves.text(5, 0.5, WORDS[6])
        curves.legend()
        smooth = np.add.outer(np.sin(np.arange(96) / 9), np.cos(np.arange(96) / 7))
        photograph.imshow(np.stack([smooth, smooth.T, -smooth], axis=-1) / 4 + 0.5, interpolation="nearest")
        save(figure, tmp_path / "figure.svg")
    return tmp_path / "figure.svg"


def test_text_is_text_and_nothing_is_named_that_nobody_refers_to(drawn: Path) -> None:
    before, after = drawn.read_text(), (drawn.parent / WEB / drawn.name).read_text()
    assert len(after) < len(before) / 4
    texts = [element.text for element in ET.fromstring(after).iter(f"{SVG}text")]
    assert set(WORDS) <= set(texts)
    assert set(WORDS) <= {unescape(comment.strip()) for comment in re.findall("<!--(.*?)-->", before)}
    assert "<!--" not in after
    root = ET.fromstring(after)
    there = {name for element in root.iter() if (name := element.get("id"))}
    assert there == set(re.findall(r"#([A-Za-z][\w-]*\d+)(?=[\")])", after))
    assert all(group.attrib and len(group) for group in root.iter(f"{SVG}g"))
    assert "data:image/webp" in after
    assert " clip-path=" not in after  # it stands in the style that many lines share


def test_lines_along_an_axis_need_one_coordinate() -> None:
    path = '<svg><path d="M 0 9.123 L 4.5 9.123 L 4.5 0 L 0 0 z"/><path d="M 1 2 L 1 5 Q 2 6 3 5 L 3 9"/></svg>'
    assert 'd="M0 9.12H4.5V0H0z"' in lean(path)
    assert 'd="M1 2L1 5Q2 6 3 5L3 9"' in lean(path)


@pytest.mark.slow
@pytest.mark.browser
def test_it_looks_the_same(drawn: Path) -> None:
    pictures = []
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = chromium.new_page(viewport={"width": 900, "height": 500})
        for place in (drawn, drawn.parent / WEB / drawn.name):
            page.goto(place.as_uri())
            page.screenshot(path=drawn.with_suffix(".png"))
            pictures.append(np.asarray(Image.open(drawn.with_suffix(".png")).convert("L"), dtype=float))
        chromium.close()
    assert pictures[0].std() > 20
    difference = np.abs(pictures[0] - pictures[1])
    assert difference.mean() < 1  # of 255: text drawn by the browser is smoothed otherwise
    assert (difference > 96).mean() < 0.004

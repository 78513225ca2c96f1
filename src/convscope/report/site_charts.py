"""Figures whose values a reader can point at: what they are and where they stand, beside the picture."""

from __future__ import annotations

import json
import re
from pathlib import Path

from convscope.files import Json
from convscope.report.evidence import json_script
from convscope.report.formats import resolve
from convscope.report.numbers import Numbers
from convscope.report.site_pages import in_html

PICTURE = re.compile(r"figures/(?P<name>[\w-]+)\.svg")
_TAG = re.compile(r"<[^>]+>")


def with_charts(text: str, up: str, figures: Path, metrics: Json) -> str:
    """Put the values of a page's figures at its end, with the script that shows them.

    Parameters
    ----------
    text
        A page of MkDocs' sources.
    up
        From it to the site's root: ``../``.
    figures
        The folder of the figures as pages show them; NAME.json is beside the picture whose values can be told.
    metrics
        What is said of them.
    """
    charts = {}
    for name in dict.fromkeys(PICTURE.findall(text)):
        if (file := figures / f"{name}.json").is_file():
            study = name.partition("-")[0]
            charts[name] = [_said(spot, f"/studies/{study}", metrics) for spot in json.loads(file.read_bytes())]
    if not charts:
        return text
    script = f'<script src="{up}javascripts/charts.js" defer></script>'
    return f"{text}\n\n{json_script('chart-values', charts)}\n{script}\n"


def _said(spot: Json, study: str, metrics: Json) -> Json:
    """Return a place in a figure with the value that stands there, as the text of a page would have it."""
    pointer = f"{study}/{spot['pointer']}"
    measured = resolve(metrics, pointer)
    numbers = Numbers(metrics)
    value = f"{numbers.effect(pointer)} points" if "effect" in measured else numbers.mean(pointer)
    interval = f" ({numbers.interval(pointer)})" if measured["interval"] else ""
    seeds = f"{measured['n']} {'seed' if measured['n'] == 1 else 'seeds'}"
    said = _TAG.sub("", in_html(f"{value}{interval}, {seeds}"))
    return {"x": spot["x"], "y": spot["y"], "words": spot["words"], "said": said, "pointer": pointer}

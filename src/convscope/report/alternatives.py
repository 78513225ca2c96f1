"""The alternative text of a figure: what is drawn, and what it found, which whoever draws it writes beside it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from convscope.language import ENGLISH, catalogue

FINDINGS = "findings.json"
"""Beside the figures: by name, what each found, in sentences of English."""


def alternatives(figures: Path, language: str = ENGLISH) -> Callable[[str, str], str]:
    """Return what tells of a figure, by its name and the words for what is drawn.

    Parameters
    ----------
    figures
        Folder of the drawn figures.
    """
    file = figures / FINDINGS
    findings = json.loads(file.read_bytes()) if file.is_file() else {}
    say = catalogue(language).sentence
    return lambda name, drawn: " ".join([f"{drawn}.", *map(say, findings[name])] if findings.get(name) else [drawn])

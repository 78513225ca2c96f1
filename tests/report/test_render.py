"""Which backend renders the report, and what happens where Quarto cannot."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest

from convscope.errors import ReportError
from convscope.report.backend import Backend
from convscope.report.render import render

METRICS: dict[str, Any] = {
    "profile": "smoke",
    "studies": {},
    "datasets": {},
    "claims": {},
    "environment": {"trained": ""},
}


@pytest.fixture
def templates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A report of one sentence, on a machine whose Quarto always fails."""
    folder = tmp_path / "report"
    folder.mkdir()
    (folder / "report.qmd").write_text("---\ntitle: Small\n---\n\n# One {#sec-one}\n\nBy << facts.backend >>.\n")
    (folder / "claims.md").write_text("None.\n")
    (folder / "_quarto.yml").write_text("lang: en\n")
    (folder / "references.bib").write_text("")
    (tmp_path / "figures").mkdir()
    bin_folder = tmp_path / "bin"
    bin_folder.mkdir()
    (bin_folder / "quarto").write_text("#!/bin/sh\necho 'ERROR: Could not fetch resource'\nexit 1\n")
    (bin_folder / "quarto").chmod(0o755)
    monkeypatch.setenv("PATH", f"{bin_folder}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(sys, "executable", sys.executable)
    return folder


def published(templates: Path, backend: Backend) -> Path:
    output = templates.parent / "out"
    render(templates, METRICS, templates.parent / "figures", output, "abc", backend=backend)
    return output


def test_auto_falls_back_to_pandoc_and_says_why(templates: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = published(templates, "auto")
    assert (
        "Quarto cannot render it (Quarto ended with status 1: ERROR: Could not fetch resource)"
        in capsys.readouterr().err
    )
    assert "By pandoc." in (output / "report.html").read_text()
    assert (output / "report.pdf").read_bytes().startswith(b"%PDF")


def test_who_asks_for_quarto_gets_its_error(templates: Path) -> None:
    with pytest.raises(ReportError, match="Could not fetch resource"):
        published(templates, "quarto")
    assert not (templates.parent / "out").exists()

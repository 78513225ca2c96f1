"""How Quarto's process is handled. The ``quarto`` here is a fake: what the real one renders is not tested."""

import json
import os
import re
import sys
from pathlib import Path

import pytest
import yaml

from convscope.errors import ReportError
from convscope.report import quarto
from convscope.report.slim import slim


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    folder.mkdir()
    (folder / "report.qmd").write_text("---\ntitle: Small\n---\n\nText.\n")
    return folder


@pytest.fixture
def bin_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder on PATH besides the system's, and where this Python seems to be."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}/usr/bin{os.pathsep}/bin")
    monkeypatch.setattr(sys, "executable", str(folder / "python"))
    return folder


def write_command(path: Path, script: str) -> None:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def test_find(bin_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert quarto.find() is None
    write_command(bin_folder / "quarto", "true")
    assert quarto.find() == bin_folder / "quarto"
    monkeypatch.setenv("PATH", str(tmp_path))  # an environment that is used but not activated
    assert quarto.find() == bin_folder / "quarto"


def test_without_quarto(bin_folder: Path, source: Path, tmp_path: Path) -> None:
    with pytest.raises(ReportError, match="no Quarto"):
        quarto.render_html(source, tmp_path / "report.html")


def test_success(bin_folder: Path, source: Path, tmp_path: Path) -> None:
    write_command(bin_folder / "quarto", 'mkdir _out .quarto; echo "$@" > _out/report.html; echo pdf > report.pdf')
    quarto.render_html(source, tmp_path / "out" / "r.html")
    quarto.render_pdf(source, tmp_path / "out" / "r.pdf")
    assert (tmp_path / "out" / "r.html").read_text() == "render report.qmd --to html\n"
    assert (tmp_path / "out" / "r.pdf").read_text() == "pdf\n"
    assert [path.name for path in source.iterdir()] == ["report.qmd"]


@pytest.mark.parametrize(
    ("script", "named"),
    [
        ("echo x > report.html; echo 'WARNING: citation nobody2020 not found' >&2", "nobody2020"),
        ("echo x > report.html; echo '[WARNING] Unable to resolve crossref @fig-none'", "@fig-none"),
        ("echo x > report.html; echo 'Unable to resolve crossref @tbl-none'", "@tbl-none"),
        ("echo 'ERROR: a bad day'; exit 3", "status 3: ERROR: a bad day"),
        (r"printf 'pandoc\n  to: html\n\033[31mERROR\033[39m: a bad day\n'; exit 3", "status 3: ERROR: a bad day"),
        ("echo rendered", "wrote no report.html"),
    ],
)
def test_a_failure_keeps_the_last_report(
    script: str, named: str, bin_folder: Path, source: Path, tmp_path: Path
) -> None:
    write_command(bin_folder / "quarto", script)
    output = tmp_path / "report.html"
    output.write_text("the last one")
    with pytest.raises(ReportError) as caught:
        quarto.render_html(source, output)
    assert named in str(caught.value)
    assert output.read_text() == "the last one"


def test_time_out_ends_the_whole_process_group(
    bin_folder: Path, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    child = tmp_path / "child"
    write_command(bin_folder / "quarto", f"sleep 60 & echo $! > {child}; wait")
    monkeypatch.setattr(quarto, "RENDER_LIMIT", 1.0)
    with pytest.raises(ReportError, match="longer than 1 s"):
        quarto.render_html(source, tmp_path / "report.html")
    state = Path(f"/proc/{child.read_text().strip()}/stat")
    assert not state.exists() or state.read_text().split()[2] == "Z"


def test_install_is_tried_once(bin_folder: Path, tmp_path: Path) -> None:
    memory, calls = tmp_path / "quarto.json", tmp_path / "calls"
    write_command(bin_folder / "python", f"echo \"$@\" >> {calls}; echo 'no such host' >&2; exit 1")
    assert quarto.install(memory) is None
    assert json.loads(memory.read_text()) == {"installed": False, "reason": "no such host"}
    assert quarto.install(memory) is None
    options = "--quiet --disable-pip-version-check --no-deps --require-hashes"
    assert calls.read_text() == f"-m pip install {options} -r {quarto.PINNED}\n"
    assert re.fullmatch(r"quarto-cli==[\d.]+ \\\n +--hash=sha256:[0-9a-f]{64}\n", quarto.PINNED.read_text())


def test_install_succeeds(bin_folder: Path, tmp_path: Path) -> None:
    memory = tmp_path / "quarto.json"
    write_command(bin_folder / "python", f"cp {bin_folder}/python {bin_folder}/quarto")
    assert quarto.install(memory) == bin_folder / "quarto"
    assert json.loads(memory.read_text()) == {"installed": True, "reason": ""}


def test_install_stops_at_its_limit(bin_folder: Path, tmp_path: Path) -> None:
    memory = tmp_path / "quarto.json"
    write_command(bin_folder / "python", "sleep 60")
    assert quarto.install(memory, limit=0.5) is None
    assert json.loads(memory.read_text()) == {"installed": False, "reason": "pip took longer than 0.5 s"}


def test_the_advice_to_install_a_validator_is_no_complaint(bin_folder: Path, source: Path, tmp_path: Path) -> None:
    write_command(
        bin_folder / "quarto",
        "echo 'WARN: PDF standard validation requested but verapdf is not installed.'; echo x > report.pdf",
    )
    quarto.render_pdf(source, tmp_path / "r.pdf")


def test_our_settings_lie_below_those_of_the_report(bin_folder: Path, source: Path, tmp_path: Path) -> None:
    (source / "_quarto.yml").write_text("toc: true\nformat:\n  html:\n    theme: mine\n")
    write_command(bin_folder / "quarto", "cat _quarto.yml > report.html; ls > report.pdf")
    quarto.render_html(source, tmp_path / "r.html")
    settings = yaml.safe_load((tmp_path / "r.html").read_text())
    assert settings["toc"] is True
    assert settings["tbl-colwidths"] is False
    assert settings["words"]["contents"] == "Contents"
    assert settings["floats"] is True
    html, paper = (settings["format"][name] for name in ("html", "typst"))
    assert html["theme"] == "none"
    quarto.render_pdf(source, tmp_path / "r.pdf")
    there = (tmp_path / "r.pdf").read_text().split()
    named = [html["template"], *html["css"], *paper["template-partials"], "tie_rows.lua", "floats.lua"]
    named += [each["path"] for each in html["filters"] + paper["filters"]]
    assert set(named) <= set(there)


def test_what_a_page_says_twice_is_said_once(tmp_path: Path) -> None:
    """Quarto's own markup made the supplement larger than 4 MB: themes, and what is left out here."""
    page = tmp_path / "page.html"
    page.write_text(
        '<div id="fig-a" class="quarto-float" alt="Lines &gt; dots"><img role="img" aria-label="Lines &gt; dots"'
        ' src="data:image/svg+xml,<svg></svg>" alt="Lines &gt; dots"></div><figcaption class="quarto-float-fig"'
        ' id="fig-a-caption-0ceaefa1-69ba-4598-a22c-09a6ac19f8ca">A</figcaption><tr class="odd">'
        '<td style="text-align: left;">a</td><td style="text-align: right;">1</td></tr>'
    )
    slim(page)
    assert page.read_text() == (
        '<div id="fig-a"><img src="data:image/svg+xml,<svg></svg>" alt="Lines &gt; dots"></div>'
        '<figcaption id="fig-a-caption">A</figcaption><tr>'
        '<td>a</td><td class="right">1</td></tr>'
    )

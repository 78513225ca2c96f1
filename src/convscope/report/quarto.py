"""The report as HTML and PDF with Quarto, where it is installed; the same signatures as pandoc.py."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

from convscope.errors import ReportError
from convscope.files import replacing, write_json
from convscope.report.document import PROJECT_FILE, REPORT, merge, words_of

PACKAGE = "quarto-cli"
"""Downloads Quarto itself while it is installed, so it needs more of the network than a registry."""

PINNED = Path(__file__).with_name("quarto-requirements.txt")
"""Its version and hash. It is not in requirements.lock: most machines do without it, and some cannot install it."""

RENDER_LIMIT = 900.0
"""Seconds for one rendering: the supplement takes about 20, and 190 beside a training."""

_OWN = (
    "template.html",
    "report.css",
    "quarto_style.css",
    "typst-show.typ",
    "quarto_page.lua",
    "quarto_paper.lua",
    "tie_rows.lua",
    "floats.lua",
)
_SETTINGS = "quarto_settings.yml"
_ANSI = re.compile(r"\x1b\[[\d;]*m")

# Quarto ends with status 0 in spite of these.
_COMPLAINT = re.compile(
    r"^(?!.*PDF standard validation requested but verapdf).*(?:WARN(?:ING)?\b|Unable to resolve crossref).*$",
    re.MULTILINE,
)


def find() -> Path | None:
    """Find the ``quarto`` command: on PATH, or beside this Python.

    Returns
    -------
    The executable, or None.
    """
    on_path = shutil.which("quarto")
    if on_path:
        return Path(on_path)
    # A virtual environment that is used but not activated is not on PATH.
    beside = shutil.which("quarto", path=str(Path(sys.executable).parent))
    return Path(beside) if beside else None


def install(memory: Path, limit: float = 120.0) -> Path | None:
    """Try once to install Quarto into this environment, and remember how that ended.

    Parameters
    ----------
    memory
        A JSON file: ``{"installed": bool, "reason": str}``. Where there is one, no installation is tried;
        delete it to try again.

    Returns
    -------
    The executable, or None where there is no Quarto.
    """
    found = find()
    if found or memory.exists():
        return found
    options = ["--quiet", "--disable-pip-version-check", "--no-deps", "--require-hashes"]
    command = [sys.executable, "-m", "pip", "install", *options, "-r", str(PINNED)]
    try:
        status, output = _run(command, Path.cwd(), limit)
        reason = "" if status == 0 else _last_line(output)
    except subprocess.TimeoutExpired:
        reason = f"pip took longer than {limit:g} s"
    found = find() if not reason else None
    if not found and not reason:
        reason = f"{PACKAGE} is installed, but there is no command quarto"
    write_json(memory, {"installed": found is not None, "reason": reason})
    return found


def render_html(source: Path, output: Path, name: str = REPORT) -> None:
    """Write a document as one HTML file.

    Raises ReportError: no Quarto, a failure or a warning of Quarto's, or no result within the time limit.

    Parameters
    ----------
    source
        Folder with the filled .qmd files, _quarto.yml (which asks for embedded resources and MathML), the
        bibliography and figures/.
    output
        The file to write, outside of source. What was there stays until the new file is complete.
    """
    _render(source, output, name, "html")


def render_pdf(source: Path, output: Path, name: str = REPORT) -> None:
    """Write a document as a PDF, by way of Typst."""
    _render(source, output, name, "typst")


def _render(source: Path, output: Path, name: str, output_format: str) -> None:
    result_name = name + {"html": ".html", "typst": ".pdf"}[output_format]
    quarto = find()
    if quarto is None:
        raise ReportError("there is no Quarto on this machine", "Render with Pandoc instead, or install Quarto.")
    with tempfile.TemporaryDirectory() as scratch:
        # Quarto writes caches, and inside a git checkout a .gitignore, beside what it renders.
        copy = Path(scratch) / "source"
        shutil.copytree(source, copy)
        _add_own(copy, name)
        try:
            status, messages = _run([str(quarto), "render", f"{name}.qmd", "--to", output_format], copy, RENDER_LIMIT)
        except subprocess.TimeoutExpired:
            raise ReportError(f"Quarto took longer than {RENDER_LIMIT:g} s and was stopped") from None
        messages = _ANSI.sub("", messages)
        complaint = _COMPLAINT.search(messages)
        if status != 0:
            raise ReportError(f"Quarto ended with status {status}: {_error(messages)}")
        if complaint:
            raise ReportError(f"Quarto warns: {complaint[0].strip()}")
        # Beside the source, or wherever _quarto.yml's output-dir has it.
        results = sorted(copy.rglob(result_name))
        if not results:
            raise ReportError(f"Quarto ended well but wrote no {result_name}: {messages.strip()[-2000:]}")
        with replacing(output) as temporary_file:
            shutil.copyfile(results[0], temporary_file)


def _add_own(folder: Path, name: str) -> None:
    """Put our settings for Quarto below those of the report, and the files that they name beside it."""
    here = Path(__file__).parent
    for own in _OWN:
        shutil.copy(here / own, folder)
    shutil.copytree(here / "fonts", folder / "fonts")
    ours = yaml.safe_load((here / _SETTINGS).read_text(encoding="utf-8"))
    path = folder / PROJECT_FILE
    theirs = yaml.safe_load(path.read_text(encoding="utf-8")) if path.is_file() else {}
    settings = merge(theirs, ours) | {"words": words_of(theirs), "floats": name == REPORT}
    path.write_text(yaml.safe_dump(settings, allow_unicode=True, sort_keys=False), encoding="utf-8")


def _error(messages: str) -> str:
    """Return what Quarto says from its first error on, without the options that it lists before."""
    found = re.search(r"^.*\berror\b.*$", messages, re.MULTILINE | re.IGNORECASE)
    return messages[found.start() if found else 0 :].strip()[:2000]


def _run(command: list[str], folder: Path, limit: float) -> tuple[int, str]:
    # Typst takes its time stamp from SOURCE_DATE_EPOCH, without which no two PDFs are equal.
    environment = os.environ | {"NO_COLOR": "1", "SOURCE_DATE_EPOCH": "0"}
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,
    )
    try:
        output, _ = process.communicate(timeout=limit)
    except BaseException:
        # Quarto is a script that starts Deno, Pandoc and Typst: all of them have to go, not the script alone.
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        raise
    return process.returncode, output


def _last_line(output: str) -> str:
    lines = output.strip().splitlines()
    return lines[-1] if lines else "pip failed without a word"

"""From report/*.qmd with holes to a filled source folder that either backend renders."""

from __future__ import annotations

import re
import shutil
import traceback
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import jinja2
import yaml

from convscope.datasets.catalogue import PUBLIC, TABLES
from convscope.errors import ConvscopeError, ReportError
from convscope.files import Json, csv_text, replacing_folder, write_json
from convscope.language import Catalogue, catalogue, language_of
from convscope.report.alternatives import alternatives
from convscope.report.document import documents_in, merge
from convscope.report.evidence import CODE_FILE, DATA_FILE, numbers_in, write_evidence
from convscope.report.introductions import introductions
from convscope.report.numbers import Numbers
from convscope.report.origins import DATA, FIGURE_CODE, Origins, shown_in
from convscope.report.passages import Grounds, PassageExtension
from convscope.report.sources import sources_table
from convscope.report.tables import table_rows
from convscope.specs import from_json

PASSAGES = "passages.json"
_VALUE = re.compile(r"\[([^\[\]]*)\]\{\.value [^{}]*\}")
_SIZE = re.compile(r'<svg(?=[^>]* height="(?P<height>[\d.]+)pt")(?=[^>]* width="(?P<width>[\d.]+)pt")')
_TEXT_WIDTH = 459.2  # points: A4 less the margins of template.typ
_TALLEST = 1.25  # times the width of the text, of the 1.5 that a page has
_TEMPLATES = (".qmd", ".md")
COPIED = ("_quarto.yml", "references.bib")


class _Translated(jinja2.FileSystemLoader):
    """Reads templates in the language of the document."""

    def __init__(self, templates: Path, texts: Catalogue) -> None:
        super().__init__(templates)
        self._texts = texts

    def get_source(self, environment: jinja2.Environment, template: str) -> tuple[str, str, Callable[[], bool]]:
        source, name, current = super().get_source(environment, template)
        return self._texts.template(source), name, current


def environment(templates: Path | jinja2.BaseLoader) -> jinja2.Environment:
    """Return Jinja2 with holes ``<< >>``, ``<% %>``, ``<# #>``: its own ``{{ }}`` and ``{# #}`` are Quarto's."""
    if isinstance(templates, Path):
        templates = _Translated(templates, catalogue(language_of(templates)))
    return jinja2.Environment(
        loader=templates,
        extensions=[PassageExtension],
        undefined=jinja2.StrictUndefined,
        variable_start_string="<<",
        variable_end_string=">>",
        block_start_string="<%",
        block_end_string="%>",
        comment_start_string="<#",
        comment_end_string="#>",
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # Markdown, not HTML
        finalize=_no_number,
    )


def _no_number(written: Any) -> Any:
    """Refuse a number that a template writes by itself; strings of metrics.json are left to the check of the page."""
    if isinstance(written, (int, float)):
        raise ReportError(
            f"The report writes the number {written!r} without its source.",
            'Bring it in with value("/studies/...", "count") or one of the functions beside it.',
        )
    return written


def fill(templates: Path, metrics: Json, figures: Path, facts: Json, output: Path) -> None:
    """Write the filled source: report.qmd and supplement.qmd, their settings and bibliography, and the figures.

    Raises ReportError: the text names a metric or a figure that is not there.

    Parameters
    ----------
    templates
        The folder ``report/``.
    metrics
        What may be said.
    figures
        Folder of the drawn figures; every one that the text names must be there.
    facts
        About this build: ``commit``, ``backend``, and ``repository``, its address in the web.
    output
        The folder to write; ``sources.json`` in it lists the places in metrics.json that the text names.
    """
    names = documents_in(templates)
    texts = catalogue(language_of(templates))
    say = texts.text
    numbers = Numbers(metrics, texts=texts)
    jinja = environment(templates)

    told = alternatives(figures, texts.language)

    def has_figure(name: str) -> bool:
        return (figures / f"{name}.svg").is_file()

    def figure(name: str, caption: str, alt: str, label: str = "") -> str:
        if not has_figure(name):
            raise ReportError(f"The report shows figure {name!r}, but {figures} has no {name}.svg.")
        words = " ".join(told(name, _VALUE.sub(r"\1", alt)).split()).replace('"', r"\"")  # an attribute holds no marks
        attributes = f'#fig-{label or name} fig-alt="{words}" width={_width(figures / f"{name}.svg")}'
        return f"![{caption}](figures/{name}.svg){{{attributes}}}"

    def page(label: str) -> str:
        """On paper, the page that a section of the same document begins on: after a reference to it."""
        return f"`, p.~#context counter(page).at(<{label}>).first()`{{=typst}}"

    def layer_name(layer: Json) -> str:
        return f"[{', '.join(map(say, from_json(layer).words))}]{{.literal}}"

    def steps_of(layer: Json) -> str:
        window = from_json(layer).window
        moves = window is not None and (window.size > 1 or window.step > 1)
        return f"[{window.step}, {-window.start}]{{.literal}}" if window and moves else "–"

    def chapter(study_id: str) -> str:
        own = f"studies/{study_id}.qmd"
        return own if (templates / own).exists() else "_study.qmd"

    def measured_in(study_id: str, experiment: str | None) -> str:
        if experiment is None:
            return "–"
        other, _, name = experiment.rpartition(":")
        study = metrics["studies"].get(other or study_id, {})
        if name in study.get("experiments", {}):
            return f"@sec-{other or study_id}-{name}"
        return say("study `{}`, not run here").format(other)

    def own_sheet(name: str) -> str:
        """Name the data sheet that may be written for a data set: a folder's has no hash, as images come and go."""
        folder = name.rpartition("-")[0] if metrics["datasets"][name]["source"] == "folder" else ""
        return name if folder in ("", *PUBLIC, *TABLES) else folder

    def datasheet(name: str) -> str:
        own = f"datasheets/{own_sheet(name)}.qmd"
        return own if (templates / own).exists() else f"datasheets/_{metrics['datasets'][name]['source']}.qmd"

    jinja.globals.update(
        datasheet=datasheet, own_sheet=own_sheet, introductions=introductions(metrics["studies"]),
        measured_in=measured_in, layer_name=layer_name, steps_of=steps_of,
        figure=figure, page=page, has_figure=has_figure,
        chapter=chapter, metrics=metrics, facts=facts, studies=metrics["studies"], datasets=metrics["datasets"],
        sources_table=lambda: sources_table(numbers.measured),
        ran={name: study for name, study in metrics["studies"].items() if study.get("status") == "run"},
        own={name for name in metrics["studies"] if (templates / "studies" / f"{name}.py").is_file()},
        toy=metrics.get("profile") == "smoke",
        passages=lambda: [each for each in jinja.passages if each.measured],  # type: ignore[attr-defined]
        **numbers.functions, **Grounds(metrics).functions,
    )  # fmt: skip
    # The report comes first: at its end the supplement lists what both have quoted.
    written = {name: rendered(jinja, templates, f"{name}.qmd") for name in names}
    with replacing_folder(output) as folder:
        origins = Origins(templates, figures, facts["commit"], facts.get("repository", ""), say)
        (folder / DATA).mkdir()
        for name, text in written.items():
            filled = _with_head(_with_origins(text, metrics, origins, figures, folder / DATA), name, metrics, facts)
            (folder / f"{name}.qmd").write_text(filled, encoding="utf-8")
            write_evidence(folder, name, metrics, numbers_in(text))
        for copied in COPIED:
            shutil.copy(templates / copied, folder / copied)
        shutil.copytree(figures, folder / "figures", ignore=shutil.ignore_patterns(".*", "*.csv", FIGURE_CODE))
        write_json(folder / "sources.json", sorted(set(numbers.pointers)))
        write_json(folder / PASSAGES, [passage.record() for passage in jinja.passages])  # type: ignore[attr-defined]


def rendered(jinja: jinja2.Environment, templates: Path, name: str, given: Json | None = None) -> str:
    """Fill one template; what goes wrong in it is named with its file and line.

    Raises ReportError: something does.
    """
    try:
        return jinja.get_template(name).render(given or {})
    except jinja2.TemplateSyntaxError as error:
        raise ReportError(f"{error.filename or name}, line {error.lineno}: {error.message}.") from error
    except jinja2.TemplateNotFound as error:
        place = _place(error, templates)
        raise ReportError(f"{place}includes {error.message!r}, which is not in {templates}.") from error
    except jinja2.UndefinedError as error:
        raise ReportError(f"{_place(error, templates)}a hole has no value: {error}.") from error
    except ConvscopeError as error:
        raise ReportError(_place(error, templates) + error.message, error.hint) from error
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        kind = type(error).__name__
        raise ReportError(f"{_place(error, templates)}a hole cannot be filled: {kind}: {error}.") from error


def _place(error: Exception, templates: Path) -> str:
    """Return file and line of the innermost template that an error came through, which Jinja2 puts into it."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if Path(frame.filename).suffix in _TEMPLATES]
    if not frames:
        return ""
    path = Path(frames[-1].filename)
    inside = path.is_relative_to(templates)
    return f"{path.relative_to(templates.parent) if inside else path.name}, line {frames[-1].lineno}: "


def fill_plain(templates: Path, name: str, metrics: Json, **more: Any) -> str:
    """Fill a template of plain Markdown, whose numbers are not marked with their source.

    Raises ReportError: a hole has no value.

    Parameters
    ----------
    templates
        The folder ``report/``.
    metrics
        What may be said.
    """
    jinja = environment(templates)
    jinja.globals.update(
        metrics=metrics, studies=metrics["studies"], spans=False, **more, **Numbers(metrics, spans=False).functions,
        **Grounds(metrics).functions,
    )  # fmt: skip
    return rendered(jinja, templates, name)


def _width(figure: Path) -> str:
    """Return the width that a figure is shown at: that at which it is drawn, so that its type has the size it says.

    Smaller where it would leave no room for its caption on the page.
    """
    size = _SIZE.search(figure.read_text(encoding="utf-8")[:2000])
    if not size:
        return "100%"
    width, height = float(size["width"]), float(size["height"])
    return f"{100 * min(1, width / _TEXT_WIDTH, _TALLEST * width / height):.4g}%"


def _with_head(text: str, name: str, metrics: Json, facts: Json) -> str:
    """Add to the front matter what the build knows: author, date, and what shows the evidence of the numbers.

    A template's own is plain YAML, so that Quarto reads the template too.
    """
    if not text.startswith("---\n"):
        return text
    _, head, body = text.split("---\n", 2)
    written = yaml.safe_load(head) or {}
    if author := facts.get("author"):
        written |= author.front_matter
    if trained := metrics.get("environment", {}).get("trained"):
        written["date"] = date.fromisoformat(trained[:10])
    shows = {"html": {"include-after-body": [f"{name}-{DATA_FILE}", CODE_FILE]}}
    written = merge(written, {"format": shows})
    return f"---\n{yaml.safe_dump(written, allow_unicode=True, sort_keys=False)}---\n{body}"


def _with_origins(text: str, metrics: Json, origins: Origins, figures: Path, data: Path) -> str:
    """Write what figures and tables show as CSV, and put links to it and to their code below them."""
    lines = text.split("\n")
    for shown in shown_in(text):
        if (data / f"{shown.label}.csv").exists():
            raise ReportError(
                f"{shown.label} stands twice in the report and its supplement.", "Give one another label."
            )
        drawn = figures / f"{shown.figure}.csv"
        if drawn.is_file():
            shutil.copyfile(drawn, data / f"{shown.label}.csv")
        elif shown.lines:
            rows = csv_text(table_rows(metrics, shown.lines))
            (data / f"{shown.label}.csv").write_text(rows, encoding="utf-8")
        if links := origins.links(shown, data=(data / f"{shown.label}.csv").is_file()):
            lines[shown.line] += f"\n{links}"
    return "\n".join(lines)

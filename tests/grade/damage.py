"""Ways to damage a copy of a build, for the tests of the grade sheet."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bs4 import BeautifulSoup, Tag

from convscope.analysis.metrics_file import parse
from convscope.analysis.study_records import StudyNotRun
from convscope.grade.assignment import read_assignment
from convscope.grade.build import Build
from convscope.grade.needs import look

HEADINGS = ("h1", "h2", "h3", "h4")


@dataclass
class Copy:
    """A copy of the build, to be damaged: its files, the page of the report, and edits of the metrics once read."""

    root: Path
    folder: Path
    page: BeautifulSoup
    edits: list[Callable[[dict[str, Any]], Any]]

    def find(self, part: str) -> Tag:
        found = self.page.find(id=part)
        assert isinstance(found, Tag), f"the report has no {part}, so that the test would prove nothing"
        return found

    def values(self, part: str, pattern: str) -> list[Tag]:
        """Return the numbers, titles and verdicts of a part whose place in metrics.json matches."""
        found = self.find(part)
        elements = [found]
        if found.name in HEADINGS:
            for sibling in found.find_next_siblings():
                if sibling.name in HEADINGS and sibling.name <= found.name:
                    break
                elements.append(sibling)
        spans = [span for element in elements for span in element.select("[data-source]")]
        spans = [span for span in spans if re.search(pattern, str(span["data-source"]))]
        assert spans, f"{part} shows nothing of {pattern}, so that the test would prove nothing"
        return spans

    def lost(self) -> set[str]:
        (self.folder / "report" / "report.html").write_text(str(self.page), encoding="utf-8")
        build = Build(self.root, self.folder)
        for edit in self.edits:
            edit(build.values)
        build.metrics = parse(build.values)
        tasks = read_assignment(self.root).tasks
        return {
            each.id for task in tasks for each in task.criteria if look(build, each.needs, each.of or task.of).missing
        }


Damage = Callable[[Copy], object]


def without(*parts: str) -> Damage:
    """Remove figures, tables, equations, and sections up to the next of their level."""

    def damage(copy: Copy) -> None:
        for part in parts:
            found = copy.find(part)
            if found.name in HEADINGS:
                for sibling in found.find_next_siblings():
                    if sibling.name in HEADINGS and sibling.name <= found.name:
                        break
                    sibling.decompose()
            found.decompose()

    return damage


def without_value(part: str, pattern: str) -> Damage:
    """Put a dash in the place of a number."""

    def damage(copy: Copy) -> None:
        for span in copy.values(part, pattern):
            span.string = "–"

    return damage


def untraced(part: str, pattern: str) -> Damage:
    """Remove a number, title or verdict with its source."""

    def damage(copy: Copy) -> None:
        for span in copy.values(part, pattern):
            span.decompose()

    return damage


def without_row(part: str, first: str) -> Damage:
    def damage(copy: Copy) -> None:
        (row,) = [row for row in copy.find(part).select("tbody tr") if row.td and row.td.get_text() == first]
        row.decompose()

    return damage


def with_reason(number: int, reason: str) -> Damage:
    return fashion(lambda study: study["decisions"][number].update(reason=reason))


def data(anchor: str, change: Callable[[list[dict[str, str]]], list[dict[str, str]]]) -> Damage:
    """Change the rows behind a figure."""

    def damage(copy: Copy) -> None:
        path = copy.folder / "report" / "data" / f"{anchor}.csv"
        with path.open(encoding="utf-8", newline="") as file:
            before = list(csv.DictReader(file))
        after = change([dict(row) for row in before])
        assert after != before, f"{anchor} has no such row, so that the test would prove nothing"
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, after[0].keys())
            writer.writeheader()
            writer.writerows(after)

    return damage


def without_rows(anchor: str, column: str, value: str) -> Damage:
    return data(anchor, lambda rows: [row for row in rows if row[column] != value])


def without_column(anchor: str, column: str) -> Damage:
    return data(anchor, lambda rows: [{name: row[name] for name in row if name != column} for row in rows])


def without_picture(figure: str) -> Damage:
    def damage(copy: Copy) -> None:
        image = copy.find(figure).img
        assert image is not None
        image.decompose()

    return damage


def unmarked(topic: str) -> Damage:
    """Remove the mark of a topic, and leave the words."""

    def damage(copy: Copy) -> None:
        marks = copy.page.select(f'[data-topic="{topic}"]')
        assert marks
        for mark in marks:
            del mark["data-topic"]

    return damage


def without_words(section: str, pattern: str) -> Damage:
    """Remove the paragraphs of a section that match."""

    def damage(copy: Copy) -> None:
        found = [
            sibling
            for sibling in copy.find(section).find_next_siblings()
            if sibling.name in ("p", "ul") and re.search(pattern, sibling.get_text(), re.IGNORECASE)
            and (heading := sibling.find_previous(HEADINGS)) and heading["id"] == section
        ]  # fmt: skip
        assert found
        for sibling in found:
            sibling.decompose()

    return damage


def metrics(edit: Callable[[dict[str, Any]], Any]) -> Damage:
    return lambda copy: copy.edits.append(edit)


def fashion(edit: Callable[[dict[str, Any]], Any]) -> Damage:
    return metrics(lambda metrics: edit(metrics["studies"]["fashion"]))


def evidence(edit: Callable[[dict[str, Any]], Any]) -> Damage:
    def damage(copy: Copy) -> None:
        path = copy.folder / "deployment" / "evidence.json"
        found = json.loads(path.read_bytes())
        edit(found)
        path.write_text(json.dumps(found))

    return damage


def file(name: str, change: Callable[[str], str | None]) -> Damage:
    """Change a file of the checkout, or remove it for None."""

    def damage(copy: Copy) -> None:
        path = copy.root / name
        text = change(path.read_text(encoding="utf-8"))
        path.unlink() if text is None else path.write_text(text, encoding="utf-8")

    return damage


def several(*damages: Damage) -> Damage:
    return lambda copy: [damage(copy) for damage in damages]


def gone(name: str) -> Damage:
    return lambda copy: (copy.folder / name).unlink()


def without_study(name: str) -> Damage:
    """Remove a study from the metrics and its chapter from the report."""
    return several(without(f"sec-{name}"), metrics(lambda metrics: metrics["studies"].pop(name)))


def notebook(change: Callable[[dict[str, Any]], Any]) -> Damage:
    def damage(copy: Copy) -> None:
        for path in (copy.folder / "notebooks").glob("*.ipynb"):
            found = json.loads(path.read_bytes())
            change(found)
            path.write_text(json.dumps(found))

    return damage


def unrun(found: dict[str, Any]) -> None:
    for cell in found["cells"]:
        if cell["cell_type"] == "code":
            cell["outputs"], cell["execution_count"] = [], None


def rising(study: dict[str, Any]) -> None:
    for seed in study["variants"]["cnn3"]["curves"]["train_loss"]:
        seed.reverse()


def second_difference(study: dict[str, Any]) -> None:
    study["variants"]["cnn5"]["model"]["layers"][0]["filters"] += 1


def not_run(study: dict[str, Any]) -> dict[str, Any]:
    """Return a study as it stands where its data are missing."""
    kept = {name: study[name] for name in StudyNotRun.model_fields if name in study}
    return kept | {"status": "not run", "reason": "No data."}


def no_gain(study: dict[str, Any]) -> None:
    for row in study["against_baseline"]:
        row["interval"] = [-0.01, 0.01]

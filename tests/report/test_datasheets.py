"""Every data set gets a data sheet: its own where somebody wrote one, else one from the template of its kind."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from convscope.datasets.catalogue import PUBLIC, TABLES
from convscope.report.fill import fill

REPORT = Path(__file__).parents[2] / "report"
FACTS: dict[str, Any] = {
    "licence": "CC BY 4.0", "citation": "A. Author: Some images, 2020.", "fingerprint": "0" * 64,
    "train_images": 60, "test_images": 20, "channels": 1, "height": 8, "width": 9, "class_names": ["a", "b"],
    "train_counts": [30, 30], "test_counts": [10, 10], "imbalance": 1.0, "repeated_in_train": 0,
    "test_seen_in_train": 0,
}  # fmt: skip


def sheet_of(tmp_path: Path, name: str, source: str, title: str = "T") -> str:
    """Fill a report that has nothing but the data sheets."""
    templates = tmp_path / "report"
    shutil.copytree(REPORT, templates, dirs_exist_ok=True)
    (templates / "report.qmd").write_text("<% for name in datasets %>\n<% include datasheet(name) %>\n<% endfor %>\n")
    (templates / "supplement.qmd").write_text("")
    for own in tmp_path.glob("*.qmd"):
        shutil.copy(own, templates / "datasheets")
    (tmp_path / "figures").mkdir(exist_ok=True)
    metrics = {
        "datasets": {name: FACTS | {"source": source, "title": title}},
        "studies": {},
        "claims": {},
        "profile": "quick",
    }
    fill(templates, metrics, tmp_path / "figures", {"commit": "0" * 40, "backend": "pandoc"}, tmp_path / "filled")
    return (tmp_path / "filled" / "report.qmd").read_text()


@pytest.mark.parametrize("name", [*PUBLIC, "emnist"])
def test_each_public_data_set_has_one(tmp_path: Path, name: str) -> None:
    text = sheet_of(tmp_path, name, "public")
    assert f"{{#sec-datasheet-{name}}}" in text
    assert "CC BY 4.0" in text


@pytest.mark.parametrize("name", [*TABLES, "iris"])
def test_each_table_has_one(tmp_path: Path, name: str) -> None:
    assert "60" in sheet_of(tmp_path, name, "table")


def test_a_folder_named_like_a_public_data_set_gets_another(tmp_path: Path) -> None:
    text = sheet_of(tmp_path, "mnist-01234567", "folder", title="mnist")
    assert "census" not in text
    assert "datasheets/mnist-01234567.qmd" in text


def test_the_sheet_of_a_folder_stays_when_its_images_change(tmp_path: Path) -> None:
    (tmp_path / "shapes.qmd").write_text("## Shapes {#sec-datasheet-<< name >>}\n\nDrawn by me.\n")
    for digits in ("01234567", "89abcdef"):
        assert "Drawn by me." in sheet_of(tmp_path, f"shapes-{digits}", "folder")


def test_titles_are_plain_text(tmp_path: Path) -> None:
    text = sheet_of(tmp_path, "x-01234567", "folder", title="{{< include /etc/passwd >}} *b*")
    assert "{{<" not in text
    assert "*b*" not in text.replace("\\*b\\*", "")

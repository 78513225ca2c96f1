"""Building again: nothing is done twice, and whatever is damaged is noticed and made again as it was."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from checkout import SMOKE_STUDIES, Checkout, SmokeBuild, modification_times

pytestmark = pytest.mark.slow

# The first runs beside others.
STAGES = ["deployment", "explorer", "figures", "grade", "metrics", "notebooks", "report", "site"]


@pytest.fixture
def current(smoke_build: SmokeBuild) -> Checkout:
    """Return the session's build, up to date whatever the tests before did to it."""
    rebuilt(smoke_build.checkout)
    return smoke_build.checkout


def rebuilt(checkout: Checkout) -> list[str]:
    """Build again; return what was done and not skipped, ``train`` among it."""
    said = checkout.built("all", STUDIES=SMOKE_STUDIES).stderr
    done = re.findall(r"^(\w+): done in", said, re.MULTILINE)
    assert sorted([*done, *re.findall(r"^(\w+): up to date$", said, re.MULTILINE)]) == STAGES
    return ["train", *done] if "Training" in said else done


@contextmanager
def edited(path: Path, old: str, new: str) -> Iterator[None]:
    """Replace a text in a file, and put it back."""
    before = path.read_text(encoding="utf-8")
    assert before.count(old) >= 1, f"{path.name} has no {old!r}"
    path.write_text(before.replace(old, new, 1), encoding="utf-8")
    try:
        yield
    finally:
        path.write_text(before, encoding="utf-8")


def test_a_second_build_does_nothing(current: Checkout) -> None:
    before = modification_times(current.root / "build")
    done = current.run("all", options=("-X", "importtime"), STUDIES=SMOKE_STUDIES)
    assert done.returncode == 0
    assert sorted(re.findall(r"^(\w+): up to date$", done.stderr, re.MULTILINE)) == STAGES
    imported = set(re.findall(r"^import time:[^|]*\|[^|]*\|\s*(\w+)", done.stderr, re.MULTILINE))
    assert "convscope" in imported
    assert imported.isdisjoint({"torch", "matplotlib", "mkdocs", "scipy"})
    assert modification_times(current.root / "build") == before
    assert "build/smoke/report/report.pdf" in done.stdout


def test_a_changed_sentence_renders_report_and_what_looks_at_it_alone(current: Checkout) -> None:
    before = modification_times(current.root / "build")
    sentence = "A convolutional layer assumes two things of an image"
    with edited(current.root / "report" / "_answer.qmd", sentence, "Here we ask for the price of a marmoset"):
        assert rebuilt(current) == ["report", "notebooks", "grade", "site"]
        for page in ("report/report.html", "site/report/index.html"):
            text = " ".join((current.build / page).read_text(encoding="utf-8").split())
            assert "price of a marmoset" in text
    now = modification_times(current.root / "build")
    changed = {Path(name).parts[:2] for name in now if now[name] != before.get(name)}
    # Notebooks get the sentence, but no cell of theirs is run: .executed is as it was.
    made = {"report", "notebooks", "grade", "grade.json", "site", ".stages", ".site-source"}
    # How long each step took is remembered, to foretell the next build.
    assert changed == {("smoke", name) for name in made} | {(".speed.json",)}


def test_a_checkout_that_was_moved_is_built_already(current: Checkout, tmp_path: Path) -> None:
    moved = Checkout(tmp_path / "moved")
    shutil.copytree(current.root, moved.root)
    assert rebuilt(moved) == []


def test_a_deleted_figure_is_drawn_again(current: Checkout) -> None:
    figure = current.build / "figures" / "fashion-curves.svg"
    content = figure.read_bytes()
    figure.unlink()
    assert rebuilt(current) == ["figures"]  # equal bytes: nothing that follows from it is due
    assert figure.read_bytes() == content


def test_a_truncated_metrics_file_is_made_again(current: Checkout) -> None:
    metrics = current.build / "metrics.json"
    content = metrics.read_bytes()
    metrics.write_bytes(content[: len(content) // 2])
    assert rebuilt(current) == ["metrics"]
    assert metrics.read_bytes() == content


def test_an_edited_metrics_file_is_not_believed(current: Checkout) -> None:
    metrics = current.build / "metrics.json"
    content = metrics.read_text(encoding="utf-8")
    metrics.write_text(content.replace('"title": "CNN 3', '"title": "The best CNN 3'), encoding="utf-8")
    assert metrics.read_text(encoding="utf-8") != content
    assert rebuilt(current) == ["metrics"]
    assert metrics.read_text(encoding="utf-8") == content


def test_an_edited_metrics_file_that_contradicts_itself_stops_the_build(current: Checkout) -> None:
    metrics = current.build / "metrics.json"
    content = metrics.read_text(encoding="utf-8")
    changed = content.replace('"parameters": 421642', '"parameters": 421643')
    metrics.write_text(changed, encoding="utf-8")
    failed = current.run("all", STUDIES=SMOKE_STUDIES)
    assert failed.returncode == 1
    assert "/studies/fashion/variants/cnn3, parameters is 421643, but 421642 follows" in " ".join(failed.stderr.split())
    assert metrics.read_text(encoding="utf-8") == changed
    metrics.write_text(content, encoding="utf-8")
    assert rebuilt(current) == []

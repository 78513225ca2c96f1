"""`make diff`: what changed between two submissions, and files that are none."""

from __future__ import annotations

import copy
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from typer.testing import CliRunner

from convscope.analysis.metrics_file import SCHEMA
from convscope.cli import app
from convscope.handin.bundle import sealed
from convscope.handin.diff import Change, SubmissionError, compare, read_submission, show
from convscope.models.cost import parameters
from convscope.specs import ModelSpec, to_json
from convscope.studies.architectures import cnn, mlp

FACTS: dict[str, Any] = {
    "title": "T",
    "course": "C",
    "authors": ["Ada Lovelace"],
    "profile": "quick",
    "commit": "1" * 40,
    "dirty": [],
    "metrics_schema": SCHEMA,
}


def measure(mean: float) -> dict[str, Any]:
    return {"mean": mean, "n": 3, "values": [mean] * 3}


def variant(accuracy: float, loss: float, model: ModelSpec) -> dict[str, Any]:
    described = {"model": to_json(model), "parameters": parameters(model)}
    return described | {"test_accuracy": measure(accuracy), "test_loss": measure(loss)}


def network(kernel: int) -> ModelSpec:
    return cnn((1, 28, 28), filters=[8, 16], kernel=kernel, dense=32, classes=10)


def grade_sheet(*missing: str) -> bytes:
    statements = ("Samples of every class", "Mean image of each class")
    states = [{"statement": s, "status": "missing" if s in missing else "evidence present"} for s in statements]
    return json.dumps({"tasks": [{"criteria": states}]}).encode()


METRICS: dict[str, Any] = {
    "studies": {
        "fashion": {
            "status": "run",
            "training": {"epochs": 3, "learning_rate": 0.001},
            "variants": {
                "mlp": variant(0.88, 0.3, mlp((1, 28, 28), hidden=[64], classes=10)),
                "cnn3": variant(0.91, 0.25, network(3)),
            },
            "experiments": {"kernel": {"comparisons": [{"a": "cnn3", "b": "cnn5", "effect": 0.001}]}},
            "against_baseline": [{"a": "cnn3", "b": "mlp", "effect": 0.03}],
        },
        "mnist": {"status": "not run"},
    },
    "claims": {
        "wins": {"verdict": "inconclusive", "leaning": "supported"},
        "counts": {"verdict": "supported", "leaning": None},
    },
    "timings": {"studies": {}},
}
FILES = {
    "figures/gains.svg": b"<svg/>",
    "report/report.html": b"<p>1</p>",
    "site/index.html": b"<p>",
    "source/src/a.py": b"a = 1",
    "source/MANIFEST.json": b"another",
    "grade.json": grade_sheet(),
}


def submission(path: Path, metrics: Any = METRICS, files: dict[str, bytes] | None = None, **facts: Any) -> Path:
    content = FILES | {"metrics.json": json.dumps(metrics).encode()} | (files or {})
    content = {name: data for name, data in content.items() if data}
    _, manifest = sealed(FACTS | facts, content)
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in (content | {"MANIFEST.json": manifest}).items():
            archive.writestr(f"lovelace-c/{name}", data)
    return path


@pytest.fixture
def old(tmp_path: Path) -> Path:
    return submission(tmp_path / "old.zip")


def changed() -> dict[str, Any]:
    """Return metrics in which a mean, an effect and a verdict changed, and a study was added and one removed."""
    metrics = copy.deepcopy(METRICS)
    fashion = metrics["studies"]["fashion"]
    fashion["variants"]["cnn3"] |= variant(0.905, 0.25, network(5))
    fashion["training"]["epochs"] = 4
    fashion["against_baseline"][0]["effect"] = 0.025
    del fashion["experiments"]["kernel"]
    metrics["claims"]["wins"] = {"verdict": "refuted", "leaning": "refuted"}
    del metrics["studies"]["mnist"]
    metrics["studies"]["cifar10"] = {"status": "run", "variants": {"mlp": fashion["variants"]["mlp"]}}
    return metrics


def test_equal_submissions_do_not_differ(old: Path, tmp_path: Path) -> None:
    later = copy.deepcopy(METRICS) | {"timings": {"studies": {"fashion": 3.0}}}
    assert not compare(read_submission(old), read_submission(submission(tmp_path / "same.zip")))
    difference = compare(read_submission(old), read_submission(submission(tmp_path / "later.zip", later)))
    assert [row.what for row in difference.other_files] == ["metrics.json"]
    assert not difference.results


def test_every_kind_of_change_is_named(old: Path, tmp_path: Path) -> None:
    files = {"figures/gains.svg": b"<svg />", "site/index.html": b"", "figures/new.svg": b"<svg/>"}
    files |= {"source/src/a.py": b"a = 22", "grade.json": grade_sheet("Mean image of each class")}
    new = submission(tmp_path / "new.zip", changed(), files, commit="2" * 40, dirty=["modified: README.md"])
    difference = compare(read_submission(old), read_submission(new))
    assert difference.made_from == (Change("commit", "1" * 12, "2" * 12 + " (modified)"),)
    assert difference.studies == (Change("mnist", "not run", "–"), Change("cifar10", "–", "run"))
    kernel = [row for row in difference.specifications if row.what.startswith("fashion/cnn3")]
    assert kernel == [
        Change("fashion/cnn3, layer 1", "conv 3×3, ReLU", "conv 5×5, ReLU"),
        Change("fashion/cnn3, layer 3", "conv 3×3, ReLU", "conv 5×5, ReLU"),
        Change("fashion/cnn3, parameters", f"{parameters(network(3)):,}", f"{parameters(network(5)):,}"),
    ]
    assert Change("fashion, training: epochs", "3", "4") in difference.specifications
    assert difference.criteria == (Change("Mean image of each class", "evidence present", "missing"),)
    assert difference.source == (Change("source/src/a.py", "5 bytes", "6 bytes"),)
    assert difference.verdicts == (Change("wins", "inconclusive, leaning to supported", "refuted"),)
    assert difference.results == (
        Change("fashion/cnn3 test accuracy", "91.000\u00a0% (n=3)", "90.500\u00a0% (n=3)", "−0.500"),
        Change("cifar10/mlp test accuracy", "–", "88.000\u00a0% (n=3)"),
        Change("cifar10/mlp test loss", "–", "0.300 (n=3)"),
    )
    assert difference.effects == (
        Change("fashion, kernel: cnn3 − cnn5", "+0.100", "–"),
        Change("fashion, against baseline: cnn3 − mlp", "+3.000", "+2.500", "−0.500"),
    )
    assert difference.figures == (
        Change("figures/gains.svg", "6 bytes", "7 bytes"),
        Change("figures/new.svg", "–", "6 bytes"),
    )
    assert [row.what for row in difference.other_files] == ["grade.json", "metrics.json", "site/index.html"]


def test_the_tables_hold_every_row(old: Path, tmp_path: Path) -> None:
    many = {f"site/{number}.html": b"x" for number in range(40)}
    difference = compare(read_submission(old), read_submission(submission(tmp_path / "n.zip", changed(), many)))
    console = Console(record=True, width=120, file=(tmp_path / "out").open("w"))
    show(difference, console, most_files=30)
    console.file.close()
    text = console.export_text()
    for row in (*difference.verdicts, *difference.results, *difference.effects, *difference.studies):
        assert all(part in text for part in (row.what, row.old, row.new, row.change))
    assert "and 11 more files" in text


@pytest.mark.parametrize(("options", "status"), [([], 0), (["--exit-code"], 1)])
def test_the_command_ends_with_one_only_when_asked_to(
    old: Path, tmp_path: Path, options: list[str], status: int
) -> None:
    new = submission(tmp_path / "new.zip", changed())
    done = CliRunner().invoke(app, ["diff", str(old), str(new), *options])
    assert done.exit_code == status
    assert "refuted" in done.stdout
    same = CliRunner().invoke(app, ["diff", str(old), str(old), *options])
    assert (same.exit_code, same.stdout.strip()) == (0, "Nothing differs.")


def test_what_is_no_submission_is_refused_with_its_name(old: Path, tmp_path: Path) -> None:
    text, other = tmp_path / "text.zip", tmp_path / "other.zip"
    text.write_text("no archive")
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("a", "b")
    whole = old.read_bytes()
    cut = tmp_path / "cut.zip"
    cut.write_bytes(whole[: len(whole) // 2])
    for path, said in (
        (tmp_path / "absent.zip", "cannot be read: No such file"),
        (tmp_path, "cannot be read: Is a directory"),
        (text, "is no zip archive"),
        (cut, "is no zip archive"),
        (other, "is no submission of convscope"),
    ):
        with pytest.raises(SubmissionError) as raised:
            read_submission(path)
        assert raised.value.message.startswith(f"{path} {said}")


def test_a_submission_that_was_changed_or_is_of_another_time_is_refused(tmp_path: Path) -> None:
    path = submission(tmp_path / "a.zip", metrics_schema=SCHEMA + 1)
    with pytest.raises(SubmissionError, match=rf"with metrics of schema {SCHEMA + 1}; this version reads"):
        read_submission(path)
    _, manifest = sealed(FACTS, {"metrics.json": b"{}", "grade.json": b"{}"})
    for forged in (manifest.replace(b"Ada", b"Eve"), manifest):
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("MANIFEST.json", forged)
            archive.writestr("metrics.json", "{ }")
            archive.writestr("grade.json", "{}")
        with pytest.raises(SubmissionError, match="was changed since it was sealed"):
            read_submission(path)

"""What rests on the stored runs: damage to them is noticed, a killed build goes on, other answers change the report."""

from __future__ import annotations

import json
import lzma
import os
import random
import re
import signal
import statistics
import subprocess
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup

from checkout import Checkout, SmokeBuild, facts
from convscope.report.document import DOCUMENTS
from convscope.runs.store import RunStore

pytestmark = pytest.mark.slow
TRAINING = re.compile(r"^Training \d+ run", re.MULTILINE)  # not the training job of a deployment


@pytest.fixture(scope="module")
def fashion(smoke_session: SmokeBuild, tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """Return a copy with the session's runs, analysed and drawn for one study alone, undisturbed."""
    checkout = Checkout.copy_to(tmp_path_factory.mktemp("fashion")).with_runs_of(smoke_session.checkout)
    assert not TRAINING.search(checkout.built("figures", STUDIES="fashion").stderr)
    return checkout


@pytest.mark.parametrize("damage", ["arrays cut off", "one bit of the arrays"])
def test_a_damaged_run_is_noticed_and_trained_again(fashion: Checkout, damage: str) -> None:
    metrics = fashion.metrics()
    key = metrics["studies"]["fashion"]["variants"]["mlp"]["runs"][0]
    folder = RunStore(fashion.runs).path(key)
    predictions = (folder / "predictions.safetensors").read_bytes()
    if damage == "arrays cut off":
        os.truncate(folder / "predictions.safetensors", len(predictions) - 7)
    else:  # beyond a check of sizes; found when the results are read
        (folder / "predictions.safetensors").write_bytes(predictions[:-1] + bytes([predictions[-1] ^ 1]))
        (fashion.build / "metrics.json").unlink()
    said = fashion.built("metrics", STUDIES="fashion").stderr
    assert re.search(r"\[1/1\] fashion · MLP · rate 0\.002 · seed 0", said)
    assert (folder / "predictions.safetensors").read_bytes() == predictions
    assert facts(fashion.metrics()) == facts(metrics)


@pytest.mark.extra
def test_a_build_killed_again_and_again_ends_as_an_undisturbed_one(fashion: Checkout, tmp_path: Path) -> None:
    """Another folder, other processes, SIGKILL to all of them at moments of every step: the same bytes in the end."""
    checkout = Checkout.copy_to(tmp_path)
    moments = random.Random(2)
    for sign in ("Training", "[3/8]", "metrics: done", "figures: done"):
        kill_after(checkout, sign, moments.uniform(0, 1.5))
    checkout.built("report", STUDIES="fashion")
    assert facts(checkout.metrics()) == facts(fashion.metrics())
    drawn, undisturbed = figures_of_results(checkout), figures_of_results(fashion)
    assert len(drawn) > 40
    assert drawn == undisturbed
    assert (checkout.build / "report" / "report.pdf").read_bytes().startswith(b"%PDF")


def figures_of_results(checkout: Checkout) -> dict[str, Any]:
    """Return each file of the figures, and what findings say; a deployment has its own names, times and confidences."""
    files = {path.name: path.read_bytes() for path in (checkout.build / "figures").iterdir() if path.is_file()}
    findings = json.loads(files.pop("findings.json"))
    return {name: found for name, found in (files | findings).items() if not name.startswith("deployment-")}


def kill_after(checkout: Checkout, sign: str, seconds: float) -> None:
    """Start a build; kill it and its workers so long after it has printed a text. It may be past that already."""
    process = subprocess.Popen(
        checkout.command("report"),
        cwd=checkout.root,
        env=checkout.environment(STUDIES="fashion"),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    with process:
        assert process.stderr is not None
        for line in process.stderr:
            if sign in line:
                time.sleep(seconds)
                break
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            assert process.wait() == 0


def test_swapped_answers_turn_the_numbers_the_table_and_the_claim_around(
    smoke_build: SmokeBuild, tmp_path: Path
) -> None:
    """If the MLP had given the CNN's answers and the CNN the MLP's, the report would say the opposite."""
    checkout = Checkout.copy_to(tmp_path).with_runs_of(smoke_build.checkout)
    before = smoke_build.checkout.metrics()
    swap_answers(RunStore(checkout.runs), before["studies"]["fashion"]["variants"])
    checkout.built("report", STUDIES="fashion")
    after = checkout.metrics()
    was, now = (metrics["studies"]["fashion"]["variants"] for metrics in (before, after))
    for one, other in (("mlp", "cnn3"), ("cnn3", "mlp")):
        assert now[one]["test_accuracy"] == was[other]["test_accuracy"]
        assert now[one]["confusion"] == was[other]["confusion"]
        assert now[one]["parameters"] == was[one]["parameters"]
    assert now["cnn5"] == was["cnn5"]
    claims = [metrics["claims"]["fashion-cnn3-beats-mlp"] for metrics in (before, after)]
    assert claims[0]["effect"] > 0
    assert claims[1]["effect"] == pytest.approx(-claims[0]["effect"])
    assert [claim["leaning"] for claim in claims] == ["supported", "refuted"]
    pages = [
        BeautifulSoup(b"".join((built.build / f"report/{n}.html").read_bytes() for n in DOCUMENTS), "html.parser")
        for built in (smoke_build.checkout, checkout)
    ]
    mlp, cnn = (f"[data-source='/studies/fashion/variants/{name}/test_accuracy/mean']" for name in ("mlp", "cnn3"))
    for table in ("#tbl-fashion-results", "#sec-summary ~ ol", "body"):
        (mlp_was, cnn_was), (mlp_is, cnn_is) = [[text_of(page, f"{table} {n}") for n in (mlp, cnn)] for page in pages]
        assert mlp_was != cnn_was
        assert (mlp_is, cnn_is) == (cnn_was, mlp_was)
    sentences = [
        text_of(page, "[data-source='/claims/fashion-cnn3-beats-mlp/verdict'][data-format^=verdict]") for page in pages
    ]
    assert "lean to supported" in sentences[0]
    assert "lean to refuted" in sentences[1]
    for name in ("fashion-accuracy.svg", "fashion-confusion.svg", "fashion-class-accuracy.svg"):
        drawn = [(built.build / "figures" / name).read_bytes() for built in (smoke_build.checkout, checkout)]
        assert drawn[0] != drawn[1]


def text_of(page: BeautifulSoup, selector: str) -> str:
    found = page.select_one(selector)
    assert found is not None, selector
    return found.get_text()


def swap_answers(store: RunStore, variants: dict[str, Any]) -> None:
    for mlp, cnn in zip(variants["mlp"]["runs"], variants["cnn3"]["runs"], strict=True):
        one, other = store.read(mlp), store.read(cnn)
        answers = ("predictions", "confidences", "test_accuracy", "test_loss")
        store.write(replace(one, **{name: getattr(other, name) for name in answers}))
        store.write(replace(other, **{name: getattr(one, name) for name in answers}))


@pytest.mark.extra
def test_the_published_report_and_its_supplement_are_small_enough_to_send(tmp_path: Path) -> None:
    checkout = Checkout.copy_to(tmp_path)
    checkout.built("report", PROFILE="published", DEPLOY="0")
    report = checkout.root / "build" / "published" / "report"
    assert (report / "report.html").stat().st_size < 1_400_000
    assert (report / "supplement.html").stat().st_size < 4_000_000


def test_published_results_are_rendered_without_runs_or_data(tmp_path: Path) -> None:
    checkout = Checkout.copy_to(tmp_path)
    done = checkout.built("report", PROFILE="published", STUDIES="inductive_bias", DEPLOY="0")
    assert not TRAINING.search(done.stderr)
    assert not checkout.runs.exists()
    published = checkout.root / "build" / "published"
    for name in ("report/report.html", "report/report.pdf", "report/pages/index.md"):
        assert (published / name).is_file()
    page = BeautifulSoup((published / "report/supplement.html").read_bytes(), "html.parser")
    variants = json.loads((published / "metrics.json").read_bytes())["studies"]["inductive_bias"]["variants"]
    for name, variant in variants.items():
        kept = [checkout.root / "data/published/runs" / key[:2] / key for key in variant["runs"]]
        assert len(kept) >= 8
        shares = [lzma.decompress((run / "answers.xz").read_bytes()).count(0) / 10_000 for run in kept]
        shown = text_of(page, f"[data-source='/studies/inductive_bias/variants/{name}/test_accuracy/mean']")
        assert shown == f"{100 * statistics.fmean(shares):.2f}\N{NO-BREAK SPACE}%"
    damaged = kept[0] / "answers.xz"
    damaged.write_bytes(damaged.read_bytes()[:-1])
    failed = checkout.run("report", PROFILE="published", STUDIES="inductive_bias", DEPLOY="0")
    assert failed.returncode == 1
    assert damaged.name in failed.stderr
    assert kept[0].name in failed.stderr

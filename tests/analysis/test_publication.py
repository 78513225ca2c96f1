"""Runs that the repository keeps: what is computed from them, what is refused, what is never taken away."""

from __future__ import annotations

import json
import lzma
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
from typer.testing import CliRunner

from convscope import publication
from convscope.analysis.metrics import Analysis
from convscope.checkout import MARKS
from convscope.cli import app
from convscope.datasets.load import load
from convscope.engines import ENGINE_REVISION
from convscope.errors import ConvscopeError
from convscope.files import sha256_of, write_json
from convscope.publication import TIMINGS, publish_runs, published_metrics
from convscope.runs import again
from convscope.runs.again import data_described_again
from convscope.runs.plan import PlannedRun, plan_study, plan_tuning
from convscope.runs.published import ANSWERS, FACTS, PICTURES, RUN, WEIGHTS, DamagedPublication, PublishedRuns
from convscope.runs.result import RunResult
from convscope.runs.results import trained_here
from convscope.runs.store import RunStore
from convscope.runs.timings import measure_speeds
from convscope.runs.worker import result_of_run
from convscope.specs import Conv2d, DataSpec, Dense, GlobalAveragePool, Glyphs, ModelSpec, TrainSpec, run_key
from convscope.studies.architectures import mlp
from convscope.studies.probes import ShiftProbe
from convscope.studies.study import Budget, Claim, Study, Tuning, Variant

IMAGE = (1, 14, 14)
CNN = ModelSpec(IMAGE, (Conv2d(3, 3), Conv2d(4, 3), GlobalAveragePool(), Dense(10, "none")))
RATES = (8e-3, 1.6e-2, 3.2e-2, 6.4e-2)


def tiny(seeds: int) -> Study:
    return Study(
        id="tiny",
        title="Tiny",
        question="Does it work?",
        data=DataSpec(Glyphs(size=14, train=120, test=60, shift=0), validation_images=30),
        training=TrainSpec(epochs=2, batch_size=30),
        variants=(Variant("mlp", "MLP", mlp(IMAGE, [8])), Variant("cnn", "CNN", CNN)),
        baseline="mlp",
        reference="cnn",
        claims=(Claim("tiny-wins", "The CNN is better", "superiority", "cnn", ("mlp",), refuted_by="No gain."),),
        shift=ShiftProbe(distances=(1, 2), claimed=2, images=20),
        equivariance=("cnn",),
        tuning=Tuning(RATES, {"mlp": 1.6e-2, "cnn": 3.2e-2}, seeds=1),
        budgets={"full": Budget(seeds=seeds, epochs=2)},
    )


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> RunStore:
    root = tmp_path_factory.mktemp("runs")
    study = tiny(3)
    tuned = [run for curve in plan_tuning(study, "full", "cpu").values() for runs in curve.values() for run in runs]
    for run in (*(run for runs in plan_study(study, "full", "cpu").values() for run in runs), *tuned):
        RunStore(root).write(result_of_run(run, root))
    return RunStore(root)


@pytest.fixture(scope="module")
def published_once(store: RunStore, tmp_path_factory: pytest.TempPathFactory) -> Path:
    kept = PublishedRuns(tmp_path_factory.mktemp("published"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(publication, "KEEPS_WEIGHTS", ("tiny",))
        assert publish_runs([tiny(2)], store, store.root, kept, "cpu") == {"tiny": 2 * 2 + 2 * len(RATES)}
    return kept.root


@pytest.fixture
def kept(published_once: Path, tmp_path: Path) -> PublishedRuns:
    """Return a copy, for a test to change."""
    return PublishedRuns(shutil.copytree(published_once, tmp_path / "published"))


def some_key(kept: PublishedRuns) -> str:
    (key,) = kept.find(tiny(2).runs("full")["cnn"][0]).values()
    return key


def test_metrics_of_published_runs_are_those_of_the_runs_themselves(kept: PublishedRuns, store: RunStore) -> None:
    analysis = Analysis("full")
    analysis.add(trained_here(tiny(2), "full", store, store.root, device="cpu"))
    metrics, pictures = published_metrics([tiny(2)], PublishedRuns(kept.root))
    assert metrics == analysis.metrics()
    studies = metrics.as_json()["studies"]
    assert studies["tiny"]["tuning"]["variants"]["cnn"]["chosen"] == 3.2e-2
    assert {"equivariance", "shift", "tuning"} <= set(studies["tiny"])
    assert set(pictures) == set(analysis.pictures)
    assert all(np.array_equal(pictures[name], analysis.pictures[name]) for name in pictures)


def test_publishing_adds_and_never_takes_away(kept: PublishedRuns, store: RunStore) -> None:
    before = {path: path.stat().st_mtime_ns for path in kept.root.rglob("*") if path.is_file()}
    assert publish_runs([tiny(2)], store, store.root, kept, "cpu") == {"tiny": 0}
    assert publish_runs([tiny(3)], store, store.root, kept, "cpu") == {"tiny": 2}
    assert {path: path.stat().st_mtime_ns for path in before} == before
    metrics = published_metrics([tiny(3)], kept)[0].as_json()
    assert metrics["studies"]["tiny"]["seeds"] == 3


def test_a_variant_added_to_a_published_study_is_trained_and_published_alone(
    kept: PublishedRuns, tmp_path: Path
) -> None:
    study = tiny(2)
    deeper = Variant("deeper", "Deeper CNN", replace(CNN, layers=(Conv2d(3, 3), *CNN.layers)))
    assert study.tuning
    study = replace(
        study,
        variants=(*study.variants, deeper),
        tuning=replace(study.tuning, chosen={**study.tuning.chosen, "deeper": 1.6e-2}),
    )
    own = RunStore(tmp_path / "own")
    curve = plan_tuning(study, "full", "cpu")["deeper"].values()
    for run in (*plan_study(study, "full", "cpu")["deeper"], *(run for runs in curve for run in runs)):
        own.write(result_of_run(run, tmp_path))
    assert publish_runs([study], own, tmp_path, kept, "cpu") == {"tiny": 2 + len(RATES)}
    metrics = published_metrics([study], PublishedRuns(kept.root))[0].as_json()
    assert metrics["studies"]["tiny"]["seeds"] == 2
    assert set(metrics["studies"]["tiny"]["tuning"]["variants"]) == {"mlp", "cnn", "deeper"}


def test_disputed_images_are_those_that_all_runs_agree_on_and_are_kept_for_the_figure(
    kept: PublishedRuns, store: RunStore
) -> None:
    results = trained_here(tiny(2), "full", store, store.root, device="cpu")
    metrics, pictures = published_metrics([tiny(2)], kept)
    found = metrics.as_json()["studies"]["tiny"]["disputed"]
    pixels = load(tiny(2).data.dataset, store.root).test.pixels
    expected: dict[str, list[int]] = {"cnn": [], "mlp": []}
    neither = 0
    for place, label in enumerate(results.labels):
        right = {name: {bool(run.predictions[place] == label) for run in runs} for name, runs in results.runs.items()}
        for one, other in (("cnn", "mlp"), ("mlp", "cnn")):
            if right[one] == {True} and right[other] == {False}:
                expected[one].append(place)
        neither += right["cnn"] == right["mlp"] == {False}
    assert neither == found["neither"]
    assert {side["right"]: side["count"] for side in found["only"]} == {name: len(of) for name, of in expected.items()}
    assert sum(map(len, expected.values())) > 0
    for side in found["only"]:
        places = [shown["image"] for shown in side["shown"]]
        assert places == expected[side["right"]][:8]
        for shown in side["shown"]:
            assert shown["label"] == results.labels[shown["image"]] != shown["called"]
        if places:
            assert np.array_equal(pictures[f"studies/tiny/only/{side['right']}"], pixels[places])


def test_without_its_images_there_is_no_picture_of_disputed_ones(kept: PublishedRuns) -> None:
    shutil.rmtree(kept.root / "images")
    metrics, pictures = published_metrics([tiny(2)], kept)
    assert any(side["count"] for side in metrics.as_json()["studies"]["tiny"]["disputed"]["only"])
    assert not [name for name in pictures if "/only/" in name]


def test_colours_survive_the_way_through_a_file(tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (3, 3, 5, 4), dtype=np.uint8)
    PublishedRuns(tmp_path).add_images("own", (2, 30, 1), images)
    kept = PublishedRuns(tmp_path)
    found = kept.images("own", (30, 1))
    assert found is not None
    assert np.array_equal(found, images[1:])
    assert kept.images("own", (30, 4)) is None
    (tmp_path / "images" / "own" / "00030.png").write_bytes(b"no picture")
    with pytest.raises(DamagedPublication, match="own"):
        kept.images("own", (30,))


def test_nothing_to_publish_is_refused_and_changes_nothing(tmp_path: Path, kept: PublishedRuns) -> None:
    before = sorted(kept.root.rglob("*"))
    with pytest.raises(ConvscopeError, match="nothing to publish"):
        publish_runs([tiny(2)], RunStore(tmp_path / "empty"), tmp_path, kept, "cpu")
    assert sorted(kept.root.rglob("*")) == before


def test_a_seed_counts_when_all_its_variants_are_there(kept: PublishedRuns) -> None:
    (key,) = kept.find(tiny(2).runs("full")["cnn"][1]).values()
    shutil.rmtree(kept.path(key))
    metrics = published_metrics([tiny(2)], PublishedRuns(kept.root))[0].as_json()
    assert metrics["studies"]["tiny"]["seeds"] == 1
    assert key not in metrics["studies"]["tiny"]["variants"]["cnn"]["runs"]


def test_a_study_without_a_complete_seed_is_named_as_not_run(kept: PublishedRuns) -> None:
    other = replace(tiny(2), id="other", training=TrainSpec(epochs=2, batch_size=31), tuning=None, claims=())
    metrics = published_metrics([tiny(2), other], kept)[0].as_json()
    assert metrics["studies"]["other"]["status"] == "not run"
    assert "published" in metrics["studies"]["other"]["reason"]


def test_seeds_of_other_machines_stand_side_by_side(kept: PublishedRuns, store: RunStore) -> None:
    """A seed trained in another arithmetic counts, one whose variants mix two does not."""
    study = tiny(3)
    runs = {name: planned[2] for name, planned in plan_study(study, "full", "cpu").items()}

    def elsewhere(name: str) -> None:
        result = store.read(runs[name].key)
        mode = replace(result.mode, dtype="float32" if result.mode.dtype == "bfloat16" else "bfloat16")
        data = trained_here(tiny(2), "full", store, store.root, device="cpu").facts["fingerprint"]
        key = run_key(result.spec, data, mode, ENGINE_REVISION)
        measured = {
            name: found
            for name in ("inside", "equivariance", "moved-1-2-20")
            if (found := kept.measurement(some_key(kept), name))
        }
        kept.add(replace(result, key=key, mode=mode), data, measured)

    elsewhere("cnn")
    assert published_metrics([study], PublishedRuns(kept.root))[0].studies["tiny"].seeds == 2
    elsewhere("mlp")
    metrics = published_metrics([study], PublishedRuns(kept.root))[0].as_json()
    assert metrics["studies"]["tiny"]["seeds"] == 3
    assert {machine["mode"]["dtype"] for machine in metrics["environment"]["machines"]} == {"float32", "bfloat16"}


def test_kept_weights_are_those_of_the_run_in_sixteen_bits(kept: PublishedRuns, store: RunStore) -> None:
    ours, published = store.read(some_key(kept)), kept.read(some_key(kept))
    assert set(ours.weights) == set(published.weights)
    for name, array in ours.weights.items():
        assert np.array_equal(published.weights[name], array.astype(np.float16).astype(np.float32))
    assert np.array_equal(ours.predictions, published.predictions)


def edit(file: Path, change: Callable[[dict], None]) -> None:  # type: ignore[type-arg]
    content = json.loads(file.read_bytes())
    change(content)
    file.write_text(json.dumps(content))


def change_answers(kept: PublishedRuns, key: str) -> None:
    file = kept.path(key) / ANSWERS
    answers = np.frombuffer(lzma.decompress(file.read_bytes()), np.uint8).copy()
    answers[np.flatnonzero(answers)[0]] = 0
    file.write_bytes(lzma.compress(answers.tobytes()))


def change_answers_and_hash(kept: PublishedRuns, key: str) -> None:
    change_answers(kept, key)
    sha256 = sha256_of(kept.path(key) / ANSWERS)
    edit(kept.path(key) / RUN, lambda run: run["files"][ANSWERS].update(sha256=sha256))


def exchange(kept: PublishedRuns, key: str) -> None:
    (other,) = kept.find(tiny(2).runs("full")["mlp"][0]).values()
    ours, theirs = kept.path(key), kept.path(other)
    ours.rename(ours.with_suffix(".aside"))
    theirs.rename(ours)
    ours.with_suffix(".aside").rename(theirs)
    edit(ours / RUN, lambda run: run.update(key=key))
    edit(theirs / RUN, lambda run: run.update(key=other))


ATTACKS: dict[str, tuple[Callable[[PublishedRuns, str], object], str]] = {
    "answers changed": (change_answers, "SHA-256"),
    "answers changed, with their hash": (change_answers_and_hash, "its answers have"),
    "accuracy changed": (
        lambda kept, key: edit(kept.path(key) / RUN, lambda run: run.update(test_accuracy=0.99)),
        "states a test accuracy of 0.99",
    ),
    "seed changed": (
        lambda kept, key: edit(kept.path(key) / RUN, lambda run: run["spec"].update(seed=7)),
        "describes the run",
    ),
    "two runs exchanged, with their keys": (exchange, "describes the run"),
    "weights cut off": (
        lambda kept, key: (kept.path(key) / WEIGHTS).write_bytes((kept.path(key) / WEIGHTS).read_bytes()[:-1]),
        "SHA-256",
    ),
    "measurement missing": (lambda kept, key: (kept.path(key) / "inside.safetensors.xz").unlink(), "is missing"),
    "no JSON": (lambda kept, key: (kept.path(key) / RUN).write_text("{"), "cannot be read"),
    "a field missing": (
        lambda kept, key: edit(kept.path(key) / RUN, lambda run: run.pop("history")),
        "cannot be read: KeyError: 'history'",
    ),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_edited_run_is_refused(kept: PublishedRuns, attack: str) -> None:
    key = some_key(kept)
    change, said = ATTACKS[attack]
    change(kept, key)
    with pytest.raises(DamagedPublication, match=said) as raised:
        PublishedRuns(kept.root).read(key)
    assert key[:12] in str(raised.value)
    assert "git checkout" in raised.value.hint


def test_labels_and_facts_of_a_data_set_are_checked(kept: PublishedRuns) -> None:
    (facts,) = kept.root.glob("datasets/*/facts.json")
    edit(facts, lambda described: described["facts"]["test_counts"].append(1))
    with pytest.raises(DamagedPublication, match="test images by class"):
        PublishedRuns(kept.root).read(some_key(kept))


def test_speeds_measured_alone_take_the_place_of_those_of_the_runs(kept: PublishedRuns) -> None:
    """One round of each network; what a whole run takes follows from its speed."""
    rounds: list[str] = []
    measured = measure_speeds([tiny(2)], kept.root, "cpu", rounds=2, say=rounds.append)
    assert len(rounds) == 2
    cnn = measured["studies"]["tiny"]["cnn"]
    seen = 2 * 90  # two passes over 120 images without the 30 for validation
    assert np.multiply(cnn["images_per_second"], cnn["train_seconds"]) == pytest.approx([seen, seen])
    write_json(kept.root / TIMINGS, measured)
    clock = published_metrics([tiny(2)], kept)[0].as_json()["timings"]["studies"]["tiny"]["cnn"]
    assert clock["train_seconds"]["values"] == cnn["train_seconds"]
    assert clock["images_per_second"]["values"] == cnn["images_per_second"]


def negate(pictures: dict[str, Any]) -> dict[str, Any]:
    return pictures | {"means": 255 - pictures["means"]}


def exchange_classes(pictures: dict[str, Any]) -> dict[str, Any]:
    return pictures | {"samples": pictures["samples"][::-1]}


@pytest.mark.parametrize(("attack", "named"), [(negate, "means"), (exchange_classes, "samples")])
def test_pictures_of_a_data_set_changed_with_their_hash_differ_from_those_made_again(
    kept: PublishedRuns, store: RunStore, attack: Callable[[Any], Any], named: str
) -> None:
    keys = [some_key(kept)]
    ((title, different),) = data_described_again(keys, PublishedRuns(kept.root), store.root)
    assert different == []
    (folder,) = (kept.root / "datasets").iterdir()
    fingerprint = json.loads((folder / FACTS).read_bytes())["facts"]["fingerprint"]
    pictures = PublishedRuns(kept.root).dataset(fingerprint).pictures
    file = folder / PICTURES
    forged = {name: np.ascontiguousarray(array) for name, array in attack(dict(pictures)).items()}
    file.write_bytes(lzma.compress(safetensors.numpy.save(forged)))
    stated = {"bytes": file.stat().st_size, "sha256": sha256_of(file)}
    edit(folder / FACTS, lambda content: content["files"].update({PICTURES: stated}))
    assert list(data_described_again(keys, PublishedRuns(kept.root), store.root)) == [(title, [named])]


def test_verify_runs_fails_where_a_run_is_another_one_now(
    kept: PublishedRuns, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkout = tmp_path / "checkout"
    for mark in MARKS:
        (checkout / mark).parent.mkdir(parents=True)
        (checkout / mark).touch()
    shutil.copytree(kept.root, checkout / "data" / "published")
    monkeypatch.chdir(checkout)
    monkeypatch.setenv("CONVSCOPE_DATASETS", str(tmp_path))
    verify_runs = ["verify-runs", "--count", "2", "--device", "cpu"]

    same = CliRunner().invoke(app, verify_runs)
    assert same.exit_code == 0, same.output
    assert same.output.count("bit-identical") == 2
    assert "as published" in same.output  # its data set

    def trained_otherwise(run: PlannedRun, data_folder: Path) -> RunResult:
        now = result_of_run(run, data_folder)
        return replace(now, predictions=(now.predictions + 1) % 10, test_accuracy=now.test_accuracy + 0.6)

    monkeypatch.setattr(again, "result_of_run", trained_otherwise)
    other = CliRunner().invoke(app, verify_runs)
    assert other.exit_code == 1
    assert other.output.count(": different; test accuracy") == 2

    shutil.rmtree(checkout / "data" / "published" / "runs")
    none = CliRunner().invoke(app, verify_runs)
    assert isinstance(none.exception, ConvscopeError)
    assert "has no runs" in str(none.exception)

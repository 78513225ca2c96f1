"""What metrics.json says, recomputed from stored results by other means."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from jsonschema import Draft202012Validator
from scipy import stats
from torch import nn

from convscope.analysis.metrics import Analysis
from convscope.analysis.metrics_file import parse, read_metrics, schema
from convscope.analysis.probes import look_inside
from convscope.datasets.dataset import Dataset, Images
from convscope.datasets.eda import describe, neighbour_correlation
from convscope.datasets.load import load
from convscope.datasets.splits import split
from convscope.errors import ReportError
from convscope.files import Json, write_json
from convscope.models.torch_model import build
from convscope.runs.plan import plan_study
from convscope.runs.results import trained_here
from convscope.runs.store import RunStore, UnreadableResult
from convscope.runs.worker import result_of_run
from convscope.specs import DataSpec, Glyphs, TrainSpec
from convscope.studies.architectures import cnn, mlp
from convscope.studies.study import Budget, Claim, Experiment, Reported, Study, Variant

DATA = DataSpec(Glyphs(size=16, train=300, test=200, shift=0, scale=(0.6, 0.7)), validation_images=50)
IMAGE = (1, 16, 16)


@pytest.fixture(scope="module")
def study() -> Study:
    return Study(
        id="tiny",
        title="Tiny",
        question="Does it work?",
        data=DATA,
        training=TrainSpec(epochs=2, batch_size=5, learning_rate=3e-3),  # enough that no run stays at chance
        variants=(
            Variant("mlp", "MLP", mlp(IMAGE, [16])),
            Variant("cnn3", "CNN 3×3", cnn(IMAGE, filters=[4, 8], kernel=3, dense=16)),
            Variant("cnn5", "CNN 5×5", cnn(IMAGE, filters=[4, 8], kernel=5, dense=16)),
        ),
        baseline="mlp",
        reference="cnn3",
        experiments=(Experiment("kernel", "Kernel", "kernel", ("cnn3", "cnn5"), "Which?"),),
        claims=(
            Claim("tiny-cnn-beats-mlp", "The CNN is better", "superiority", "cnn3", ("mlp",), refuted_by="No gain."),
        ),
        reported=(
            Reported("mlp", "parameters", "4,282", 4282, 4282),
            Reported("cnn3", "parameters", "9,999", 9999, 9999),
            Reported("mlp", "test_accuracy", "50 %", 0.495, 0.505),
        ),
        budgets={"quick": Budget(seeds=3, epochs=2), "full": Budget(seeds=3, epochs=2)},
    )


@pytest.fixture(scope="module")
def store(study: Study, tmp_path_factory: pytest.TempPathFactory) -> RunStore:
    root = tmp_path_factory.mktemp("runs")
    for runs in plan_study(study, "quick", "cpu").values():
        for run in runs:
            RunStore(root).write(result_of_run(run, root))
    return RunStore(root)


def analysed(study: Study, store: RunStore, **options: Any) -> tuple[Json, Analysis]:
    profile = options.pop("profile", "quick")
    analysis = Analysis(profile)
    analysis.add(trained_here(study, profile, store, store.root, device="cpu", **options))
    return analysis.metrics().as_json(), analysis


def test_numbers_are_those_of_the_stored_predictions(study: Study, store: RunStore) -> None:
    metrics, _ = analysed(study, store)
    labels = load(DATA.dataset, store.root).test.labels
    for name, runs in plan_study(study, "quick", "cpu").items():
        results = [store.read(run.key) for run in runs]
        accuracies = [float((result.predictions == labels).mean()) for result in results]
        variant = metrics["studies"]["tiny"]["variants"][name]
        assert variant["runs"] == [run.key for run in runs]
        assert variant["test_accuracy"]["values"] == pytest.approx(accuracies)
        assert variant["test_accuracy"]["mean"] == pytest.approx(np.mean(accuracies))
        assert variant["test_accuracy"]["sd"] == pytest.approx(np.std(accuracies, ddof=1))
        low, high = stats.t.interval(
            0.95, 2, np.mean(variant["test_loss"]["values"]), stats.sem(variant["test_loss"]["values"])
        )
        assert variant["test_loss"]["interval"] == pytest.approx([low, high])
        confusion = np.array(variant["confusion"])
        assert confusion.sum() == 3 * len(labels)
        assert np.trace(confusion) / confusion.sum() == pytest.approx(np.mean(accuracies))
        by_class = confusion.diagonal() / confusion.sum(axis=1)
        assert [measure["mean"] for measure in variant["class_accuracy"]] == pytest.approx(by_class)
        # the accuracy that the engine reported itself
        assert accuracies == pytest.approx([result.test_accuracy for result in results])


def test_comparison_is_the_paired_difference(study: Study, store: RunStore) -> None:
    metrics, _ = analysed(study, store)
    described = metrics["studies"]["tiny"]
    values = {name: np.array(v["test_accuracy"]["values"]) for name, v in described["variants"].items()}
    (kernel,) = described["experiments"]["kernel"]["comparisons"]
    assert (kernel["a"], kernel["b"]) == ("cnn5", "cnn3")
    assert kernel["differences"] == pytest.approx(values["cnn5"] - values["cnn3"])
    assert kernel["effect"] == pytest.approx((values["cnn5"] - values["cnn3"]).mean())
    assert [row["a"] for row in described["against_baseline"]] == ["cnn3", "cnn5"]


def test_swapped_results_swap_every_dependent_number(study: Study, store: RunStore, tmp_path: Path) -> None:
    before, _ = analysed(study, store)
    swapped = RunStore(tmp_path / "runs")
    planned = plan_study(study, "quick", "cpu")
    other = {"mlp": "cnn3", "cnn3": "mlp", "cnn5": "cnn5"}
    for name, runs in planned.items():
        for run, source in zip(runs, planned[other[name]], strict=True):
            result, donor = store.read(run.key), store.read(source.key)
            changed = copy.copy(result)
            object.__setattr__(changed, "predictions", donor.predictions)
            object.__setattr__(changed, "test_accuracy", donor.test_accuracy)
            swapped.write(changed)
    after, _ = analysed(study, swapped)
    old, new = before["studies"]["tiny"], after["studies"]["tiny"]
    assert new["variants"]["mlp"]["test_accuracy"] == old["variants"]["cnn3"]["test_accuracy"]
    assert new["variants"]["mlp"]["confusion"] == old["variants"]["cnn3"]["confusion"]
    assert new["against_baseline"][0]["effect"] == pytest.approx(-old["against_baseline"][0]["effect"])
    claim = "tiny-cnn-beats-mlp"
    assert after["claims"][claim]["effect"] == pytest.approx(-before["claims"][claim]["effect"])
    assert before["claims"][claim]["verdict"] == "inconclusive"  # three seeds decide nothing
    assert before["claims"][claim]["leaning"] != after["claims"][claim]["leaning"]


def test_ledger_checks_arithmetic_always_and_accuracy_with_full_budgets(study: Study, store: RunStore) -> None:
    for profile in ("quick", "full"):
        rows = analysed(study, store, profile=profile)[0]["studies"]["tiny"]["reported"]
        assert rows[0]["reproduction"] == {"ours": 4282, "interval": None, "verdict": "reproduced"}
        assert rows[1]["reproduction"]["verdict"] == "wrong"
        if profile == "quick":
            assert rows[2]["reproduction"] is None
        else:
            low, high = rows[2]["reproduction"]["interval"]
            inside = low <= 0.5 <= high
            assert (rows[2]["reproduction"]["verdict"] == "reproduced") == inside


def test_fewer_seeds_can_be_taken(study: Study, store: RunStore) -> None:
    described = analysed(study, store, seeds=2)[0]["studies"]["tiny"]
    assert described["seeds"] == 2
    assert described["variants"]["mlp"]["test_accuracy"]["n"] == 2


def test_same_results_give_the_same_metrics(study: Study, store: RunStore) -> None:
    one, two = analysed(study, store)[0], analysed(study, store)[0]
    assert one == two


def test_damaged_result_is_named(study: Study, store: RunStore, tmp_path: Path) -> None:
    copied = RunStore(tmp_path / "runs")
    runs = [run for variant in plan_study(study, "quick", "cpu").values() for run in variant]
    for run in runs:
        copied.write(store.read(run.key))
    file = copied.path(runs[0].key) / "predictions.safetensors"
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    with pytest.raises(UnreadableResult, match=r"predictions\.safetensors is not what was written") as caught:
        analysed(study, copied)
    assert caught.value.key == runs[0].key


def test_feature_maps_are_what_a_forward_hook_sees(study: Study, store: RunStore) -> None:
    run = plan_study(study, "quick", "cpu")["cnn3"][0]
    result = store.read(run.key)
    images = split(load(DATA.dataset, store.root), DATA, run.spec.seed)
    image = images.normalise(images.test.pixels[:1])[0]
    pictures = look_inside(result, image)
    network = build(result.spec.model, pool_first=False)
    network.load_state_dict({name: torch.from_numpy(value) for name, value in result.weights.items()})
    seen: list[torch.Tensor] = []
    for module in network.modules():
        if isinstance(module, nn.ReLU):
            module.register_forward_hook(lambda _module, _inputs, output: seen.append(output))
    network(torch.from_numpy(image)[None])
    for number in (1, 2):
        expected = seen[number - 1][0].detach().numpy()
        assert pictures[f"features_{number}"].shape == expected.shape
        np.testing.assert_allclose(pictures[f"features_{number}"], expected, rtol=2e-3, atol=2e-3)  # kept as float16
    assert pictures["filters"].shape == (4, 1, 3, 3)
    assert look_inside(store.read(plan_study(study, "quick", "cpu")["mlp"][0].key), image) == {}


def test_exploratory_facts_against_plain_numpy() -> None:
    random = np.random.default_rng(1)
    pixels = random.integers(0, 256, (40, 3, 14, 15)).astype(np.uint8)
    pixels[1], pixels[30] = pixels[0], pixels[0]
    labels = np.arange(40) % 4
    train, test = Images(pixels[:30], labels[:30]), Images(pixels[30:], labels[30:])
    dataset = Dataset("x", "X", train, test, tuple("abcd"), "0" * 64, "made", "folder")
    facts, pictures = describe(dataset)
    assert facts["train_counts"] == [8, 8, 7, 7]
    assert facts["imbalance"] == pytest.approx(8 / 7)
    np.testing.assert_allclose(facts["mean"], (train.pixels / 255).mean(axis=(0, 2, 3)), rtol=1e-6)
    np.testing.assert_allclose(facts["sd"], (train.pixels / 255).std(axis=(0, 2, 3)), rtol=1e-6)
    assert [sum(counts) for counts in facts["histogram"]] == [30 * 14 * 15] * 3
    assert facts["histogram"][1][7] == (train.pixels[:, 1] == 7).sum()
    assert facts["repeated_in_train"] == 1
    assert facts["test_seen_in_train"] == 1
    np.testing.assert_array_equal(pictures["samples"][2][0], train.pixels[2])
    np.testing.assert_allclose(pictures["means"][0], train.pixels[labels[:30] == 0].mean(axis=0), atol=0.5)


def test_neighbour_correlation_is_one_for_constant_rows_and_zero_for_noise() -> None:
    random = np.random.default_rng(2)
    rows = np.repeat(random.integers(0, 256, (50, 1, 20, 1)), 20, axis=3).astype(np.uint8)
    noise = random.integers(0, 256, (50, 1, 20, 20)).astype(np.uint8)
    labels = np.zeros(50, np.int64)
    assert neighbour_correlation(Images(rows, labels))["1"] == pytest.approx(1)
    assert neighbour_correlation(Images(noise, labels))["4"] == pytest.approx(0, abs=0.03)


def test_the_generated_schema_accepts_and_refuses_as_the_types_do(study: Study, store: RunStore) -> None:
    """By another validator: what readers in other languages have is the schema alone."""
    validator = Draft202012Validator(schema())
    metrics = json.loads(json.dumps(analysed(study, store)[0]))
    assert list(validator.iter_errors(metrics)) == []
    edits: list[tuple[str, str, Any]] = [
        ("claims", "tiny-cnn-beats-mlp", {}),
        ("studies", "tiny", metrics["studies"]["tiny"] | {"status": "perhaps"}),
        ("studies", "tiny", metrics["studies"]["tiny"] | {"invented": 1}),
        ("studies", "tiny", metrics["studies"]["tiny"] | {"margin": 0}),
    ]
    for part, name, value in edits:
        wrong = metrics | {part: metrics[part] | {name: value}}
        assert list(validator.iter_errors(wrong)), value
        with pytest.raises(ReportError, match=rf"does not fit its schema at {part}\.{name}"):
            parse(wrong)


def test_metrics_that_do_not_fit_the_schema_are_refused(study: Study, store: RunStore, tmp_path: Path) -> None:
    metrics = copy.deepcopy(analysed(study, store)[0])
    parse(metrics)
    metrics["studies"]["tiny"]["variants"]["mlp"]["test_accuracy"]["mean"] = "high"
    with pytest.raises(ReportError, match=r"tiny\.variants\.mlp\.test_accuracy\.mean"):
        parse(metrics)
    write_json(tmp_path / "metrics.json", metrics)
    with pytest.raises(ReportError, match="does not fit its schema"):
        read_metrics(tmp_path / "metrics.json")
    (tmp_path / "metrics.json").write_text('{"schema"')
    with pytest.raises(ReportError, match="cannot be read"):
        read_metrics(tmp_path / "metrics.json")

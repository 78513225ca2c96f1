"""Ways to make a report lie, each of which was once accepted: refused when metrics.json is read, or gone when it is
computed from the published runs, whose own checks stand in test_publication.py."""

from __future__ import annotations

import copy
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import made_up
from convscope.analysis.claims import power_of, rule
from convscope.analysis.declarations import check_declarations
from convscope.analysis.integrity import check_consistency
from convscope.analysis.metrics_file import parse
from convscope.analysis.pictures import write_pictures
from convscope.analysis.statistics import Estimate
from convscope.analysis.verdicts import nuance
from convscope.errors import ConvscopeError, ReportError
from convscope.files import Json, sha256_of, write_json
from convscope.publication import published_metrics
from convscope.runs.published import ANSWERS, RUN, PublishedRuns
from convscope.studies import STUDIES

ID = "made-up"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("published")
    made_up.publish(folder, made_up.study())
    return folder


@pytest.fixture(scope="module")
def metrics(root: Path) -> Json:
    found, _ = published_metrics([made_up.study()], PublishedRuns(root))
    return found.as_json()


def read(metrics: Json) -> None:
    parsed = parse(metrics)
    check_consistency(parsed)
    check_declarations(parsed, lambda _: made_up.study())


def claim(metrics: Json, name: str) -> Any:
    return metrics["claims"][name]


def study(metrics: Json) -> Any:
    return metrics["studies"][ID]


def decided_again(claim: Any) -> None:
    """Make the verdict follow from the claim's numbers: a careful forger's last step."""
    found = [
        Estimate(
            each["effect"], each["seed_error"], each["test_set_error"],
            (each["seed_error"] ** 2 + each["test_set_error"] ** 2) ** 0.5, each["degrees_of_freedom"], each["n"],
            each["images"],
        )
        for each in claim["comparisons"]
    ]  # fmt: skip
    for each, estimate in zip(claim["comparisons"], found, strict=True):
        each["interval"] = list(estimate.interval(claim["level"]) or ())
    verdict, place = rule(claim["kind"], found, claim["margin"], claim["level"], claim["expected"])
    claim |= {"verdict": verdict.verdict, "leaning": verdict.leaning, "reason": verdict.reason, "decided_by": place}
    claim |= {part: claim["comparisons"][place][part] for part in ("effect", "interval")}
    claim |= power_of(claim["kind"], found, claim["margin"], claim["level"])._asdict()
    interval = found[place].interval(claim["level"])
    claim["nuance"] = nuance(claim["kind"], claim["verdict"], interval, claim["expected"])


def set_level(metrics: Json) -> None:
    claim(metrics, "wins")["level"] = 0.5
    for each in claim(metrics, "wins")["comparisons"]:
        each["errors_removed"] = None
    decided_again(claim(metrics, "wins"))


def set_margin(metrics: Json) -> None:
    claim(metrics, "alike")["margin"] = 0.5
    decided_again(claim(metrics, "alike"))


def set_kind(metrics: Json) -> None:
    claim(metrics, "best")["kind"] = "superiority"
    decided_again(claim(metrics, "best"))


def set_declared(metrics: Json) -> None:
    claim(metrics, "contrast")["declared"] = "before"


def set_statement(metrics: Json) -> None:
    claim(metrics, "wins")["statement"] = "Anything at all"


def set_refuted_by(metrics: Json) -> None:
    claim(metrics, "wins")["refuted_by"] = "Nothing could."


def drop_claim(metrics: Json) -> None:
    del metrics["claims"]["overfits"]


def set_count(metrics: Json) -> None:
    counted = claim(metrics, "counted")
    counted["counts"][0]["computed"] = 99.0
    counted["verdict"], counted["reason"] = "refuted", "computed different"


def set_count_claimed(metrics: Json) -> None:
    counted = claim(metrics, "counted")
    counted["counts"][0]["claimed"] = [1.0, 2.0]
    counted["verdict"], counted["reason"] = "refuted", "computed different"


def set_reported(metrics: Json) -> None:
    study(metrics)["reported"][0]["text"] = "about 9 K"


def set_reported_range(metrics: Json) -> None:
    row = study(metrics)["reported"][0]
    row["low"], row["high"] = 1.0, 2.0
    row["reproduction"]["verdict"] = "wrong"


def drop_reproduction(metrics: Json) -> None:
    study(metrics)["reported"][1]["reproduction"] = None


def set_training(metrics: Json) -> None:
    study(metrics)["training"]["learning_rate"] = 0.5


def set_question(metrics: Json) -> None:
    study(metrics)["question"] = "Is it good?"


def set_title(metrics: Json) -> None:
    study(metrics)["variants"]["cnn3"]["title"] = "CNN 9×9"


def set_model(metrics: Json) -> None:
    wide = study(metrics)["variants"]["wide"]
    for part in ("model", "parameters", "macs", "layers"):
        study(metrics)["variants"]["mlp"][part] = wide[part]


def set_decision(metrics: Json) -> None:
    study(metrics)["decisions"][0]["reason"] = "Large."


def set_factor(metrics: Json) -> None:
    study(metrics)["experiments"]["kernel"]["factor"] = "depth"


def set_seeds(metrics: Json) -> None:
    study(metrics)["seeds"] = 20


def reorder_baseline(metrics: Json) -> None:
    study(metrics)["against_baseline"].reverse()


def reorder_variants(metrics: Json) -> None:
    variants = study(metrics)["variants"]
    study(metrics)["variants"] = dict(reversed(variants.items()))
    study(metrics)["against_baseline"].reverse()


def swap_comparisons(metrics: Json) -> None:
    rows = study(metrics)["comparisons"]
    rows["cnn3:mlp"], rows["wide:mlp"] = rows["wide:mlp"], rows["cnn3:mlp"]


def swap_runs(metrics: Json) -> None:
    variants = study(metrics)["variants"]
    variants["mlp"]["runs"][0], variants["cnn3"]["runs"][0] = variants["cnn3"]["runs"][0], variants["mlp"]["runs"][0]
    for each in metrics["claims"].values():
        each["runs"] = sorted(each["runs"])


def swap_seeds(metrics: Json) -> None:
    runs = study(metrics)["variants"]["mlp"]["runs"]
    runs[0], runs[1] = runs[1], runs[0]


def copy_runs(metrics: Json) -> None:
    runs = study(metrics)["variants"]["mlp"]["runs"]
    runs[:] = [runs[0], runs[1]] * 4 + runs[:1]


def set_fingerprint(metrics: Json) -> None:
    for facts in metrics["datasets"].values():
        facts["fingerprint"] = "0" * 64


def set_order(metrics: Json) -> None:
    metrics["timings"]["orders"][ID]["reported"] = ["cnn3", "mlp"]
    metrics["timings"]["orders"][ID]["verdict"] = "another order"


def set_shift(metrics: Json) -> None:
    study(metrics)["shift"]["claimed"] = 1


def set_look_alikes(metrics: Json) -> None:
    study(metrics)["look_alikes"] = [0, 1]


def drop_comparisons(metrics: Json) -> None:
    study(metrics)["comparisons"] = None


def drop_gaps(metrics: Json) -> None:
    del study(metrics)["gaps"]


REFUSED: list[Callable[[Json], None]] = [
    set_level, set_margin, set_kind, set_declared, set_statement, set_refuted_by, drop_claim, set_count,
    set_count_claimed, set_reported, set_reported_range, drop_reproduction, set_training, set_question, set_title,
    set_model, set_decision, set_factor, set_seeds, reorder_baseline, reorder_variants, swap_comparisons, swap_runs,
    swap_seeds, copy_runs, set_fingerprint, set_order, set_shift, set_look_alikes,
    drop_comparisons, drop_gaps,
]  # fmt: skip


def test_unchanged_it_is_read(metrics: Json) -> None:
    read(metrics)
    assert {each["verdict"] for each in metrics["claims"].values()} == {"supported", "refuted", "inconclusive"}
    assert study(metrics)["variants"]["wide"]["failed"]["of"] == made_up.SEEDS
    assert len(study(metrics)["variants"]["wide"]["failed"]["runs"]) == 1


@pytest.mark.parametrize("attack", REFUSED, ids=lambda attack: attack.__name__)
def test_what_declarations_decide_is_refused(metrics: Json, attack: Callable[[Json], None]) -> None:
    forged = copy.deepcopy(metrics)
    attack(forged)
    assert forged != metrics
    with pytest.raises(ReportError):
        read(forged)


@pytest.mark.parametrize(
    ("declaration", "changed"),
    [
        ("title", "Another"),
        ("margin", 0.01),
        ("claims", made_up.study().claims[:-1]),
        ("look_alikes", (1, 2)),
        ("reported", ()),
    ],
)
def test_a_study_that_changed_since_is_refused(metrics: Json, declaration: str, changed: Any) -> None:
    other = replace(made_up.study(), **{declaration: changed})
    with pytest.raises(ReportError):
        check_declarations(parse(metrics), lambda _: other)


# ---------------------------------------------------------------- what only the runs know


def set_hardware(metrics: Json) -> None:
    metrics["environment"]["machines"][0]["processor"] = "A faster processor"


def no_test_set_error(metrics: Json) -> None:
    for each in claim(metrics, "wins")["comparisons"]:
        each["test_set_error"] = 0.0
    decided_again(claim(metrics, "wins"))


def negate(name: str) -> Callable[[Json], None]:
    def attack(metrics: Json) -> None:
        (comparison,) = claim(metrics, name)["comparisons"]
        comparison["differences"] = [-each for each in comparison["differences"]]
        comparison["effect"] = -comparison["effect"]
        decided_again(claim(metrics, name))

    attack.__name__ = f"negate {name}"
    return attack


@pytest.mark.parametrize(
    "attack", [set_hardware, no_test_set_error, negate("gains"), negate("moves")], ids=lambda attack: attack.__name__
)
def test_what_only_the_runs_know_is_gone_when_computed_from_them(
    metrics: Json,
    root: Path,
    tmp_path: Path,
    attack: Callable[[Json], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The published profile reads runs: numbers that somebody lays beside them are not looked at."""
    shutil.copytree(root, tmp_path / "published")
    forged = copy.deepcopy(metrics)
    attack(forged)
    assert forged != metrics
    write_json(tmp_path / "published" / "metrics.json", forged)
    _, pictures = published_metrics([made_up.study()], PublishedRuns(root))
    negated = {name: 255 - array for name, array in pictures.items()}
    write_pictures(tmp_path / "published" / "pictures.safetensors", negated)
    monkeypatch.setitem(STUDIES, ID, made_up.study())
    found, drawn = published_metrics([made_up.study()], PublishedRuns(tmp_path / "published"))
    assert found.as_json() == metrics
    assert drawn.keys() == pictures.keys()
    assert all(np.array_equal(drawn[name], pictures[name]) for name in pictures)


def folders(kept: PublishedRuns) -> list[Path]:
    specs = made_up.study().runs("full")
    return [kept.path(next(iter(kept.find(specs[name][0]).values()))) for name in ("mlp", "cnn3")]


def other_answers(kept: PublishedRuns) -> None:
    mlp, cnn = folders(kept)
    shutil.copy(cnn / ANSWERS, mlp / ANSWERS)


def other_answers_and_hash(kept: PublishedRuns) -> None:
    other_answers(kept)
    mlp, _ = folders(kept)
    header = json.loads((mlp / RUN).read_bytes())
    file = mlp / ANSWERS
    header["files"][ANSWERS] = {"bytes": file.stat().st_size, "sha256": sha256_of(file)}
    write_json(mlp / RUN, header)


def exchange_runs(kept: PublishedRuns) -> None:
    mlp, cnn = folders(kept)
    mlp.rename(mlp.with_name("kept"))
    cnn.rename(mlp)
    mlp.with_name("kept").rename(cnn)
    for folder in (mlp, cnn):
        header = json.loads((folder / RUN).read_bytes())
        write_json(folder / RUN, header | {"key": folder.name})


def copy_to_another_seed(kept: PublishedRuns) -> None:
    specs = made_up.study().runs("full")["mlp"]
    one, other = (kept.path(next(iter(kept.find(spec).values()))) for spec in specs[:2])
    shutil.rmtree(other)
    shutil.copytree(one, other)


def exchange_sample_images(kept: PublishedRuns) -> None:
    (folder,) = (kept.root / "datasets").iterdir()
    file = folder / "pictures.safetensors.xz"
    file.write_bytes(file.read_bytes()[::-1])


@pytest.mark.parametrize(
    "attack",
    [other_answers, other_answers_and_hash, exchange_runs, copy_to_another_seed, exchange_sample_images],
    ids=lambda attack: attack.__name__,
)
def test_published_runs_that_were_changed_are_refused(
    root: Path, tmp_path: Path, attack: Callable[[PublishedRuns], None]
) -> None:
    shutil.copytree(root, tmp_path / "published")
    attack(PublishedRuns(tmp_path / "published"))
    with pytest.raises(ConvscopeError):
        published_metrics([made_up.study()], PublishedRuns(tmp_path / "published"))

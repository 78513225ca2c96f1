from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from convscope.datasets.catalogue import known_table
from convscope.datasets.folds import all_tested
from convscope.datasets.load import load
from convscope.errors import SpecError
from convscope.specs import DataSpec, Glyphs, Table, TrainSpec
from convscope.studies import PROFILES, STUDIES, select
from convscope.studies.architectures import cnn, mlp
from convscope.studies.probes import ShiftProbe
from convscope.studies.study import (
    Budget,
    Claim,
    Count,
    Decision,
    Experiment,
    Profile,
    Reported,
    Study,
    Variant,
    smoke_budget,
)

IMAGE = (1, 28, 28)
TRAINING = TrainSpec(epochs=9)
IMAGES = {"mnist": (60_000, IMAGE), "fashion-mnist": (60_000, IMAGE), "cifar10": (50_000, (3, 32, 32))}
KERNELS = Experiment("kernel", "Kernel", "kernel", ("cnn3", "cnn5"), "Which?")


def study(**changes: Any) -> Study:
    given: dict[str, Any] = {
        "id": "mine",
        "title": "Mine",
        "question": "Why?",
        "data": DataSpec("mnist", validation_images=1000),
        "training": TRAINING,
        "variants": (
            Variant("mlp", "MLP", mlp(IMAGE, [8])),
            *(Variant(f"cnn{k}", f"CNN {k}", cnn(IMAGE, filters=[4], kernel=k, dense=8)) for k in (3, 5)),
        ),
        "baseline": "mlp",
        "reference": "cnn3",
        "experiments": (KERNELS,),
        "budgets": {"smoke": smoke_budget(), "full": Budget(seeds=3, epochs=4, train_images=500)},
    }
    return Study(**given | changes)


def test_runs_follow_the_budget() -> None:
    runs = study().runs("full")
    assert list(runs) == ["mlp", "cnn3", "cnn5"]
    assert all([run.seed for run in of_variant] == [0, 1, 2] for of_variant in runs.values())
    for name, of_variant in runs.items():
        for run in of_variant:
            assert run.training == replace(TRAINING, epochs=4)
            assert run.data == DataSpec("mnist", 1000, train_images=500)
            assert run.model == study().variant(name).model
    (smoke,) = {run.data for of_variant in study().runs("smoke").values() for run in of_variant}
    assert smoke == DataSpec(Glyphs(), 400, 1600)


def test_a_variant_may_have_a_training_set_of_its_own_size() -> None:
    few, many = (Variant(f"mlp-{n}", f"MLP {n}", mlp(IMAGE, [8]), train_images=n) for n in (100, 900))
    declared = study(
        variants=(*study().variants, few, many),
        experiments=(Experiment("images", "Images", "training images", ("mlp-100", "mlp-900"), "How many?"),),
        budgets={"smoke": smoke_budget(), "full": Budget(seeds=3, epochs=4), "quick": Budget(1, 1, train_images=500)},
    )
    sizes = {
        profile: [declared.runs(profile)[name][0].data.train_images for name in ("mlp", "mlp-100", "mlp-900")]
        for profile in PROFILES
    }
    assert sizes == {"smoke": [1600, 100, 900], "quick": [500, 100, 500], "full": [None, 100, 900]}


def test_a_budget_may_change_the_number_of_updates() -> None:
    fixed = replace(TRAINING, updates=700)
    budgets: dict[Profile, Budget] = {"quick": Budget(1, 2, updates=30), "full": Budget(1, 4)}
    declared = study(training=fixed, budgets=budgets)
    assert declared.runs("quick")["mlp"][0].training == replace(fixed, epochs=2, updates=30)
    assert declared.runs("full")["mlp"][0].training == replace(fixed, epochs=4)


def test_a_variant_may_have_settings_of_its_own() -> None:
    own = Variant("slow", "Slow", mlp(IMAGE, [8]), TrainSpec(epochs=1, learning_rate=1e-4))
    runs = study(variants=(*study().variants, own)).runs("full")
    assert runs["slow"][0].training == TrainSpec(epochs=4, learning_rate=1e-4)
    assert runs["mlp"][0].training.learning_rate == TRAINING.learning_rate


def test_a_variant_may_make_more_passes_than_the_others() -> None:
    long = Variant("long", "Long", mlp(IMAGE, [8]), longer=4)
    runs = study(variants=(*study().variants, long), training=replace(TRAINING, updates=100)).runs("full")
    assert runs["long"][0].training == replace(TRAINING, epochs=16, updates=400)
    assert runs["mlp"][0].training == replace(TRAINING, epochs=4, updates=100)
    with pytest.raises(SpecError, match="'long': longer is 0"):
        replace(long, longer=0)


def test_more_passes_are_a_second_factor() -> None:
    longer = replace(study().variant("cnn5"), longer=2)
    with pytest.raises(SpecError, match="epochs"):
        study(variants=(*study().variants[:2], longer))


def claim(name: str = "c", **changes: Any) -> Claim:
    given: dict[str, Any] = {
        "statement": "s", "kind": "superiority", "variant": "cnn3", "others": ("mlp",), "refuted_by": "less",
    }  # fmt: skip
    return Claim(name, **given | changes)


def arithmetic(name: str = "a", **changes: Any) -> Claim:
    weights = Count("weights of one 3×3 kernel", "parameters", study().variant("cnn3").model, 9)
    given: dict[str, Any] = {"statement": "s", "kind": "arithmetic", "counts": (weights,), "refuted_by": "less"}
    return Claim(name, **given | changes)


other_rate = Variant("cnn5", "CNN 5", study().variant("cnn5").model, replace(TRAINING, learning_rate=0.1))
other_engine = Variant("cnn5", "CNN 5", study().variant("cnn5").model, replace(TRAINING, engine="numpy"))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: study(baseline="linear"), "'mine' has no variant 'linear', which baseline names"),
        (lambda: study(reference="cnn9"), "no variant 'cnn9', which reference names; it has mlp, cnn3, cnn5"),
        (
            lambda: study(experiments=(replace(KERNELS, variants=("cnn3", "cnn7")),)),
            "no variant 'cnn7', which experiment 'kernel' names",
        ),
        (lambda: study(reported_order=("mlp", "cnn7")), "no variant 'cnn7', which reported_order names"),
        (lambda: study(inside=("cnn7",)), "no variant 'cnn7', which inside names"),
        (lambda: study(margin=-0.01), "'mine' has a margin of -0.01; it is a fraction above 0"),
        (lambda: study(margin=0.5e2), "margin of 50.0"),
        (lambda: Budget(seeds=0, epochs=1), "Budget seeds is 0; it must be a whole number of at least 1"),
        (lambda: Budget(seeds=1, epochs=0), "Budget epochs is 0"),
        (
            lambda: Variant("cnn7", "CNN 7×7", cnn(IMAGE, filters=[4], kernel=9, dense=8)),
            "Variant 'cnn7' is titled 'CNN 7×7'; its network has 9×9",
        ),
        (lambda: Variant("mlp", "MLP 3×3", mlp(IMAGE, [8])), "titled 'MLP 3×3'; its network has no kernel"),
        (
            lambda: study(experiments=(replace(KERNELS, factor="width"),)),  # type: ignore[arg-type]
            "Experiment 'kernel' of study 'mine'.*'width'",
        ),
        (lambda: study(experiments=(replace(KERNELS, factor="filters"),)), "differ in more than filters"),
        (lambda: study(experiments=(replace(KERNELS, variants=("cnn3", "mlp")),)), "differ in more than kernel"),
        (lambda: study(variants=(*study().variants[:2], other_rate)), "'cnn3' and 'cnn5' are trained differently"),
        (lambda: study(variants=(*study().variants[:2], other_engine)), "are trained differently: .*engine='numpy'"),
        (lambda: study(variants=(*study().variants, study().variants[0])), r"twice: \['cnn3', 'cnn5', 'mlp', 'mlp'\]"),
        (
            lambda: study(reported=(Reported("cnn9", "parameters", "1", 1, 1),)),
            "'cnn9', which reported, parameters '1'",
        ),
        (lambda: study(claims=(claim(variant="cnn9"),)), "no variant 'cnn9', which claim 'c' names"),
        (lambda: study(claims=(claim(others=("svm",)),)), "no variant 'svm'"),
        (lambda: study(claims=tuple(claim(str(i)) for i in range(7))), "declares 7 claims that runs decide; at most 6"),
        (lambda: study(pairs=(("mlp", "cnn9"),)), "no variant 'cnn9', which pairs names"),
        (lambda: study(equivariance=("cnn9",)), "no variant 'cnn9', which equivariance names"),
        (lambda: study(margin=-0.01), "margin of -0.01; it is a fraction above 0 and below 1"),
        (lambda: Budget(seeds=1, epochs=1, validation_images=0), "Budget validation_images is 0"),
        (lambda: ShiftProbe(distances=(1, 2), claimed=3), "claims distance 3, which is not in its distances"),
        (lambda: ShiftProbe(distances=(0, 2)), r"distances \(0, 2\); each is at least 1"),
        (lambda: claim(kind="better"), "Claim 'c' is of kind 'better'; it must be one of 'superiority'"),
        (lambda: claim(others=()), r"Claim 'c' compares 'cnn3' with \[\]"),
        (lambda: claim(others=("cnn3",)), r"compares 'cnn3' with \['cnn3'\]"),
        (lambda: claim(variant=("cnn3", "cnn5"), kind="best of k"), r"compares \('cnn3', 'cnn5'\) with \['mlp'\]"),
        (lambda: claim(variant=("cnn3", "cnn5"), kind="equivalence", others=()), r"compares .* with \[\]"),
        (lambda: claim(refuted_by=" "), "Claim 'c' does not say what would refute it"),
        (lambda: claim(margin=0.0), "Claim 'c' has a margin of 0.0"),
        (lambda: claim(expected=0.1), "'c' is a superiority with counts or an expected difference"),
        (lambda: arithmetic(counts=()), "'a' is arithmetic, with 0 counts"),
        (lambda: arithmetic(variant="cnn3"), r"'a' is arithmetic, with 1 counts and the variants \['cnn3'\]"),
        (lambda: study(decisions=(Decision("Kernel", "3", "why", "filters"),)), "names experiment 'filters'; .*kernel"),
        (lambda: study().runs("quick"), "'mine' is no part of profile 'quick'; it is in smoke, full"),
        (
            lambda: study(budgets={"quick": Budget(1, 1, experiments=("depth",))}),
            r"names the experiments \['depth'\], which it lacks",
        ),
    ],
)
def test_bad_declarations_are_named(make: Callable[[], object], message: str) -> None:
    with pytest.raises(SpecError, match=message):
        make()


def test_a_budget_may_leave_out_a_variant_of_the_equivariance_probe() -> None:
    deep = Variant("deep", "Deep", cnn(IMAGE, filters=[4, 4], kernel=3, dense=8))
    probed = study(
        variants=(*study().variants, deep),
        equivariance=("cnn3", "deep"),
        budgets={"smoke": replace(smoke_budget(), experiments=("kernel",)), "full": Budget(seeds=3, epochs=4)},
    )
    assert probed.equivariance_in("smoke") == ("cnn3",)
    assert probed.equivariance_in("full") == ("cnn3", "deep")


def test_six_claims_and_the_best_of_k_are_accepted() -> None:
    best = claim("best", kind="best of k", others=("mlp", "cnn5"))
    several = claim("several", variant=("cnn3", "cnn5"))
    alone = claim("alone", kind="equivalence", others=())
    declared = study(claims=(best, several, alone, *(claim(str(i)) for i in range(3)), arithmetic(), arithmetic("b")))
    assert len(declared.claims) == 8
    assert len(declared.primary_claims) == 6
    assert several.pairs == (("cnn3", "mlp"), ("cnn5", "mlp"))
    assert alone.pairs == (("cnn3", None),)


# ---------------------------------------------------------------- the studies that are declared


@pytest.mark.parametrize(
    ("name", "profile"),
    [(name, profile) for name in STUDIES for profile in PROFILES if profile in STUDIES[name].budgets],
)
def test_declared_runs_fit_their_images(name: str, profile: Profile) -> None:
    declared = STUDIES[name]
    runs = declared.runs(profile)
    assert {declared.baseline, declared.reference} <= set(runs)
    for of_variant in runs.values():
        assert [run.seed for run in of_variant] == list(range(declared.budget(profile).seeds))
        for run in of_variant:
            dataset = run.data.dataset
            if isinstance(dataset, Table):
                rows = known_table(dataset.name).rows
                available, shape = rows - -(-rows // dataset.folds), (1, *known_table(dataset.name).layout)
            elif isinstance(dataset, Glyphs):
                available, shape = dataset.train, (dataset.channels, dataset.size, dataset.size)
            else:
                assert isinstance(dataset, str)
                available, shape = IMAGES[dataset]
            side = run.data.canvas
            assert run.model.input_shape == ((shape[0], side, side) if side else shape)
            assert run.data.validation_images + (run.data.train_images or 1) <= available
            assert run.model.classes == (2 if isinstance(dataset, Table) else 10)


@pytest.mark.parametrize("name", STUDIES)
def test_smoke_data_needs_no_network(name: str, tmp_path: Path) -> None:
    for of_variant in STUDIES[name].runs("smoke").values():
        assert isinstance(of_variant[0].data.dataset, Glyphs | Table)
    run = STUDIES[name].runs("smoke")[STUDIES[name].baseline][0]
    parts = all_tested(load(run.data.dataset, tmp_path, download=False), run.data, seed=0)
    assert parts.train.pixels.shape[1:] == run.model.input_shape


def test_ids_are_unique_and_fit_for_file_names() -> None:
    assert all(study.id == name for name, study in STUDIES.items())
    claims = [claim.id for study in STUDIES.values() for claim in study.claims]
    assert len(set(claims)) == len(claims)
    ids = [*STUDIES, *claims, *(v.id for s in STUDIES.values() for v in s.variants)]
    assert all(re.fullmatch(r"[a-z0-9_-]+", name) for name in ids)
    full = [study.budget("full").seeds for study in STUDIES.values()]
    assert min(full) >= 8  # verdicts need as many


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("study = (", r"mine\.py, line 1: .* was never closed"),
        ("import sys\n\nsys.exit(0)\n", r"mine\.py, line 3: SystemExit: 0"),
        ("x = 1\nstudy = Studdy()\n", r"mine\.py, line 2: NameError: name 'Studdy'"),
        (
            "from convscope.specs import Conv2d\n\n\ndef layer():\n    return Conv2d(4, 0)\n\n\nstudy = layer()\n",
            r"mine\.py, line 8: Conv2d kernel is 0",
        ),
        ("study = 3\n", r"mine\.py defines no study"),
    ],
)
def test_what_is_wrong_with_a_file_is_told_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "mine.py").write_text(text)
    with pytest.raises(SpecError, match=message):
        select("mine", tmp_path)


def test_select() -> None:
    assert select("") == tuple(STUDIES.values())
    assert [study.id for study in select("mnist, fashion  mnist")] == ["mnist", "fashion"]
    with pytest.raises(SpecError, match=r"(?s)STUDIES names 'imagenet'.*Known are: mnist, mnist_numpy"):
        select("mnist imagenet")

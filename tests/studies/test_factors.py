from __future__ import annotations

import re
from dataclasses import replace
from itertools import permutations
from pathlib import Path
from typing import Any, get_args

import pytest

from convscope.errors import SpecError
from convscope.specs import (
    BatchNorm2d,
    Conv2d,
    Dense,
    Dropout,
    Flatten,
    GlobalAveragePool,
    Layer,
    LocallyConnected2d,
    ModelSpec,
    PermutePixels,
    Pool2d,
    Residual,
    TrainSpec,
)
from convscope.studies.factors import Factor, check_one_factor

TRAINING = TrainSpec(epochs=2)
LOGITS = Dense(10, "none")
HEAD: tuple[Layer, ...] = (Flatten(), Dense(16), LOGITS)


def model(*body: Layer, head: tuple[Layer, ...] = HEAD) -> ModelSpec:
    return ModelSpec((1, 16, 16), (*body, *head))


BASE = model(Conv2d(8, 3), Pool2d(), Conv2d(16, 3), Pool2d())

ONE_FACTOR: dict[Factor, list[ModelSpec]] = {
    "kernel": [
        model(Conv2d(8, 5), Pool2d(), Conv2d(16, 5), Pool2d()),
        model(Conv2d(8, 7), Pool2d(), Conv2d(16, 3), Pool2d()),  # in the first layer alone
    ],
    "filters": [model(Conv2d(16, 3), Pool2d(), Conv2d(32, 3), Pool2d())],
    "depth": [
        model(Conv2d(8, 3), Pool2d()),
        model(Conv2d(8, 3), Pool2d(), Conv2d(16, 3), Pool2d(), Conv2d(32, 3), Pool2d()),  # filters go on doubling
        model(Conv2d(8, 3), *(Pool2d(), Conv2d(16, 3)) * 3, Pool2d()),  # the last block again, twice
    ],
    "pooling": [
        model(Conv2d(8, 3), Pool2d("average"), Conv2d(16, 3), Pool2d("average")),
        model(Conv2d(8, 3), Pool2d(size=4), Conv2d(16, 3), Pool2d(size=4)),
        model(Conv2d(8, 3), Conv2d(16, 3)),
        model(Conv2d(8, 3), Pool2d(), Conv2d(16, 3)),  # after the first block alone
    ],
    "stride": [model(Conv2d(8, 3, stride=2), Pool2d(), Conv2d(16, 3), Pool2d())],
    "padding": [model(Conv2d(8, 3, padding="valid"), Pool2d(), Conv2d(16, 3, padding="valid"), Pool2d())],
    "activation": [
        model(Conv2d(8, 3, activation="tanh"), Pool2d(), Conv2d(16, 3, activation="tanh"), Pool2d()),
        model(Conv2d(8, 3, activation="gelu"), Pool2d(), Conv2d(16, 3, activation="gelu"), Pool2d()),
    ],
    "head": [
        replace(BASE, layers=(*BASE.layers[:4], GlobalAveragePool(), LOGITS)),
        replace(BASE, layers=(*BASE.layers[:4], Flatten(), LOGITS)),
        replace(BASE, layers=(*BASE.layers[:4], Flatten(), Dense(64), LOGITS)),
        replace(BASE, layers=(*BASE.layers[:4], Flatten(), Dense(16, "tanh"), LOGITS)),
        replace(BASE, layers=(*BASE.layers[:4], Flatten(), Dense(16), Dense(16), LOGITS)),
        replace(BASE, layers=(*BASE.layers[:4], GlobalAveragePool(), Dense(16), LOGITS)),
    ],
    "weight sharing": [
        model(LocallyConnected2d(8, 3), Pool2d(), LocallyConnected2d(16, 3), Pool2d()),
        model(LocallyConnected2d(8, 3), *BASE.layers[1:4]),  # in the first layer alone
    ],
    "pixel order": [model(PermutePixels(), *BASE.layers[:4]), model(PermutePixels(4), *BASE.layers[:4])],
    "dilation": [model(Conv2d(8, 3, dilation=2), *BASE.layers[1:4])],
    "groups": [model(Conv2d(8, 3), Pool2d(), Conv2d(16, 3, groups=4), Pool2d())],
    "batch normalisation": [
        model(*(Conv2d(8, 3, activation="none"), BatchNorm2d()), Pool2d(), *BASE.layers[2:4]),
    ],
    "dropout": [model(*BASE.layers[:4], Dropout(0.2))],
}
PLAIN = model(Conv2d(8, 3), Conv2d(8, 3), Conv2d(8, 3), Pool2d())
SKIPPED = model(Conv2d(8, 3), Residual((Conv2d(8, 3), Conv2d(8, 3, activation="none"))), Pool2d())


def check(
    factor: Any,
    *models: ModelSpec,
    trainings: tuple[TrainSpec, ...] = (TRAINING,) * 9,
    images: tuple[int | None, ...] = (None,) * 9,
) -> None:
    names = [f"v{i}" for i in range(len(models))]
    check_one_factor("Experiment 'x'", factor, list(zip(names, models, trainings, images, strict=False)))


@pytest.mark.parametrize("factor", ONE_FACTOR)
def test_a_factor_that_differs_alone_is_accepted(factor: Factor) -> None:
    check(factor, BASE, *ONE_FACTOR[factor])
    for other in ONE_FACTOR[factor]:
        check(factor, other, BASE)


@pytest.mark.parametrize(("factor", "other"), list(permutations(ONE_FACTOR, 2)))
def test_another_factor_is_refused(factor: Factor, other: Factor) -> None:
    for changed in ONE_FACTOR[other]:
        with pytest.raises(SpecError, match=f"'v0' and 'v1' differ in more than {factor}"):
            check(factor, BASE, changed)


def deeper(*block: Layer) -> ModelSpec:
    return model(*BASE.layers[:4], *block)


SECOND: list[tuple[Factor, ModelSpec, str]] = [
    ("kernel", model(Conv2d(8, 5), Pool2d(), Conv2d(32, 5), Pool2d()), "'filters', 16.*'filters', 32"),
    ("kernel", model(Conv2d(8, 5), Pool2d("average"), Conv2d(16, 5), Pool2d()), "kind='max'.*kind='average'"),
    ("filters", model(Conv2d(16, 3, 2), Pool2d(), Conv2d(32, 3), Pool2d()), "'stride', 1.*'stride', 2"),
    ("stride", model(Conv2d(8, 5, 2), Pool2d(), Conv2d(16, 3), Pool2d()), "'kernel', 3.*'kernel', 5"),
    ("padding", model(Conv2d(8, 3, padding="valid"), Pool2d(), Conv2d(16, 3)), "8 layers|6 layers|Pool2d"),
    (
        "activation",
        model(
            *BASE.layers[:2], Conv2d(16, 3, activation="tanh"), Pool2d(), head=(Flatten(), Dense(16, "tanh"), LOGITS)
        ),
        "activation='relu'.*activation='tanh'",
    ),
    ("pooling", model(Conv2d(8, 3), Conv2d(16, 3), head=(Flatten(), Dense(32), LOGITS)), "units=16.*units=32"),
    ("head", model(Conv2d(8, 5), *BASE.layers[1:4], head=(GlobalAveragePool(), LOGITS)), "kernel=3.*kernel=5"),
    ("depth", model(Conv2d(4, 3), Pool2d()), "filters=8.*filters=4"),
    ("depth", model(Conv2d(8, 3), Pool2d(), head=(Flatten(), Dense(32), LOGITS)), "units=16.*units=32"),
    ("depth", deeper(Conv2d(32, 5), Pool2d()), "kernel=3.*kernel=5"),
    ("depth", deeper(Conv2d(32, 3, stride=2), Pool2d()), "stride=1.*stride=2"),
    ("depth", deeper(Conv2d(32, 3, padding="valid"), Pool2d()), "padding='same'.*padding='valid'"),
    ("depth", deeper(Conv2d(32, 3, activation="tanh"), Pool2d()), "activation='relu'.*activation='tanh'"),
    ("depth", deeper(LocallyConnected2d(32, 3), Pool2d()), "Conv2d.*LocallyConnected2d"),
    ("depth", deeper(Conv2d(32, 3), Pool2d("average")), "kind='max'.*kind='average'"),
    ("depth", deeper(Conv2d(32, 3)), "2 layers in block 2, 1 in block 3"),
    ("depth", deeper(Conv2d(48, 3), Pool2d()), "16, 48 filters.*16, 16 or 16, 32"),
    ("depth", deeper(Conv2d(16, 3), Pool2d(), Conv2d(32, 3), Pool2d()), "16, 16, 32 filters.*16, 16, 16 or 16, 32, 64"),
    ("depth", model(PermutePixels(), *BASE.layers[:2]), "PermutePixels"),
    ("pooling", model(Conv2d(8, 3), Pool2d("average", 4), Conv2d(16, 3), Pool2d("average", 4)), "kind and size"),
    ("pooling", model(Conv2d(8, 3), Pool2d("average"), Conv2d(16, 3), Pool2d(size=4)), "kind and size"),
    ("pooling", model(Conv2d(8, 3), Pool2d(size=4), Conv2d(16, 3)), "size=2.*size=4"),
    ("pooling", model(Conv2d(8, 3), Conv2d(16, 3), Pool2d("average")), "kind='max'.*kind='average'"),
    ("pooling", model(Pool2d(), Conv2d(8, 3), Conv2d(16, 3), Pool2d()), "moved"),
    ("head", replace(BASE, layers=(*BASE.layers[:4], Flatten(), Dense(32, "tanh"), LOGITS)), "units and activation"),
    (
        "head",
        replace(BASE, layers=(*BASE.layers[:4], GlobalAveragePool(), Dense(32), LOGITS)),
        "Flatten or global average pooling and units",
    ),
    ("head", replace(BASE, layers=(*BASE.layers[:4], Flatten(), Dense(16), Dense(9, "none"))), "units=10.*units=9"),
    ("pixel order", model(Conv2d(8, 3), PermutePixels(), *BASE.layers[1:4]), "PermutePixels"),
    ("pixel order", model(PermutePixels(), PermutePixels(), *BASE.layers[:4]), "PermutePixels"),
    ("head", replace(BASE, layers=(*BASE.layers[:4], GlobalAveragePool(), Dropout(0.5), LOGITS)), "other layers"),
    ("batch normalisation", model(Conv2d(8, 3), BatchNorm2d("tanh"), *BASE.layers[1:4]), "BatchNorm2d.*tanh"),
    ("batch normalisation", model(*BASE.layers[:2], BatchNorm2d(), *BASE.layers[2:4]), "BatchNorm2d.*relu"),
    (
        "batch normalisation",
        model(Conv2d(8, 3, activation="none"), BatchNorm2d(), BatchNorm2d("tanh"), *BASE.layers[1:4]),
        "BatchNorm2d.*tanh",
    ),
    # as deep as the other, with another second block:
    ("depth", model(Conv2d(8, 3), Pool2d(), Conv2d(16, 5), Pool2d()), "kernel=3.*kernel=5"),
    ("depth", model(Conv2d(8, 3), Pool2d(), Conv2d(32, 3), Pool2d(), Conv2d(64, 3)), "filters=16.*filters=32"),
]


@pytest.mark.parametrize(("factor", "other", "named"), SECOND)
def test_a_second_difference_is_named(factor: Factor, other: ModelSpec, named: str) -> None:
    with pytest.raises(SpecError, match=rf"differ in more than {factor}: .*({named})"):
        check(factor, BASE, other)


def test_a_connection_around_layers_is_a_factor() -> None:
    check("skip connection", PLAIN, SKIPPED)
    normalised = (Conv2d(8, 3, activation="none"), BatchNorm2d(), Conv2d(8, 3, activation="none"), BatchNorm2d("none"))
    check("batch normalisation", SKIPPED, model(Conv2d(8, 3), Residual(normalised), Pool2d()))
    with pytest.raises(SpecError, match="differ in more than skip connection"):
        check("skip connection", PLAIN, model(Conv2d(8, 3), Residual(normalised), Pool2d()))
    inside = model(Conv2d(8, 5), Residual((Conv2d(8, 5), Conv2d(8, 5, activation="none"))), Pool2d())
    check("kernel", SKIPPED, inside)
    with pytest.raises(SpecError, match="differ in more than dropout"):
        check("dropout", SKIPPED, inside)


def test_a_connection_adds_no_activation() -> None:
    for block in (
        Residual((Conv2d(8, 3),), "tanh"),
        Residual((Conv2d(8, 3), Dropout(0.5))),
        Residual((Residual((Conv2d(8, 3),), "none"),), "tanh"),
    ):
        plain = model(*PLAIN.layers[:1], *block.layers, *PLAIN.layers[3:4])
        with pytest.raises(SpecError, match="differ in more than skip connection"):
            check("skip connection", plain, replace(plain, layers=(plain.layers[0], block, *plain.layers[-4:])))


def test_normalisation_without_an_activation_stands_anywhere() -> None:
    linear = BatchNorm2d("none")
    check("batch normalisation", BASE, model(linear, *BASE.layers[:2], linear, *BASE.layers[2:4]))


def test_one_choice_of_dropout_is_changed_at_a_time() -> None:
    one, other = deeper(Dropout(0.1)), deeper(Dropout(0.5))
    twice, moved = deeper(Dropout(0.1), Dropout(0.1)), model(*BASE.layers[:2], Dropout(0.5), *BASE.layers[2:4])
    check("dropout", one, other, twice, BASE)
    with pytest.raises(SpecError, match="differ in more than dropout: dropout has moved to another place"):
        check("dropout", one, moved)
    with pytest.raises(SpecError, match=r"differ in more than dropout: .*rate=0\.5.*rate=0\.1"):
        check("dropout", other, twice)


def test_settings_of_training_are_factors_of_their_own() -> None:
    decayed, augmented = replace(TRAINING, weight_decay=0.01), replace(TRAINING, shift=2, flip=True)
    check("weight decay", BASE, BASE, trainings=(TRAINING, decayed))
    check("augmentation", BASE, BASE, trainings=(TRAINING, augmented))
    with pytest.raises(SpecError, match="'v0' and 'v1' are the same training; they must differ in weight decay"):
        check("weight decay", BASE, BASE, trainings=(TRAINING, TRAINING))
    with pytest.raises(SpecError, match="are trained differently"):
        check("augmentation", BASE, BASE, trainings=(TRAINING, replace(augmented, weight_decay=0.01)))
    with pytest.raises(SpecError, match="differ in more than weight decay"):
        check("weight decay", BASE, ONE_FACTOR["kernel"][0], trainings=(TRAINING, decayed))


def test_the_page_names_every_factor() -> None:
    page = (Path(__file__).parents[2] / "site" / "docs" / "add-a-study.md").read_text(encoding="utf-8")
    (row,) = [line for line in page.splitlines() if line.startswith("| `experiments`")]
    assert set(re.findall(r"`([^`]+)`", row)) == {"experiments", *get_args(Factor)}


def test_every_variant_is_compared() -> None:
    kernel5, filters = ONE_FACTOR["kernel"][0], ONE_FACTOR["filters"][0]
    with pytest.raises(SpecError, match="'v0' and 'v2' differ in more than kernel"):
        check("kernel", BASE, kernel5, filters)


@pytest.mark.parametrize("factor", ONE_FACTOR)
def test_equal_networks_are_refused(factor: Factor) -> None:
    with pytest.raises(SpecError, match=f"'v0' and 'v1' are the same network; they must differ in {factor}"):
        check(factor, BASE, model(*BASE.layers[:4]))


def test_the_number_of_training_images_is_a_factor_of_its_own() -> None:
    check("training images", BASE, BASE, BASE, images=(100, 300, 50))
    with pytest.raises(SpecError, match="'v0' and 'v2' are the same training set; they must differ in training images"):
        check("training images", BASE, BASE, BASE, images=(100, 300, 100))
    with pytest.raises(SpecError, match=r"differ in more than training images: .*kernel=3.*kernel=5"):
        check("training images", BASE, ONE_FACTOR["kernel"][0], images=(100, 300))
    with pytest.raises(SpecError, match="'v0' and 'v1' are trained with 100 and None images"):
        check("kernel", BASE, ONE_FACTOR["kernel"][0], images=(100, None))


def test_a_layer_of_another_kind_is_no_kernel_size() -> None:
    with pytest.raises(SpecError, match=r"differ in more than kernel: .*Conv2d.*LocallyConnected2d"):
        check("kernel", BASE, model(LocallyConnected2d(8, 5), *BASE.layers[1:4]))


@pytest.mark.parametrize(
    "training",
    [
        replace(TRAINING, learning_rate=2e-3),
        replace(TRAINING, epochs=3),
        replace(TRAINING, engine="numpy"),  # another numeric mode as well
        replace(TRAINING, optimiser="sgd"),
        replace(TRAINING, updates=10),
    ],
)
def test_different_training_is_refused(training: TrainSpec) -> None:
    with pytest.raises(SpecError, match=r"'v0' and 'v1' are trained differently: TrainSpec.*TrainSpec"):
        check("kernel", BASE, ONE_FACTOR["kernel"][0], trainings=(TRAINING, training))


def test_other_refusals_name_what_is_wrong() -> None:
    larger = ModelSpec((1, 20, 16), ONE_FACTOR["kernel"][0].layers)
    with pytest.raises(SpecError, match=r"\(1, 16, 16\) and \(1, 20, 16\)"):
        check("kernel", BASE, larger)
    with pytest.raises(SpecError, match=r"factor 'width'; it must be one of .*kernel.*depth"):
        check("width", BASE, BASE)
    with pytest.raises(SpecError, match=r"compares \['v0'\]; it needs at least two"):
        check("kernel", BASE)

"""Checks of tasks 1 to 3 and the bonus: what each chapter shows of its data, its baseline and its network."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import partial

from convscope.models.describe import describe_layer
from convscope.submission.artefacts import Absent, Part
from convscope.submission.chapters import Chapter

# Words in the first cell of a row of the justification table, for each choice that the assignment lists.
CHOICES = {
    "layers": ("layer", "depth", "block"),
    "kernel": ("kernel",),
    "filters": ("filter",),
    "stride": ("stride",),
    "padding": ("padding",),
    "activation": ("activation",),
    "pooling": ("pooling",),
    "head": ("head",),
}
FEWEST_WORDS_OF_A_REASON = 4
TO_DO = "TODO"  # as the template of a new study has it: a reason that is still to be written


# ---------------------------------------------------------------- task 1: data


def size(chapter: Chapter) -> list[Part]:
    """Look for images of the training, validation and test part."""
    table = chapter.table("data")
    table.must_show(*(f"{chapter.at}/images/{part}" for part in ("train", "validation", "test")))
    return [table]


def classes(chapter: Chapter) -> list[Part]:
    """Look for the classes' number and their names."""
    table, names = chapter.table("data"), chapter.dataset["class_names"]
    shown = table.shown(f"/datasets/{chapter.study['dataset']}/class_names")
    if str(len(names)) not in shown:
        raise Absent(f"{table.label} does not count the {len(names)} classes")
    if not any(all(name in text for name in names) for text in shown):
        raise Absent(f"{table.label} does not name the classes")
    return [table]


def distribution(chapter: Chapter) -> list[Part]:
    """Look for a bar for each class and part, with its count, and how balanced they are."""
    figure, table = chapter.figure("classes"), chapter.table("data")
    figure.must_draw(*chapter.dataset["class_names"])
    figure.must_draw(*(f"{count:,}" for count in chapter.dataset["train_counts"]))
    if figure.drawing.bars < len(chapter.dataset["class_names"]):
        raise Absent(f"{figure.label} has fewer bars than classes")
    table.must_show(f"/datasets/{chapter.study['dataset']}/imbalance")
    return [figure, table]


def dimensions(chapter: Chapter) -> list[Part]:
    """Look for height, width, channels and values; as all images are of one size, a histogram would be one bar."""
    table, at = chapter.table("data"), f"/datasets/{chapter.study['dataset']}"
    table.must_show(f"{at}/height", f"{at}/width", f"{at}/pixel_minimum", f"{at}/pixel_maximum")
    words = " ".join(" ".join(row) for row in table.rows)
    if "every image has" not in words or "channel" not in words:
        raise Absent(f"{table.label} does not say that every image has this size, and how many channels")
    return [table]


def samples(chapter: Chapter) -> list[Part]:
    """Look for pictures of every class."""
    return [_pictures_of_every_class(chapter, "samples")]


def means(chapter: Chapter) -> list[Part]:
    """Look for the mean image of every class."""
    return [_pictures_of_every_class(chapter, "means")]


def _pictures_of_every_class(chapter: Chapter, name: str) -> Part:
    figure = chapter.figure(name)
    figure.must_draw(*chapter.dataset["class_names"])
    if not figure.drawing.pictures:
        raise Absent(f"{figure.label} shows no image")
    return figure


def preprocessing(chapter: Chapter) -> list[Part]:
    """Look for what is done to the pixels, in words, and with which mean and standard deviation."""
    section, table = chapter.section("data"), chapter.table("data")
    section.must_say({"preprocessing": "preprocessing", "what is done to the pixels": "divided by"})
    table.must_show(*(f"/datasets/{chapter.study['dataset']}/{measure}" for measure in ("mean", "sd")))
    return [section, table]


def histogram(chapter: Chapter) -> list[Part]:
    """Look for pixel values as they are stored beside those that the network sees."""
    figure = chapter.figure("histogram")
    if figure.drawing.axes < 2:
        raise Absent(f"{figure.label} does not set original and normalised values beside each other")
    figure.must_draw("As stored", "Normalised")
    return [figure]


def suits_convolution(chapter: Chapter) -> list[Part]:
    """Look for how much near and distant pixels have to do with each other."""
    section = chapter.section("data")
    section.must_say({"convolution": "convolution"})
    place = f"/datasets/{chapter.study['dataset']}/neighbour_correlation"
    if len({source for source, _ in section.values if source.startswith(f"{place}/")}) < 2:
        raise Absent(f"{section.label} does not show the correlation of pixels at two distances")
    return [section]


# ---------------------------------------------------------------- task 2: baseline


def baseline_diagram(chapter: Chapter) -> list[Part]:
    """Look for a drawing with every layer's output."""
    return [_diagram(chapter, "baseline")]


def baseline_parameters(chapter: Chapter) -> list[Part]:
    """Look for a count of each layer, and the sum."""
    section, table = chapter.section("baseline"), _layer_table(chapter, "baseline")
    section.must_show(f"{chapter.at}/variants/{chapter.study['baseline']}/parameters")
    return [section, table]


def baseline_curves(chapter: Chapter) -> list[Part]:
    """Look for loss and accuracy by epoch, for training and validation."""
    figure = chapter.figure("baseline-curves")
    figure.must_draw("epoch", "cross-entropy loss", "accuracy", "training", "validation")
    if figure.drawing.axes < 2 or figure.drawing.lines < 4:
        raise Absent(f"{figure.label} has fewer than two curves of loss and two of accuracy")
    return [figure]


def baseline_accuracy(chapter: Chapter) -> list[Part]:
    """Look for what the baseline reaches on training and test images."""
    section, at = chapter.section("baseline"), f"{chapter.at}/variants/{chapter.study['baseline']}"
    section.must_show(f"{at}/test_accuracy/mean", f"{at}/train_accuracy/mean")
    return [section]


def baseline_limits(chapter: Chapter) -> list[Part]:
    """Look for the baseline's limits, in words."""
    section = chapter.section("baseline")
    section.must_say({"limits": r"\blimit"})
    return [section]


# ---------------------------------------------------------------- task 3: network


def network_diagram(chapter: Chapter) -> list[Part]:
    """Look for a drawing with every layer's output."""
    return [_diagram(chapter, "reference")]


def network_layers(chapter: Chapter) -> list[Part]:
    """Look for a table with output, parameters, cost and receptive field of every layer."""
    return [_layer_table(chapter, "reference")]


def justification(chapter: Chapter) -> list[Part]:
    """Look for a row with its choice and its why for every decision that the study declares."""
    if not chapter.study["decisions"]:
        raise Absent("the study declares no design decisions")
    table = chapter.table("decisions")
    for decision in chapter.study["decisions"]:
        _must_justify(table, partial(str.__eq__, decision["decision"]), decision["decision"])
    return [table]


def justified(choice: str) -> Callable[[Chapter], list[Part]]:
    """Return the check of one choice that the assignment lists: a row with its why."""

    def check(chapter: Chapter) -> list[Part]:
        table = chapter.table("decisions")
        _must_justify(table, lambda cell: any(word in cell.lower() for word in CHOICES[choice]), choice)
        return [table]

    return check


def _must_justify(table: Part, is_it: Callable[[str], bool], name: str) -> None:
    for row in table.rows:
        if is_it(row[0]):
            if len(row) < 3 or not row[1] or len(row[2].split()) < FEWEST_WORDS_OF_A_REASON or TO_DO in row[2]:
                raise Absent(f"{table.label} gives no reason for {name!r}")
            return
    raise Absent(f"{table.label} has no row for {name!r}")


def _diagram(chapter: Chapter, role: str) -> Part:
    figure = chapter.figure(role)
    model = chapter.models[chapter.study[role]]
    wanted = [line for layer in model.layers for line in describe_layer(layer)]
    wanted += ["×".join(map(str, shape)) for shape in model.shapes]
    lacking = Counter(wanted) - Counter(figure.drawing.texts)
    if lacking:
        raise Absent(f"{figure.label} does not draw {', '.join(lacking)}")
    return figure


def _layer_table(chapter: Chapter, role: str) -> Part:
    variant = chapter.study[role]
    table = chapter.table(f"{variant}-layers")
    at = f"{chapter.at}/variants/{variant}"
    for number, _ in enumerate(chapter.layers(variant)):
        here = f"{at}/layers/{number}"
        table.must_show(*(f"{here}/{what}" for what in ("output_shape", "parameters", "macs", "receptive_field")))
    table.must_show(f"{at}/parameters")
    return table


# ---------------------------------------------------------------- bonus


def filters(chapter: Chapter) -> list[Part]:
    """Look for the learned filters of the first layer."""
    figure = chapter.figure(f"{chapter.study['reference']}-filters")
    if not figure.drawing.pictures:
        raise Absent(f"{figure.label} shows no filter")
    return [figure]


def feature_maps(chapter: Chapter) -> list[Part]:
    """Look for what the first two convolutional layers make of one image."""
    figure = chapter.figure(f"{chapter.study['reference']}-features")
    figure.must_draw("Input", "Layer 1", "Layer 2")
    if figure.drawing.pictures < 3:
        raise Absent(f"{figure.label} does not show the input and two layers")
    return [figure]


def confusion(chapter: Chapter) -> list[Part]:
    """Look for which class is taken for which."""
    figure = chapter.figure("confusion")
    figure.must_draw("predicted class", "true class", *chapter.dataset["class_names"])
    return [figure]

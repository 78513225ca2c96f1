"""What a figure shows, in sentences made from the rows that it is drawn from: its alternative text.

Whoever hears a figure hears what it found, and other results make other sentences. English here; each has ``{}`` in a
catalogue where it has a name or a number.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from statistics import median

from convscope.figures.registry import Finding, Row, Rows, Sentences, groups
from convscope.figures.style import signed


def extremes(rows: Rows, column: str = "test_accuracy", scale: float = 100, highest: str = "Highest") -> Sentences:
    """Say which is highest and which lowest."""
    ranked = sorted(rows, key=lambda row: float(row[column]))
    low, high = (f"{row['title']} ({scale * row[column]:.1f} %)" for row in _ends(ranked))
    return [f"{highest}: {high}; lowest: {low}."]


def work(rows: Rows) -> Sentences:
    """Say what is most accurate, and at which cost."""
    best, cheapest = max(rows, key=lambda row: float(row["test_accuracy"])), min(rows, key=lambda row: int(row["macs"]))
    if best["macs"] == cheapest["macs"]:
        return [f"Most accurate is {best['title']}, and none does less work."]
    times = best["macs"] / cheapest["macs"]
    return [f"Most accurate is {best['title']}, with {times:.1f} times the work of {cheapest['title']}."]


def last_epoch(rows: Rows, column: str, **chosen: str) -> Sentences:
    """Say where the curves of validation end, and of one network those of training, too."""
    ends = {(row["title"], row["part"]): row for row in rows if chosen.items() <= row.items()}  # the last of each
    validation = [row for (_, part), row in ends.items() if part == "validation"]
    if len(validation) > 1:
        return extremes(validation, column, highest="Highest validation accuracy in the last epoch")
    seen, unseen = (f"{100 * row[column]:.1f} %" for row in (ends[validation[0]["title"], "train"], *validation))
    return [f"In the last epoch {seen} of the training images are right, and {unseen} of the validation images."]


def classes_ahead(rows: Rows) -> Sentences:
    """Say in how many classes the reference is ahead, and where the difference is largest."""
    gains = {row["class"]: 100 * (row["reference"] - row["baseline"]) for row in rows}
    most = max(gains, key=lambda name: abs(gains[name]))
    ahead = sum(gain > 0 for gain in gains.values())
    one, other = (rows[0][f"{role}_title"] for role in ("reference", "baseline"))
    return [
        f"{one} is ahead of {other} in {ahead} of {len(gains)} classes.",
        f"The difference is largest for {most}: {signed(gains[most], 1)} points.",
    ]


def confused(rows: Rows) -> Sentences:
    """Say which class is taken most often for another."""
    most = max((row for row in rows if row["true"] != row["predicted"]), key=lambda row: float(row["share"]))
    return [f"Most often confused: {most['true']} is called {most['predicted']}, {100 * most['share']:.1f} %."]


def best_rates(rows: Rows) -> Sentences:
    """Say which learning rate is best for each network."""
    best = (max(line, key=lambda row: float(row["validation_accuracy"])) for line in groups(rows, "variant").values())
    listed = ((row["title"], f"{row['rate']:g}") for row in best)
    return [f"Best rate of each network: {_listed(listed)}."]


def gains(rows: Rows) -> Sentences:
    """Say how far the convolutional network is ahead of the fully connected one, study by study."""
    listed = ((row["title"], signed(row["points"], 1)) for row in rows)
    return [f"CNN minus MLP in points: {_listed(listed)}."]


def largest_kernels(rows: Rows) -> Sentences:
    """Say what the largest kernel of each study gains over its smallest."""
    ends = (line[-1] for line in groups(rows, "study").values())
    listed = ((f"{row['title']}, {row['side']}×{row['side']}", signed(row["difference"])) for row in ends)
    return [f"Largest kernel minus smallest in points: {_listed(listed)}."]


def steps(rows: Rows) -> Sentences:
    """Say what each step gains, study by study."""
    inner = [row for row in rows if row["step"] not in ("MLP", "CNN")]
    return [
        f"Steps in points, {title}: {_listed((row['step'], signed(row['to'] - row['from'])) for row in line)}."
        for title, line in groups(inner, "title").items()
    ]


def worth_of_sharing(rows: Rows) -> Sentences:
    """Say what shared weights gain, on pixels in their places and on shuffled ones."""
    said = []
    for title, line in groups(rows, "title").items():
        of = {row["variant"]: row["test_accuracy"] for row in line}
        natural, shuffled = (signed(of[f"conv{end}"] - of[f"local{end}"], 1) for end in ("", "-permuted"))
        said.append(f"{title}: sharing weights gains {natural} points, on shuffled pixels {shuffled}.")
    return said


def moved(rows: Rows) -> Sentences:
    """Say what is left of each network's accuracy at the largest distance."""
    return [
        f"{title}: {100 * line[0]['accuracy']:.1f} % in the middle, {100 * line[-1]['accuracy']:.1f} % moved by "
        f"{line[-1]['distance']} pixels."
        for title, line in groups(rows, "title").items()
    ]


def errors(rows: Rows) -> Sentences:
    """Say the largest error of each network."""
    measured = groups([row for row in rows if row["error"] is not None], "title").items()
    largest = ((title, f"{max(row['error'] for row in line):.2f}") for title, line in measured)
    return [f"Largest error of each network: {_listed(largest)}."]


def by_images(rows: Rows) -> Sentences:
    """Say how far the first network is ahead, with the fewest images and with the most."""
    one, other = (rows[0][f"title_{side}"].split(",")[0] for side in "ab")
    first, last = (f"{signed(100 * row['difference'], 1)} points with {row['train_images']:,}" for row in _ends(rows))
    return [f"{one} minus {other}: {first} images, {last}."]


def best_and_worst_choice(rows: Rows) -> Sentences:
    """Say which choice gains most and which loses most."""
    worst, best = _ends(sorted(rows, key=lambda row: float(row["difference"])))
    most, least = (f"{row['title']} ({signed(row['difference'])} points)" for row in (best, worst))
    return [f"Most is gained by {most}, least by {least}."]


def verdicts(rows: Rows) -> Sentences:
    """Count verdicts, and say which claim's effect is largest for its margin."""
    yes, no, still = (sum(row["verdict"] == of for row in rows) for of in ("supported", "refuted", "inconclusive"))
    effects = {row["claim"]: (row["effect"] - row["expected"]) / row["margin"] for row in rows}
    clearest = max(effects, key=lambda claim: abs(effects[claim]))
    return [
        f"{yes} claims are supported, {no} refuted, {still} open.",
        f"The largest effect for its margin is that of {clearest}: {signed(effects[clearest], 1)} margins.",
    ]


def alone_right(rows: Rows) -> Sentences:
    """Count what each network alone reads."""
    return [f"Images read by {name} alone: {line[0]['count']}." for name, line in groups(rows, "network").items()]


def class_sizes(rows: Rows) -> Sentences:
    """Say which class has the most training images and which the fewest."""
    least, most = _ends(sorted(rows, key=lambda row: int(row["train"])))
    if least["train"] == most["train"]:
        return [f"Each class has {most['train']:,} training images."]
    return [
        f"Most training images: {most['class']} ({most['train']:,}); fewest: {least['class']} ({least['train']:,})."
    ]


def shapes(rows: Rows) -> Sentences:
    """Say the shapes that flow through a network."""
    return [f"From one layer to the next: {', '.join(dict.fromkeys(row['output'] for row in rows))}."]


def reach(rows: Rows) -> Sentences:
    """Say how much of the image the last layer sees."""
    side = rows[-1]["receptive_field"]
    return [f"A value of the last layer sees {side}×{side} of {rows[0]['height']}×{rows[0]['width']} pixels."]


def waiting(rows: Rows) -> Sentences:
    """Say how long a call takes."""
    times = [row["milliseconds"] for row in rows]
    return [f"Half of the calls take less than {median(times):.1f} ms; the longest takes {max(times):.1f} ms."]


def answered(rows: Rows) -> Sentences:
    """Count the answers that are right, and those that are the ones computed here."""
    right, same = (sum(row["endpoint_says"] == row[what] for row in rows) for what in ("is", "computed_here"))
    return [f"{right} of {len(rows)} answers are right, {same} are those computed here."]


def _ends(rows: Rows) -> tuple[Row, Row]:
    return rows[0], rows[-1]


def _listed(pairs: Iterable[tuple[str, str]]) -> str:
    return "; ".join(map(" ".join, pairs))


curves: Finding = partial(last_epoch, column="mean", quantity="accuracy")
in_percent: Finding = partial(extremes, column="accuracy", scale=1)

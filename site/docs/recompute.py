"""Recompute what convscope's metrics.json says of accuracy from the published runs: each value, interval and verdict.

    python recompute.py data/published build/published/metrics.json

It needs NumPy and SciPy and imports nothing of convscope: it states the formulas a second time. From metrics.json it
takes what was declared (which runs, which comparisons, kinds, margins, levels), and compares accuracies with their
intervals, losses, curves, confusions, accuracies by class and after a shift, rates that were chosen, comparisons and
verdicts. Not recomputed: parameters and costs, power, times, data efficiency, facts of data sets. It ends with 0 if all
agree.
"""

import json
import lzma
import sys
from pathlib import Path

import numpy as np
from scipy.special import stdtrit

SIGNS = np.array([1.0, -1.0, -1.0, 1.0])  # of a difference, and of a difference of differences


def unpacked(file):
    return np.frombuffer(lzma.decompress(file.read_bytes()), np.uint8)


def head(folder):
    return json.loads((folder / "run.json").read_bytes())


def read(root, study):
    """Tables of seeds by test images, by measure and variant, and which images are of look-alike classes."""
    tables, alike = {}, None
    for name, variant in study["variants"].items():
        folders = [root / "runs" / key[:2] / key for key in variant["runs"]]
        heads = [head(folder) for folder in folders]
        right = np.array([unpacked(folder / "answers.xz") == 0 for folder in folders], float)
        trained_to = np.array([[head["history"][-1][1]] for head in heads])
        labels = unpacked(root / "datasets" / heads[0]["data"][:16] / "labels.xz")[: right.shape[1]]
        of_variant = {"accuracy": right, "generalisation gap": trained_to - right}
        if study.get("look_alikes"):
            alike = np.isin(labels, study["look_alikes"])
            of_variant["class gain"] = right * (alike / alike.mean() - ~alike / (~alike).mean())
        if "shift" in study:
            _, *distances = study["shift"]["distances"]
            images, claimed, period = (study["shift"][what] for what in ("images", "claimed", "period"))
            packed = [unpacked(next(folder.glob("moved-*.xz"))) for folder in folders]  # the array stands at the end
            moved = np.array([each[-len(distances) * 4 * images :] for each in packed])
            hits = (moved.reshape(len(folders), len(distances), 4, images) == labels[:images]).mean(axis=2)
            at = dict(zip(distances, hits.swapaxes(0, 1)))
            of_variant["accuracy after a shift"] = at[claimed]
            of_variant["accuracy lost by a shift"] = right[:, :images] - at[claimed]
            if period:
                of_variant["accuracy won back at the total stride"] = at[period] - at[period // 2]
        for measure, table in of_variant.items():
            tables.setdefault(measure, {})[name] = table
    return tables, alike


def crossed(table, imagined="counts", pooled=None):
    """Mean, standard error, Satterthwaite's degrees of freedom, and how many images tell; seeds and images are random.

    Agresti and Min imagine one more image that differs: where counts are few, and always where ratios are compared.
    """
    n, images = table.shape
    mean, by_seed, by_image = table.mean(), table.mean(axis=1), table.mean(axis=0)
    apart = table - np.median(table, axis=1, keepdims=True)
    sizes = np.abs(apart).max(axis=0)
    telling = sizes[sizes > 1e-9]
    if n == 1:
        return mean, None, None, len(telling)
    of_images = by_image.var(ddof=1) / images
    rest = ((table - by_seed[:, None] - by_image + mean) ** 2).sum() / ((n - 1) * (images - 1) * n * images)
    of_seed, degrees = pooled or (by_seed.var(ddof=1), n - 1.0)
    of_set = max(of_images - rest, 0.0)
    rarer = min((apart > 1e-9).any(axis=0).sum(), (apart < -1e-9).any(axis=0).sum())
    if imagined == "counts" and len(telling) < (20 if rarer >= 5 else 60):
        of_set += ((telling**2).mean() if len(telling) else 1.0) / (images + 2) ** 2
    if imagined == "ratios" and by_image.var():
        of_set += ((by_image - mean) ** 4).sum() / ((by_image - mean) ** 2).sum() / images**2
    variance = of_seed / n + of_set
    if of_set > 0:
        squares = np.array([of_seed / n, of_images, rest]) ** 2 / [degrees, images - 1, (n - 1) * (images - 1)]
        degrees = max(degrees, variance**2 / squares.sum() if squares.any() else images - 1.0)
    return mean, variance**0.5, degrees, len(telling)


def pool(tables, weights):
    """Below eight seeds: the variance of a weighted sum of variants at one seed, from all variants, and its degrees."""
    values = np.array([table.mean(axis=1) for table in tables])
    variants, seeds = values.shape if len(tables) else (0, 0)
    if not 1 < seeds < 8 or variants < 2:
        return None
    of_seed = values.mean(axis=0) - values.mean()
    rest = ((values - values.mean(axis=1, keepdims=True) - of_seed) ** 2).sum() / ((variants - 1) * (seeds - 1))
    common = np.sum(weights) ** 2 / variants
    parts = np.array([common * variants * (of_seed**2).sum() / (seeds - 1), (np.dot(weights, weights) - common) * rest])
    squares = (parts**2 / [seeds - 1, (seeds - 1) * (variants - 1)]).sum()
    return parts.sum(), parts.sum() ** 2 / squares if squares else (seeds - 1.0) * (variants - 1)


def limits(estimate, level):
    mean, error, degrees, _ = estimate
    return None if error is None else mean + stdtrit(degrees, (1 + level) / 2) * error * np.array([-1, 1])


def wilson(table, pooled):
    p, error, degrees, telling = crossed(table, None, pooled)
    if error is None:
        return None
    most, inside = table.shape[1] if telling < 20 else table.size, error > 0 and 0 < p < 1
    worth = min(p * (1 - p) / error**2, most) if inside else most
    square = stdtrit(degrees if inside else 1e9, 0.975) ** 2 / worth
    half = (square * p * (1 - p) + square**2 / 4) ** 0.5
    return np.clip((p + square / 2 + half * np.array([-1, 1])) / (1 + square), 0, 1)


def removed(a, b, level, whole):
    """Share of B's errors that A does not make, with limits from the logarithm of the ratio of the error rates."""
    errors, of_b = 1 - a.mean(), 1 - b.mean()
    weights = np.array([1 / errors if errors else 0.0, -1 / of_b])
    linear = crossed(weights[0] * (1 - a) + weights[1] * (1 - b), "ratios", pool(whole, weights))
    if linear[1] is None:
        return 1 - errors / of_b, None
    reach = np.exp(min(stdtrit(linear[2], (1 + level) / 2) * linear[1], 20) * np.array([1, -1]))
    if errors == 0:  # Wilson's limit for the error rate
        square = stdtrit(1e9, (1 + level) / 2) ** 2
        return 1.0, [1 - square / (a.shape[1] + square) / of_b * reach[0], 1.0]
    return 1 - errors / of_b, 1 - errors / of_b * reach


def share(a, b, named):
    """Numbers whose mean is the share of B's errors removed on the images named, linear about its value."""
    ours, theirs = ((1 - right) * named / named.mean() for right in (a, b))
    return 1 - ours / theirs.mean() + ours.mean() / theirs.mean() * (theirs / theirs.mean() - 1)


def verdict(kind, estimates, margin, level, expected):
    """The rule of a kind of claim, from all its comparisons."""

    def superior(mean, low, high):
        return "supported" if low > 0 and mean >= margin else "refuted" if high < margin else "inconclusive"

    def equal(_, low, high):
        inside = -margin < low and high < margin
        return "supported" if inside else "refuted" if low >= margin or high <= -margin else "inconclusive"

    found = [np.array([each[0], *limits(each, level)]) - expected for each in estimates]
    outcomes = {(equal if kind == "equivalence" else superior)(*each) for each in found}
    if kind == "best of k" and "supported" in {superior(-mean, -high, -low) for mean, low, high in found}:
        return "refuted"
    if kind == "best of k":
        return "supported" if outcomes == {"supported"} else "inconclusive"
    return next(each for each in ("refuted", "inconclusive", "supported") if each in outcomes)


def told(root, name, study):
    """Yield what the runs of a variant, and those that its rate was chosen from, say by themselves."""
    variant, history = (
        study["variants"][name],
        ("train_loss", "train_accuracy", "validation_loss", "validation_accuracy"),
    )
    folders = [root / "runs" / key[:2] / key for key in variant["runs"]]
    heads = [head(folder) for folder in folders]
    away = np.array([unpacked(folder / "answers.xz") for folder in folders])  # from the label to the answer
    labels = unpacked(root / "datasets" / heads[0]["data"][:16] / "labels.xz")[: away.shape[1]]
    classes = len(variant["confusion"])
    counts = np.bincount((labels * classes + (labels + away) % classes).ravel(), minlength=classes**2)
    yield "confusion", variant["confusion"], counts.reshape(classes, classes)
    by_class = [(away[:, labels == label] == 0).mean() for label in range(classes)]
    yield "class_accuracy", [each["mean"] for each in variant["class_accuracy"]], by_class
    yield "test_loss", variant["test_loss"]["values"], [each["test_loss"] for each in heads]
    for column, what in enumerate(history):
        yield f"curves/{what}", variant["curves"][what], [[row[column] for row in each["history"]] for each in heads]
    if tuned := (study.get("tuning") or {"variants": {}})["variants"].get(name):
        tried = [[head(root / "runs" / key[:2] / key) for key in point["runs"]] for point in tuned["curve"]]
        means = [np.mean([each["history"][-1][3] for each in runs]) for runs in tried]
        yield "tuning/curve", [point["validation_accuracy"]["mean"] for point in tuned["curve"]], means
        rates = [runs[0]["spec"]["training"].get("learning_rate", 1e-3) for runs in tried]  # a spec leaves defaults out
        yield "tuning/rates", [point["rate"] for point in tuned["curve"]], rates
        yield "tuning/chosen", means[rates.index(tuned["chosen"])], max(means)  # of several that are best, any


def numbers(root, study, claims):
    """Yield, for one study, the place of each number, what metrics.json has there, and what the runs give."""
    (tables, alike), variants = read(root, study), study["variants"]
    failed = {name: variant["failed"] for name, variant in variants.items()}
    trained = [name for name, each in failed.items() if len(each["runs"]) in (0, each["of"])]
    whole = {measure: [of[name] for name in trained] for measure, of in tables.items()}

    def compared(place, stored, measure, level):
        names = [name for name in (stored["a"], stored["b"], *(stored.get("minus") or ())) if name]
        common = sorted(set.intersection(*(set(variants[name]["seeds"]) for name in names)))
        rows = {name: [variants[name]["seeds"].index(seed) for seed in common] for name in names}
        right = [tables["accuracy"][name][rows[name]] for name in names]
        if measure == "class gain in errors removed":
            estimate = crossed(share(*right, alike) - share(*right, ~alike), "ratios")
        else:
            table = sum(sign * tables[measure][name][rows[name]] for sign, name in zip(SIGNS, names))
            estimate = crossed(table, "counts", pool(whole[measure], SIGNS[: len(names)]))
        yield f"{place}/effect", stored["effect"], estimate[0]
        yield f"{place}/interval", stored["interval"], limits(estimate, level)
        if stored.get("errors_removed"):
            ratio = removed(*right, level, whole["accuracy"])
            for what, value in zip(("share", "interval"), ratio):
                yield f"{place}/errors_removed/{what}", stored["errors_removed"][what], value
        return estimate, len(common)

    for name, right in tables["accuracy"].items():
        accuracy = variants[name]["test_accuracy"]
        found = right.mean(axis=1), right.mean(), wilson(right, pool(whole["accuracy"], [1.0]))
        for what, value in zip(("values", "mean", "interval"), found):
            yield f"{name}/test_accuracy/{what}", accuracy[what], value
        for what, stored, computed in told(root, name, study):
            yield f"{name}/{what}", stored, computed
    for measure, rows in (("accuracy", study["comparisons"]), ("generalisation gap", study["gaps"]["comparisons"])):
        for place, stored in rows.items():
            yield from compared(f"{measure}/{place}", stored, measure, 0.95)
    for name, claim in claims.items():
        level, found = claim["level"], []
        for place, stored in enumerate(claim["comparisons"]):
            found.append((yield from compared(f"{name}/{place}", stored, claim["measure"], level)))
        enough = min(n for _, n in found) >= 8
        rule = claim["kind"], [estimate for estimate, _ in found], claim["margin"], level, claim["expected"]
        yield f"{name}/verdict", claim["verdict"], verdict(*rule) if enough else "inconclusive"


def same(stored, computed):
    if stored is None or computed is None or isinstance(computed, str):
        return stored is computed or stored == computed
    return np.shape(stored) == np.shape(computed) and np.allclose(stored, computed, rtol=1e-7, atol=1e-10)


def main(root, metrics):
    found, skipped = {}, []
    for name, study in metrics["studies"].items():
        keys = [key for variant in study.get("variants", {}).values() for key in variant["runs"]]
        if not keys or not all((root / "runs" / key[:2] / key).is_dir() for key in keys):
            skipped.append(name)
            continue
        decided = {c: each for c, each in metrics["claims"].items() if each["study"] == name and each["comparisons"]}
        found[name] = [(f"{name}/{place}", *values) for place, *values in numbers(root, study, decided)]
    every = [number for of_study in found.values() for number in of_study]
    wrong = [f"{place}: metrics.json has {a}, the runs give {b}" for place, a, b in every if not same(a, b)]
    print(f"{len(every)} numbers of {len(found)} studies compared, {len(wrong)} differ", *wrong[:20], sep="\n")
    print(f"Without published runs: {', '.join(skipped) or 'no study'}.")
    return bool(wrong) or not every


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), json.loads(Path(sys.argv[2]).read_bytes())))

"""Recompute every accuracy, difference, interval and verdict of convscope's metrics.json from the published runs.

    python recompute.py data/published build/published/metrics.json

It needs NumPy and SciPy and imports nothing of convscope: it states the formulas a second time. From metrics.json it
takes what was declared (which runs, which comparisons, kinds, margins, levels), and compares every number. It ends
with 0 if all agree.
"""

import json
import lzma
import sys
from pathlib import Path

import numpy as np
from scipy import special


def t(level, degrees):
    return special.stdtrit(degrees, (1 + level) / 2)


def read_run(root, key):
    """Right and wrong by image, last training accuracy, fingerprint of the data, answers to moved images."""
    folder = root / "runs" / key[:2] / key
    header = json.loads((folder / "run.json").read_bytes())
    right = np.frombuffer(lzma.decompress((folder / "answers.xz").read_bytes()), np.uint8) == 0
    moved = None
    for file in folder.glob("moved-*.safetensors.xz"):  # eight bytes with the header's length, the header, the arrays
        content = lzma.decompress(file.read_bytes())
        start = 8 + int.from_bytes(content[:8], "little")
        entry = json.loads(content[8:start])["answers"]
        moved = np.frombuffer(content, np.uint8, offset=start + entry["data_offsets"][0], count=np.prod(entry["shape"]))
        moved = moved.reshape(entry["shape"])
    return right.astype(float), header["history"][-1][1], header["data"], moved


def few(table):
    """Images on which the answers ever differ from the common one, on the rarer side too, and the differences' size."""
    apart = table - np.median(table, axis=1, keepdims=True)
    rarer = min((apart > 1e-9).any(axis=0).sum(), (apart < -1e-9).any(axis=0).sum())
    away = np.abs(apart).max(axis=0)
    return (away > 1e-9).sum(), rarer, (away[away > 1e-9] ** 2).mean() if (away > 1e-9).any() else 1.0


def crossed(table, imagined="counts", pooled=None):
    """Mean, standard error and Satterthwaite's degrees of freedom of a table of seeds by images, both random.

    Agresti and Min imagine one more image that differs: where counts are few, and always where ratios are compared.
    """
    n, images = table.shape
    mean, by_seed, by_image = table.mean(), table.mean(axis=1), table.mean(axis=0)
    of_images = by_image.var(ddof=1) / images
    if n == 1:
        return mean, None, None
    rest = ((table - by_seed[:, None] - by_image + mean) ** 2).sum() / ((n - 1) * (images - 1) * n * images)
    of_seed, seed_degrees = pooled or (by_seed.var(ddof=1), n - 1)
    of_set = max(of_images - rest, 0.0)
    count, rarer, size = few(table)
    if imagined == "counts" and count < (20 if rarer >= 5 else 60):
        of_set += size / (images + 2) ** 2
    if imagined == "ratios" and by_image.var():
        of_set += ((by_image - mean) ** 4).sum() / ((by_image - mean) ** 2).sum() / images**2
    degrees = float(seed_degrees)
    if of_set > 0:
        parts = np.array([of_seed / n, of_images, rest])
        squares = (parts**2 / [seed_degrees, images - 1, (n - 1) * (images - 1)]).sum()
        degrees = max(degrees, (of_seed / n + of_set) ** 2 / squares if squares else images - 1.0)
    return mean, (of_seed / n + of_set) ** 0.5, degrees


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
    mean, error, degrees = estimate
    return None if error is None else [mean - t(level, degrees) * error, mean + t(level, degrees) * error]


def wilson(table, pooled):
    p, error, degrees = crossed(table, imagined=None, pooled=pooled)
    if error is None:
        return None
    most = table.shape[1] if few(table)[0] < 20 else table.size
    inside = error > 0 and 0 < p < 1
    square = t(0.95, degrees if inside else 1e9) ** 2 / (min(p * (1 - p) / error**2, most) if inside else most)
    half = (square * p * (1 - p) + square**2 / 4) ** 0.5 / (1 + square)
    return [max((p + square / 2) / (1 + square) - half, 0), min((p + square / 2) / (1 + square) + half, 1)]


def removed(a, b, level, whole):
    """Share of B's errors that A does not make, with limits from the logarithm of the ratio of the error rates."""
    errors, of_b, images = 1 - a.mean(), 1 - b.mean(), a.shape[1]
    weights = np.array([1 / errors if errors else 0.0, -1 / of_b])
    table = weights[0] * (1 - a) + weights[1] * (1 - b)
    _, error, degrees = crossed(table, imagined="ratios", pooled=pool(whole, weights))
    if error is None:
        return 1 - errors / of_b, None
    reach = min(t(level, degrees) * error, 20)
    if errors == 0:  # Wilson's limit for the error rate
        return 1.0, [1 - t(level, 1e9) ** 2 / (images + t(level, 1e9) ** 2) / of_b * np.exp(reach), 1.0]
    return 1 - errors / of_b, [1 - errors / of_b * np.exp(reach), 1 - errors / of_b * np.exp(-reach)]


class Study:
    """The tables of one study: by measure and variant, (seeds, images)."""

    def __init__(self, root, study):
        self.study, self.right, tables = study, {}, {}
        for name, variant in study["variants"].items():
            runs = [read_run(root, key) for key in variant["runs"]]
            right, train = np.array([run[0] for run in runs]), np.array([[run[1]] for run in runs])
            if not self.right:
                packed = root / "datasets" / runs[0][2][:16] / "labels.xz"
                labels = np.frombuffer(lzma.decompress(packed.read_bytes()), np.uint8)[: right.shape[1]]
            self.right[name] = right
            tables.setdefault("accuracy", {})[name] = right
            tables.setdefault("generalisation gap", {})[name] = train - right
            if study.get("look_alikes"):
                alike = np.isin(labels, study["look_alikes"])
                self.weights = alike / alike.mean(), ~alike / (~alike).mean()
                tables.setdefault("class gain", {})[name] = right * (self.weights[0] - self.weights[1])
            if "shift" in study:
                shift, n = study["shift"], study["shift"]["images"]
                moved = np.array([(run[3] == labels[:n]).mean(axis=1) for run in runs])  # seeds, distances, images
                at = {distance: moved[:, place] for place, distance in enumerate(shift["distances"][1:])}
                tables.setdefault("accuracy after a shift", {})[name] = at[shift["claimed"]]
                tables.setdefault("accuracy lost by a shift", {})[name] = right[:, :n] - at[shift["claimed"]]
                if shift["period"]:
                    won = at[shift["period"]] - at[shift["period"] // 2]
                    tables.setdefault("accuracy won back at the total stride", {})[name] = won
        self.tables = tables

    def rows(self, *names):
        """For each variant the places of the seeds that all of them have."""
        seeds = [self.study["variants"][name]["seeds"] for name in names]
        common = sorted(set(seeds[0]).intersection(*seeds[1:]))
        return [[of.index(seed) for seed in common] for of in seeds]

    def whole(self, tables):
        """The tables of variants of which no run failed to train, or all did."""
        failed = {name: variant["failed"] for name, variant in self.study["variants"].items()}
        return [table for name, table in tables.items() if len(failed[name]["runs"]) in (0, failed[name]["of"])]

    def estimate(self, measure, a, b=None, minus=()):
        names = [name for name in (a, b, *(minus or ())) if name]
        rows, signs = self.rows(*names), np.array([1, -1, -1, 1][: len(names)])
        if measure == "class gain in errors removed":
            return crossed(self.share_gain(*(self.right[name][row] for name, row in zip(names, rows))), "ratios")
        tables = self.tables[measure]
        whole = self.whole(tables)
        table = sum(sign * tables[name][row] for sign, name, row in zip(signs, names, rows))
        return crossed(table, pooled=pool(whole, signs))

    def share_gain(self, a, b):
        """Share of errors removed on the look-alike classes minus that on the others, linear about its value."""
        shares = []
        for weights in self.weights:
            ours, theirs = (1 - a) * weights, (1 - b) * weights
            shares.append(1 - ours / theirs.mean() + ours.mean() / theirs.mean() * (theirs / theirs.mean() - 1))
        return shares[0] - shares[1]


def verdict(kind, estimates, margin, level, expected, n):
    """The rule of a kind of claim, from all its comparisons."""

    def one(kind, mean, low, high):
        if kind == "equivalence":
            inside = -margin < low and high < margin
            return "supported" if inside else "refuted" if low >= margin or high <= -margin else "inconclusive"
        return "supported" if low > 0 and mean >= margin else "refuted" if high < margin else "inconclusive"

    if n < 8:
        return "inconclusive"
    found = [[value - expected for value in (each[0], *limits(each, level))] for each in estimates]
    outcomes = {one(kind, *each) for each in found}
    if kind == "best of k":
        if "supported" in {one("superiority", -mean, -high, -low) for mean, low, high in found}:
            return "refuted"
        return "supported" if outcomes == {"supported"} else "inconclusive"
    return next(each for each in ("refuted", "inconclusive", "supported") if each in outcomes)


def main(root, metrics):
    wrong, compared = [], 0

    def check(place, stored, computed):
        nonlocal compared
        compared += 1
        same = stored == computed
        if not same and None not in (stored, computed) and not isinstance(computed, str):
            same = np.shape(stored) == np.shape(computed) and np.allclose(stored, computed, rtol=1e-7, atol=1e-10)
        if not same:
            wrong.append(f"{place}: metrics.json has {stored}, the runs give {computed}")

    def check_comparison(place, stored, study, measure, level):
        found = study.estimate(measure, stored["a"], stored["b"], stored.get("minus"))
        check(f"{place}/effect", stored["effect"], found[0])
        check(f"{place}/interval", stored["interval"], limits(found, level))
        if stored.get("errors_removed"):
            rows = study.rows(stored["a"], stored["b"])
            a, b = (study.right[stored[side]][row] for side, row in zip("ab", rows))
            share, interval = removed(a, b, level, study.whole(study.right))
            check(f"{place}/errors_removed/share", stored["errors_removed"]["share"], share)
            check(f"{place}/errors_removed/interval", stored["errors_removed"]["interval"], interval)
        return found

    studies, skipped = {}, []
    for name, stored in metrics["studies"].items():
        keys = [key for variant in stored.get("variants", {}).values() for key in variant["runs"]]
        if not keys or not all((root / "runs" / key[:2] / key).is_dir() for key in keys):
            skipped.append(name)
            continue
        study = studies[name] = Study(root, stored)
        for variant, right in study.right.items():
            accuracy = stored["variants"][variant]["test_accuracy"]
            pooled = pool(study.whole(study.right), [1.0])
            check(f"{name}/{variant}/test_accuracy/values", accuracy["values"], list(right.mean(axis=1)))
            check(f"{name}/{variant}/test_accuracy/mean", accuracy["mean"], right.mean())
            check(f"{name}/{variant}/test_accuracy/interval", accuracy["interval"], wilson(right, pooled))
        for place, comparison in stored["comparisons"].items():
            check_comparison(f"{name}/comparisons/{place}", comparison, study, "accuracy", 0.95)
        for place, comparison in stored["gaps"]["comparisons"].items():
            check_comparison(f"{name}/gaps/{place}", comparison, study, "generalisation gap", 0.95)
    for name, claim in metrics["claims"].items():
        if claim["kind"] == "arithmetic" or claim["study"] not in studies:
            continue
        estimates = [
            check_comparison(f"{name}/{place}", stored, studies[claim["study"]], claim["measure"], claim["level"])
            for place, stored in enumerate(claim["comparisons"])
        ]
        n = min(len(stored["differences"]) for stored in claim["comparisons"])
        expected = verdict(claim["kind"], estimates, claim["margin"], claim["level"], claim["expected"], n)
        check(f"{name}/verdict", claim["verdict"], expected)
    print(f"{compared} numbers of {len(studies)} studies compared, {len(wrong)} differ", *wrong[:20], sep="\n")
    print(f"Without published runs: {', '.join(skipped) or 'no study'}.")
    return bool(wrong) or not compared


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), json.loads(Path(sys.argv[2]).read_bytes())))

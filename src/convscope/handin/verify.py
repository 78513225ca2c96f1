#!/usr/bin/env python3
"""Check this submission: ``python verify.py``, in the folder that it was unpacked to.

It needs Python 3.8 or newer, nothing else, and no network. It checks that every file is the one that was handed in,
that each number of the report is the one in metrics.json, that means, differences and verdicts follow from the numbers
they rest on, and that these are those of the stored runs; then it prints the grade sheet. It ends with 0 if all of that
holds, with 1 if not, and names what does not.

What it cannot tell is whether the whole submission, this file included, was made again: compare the seal it prints with
the one that was handed in beside it.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from html.parser import HTMLParser
from operator import mul
from pathlib import Path
from typing import Any

MANIFEST = "MANIFEST.json"
METRICS = "metrics.json"
PAGES = re.compile(r"report/(report|supplement)\.html|site/(index|claims|explore|report/[\w-]+)\.html")
MEASURED = re.compile(r"\d\.\d|\d\s*%")
# Elements and classes whose numbers are no results.
ASIDE = {"script", "style", "nav", "h1", "h2", "h3", "h4", "h5", "h6", "code", "pre", "math", "citation", "literal"}
# Pages that show a number of ours only where one of these studies was run; the last has those of others.
SHOWN_ON = {"site/explore.html": ("shift", "inductive_bias_glyphs"), "site/report/reference-list.html": ()}
GRADE_SHEET = "grade.json"
FORMAT = 1
FEWEST_SEEDS = 8
# What file browsers leave, and the archive itself where it was unpacked beside its own content.
NOT_OURS = (".DS_Store", "Thumbs.db", "desktop.ini", "submission.zip")
MINUS = "−"
# Markdown makes typographic signs of these.
TYPED = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "…": "...", "–": "--", "—": "---"})

# ---------------------------------------------------------------- files


def seal_of(manifest: bytes, seal: str) -> str:
    """SHA-256 of the manifest with zeros in place of its seal: each byte of it counts, and so each file's hash."""
    return hashlib.sha256(manifest.replace(seal.encode(), b"0" * 64, 1)).hexdigest()


def read_manifest(folder: Path) -> dict[str, Any]:
    """Read the list of files; ValueError where it is not what was handed in."""
    try:
        content = (folder / MANIFEST).read_bytes()
        manifest: dict[str, Any] = json.loads(content.decode("utf-8"))
        intact = manifest["seal"] == seal_of(content, manifest["seal"])
    except OSError:
        raise ValueError(f"{MANIFEST}: missing; is this the folder that the submission was unpacked to?") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        intact = False
    if not intact:
        raise ValueError(f"{MANIFEST}: changed since it was sealed")
    if manifest["format"] != FORMAT:
        raise ValueError(f"{MANIFEST}: of format {manifest['format']}; this verify.py reads {FORMAT}")
    return manifest


def is_inside(name: str) -> bool:
    """Tell whether a name of the manifest stays in this folder, on every system."""
    return not re.search(r'[\\:*?"<>|\x00-\x1f]', name) and all(part not in ("", ".", "..") for part in name.split("/"))


def check_files(folder: Path, manifest: dict[str, Any]) -> Iterator[str]:
    """Name files that are missing, changed, or not listed."""
    listed = manifest["files"]
    for name, expected in listed.items():
        path = folder / name
        if not is_inside(name):
            yield f"{name}: a name that leads out of this folder"
        elif path.is_symlink():
            yield f"{name}: replaced by a link"
        elif not path.is_file():
            yield f"{name}: missing"
        elif path.stat().st_size != expected["bytes"]:
            yield f"{name}: changed, it has {path.stat().st_size:,} bytes instead of {expected['bytes']:,}"
        elif hashlib.sha256(path.read_bytes()).hexdigest() != expected["sha256"]:
            yield f"{name}: changed, its SHA-256 is another"
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        known = name in listed or name == MANIFEST or path.name in NOT_OURS
        if not known and (path.is_symlink() or not path.is_dir()):
            yield f"{name}: added, it is not part of the submission"


# ---------------------------------------------------------------- numbers


def look_up(metrics: Any, pointer: str) -> Any:
    """Follow a JSON pointer (RFC 6901); LookupError or ValueError where it leads nowhere."""
    value = metrics
    for part in pointer.split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        value = value[int(name)] if isinstance(value, list) else value[name]
    return value


def deployment(folder: Path) -> dict[str, Any]:
    """Return the evidence of the deployment that the report tells of, one on AWS first; its pointers begin with it."""
    files = [folder / place / "deployment" / "evidence.json" for place in ("", "source/data/published")]
    found = [json.loads(file.read_bytes().decode("utf-8")) for file in files if file.is_file()]
    found.sort(key=lambda evidence: bool(evidence["label"] != "AWS"))
    return {"deployment": found[0]} if found else {}


def decimal(value: float, digits: int) -> str:
    """Write a number with thousands separators and a real minus sign."""
    return f"{value:,.{digits}f}".replace("-", MINUS)


NUMERIC: dict[str, Callable[[float, int], str]] = {
    "count": decimal,
    "decimal": decimal,
    "percent": lambda value, digits: decimal(100 * value, digits) + "\u00a0%",
    "points": lambda value, digits: f"{100 * value:+.{digits}f}".replace("-", MINUS),
    "spread": lambda value, digits: decimal(100 * value, digits),
    "millions": lambda value, digits: f"{value / 1e6:.{digits}f}\u00a0M",
    "plain": lambda value, digits: f"{value:.{digits}g}".replace("-", MINUS),
    "loss": lambda value, digits: decimal(-100 * value, digits),
    "turned": lambda value, digits: f"{-100 * value:+.{digits}f}".replace("-", MINUS),
}
PAIRS: dict[str, Callable[[float, float, int], str]] = {
    "ratio": lambda one, two, digits: decimal(one / two, digits),
    "difference": lambda one, two, digits: f"{100 * (one - two):+.{digits}f}".replace("-", MINUS),
    "removed": lambda one, two, digits: decimal(100 * (one - two) / (1 - two), digits) + "\u00a0%",
}
OTHER: dict[str, Callable[[Any], str]] = {
    "text": str,
    "verdict": str,
    "markdown": lambda value: re.sub(r"\s*\[@[^]]*\]|[*`]", "", value),
    "date": lambda value: str(value)[:10],
    "list": lambda value: ", ".join(map(str, value)),
    "shape": lambda value: "×".join(map(str, value)),
}
MARKS = {"de": str.maketrans(",.", ".,")}  # of thousands and decimals, where they are not those of English


def text_of(metrics: Any, source: str, rule: str) -> str:
    """Return the text that an element shows, from where its number comes from and the rule that formatted it."""
    style, _, argument = rule.partition(" ")
    digits, _, language = argument.partition(" ")
    if style in PAIRS:
        one, two = (look_up(metrics, pointer) for pointer in source.split(" "))
        return PAIRS[style](one, two, int(digits)).translate(MARKS.get(language, {}))
    value = look_up(metrics, source)
    if style == "key":
        return source.rpartition("/")[2].replace("~1", "/").replace("~0", "~")
    if style == "length":
        name, _, wanted = argument.partition("=")
        elements = value.values() if isinstance(value, dict) else value
        return str(len([each for each in elements if not name or str(each[name]) == wanted]))
    if value is None:
        return "–"
    if style in NUMERIC:
        return NUMERIC[style](value, int(digits)).translate(MARKS.get(language, {}))
    return OTHER[style](value)


class TracedTexts(HTMLParser):
    """Collects the elements that say where their text comes from.

    ``shown`` holds (source, rule, text) of each. Citations are left out of a text: their style is the renderer's.
    ``said`` is what the page says in its text, in pieces: one text that grows took 0.2 s a page. Headings and contents
    number themselves, and code, formulas, citations and marked literals are no results.
    """

    def __init__(self) -> None:
        super().__init__()
        self.shown: list[tuple[str, str, str]] = []
        self.said: list[str] = []
        self._open: list[dict[str, Any]] = []
        self._aside = ""  # the name of an element that says no result
        self._within = 0  # how many of that name are open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin an element; those of the same name inside count, to know where it ends."""
        for element in self._open:
            element["depth"] += element["tag"] == tag
        attributes = {name: value or "" for name, value in attrs}
        classes = attributes.get("class", "").split()
        if self._within:
            self._within += tag == self._aside
        elif tag in ASIDE or not ASIDE.isdisjoint(classes):
            self._aside, self._within = tag, 1
        cites = "citation" in classes
        if cites or "data-source" in attributes:
            self._open.append({"tag": tag, "depth": 1, "text": "", "cites": cites, **attributes})

    def handle_endtag(self, tag: str) -> None:
        """End an element."""
        self._within -= self._within > 0 and tag == self._aside
        for element in self._open:
            element["depth"] -= element["tag"] == tag
        if not self._open or self._open[-1]["depth"]:
            return
        ended = self._open.pop()
        text = ended["text"]
        if ended["cites"]:
            for element in self._open:
                element["text"] = element["text"][: len(element["text"]) - len(text)].rstrip()
        else:
            text = " ".join(re.split(r"[ \t\r\n]+", text)).strip(" ")
            self.shown.append((ended["data-source"], ended.get("data-format", ""), text))

    def handle_data(self, data: str) -> None:
        """Add text to every element around it."""
        if not self._within:
            self.said.append(data)
        for element in self._open:
            element["text"] += data


def check_page(page: str, html: str, metrics: Any) -> tuple[list[str], int]:
    """Return what a page shows otherwise than metrics.json says, and how many elements were compared."""

    def was_run(study: str) -> bool:
        return bool(metrics["studies"].get(study, {}).get("status") == "run")

    reader = TracedTexts()
    reader.feed(html)
    reader.close()
    wrong = []
    for source, rule, text in reader.shown:
        try:
            expected = text_of(metrics, source, rule)
        except (LookupError, TypeError, ValueError, AttributeError, ZeroDivisionError):
            wrong.append(f"{page}: shows {text!r}, but {source!r} in {METRICS} cannot be written as {rule!r}")
            continue
        expected = " ".join(re.split(r"[ \t\r\n]+", expected)).strip(" ")  # lines, as a page shows them
        if rule.startswith("verdict "):  # the text is a sentence, written for one verdict
            if rule != f"verdict {expected}":
                wrong.append(f"{page}: words of the {rule!r} stand where {METRICS} says {expected!r}: {text!r}")
        elif text != expected and (rule != "markdown" or text.translate(TYPED) != expected.translate(TYPED)):
            wrong.append(f"{page}: shows {text!r} where {METRICS} gives {expected!r} at {source}")
    # A chapter may have no number, such as one on a deployment that was not; but none without its source.
    needed = SHOWN_ON.get(page)
    unsourced = MEASURED.search("".join(reader.said)) if needed is None else any(map(was_run, needed))
    if not reader.shown and unsourced:
        wrong.append(f"{page}: no number in it says where it comes from")
    return wrong, len(reader.shown)


# ---------------------------------------------------------------- conclusions


def equal(a: float, b: float) -> bool:
    """Compare two results of the same arithmetic in different order."""
    return math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-12)


def mean(values: Iterable[float]) -> float:
    """Arithmetic mean."""
    listed = list(values)
    return math.fsum(listed) / len(listed)


def measures(value: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    """Find everything in metrics.json that has one value a run and their mean."""
    if isinstance(value, dict):
        if "mean" in value and "values" in value:
            yield place, value
        for name, inner in value.items():
            yield from measures(inner, f"{place}/{name}")
    elif isinstance(value, list):
        for position, inner in enumerate(value):
            yield from measures(inner, f"{place}/{position}")


def check_arithmetic(metrics: Any) -> Iterator[str]:
    """Name means and differences that do not follow from the values of the runs."""
    for place, measure in measures(metrics):
        if not equal(measure["mean"], mean(measure["values"])) or measure["n"] != len(measure["values"]):
            yield f"{METRICS}: {place} is not the mean of its values"
    for study in metrics["studies"].values():
        if study["status"] != "run":
            continue
        groups = [experiment["comparisons"] for experiment in study["experiments"].values()]
        for compared in [row for rows in [*groups, study["against_baseline"]] for row in rows]:
            if compared["quantity"] == "test_accuracy":
                yield from check_difference(study, compared)
    for claim in metrics["claims"].values():
        for compared in claim["comparisons"]:
            if claim["measure"] == "accuracy":
                yield from check_difference(metrics["studies"][claim["study"]], compared)


def check_difference(study: Any, compared: Any) -> Iterator[str]:
    """Name a difference of accuracies that is not the one between its variants, seed by seed.

    A contrast subtracts the difference of another two. Seeds count that are there for all: runs that failed to train
    are not.
    """
    by_seed = []
    for name in named(compared):
        variant = study["variants"][name]
        values = variant["test_accuracy"]["values"]
        seeds = variant.get("seeds") or range(len(values))
        by_seed.append({seeds[place]: value for place, value in enumerate(values)})
    common = sorted(set(by_seed[0]).intersection(*by_seed[1:]))
    if not common:  # then each is described by all its runs
        return
    differences = [sum(map(mul, (1, -1, -1, 1), (of[seed] for of in by_seed))) for seed in common]
    same = len(differences) == len(compared["differences"]) and all(map(equal, differences, compared["differences"]))
    if not same or not equal(compared["effect"], mean(differences)):
        between = f"{compared['a']} and {compared['b'] or 'nothing'}"
        yield f"{METRICS}: the difference between {between} in {study['title']!r} does not follow from their runs"


def outcome(kind: str, effect: float, low: float, high: float, margin: float) -> str:
    """Decide one comparison by its interval and the margin."""
    if kind == "equivalence":
        if -margin < low and high < margin:
            return "supported"
        return "refuted" if low >= margin or high <= -margin else "inconclusive"
    if low > 0 and effect >= margin:
        return "supported"
    return "refuted" if high < margin else "inconclusive"


def verdict_of(claim: Any) -> str:
    """Decide a claim again from its numbers, by the rules in the report's section on methods."""
    if claim["kind"] == "arithmetic":
        right = all(each["claimed"][0] <= each["computed"] <= each["claimed"][1] for each in claim["counts"])
        return "supported" if right else "refuted"
    compared = claim["comparisons"]
    if any(each["interval"] is None or each["n"] < FEWEST_SEEDS for each in compared):
        return "inconclusive"
    kind, margin = claim["kind"], claim["margin"]
    excess = [[number - claim["expected"] for number in (each["effect"], *each["interval"])] for each in compared]
    outcomes = {outcome(kind, effect, low, high, margin) for effect, low, high in excess}
    if kind == "best of k":  # only another variant that is superior itself refutes it
        others = {outcome("superiority", -effect, -high, -low, margin) for effect, low, high in excess}
        if "supported" in others:
            return "refuted"
        return "supported" if outcomes == {"supported"} else "inconclusive"
    return next(each for each in ("refuted", "inconclusive", "supported") if each in outcomes)


def named(compared: Any) -> list[str]:
    """Variants that a comparison names."""
    return [name for name in (compared["a"], compared["b"], *(compared.get("minus") or ())) if name]


def never_trained(variant: Any) -> bool:
    """Whether every run of a variant stayed at chance: then nothing can be said about it."""
    return bool(variant.get("failed")) and len(variant["failed"]["runs"]) == variant["failed"]["of"]


def check_verdicts(metrics: Any) -> Iterator[str]:
    """Name claims whose verdict does not follow from their numbers."""
    for name, claim in metrics["claims"].items():
        expected = verdict_of(claim)
        variants = metrics["studies"][claim["study"]].get("variants", {})
        if any(never_trained(variants[name]) for each in claim["comparisons"] for name in named(each)):
            expected = "inconclusive"
        if claim["verdict"] != expected:
            yield f"{METRICS}: claim {name!r} is {claim['verdict']!r}, but its numbers say {expected!r}"


# ---------------------------------------------------------------- runs


def predicted_classes(path: Path) -> Counter[int]:
    """Count predictions by class in a safetensors file: eight bytes with the header's length, JSON, then the arrays."""
    content = path.read_bytes()
    start = 8 + int.from_bytes(content[:8], "little")
    first, last = json.loads(content[8:start])["predictions"]["data_offsets"]
    return Counter(content[start + first : start + last])


def check_runs(folder: Path, metrics: Any) -> tuple[list[str], int]:
    """Return where metrics.json says otherwise than the stored runs, and how many runs were compared."""
    wrong, seen = [], set()
    for name, study in metrics["studies"].items():
        for variant_name, variant in study.get("variants", {}).items():
            predicted: Counter[int] = Counter()
            for seed, key in enumerate(variant["runs"]):
                run = folder / "runs" / key
                result = json.loads((run / "result.json").read_bytes().decode("utf-8"))
                seen.add(key)
                predicted += predicted_classes(run / "predictions.safetensors")
                last = result["history"][-1]
                stored = {
                    "test_accuracy": result["test_accuracy"],
                    "test_loss": result["test_loss"],
                    "train_accuracy": last["train_accuracy"],
                    "validation_accuracy": last["validation_accuracy"],
                }
                wrong += [
                    f"runs/{key}/result.json: {what} is {value}, but {METRICS} has another for {name}/{variant_name}"
                    for what, value in stored.items()
                    if not equal(value, variant[what]["values"][seed])
                ]
            confusion = variant["confusion"]
            columns = {label: sum(row[label] for row in confusion) for label in range(len(confusion))}
            right = sum(confusion[label][label] for label in range(len(confusion)))
            if columns != {label: predicted[label] for label in columns}:
                wrong.append(f"{METRICS}: confusion of {name}/{variant_name} is not that of its runs' predictions")
            if not equal(right / sum(columns.values()), variant["test_accuracy"]["mean"]):
                wrong.append(f"{METRICS}: confusion of {name}/{variant_name} does not give its test accuracy")
    return wrong, len(seen)


# ---------------------------------------------------------------- all of it


def verify(folder: Path) -> bool:
    """Check a submission, say what was found, and return whether everything holds."""
    try:
        manifest = read_manifest(folder)
    except ValueError as error:
        return not report("files", [str(error)])
    print(f"{manifest['title']}\n{', '.join(manifest['authors'])}, {manifest['course']}")
    print(f"Profile {manifest['profile']}, commit {manifest['commit']} of {manifest['committed'][:10]}")
    print(f"Seal {manifest['seal']}")
    if manifest["dirty"]:
        print(f"\nDIRTY: {len(manifest['dirty'])} files of the work tree were not those of the commit, which is what")
        print("source/ holds. The report may rest on them:", *manifest["dirty"], sep="\n  ")
    print()
    listed = manifest["files"]
    size = sum(each["bytes"] for each in listed.values()) / 1e6
    if report("files", check_files(folder, manifest), f"{len(listed)} files, {size:.1f} MB, are those handed in"):
        print("\nFAILED: what else it says is not looked at while files are not those handed in.")
        return False
    metrics = json.loads((folder / METRICS).read_bytes().decode("utf-8")) | deployment(folder)
    wrong = 0
    for page in filter(PAGES.fullmatch, sorted(listed)):
        differing, compared = check_page(page, (folder / page).read_bytes().decode("utf-8"), metrics)
        wrong += report("numbers", differing, f"{compared} in {page} are those of {METRICS}")
    wrong += report("means", check_arithmetic(metrics), "means and differences follow from the values of the runs")
    wrong += report("verdicts", check_verdicts(metrics), f"{len(metrics['claims'])} follow from their numbers")
    if manifest["runs"]["included"]:
        differing, compared = check_runs(folder, metrics)
        wrong += report("runs", differing, f"{compared} stored results give the numbers of {METRICS}")
    else:
        print(f"  --  runs: {manifest['runs']['note']}")
    for part, reason in manifest["absent"].items():
        print(f"  --  {part}: {reason}")
    if GRADE_SHEET in listed:
        print("", *grade_sheet(json.loads((folder / GRADE_SHEET).read_bytes().decode("utf-8"))), sep="\n")
    of_what = ", of a DIRTY work tree" if manifest["dirty"] else ""
    print("\nFAILED" if wrong else f"\nPASSED{of_what}: everything holds.")
    return not wrong


def grade_sheet(grade: Any) -> Iterator[str]:
    """Return the lines of the grade sheet: each criterion, and where its evidence is or what is missing."""
    yield f"Grade sheet: evidence for {grade['present']} of {grade['criteria']} criteria. {grade['says']}"
    for task in grade["tasks"]:
        yield f"\n{task['title']} ({task['worth']})"
        for criterion in task["criteria"]:
            if criterion["missing"]:
                yield f"  [ ] {criterion['statement']}\n      missing: {criterion['missing'][0]}"
                continue
            labels = [
                each["label"] + (f" (p. {each['page']})" if each["page"] else "") for each in criterion["evidence"]
            ]
            more = [f"and {len(labels) - 3} more"] if len(labels) > 3 else []
            yield f"  [x] {criterion['statement']}\n      {', '.join(labels[:3] + more)}"


def report(what: str, problems: Iterable[str], success: str = "") -> int:
    """Print the result of one check, and return how many problems there are."""
    found = list(problems)
    if not found:
        print(f"  ok  {what}: {success}")
    for problem in found[:20]:
        print(f"FAIL  {what}: {problem}")
    if len(found) > 20:
        print(f"FAIL  {what}: and {len(found) - 20} more")
    return len(found)


if __name__ == "__main__":
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(encoding="utf-8", errors="replace")  # a Windows console may lack the minus sign
    sys.exit(0 if verify(Path(__file__).resolve().parent) else 1)

"""What a reader sees of a number when asking where it comes from: the record behind each pointer that the text uses."""

from __future__ import annotations

import base64
import json
import re
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from convscope.files import Json, write_text
from convscope.report.formats import NAMES, resolve

DATA_FILE = "evidence-data.html"
"""The records as JSON in a script element; the name of the document stands before it."""

CODE_FILE = "evidence.html"
"""Style and script that show them, for a page that loads nothing. The site has both as files."""

SHARED_FILES = {"stylesheets": "evidence.css", "javascripts": "evidence.js"}
"""What a page needs to show the records, beside this module; by the site's folder for it."""

ZOOM = "zoom.js"
"""What enlarges a figure, for a page that loads nothing; the site has a plugin for it."""

KEY_LENGTH = 8
"""Characters of a run's key that are shown; it is as unique as a commit's."""

SHARED = {"place": "places", "of": "measured"}
"""Where a number's record holds an index: the list that it counts in."""

RECORDS = re.compile(r'<script type="application/json" id="evidence-data">(?P<json>.*?)</script>', re.DOTALL)
"""The records in a page."""

_MARK = re.compile(r'data-source="(?P<source>[^"]*)" data-format="(?P<rule>[^"]*)"')
_MEASURED = ("n", "interval", "level", "effect", "margin")
_UNITLESS = ("n", "level", "verdict", "sign_flip_p")  # of a measurement, but not in its unit


def evidence(metrics: Json, pointers: Iterable[str]) -> Json:
    """Describe where numbers come from, for the page to show.

    Returns
    -------
    dict
        ``values`` by pointer: the unrounded ``value``, its ``unit``, and two indices. ``of`` is one into ``measured``:
        ``n``, ``interval``, ``level``, ``effect``, ``margin`` of the measurement that the number belongs to, as far as
        it has them, the number itself among them. ``place`` is one into ``places``: ``about`` (study and variants),
        ``data``, ``runs`` (short keys) and ``command``.
    """
    records: Json = {"values": {}} | {shared: [] for shared in SHARED.values()}

    def index(shared: str, record: Json) -> int:
        if record not in records[shared]:
            records[shared].append(record)
        return int(records[shared].index(record))

    for pointer in sorted(set(pointers)):
        value, measurement = _value(metrics, pointer)
        found = value | {"place": index("places", _place(metrics, pointer))}
        records["values"][pointer] = found | ({"of": index("measured", measurement)} if measurement else {})
    return records


def numbers_in(text: str) -> set[str]:
    """Return the pointers of what a text marks as a number or the wording of a verdict; names are none."""
    return {
        pointer for mark in _MARK.finditer(text) if mark["rule"] not in NAMES for pointer in mark["source"].split(" ")
    }


def joined(first: Json, second: Json) -> Json:
    """Put the records of two documents together; of a number in both, the first's."""
    shift = {name: len(first[shared]) for name, shared in SHARED.items()}
    moved = {pointer: _indexed(value, lambda name, at: at + shift[name]) for pointer, value in second["values"].items()}
    return {shared: first[shared] + second[shared] for shared in SHARED.values()} | {"values": moved | first["values"]}


def selected(records: Json, pointers: Iterable[str]) -> Json:
    """Return the records of some numbers, those that there are, without what only others share."""
    values = {pointer: records["values"][pointer] for pointer in sorted(set(pointers) & set(records["values"]))}
    used = {name: sorted({value[name] for value in values.values() if name in value}) for name in SHARED}
    kept = {pointer: _indexed(value, lambda name, at: used[name].index(at)) for pointer, value in values.items()}
    return {shared: [records[shared][at] for at in used[name]] for name, shared in SHARED.items()} | {"values": kept}


def _indexed(value: Json, moved: Callable[[str, int], int]) -> Json:
    return value | {name: moved(name, value[name]) for name in SHARED if name in value}


def script(records: Json) -> str:
    """Return records as JSON in a script element."""
    return json_script("evidence-data", records)


def json_script(name: str, value: Json) -> str:
    """Return JSON in a script element that has this id; no text in it can end the element."""
    data = json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True).replace("<", "\\u003c")
    return f'<script type="application/json" id="{name}">{data}</script>'


def pack_evidence(page: Path) -> None:
    """Deflate the records of a standalone page: they are a tenth of a page's bytes, and only its script reads them."""

    def packed(found: re.Match[str]) -> str:
        deflated = base64.b64encode(zlib.compress(found["json"].encode(), 9)).decode()
        return f'<script type="application/json" data-packed="deflate" id="evidence-data">"{deflated}"</script>'

    page.write_text(RECORDS.sub(packed, page.read_text(encoding="utf-8")), encoding="utf-8")


def write_evidence(folder: Path, name: str, metrics: Json, pointers: Iterable[str]) -> None:
    """Write the parts of a document that show evidence, for a renderer to put behind its body."""
    write_text(folder / f"{name}-{DATA_FILE}", f"{script(evidence(metrics, pointers))}\n")
    names = (*SHARED_FILES.values(), ZOOM)
    style, code, zoom = (Path(__file__).with_name(each).read_text(encoding="utf-8") for each in names)
    write_text(folder / CODE_FILE, f"<style>\n{style}</style>\n<script>\n{code}\n{zoom}</script>\n")


def _value(metrics: Json, pointer: str) -> tuple[Json, Json]:
    """Return the value, and what the innermost measurement around it says about how it was measured."""
    value = resolve(metrics, pointer)
    if isinstance(value, dict) or (isinstance(value, list) and len(value) > 4):
        value = f"{len(value)} element{'s' if len(value) != 1 else ''}"
    for around in reversed(_on_the_way(metrics, pointer)[:-1]):
        if isinstance(around, dict) and "unit" in around:
            unit = {} if pointer.rpartition("/")[2] in _UNITLESS else {"unit": around["unit"]}
            measured = {name: around[name] for name in _MEASURED if around.get(name) is not None}
            return {"value": value} | unit, measured
    return {"value": value}, {}


def _place(metrics: Json, pointer: str) -> Json:
    """Return what a number is about: study and variants, data set, runs, and the command that makes it again."""
    kind, *names = [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]
    study_id = _study_of(metrics, kind, names)
    study = metrics["studies"].get(study_id, {})
    variants = _variants_of(study, pointer, _on_the_way(metrics, pointer)) if kind in ("studies", "timings") else []
    about = [study["title"]] if study and kind != "datasets" else []
    if variants:
        about.append(" − ".join(study["variants"][variant]["title"] for variant in variants))
    runs = [key for variant in variants for key in study["variants"][variant]["runs"]]
    if kind == "deployment":  # evidence.json, which joins the results there
        deployed = metrics["deployment"]
        return {
            "about": f"Deployment ({deployed['label']}) · {deployed['run']['title']}",
            "data": deployed["run"]["dataset"],
            "runs": [deployed["run"]["key"][:KEY_LENGTH]],
            "command": f"make deploy PROFILE={metrics['profile']}",
        }
    if kind == "claims" and names:
        about.append(metrics["claims"][names[0]]["statement"])
        runs = metrics["claims"][names[0]]["runs"]
    place: Json = {"about": " · ".join(about), "command": command(metrics["profile"], study_id)}
    dataset = metrics["datasets"].get(names[0] if kind == "datasets" else study.get("dataset"))
    if dataset:
        place["data"] = f"{dataset['title']}, SHA-256 {dataset['fingerprint'][:KEY_LENGTH]}"
    if runs:
        place["runs"] = [key[:KEY_LENGTH] for key in runs]
    return place


def command(profile: str, study_id: str = "") -> str:
    """Return the command that makes a study's numbers again; without a study those of all."""
    return f"make metrics{f' STUDIES={study_id}' if study_id else ''} PROFILE={profile}"


def _study_of(metrics: Json, kind: str, names: list[str]) -> str:
    """Name the study that a number belongs to; of a data set the first that uses it; empty where it is none's."""
    if kind == "studies" and names:
        return names[0]
    if kind == "claims" and names:
        return str(metrics["claims"][names[0]]["study"])
    if kind == "timings" and len(names) > 1:
        return names[1]
    if kind == "datasets" and names:
        return next((name for name, study in metrics["studies"].items() if study.get("dataset") == names[0]), "")
    return ""


def _variants_of(study: Json, pointer: str, objects: list[Any]) -> list[str]:
    """Ids of the variants behind a number: the one whose it is, or the two that are compared."""
    known = study.get("variants", {})
    for around in reversed(objects):
        compared = [around.get("a"), around.get("b")] if isinstance(around, dict) else []
        if all(name in known for name in compared) and compared:
            return [str(name) for name in compared]
    return [part for part in pointer.split("/")[3:5] if part in known][:1]


def _on_the_way(metrics: Any, pointer: str) -> list[Any]:
    """Return everything that a pointer passes, from the whole to the value."""
    parts = pointer.split("/")
    return [resolve(metrics, "/".join(parts[:end])) for end in range(1, len(parts) + 1)]

"""The appendix for paper, where nothing can be hovered: places in metrics.json that the text quotes, grouped."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

# How pointers begin whose second parts are ids: numbers of the same names are quoted of many of them.
_STEMS = (
    "/studies/STUDY/variants/ID",
    "/studies/STUDY/experiments/ID",
    "/studies/STUDY/tuning/variants/ID",
    "/studies/STUDY/equivariance/variants/ID",
    "/studies/STUDY/shift/accuracy/ID",
    "/studies/STUDY/against_baseline",
    "/studies/STUDY",
    "/timings/studies/STUDY/ID",
    "/claims/ID",
    "/datasets/ID",
    "/deployment/ID",
)


def grouped(pointers: Iterable[str]) -> list[tuple[str, list[str], dict[str, list[str]]]]:
    """Group pointers by what they have in common.

    Returns
    -------
    list
        Rows of stem, keys, and ids by study: the stem with a study and one of its ids put in, followed by any of the
        keys, is one of the pointers. List indices are written as ``*``; a study is empty where the stem has none.
    """
    keys: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    for pointer in pointers:
        stem, study, name, key = _split(pointer)
        keys[stem, study, name].add(key)
    rows: dict[tuple[str, tuple[str, ...]], dict[str, list[str]]] = defaultdict(dict)
    for (stem, study, name), those in sorted(keys.items()):
        rows[stem, tuple(sorted(those))].setdefault(study, []).append(name)
    return [(stem, list(those), names) for (stem, those), names in sorted(rows.items())]


def sources_table(pointers: Iterable[str]) -> str:
    """Write the rows of a pipe table: the place, the numbers quoted from it, and of what."""
    return "\n".join(
        f"| `{stem}` | {_code(keys)} | {'; '.join(_of(study, names) for study, names in ids.items())} |"
        for stem, keys, ids in grouped(pointers)
    )


def _split(pointer: str) -> tuple[str, str, str, str]:
    """Divide a pointer into stem, study, id and key."""
    parts = pointer.split("/")
    for stem in _STEMS:
        pattern = stem.split("/")
        names = dict(zip(pattern, parts, strict=False))
        if len(parts) > len(pattern) and all(name in ("STUDY", "ID", names[name]) for name in pattern):
            return stem, names.get("STUDY", ""), names.get("ID", ""), _general(parts[len(pattern) :])
    return "/", "", "", _general(parts[1:])


def _general(parts: list[str]) -> str:
    return "/".join("*" if part.isdigit() else part for part in parts)


def _code(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _of(study: str, names: list[str]) -> str:
    ids = _code(filter(None, names))
    return f"`{study}`" + (f" ({ids})" if ids else "") if study else ids or "–"

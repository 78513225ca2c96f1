"""submission.zip: everything that is handed in, with the means to check it; the same inputs give the same bytes."""

from __future__ import annotations

import json
import re
import unicodedata
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from importlib.metadata import distributions
from pathlib import Path

from convscope.analysis.metrics_file import read_metrics
from convscope.analysis.records import Metrics
from convscope.errors import ConvscopeError
from convscope.files import Json, replacing
from convscope.handin import verify
from convscope.handin.citation import citation
from convscope.handin.source import Source, read_source
from convscope.report.author import Author, require_author
from convscope.runs.store import ARRAY_FILES, RunStore
from convscope.stages import files_below
from convscope.studies import STUDIES

NAME = "submission.zip"
# Files and folders of build/PROFILE/. They keep their places, and with that what they link to.
REQUIRED = (
    "report/report.html",
    "report/report.pdf",
    "report/supplement.html",
    "report/supplement.pdf",
    "report/data",
    "notebooks",
    "site",
    "figures",
    "metrics.json",
    "pictures.safetensors",
    "grade.json",
)
OPTIONAL = {"deployment": "nothing was deployed"}
# Of the source, what the results that come with it rest on: 27 of the 46 MB that an archive had, for each student.
PUBLISHED = tuple(f"data/published/{name}" for name in ("images/", "runs/"))
Content = bytes | Path
RUN_FILES = ("result.json", *ARRAY_FILES)
WEIGHTS = "weights.safetensors"
README = """This is a submission made by convscope. To check it, run in this folder

    python verify.py

It needs Python 3.8 or newer and nothing else, no network, no installation.

report/report.html        the report; report.pdf is the same to print, data/ has the data of figures and tables
report/supplement.html    a chapter a study in full, all claims, data sheets; supplement.pdf is the same to print
site/index.html           the report as a site, with documentation
grade.json                the grade sheet, which verify.py prints: each criterion with its evidence
notebooks/                each study as a notebook, executed
metrics.json              every number of the report, and which runs it comes from
pictures.safetensors      images, filters and feature maps; notebooks draw figures again from these two files
runs/                     the result of each run: history, predictions, machine
figures/                  the figures, as drawn from metrics.json
source/                   the source at the commit that MANIFEST.json names, without published results where nothing
                          here rests on them; `make all` in it makes all of this again
environment/              versions of all packages: the lock file, and what was installed
deployment/               evidence that a trained model was deployed and asked
CITATION.cff              how to cite this
MANIFEST.json             size and SHA-256 of every file
"""


@dataclass(frozen=True)
class Bundled:
    """What was written, for whoever asked for it."""

    path: Path
    seal: str  # SHA-256 over the manifest, which has the SHA-256 of every file
    files: int  # how many it holds
    changed: tuple[str, ...]  # files of the work tree that are not those of the commit
    # in words
    included: tuple[str, ...]
    left_out: tuple[str, ...]


def identify(root: Path, *, strict: bool = False) -> tuple[Author, Source]:
    """Return who hands in, and which commit: asked before anything is built, and again when it is.

    Parameters and errors as for `write_bundle`.
    """
    author = require_author(root / "report")
    source = read_source(root)
    if strict and source.changed:
        named = "; ".join(source.changed[:5])
        more = f"; and {len(source.changed) - 5} more" if len(source.changed) > 5 else ""
        raise ConvscopeError(
            f"The work tree is not as in its commit: {named}{more}.",
            "Commit your changes. Without STRICT=1 they are named in the submission.",
        )
    return author, source


def last_selection(root: Path, build: Path) -> str:
    """Return the studies of the last build of this profile, as STUDIES names them; empty where there was none."""
    try:
        known = list(json.loads((build / "metrics.json").read_bytes())["studies"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""
    return " ".join(name for name in known if name in STUDIES or (root / "report" / "studies" / f"{name}.py").is_file())


def write_bundle(
    root: Path, build: Path, store: RunStore, *, profile: str, weights: bool = False, strict: bool = False
) -> Bundled:
    """Write build/PROFILE/submission.zip from what is built.

    Parameters
    ----------
    profile
        ``published`` has no runs.
    strict
        Refuse a work tree that differs from its commit, instead of naming what differs.

    Raises
    ------
    AuthorError
        report/author.yml is missing or incomplete.
    ConvscopeError
        No commit, a work tree that differs in strict mode, or a part of the build is missing.
    """
    author, source = identify(root, strict=strict)
    metrics = read_metrics(build / "metrics.json")
    published = profile == "published"
    runs = [] if published else sorted(metrics.runs)
    files: dict[str, Content] = dict(_built(build))
    files |= dict(_results(store, runs, weights=weights))
    taken = {name: content for name, content in source.files.items() if published or not name.startswith(PUBLISHED)}
    files |= {f"source/{name}": content for name, content in taken.items()}
    files |= {
        "verify.py": Path(verify.__file__).read_bytes(),
        "README.txt": README.encode(),
        "CITATION.cff": citation(author, source.commit, source.time.date()).encode(),
        "environment/requirements.lock": source.files.get("requirements.lock", b""),
        "environment/installed.txt": _installed().encode(),
    }
    absent = {part: why for part, why in OPTIONAL.items() if not (build / part).exists()}
    if len(taken) < len(source.files):
        absent["results in source/data/published"] = "nothing here rests on them, and the repository has them"
    facts = _facts(author, source, metrics, profile) | {
        "runs": {
            "included": bool(runs),
            "count": len(runs),
            "weights": weights and bool(runs),
            "note": "" if runs else "the results were trained elsewhere and are published with the source",
        },
        "absent": absent,
    }
    seal, manifest = sealed(facts, files)
    path = build / NAME
    with replacing(path) as temporary:
        write_zip(temporary, files | {verify.MANIFEST: manifest}, source, folder_of(author))
    return Bundled(path, seal, len(files) + 1, source.changed, *_in_words(facts, metrics))


def folder_of(author: Author) -> str:
    """Return the one folder that the archive unpacks into: authors and course, in letters that every system has."""
    words = unicodedata.normalize("NFKD", " ".join((*(p.family_names for p in author.people), author.course)))
    plain = re.sub(r"[^a-z0-9]+", "-", words.encode("ascii", "ignore").decode().lower()).strip("-")
    return plain[:60].rstrip("-") or "submission"


def _in_words(facts: Json, metrics: Metrics) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Say what is included and what is left out."""
    studies, runs, ran = metrics.studies, facts["runs"], list(metrics.ran)
    included = [f"{len(ran)} {'study' if len(ran) == 1 else 'studies'}: {', '.join(ran)}"]
    left_out = [f"{name}: {study.reason}" for name, study in studies.items() if study.status == "not run"]
    if others := [name for name in STUDIES if name not in studies]:
        left_out.append(f"studies that were not asked for: {', '.join(others)}")
    if runs["included"]:
        included.append(f"results of {runs['count']} runs" + (", with their weights" if runs["weights"] else ""))
        if not runs["weights"]:
            left_out.append("weights of the runs (WEIGHTS=1 takes them along)")
    else:
        left_out.append(f"runs: {runs['note']}")
    left_out += [f"{part}: {why}" for part, why in facts["absent"].items()]
    return tuple(included), tuple(left_out)


def sealed(facts: Json, files: Mapping[str, Content]) -> tuple[str, bytes]:
    """Return the manifest's seal and its bytes, which hold the seal.

    Parameters
    ----------
    facts
        What the manifest says beside the list of files.
    """
    listed = {}
    for name in sorted(files):
        content = _read(files[name])
        listed[name] = {"bytes": len(content), "sha256": sha256(content).hexdigest()}
    blank = "0" * 64
    manifest = json.dumps({"format": verify.FORMAT, "seal": blank} | facts | {"files": listed}, indent=1) + "\n"
    seal = verify.seal_of(manifest.encode(), blank)
    return seal, manifest.replace(blank, seal, 1).encode()


def write_zip(path: Path, files: Mapping[str, Content], source: Source, folder: str) -> None:
    """Write an archive of one folder, whose bytes depend on files and commit alone: sorted, with the commit's time."""
    executable = {f"source/{name}" for name in source.executable}
    with zipfile.ZipFile(path, "w") as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(f"{folder}/{name}", source.time.timetuple()[:6])
            entry.create_system = 3  # Unix, on whatever system: it decides how permissions are read
            entry.external_attr = (0o100755 if name in executable else 0o100644) << 16
            archive.writestr(entry, _read(files[name]), zipfile.ZIP_DEFLATED, compresslevel=6)


def _read(content: Content) -> bytes:
    return content.read_bytes() if isinstance(content, Path) else content


def _built(build: Path) -> Iterator[tuple[str, Path]]:
    for name in (*REQUIRED, *OPTIONAL):
        path = build / name
        if path.exists():
            for file in files_below(path):
                yield file.relative_to(build).as_posix(), file
        elif name in REQUIRED:
            raise ConvscopeError(f"{path} is missing.", "`make all` makes it.")


def _results(store: RunStore, keys: list[str], *, weights: bool) -> Iterator[tuple[str, Path]]:
    for key in keys:
        for name in RUN_FILES:
            if weights or name != WEIGHTS:
                yield f"runs/{key}/{name}", store.path(key) / name


def _installed() -> str:
    """List the packages of this environment, as ``pip freeze`` does."""
    found = {f"{each.metadata['Name']}=={each.version}" for each in distributions()}
    return "".join(f"{line}\n" for line in sorted(found, key=str.lower))


def _facts(author: Author, source: Source, metrics: Metrics, profile: str) -> Json:
    return {
        "title": author.title,
        "course": author.course,
        "authors": [person.name for person in author.people],
        "extra": author.extra,
        "profile": profile,
        "commit": source.commit,
        "committed": source.time.isoformat(),
        "dirty": list(source.changed),
        "metrics_schema": metrics.version,
        "studies": {name: study.status for name, study in metrics.studies.items()},
        "machines": metrics.environment.as_json()["machines"],
    }

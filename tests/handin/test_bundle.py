"""`make submit` in a real checkout: what is handed in checks itself anywhere, and notices every change."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from submitted import AUTHOR, FOLDER, Submitted, git, reseal, unpack

from checkout import SMOKE_STUDIES, Checkout
from convscope.errors import ConvscopeError
from convscope.handin import verify
from convscope.handin.bundle import PUBLISHED, write_bundle
from convscope.runs.store import RunStore

pytestmark = pytest.mark.slow

# Runs a script as its own program; whatever asks for the network or for another process stops it.
ALONE = """
import runpy, sys
def refuse(event, arguments):
    if event.partition(".")[0] in ("socket", "subprocess", "ssl"):
        raise SystemExit(f"asked for {event}")
sys.addaudithook(refuse)
runpy.run_path(sys.argv[1], run_name="__main__")
"""


def verified(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run verify.py as a stranger would, without this project, its packages, or a network."""
    command = [sys.executable, "-I", "-S", "-B", "-c", ALONE, str(folder / "verify.py")]
    return subprocess.run(command, cwd="/", env={}, capture_output=True, text=True, encoding="utf-8", check=False)


def said_by(folder: Path) -> list[str]:
    """Return what verify.py finds wrong, one line each."""
    with redirect_stdout(io.StringIO()) as output:
        holds = verify.verify(folder)
    problems = [line for line in output.getvalue().splitlines() if line.startswith("FAIL ")]
    assert holds is not bool(problems)
    return problems


def test_an_unpacked_submission_passes_without_anything_else(submitted: Submitted, unpacked: Path) -> None:
    done = verified(unpacked)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("My title\nAda Lovelace, Neural Networks 101\nProfile smoke, commit ")
    assert "PASSED: everything holds." in done.stdout
    assert "DIRTY" not in done.stdout
    seal = json.loads((unpacked / "MANIFEST.json").read_bytes())["seal"]
    assert unpacked.name == FOLDER
    assert seal in done.stdout
    assert seal in submitted.process.stdout
    grade = json.loads((unpacked / "grade.json").read_bytes())
    criteria = [criterion["statement"] for task in grade["tasks"] for criterion in task["criteria"]]
    assert len(criteria) > 50
    assert all(f"] {statement}\n" in done.stdout for statement in criteria)


def test_everything_that_is_handed_in_is_there(submitted: Submitted, unpacked: Path) -> None:
    build, root = submitted.checkout.build, submitted.checkout.root
    for name in ("report/report.html", "report/report.pdf", "metrics.json", "site/index.html", "figures/answer.svg"):
        assert (unpacked / name).read_bytes() == (build / name).read_bytes()
    manifest = json.loads((unpacked / "MANIFEST.json").read_bytes())
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=root, capture_output=True, text=True, check=True)
    assert manifest["commit"] == head.stdout.strip()
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=root, capture_output=True, check=True).stdout
    committed = [name for name in listed.decode().split("\0") if name and not name.startswith(PUBLISHED)]
    for name in committed:
        assert (unpacked / "source" / name).read_bytes() == (root / name).read_bytes()
    for name in (
        "deployment/evidence.json",
        "notebooks/fashion.ipynb",
        "grade.json",
        "report/data/tbl-fashion-results.csv",
    ):
        assert (unpacked / name).is_file()
    assert "torch==" in (unpacked / "environment" / "installed.txt").read_text()
    assert yaml.safe_load((unpacked / "CITATION.cff").read_text())["title"] == "My title"
    runs = {path.parent.name for path in unpacked.glob("runs/*/result.json")}
    assert runs == {path.parent.name for path in submitted.checkout.runs.glob("*/*/result.json")}
    weights = {path.relative_to(unpacked).as_posix() for path in unpacked.rglob("weights.safetensors")}
    assert weights == {f"source/{name}" for name in committed if name.endswith("/weights.safetensors")}


def test_the_title_page_names_author_and_course(unpacked: Path) -> None:
    html = (unpacked / "report" / "report.html").read_text(encoding="utf-8")
    site = (unpacked / "site" / "report" / "index.html").read_text(encoding="utf-8")
    pdf = subprocess.run(
        ["pdftotext", "-l", "1", unpacked / "report" / "report.pdf", "-"], capture_output=True, text=True, check=True
    ).stdout
    for page in (html, site, pdf):
        assert all(
            words in page
            for words in ("My title", "Ada Lovelace", "Neural Networks 101", "Matriculation number: 0123456")
        )


def test_each_file_with_one_changed_byte_is_named(unpacked: Path) -> None:
    manifest = json.loads((unpacked / "MANIFEST.json").read_bytes())
    names = [path.relative_to(unpacked).as_posix() for path in unpacked.rglob("*") if path.is_file()]
    assert len(names) > 300
    changed = set(names) - {"MANIFEST.json"}
    for name in changed:
        content = bytearray((unpacked / name).read_bytes())
        if content:
            content[len(name) * 7919 % len(content)] ^= 1
        else:
            content += b"x"
        (unpacked / name).write_bytes(content)
    assert {problem.partition(": ")[0] for problem in verify.check_files(unpacked, manifest)} == changed


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_one_changed_byte_anywhere_fails_and_names_that_file_alone(unpacked: Path, data: st.DataObject) -> None:
    names = sorted(path.relative_to(unpacked).as_posix() for path in unpacked.rglob("*") if path.is_file())
    special = ["MANIFEST.json", "verify.py", "metrics.json", "report/report.html"]
    name = data.draw(st.sampled_from(special) | st.sampled_from(names))
    whole = (unpacked / name).read_bytes()
    changed = bytearray(whole) or bytearray(b"x")
    changed[data.draw(st.integers(0, len(changed) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    (unpacked / name).write_bytes(changed)
    (problem,) = said_by(unpacked)
    assert problem.startswith(f"FAIL  files: {name}: changed")
    (unpacked / name).write_bytes(whole)


def test_a_comment_of_verify_itself_counts(unpacked: Path) -> None:
    script = unpacked / "verify.py"
    script.write_bytes(script.read_bytes().replace(b"Check this submission", b"Check that submission", 1))
    done = verified(unpacked)
    assert done.returncode == 1
    assert "FAIL  files: verify.py: changed" in done.stdout


def test_missing_added_and_linked_files_are_named(unpacked: Path) -> None:
    (unpacked / "CITATION.cff").unlink()
    (unpacked / "site" / "extra.html").write_text("<p>")
    (unpacked / "metrics.json").rename(unpacked.parent / "metrics.json")
    (unpacked / "metrics.json").symlink_to(unpacked.parent / "metrics.json")
    (unpacked / "elsewhere").symlink_to("/")
    (unpacked / ".DS_Store").write_bytes(b"left by a file browser")
    assert sorted(said_by(unpacked)) == [
        "FAIL  files: CITATION.cff: missing",
        "FAIL  files: elsewhere: added, it is not part of the submission",
        "FAIL  files: metrics.json: replaced by a link",
        "FAIL  files: site/extra.html: added, it is not part of the submission",
    ]


def better_mean(metrics: Any) -> None:
    metrics["studies"]["fashion"]["variants"]["cnn3"]["test_accuracy"]["mean"] += 0.01


def better_run(metrics: Any) -> None:
    measure = metrics["studies"]["fashion"]["variants"]["cnn3"]["test_accuracy"]
    measure["values"] = [value + 0.01 for value in measure["values"]]
    measure["mean"] += 0.01


def better_verdict(metrics: Any) -> None:
    next(claim for claim in metrics["claims"].values() if claim["kind"] == "superiority")["verdict"] = "supported"


def better_confusion(metrics: Any) -> None:
    confusion = metrics["studies"]["fashion"]["variants"]["cnn3"]["confusion"]
    right, wrong = next((i, j) for i in range(10) for j in range(10) if i != j and confusion[i][j])
    confusion[right][right] += confusion[right][wrong]
    confusion[right][wrong] = 0


@pytest.mark.parametrize(
    ("forge", "checks"),
    [
        (better_mean, {"numbers", "means", "runs"}),
        (better_run, {"numbers", "means", "runs"}),
        (better_verdict, {"verdicts"}),
        (better_confusion, {"runs"}),
    ],
)
def test_a_forged_number_is_found_though_every_hash_is_right(
    unpacked: Path, forge: Callable[[Any], None], checks: set[str]
) -> None:
    metrics = json.loads((unpacked / "metrics.json").read_bytes())
    forge(metrics)
    (unpacked / "metrics.json").write_text(json.dumps(metrics))
    reseal(unpacked)
    problems = said_by(unpacked)
    assert checks <= {problem.split()[1].rstrip(":") for problem in problems}


def test_a_forged_result_of_a_run_is_found(unpacked: Path) -> None:
    path = sorted(unpacked.glob("runs/*/result.json"))[0]
    result = json.loads(path.read_bytes())
    result["test_accuracy"] += 0.01
    path.write_text(json.dumps(result))
    reseal(unpacked)
    assert any(f"runs/{path.parent.name}/result.json: test_accuracy" in problem for problem in said_by(unpacked))


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_same_inputs_give_the_same_bytes_elsewhere_and_when_made_anew(
    submitted: Submitted, unpacked: Path, tmp_path: Path
) -> None:
    first = digest(submitted.path)
    shutil.copytree(submitted.checkout.root, tmp_path / "elsewhere", symlinks=True)
    elsewhere = Submitted(Checkout(tmp_path / "elsewhere"), submitted.process)
    assert digest(elsewhere.again().path) == first
    for made in ("notebooks", "site"):
        shutil.rmtree(submitted.checkout.build / made)
    done = submitted.checkout.run("submit", STUDIES=SMOKE_STUDIES)
    assert done.returncode == 0, done.stderr[-3000:]
    assert digest(submitted.path) == first


def test_a_work_tree_that_differs_is_named_or_refused(submitted: Submitted, unpacked: Path, tmp_path: Path) -> None:
    readme, before = submitted.checkout.root / "README.md", submitted.path.read_bytes()
    try:
        readme.write_text(readme.read_text() + "More.\n")
        (submitted.checkout.root / "Ünew.txt").write_text("new")
        done = submitted.checkout.run("submit", STUDIES=SMOKE_STUDIES, STRICT="1")
        assert done.returncode == 1
        assert "not as in its commit: modified: README.md; not committed: Ünew.txt." in done.stderr
        assert submitted.path.read_bytes() == before
        bundled = submitted.again()
        assert bundled.changed == ("modified: README.md", "not committed: Ünew.txt")
        done = verified(unpack(bundled.path, tmp_path / "dirty"))
        assert "DIRTY: 2 files" in done.stdout
        assert "  modified: README.md\n" in done.stdout
        assert "PASSED, of a DIRTY work tree" in done.stdout
        assert "More." not in (tmp_path / "dirty" / FOLDER / "source" / "README.md").read_text()
    finally:
        git(submitted.checkout.root, "checkout", "--quiet", "README.md")
        (submitted.checkout.root / "Ünew.txt").unlink()
        submitted.path.write_bytes(before)


def test_results_on_which_nothing_rests_stay_out_of_the_source(unpacked: Path, tmp_path: Path) -> None:
    """They were three quarters of an archive. A build in the source says that they are missing, and goes on without."""
    committed = Checkout(unpacked / "source")
    assert {path.name for path in (committed.root / "data" / "published").iterdir()} == {"datasets", "emulated"}
    assert "  --  results in source/data/published: nothing here rests on them" in verified(unpacked).stdout
    there = Checkout.twin_of(committed, tmp_path)
    done = there.run("metrics", PROFILE="published", STUDIES="fashion")
    assert done.returncode == 0, done.stderr[-3000:]
    assert there.metrics("published")["studies"]["fashion"]["reason"] == "No seed of it has been published yet."


def test_weights_go_along_when_asked_for_and_published_results_have_no_runs(
    submitted: Submitted, unpacked: Path, tmp_path: Path
) -> None:
    before = submitted.path.read_bytes()
    heavy = unpack(submitted.again(weights=True).path, tmp_path / "heavy")
    assert len(list(heavy.glob("runs/*/weights.safetensors"))) == len(list(heavy.glob("runs/*/result.json"))) > 3
    assert said_by(heavy) == []
    published = unpack(submitted.again(profile="published").path, tmp_path / "published")
    assert not (published / "runs").exists()
    assert (published / "source" / "data" / "published" / "runs").is_dir()
    assert "  --  runs: the results were trained elsewhere" in verified(published).stdout
    submitted.path.write_bytes(before)


def test_without_a_commit_or_an_author_nothing_is_built(tmp_path: Path) -> None:
    checkout = Checkout.copy_to(tmp_path)
    (tmp_path / "report" / "author.yml").unlink(missing_ok=True)
    done = checkout.run("submit")
    assert done.returncode == 1
    assert "there is no" in done.stderr
    assert "cp report/author.example.yml report/author.yml" in done.stderr
    (tmp_path / "report" / "author.yml").write_text(AUTHOR)
    with pytest.raises(ConvscopeError, match="names its commit") as raised:
        write_bundle(tmp_path, checkout.build, RunStore(checkout.runs), profile="smoke")
    assert "git init" in raised.value.hint
    assert not checkout.build.exists()

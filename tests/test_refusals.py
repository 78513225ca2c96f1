"""What the command line says where it cannot go on: the place, the value, a next step, and never a traceback."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from filelock import FileLock

from checkout import Checkout
from convscope.course.new_study import write_study

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    return Checkout.copy_to(tmp_path_factory.mktemp("refusals") / "checkout")


def lines(text: str, old: str) -> dict[str, int]:
    """Return the line of a text, and that in which a study begins."""
    return {name: text[: text.index(what)].count("\n") + 1 for name, what in (("line", old), ("study", "study = "))}


def refused(checkout: Checkout, command: str, studies: str = "") -> str:
    done = checkout.run(command, STUDIES=studies)
    assert done.returncode == 1
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    return done.stderr.strip()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("study = Study(", "study = Study((", "mine.py, line {line}: '(' was never closed"),
        ("study = Study(", "raise SystemExit(0)\nstudy = Study(", "mine.py, line {line}: SystemExit: 0"),
        (
            "study = Study(",
            "import nowhere_at_all\nstudy = Study(",
            "mine.py, line {line}: ModuleNotFoundError: No module named",
        ),
        ("CLASSES = 10", "CLASSES = ten", "mine.py, line {line}: NameError: name 'ten' is not defined"),
        (
            "margin=0.01",
            "margin=-0.01",
            "mine.py, line {study}: Study 'mine' has a margin of -0.01; it is a fraction above 0",
        ),
        ("Budget(seeds=", "Budget(seeds=0 * ", "Budget seeds is 0; it must be a whole number of at least 1"),
        ('id="mine"', 'id="other"', "mine.py defines study 'other'"),
    ],
)
def test_a_bad_study_is_named_with_its_line(checkout: Checkout, old: str, new: str, said: str) -> None:
    folder = checkout.root / "report" / "studies"
    for file in folder.glob("mine.*"):
        file.unlink()
    write_study(checkout.root, "mine")
    study = folder / "mine.py"
    text = study.read_text(encoding="utf-8")
    assert old in text
    study.write_text(text.replace(old, new, 1), encoding="utf-8")
    message = refused(checkout, "train", "mine")
    assert message.startswith("convscope: ")
    assert said.format(**lines(text, old)) in message


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "study = Study(",
            "study = Study((",
            "src/convscope/studies/table.py, line {study}: '(' was never closed",
        ),
        (
            "margin=0.02",
            "margin=2",
            "src/convscope/studies/table.py, line {study}: Study 'table' has a margin of 2; it is",
        ),
        ("Conv2d(8, 3)", "Conv2d(0, 3)", "Conv2d filters is 0; it must be a whole number of at least 1"),
    ],
)
def test_a_bad_study_of_the_package_is_named_too(checkout: Checkout, old: str, new: str, said: str) -> None:
    """Whatever the command: all of them read all of them."""
    file = checkout.root / "src" / "convscope" / "studies" / "table.py"
    good = file.read_text(encoding="utf-8")
    assert old in good
    try:
        file.write_text(good.replace(old, new, 1), encoding="utf-8")
        message = refused(checkout, "status")
    finally:
        file.write_text(good, encoding="utf-8")
    assert said.format(**lines(good, old)) in message
    assert "src/convscope/studies/table.py, line " in message


def test_a_folder_that_cannot_be_written_is_named(checkout: Checkout) -> None:
    """A file in the place of build/ refuses root too, whom no rights stop."""
    shutil.rmtree(checkout.root / "build", ignore_errors=True)
    (checkout.root / "build").write_text("in the way", encoding="utf-8")
    try:
        assert "build" in refused(checkout, "train", "table")
    finally:
        (checkout.root / "build").unlink()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux's device that is always full")
def test_a_full_disk_is_named(checkout: Checkout) -> None:
    script = (
        "import errno, sys\nfrom convscope import __main__, cli\n"
        "def app():\n    open('/dev/full', 'w', buffering=1).write('x\\n')\n"
        "cli.app = app\n__main__.main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], env=checkout.environment(), cwd=checkout.root, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "No space left on device" in done.stderr
    assert "Free some space" in done.stderr


def test_two_commands_take_turns(checkout: Checkout) -> None:
    lock = checkout.root / "build" / ".lock"
    lock.parent.mkdir(exist_ok=True)
    with FileLock(lock):
        process = subprocess.Popen(
            checkout.command("train"), cwd=checkout.root, env=checkout.environment(STUDIES="nobody"),
            stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert process.stderr is not None
        assert process.stderr.readline() == "Another command builds in this checkout; this one waits for it.\n"
        assert process.poll() is None
    _, errors = process.communicate(timeout=300)
    assert "'nobody'" in errors  # it went on
    assert lock.exists()

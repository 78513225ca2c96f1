from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from convscope import stages
from convscope.files import digest_of_files
from convscope.stages import Stage, files_below


class Build:
    """A stage that copies the source in capitals, and counts how often it worked."""

    def __init__(self, folder: Path) -> None:
        self.source, self.output, self.memory = folder / "in.txt", folder / "out", folder / ".stages" / "copy.json"
        self.count = 0
        self.source.write_text("some text")

    def work(self) -> None:
        self.count += 1
        (self.output / "sub").mkdir(parents=True, exist_ok=True)
        (self.output / "a.txt").write_text(self.source.read_text().upper())
        (self.output / "sub" / "b.txt").write_text("b")

    def stage(self, work: Callable[[], None] | None = None) -> Stage:
        return Stage("copy", lambda: digest_of_files([self.source]), [self.output], work or self.work, self.memory)


@pytest.fixture
def build(tmp_path: Path) -> Build:
    build = Build(tmp_path)
    assert build.stage().run()
    assert not build.stage().run()
    assert build.count == 1
    return build


def test_outputs_that_were_edited_may_be_refused(build: Build) -> None:
    def refuse() -> None:
        raise ValueError("edited by hand")

    stage = replace(build.stage(), before_overwriting=refuse)
    assert not stage.run()
    (build.output / "a.txt").write_text("EDITED")
    for _ in range(2):  # it stays refused
        with pytest.raises(ValueError, match="edited by hand"):
            stage.run()
    assert (build.output / "a.txt").read_text() == "EDITED"
    build.source.write_text("other text")  # now it is written again for another reason
    assert stage.run()
    assert (build.output / "a.txt").read_text() == "OTHER TEXT"


def touch_all(build: Build) -> None:
    for path in (build.source, *build.output.rglob("*"), build.memory):
        os.utime(path, (4_000_000_000, 4_000_000_000))


def write_the_same(build: Build) -> None:
    build.source.write_text("some text")
    (build.output / "a.txt").write_text("SOME TEXT")


def add_hidden_file(build: Build) -> None:
    (build.output / ".DS_Store").write_text("of the file manager")


@pytest.mark.parametrize("change", [touch_all, write_the_same, add_hidden_file])
def test_equal_content_is_current(build: Build, change: Callable[[Build], None]) -> None:
    change(build)
    assert not build.stage().due()
    assert not build.stage().run()
    assert build.count == 1


def change_input(build: Build) -> None:
    build.source.write_text("some test")


def change_output_but_not_its_size(build: Build) -> None:
    (build.output / "a.txt").write_text("SOME TEST")


def truncate_output(build: Build) -> None:
    os.truncate(build.output / "a.txt", 3)


def remove_output(build: Build) -> None:
    (build.output / "sub" / "b.txt").unlink()


def add_output(build: Build) -> None:
    (build.output / "stray.txt").write_text("stray")


def remove_memory(build: Build) -> None:
    build.memory.unlink()


def truncate_memory(build: Build) -> None:
    os.truncate(build.memory, 20)


def empty_memory(build: Build) -> None:
    build.memory.write_text("[]")


CHANGES = [
    change_input, change_output_but_not_its_size, truncate_output, remove_output, add_output, remove_memory,
    truncate_memory, empty_memory,
]  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
def test_changed_content_is_made_anew_once(build: Build, change: Callable[[Build], None]) -> None:
    mtime = build.source.stat().st_mtime_ns
    change(build)
    os.utime(build.source, ns=(mtime, mtime))  # a change that times do not show
    assert build.stage().due()
    assert build.stage().run()
    assert not build.stage().run()
    assert build.count == 2
    assert (build.output / "a.txt").read_text() == build.source.read_text().upper()


def test_long_work_is_heard_of(
    build: Build, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(stages, "SILENCE_SECONDS", 0.05)
    build.source.write_text("changed")

    def work() -> None:
        build.work()
        time.sleep(0.5)

    build.stage(work).run()
    said = capsys.readouterr().err.splitlines()
    assert said[0].startswith("copy: at work for 0 s")
    assert said[-1].startswith("copy: done in 0.")


def test_failing_work_is_tried_again(build: Build) -> None:
    build.source.write_text("changed")

    def fail() -> None:
        (build.output / "a.txt").write_text("CHANGED")
        raise RuntimeError

    with pytest.raises(RuntimeError):
        build.stage(fail).run()
    build.source.write_text("some text")  # even when everything is as it was in the last good build
    (build.output / "a.txt").write_text("SOME TEXT")
    assert build.stage().run()


def test_input_edited_during_the_work_is_noticed(build: Build) -> None:
    build.source.write_text("first edit")

    def work() -> None:
        build.work()
        build.source.write_text("second edit")

    assert build.stage(work).run()
    assert build.stage().run()
    assert (build.output / "a.txt").read_text() == "SECOND EDIT"


def test_killed_work_is_done_again(build: Build) -> None:
    script = (
        "import sys, time\nsys.path.insert(0, sys.argv[2])\nfrom pathlib import Path\nimport test_stages as t\n"
        "build = t.Build(Path(sys.argv[1]))\nbuild.source.write_text('changed')\n"
        "def work():\n    build.work()\n    print('written', flush=True)\n    time.sleep(60)\n"
        "build.stage(work).run()\n"
    )
    folder = str(Path(__file__).parent)
    arguments = [sys.executable, "-c", script, str(build.source.parent), folder]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "written\n"
        os.kill(process.pid, signal.SIGKILL)
    assert build.stage().run()
    assert build.count == 2
    assert not build.stage().run()


def test_files_below(tmp_path: Path) -> None:
    for name in ("a.py", "sub/b.py", "sub/.hidden", ".git/c", "__pycache__/d.pyc"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    found = files_below(tmp_path, tmp_path / "a.py", tmp_path / "absent")
    assert sorted(found) == sorted([
        tmp_path / "a.py", tmp_path / "sub" / "b.py", tmp_path / "a.py", tmp_path / "absent",
    ])  # fmt: skip

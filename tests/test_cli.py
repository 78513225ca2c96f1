"""The command line as a process: its help teaches, a wrong word gets one clear line."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from checkout import ROOT, Checkout
from convscope.__main__ import main
from convscope.errors import ConvscopeError, Interrupted
from convscope.signals import handling

COMMANDS = ("all", "data", "train", "metrics", "figures", "report", "site", "serve", "grade", "readme", "publish")


def run(*arguments: str, folder: Path = ROOT, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "convscope", *arguments],
        cwd=folder,
        env=Checkout(ROOT).environment(**variables),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_without_a_command_it_shows_all_of_them() -> None:
    shown = run("--help").stdout
    assert "What does a convolutional layer buy" in shown
    assert all(f" {command} " in shown for command in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_a_command_teaches(command: str) -> None:
    shown = run(command, "--help")
    words = " ".join(shown.stdout.replace("│", " ").split())
    assert shown.returncode == 0
    assert shown.stderr == ""
    assert "[env var: STUDIES]" in words
    assert "fashion" in words
    if command != "publish":
        for profile, meaning in (("smoke", "no network"), ("quick", "preview"), ("full", "hours")):
            assert profile in words
            assert meaning in words
        assert "[default: quick]" in words


@pytest.mark.parametrize(
    ("variable", "value", "known"),
    [
        ("PROFILE", "fast", ["smoke", "quick", "full", "published"]),
        ("STUDIES", "fashon", ["fashion", "mnist", "cifar10"]),
        ("DEVICE", "gpu", ["auto", "cpu", "cuda", "mps"]),
        ("BACKEND", "latex", ["auto", "quarto", "pandoc"]),
    ],
)
def test_a_wrong_word_gets_one_clear_line(variable: str, value: str, known: list[str]) -> None:
    """And at once: nothing is looked for, trained or rendered before the words are known to be right."""
    done = run("all", folder=ROOT, **{"STUDIES": "fashion", variable: value})
    assert done.returncode == 1
    assert done.stdout == ""
    lines = done.stderr.strip().splitlines()
    assert lines[0].startswith("convscope: ")
    assert repr(value) in lines[0]
    assert len(lines) <= 2
    assert all(word in done.stderr for word in known)


@pytest.mark.parametrize(("variable", "value"), [("JOBS", "-1"), ("JOBS", "many"), ("STRICT", "perhaps")])
def test_a_wrong_number_is_explained_too(variable: str, value: str) -> None:
    done = run("all", folder=ROOT, **{"STUDIES": "fashion", variable: value})
    assert done.returncode == 2  # the command line's own convention for usage errors
    assert variable in done.stderr
    assert "Traceback" not in done.stderr


def test_outside_of_a_checkout_it_says_where_to_go(tmp_path: Path) -> None:
    done = run("all", folder=tmp_path)
    assert done.returncode == 1
    assert str(tmp_path) in done.stderr
    assert "Change to the folder that you cloned." in done.stderr
    assert "Traceback" not in done.stderr


def test_an_unknown_command_is_named() -> None:
    done = run("everything")
    assert done.returncode == 2
    assert "everything" in done.stderr


@pytest.mark.parametrize(
    ("error", "status"), [(Interrupted("Stopped."), 130), (KeyboardInterrupt(), 130), (ConvscopeError("Wrong."), 1)]
)
def test_what_was_stopped_ends_as_a_shell_expects(
    monkeypatch: pytest.MonkeyPatch, error: BaseException, status: int
) -> None:
    def app() -> None:
        raise error

    monkeypatch.setattr("convscope.cli.app", app)
    with pytest.raises(SystemExit) as ended, handling(signal.default_int_handler, signal.SIGINT):
        main()
    assert ended.value.code == status

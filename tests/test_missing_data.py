"""A data set that is nowhere available: its study is named as not run, the others run."""

from __future__ import annotations

import re
import subprocess
import time
from pathlib import Path

import pytest
from bs4 import BeautifulSoup, Tag

from checkout import Checkout
from own_study import TINY

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def offline(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """Return a copy without any data set, with a study that needs none."""
    checkout = Checkout.copy_to(tmp_path_factory.mktemp("offline"))
    (checkout.root / "report" / "studies" / "tiny.py").write_text(TINY, encoding="utf-8")
    return checkout


@pytest.fixture(scope="module")
def without_apt(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return a PATH that has no apt-get: an empty folder."""
    return str(tmp_path_factory.mktemp("empty"))


def test_nothing_waits_for_a_network_that_is_not_there(tmp_path: Path, without_apt: str) -> None:
    """From the second data set on the search is all there is to do; the first one's time is torchvision's import."""
    checkout = Checkout.copy_to(tmp_path)
    variables = {"PROFILE": "quick", "STUDIES": "mnist fashion cifar10", "PATH": without_apt}
    process = subprocess.Popen(
        checkout.command("data"), cwd=tmp_path, env=checkout.environment(**variables), stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    looked: list[float] = []
    found_none: list[float] = []
    with process:
        assert process.stderr is not None
        for line in process.stderr:
            for said, moments in (("looking for", looked), ("not available", found_none)):
                if said in line:
                    moments.append(time.monotonic())
    assert process.returncode == 0
    assert len(looked) == len(found_none) == 3
    for begun, ended in list(zip(looked, found_none, strict=True))[1:]:
        assert ended - begun < 5


def test_its_study_is_not_run_and_the_others_are(offline: Checkout, without_apt: str) -> None:
    done = offline.built("report", PROFILE="quick", STUDIES="mnist tiny", PATH=without_apt)
    assert "MNIST is not available" in done.stderr
    metrics = offline.metrics("quick")
    assert {name: study["status"] for name, study in metrics["studies"].items()} == {"mnist": "not run", "tiny": "run"}
    assert "MNIST is not available" in metrics["studies"]["mnist"]["reason"]
    report, supplement = (
        BeautifulSoup((offline.root / "build/quick/report" / name).read_text(encoding="utf-8"), "html.parser")
        for name in ("report.html", "supplement.html")
    )
    chapter = supplement.select_one("#sec-mnist")
    assert isinstance(chapter, Tag)
    section = chapter if chapter.name == "section" else chapter.find_parent("section") or chapter.parent
    assert isinstance(section, Tag)
    text = " ".join(section.get_text().split())
    assert "Not run" in text
    assert "mirrors of torchvision" in text
    assert str(offline.root) not in text  # published with the report
    # A study of the user's own has its chapter in the report itself.
    assert report.select("[data-source='/studies/tiny/variants/cnn3/test_accuracy/mean']")
    for document in (report, supplement):
        assert not document.select("[data-source^='/studies/mnist/variants/']")


def test_it_is_not_looked_for_again_at_once(offline: Checkout, without_apt: str) -> None:
    done = offline.built("report", PROFILE="quick", STUDIES="mnist tiny", PATH=without_apt)
    assert "looking for" not in done.stderr
    assert not re.findall(r"^(\w+): done", done.stderr, re.MULTILINE)
    current = re.findall(r"^(\w+): up to date$", done.stderr, re.MULTILINE)
    assert sorted(current) == ["deployment", "figures", "metrics", "report"]


def test_strict_makes_it_an_error_that_names_it(offline: Checkout, without_apt: str) -> None:
    done = offline.run("all", PROFILE="quick", STUDIES="mnist tiny", STRICT="1", PATH=without_apt)
    assert done.returncode == 1
    assert "MNIST is not available" in done.stderr
    assert "Traceback" not in done.stderr


def test_nothing_at_all_still_makes_a_report(tmp_path: Path, without_apt: str) -> None:
    checkout = Checkout.copy_to(tmp_path)
    checkout.built("report", PROFILE="quick", STUDIES="mnist", PATH=without_apt)
    assert (checkout.root / "build/quick/report/report.pdf").is_file()


def test_the_data_command_says_which_are_ready(offline: Checkout, without_apt: str) -> None:
    done = offline.built("data", PROFILE="quick", STUDIES="mnist tiny", PATH=without_apt)
    assert done.stdout.split("\n")[:2] == ["mnist: not available", "tiny: ready"]

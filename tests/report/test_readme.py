"""The generated part of README.md, written from a real build into a copy."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from checkout import SmokeBuild
from convscope.errors import ReportError
from convscope.report.readme import BEGIN, END, update_readme

pytestmark = pytest.mark.slow


@pytest.fixture
def root(smoke_build: SmokeBuild, tmp_path: Path) -> Path:
    """Return a folder with what the README is made of."""
    shutil.copytree(smoke_build.checkout.root / "report", tmp_path / "report")
    shutil.copy(smoke_build.checkout.root / "README.md", tmp_path)
    return tmp_path


def test_results_stand_between_the_markers_and_the_rest_stays(smoke_build: SmokeBuild, root: Path) -> None:
    before = (root / "README.md").read_text(encoding="utf-8")
    update_readme(root, smoke_build.checkout.build)
    after = (root / "README.md").read_text(encoding="utf-8")
    assert after.split(BEGIN)[0] == before.split(BEGIN)[0]
    assert after.split(END)[1] == before.split(END)[1]
    results = after.split(BEGIN)[1].split(END)[0]
    metrics = smoke_build.checkout.metrics()
    for study in metrics["studies"].values():
        assert study["title"] in results
        for role in ("baseline", "reference"):
            accuracy = 100 * study["variants"][study[role]]["test_accuracy"]["mean"]
            assert any(f"{accuracy:.{digits}f}\u00a0%" in results for digits in (0, 1, 2))
    assert "235,146" in results
    assert "`smoke`" in results
    assert "data-source" not in results


def test_every_picture_that_it_shows_is_copied(smoke_build: SmokeBuild, root: Path) -> None:
    update_readme(root, smoke_build.checkout.build)
    results = (root / "README.md").read_text(encoding="utf-8").split(BEGIN)[1].split(END)[0]
    shown = [part.split(")")[0] for part in results.split("](")[1:]]
    assert len(shown) >= 3
    for picture in shown:
        drawn = smoke_build.checkout.build / "figures" / Path(picture).name
        assert (root / picture).read_bytes() == drawn.read_bytes()


def test_a_second_time_changes_nothing(smoke_build: SmokeBuild, root: Path) -> None:
    update_readme(root, smoke_build.checkout.build)
    once = (root / "README.md").read_bytes()
    update_readme(root, smoke_build.checkout.build)
    assert (root / "README.md").read_bytes() == once


def test_without_markers_it_is_left_alone(smoke_build: SmokeBuild, root: Path) -> None:
    (root / "README.md").write_text("# Mine\n", encoding="utf-8")
    with pytest.raises(ReportError, match="markers"):
        update_readme(root, smoke_build.checkout.build)
    assert (root / "README.md").read_text(encoding="utf-8") == "# Mine\n"


def test_a_hole_without_a_value_leaves_it_alone(smoke_build: SmokeBuild, root: Path) -> None:
    before = (root / "README.md").read_bytes()
    (root / "report" / "readme.md").write_text("<< studies.fashion.colour >>", encoding="utf-8")
    with pytest.raises(ReportError, match="colour"):
        update_readme(root, smoke_build.checkout.build)
    assert (root / "README.md").read_bytes() == before

"""The README says what the published runs give: its lines and its pictures are compared, and an edit is refused."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from checkout import ROOT
from convscope.analysis.metrics_file import parse
from convscope.analysis.pictures import Pictures
from convscope.errors import ReportError
from convscope.figures.draw import FINDINGS, drawings
from convscope.figures.registry import Material
from convscope.figures.style import figure_style, save
from convscope.files import Json, write_json
from convscope.report.readme import BEGIN, END, IMAGES, check_readme, update_readme

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def build(published: tuple[Json, Pictures], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the published metrics and the figures that the README shows."""
    folder = tmp_path_factory.mktemp("published")
    metrics, pictures = published
    write_json(folder / "metrics.json", metrics)
    todo = drawings(Material(parse(metrics), pictures))
    template = (ROOT / "report" / "readme.md").read_text(encoding="utf-8")
    with figure_style():
        for name in todo:
            if name in template or any(name.endswith(end) for end in ("accuracy", "architecture", "cost")):
                save(todo[name](), folder / "figures" / f"{name}.svg")
    write_json(folder / "figures" / FINDINGS, {name: drawing.says for name, drawing in todo.items()})
    return folder


@pytest.fixture
def root(build: Path, tmp_path: Path) -> Path:
    """Return a checkout's README with what it is made of, as written from the published runs."""
    shutil.copytree(ROOT / "report", tmp_path / "report")
    shutil.copy(ROOT / "README.md", tmp_path)
    update_readme(tmp_path, build)
    check_readme(tmp_path, build)
    return tmp_path


def test_ours_is_what_the_published_runs_give(build: Path) -> None:
    check_readme(ROOT, build)


def between(change: Callable[[str], str]) -> Callable[[Path], None]:
    def attack(root: Path) -> None:
        file = root / "README.md"
        before, rest = file.read_text(encoding="utf-8").split(BEGIN)
        inside, after = rest.split(END)
        assert change(inside) != inside
        file.write_text(before + BEGIN + change(inside) + END + after, encoding="utf-8")

    return attack


def exchange_pictures(root: Path) -> None:
    one, other, *_ = sorted((root / IMAGES).iterdir())
    held = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(held)


def negate_picture(root: Path) -> None:
    picture = sorted((root / IMAGES).iterdir())[0]
    picture.write_text(
        re.sub(
            r"#([0-9a-f]{6})", lambda hue: f"#{0xFFFFFF - int(hue[1], 16):06x}", picture.read_text(encoding="utf-8")
        ),
        encoding="utf-8",
    )


def drop_picture(root: Path) -> None:
    sorted((root / IMAGES).iterdir())[0].unlink()


@pytest.mark.parametrize(
    "attack",
    [
        between(lambda text: re.sub(r"[1-9]\.(\d)", r"0.\1", text, count=1)),
        between(lambda text: re.sub(r"\+(\d)", r"−\1", text, count=1)),
        between(lambda text: "\n".join(text.splitlines()[:-1])),
        between(lambda text: f"{text}\nConvolution always wins.\n"),
        exchange_pictures,
        negate_picture,
        drop_picture,
    ],
    ids=["a number", "a sign", "a line less", "a sentence more", "pictures exchanged", "a picture negated", "none"],
)
def test_an_edited_readme_is_refused(build: Path, root: Path, attack: Callable[[Path], None]) -> None:
    attack(root)
    with pytest.raises(ReportError):
        check_readme(root, build)

"""Notebooks as a user gets them: written by the command, opened and run again by Jupyter's own tools."""

from __future__ import annotations

import base64
import copy
import io
import json
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pytest
import torch
from bs4 import BeautifulSoup, Tag
from nbformat import NotebookNode
from PIL import Image

from checkout import ROOT, SMOKE_STUDIES, Checkout, SmokeBuild
from convscope.analysis.metrics_file import parse
from convscope.analysis.pictures import read_pictures
from convscope.errors import ConvscopeError
from convscope.figures.draw import drawings
from convscope.figures.registry import Material
from convscope.figures.style import figure_style
from convscope.models.torch_model import build
from convscope.notebooks.cells import NEEDED
from convscope.notebooks.results import DOTS_PER_INCH, StoredResults
from convscope.notebooks.run import NotebookError, run_notebook
from convscope.specs import from_json
from own_study import TINY

pytestmark = pytest.mark.slow

CALL = re.compile(r'results\.figure\("([\w.-]+)"\)')
MEGABYTES = 3


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return settings of a user whose Jupyter knows another Python first, and whose IPython greets loudly."""
    folder = tmp_path_factory.mktemp("user")
    kernel = folder / "jupyter" / "kernels" / "python3"
    startup = folder / "ipython" / "profile_default" / "startup"
    kernel.mkdir(parents=True)
    startup.mkdir(parents=True)
    specification = {"argv": ["false"], "display_name": "Another", "language": "python"}
    (kernel / "kernel.json").write_text(json.dumps(specification))
    (startup / "00.py").write_text("import sys\nprint('hello', file=sys.stderr)\n")
    return {"JUPYTER_PATH": str(folder / "jupyter"), "IPYTHONDIR": str(folder / "ipython"), "MPLBACKEND": "svg"}


@pytest.fixture(scope="module")
def fashion(smoke_session: SmokeBuild, tmp_path_factory: pytest.TempPathFactory, hostile: dict[str, str]) -> Checkout:
    """Return a copy of the session's build whose notebooks the hostile user ran."""
    checkout = Checkout.twin_of(smoke_session.checkout, tmp_path_factory.mktemp("fashion"))
    for made in ("notebooks", ".executed"):
        shutil.rmtree(checkout.build / made)
    said = checkout.built("notebooks", STUDIES=SMOKE_STUDIES, **hostile).stderr
    assert "notebook fashion: done" in said
    return checkout


@pytest.fixture(scope="module")
def notebook(fashion: Checkout) -> NotebookNode:
    return read(path_of(fashion))


def path_of(checkout: Checkout) -> Path:
    return checkout.build / "notebooks" / "fashion.ipynb"


def read(path: Path) -> NotebookNode:
    notebook: NotebookNode = nbformat.read(path, as_version=nbformat.NO_CONVERT)
    return notebook


def code(notebook: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def images(notebook: NotebookNode) -> dict[str, bytes]:
    """Return the PNG below each cell that calls for a figure, by the figure's name."""
    found = {}
    for cell in code(notebook):
        if call := CALL.fullmatch(cell.source):
            (output,) = cell.outputs
            found[call[1]] = base64.b64decode(output.data["image/png"])
    return found


def printed(cell: NotebookNode) -> str:
    return "".join(output.text for output in cell.outputs if output.output_type == "stream")


def pixels(png: bytes | io.BytesIO) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(png) if isinstance(png, bytes) else png).convert("RGB"))


def named_in_pyproject() -> set[str]:
    """Return the packages that the project asks for itself."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return {re.split(r"[\[<>=~]", requirement)[0] for requirement in project["dependencies"]}


def plain(text: str) -> str:
    """Return words alone: without Markdown's marks, one space between them."""
    return " ".join(re.sub(r"[\\*`]", "", text.replace("\u00a0", " ")).split())


def chapter(checkout: Checkout, label: str) -> Iterator[Tag]:
    """Yield the elements of the supplement from a chapter's heading to the next."""
    page = BeautifulSoup((checkout.build / "report" / "supplement.html").read_text(encoding="utf-8"), "html.parser")
    heading = page.find(id=label)
    assert isinstance(heading, Tag)
    assert heading.name == "h2"
    for element in heading.find_all_next():
        if isinstance(element, Tag):
            if element.name == "h2":
                return
            yield element


def test_it_is_a_valid_notebook_that_ran_from_top_to_bottom(notebook: NotebookNode, fashion: Checkout) -> None:
    nbformat.validate(notebook)
    assert notebook.metadata.kernelspec.name == "python3"
    assert [cell.execution_count for cell in code(notebook)] == list(range(1, len(code(notebook)) + 1))
    outputs = [output for cell in code(notebook) for output in cell.outputs]
    assert not [output for output in outputs if output.output_type == "error" or output.get("name") == "stderr"]
    assert path_of(fashion).stat().st_size < MEGABYTES * 1e6


def test_nothing_in_it_is_of_this_machine_or_moment(notebook: NotebookNode, fashion: Checkout) -> None:
    text = path_of(fashion).read_text(encoding="utf-8")
    assert str(fashion.root) not in text
    assert str(Path.home()) + "/" not in text
    assert len({cell.id for cell in notebook.cells}) == len(notebook.cells)
    assert {name for cell in notebook.cells for name in cell.metadata} == {"tags"}


def test_every_figure_of_the_chapter_is_drawn_as_the_report_draws_it(notebook: NotebookNode, fashion: Checkout) -> None:
    shown = images(notebook)
    in_report = [element for element in chapter(fashion, "sec-fashion") if element.name == "img"]
    assert len(shown) == len(in_report) > 15
    known = drawings(Material(parse(fashion.metrics()), read_pictures(fashion.build / "pictures.safetensors")))
    for name, png in shown.items():
        expected = io.BytesIO()
        with figure_style():
            figure = known[name]()
            figure.savefig(expected, dpi=DOTS_PER_INCH, bbox_inches="tight", pad_inches=0.04)
            plt.close(figure)
        assert np.array_equal(pixels(png), pixels(expected)), name
        assert pixels(png).std() > 8, name


def test_every_number_of_the_chapter_is_there_in_its_place(notebook: NotebookNode, fashion: Checkout) -> None:
    text = plain("\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown"))
    numbers = [element for element in chapter(fashion, "sec-fashion") if element.has_attr("data-source")]
    assert len(numbers) > 150
    place = 0
    for number in numbers:
        words = plain(number.get_text())
        place = text.find(words, place)
        assert place >= 0, f"{words!r} of {number['data-source']}"


def unnumbered(text: str) -> str:
    """Leave out the numbers of sections, figures and tables, which a notebook has of its own."""
    return re.sub(r"(Figure|Table|Section|Equation) [\d.]+( of the supplement)?|#* ?\d+\.\d+(?= [A-Z])", r"\1", text)


def test_sections_figures_and_tables_count_from_one(notebook: NotebookNode) -> None:
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    sections = re.findall(r"^## (\d+) ", text, re.MULTILINE)
    assert sections == ["1", "2", "3", "4", "5", "6", "7"]
    below = re.findall(r"^### (\d+\.\d+) ", text, re.MULTILINE)
    assert below == [f"6.{place}" for place in range(1, len(below) + 1)]
    assert len(below) > 4
    for kind in ("Figure", "Table"):
        captions = re.findall(rf"^\*\*{kind}[\s\u00a0](\d+):", text, re.MULTILINE)
        assert captions == [str(place) for place in range(1, len(captions) + 1)]
        for reference in re.findall(rf"(?<!\*){kind}[\s\u00a0](\d+)(?! of the supplement)\b(?!:)", text):
            assert reference in captions, f"{kind} {reference}"


def test_the_lesson_writes_out_the_networks_of_the_study(notebook: NotebookNode, fashion: Checkout) -> None:
    """The code, run by itself, makes networks that answer as the project's do with the same weights."""
    (cell,) = [cell for cell in code(notebook) if cell.source.startswith("import torch")]
    study = fashion.metrics()["studies"]["fashion"]
    names: dict[str, Any] = {"results": SimpleNamespace(study=study)}
    threads = torch.get_num_threads()
    exec(cell.source, names)
    torch.set_num_threads(threads)
    assert list(names["networks"]) == ["mlp", "cnn3"]
    for name, network in names["networks"].items():
        assert all(type(layer).__module__.startswith("torch.nn") for layer in network)
        model = from_json(study["variants"][name]["model"])
        other = build(model, pool_first=False)
        other.load_state_dict(dict(zip(other.state_dict(), network.state_dict().values(), strict=True)))
        image = torch.randn(3, *model.input_shape)
        assert torch.equal(network(image), other(image))


def test_the_lesson_ran_on_the_data_and_learned(notebook: NotebookNode) -> None:
    said = "\n".join(printed(cell) for cell in code(notebook))
    assert "train: " in said
    assert ", as in the study" in said
    assert said.count("as PyTorch's up to rounding") == 4
    (cell,) = [cell for cell in code(notebook) if cell.source.startswith("EPOCHS, BATCH")]
    table = BeautifulSoup(cell.outputs[-1].data["text/html"], "html.parser")
    losses = [float(row.select("td")[0].get_text()) for row in table.select("tbody tr")]
    assert len(losses) == 3
    assert losses[-1] < losses[0]


def test_headings_captions_and_references_are_those_of_the_report(notebook: NotebookNode, fashion: Checkout) -> None:
    text = plain("\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown"))
    elements = list(chapter(fashion, "sec-fashion"))
    marked = [element for element in elements if element.name in ("h3", "figcaption") or "data-cites" in element.attrs]
    assert len(marked) > 30
    text = unnumbered(text)
    for element in marked:
        words = [plain(element.get_text(" ", strip=True)).replace(" .", "."), plain(element.get_text())]
        assert any(unnumbered(each) in text for each in words), words
    references = text.split("References")[-1]
    cited = [link for element in elements if "data-cites" in element.attrs for link in element.find_all("a")]
    assert {link["href"] for link in cited} == {"#ref-glorot2011", "#ref-kingma2015"}
    for link in cited:
        first, *_, year = link.get_text().split()
        assert re.search(rf"{first}, .*\b{year}\.", references)


def test_nothing_of_the_sources_syntax_is_left(notebook: NotebookNode) -> None:
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            for sign in (r"\]\{", r"<span", r"<div", r":::", r"@(fig|tbl|sec|eq)-", r"<<|>>", r"\]\(#", r"\{#"):
                assert not re.search(sign, cell.source), f"{sign}: {cell.source[:300]}"


def test_tables_are_tables_of_markdown(notebook: NotebookNode, fashion: Checkout) -> None:
    rules = [line for cell in notebook.cells for line in cell.source.splitlines() if re.fullmatch(r"\|[-:|]+\|", line)]
    assert len(rules) == sum(element.name == "table" for element in chapter(fashion, "sec-fashion")) > 4


def test_made_again_it_is_the_same_bytes(fashion: Checkout, hostile: dict[str, str]) -> None:
    before = path_of(fashion).read_bytes()
    again = fashion.built("notebooks", STUDIES=SMOKE_STUDIES, **hostile)
    assert "notebooks: up to date" in again.stderr
    for made in ("notebooks", ".executed"):
        shutil.rmtree(fashion.build / made)
    fashion.built("notebooks", STUDIES=SMOKE_STUDIES, **hostile)
    assert path_of(fashion).read_bytes() == before


def test_with_retrain_jupyter_trains_a_network_to_the_stored_accuracy(
    notebook: NotebookNode, fashion: Checkout, tmp_path: Path
) -> None:
    """Run by ``jupyter execute``, with the kernel that Jupyter itself finds, in the notebook's own folder."""
    changed = copy.deepcopy(notebook)
    (parameters,) = [cell for cell in changed.cells if cell.metadata.get("tags") == ["parameters"]]
    parameters.source = parameters.source.replace("RETRAIN = False", "RETRAIN = True").replace("SEED = 0", "SEED = 1")
    path = path_of(fashion).with_name("retrained.ipynb")
    nbformat.write(changed, path)
    command = [sys.executable, "-m", "jupyter", "execute", "--inplace", path.name]
    done = subprocess.run(
        command, cwd=path.parent, env=fashion.environment(), capture_output=True, text=True, timeout=200, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    ran = read(path)
    path.unlink()
    assert images(ran) == images(notebook)
    stored = fashion.metrics()["studies"]["fashion"]["variants"]["cnn3"]["test_accuracy"]["values"]
    said = printed(code(ran)[-1])
    assert len(re.findall(r"^epoch \d: validation accuracy 0\.\d{4}$", said, re.MULTILINE)) == 3
    assert f"test accuracy {stored[1]:.4f}\n" in said
    assert f"to {max(stored):.4f}\n" in said
    assert f"seed and arithmetic: {stored[1]:.4f}\n" in said
    assert "RETRAIN is False" in printed(code(notebook)[-1])


def test_where_the_project_is_missing_it_is_cloned(notebook: NotebookNode, fashion: Checkout, tmp_path: Path) -> None:
    """As in Colab: an empty folder, the published results of the clone, and few packages."""
    published = Checkout.copy_to(tmp_path / "published").root
    for name in ("metrics.json", "pictures.safetensors"):
        (published / "data" / "published" / name).write_bytes((fashion.build / name).read_bytes())
    who = ("-c", "user.name=Test", "-c", "user.email=test@example.org")
    for command in (["init", "--quiet"], ["add", "--all"], [*who, "commit", "--quiet", "-m", "Published"]):
        subprocess.run(["git", *command], cwd=published, check=True, capture_output=True)
    here = tmp_path / "content"
    here.mkdir()
    sources = [cell.source for cell in code(notebook)]
    (set_up, load), first = sources[:2], next(source for source in sources if CALL.fullmatch(source))
    assert 'REPOSITORY = ""' in set_up
    script = [
        set_up.replace('REPOSITORY = ""', f'REPOSITORY = "{published.as_uri()}"'),
        load,
        f"png, shown = {first}._repr_png_()",
        "import convscope, importlib.metadata",
        "StoredResults.find(PROJECT, PROFILE, STUDY)",  # as if they were others, which are checked
        "print(Path(convscope.__file__).relative_to(Path.cwd()), png[1:4].decode(), shown['width'])",
        "packages = importlib.metadata.packages_distributions()",
        "print(*{package for module in list(sys.modules) for package in packages.get(module, [])})",
    ]
    command = [sys.executable, "-c", "\n".join(script)]
    environment = {name: text for name, text in fashion.environment().items() if name != "PYTHONPATH"}
    done = subprocess.run(command, cwd=here, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    *said, imported = done.stdout.splitlines()
    assert said == [
        "These are the results that the text of this notebook was written from.",
        "convscope/src/convscope/__init__.py PNG 629",
    ]
    # Matplotlib brings fontTools and Pillow along; the lesson is not in this script.
    assert set(imported.split()) & named_in_pyproject() == {*NEEDED, "fonttools", "pillow"} - {"torch"}


def test_without_an_address_it_says_what_to_do(notebook: NotebookNode, tmp_path: Path) -> None:
    command = [sys.executable, "-c", code(notebook)[0].source]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 1
    assert done.stderr.strip() == "Set REPOSITORY, or put the project's folder beside this notebook."


def test_other_results_than_those_of_the_text_are_told(fashion: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(fashion.root)
    found = StoredResults.find(fashion.root, "smoke", "fashion", "0" * 64)
    assert (found.source, found.as_written) == ("build/smoke", False)
    with pytest.raises(ConvscopeError, match=r"no figure 'accuracy'; there is: .*fashion-accuracy"):
        found.figure("accuracy")


def test_in_a_fresh_clone_results_follow_from_the_published_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    kept = tmp_path / "data" / "published"
    kept.mkdir(parents=True)
    for part in ("runs", "datasets", "images"):
        (kept / part).symlink_to(ROOT / "data" / "published" / part)
    found = StoredResults.find(tmp_path, "published", "inductive_bias_glyphs", "0" * 64)
    assert (found.source, found.as_written, found.study["seeds"]) == ("data/published/runs", False, 8)
    assert found.figure("inductive_bias_glyphs-disputed").png().startswith(b"\x89PNG")
    train, test, said = found.few_images(tmp_path, 40)
    assert (len(train), len(test)) == (40, 20)
    assert said.startswith("Generated")


def test_where_no_results_are_it_says_how_to_make_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConvscopeError, match="make metrics PROFILE=quick STUDIES=fashion"):
        StoredResults.find(tmp_path, "quick", "fashion")


def test_a_study_of_ones_own_gets_one_and_a_study_not_run_none(
    tmp_path: Path, hostile: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    checkout = Checkout.copy_to(tmp_path)
    (checkout.root / "report" / "studies" / "tiny.py").write_text(TINY, encoding="utf-8")
    without_apt = str(tmp_path_factory.mktemp("empty"))
    done = checkout.built("notebooks", PROFILE="quick", STUDIES="mnist tiny", PATH=without_apt, **hostile)
    assert done.stdout.splitlines() == [
        "mnist: not run, so it has no notebook",
        "tiny: build/quick/notebooks/tiny.ipynb",
    ]
    folder = checkout.root / "build" / "quick" / "notebooks"
    assert [path.name for path in folder.iterdir()] == ["tiny.ipynb"]
    notebook = read(folder / "tiny.ipynb")
    assert notebook.cells[0].source.splitlines()[0].endswith("Tiny: generated digits")
    assert len(images(notebook)) > 10


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("1 / 0", r"broken\.ipynb does not run from top to bottom: ZeroDivisionError"),
        ("import warnings\nwarnings.warn('odd')", r"broken\.ipynb, 'import warnings' warns: .*odd"),
    ],
)
def test_a_cell_that_fails_or_warns_is_named(source: str, said: str, tmp_path: Path) -> None:
    broken = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
    with pytest.raises(NotebookError, match=said):
        run_notebook(broken, tmp_path, "broken.ipynb")

"""The Dockerfiles, as far as they can be checked without Docker: what they name must be there, and must suffice."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, distribution, requires
from pathlib import Path

import pytest
import tiny_run
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import convscope.deployment
from convscope.runs.executors import KEEP_MEMORY, ONE_THREAD
from convscope.specs import canonical_json

CHECKOUT = Path(__file__).parents[2]
FOLDER = Path(convscope.deployment.__file__).parent / "containers"
NAMES = ("training", "serving")
INSTRUCTIONS = {"FROM", "LABEL", "ENV", "WORKDIR", "COPY", "RUN", "ARG", "EXPOSE", "ENTRYPOINT"}


def instructions(name: str) -> list[tuple[str, str]]:
    """Keyword and argument of every instruction; continued lines are joined."""
    text = (FOLDER / f"{name}.Dockerfile").read_text()
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    return [(line.split(maxsplit=1)[0], line.split(maxsplit=1)[1]) for line in joined.splitlines()]


def arguments(name: str, keyword: str) -> list[str]:
    return [argument for found, argument in instructions(name) if found == keyword]


def installed(name: str) -> set[str]:
    """Packages that the image names, PyTorch included."""
    (locked,) = [argument for argument in arguments(name, "RUN") if "--constraints requirements.lock" in argument]
    return {"torch", *locked.split("requirements.lock")[1].split()}


def test_every_container_is_checked() -> None:
    assert sorted(path.name for path in FOLDER.iterdir()) == sorted(f"{name}.Dockerfile" for name in NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_instructions(name: str) -> None:
    keywords = [keyword for keyword, _ in instructions(name)]
    assert set(keywords) <= INSTRUCTIONS
    assert keywords[0] == "FROM"
    assert keywords.count("ENTRYPOINT") == 1
    (base,) = arguments(name, "FROM")
    assert re.fullmatch(r"python:3\.\d+\.\d+-slim-[a-z]+", base), base  # a full version, no moving tag
    for argument in arguments(name, "COPY"):
        *sources, _target = argument.split()
        assert all((CHECKOUT / source).exists() for source in sources), argument


@pytest.mark.parametrize("name", NAMES)
def test_python_is_one_that_the_project_allows(name: str) -> None:
    (base,) = arguments(name, "FROM")
    assert base.startswith("python:3.11.")
    assert 'requires-python = ">=3.11"' in (CHECKOUT / "pyproject.toml").read_text()


@pytest.mark.parametrize("name", NAMES)
def test_packages_are_in_the_lock(name: str) -> None:
    lock = (CHECKOUT / "requirements.lock").read_text()
    for package in installed(name):
        assert re.search(rf"^{package}==\S+", lock, re.MULTILINE), package


@pytest.mark.parametrize("name", NAMES)
def test_version_of_torch_is_read_from_the_lock(name: str) -> None:
    (command,) = [argument for argument in arguments(name, "RUN") if "torch==" in argument]
    requirement = command[command.index('"torch==') :]
    found = subprocess.run(
        ["sh", "-c", f"echo {requirement}"], cwd=CHECKOUT, capture_output=True, text=True, check=True
    )
    assert f"\n{found.stdout.strip()} " in (CHECKOUT / "requirements.lock").read_text()


@pytest.mark.parametrize("name", NAMES)
def test_uv_is_that_of_the_makefile(name: str) -> None:
    (pinned,) = set(re.findall(r"uv==[\d.]+", " ".join(arguments(name, "RUN"))))
    assert pinned in (CHECKOUT / "Makefile").read_text()


@pytest.mark.parametrize(
    ("name", "module"), [("training", "convscope.deployment.train_entry"), ("serving", "convscope.deployment.serving")]
)
def test_entry_point(name: str, module: str) -> None:
    (entry,) = arguments(name, "ENTRYPOINT")
    assert json.loads(entry) == ["python", "-m", module]  # as a list: it gets SageMaker's signals itself
    assert importlib.util.find_spec(module) is not None


def test_environment_of_the_training() -> None:
    (environment,) = arguments("training", "ENV")
    assert set(environment.split()) >= {f"{key}={value}" for key, value in (ONE_THREAD | KEEP_MEMORY).items()}


# ---------------------------------------------------------------- do the packages suffice?


def closure(packages: set[str]) -> set[str]:
    """The packages and all that they require here."""
    found: set[str] = set()
    waiting = {str(canonicalize_name(package)) for package in packages}
    while waiting:
        package = waiting.pop()
        found.add(package)
        try:
            lines = requires(package) or []
        except PackageNotFoundError:
            continue  # for another system
        for requirement in map(Requirement, lines):
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                waiting |= {str(canonicalize_name(requirement.name))} - found
    return found


def image(name: str, folder: Path) -> tuple[list[str], dict[str, str]]:
    """Stand in for an image: a Python that finds its packages alone, and the image's environment."""
    site = folder / "site-packages"
    site.mkdir()
    for package in closure(installed(name)):
        with suppress(PackageNotFoundError):  # for another system
            for file in distribution(package).files or []:
                link = site / file.parts[0]
                if file.parts[0] != ".." and not link.exists():
                    link.symlink_to(Path(str(file.locate())).parents[len(file.parts) - 1] / file.parts[0])
    (environment,) = arguments(name, "ENV")
    variables = dict(value.split("=", 1) for value in environment.split())
    variables["PYTHONPATH"] = f"{site}:{CHECKOUT / 'src'}"
    return [str(Path(sys.base_prefix) / "bin" / "python3"), "-S"], variables


def test_nothing_else_can_be_imported(tmp_path: Path) -> None:
    python, variables = image("serving", tmp_path)
    code = "import importlib.util as u; print([bool(u.find_spec(m)) for m in ('numpy', 'torch', 'mkdocs', 'moto')])"
    done = subprocess.run([*python, "-c", code], env=variables, capture_output=True, text=True, check=True)
    assert done.stdout == "[True, True, False, False]\n"


@pytest.mark.slow
def test_training_needs_no_more(tmp_path: Path) -> None:
    python, variables = image("training", tmp_path)
    done = subprocess.run(
        [*python, "-m", "convscope.deployment.train_entry", "train", "--run", canonical_json(tiny_run.spec(epochs=1))],
        env=variables | {"CONVSCOPE_OPT_ML": str(tmp_path)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "model" / "model.json").is_file()


@pytest.mark.slow
def test_serving_needs_no_more(tmp_path: Path) -> None:
    tiny_run.artefact(tmp_path / "model")
    python, variables = image("serving", tmp_path)
    with tiny_run.server_of(tmp_path / "model", tmp_path / "log", python, variables) as server:
        server.wait_until_loaded()
        response = server.post(tiny_run.png(tiny_run.dataset().test.pixels[0]), "image/png")
    assert response.status_code == 200, response.text

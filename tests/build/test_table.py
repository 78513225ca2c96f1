"""An edit of anything that a step reads makes due what rests on it, and nothing else."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from checkout import Checkout
from convscope.build import facts
from convscope.build.table import TABLE
from convscope.course.new_study import write_study

pytestmark = pytest.mark.slow

EVERYTHING = {step.name for step in TABLE}
SRC = "src/convscope"
# A comment may change a line number, and the site and the grade sheet show the sources themselves.
LOOKS_AT_SOURCES = {"grade", "site"}
OWN = "report/studies/mine.py"

# file, old text, new text, steps that become due by it: what these write makes others due, once it differs.
EDITS = [
    ("requirements.lock", "", "# \n", EVERYTHING),
    # a study of one's own: what it declares counts, wherever it stands, and a comment does not
    (OWN, "title=", "title='Quite other ' + ", {"metrics"}),
    (OWN, "margin=0.01", "margin=0.03", {"metrics"}),
    (OWN, "", "# a comment\n", set()),
    # a study of the package: whoever reads metrics.json compares it with what is declared
    (f"{SRC}/studies/fashion.py", 'title="', 'title="Quite other ', EVERYTHING - {"deployment"}),
    (f"{SRC}/studies/fashion.py", "A larger kernel that loses", "Quite other", EVERYTHING - {"deployment"}),
    (f"{SRC}/studies/kernel_claims.py", "One CNN", "Quite other", EVERYTHING - {"deployment"}),
    (f"{SRC}/studies/fashion.py", "KERNELS = (3, 5, 7)", "KERNELS = (3, 5, 9)", EVERYTHING - {"deployment"}),
    # a deployed run is its specification, which its key holds: not how claims are declared
    (f"{SRC}/studies/claim.py", "", "# \n", EVERYTHING - {"deployment"}),
    # code
    (f"{SRC}/files.py", "", "# \n", EVERYTHING),
    (f"{SRC}/figures/style.py", "", "# \n", {"figures", "notebooks"} | LOOKS_AT_SOURCES),
    (f"{SRC}/analysis/verdicts.py", "", "# \n",
     {"metrics", "figures", "report", "notebooks", "explorer"} | LOOKS_AT_SOURCES),
    (f"{SRC}/report/fill.py", "", "# \n", {"report"} | LOOKS_AT_SOURCES),
    ("report/assignment.yml", "", "# \n", {"grade"}),
    (f"{SRC}/notebooks/cells.py", "", "# \n", {"notebooks"} | LOOKS_AT_SOURCES),
    (f"{SRC}/deployment/serving/app.py", "", "# \n", {"deployment"} | LOOKS_AT_SOURCES),
    (f"{SRC}/deployment/train_entry.py", "", "# \n", {"deployment"} | LOOKS_AT_SOURCES),
    (f"{SRC}/build/steps/figures.py", "", "# \n", {"figures"} | LOOKS_AT_SOURCES),
    (f"{SRC}/cli.py", "", "# \n", LOOKS_AT_SOURCES),
    # what is no Python: the packages whose code may read it
    (f"{SRC}/report/report.css", "", "/* */\n", {"report", "notebooks", "explorer"} | LOOKS_AT_SOURCES),
    (f"{SRC}/deployment/evidence.schema.json", "", " ", {"deployment", "figures", "report"} | LOOKS_AT_SOURCES),
    (f"{SRC}/grade/grade.md.jinja", "", " ", LOOKS_AT_SOURCES),
    # prose, and what stands beside it
    ("report/report.qmd", "", "\n", {"report"}),
    ("report/studies/fashion.qmd", "", "\n", {"report"}),
    ("report/references.bib", "", "\n", {"report"}),
    ("report/author.yml", "", "name: Somebody\n", {"report"}),
    ("site/docs/architecture.md", "", "\n", {"site"}),
    ("site/explorer/network.js", "", "\n", {"explorer", "site"}),
    ("README.md", "", "\n", {"grade"}),
    ("Makefile", "", "# \n", {"grade"}),
    ("report/_quarto.yml", "", "# \n", {"figures", "report", "grade"}),
    ("LICENSE", "", "\n", {"grade"}),
    ("pyproject.toml", "", "# \n", {"grade"}),
    ("data/README.md", "", "\n", {"grade"}),
    # what steps write, as others read it
    ("build/smoke/metrics.json", "", "{}", {"metrics", "figures", "report", "notebooks", "grade", "explorer", "site"}),
    ("build/smoke/verdicts.json", "", "{}", {"metrics", "report"}),
    ("build/smoke/report/report.html", "", "x", {"report", "notebooks", "grade", "site"}),
    ("build/smoke/deployment/evidence.json", "", "{}", {"deployment", "figures", "report", "grade", "site"}),
    ("build/smoke/pictures.safetensors", "", "x", {"metrics", "figures", "notebooks", "explorer"}),
    ("build/smoke/figures/new.svg", "", "x", {"figures", "report", "grade"}),
    ("build/smoke/notebooks/new.ipynb", "", "x", {"notebooks", "grade"}),
    ("build/smoke/explorer/new.js", "", "x", {"explorer", "site"}),
    ("build/smoke/grade.json", "", "{}", {"grade", "site"}),
    ("build/smoke/grade/index.md", "", "x", {"grade", "site"}),
    # a deployment on AWS that the repository keeps; one of the emulator is the site's alone
    ("data/published/deployment/evidence.json", "", "{}", {"figures", "report", "grade", "site"}),
    ("data/published/emulated/evidence.json", '"label"', '"label" ', {"site"}),
    # nobody reads them
    ("tests/test_cli.py", "", "# \n", set()),
    (".ci/run", "", "# \n", set()),
]  # fmt: skip

# What else a step rests on, by what happens: steps that become due, and the facts that say so.
EVENTS: dict[str, tuple[set[str], set[object]]] = {
    "the_deployed_run": ({"deployment", "metrics", "explorer"}, {facts.deployed, facts.results, facts.explored}),
    "another_run": ({"metrics"}, {facts.results}),
    "fewer_studies": ({"metrics"}, {facts.results}),
    "a_data_set": ({"deployment", "metrics"}, {facts.deployed, facts.results}),
    "a_published_run": ({"metrics"}, {facts.results}),
    "another_renderer": ({"report"}, {facts.renderer}),
    "an_address": ({"report", "notebooks"}, {facts.origin, facts.address}),
    "a_commit": ({"report"}, {facts.origin}),
    "an_edit_that_is_not_committed": ({"report"}, {facts.origin}),
    "another_place_of_the_site": ({"site"}, {facts.published_at}),
}


Due = dict[str, list[str]]


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Due], dict[str, Due]]:
    checkout = Checkout.copy_to(tmp_path_factory.mktemp("table") / "checkout")
    write_study(checkout.root, "mine")
    for folder in ("report", "deployment", "figures", "notebooks", "explorer", "grade"):
        (checkout.build / folder).mkdir(parents=True)
    (checkout.root / "data" / "published" / "deployment").mkdir()
    script = Path(__file__).with_name("recorded.py")
    done = subprocess.run(
        [sys.executable, str(script), json.dumps([edit[:3] for edit in EDITS])],
        cwd=checkout.root, env=checkout.environment(), capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    by_edit, by_event = json.loads(done.stdout)
    return by_edit, by_event


@pytest.fixture(scope="module")
def due_by_edit(said: tuple[list[Due], dict[str, Due]]) -> list[Due]:
    return said[0]


@pytest.mark.parametrize(("number", "edit"), [pytest.param(*pair, id=pair[1][0]) for pair in enumerate(EDITS)])
def test_an_edit_makes_due_what_rests_on_it(
    number: int, edit: tuple[str, str, str, set[str]], due_by_edit: list[Due]
) -> None:
    assert set(due_by_edit[number]) == edit[3]


@pytest.mark.parametrize("event", EVENTS)
def test_what_happens_makes_due_what_rests_on_it(event: str, said: tuple[list[Due], dict[str, Due]]) -> None:
    assert set(said[1][event]) == EVENTS[event][0]


def test_every_kind_of_input_is_among_them(said: tuple[list[Due], dict[str, Due]]) -> None:
    """What the table says that a step rests on is edited above: a new input cannot be forgotten here."""
    for step in TABLE:
        edited = [edit[0] for edit in EDITS if step.name in edit[3]]
        for name in (read.replace("PROFILE", "smoke") for read in step.reads):
            assert any(file == name or file.startswith(f"{name}/") for file in edited), f"{step.name} reads {name}"
        happened = [rests_on for steps, rests_on in EVENTS.values() if step.name in steps]
        assert set(step.facts) <= set().union(*happened), step.name
    assert said[1].keys() == EVENTS.keys()


def test_a_step_says_what_changed(due_by_edit: list[Due]) -> None:
    files = [edit[0] for edit in EDITS]
    assert due_by_edit[files.index(OWN)] == {"metrics": ["study mine"]}
    assert due_by_edit[files.index("report/report.qmd")] == {"report": ["report/report.qmd"]}
    assert due_by_edit[files.index(f"{SRC}/figures/style.py")]["figures"] == [f"{SRC}/figures/style.py"]
    assert due_by_edit[0]["metrics"] == ["requirements.lock"]


def test_what_a_step_reads_is_written_before() -> None:
    """The order of the table is one in which every step finds what it reads."""
    written: set[str] = set()
    for step in TABLE:
        missing = {name for name in step.reads if name.startswith("build/")} - written
        assert not missing, f"{step.name} reads {missing}, which no step above writes"
        written |= set(step.writes)

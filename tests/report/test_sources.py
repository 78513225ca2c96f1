"""The paper's appendix: short, and yet every place that the text quotes can be read from it."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checkout import SmokeBuild
from convscope.report.evidence import numbers_in
from convscope.report.sources import grouped, sources_table

IDS = st.sampled_from(["mlp", "cnn3", "fashion-3x3-best", "ID"])
STUDIES = st.sampled_from(["fashion", "mnist"])
POINTERS = st.one_of(
    st.builds("/studies/{}/variants/{}/test_accuracy/interval/{}".format, STUDIES, IDS, st.integers(0, 1)),
    st.builds("/studies/{}/variants/{}/parameters".format, STUDIES, IDS),
    st.builds("/studies/{}/against_baseline/{}/effect".format, STUDIES, st.integers(0, 12)),
    st.builds("/studies/{}/seeds".format, STUDIES),
    st.builds("/studies/{}/tuning/variants/{}/chosen".format, STUDIES, IDS),
    st.builds("/studies/{}/shift/accuracy/{}/{}/mean".format, STUDIES, IDS, st.integers(0, 8)),
    st.builds("/claims/{}/effect".format, IDS),
    st.sampled_from(["/claims", "/studies", "/environment/machines/0/cores"]),
)


@given(st.lists(POINTERS, min_size=1))
def test_the_rows_stand_for_the_pointers_and_no_others(pointers: list[str]) -> None:
    spelled = {
        "/" + f"{stem.replace('STUDY', study).replace('ID', name)}/{key}".strip("/")
        for stem, keys, ids in grouped(pointers)
        for key in keys
        for study, names in ids.items()
        for name in names
    }
    assert spelled == {re.sub(r"(?<=/)\d+(?=/|$)", "*", pointer) for pointer in pointers}


def test_what_is_quoted_of_many_takes_one_row() -> None:
    pointers = [f"/studies/{s}/variants/{v}/macs" for s in ("fashion", "mnist") for v in ("cnn3", "mlp")]
    assert sources_table(pointers) == (
        "| `/studies/STUDY/variants/ID` | `macs` | `fashion` (`cnn3`, `mlp`); `mnist` (`cnn3`, `mlp`) |"
    )


@pytest.mark.parametrize("place", ["variants", "tuning/variants", "equivariance/variants", "shift/accuracy"])
def test_no_row_spells_out_each_variant(place: str) -> None:
    pointers = [f"/studies/design/{place}/variant{i}/{what}/0/mean" for i in range(21) for what in ("curve", "errors")]
    [(stem, keys, _)] = grouped(pointers)
    assert (stem, keys) == (f"/studies/STUDY/{place}/ID", ["curve/*/mean", "errors/*/mean"])


def _filled(report: Path, name: str) -> str:
    return (report / "source" / f"{name}.qmd").read_text(encoding="utf-8")


@pytest.mark.slow
def test_paper_has_the_appendix_and_no_links_to_files_it_lacks(smoke_build: SmokeBuild) -> None:
    report = smoke_build.checkout.build / "report"
    command = ["pdftotext", "-raw", str(report / "supplement.pdf"), "-"]  # a cell's words one after the other
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    # The first is the entry in the table of contents.
    appendix = re.split(r"^References$", text.split("Sources of the numbers")[2], flags=re.MULTILINE)[0]
    assert appendix.count("\f") <= 3, "pages"
    page_break = r"\n\d+ / \d+\n\f?.*\nPlace Quoted from it Studies and ids\n"
    words = re.sub(r"\s+", "", re.sub(page_break, "\n", appendix))
    for claim in smoke_build.checkout.metrics()["claims"]:
        assert claim in words
    # Which networks share a row depends on what the text finds worth a word, so on the results.
    quoted = {pointer for name in ("report", "supplement") for pointer in numbers_in(_filled(report, name))}
    rows = grouped(quoted)
    assert {"/studies/STUDY/variants/ID", "/claims/ID"} <= {stem for stem, _, _ in rows}
    for stem, keys, ids in rows:
        assert re.sub(r"\s+", "", stem) in words
        assert ",".join(keys) in words
        for study, names in ids.items():
            assert f"{study}({','.join(names)})" in words if study and names != [""] else study in words
    assert "Data (CSV)" not in text
    html = (report / "supplement.html").read_text(encoding="utf-8")
    assert "Sources of the numbers" not in html
    assert "Data (CSV)" in html

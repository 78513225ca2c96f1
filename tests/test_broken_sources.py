"""A report with a hole, a dead reference or a missing figure is not published; the last good one stays."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from checkout import SMOKE_STUDIES, Checkout, SmokeBuild

pytestmark = pytest.mark.slow

HEADING = "# References {.unnumbered}"


def built_with(
    checkout: Checkout, added: str, *, file: str = "report/report.qmd"
) -> tuple[subprocess.CompletedProcess[str], dict[str, bytes], dict[str, bytes]]:
    """Build up to the report with a text put in; return the process and the report's files before and after."""
    source = checkout.root / file
    good = source.read_text(encoding="utf-8")
    assert good.count(HEADING) == 1
    before = contents(checkout.build / "report")
    source.write_text(good.replace(HEADING, f"{added}\n\n{HEADING}"), encoding="utf-8")
    try:
        done = checkout.run("report", STUDIES=SMOKE_STUDIES)
    finally:
        source.write_text(good, encoding="utf-8")
    return done, before, contents(checkout.build / "report")


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("added", "named"),
    [
        ('It is << mean("/studies/fashion/variants/cnn9/test_accuracy") >>.', "'cnn9'"),
        ("It is << studies.fashion.accuracy >>.", "accuracy"),
        ('It is << value("/studies/fashion/seeds", "roman") >>.', "'roman'"),
        ("It is << mean( >>.", "report.qmd, line"),
        ('<% include "chapter-nine.qmd" %>', "chapter-nine.qmd"),
        ("As @fig-dragons shows.", "fig-dragons"),
        ("As shown elsewhere [@nobody1999].", "nobody1999"),
        ('<< figure("fashion-dragons", "Dragons.", "A dragon") >>', "'fashion-dragons'"),
        ("![Dragons.](figures/dragons.png){#fig-dragons}", "dragons.png"),
        ("The loss is undefined there.", "undefined"),
    ],
)
def test_nothing_is_published(smoke_build: SmokeBuild, added: str, named: str) -> None:
    done, before, after = built_with(smoke_build.checkout, added)
    assert done.returncode == 1
    assert named in done.stderr
    assert "convscope: " in done.stderr
    assert "Traceback" not in done.stderr
    assert set(before) >= {"report.html", "report.pdf", "supplement.html", "supplement.pdf", "pages/index.md"}
    assert after == before


def test_the_sources_above_are_refused_for_what_was_put_in(smoke_build: SmokeBuild) -> None:
    done, before, after = built_with(smoke_build.checkout, "Here is a sentence about marmosets.")
    assert done.returncode == 0
    assert b"about marmosets" in after["report.html"]
    assert b"about marmosets" not in before["report.html"]


def test_a_site_with_a_broken_link_is_not_published(smoke_build: SmokeBuild) -> None:
    page = smoke_build.checkout.root / "site" / "docs" / "downloads.md"
    good = page.read_text(encoding="utf-8")
    before = (smoke_build.checkout.build / "site" / "downloads.html").read_bytes()
    page.write_text(f"{good}\nSee [the appendix](appendix.md).\n", encoding="utf-8")
    try:
        done = smoke_build.checkout.run("site", STUDIES=SMOKE_STUDIES)
    finally:
        page.write_text(good, encoding="utf-8")
    assert done.returncode == 1
    assert "appendix.md" in done.stderr
    assert (smoke_build.checkout.build / "site" / "downloads.html").read_bytes() == before
    mended = smoke_build.checkout.run("site", STUDIES=SMOKE_STUDIES)  # tests to come read the sources it was built from
    assert mended.returncode == 0, mended.stderr
    assert (smoke_build.checkout.build / "site" / "downloads.html").read_bytes() == before

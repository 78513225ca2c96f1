"""The site's sources in Zensical: Material for MkDocs, which builds the site, ends in May 2027."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from checkout import SmokeBuild

pytestmark = pytest.mark.slow


def build(source: Path) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name("zensical")), "build", "--strict", "--config-file", "mkdocs.yml"]
    return subprocess.run(command, cwd=source, capture_output=True, text=True, check=False, timeout=600)


def test_zensical_builds_the_same_pages_with_the_same_numbers(smoke_build: SmokeBuild, tmp_path: Path) -> None:
    source = tmp_path / "source"
    shutil.copytree(smoke_build.checkout.build / ".site-source", source)
    done = build(source)
    assert done.returncode == 0, done.stdout + done.stderr
    now, then = smoke_build.checkout.build / "site", source / "site"
    pages = {page.relative_to(now) for page in now.rglob("*.html")}
    assert pages == {page.relative_to(then) for page in then.rglob("*.html")}
    assert sum(len(marked(now / page)) for page in pages) > 500
    for page in pages:
        assert marked(then / page) == marked(now / page), page
        assert photographs(then / page) == photographs(now / page), page  # which stay as they are in the dark
    assert any(photographs(now / page) for page in pages)


def marked(page: Path) -> list[str]:
    """Return where the numbers of a page's text come from; menus repeat those of headings, each theme in its way."""
    text = page.read_text(encoding="utf-8")
    article = BeautifulSoup(text, "html.parser").article if "data-source" in text else None
    return [str(number["data-source"]) for number in article.select("[data-source]")] if article else []


def photographs(page: Path) -> list[str]:
    return re.findall(r'<img src="([^"]*)"[^>]* data-photographs', page.read_text(encoding="utf-8"))


def test_strict_means_strict(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "index.md").write_text("# A\n\n[b](nowhere.md)\n", encoding="utf-8")
    (tmp_path / "mkdocs.yml").write_text("site_name: A\ntheme: {name: material}\n", encoding="utf-8")
    done = build(tmp_path)
    assert done.returncode != 0
    assert "does not exist" in done.stdout + done.stderr

"""The site: the report as a page, documentation, API reference and downloads, built by MkDocs Material."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from convscope.analysis.metrics_file import read_metrics
from convscope.deployment.evidence import find_evidence
from convscope.deployment.kept import read_kept
from convscope.deployment.page import render_page
from convscope.errors import ConvscopeError, ReportError
from convscope.files import replacing_folder, write_json, write_text
from convscope.report.alternatives import alternatives
from convscope.report.document import DOCUMENTS
from convscope.report.evidence import SHARED_FILES
from convscope.report.origins import DATA, WEB
from convscope.report.render import PAGES
from convscope.report.site_card import draw_card
from convscope.report.site_chapters import ChapterPage, rewritten, write_chapters
from convscope.report.site_charts import PICTURE, with_charts
from convscope.report.site_finish import API, finish
from convscope.report.site_pages import write_pages
from convscope.report.site_pictures import with_room
from convscope.report.traced import check_article


def build_site(root: Path, build: Path, output: Path, evidence: Sequence[Path] = ()) -> None:
    """Build the site from site/, the rendered report and the package's docstrings.

    Parameters
    ----------
    root
        Of the checkout.
    build
        The profile's build folder, with ``report/``, ``figures/`` and ``metrics.json``.
    output
        The folder to write, complete or not at all.
    evidence
        Folders that may hold the evidence of a deployment, ``evidence.json``.

    Raises
    ------
    ReportError
        MkDocs warns or fails: a broken link, a page that the navigation lacks.
    """
    source = build / ".site-source"
    filled = assemble_sources(root, build, source, evidence)
    with replacing_folder(output) as folder:
        command = [
            sys.executable, "-m", "mkdocs", "build", "--strict",  # not --quiet, which hides warnings from --strict too
            "--config-file", str(source / "mkdocs.yml"), "--site-dir", str(folder / "site"),
        ]  # fmt: skip
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            # Without a date of its own, sitemap.xml.gz would hold today's, and differ tomorrow.
            env=os.environ | {"NO_MKDOCS_2_WARNING": "1", "SOURCE_DATE_EPOCH": "0"},
        )
        if done.returncode != 0:
            said = "\n".join(line for line in (done.stdout + done.stderr).splitlines() if not line.startswith("INFO"))
            raise ReportError(f"MkDocs cannot build the site:\n{said.strip()[-3000:]}")
        finish(folder / "site")
        metrics = read_metrics(build / "metrics.json").as_json()
        for page in filled:
            check_article(folder / "site" / page, metrics)
        for path in (folder / "site").iterdir():
            path.rename(folder / path.name)
        (folder / "site").rmdir()


def assemble_sources(root: Path, build: Path, source: Path, evidence: Sequence[Path]) -> list[str]:
    """Put together what MkDocs reads: site/, the report's pages with their figures, downloads, the package.

    Returns
    -------
    list
        The pages whose text is filled with numbers.
    """
    with replacing_folder(source) as folder:
        shutil.copytree(root / "site" / "overrides", folder / "overrides")
        docs = folder / "docs"
        shutil.copytree(root / "site" / "docs", docs)
        for place, name in SHARED_FILES.items():
            shutil.copy(Path(__file__).with_name(name), docs / place)
        _join_styles(docs / "stylesheets")
        report = docs / "report"
        shutil.copytree(build / "report" / "source" / "figures" / WEB, report / "figures")
        shutil.copytree(build / "report" / DATA, report / DATA)
        metrics = read_metrics(build / "metrics.json").as_json()
        exhibits = {file.stem for file in (build / "explorer").glob("*.js")}
        chapters, targets = write_chapters(build / "report" / PAGES, metrics["studies"], report, exhibits)
        _write_settings(root / "site" / "mkdocs.yml", chapters, folder / "mkdocs.yml")
        filled = write_pages(
            root / "site" / "pages", metrics, report, docs,
            link=lambda label: f"report/{targets[label]}#{label}", told=alternatives(build / "figures"),
        )  # fmt: skip
        shutil.copytree(build / "explorer", docs / "explorer")
        draw_card(metrics, docs / "images" / "social.png")
        for name in DOCUMENTS:
            for file in (f"{name}.html", f"{name}.pdf"):
                shutil.copy(build / "report" / file, report)
        shutil.copy(build / "metrics.json", report)
        numbers = (build / "metrics.json").read_text(encoding="utf-8")
        write_text(report / "metrics.js", f"convscopeMetrics({numbers});\n")  # a page from the disk reads scripts alone
        shutil.copytree(build / "grade", docs / "grade")
        shutil.copy(build / "grade.json", docs / "grade")
        _add_evidence(docs / "deployment", evidence, root / "data" / "published")
        write_text(docs / "modules.md", _modules(root / "src" / "convscope"))
        shown: set[str] = set()
        drawings: dict[Path, str] = {}
        for page in docs.rglob("*.md"):
            text = page.read_text(encoding="utf-8")
            up = "../" * (len(page.relative_to(docs).parts) - 1)
            made = with_charts(rewritten(text, targets), up, report / "figures", metrics)
            if (made := with_room(made, page.parent, drawings)) != text:  # whatever builds the site has no hook for it
                page.write_text(made, encoding="utf-8")
            shown.update(PICTURE.findall(text))
        for drawn in (report / "figures").iterdir():
            if drawn.suffix == ".json" or drawn.stem not in shown:
                drawn.unlink()
        shutil.copytree(
            root / "src" / "convscope",
            folder / "src" / "convscope",
            ignore=shutil.ignore_patterns("__pycache__"),
        )
    return filled


def _join_styles(folder: Path) -> None:
    """Make one style sheet of all: a page waits for each of them, on a phone 150 ms."""
    parts = [folder / f"{name}.css" for name in ("report", "evidence", "site")]
    write_text(folder / "convscope.css", "\n".join(part.read_text(encoding="utf-8") for part in parts))
    for part in parts:
        part.unlink()


def _write_settings(settings: Path, chapters: Sequence[ChapterPage], output: Path) -> None:
    """Write mkdocs.yml with each menu's chapters in the place of a comment with its name."""
    text = settings.read_text(encoding="utf-8")
    for menu in {chapter.menu: None for chapter in chapters}:
        line = re.search(rf"^(?P<indent> *)# {menu}\n", text, re.MULTILINE)
        if line is None:
            raise ReportError(f"{settings} has no line `# {menu}` in its navigation, where pages are put in.")
        own = (chapter for chapter in chapters if chapter.menu == menu)
        pages = [f"{line['indent']}- {json.dumps(one.title)}: report/{one.name}\n" for one in own]
        text = text.replace(line[0], "".join(pages))
    write_text(output, text)


def _modules(package: Path) -> str:
    """Return the index of the API: each module with the first sentence that it says of itself."""
    lines = ["---", "search: {exclude: true}", "---", "", "# All modules", "", '<div class="m-index" markdown>', ""]
    for file in sorted(package.rglob("*.py"), key=lambda file: file.relative_to(package).with_suffix("").parts):
        place = file.relative_to(package.parent).with_suffix("")
        if place.name == "__main__":
            continue
        is_package = place.name == "__init__"
        name = ".".join((place.parent if is_package else place).parts)
        page = place.with_name("index.md") if is_package else place.with_suffix(".md")
        said = " ".join((ast.get_docstring(ast.parse(file.read_bytes())) or "").split("\n\n")[0].split())
        said = re.split(r"(?<=[.?!]) (?=[A-Z])|: ", said)[0].rstrip(".")
        depth = name.count(".") - (0 if is_package else 1)
        lines.append(f"{'    ' * max(depth, 0)}- [`{name.rpartition('.')[2]}`]({API}/{page.as_posix()}) {said}")
    return "\n".join([*lines, "", "</div>"]) + "\n"


def _add_evidence(folder: Path, places: Sequence[Path], published: Path) -> None:
    """Write the pages of deployments one after the other, each with its JSON beside it, and from nothing but that.

    Where there is none, the repository may keep one of the published results.
    """
    folder.mkdir()
    found = [evidence for _, evidence in find_evidence(places)]
    kept = None if found else read_kept(published)
    pages = []
    for number, evidence in enumerate([kept] if kept else found, start=1):
        name = "evidence.json" if number == 1 else f"evidence-{number}.json"
        write_json(folder / name, evidence.as_json())
        pages.append(render_page(evidence, name, kept=evidence is kept))
    none = (
        "# Deployment\n\nThis build deployed nothing. `make all` deploys a trained run to an emulator on this machine, "
        "unless it is given `DEPLOY=0`, and its evidence stands here.\n"
    )
    (folder / "index.md").write_text("\n\n".join(pages) or none, encoding="utf-8")


def serve(root: Path, build: Path, port: int, rebuild: Callable[[], None]) -> None:
    """Serve the built site on loopback until Ctrl-C, and rebuild and reload when report/ or site/ changes.

    Parameters
    ----------
    root, build
        As for `build_site`.
    port
        0 takes a free one.
    rebuild
        Brings the site up to date.

    Raises
    ------
    ConvscopeError
        Another program has the port.
    """
    from mkdocs.livereload import LiveReloadServer

    def rebuild_or_say_why() -> None:
        try:
            rebuild()
        except ConvscopeError as error:  # a slip while writing: the last good site stays
            print(f"\nconvscope: {error}", file=sys.stderr)

    port = port or _free_port()
    server = LiveReloadServer(rebuild_or_say_why, host="127.0.0.1", port=port, root=str(build / "site"))
    for folder in ("report", "site"):
        server.watch(str(root / folder))
    print(f"Serving {build / 'site'} on {server.url}", flush=True)
    print("Changes in report/ and site/ show at once. Ctrl-C stops.", flush=True)
    try:
        server.serve()  # type: ignore[no-untyped-call]
    except KeyboardInterrupt:
        print("Stopped.")
    except OSError as error:
        raise ConvscopeError(f"Port {port} cannot be used: {error.strerror}.", "PORT=0 takes a free one.") from error
    finally:
        server.shutdown()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])

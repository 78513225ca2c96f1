"""The site: the report as a page, documentation, API reference and downloads, built by MkDocs Material."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from convscope.deployment.evidence import find_evidence
from convscope.deployment.page import render_page
from convscope.errors import ConvscopeError, ReportError
from convscope.files import replacing_folder, write_json
from convscope.report.document import DOCUMENTS
from convscope.report.evidence import SHARED_FILES
from convscope.report.origins import DATA
from convscope.report.publish import PAGES


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
    assemble(root, build, source, evidence)
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
        for path in (folder / "site").iterdir():
            path.rename(folder / path.name)
        (folder / "site").rmdir()


def assemble(root: Path, build: Path, source: Path, evidence: Sequence[Path]) -> None:
    """Put together what MkDocs reads: site/ as it is, the report's page with its figures, downloads, the package."""
    with replacing_folder(source) as folder:
        shutil.copy(root / "site" / "mkdocs.yml", folder)
        docs = folder / "docs"
        shutil.copytree(root / "site" / "docs", docs)
        for place, name in SHARED_FILES.items():
            shutil.copy(Path(__file__).with_name(name), docs / place)
        report = docs / "report"
        shutil.copytree(build / "report" / "source" / "figures", report / "figures")
        shutil.copytree(build / "report" / DATA, report / DATA)
        shutil.copytree(build / "report" / PAGES, report, dirs_exist_ok=True)
        shutil.copy(build / "report" / "claims.md", docs / "claims.md")
        for name in DOCUMENTS:
            for file in (f"{name}.html", f"{name}.pdf"):
                shutil.copy(build / "report" / file, report)
        shutil.copy(build / "metrics.json", report)
        shutil.copytree(build / "grade", docs / "grade")
        shutil.copy(build / "grade.json", docs / "grade")
        _add_evidence(docs / "deployment", evidence)
        shutil.copytree(
            root / "src" / "convscope",
            folder / "src" / "convscope",
            ignore=shutil.ignore_patterns("__pycache__"),
        )


def _add_evidence(folder: Path, places: Sequence[Path]) -> None:
    """Write the pages of deployments one after the other, each with its JSON beside it, and from nothing but that."""
    folder.mkdir()
    pages = []
    for number, (_, evidence) in enumerate(find_evidence(places), start=1):
        name = "evidence.json" if number == 1 else f"evidence-{number}.json"
        write_json(folder / name, evidence.as_json())
        pages.append(render_page(evidence, name))
    none = "# Deployment\n\nThis build deployed nothing: its results were trained elsewhere.\n"
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
    from mkdocs.livereload import LiveReloadServer  # noqa: PLC0415

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

"""Below each figure and table of a page: a link to the code that made it, and to its data as CSV."""

from __future__ import annotations

import json
import re
import subprocess
from base64 import b64decode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

FIGURE_CODE = "code.json"
"""Beside the figures: by name, where the function is that draws it."""

WEB = "web"
"""Beside the figures: the folder of those that pages show."""

DATA = "data"
"""Folder of the CSV files, beside the page."""

MOST_INSIDE = 16_000
"""Bytes of a CSV file that the standalone page holds in itself; a larger one it expects beside it."""

_FIGURE = re.compile(r"^!\[.*\]\(figures/(?P<name>[\w.-]+)\.svg\)\{#(?P<label>fig-[\w.-]+)")
_CAPTION = re.compile(r"^: .*\{#(?P<label>tbl-[\w.-]+)[^{}]*\}\s*$")
_FENCE = re.compile(r"^:::+\s*(?P<opens>\S.*)?$")
# user@host:path, which git takes for SSH; a letter alone is a drive of Windows.
_SHORT_SSH = re.compile(r"(?:[\w.-]+@)?(?P<host>[\w.-]{2,}):(?!//)/?(?P<path>[^:]+)")
_SAFE = ",;:/()+*!@$=~^|[]?"  # in an address that stands in HTML; each other sign takes three
_DRAWN_INSIDE = re.compile(r"data:image/svg\+xml;base64,(?P<data>[\w+/=]+)")
_DATA_LINK = re.compile(rf'href="{DATA}/(?P<name>[\w.-]+\.csv)"')
# A label in a template, such as tbl-<< id >>-results.
_TEMPLATE_LABEL = re.compile(r"^: .*\{#(tbl-(?:<<.*?>>|[^\s{}<])+)")


@dataclass(frozen=True)
class Shown:
    """A figure or table of the filled source."""

    label: str  # ``fig-fashion-accuracy``, ``tbl-fashion-results``; its CSV file has the same name
    figure: str  # name of the figure's file, without ``.svg``; empty for a table
    lines: tuple[str, ...]  # of a table: header, rule and rows
    line: int  # where a link to its origin can stand: after this line, counted from zero


def shown_in(text: str) -> Iterator[Shown]:
    """Find figures and tables, in the order of the text.

    What belongs to a figure made of several stands together: links come after the whole.
    """
    lines = text.split("\n")
    ends = _ends_of_floats(lines)
    for place, line in enumerate(lines):
        if figure := _FIGURE.match(line):
            yield Shown(figure["label"], figure["name"], (), ends.get(place, place))
        elif caption := _CAPTION.match(line):
            last = place - 1
            while last >= 0 and not lines[last].strip():
                last -= 1
            first = last
            while first >= 0 and lines[first].lstrip().startswith("|"):
                first -= 1
            yield Shown(caption["label"], "", tuple(lines[first + 1 : last + 1]), ends.get(place, place))


def _ends_of_floats(lines: list[str]) -> dict[int, int]:
    """Map each line inside a figure or a layout of several to the line that closes the outermost one."""
    ends: dict[int, int] = {}
    stack: list[tuple[int, bool]] = []
    for place, line in enumerate(lines):
        fence = _FENCE.match(line)
        if fence and fence["opens"]:
            stack.append((place, "layout" in line or "#fig-" in line or "#tbl-" in line))
        elif fence and stack:
            first, is_float = stack.pop()
            if is_float:
                ends.update(dict.fromkeys(range(first, place), place))
    return ends


class Origins:
    """Knows which code made what.

    Parameters
    ----------
    templates
        The folder ``report/``.
    repository
        Its address in the web; empty where there is none.
    say
        Gives a text in the language of the document.
    """

    def __init__(
        self, templates: Path, figures: Path, commit: str, repository: str = "", say: Callable[[str], str] = str
    ) -> None:
        code = figures / FIGURE_CODE
        self._figures: dict[str, Any] = json.loads(code.read_bytes()) if code.is_file() else {}
        self._tables = list(_labels_of(templates))
        self._commit = commit.partition(" ")[0]
        self._repository = repository
        self._say = say

    def links(self, shown: Shown, *, data: bool) -> str:
        """Return the block for HTML that stands below a figure or table; empty where nothing is known."""
        parts = [self._code(shown)]
        if data:
            name = f"{shown.label}.csv"
            words, label = self._say("Data (CSV)"), self._say("Data of {} as CSV").format(shown.label)
            parts.append(f'[{words}]({DATA}/{name}){{download="{name}" aria-label="{label}"}}')
        line = " · ".join(filter(None, parts))
        block = f'::: {{.origin data-search-exclude=""}}\n{line}\n:::'
        return line and f'\n::: {{.content-visible when-format="html"}}\n{block}\n:::\n'

    def _code(self, shown: Shown) -> str:
        if shown.figure:
            made = self._figures.get(shown.figure)
        else:
            fitting = [(weight, made) for weight, pattern, made in self._tables if pattern.fullmatch(shown.label)]
            made = max(fitting, key=lambda one: one[0])[1] if fitting else None
        if made is None:
            return ""
        place = f"`{made['file']}:{made['line']}`"
        if self._repository and self._commit != "unknown":
            place = f"[{place}]({self._repository}/blob/{self._commit}/{made['file']}#L{made['line']})"
        elif "object" in made:
            place = f'[{place}]{{.code-origin data-object="{made["object"]}"}}'
        return self._say("Code {} at {}").format(place, f"`{self._commit}`")


def _labels_of(templates: Path) -> Iterator[tuple[int, re.Pattern[str], dict[str, Any]]]:
    """Find the labels of tables in the templates: how specific each is, what it fits, and where it stands."""
    for path in sorted(templates.rglob("*.qmd")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            if label := _TEMPLATE_LABEL.match(line):
                literal = re.split(r"<<.*?>>", label[1])
                pattern = re.compile(r"[\w.-]+".join(map(re.escape, literal)))
                made = {"file": f"{templates.name}/{path.relative_to(templates).as_posix()}", "line": number}
                yield len("".join(literal)), pattern, made


def repository_of(checkout: Path) -> str:
    """Return the web address of a checkout's remote; empty where there is none on another machine."""
    command = ["git", "-C", str(checkout), "config", "--get", "remote.origin.url"]
    try:
        remote = subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    except OSError:
        return ""
    return web_address(remote)


def web_address(remote: str) -> str:
    """Return where a browser finds what git fetches from an address; empty for a path of this machine.

    Examples
    --------
    >>> web_address("git@github.com:owner/name.git")
    'https://github.com/owner/name'
    >>> web_address("https://user:secret@gitlab.example:8443/group/name.git")
    'https://gitlab.example:8443/group/name'
    """
    short = _SHORT_SSH.fullmatch(remote)
    address = urlsplit(f"ssh://{short['host']}/{short['path']}" if short else remote)
    if address.scheme not in ("https", "ssh") or not address.hostname:
        return ""
    try:
        port = (
            f":{address.port}" if address.port and address.scheme == "https" else ""
        )  # that of SSH is no web server's
    except ValueError:
        return ""
    return f"https://{address.hostname}{port}{address.path.removesuffix('/').removesuffix('.git')}"  # never a password


def put_data_inside(page: Path, data: Path) -> None:
    """Put small CSV files into a standalone page, as links that hold them."""

    def inside(link: re.Match[str]) -> str:
        file = data / link["name"]
        if file.stat().st_size > MOST_INSIDE:
            return link[0]
        return f'href="data:text/csv,{quote(file.read_bytes(), safe=_SAFE)}"'

    page.write_text(_DATA_LINK.sub(inside, page.read_text(encoding="utf-8")), encoding="utf-8")


def put_figures_inside(page: Path, figures: Path) -> None:
    """Put figures into a standalone page as pages show them, in place of those for paper, which its renderer took."""
    made = {_digest(file.read_bytes()): figures / WEB / file.name for file in figures.glob("*.svg")}

    def inside(image: re.Match[str]) -> str:
        file = made.get(_digest(b64decode(image["data"])))
        return _in_address(file.read_text(encoding="utf-8")) if file else image[0]

    page.write_text(_DRAWN_INSIDE.sub(inside, page.read_text(encoding="utf-8")), encoding="utf-8")


def _digest(drawing: bytes) -> str:
    return sha256(drawing.strip()).hexdigest()


def _in_address(svg: str) -> str:
    """Write a drawing into an address: a quarter less than in base64. Only its tags have double quotes that matter."""
    quoted = re.sub(r"<[^>]*>", lambda tag: tag[0].replace('"', "'"), svg)
    for sign in '%#"':
        quoted = quoted.replace(sign, f"%{ord(sign):02X}")
    return f"data:image/svg+xml,{quoted}"

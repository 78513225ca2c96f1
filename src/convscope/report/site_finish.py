"""What is done to the pages that MkDocs has built: a policy, scripts and pictures that wait, small code and search."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

from convscope.files import write_text
from convscope.report.site_pictures import with_room

API = "reference"
"""The folder of its pages."""

API_WORDS = 60
"""Characters of each entry of the API that search knows. With all of them the index had 1.3 MB."""

LONG = 25
"""Characters of a sentence that search need not know twice."""

API_BOOST = 0.2
"""How much an entry of the API counts in a search, beside 1 for the report's: readers look for what was found."""


_SCRIPT = re.compile(r"<script(?P<attributes>[^>]*)>(?P<code>.*?)</script>", re.DOTALL)
_HEAD = re.compile(r"<head>\s*(?:<meta charset=[^>]*>)?")
# A cell that is one number can say itself where that comes from: a third of the elements of a study's page.
_CELL = re.compile(
    r'<(?P<tag>t[dh])(?P<of_cell>[^>]*)><span (?P<of_value>class="value"[^>]*)>(?P<text>[^<]*)</span></(?P=tag)>'
)
# Scripts that a page would wait for, and the style of signatures, which the API alone has.
_AWAITED = re.compile(r"<script (?=src=)(?![^>]*\bdefer\b)")
_OF_SIGNATURES = re.compile(r'\s*<link rel="stylesheet" href="[^"]*/_mkdocstrings\.css">')
# Names within a module, and what the public classes have: they are found by module and class.
_WITHIN = re.compile(r"reference/(?!convscope/index\.html).*#|reference/.*#.*\.[A-Z]\w*\.\w+$")
# What the theme leaves without a name: the dialog of the search, and the box that opens it.
_NAMELESS = ('data-md-component="search" role="dialog"', 'type="checkbox" id="__search"')
# Tokens of code in the colour of the text or nearly so: half of the elements of a page of the API.
_PALE = re.compile(
    r'<span class="(?:n|nb|bp|p|w|o|ow|si|normal)">((?:<(?:a|span) [^>]*>[^<]*</(?:a|span)>|[^<])*)</span>'
)
# What stands in the way of a reader of docstrings: the copy that MkDocs reads, and references as numpydoc writes them.
_COPIED = re.compile(r"(?<=<code>)[^<]*\.site-source/")
_LISTED = re.compile(r"(?P<begin><p>|\n)\.\. (?=\[\d+\])")
_CITED = re.compile(r"(\[\d+\])_(?!\w)")
_CODE = re.compile(r"(<pre.*?</pre>)", re.DOTALL)
_SENTENCE = re.compile(r"(?<=[.;?,]) ")


def finish(folder: Path) -> None:
    """Finish a built site.

    Parameters
    ----------
    folder
        As MkDocs wrote it; its pages are changed.
    """
    drawings: dict[Path, str] = {}
    for page in sorted(folder.rglob("*.html")):
        if page.parent.name == "report" and page.stem in {"report", "supplement"}:
            continue  # the standalone documents hold everything in themselves
        # A guard of Pygments against a line break behind <pre>, where <code> is anyway: one of fifty elements.
        text = _PALE.sub(r"\1", page.read_text(encoding="utf-8")).replace("<pre><span></span><code>", "<pre><code>")
        text = _readable(text) if page.is_relative_to(folder / API) else _OF_SIGNATURES.sub("", text)
        text = _AWAITED.sub("<script defer ", text)  # in their order still, but behind the text
        text = _CELL.sub(r"<\g<tag>\g<of_cell> \g<of_value>>\g<text></\g<tag>>", text)
        text = with_room(text, page.parent, drawings)
        for nameless in _NAMELESS:
            text = text.replace(nameless, f'{nameless} aria-label="Search"')
        if 'id="evidence-data"' in text:  # the style sheet leaves the switch its room from the beginning
            text = text.replace('class="no-js"', 'class="no-js has-numbers"', 1)
        write_text(page, with_policy(text))
    _shrink_search(folder / "search")


def _readable(page: str) -> str:
    """Mend what docstrings leave in a page of the API, but not in its code."""
    parts = _CODE.split(page)
    for i in range(0, len(parts), 2):
        cited = _CITED.sub(r"\1", _COPIED.sub("", parts[i]))
        parts[i] = _LISTED.sub(lambda found: "<p>" if found["begin"] == "<p>" else "<br>", cited)
    return "".join(parts)


def with_policy(page: str) -> str:
    """Put a Content-Security-Policy into a page: scripts of the site alone, and those in the page by their hash.

    Style attributes stay allowed: Pandoc writes widths so, and they run nothing. Frames and blobs are the search, which
    needs them where a page is opened from the disk.
    """
    hashes = sorted({f"'sha256-{_hashed(code)}'" for code in inline_scripts(page)})
    policy = "; ".join(
        (
            "default-src 'none'",
            f"script-src 'self' {' '.join(hashes)}".strip(),
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data:",
            "font-src 'self'",
            "connect-src 'self'",
            "worker-src 'self' blob:",
            "frame-src 'self' blob: data:",
            "base-uri 'self'",
            "form-action 'self'",
        )
    )
    meta = f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
    return _HEAD.sub(lambda head: f"{head[0]}{meta}", page, count=1)


def inline_scripts(page: str) -> list[str]:
    """Return the scripts that stand in a page itself; data in JSON is none."""
    found = [script for script in _SCRIPT.finditer(page) if " src=" not in script["attributes"]]
    return [script["code"] for script in found if "application/json" not in script["attributes"]]


def _hashed(code: str) -> str:
    return base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()


def _shrink_search(folder: Path) -> None:
    """Keep of the API its modules and public names, with their first words."""
    for name, written in (("search_index.json", "{}"), ("search_index.js", "var __index = {}")):
        file = folder / name
        if not file.is_file():
            continue
        index = json.loads(file.read_text(encoding="utf-8").removeprefix(written.removesuffix("{}")))
        index["docs"] = [entry for entry in index["docs"] if not _WITHIN.match(entry["location"])]
        said: set[str] = set()
        for entry in index["docs"]:
            if entry["location"].startswith(f"{API}/"):
                entry["text"], entry["boost"] = _plain(entry["text"])[:API_WORDS], API_BOOST
            else:
                entry["text"] = _once(entry["text"], said)
        text = json.dumps(index, ensure_ascii=False, separators=(",", ":"))
        write_text(file, written.replace("{}", text))


def _once(text: str, said: set[str]) -> str:
    """Leave out sentences, and parts between commas, that an entry before had.

    What every table of a kind says, and every claim of its interval, filled an eighth of the index.
    """
    sentences = _SENTENCE.split(text)
    kept = [one for one in sentences if "<" in one or len(one) < LONG or one not in said]
    said.update(sentences)
    return " ".join(kept)


_plain: Callable[[str], str] = partial(re.sub, r"<[^>]+>|\s+", " ")

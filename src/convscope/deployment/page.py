"""Evidence as a page of the site: Markdown that needs no other file, with its images inside."""

from __future__ import annotations

import base64
import io
import json
import re
from importlib.resources import files
from typing import Any

import jinja2
from markupsafe import Markup

from convscope.deployment.evidence import FILE
from convscope.deployment.records import Evidence, Latency

# What is left as it is: the characters of numbers, words and base64.
_SPECIAL = re.compile(r"[^0-9A-Za-z .,+/=]")
_BLUE = "#0072B2"  # Okabe and Ito's, which readers with any colour vision tell from black


def render_page(evidence: Evidence, file: str = FILE, *, kept: bool = False) -> str:
    """Return the page as Markdown for MkDocs Material.

    Every text of the evidence is escaped, for Markdown as for HTML: it may come from elsewhere.

    Parameters
    ----------
    evidence
        As `convscope.deployment.evidence.read_evidence` gives it; its label is shown first.
    kept
        It is not of this build, but what `convscope.deployment.kept.read_kept` gives, and the page says so first.
    """
    environment = jinja2.Environment(
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=True,
        finalize=_escaped,
    )
    environment.filters["lines"] = _lines
    text = files("convscope.deployment").joinpath("page.md.jinja").read_text(encoding="utf-8")
    plot = base64.b64encode(latency_plot(evidence.latency)).decode()
    image = Markup(f"data:image/svg+xml;base64,{plot}")  # made here
    return environment.from_string(text).render(
        evidence.as_json() | {"file": Markup(file), "latency_image": image, "kept": kept}
    )


def _escaped(value: Any) -> Markup:
    """Return a text as characters that neither Markdown nor HTML reads as markup."""
    if isinstance(value, Markup):
        return value
    return Markup(_SPECIAL.sub(_entity, re.sub(r"\s+", " ", str(value))))


def latency_plot(latency: Latency) -> bytes:
    """Draw the time of each call, in the order of the calls, and their median; SVG."""
    import matplotlib as mpl  # slow to import
    from matplotlib.figure import Figure

    with mpl.rc_context({"svg.hashsalt": "latency"}):
        figure = Figure(figsize=(6.4, 2.8), layout="constrained")
        axes = figure.add_subplot()
        calls = range(1, latency.calls + 1)
        axes.plot(calls, latency.milliseconds, "o", color=_BLUE, markersize=4)
        axes.axhline(latency.median, color=_BLUE, linewidth=1)
        axes.annotate(
            f"median {latency.median:.1f} ms",
            (latency.calls, latency.median),
            xytext=(0, 4),
            textcoords="offset points",
            ha="right",
        )
        axes.set(xlabel="call", ylabel="milliseconds", ylim=(0, None))
        axes.spines[["top", "right"]].set_visible(False)
        buffer = io.BytesIO()
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    return buffer.getvalue()


def _lines(value: str) -> Markup:
    """Return JSON with line breaks, for the inside of ``<pre>`` in one line: Markdown reads no blank line in it."""
    return Markup(_SPECIAL.sub(_entity, json.dumps(json.loads(value), indent=1)))


def _entity(found: re.Match[str]) -> str:
    return f"&#{ord(found[0])};"

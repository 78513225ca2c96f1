"""Evidence as a page of the site: Markdown that needs no other file, with its images inside."""

from __future__ import annotations

import base64
import io
import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import jinja2

from convscope.deployment.evidence import Evidence
from convscope.files import write_text

_BLUE = "#0072B2"  # Okabe and Ito's, which readers with any colour vision tell from black


def write_page(evidence: Evidence, folder: Path) -> Path:
    """Write ``page.md``; return its path."""
    path = folder / "page.md"
    write_text(path, render_page(evidence))
    return path


def render_page(evidence: Evidence) -> str:
    """Return the page as Markdown for MkDocs Material.

    Parameters
    ----------
    evidence
        As `convscope.deployment.evidence.read_evidence` gives it; its label is shown first.
    """
    environment = jinja2.Environment(
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )
    environment.filters |= {"cell": _cell, "block": _block}
    text = files("convscope.deployment").joinpath("page.md.jinja").read_text(encoding="utf-8")
    return environment.from_string(text).render(
        **evidence, latency_image=_data_uri("image/svg+xml", latency_plot(evidence["latency"]))
    )


def latency_plot(latency: dict[str, Any]) -> bytes:
    """Draw the time of each call, in the order of the calls, and their median; SVG."""
    import matplotlib as mpl  # noqa: PLC0415  # slow to import
    from matplotlib.figure import Figure  # noqa: PLC0415

    with mpl.rc_context({"svg.hashsalt": "latency"}):
        figure = Figure(figsize=(6.4, 2.8), layout="constrained")
        axes = figure.add_subplot()
        calls = range(1, latency["calls"] + 1)
        axes.plot(calls, latency["milliseconds"], "o", color=_BLUE, markersize=4)
        axes.axhline(latency["median"], color=_BLUE, linewidth=1)
        axes.annotate(
            f"median {latency['median']:.1f} ms",
            (latency["calls"], latency["median"]),
            xytext=(0, 4),
            textcoords="offset points",
            ha="right",
        )
        axes.set(xlabel="call", ylabel="milliseconds", ylim=(0, None))
        axes.spines[["top", "right"]].set_visible(False)
        buffer = io.BytesIO()
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    return buffer.getvalue()


def _data_uri(media_type: str, content: bytes) -> str:
    return f"data:{media_type};base64,{base64.b64encode(content).decode()}"


def _cell(value: Any) -> str:
    """Return a text that does not break a table."""
    return str(value).replace("|", "\\|").replace("\n", " ")


def _block(value: str) -> str:
    """Return JSON with line breaks, indented for the inside of a collapsible block."""
    return json.dumps(json.loads(value), indent=1).replace("\n", "\n    ")

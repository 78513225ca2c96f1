"""Lighthouse on the main places of a built site: a phone, its processor slowed down four times, 1.6 Mbit/s.

    npm install --no-save lighthouse@12
    .venv/bin/python benchmarks/lighthouse.py build/published/site [node_modules/.bin/lighthouse]

Scores are of 100, times in seconds and milliseconds, sizes as they go over the wire (packed, as GitHub Pages does it).
On a machine that is shared, times are upper limits: run it where nothing else does.
"""

from __future__ import annotations

import gzip
import json
import os
import shutil
import subprocess
import sys
import tempfile
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from threading import Thread
from typing import BinaryIO

PLACES = ("index.html", "explore.html", "report/index.html", "claims.html")
LEAST = 95  # of 100
LONGEST_PAINT = 2.5  # s
MOST_BLOCKING = 200  # ms
PACKED = {".html", ".css", ".js", ".json", ".svg", ".xml"}


class Pages(SimpleHTTPRequestHandler):
    """A folder over HTTP, texts packed."""

    def send_head(self) -> BytesIO | BinaryIO | None:
        """Answer with the file, packed where it is text and the browser takes that."""
        path = Path(self.translate_path(self.path))
        path = path / "index.html" if path.is_dir() else path
        if path.suffix not in PACKED or not path.is_file() or "gzip" not in self.headers.get("Accept-Encoding", ""):
            return super().send_head()
        body = gzip.compress(path.read_bytes())
        self.send_response(200)
        self.send_header("Content-Type", self.guess_type(path))
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        return BytesIO(body)

    def log_message(self, *_: object) -> None:
        """Say nothing of requests."""


def audit(command: str, url: str) -> tuple[bool, str]:
    """Return whether a page is within all limits, and a line of its figures."""
    with tempfile.TemporaryDirectory() as folder:
        found = Path(folder, "found.json")
        subprocess.run(
            [
                command, url, "--quiet", "--output=json", f"--output-path={found}",
                "--only-categories=performance,accessibility", "--chrome-flags=--headless=new --no-sandbox",
            ],
            check=True,
            env=os.environ | {"CHROME_PATH": shutil.which("chromium") or ""},
        )  # fmt: skip
        report = json.loads(found.read_bytes())
    performance, accessibility = (
        100 * report["categories"][name]["score"] for name in ("performance", "accessibility")
    )
    paint, blocking, shift, size = (
        report["audits"][name]["numericValue"]
        for name in ("largest-contentful-paint", "total-blocking-time", "cumulative-layout-shift", "total-byte-weight")
    )
    within = min(performance, accessibility) >= LEAST and paint / 1000 <= LONGEST_PAINT and blocking <= MOST_BLOCKING
    return within, (
        f"{performance:11.0f} {accessibility:13.0f} {paint / 1000:8.2f} {blocking:8.0f} {shift:7.3f} {size / 1024:8.0f}"
    )


def main(site: Path, command: str) -> int:
    """Print a line for each place; return how many are beyond a limit."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Pages, directory=str(site)))
    Thread(target=server.serve_forever, daemon=True).start()
    print(f"{'':24}{'performance':>11} {'accessibility':>13} {'LCP s':>8} {'TBT ms':>8} {'CLS':>7} {'kB':>8}")
    beyond = 0
    for place in PLACES:
        within, line = audit(command, f"http://127.0.0.1:{server.server_port}/{place}")
        beyond += not within
        print(f"{' ' if within else '!'} {place:22}{line}", flush=True)
    server.shutdown()
    return beyond


if __name__ == "__main__":
    tool = sys.argv[2] if len(sys.argv) > 2 else "node_modules/.bin/lighthouse"
    sys.exit(main(Path(sys.argv[1]), tool))

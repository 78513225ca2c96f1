"""`make serve` as a process: the page answers, an edit shows, a slip is said and mended, Ctrl-C ends it."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from checkout import SMOKE_STUDIES, Checkout, SmokeBuild

pytestmark = pytest.mark.slow

LIMIT = 90.0  # seconds, for a rebuild on a busy machine


@dataclass(frozen=True)
class Server:
    process: subprocess.Popen[str]
    address: str
    said: Path

    def page(self, name: str) -> str:
        with urllib.request.urlopen(self.address + name, timeout=LIMIT) as answer:
            text: str = answer.read().decode()
        return " ".join(text.split())

    def wait_for_page(self, name: str, text: str) -> None:
        until(lambda: text in self.page(name), f"{text!r} on {name}")

    def wait_for_words(self, text: str) -> None:
        until(lambda: text in self.said.read_text(encoding="utf-8"), f"the words {text!r}")


def until(condition: Callable[[], bool], wanted: str) -> None:
    end = time.monotonic() + LIMIT
    while not condition():
        assert time.monotonic() < end, f"waited for {wanted}"
        time.sleep(0.2)


def start(checkout: Checkout, said: Path, **variables: str) -> subprocess.Popen[str]:
    with said.open("w") as output:
        return subprocess.Popen(
            checkout.command("serve"),
            cwd=checkout.root,
            env=checkout.environment(STUDIES=SMOKE_STUDIES, **variables),
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
        )


@pytest.fixture
def server(smoke_build: SmokeBuild, tmp_path: Path) -> Iterator[Server]:
    said = tmp_path / "said.txt"
    process = start(smoke_build.checkout, said, PORT="0")
    try:
        until(lambda: process.poll() is not None or "Serving" in said.read_text(), "the server to start")
        found = re.search(r"http://127\.0\.0\.1:\d+/", said.read_text())
        assert found, said.read_text()
        yield Server(process, found[0], said)
    finally:
        process.kill()
        process.wait()


def test_an_edit_shows_a_slip_is_said_and_ctrl_c_ends_it(smoke_build: SmokeBuild, server: Server) -> None:
    until(lambda: answers(server.address), "an answer")
    assert "Read the findings" in server.page("index.html")
    epoch = re.search(r"livereload\((\d+), \d+\)", server.page("report/index.html"))
    assert epoch, "the page reloads itself"

    report = smoke_build.checkout.root / "report" / "report.qmd"
    good = report.read_text(encoding="utf-8")
    heading = '<% include "_answer.qmd" %>'
    try:
        report.write_text(good.replace(heading, f"Marmosets agree.\n\n{heading}"), encoding="utf-8")
        server.wait_for_page("report/index.html", "Marmosets agree.")
        with urllib.request.urlopen(f"{server.address}livereload/{epoch[1]}/1", timeout=LIMIT) as answer:
            assert int(answer.read()) > int(epoch[1])  # what makes the browser load the page again

        report.write_text(good.replace(heading, f"<< marmosets >>\n\n{heading}"), encoding="utf-8")
        server.wait_for_words("'marmosets' is undefined")
        assert "Marmosets agree." in server.page("report/index.html")
    finally:
        report.write_text(good, encoding="utf-8")
    until(lambda: "Marmosets" not in server.page("report/index.html"), "the mended page")

    server.process.send_signal(signal.SIGINT)
    assert server.process.wait(timeout=LIMIT) == 0
    said = server.said.read_text(encoding="utf-8")
    assert said.rstrip().endswith("Stopped.")
    assert "Traceback" not in said


def test_a_port_that_is_taken_is_named(smoke_build: SmokeBuild, tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        process = start(smoke_build.checkout, tmp_path / "said.txt", PORT=str(port))
        try:
            assert process.wait(timeout=LIMIT) == 1
        finally:
            process.kill()
    said = (tmp_path / "said.txt").read_text()
    assert f"Port {port} cannot be used" in said
    assert "PORT=0" in said
    assert "Traceback" not in said


def answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False

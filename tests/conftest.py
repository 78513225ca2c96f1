"""The smoke build that the tests of what a user gets look at: built once a session, by the real command.

This file also makes the helpers beside it importable from tests in sub-folders.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from filelock import FileLock
from hypothesis import settings

from checkout import ROOT, SMOKE_STUDIES, Checkout, SmokeBuild
from convscope.analysis.pictures import Pictures
from convscope.files import Json
from convscope.publication import published_metrics
from convscope.runs.published import PublishedRuns
from convscope.studies import select

if TYPE_CHECKING:
    from playwright.sync_api import Browser

settings.register_profile("convscope", deadline=None)  # no timing decides whether a test passes
settings.load_profile("convscope")

# A script's background job ignores Ctrl-C, and so would all processes that the tests start: they are to notice it.
signal.signal(signal.SIGINT, signal.default_int_handler)

_CLOCK = (time.monotonic, time.time, time.perf_counter, time.sleep)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Generator[None, object, object]:
    """Refuse a test that changes the clock of the whole process, where an emulator's event loop may be waiting.

    A loop that looks at such a clock once waits for hours, until a request wakes it: the suite hung at its end.
    """
    result = yield
    assert (time.monotonic, time.time, time.perf_counter, time.sleep) == _CLOCK, "give the clock to what is tested"
    return result


@pytest.fixture(scope="session")
def smoke_session(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> SmokeBuild:
    """Return a copy of the build, which the first process of pytest-xdist that asks for it makes for all of them.

    It takes four minutes: `CONVSCOPE_SMOKE_BUILD` names a folder that keeps it from one run of the tests to the next,
    for as long as what is built does not change.
    """
    own = tmp_path_factory.mktemp("smoke")
    of_this_run = (own.parent if worker_id == "master" else own.parent.parent) / "shared-smoke"
    shared = Path(os.environ.get("CONVSCOPE_SMOKE_BUILD") or of_this_run)
    said = shared / "build" / "said.json"
    with FileLock(f"{shared}.lock"):
        if not said.is_file():
            done = Checkout.copy_to(shared).run("all", limit=900, STUDIES=SMOKE_STUDIES)
            said.write_text(json.dumps([done.returncode, done.stdout, done.stderr]), encoding="utf-8")
    checkout = Checkout.twin_of(Checkout(shared), own)
    return SmokeBuild(checkout, subprocess.CompletedProcess([], *json.loads(said.read_bytes())))


@pytest.fixture
def smoke_build(smoke_session: SmokeBuild) -> SmokeBuild:
    """Return the session's build. A test that changes something in it brings it back to what it was."""
    assert smoke_session.process.returncode == 0, smoke_session.process.stderr[-3000:]
    return smoke_session


@pytest.fixture(scope="session")
def published() -> tuple[Json, Pictures]:
    """Return what follows from the runs that the repository keeps: a minute's work, not to be changed by a test."""
    metrics, pictures = published_metrics(select(), PublishedRuns(ROOT / "data" / "published"))
    return metrics.as_json(), pictures


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Return Chromium. It asks its maker for nothing, as it would by itself: what a page loads is counted."""
    from playwright.sync_api import sync_playwright  # most tests do without

    quiet = (
        "--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync",
        "--no-first-run",
    )  # fmt: skip
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=quiet)
        yield chromium
        chromium.close()

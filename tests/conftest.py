"""The smoke build that the tests of what a user gets look at: built once a session, by the real command.

This file also makes the helpers beside it importable from tests in sub-folders.
"""

from __future__ import annotations

import signal
from typing import Any

import pytest
from hypothesis import settings
from xdist.scheduler import LoadFileScheduling

from checkout import ROOT, SMOKE_STUDIES, Checkout, SmokeBuild

settings.register_profile("convscope", deadline=None)  # no timing decides whether a test passes
settings.load_profile("convscope")

# A script's background job ignores Ctrl-C, and so would all processes that the tests start: they are to notice it.
signal.signal(signal.SIGINT, signal.default_int_handler)


class ByBuild(LoadFileScheduling):  # type: ignore[misc]  # pytest-xdist is not typed
    """Gives a worker of pytest-xdist a whole file, and one worker all files that look at the smoke build.

    Marks (``xdist_group``) would say it with fewer words, but pytest-xdist 3.8 loses them under pytest 9.2.
    """

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        text = (ROOT / file).read_text(encoding="utf-8")
        return "smoke build" if "SmokeBuild" in text else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByBuild:
    return ByBuild(config, log)


@pytest.fixture(scope="session")
def smoke_session(tmp_path_factory: pytest.TempPathFactory) -> SmokeBuild:
    checkout = Checkout.copy_to(tmp_path_factory.mktemp("smoke"))
    return SmokeBuild(checkout, checkout.run("all", STUDIES=SMOKE_STUDIES))


@pytest.fixture
def smoke_build(smoke_session: SmokeBuild) -> SmokeBuild:
    """Return the session's build. A test that changes something in it brings it back to what it was."""
    assert smoke_session.process.returncode == 0, smoke_session.process.stderr[-3000:]
    return smoke_session

"""The smoke build that the tests of what a user gets look at: built once a session, by the real command.

This file also makes the helpers beside it importable from tests in sub-folders.
"""

from __future__ import annotations

import signal

import pytest
from hypothesis import settings

from checkout import SMOKE_STUDIES, Checkout, SmokeBuild

settings.register_profile("convscope", deadline=None)  # no timing decides whether a test passes
settings.load_profile("convscope")

# A script's background job ignores Ctrl-C, and so would all processes that the tests start: they are to notice it.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(tryfirst=True)  # pytest-xdist reads the marks in the same hook
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep together, in one process of pytest-xdist, what shares the smoke build, and otherwise the tests of a file."""
    for item in items:
        shares = "smoke_session" in getattr(item, "fixturenames", ())
        item.add_marker(pytest.mark.xdist_group("smoke build" if shares else str(item.path)))


@pytest.fixture(scope="session")
def smoke_session(tmp_path_factory: pytest.TempPathFactory) -> SmokeBuild:
    checkout = Checkout.copy_to(tmp_path_factory.mktemp("smoke"))
    return SmokeBuild(checkout, checkout.run("all", STUDIES=SMOKE_STUDIES))


@pytest.fixture
def smoke_build(smoke_session: SmokeBuild) -> SmokeBuild:
    """Return the session's build. A test that changes something in it brings it back to what it was."""
    assert smoke_session.process.returncode == 0, smoke_session.process.stderr[-3000:]
    return smoke_session

"""An emulated account for the tests of deployments, one a session; each test finds and leaves it empty."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import tiny_run
from emulation import everything, images, tiny_plan

from convscope.deployment.aws import Cloud, connect_emulator
from convscope.deployment.evidence import assemble_evidence
from convscope.deployment.flow import deploy
from sagemaker_emulator.server import Emulator


@pytest.fixture(scope="session")
def quick_artefact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("artefact")
    tiny_run.artefact(folder)
    return folder


@pytest.fixture(scope="session")
def account(quick_artefact: Path) -> Iterator[Emulator]:
    with Emulator(images=images(quick_artefact)) as emulator:
        yield emulator


@pytest.fixture
def no_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take everything away that could lead to an account."""
    for name in list(os.environ):
        if name.startswith(("AWS_", "CONVSCOPE_")):
            monkeypatch.delenv(name)
    monkeypatch.setattr("boto3.DEFAULT_SESSION", None)  # it keeps credentials
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)


@pytest.fixture
def emulator(account: Emulator, no_aws: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Emulator]:
    for name, value in account.running.variables.items():
        monkeypatch.setenv(name, value)
    # the emulator has done what it was asked when it answers; AWS may take longer
    monkeypatch.setattr("convscope.deployment.sweep._SETTLING_SECONDS", 0.1)
    yield account
    account.faults.active.clear()


@pytest.fixture
def cloud(emulator: Emulator) -> Iterator[Cloud]:
    """The account as a client sees it; nothing may be left in it."""
    connected = connect_emulator(emulator.running)
    yield connected
    assert everything(emulator, connected) == []


@pytest.fixture(scope="session")
def evidence(quick_artefact: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """One deployment's evidence; tests change copies."""
    with Emulator(images=images(quick_artefact)) as emulator:
        cloud, plan = connect_emulator(emulator.running), tiny_plan()
        deployed = deploy(cloud, plan, tmp_path_factory.mktemp("journals"), lambda _line: None)
        yield assemble_evidence(deployed, plan, cloud).as_json()

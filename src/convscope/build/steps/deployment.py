"""A trained run to the evidence that it can be deployed, on an emulator on this machine."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from convscope.errors import ConvscopeError
from convscope.stages import say

if TYPE_CHECKING:
    from convscope.build.project import Project


def work(project: Project) -> None:
    """Deploy, ask, tear down.

    A process of its own, beside the other steps: it starts servers, and takes them down whatever ends it.

    Raises ConvscopeError: it failed.
    """
    run = project.deployed()
    if run is None:
        return
    say(f"deployment: {run.name} on a local emulator of SageMaker: no AWS, no cost. DEPLOY=0 leaves it out.")
    command = [
        sys.executable, "-m", "convscope", "deploy", "run", "--study", run.study, "--variant", run.variant,
        "--profile", project.profile, "--device", project.device,
    ]  # fmt: skip
    if subprocess.run(command, cwd=project.root, stdout=subprocess.DEVNULL, check=False).returncode:
        raise ConvscopeError(
            "The deployment failed; its own message stands above. Everything else was built.",
            "`make all` tries it again, and DEPLOY=0 leaves it out; `convscope deploy sweep` removes what it left.",
        )

"""A trained run to the evidence that it can be deployed, on an emulator on this machine."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

from convscope.errors import ConvscopeError
from convscope.stages import say

if TYPE_CHECKING:
    from convscope.build.project import Project

# What a shell is set up with for AWS itself: the emulator has its own, and is asked without a proxy.
FOREIGN = ("AWS_", "CONVSCOPE_BUCKET", "CONVSCOPE_ROLE")
LOOPBACK = "127.0.0.1,localhost"


def work(project: Project) -> None:
    """Deploy, ask, tear down.

    A process of its own, beside the other steps: it starts servers, and takes them down whatever ends it.

    Raises
    ------
    ConvscopeError
        It failed.
    """
    run = project.deployed()
    if run is None:
        return
    name = f"{run.study}/{run.variant}/seed{run.spec.seed}"
    say(f"deployment: {name} on a local emulator of SageMaker: no AWS, no account, no cost. DEPLOY=0 leaves it out.")
    command = [
        sys.executable, "-m", "convscope", "deploy", "run", "--study", run.study, "--variant", run.variant,
        "--profile", project.profile, "--device", project.device,
    ]  # fmt: skip
    done = subprocess.run(
        command, cwd=project.root, env=environment(os.environ), stdout=subprocess.DEVNULL, check=False
    )
    if done.returncode:
        raise ConvscopeError(
            "The deployment failed; its own message stands above. Everything else was built.",
            "`make all` tries it again, and DEPLOY=0 leaves it out; `convscope deploy sweep` removes what it left.",
        )


def environment(given: os._Environ[str] | dict[str, str]) -> dict[str, str]:
    """Return the variables that a deployment on the emulator gets: none that lead to AWS, and no proxy for loopback."""
    kept = {name: value for name, value in given.items() if not name.startswith(FOREIGN)}
    return kept | {name: ",".join(filter(None, (given.get(name), LOOPBACK))) for name in ("no_proxy", "NO_PROXY")}

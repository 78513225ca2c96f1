"""The project's two container images: how the emulator runs them on this machine."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from os import environ

from convscope.errors import DeploymentError
from sagemaker_emulator import EmulatorError, Image, Running, emulator_process, leading_to

# One thread, as in the Dockerfiles: numeric modes ask for it.
_ENVIRONMENT = {
    "CONVSCOPE_OPT_ML": "{opt_ml}", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1",
}  # fmt: skip

IMAGES: Mapping[str, Image] = {
    "convscope-training": Image(
        train=[sys.executable, "-m", "convscope.deployment.train_entry"], environment=_ENVIRONMENT
    ),
    "convscope-serving": Image(
        serve=[sys.executable, "-m", "convscope.deployment.serving", "--host", "127.0.0.1"], environment=_ENVIRONMENT
    ),
}


@contextmanager
def emulated_account() -> Iterator[Running]:
    """Run an emulator for as long as the block, with an environment that leads to it and nowhere else.

    The SageMaker SDK takes addresses from the environment alone, so the process's own is replaced.

    Raises
    ------
    DeploymentError
        The emulator does not start.
    """
    from convscope.deployment.aws import import_sdk  # noqa: PLC0415  # takes seconds, while the emulator starts

    before = dict(environ)
    try:
        with emulator_process(IMAGES, meanwhile=import_sdk) as running:
            _replace(leading_to(running.variables, before))
            try:
                yield running
            finally:
                _replace(before)
    except EmulatorError as error:
        raise DeploymentError(str(error)) from error


def _replace(wanted: Mapping[str, str]) -> None:
    for name in environ.keys() - wanted.keys():
        del environ[name]
    environ.update(wanted)

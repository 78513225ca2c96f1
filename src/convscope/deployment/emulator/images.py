"""The container images that the emulator knows, as commands of this machine."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Image:
    """What ``docker run IMAGE train`` and ``docker run IMAGE serve`` start.

    Parameters
    ----------
    train, serve
        Command lines; ``{opt_ml}`` stands for what is /opt/ml in the container, ``{port}`` for what is port 8080.
    """

    train: Sequence[str] = ()
    serve: Sequence[str] = ()


TRAINING = Image(train=[sys.executable, "-m", "convscope.deployment.train_entry"])
SERVING = Image(
    serve=[
        sys.executable, "-m", "convscope.deployment.serving",
        "--model-dir", "{opt_ml}/model", "--host", "127.0.0.1", "--port", "{port}",
    ]
)  # fmt: skip

IMAGES: Mapping[str, Image] = {"convscope-training": TRAINING, "convscope-serving": SERVING}


def repository(uri: str) -> str:
    """Return the name of an image without registry, tag and digest."""
    return uri.rpartition("/")[2].partition("@")[0].partition(":")[0]


def filled(command: Sequence[str], opt_ml: str, port: int = 0) -> list[str]:
    """Put folder and port into a command line."""
    return [part.replace("{opt_ml}", opt_ml).replace("{port}", str(port)) for part in command]

"""An emulator in a process of its own, which ends with the one that started it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass

from sagemaker_emulator.containers import Image

# What a shell set up for AWS, or for a proxy, has in its environment: it would lead a client elsewhere, or keep it from
# a server on loopback.
_FAMILIES = ("AWS_", "BOTO", "MOTO_", "S3_", "SAGEMAKER_")
_OTHERS = {
    "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "FTP_PROXY", "NO_PROXY",
    "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR",
}  # fmt: skip
_NO_FILES = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}


class EmulatorError(Exception):
    """An emulator that does not start."""


@dataclass(frozen=True)
class Running:
    """A running emulator."""

    variables: dict[str, str]  # lead unmodified clients to it; the secret that signs requests is among them
    # a bucket's name and a role's ARN in its account
    bucket: str
    role: str


def without_accounts(environment: Mapping[str, str]) -> dict[str, str]:
    """Return an environment in which AWS clients find no account: AWS settings, proxies and certificates left out."""
    kept = {
        name: value
        for name, value in environment.items()
        if not name.upper().startswith(_FAMILIES) and name.upper() not in _OTHERS
    }
    return kept | _NO_FILES


@contextmanager
def emulator_process(images: Mapping[str, Image], meanwhile: Callable[[], object] = lambda: None) -> Iterator[Running]:
    """Start an emulator.

    It lives as long as the pipe to it: it ends with the block, and with this process however that dies. A signal from
    the terminal does not reach it, since it must outlive its clients' tear-down.

    Raises EmulatorError: it does not start.

    Parameters
    ----------
    meanwhile
        Done while it starts, which takes 2 s.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", "sagemaker_emulator"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env=without_accounts(os.environ),
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(json.dumps({name: asdict(image) for name, image in images.items()}) + "\n")
        process.stdin.flush()
        meanwhile()
        line = process.stdout.readline()
        if not line:
            raise EmulatorError("The emulator did not start; its output above says why.")
        yield Running(**json.loads(line))
    finally:
        process.stdin.close()
        process.stdout.close()
        process.wait()

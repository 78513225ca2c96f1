"""An emulator in a process of its own, which ends with the process that started it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from urllib.parse import urlsplit

from convscope.errors import ConvscopeError

# What could lead a client elsewhere, or keep it from a server on loopback.
_DISTURBING = (
    "AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN", "AWS_REGION", "AWS_CA_BUNDLE",
    "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL_IAM", "AWS_USE_FIPS_ENDPOINT",
    "AWS_USE_DUALSTACK_ENDPOINT", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy",
)  # fmt: skip
_NO_FILES = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}


@contextmanager
def emulator_process(meanwhile: Callable[[], object] = lambda: None) -> Iterator[dict[str, str]]:
    """Start an emulator; give the variables that lead clients to it, its bucket and role among them.

    It lives as long as the pipe to it: it ends with the block, and with this process however that dies. A signal from
    the terminal does not reach it, since it must outlive the tear-down.

    Parameters
    ----------
    meanwhile
        Done while it starts, which takes 2 s.

    Raises
    ------
    ConvscopeError
        It does not start.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", "convscope.deployment.emulator"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        meanwhile()
        line = process.stdout.readline()
        if not line:
            raise ConvscopeError("The emulator did not start.", "Its output above says why.")
        yield json.loads(line)
    finally:
        process.stdin.close()
        process.stdout.close()
        process.wait()


def is_running() -> bool:
    """Tell whether the environment leads to an emulator on this machine."""
    return urlsplit(os.environ.get("AWS_ENDPOINT_URL", "")).hostname in {"127.0.0.1", "localhost"}


@contextmanager
def variables(wanted: Mapping[str, str]) -> Iterator[None]:
    """Set an emulator's variables for a block, and unset what could lead clients elsewhere."""
    before = dict(os.environ)
    for name in _DISTURBING:
        os.environ.pop(name, None)
    os.environ.update(_NO_FILES | dict(wanted))
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)

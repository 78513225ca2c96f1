"""Names and tags, by which everything that a deployment makes can be found again."""

from __future__ import annotations

import hashlib
import re
import secrets
import time

PREFIX = "convscope-"
S3_FOLDER = "convscope/"
TAG = ("project", "convscope")
LONGEST = 63  # of SageMaker's names
_SUFFIX_ROOM = 4  # of the names of a deployment's parts: "-t2", "-e2"


def deployment_name(study: str, variant: str) -> str:
    """Return a new name: prefix, what is deployed, time (UTC) and chance, short enough for every part's name.

    A study and variant too long for it are cut, with some of their hash in place of the rest.
    """
    unique = f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}-{secrets.token_hex(3)}"
    what = re.sub(r"[^a-zA-Z0-9]+", "-", f"{study}-{variant}").strip("-").lower() or "model"
    room = LONGEST - _SUFFIX_ROOM - len(PREFIX) - len(unique) - 1
    if len(what) > room:
        mark = hashlib.sha256(what.encode()).hexdigest()[:6]
        what = f"{what[: room - len(mark) - 1].rstrip('-')}-{mark}"
    return f"{PREFIX}{what}-{unique}"


def belongs_to(name: str, deployment: str) -> bool:
    """Tell whether a resource is a deployment's own."""
    return name == deployment or name.startswith(f"{deployment}-")


def tags(deployment: str) -> list[dict[str, str]]:
    """Tags of everything that a deployment makes, as boto3 wants them."""
    return [{"Key": TAG[0], "Value": TAG[1]}, {"Key": "deployment", "Value": deployment}]

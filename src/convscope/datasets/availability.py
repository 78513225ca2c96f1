"""Whether a public data set is available, remembered between builds: looking for it may wait for a network."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from convscope.datasets.find import FOLDER_VARIABLE, find
from convscope.errors import DatasetUnavailable
from convscope.files import Json, remembered, write_json

RETRY_SECONDS = 3600  # a data set that was not available is looked for again after an hour


def why_unavailable(name: str, data_folder: Path, memory: Path, *, again: bool = False) -> str:
    """Find a public data set, or fetch it; return why it is not available, empty if it is.

    Parameters
    ----------
    data_folder
        The project's ``data/``.
    memory
        JSON file that remembers the answer. It stands while the files are there; that there are none, for an hour.
    again
        Look again for what was not available a short while ago.
    """
    where = os.environ.get(FOLDER_VARIABLE, "")
    known = remembered(memory)
    if known.get("where") == where:
        files, looked = known.get("files"), known.get("looked")
        if files and isinstance(files, list) and all(Path(str(file)).is_file() for file in files):
            return ""
        recent = isinstance(looked, int | float) and 0 <= time.time() - looked < RETRY_SECONDS
        if known.get("reason") and recent and not again:
            return str(known["reason"])
    answer: Json = {"where": where, "looked": time.time(), "reason": "", "files": []}
    try:
        print(f"data: looking for {name}", file=sys.stderr)
        answer["files"] = [str(path) for path in find(name, data_folder).files.values()]
    except DatasetUnavailable as error:
        answer["reason"] = error.message
        print(f"data: {error}", file=sys.stderr)
    write_json(memory, answer)
    return str(answer["reason"])

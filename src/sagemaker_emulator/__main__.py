"""``python -m sagemaker_emulator``: runs until its standard input is closed.

The first line that it reads is JSON: the images by name. The first line that it prints is JSON, too: bucket, role, and
the variables that lead clients to it, with the secret that they need.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict

from sagemaker_emulator.containers import Image
from sagemaker_emulator.server import Emulator


def main() -> None:
    """Start, say where, wait for the end of the input."""
    images = {name: Image(**image) for name, image in json.loads(sys.stdin.readline()).items()}
    with Emulator(images) as emulator:
        print(json.dumps(asdict(emulator.running)), flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()

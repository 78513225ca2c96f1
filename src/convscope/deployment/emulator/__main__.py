"""``python -m convscope.deployment.emulator``: runs until its standard input is closed.

The first line that it prints is JSON: the variables that lead clients to it.
"""

from __future__ import annotations

import json
import sys

from convscope.deployment.emulator.server import Emulator


def main() -> None:
    """Start, say where, wait for the end of the input."""
    with Emulator() as emulator:
        variables = {**emulator.environment, "CONVSCOPE_BUCKET": emulator.bucket, "CONVSCOPE_ROLE": emulator.role}
        print(json.dumps(variables), flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()

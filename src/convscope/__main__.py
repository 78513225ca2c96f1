"""``python -m convscope``: the command line, with an error that the user can mend shown without a traceback."""

from __future__ import annotations

import errno
import signal
import sys
from typing import NoReturn

from convscope.errors import ConvscopeError, Interrupted, of_module

_STOPPED = 130  # as shells have it for Ctrl-C
# What a disk, a file system or its rights refuse.
_REFUSALS = {
    errno.ENOSPC: "Free some space; what is complete is kept.",
    errno.EDQUOT: "Free some space; what is complete is kept.",
    errno.EROFS: "Copy the checkout to where files can be written.",
    errno.EEXIST: "A folder is needed there: move away what lies in its place.",
    errno.ENOTDIR: "A folder is needed there: move away what lies in its place.",
    errno.EACCES: "Give yourself the right to read and write there (chmod, chown), or copy the checkout.",
    errno.EPERM: "Give yourself the right to read and write there (chmod, chown), or copy the checkout.",
}


def main() -> None:
    """Run the command line."""
    try:
        from convscope.cli import app  # it imports the studies, which check themselves
    except Exception as error:
        _stop(str(of_module(error)))
    try:
        app()
    except Interrupted as error:
        _stop(str(error), _STOPPED)
    except ConvscopeError as error:
        _stop(str(error))
    except KeyboardInterrupt:
        _stop("stopped.", _STOPPED)
    except OSError as error:
        if error.errno not in _REFUSALS:
            raise
        _stop(f"{error.strerror}: {error.filename or 'a file of this build'}\n  {_REFUSALS[error.errno]}")


def _stop(message: str, status: int = 1) -> NoReturn:
    if status == _STOPPED:  # pressed again while Python ends, Ctrl-C would end it with another status
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    print(f"\nconvscope: {message}", file=sys.stderr)
    raise SystemExit(status) from None


if __name__ == "__main__":
    main()

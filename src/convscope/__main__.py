"""``python -m convscope``, and what the command ``convscope`` calls."""

from __future__ import annotations

import sys

from convscope.errors import ConvscopeError, of_module


def main() -> None:
    """Run the command line; a study of the package that cannot be is told as any error that the user can mend."""
    try:
        from convscope.cli import main as command_line  # noqa: PLC0415  # it imports the studies, which check themselves
    except ConvscopeError as error:
        print(f"\nconvscope: {of_module(error)}", file=sys.stderr)
        raise SystemExit(1) from None
    command_line()


if __name__ == "__main__":
    main()

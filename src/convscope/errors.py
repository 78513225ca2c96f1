"""The errors a user can cause and mend."""

from __future__ import annotations

import traceback


class ConvscopeError(Exception):
    """A problem that the user can mend: the message names the offending value and what would be right.

    Parameters
    ----------
    message
        What is wrong, with the offending value.
    hint
        The next step, as one sentence. Empty where the message already says it.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n  {self.hint}" if self.hint else self.message


class SpecError(ConvscopeError):
    """A model, data or training specification that cannot mean anything (a zero stride, say)."""


class DatasetError(ConvscopeError):
    """A data set whose files are wrong, truncated or unreadable."""


class DatasetUnavailable(DatasetError):
    """A data set that could not be found or fetched; its studies are reported as not run."""


class ReportError(ConvscopeError):
    """A report that must not be published: an unresolved reference, a missing metric or image."""


class DeploymentError(ConvscopeError):
    """A deployment that could not be done, or evidence of one that cannot be believed."""


class Interrupted(ConvscopeError):
    """Ctrl-C or a termination signal ended the work; the message says what of it stands."""


def of_module(error: BaseException) -> SpecError:
    """Return what went wrong while a module was run, with its file and line: the last that Python ran of a module."""
    if isinstance(error, SyntaxError):
        return SpecError(f"{error.filename}, line {error.lineno}: {error.msg}.", "Python cannot read this line.")
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.name == "<module>"]
    place = f"{frames[-1].filename}, line {frames[-1].lineno}: " if frames else ""
    if isinstance(error, ConvscopeError):
        return SpecError(place + error.message, error.hint)
    return SpecError(f"{place}{type(error).__name__}: {error}.")

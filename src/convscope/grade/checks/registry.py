"""Checks by their name."""

from __future__ import annotations

from collections.abc import Callable

from convscope.grade.build import Build, Chapter
from convscope.grade.documents import Absent, Evidence

Check = Callable[[Build, Chapter | None], list[Evidence]]
CHECKS: dict[str, Check] = {}


def of_build(look: Callable[[Build], list[Evidence]]) -> Callable[[Build], list[Evidence]]:
    """Register a check of the build as a whole by its name."""
    CHECKS[look.__name__] = lambda build, _: look(build)
    return look


def of_chapter(look: Callable[[Build, Chapter], list[Evidence]]) -> Callable[[Build, Chapter], list[Evidence]]:
    """Register a check of one study by its name."""

    def check(build: Build, chapter: Chapter | None) -> list[Evidence]:
        if chapter is None:
            raise Absent(f"{look.__name__} looks at a study: report/assignment.yml gives it another scope")
        return look(build, chapter)

    CHECKS[look.__name__] = check
    return look

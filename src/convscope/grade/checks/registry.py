"""Checks by their name."""

from __future__ import annotations

from collections.abc import Callable

from convscope.grade.build import Build, Chapter
from convscope.grade.documents import Absent, EvidenceLink

Check = Callable[[Build, Chapter | None], list[EvidenceLink]]
CHECKS: dict[str, Check] = {}


def of_build(look: Callable[[Build], list[EvidenceLink]]) -> Callable[[Build], list[EvidenceLink]]:
    """Register a check of the build as a whole by its name."""
    CHECKS[look.__name__] = lambda build, _: look(build)
    return look


def of_chapter(look: Callable[[Build, Chapter], list[EvidenceLink]]) -> Callable[[Build, Chapter], list[EvidenceLink]]:
    """Register a check of one study by its name."""

    def check(build: Build, chapter: Chapter | None) -> list[EvidenceLink]:
        if chapter is None:
            raise Absent(f"{look.__name__} looks at a study: report/assignment.yml gives it another scope")
        return look(build, chapter)

    CHECKS[look.__name__] = check
    return look

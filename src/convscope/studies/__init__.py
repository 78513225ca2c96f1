"""What is asked: one declarative module a study."""

from __future__ import annotations

from convscope.errors import SpecError
from convscope.studies import cifar10, fashion, fashion_compact, mnist, mnist_numpy
from convscope.studies.study import PROFILES, Profile, Study, Variant

_MODULES = (mnist, mnist_numpy, fashion, fashion_compact, cifar10)  # in the order of the report
STUDIES: dict[str, Study] = {study.id: study for study in (module.study for module in _MODULES)}

__all__ = ["PROFILES", "STUDIES", "Profile", "Study", "Variant", "select"]


def select(names: str = "") -> tuple[Study, ...]:
    """Return the named studies, separated by spaces or commas; all of them for an empty text.

    Raises
    ------
    SpecError
        A name is unknown.
    """
    wanted = names.replace(",", " ").split() or list(STUDIES)
    for name in wanted:
        if name not in STUDIES:
            raise SpecError(f"STUDIES names {name!r}, which is no study.", f"Known are: {', '.join(STUDIES)}.")
    return tuple(STUDIES[name] for name in dict.fromkeys(wanted))

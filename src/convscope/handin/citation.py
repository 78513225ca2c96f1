"""CITATION.cff: how a submission is cited (Citation File Format 1.2.0, https://doi.org/10.5281/zenodo.5171937)."""

from __future__ import annotations

from datetime import date
from typing import Any

import yaml

from convscope.files import Json
from convscope.report.author import Author, Person


def citation(author: Author, commit: str, released: date) -> str:
    """Return the text of CITATION.cff.

    Parameters
    ----------
    released
        Day of that commit, so that the same commit always gives the same text.
    """
    authors = [_person(person) for person in author.people]
    content: Json = {
        "cff-version": "1.2.0",
        "message": "If you use this work, please cite it as below.",
        "type": "software",
        "title": author.title,
        "authors": authors,
        "commit": commit,
        "date-released": released,
        "preferred-citation": {
            "type": "report",
            "title": author.title,
            "authors": authors,
            "year": released.year,
            "notes": author.course,
        },
    }
    return yaml.dump(content, Dumper=_WithoutAliases, sort_keys=False, allow_unicode=True, width=120)


class _WithoutAliases(yaml.SafeDumper):
    """Writes what occurs twice twice; many readers of CITATION.cff know no references."""

    def ignore_aliases(self, _data: Any) -> bool:
        return True


def _person(person: Person) -> dict[str, str]:
    fields = {
        "family-names": person.family_names,
        "given-names": person.given_names,
        "affiliation": person.affiliation,
        "orcid": person.orcid,
    }
    return {name: text for name, text in fields.items() if text}

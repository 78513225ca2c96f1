"""The code that a step or a job rests on: its module, all that this imports, and the data files of their packages.

The import graph is grimp's, as import-linter checks it. It is remembered until a source changes: reading it takes
longer than all else in a build that is up to date.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import convscope
from convscope.files import digest, remembered, sha256_of, write_json
from convscope.stages import files_below

SOURCES = Path(convscope.__file__).parents[1]
PACKAGES = ("convscope", "sagemaker_emulator")
FOUND = ("convscope.specs.layers",)  # packages that import what lies in them, whatever it is
Graph = Mapping[str, list[str]]


class Code:
    """The sources, as they are now."""

    def __init__(self, memory: Path) -> None:
        files = files_below(*(SOURCES / package for package in PACKAGES if (SOURCES / package).is_dir()))
        self._digests = {file.relative_to(SOURCES).as_posix(): sha256_of(file) for file in files}
        self._graph = _remembered_graph(memory, digest(f"{name} {sha}" for name, sha in sorted(self._digests.items())))

    def below(self, modules: Iterable[str]) -> dict[str, str]:
        """Return the digests, by name, of the files of some modules and of all that they import.

        A package's ``__init__`` counts where something takes a name from it: none here does anything by being
        imported. A file that is no Python counts for every module of its package: they may read it.
        """
        found: set[str] = set()
        todo = list(modules)
        while todo:
            module = todo.pop()
            if module not in found:
                found.add(module)
                todo += self._graph[module]
        packages = {_file(module, self._digests).rpartition("/")[0] for module in found}
        names = {_file(module, self._digests) for module in found}
        names |= {
            name for name in self._digests if not name.endswith((".py", ".pyi")) and self._package(name) in packages
        }
        return {f"src/{name}": self._digests[name] for name in sorted(names)}

    def _package(self, name: str) -> str:
        """Return the folder of the package that a file belongs to."""
        folder = name.rpartition("/")[0]
        while f"{folder}/__init__.py" not in self._digests:
            folder = folder.rpartition("/")[0]
        return folder


def _file(module: str, files: Mapping[str, str]) -> str:
    path = module.replace(".", "/")
    return f"{path}.py" if f"{path}.py" in files else f"{path}/__init__.py"


def _remembered_graph(memory: Path, sources: str) -> Graph:
    """Return what each module imports; what only type checkers import does not count."""
    known = remembered(memory)
    if known.get("sources") == sources:
        graph: Graph = known["imports"]
        return graph
    import grimp

    packages = [package for package in PACKAGES if (SOURCES / package).is_dir()]
    built = grimp.build_graph(*packages, exclude_type_checking_imports=True, cache_dir=None)
    imports = {module: sorted(built.find_modules_directly_imported_by(module)) for module in sorted(built.modules)}
    for package in FOUND:
        imports[package] = sorted({*imports[package], *built.find_children(package)})
    write_json(memory, {"sources": sources, "imports": imports})
    return imports

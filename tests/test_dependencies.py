"""What the package imports is what it says that it needs."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

from checkout import ROOT


def test_every_import_is_a_declared_dependency() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    declared = {re.split(r"[\[<>=~!]", each)[0].lower() for each in settings["project"]["dependencies"]}
    imported: dict[str, Path] = {}
    for file in (ROOT / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_bytes())):
            names = [each.name for each in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and not node.level:
                names = [str(node.module)]
            imported |= {name.split(".")[0]: file.relative_to(ROOT) for name in names}
    own = {folder.name for folder in (ROOT / "src").iterdir()}
    providers = packages_distributions()
    undeclared = {
        name: str(file)
        for name, file in imported.items()
        if name not in own | sys.stdlib_module_names
        and declared.isdisjoint(each.lower().replace("_", "-") for each in providers.get(name, []))
    }
    assert undeclared == {}

"""What the site's explorer loads: its modules as one script, and trained networks with the images they are shown.

A page opened from the disk may neither import modules nor read files; it may run classic scripts. So the modules in
site/explorer/ are put one after the other into one script, by the few lines of `bundle`: a bundler from another
package registry would be one more thing to install, for ten files that import each other by name. The worker's script
is text in it, since such a page may not start one from a file either. Data files are scripts that call
``convscopeData``.
"""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

from convscope.analysis.pictures import Pictures
from convscope.analysis.records import Metrics
from convscope.errors import ReportError
from convscope.files import replacing_folder, write_text
from convscope.report.explorer_data import Read, kernel_data, shift_data, shuffle_data

_IMPORT = re.compile(r'^import \{[^}]*\} from "\./(?P<module>[\w-]+\.js)";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export ", re.MULTILINE)
_REMARK = re.compile(r"^ *//.*\n", re.MULTILINE)
_DECLARED = re.compile(r"^(?:export )?(?:async )?(?:const|let|function|class) (?P<name>\w+)", re.MULTILINE)


def bundle(folder: Path, main: str = "main.js") -> str:
    """Put a module and those that it imports into one classic script, without remarks that take a line.

    Parameters
    ----------
    folder
        With the modules; all in one folder, importing each other by the names they export.

    Raises
    ------
    ReportError
        Two modules declare the same name, which would clash in one script; or an import of another form.
    """
    modules: dict[str, str] = {}

    def add(name: str) -> None:
        text = (folder / name).read_text(encoding="utf-8")
        for found in _IMPORT.finditer(text):
            if found["module"] not in modules:
                add(found["module"])
        modules[name] = _IMPORT.sub("", text)

    add(main)
    declared: dict[str, str] = {}
    for name, text in modules.items():
        if re.search(r"^import\b|^export (?:default|\{|\*)", text, re.MULTILINE):
            raise ReportError(
                f"{folder / name} imports or exports in a form that the bundle does not read.",
                'Write `import { name } from "./module.js";` and `export` before a declaration.',
            )
        for found in _DECLARED.finditer(text):
            if found["name"] in declared:
                raise ReportError(
                    f"{folder / declared[found['name']]} and {name} both declare {found['name']}.",
                    "Rename one of them.",
                )
            declared[found["name"]] = name
    parts = ((name, _REMARK.sub("", _EXPORT.sub("", text))) for name, text in modules.items())
    body = "\n".join(f"// ---- {name}\n{text}" for name, text in parts)
    return f'(() => {{\n"use strict";\n{body}}})();\n'


def write_explorer(
    modules: Path, metrics: Metrics, pictures: Pictures, output: Path, *, read: Read, data_folder: Path
) -> None:
    """Write explorer.js and the data file of each exhibit whose study is there.

    Parameters
    ----------
    modules
        The folder ``site/explorer``.
    output
        The folder to write, complete or not at all.
    data_folder
        The project's ``data/``.
    """
    exhibits = {
        "shift": shift_data(metrics, pictures, read, data_folder),
        "shuffle": shuffle_data(metrics, pictures, read, data_folder),
        "kernel": kernel_data(metrics, pictures, read),
    }
    with replacing_folder(output) as folder:
        files = [name for name, data in exhibits.items() if data is not None]
        given = {"convscopeFiles": files, "convscopeWorker": bundle(modules, "worker.js")}
        head = "".join(f"globalThis.{name} = {json.dumps(what)};\n" for name, what in given.items())
        write_text(folder / "explorer.js", head + bundle(modules))
        shutil.copy(modules / "explorer.css", folder)
        for name, data in exhibits.items():
            if data is not None:
                text = json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
                write_text(folder / f"{name}.js", f"convscopeData({json.dumps(name)}, {text});\n")

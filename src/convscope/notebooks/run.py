"""Runs a notebook from top to bottom in a clean kernel of this Python."""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import TemporaryDirectory

from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError
from nbformat import NotebookNode
from traitlets import default
from traitlets.config import Config

from convscope.errors import ConvscopeError

KERNEL = "python3"  # the name that JupyterLab, Colab and SageMaker Studio give their Python
LIMIT_SECONDS = 3600  # a cell; training on request may take long


class NotebookError(ConvscopeError):
    """A notebook that does not run from top to bottom."""


class _KernelOfThisPython(AsyncKernelManager):
    """Knows one kernel alone, that of this Python: users may have installed others of the same name."""

    @default("kernel_spec_manager")
    def _only_its_own(self) -> KernelSpecManager:
        return KernelSpecManager(kernel_dirs=[])


def run_notebook(notebook: NotebookNode, folder: Path, name: str = "notebook") -> None:
    """Execute all cells, and keep their outputs in the notebook.

    The kernel is that of this Python, whatever kernels are installed on the machine, and takes no settings or history
    from the user's profile of IPython.

    Raises NotebookError: a cell fails, warns, or does not end.

    Parameters
    ----------
    notebook
        Changed in place.
    """
    with TemporaryDirectory(prefix="convscope-") as own:
        settings = {
            "KernelManager": {
                "connection_file": f"{own}/kernel.json",
                "transport": "tcp" if os.name == "nt" else "ipc",  # no port that another process may take
            }
        }
        client = NotebookClient(
            notebook,
            config=Config(settings),
            kernel_manager_class=_KernelOfThisPython,
            kernel_name=KERNEL,
            timeout=LIMIT_SECONDS,
            record_timing=False,
            resources={"metadata": {"path": str(folder)}},
        )
        environment = {variable: value for variable, value in os.environ.items() if variable != "MPLBACKEND"}
        try:
            client.execute(env=environment | {"IPYTHONDIR": own})
        except CellExecutionError as error:
            raise NotebookError(f"{name} does not run from top to bottom: {error.ename}: {error.evalue}") from error
        except (CellTimeoutError, RuntimeError) as error:  # the kernel does not answer, or died
            raise NotebookError(f"{name} does not run from top to bottom: {error}") from error
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if output.get("name") == "stderr":
                raise NotebookError(f"{name}, {cell.source.splitlines()[0]!r} warns: {output.text.strip()}")

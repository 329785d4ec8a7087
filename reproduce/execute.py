"""Run one notebook through papermill, refusing what papermill lets pass.

python -m reproduce.execute vib/mnist OUT.ipynb --profile laptop
"""

import argparse
import difflib
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import papermill
import yaml
from nbclient.exceptions import DeadKernelError
from papermill.exceptions import PapermillExecutionError
from traitlets.config import Config

from reproduce.notebooks import parameter_file

START_TIMEOUT = 300  # seconds; a loaded machine needs more than the default 60
STARTS = 3


def check_names(path: Path, parameters: dict[str, Any]) -> None:
    """Refuse parameters that a notebook does not have.

    Raises:
        ValueError: Which name is unknown, and the nearest known one.
    """
    known = list(papermill.inspect_notebook(str(path)))
    for name in parameters:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else f"; it has {', '.join(known)}"
            raise ValueError(f"{path} has no parameter {name!r}{hint}")


def execute(path: Path, output: Path, parameters: dict[str, Any]) -> None:
    """Run a notebook in its own folder and write the executed copy, whole or not at all.

    Raises:
        ValueError: A parameter is unknown.
        PapermillExecutionError: A cell failed; the copy so far is kept as ``*.failed.ipynb``.
        RuntimeError: The kernel died, or did not start three times.
    """
    check_names(path, parameters)
    output.parent.mkdir(parents=True, exist_ok=True)
    unfinished = output.with_suffix(".failed.ipynb")
    for start in range(1, STARTS + 1):
        try:
            _run(path, unfinished, parameters)
            break
        except RuntimeError as error:
            if isinstance(error, DeadKernelError) or start == STARTS:
                raise
            print(f"{path}: the kernel did not start ({error}); again", file=sys.stderr)
            time.sleep(start)
    os.replace(unfinished, output)


def _run(path: Path, output: Path, parameters: dict[str, Any]) -> None:
    # Kernels that start at once can pick the same port; sockets in a folder of their own cannot.
    with tempfile.TemporaryDirectory() as sockets:
        papermill.execute_notebook(
            str(path),
            str(output),
            parameters,
            cwd=str(path.parent),
            start_timeout=START_TIMEOUT,
            progress_bar={"desc": f"{path.parent.name}/{path.stem}", "unit": "cell"},
            stderr_file=sys.stderr,
            config=Config({"KernelManager": {"transport": "ipc", "ip": f"{sockets}/kernel"}}),
        )


def main() -> None:
    """Run the notebook named on the command line at a profile."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("notebook", help="<part>/<name>")
    parser.add_argument("output", type=Path)
    parser.add_argument("--profile", default="smoke")
    arguments = parser.parse_args()
    root = Path.cwd()
    try:
        file = parameter_file(root, arguments.notebook, arguments.profile)
        parameters = yaml.safe_load(file.read_text()) if file else {}
        path = root / "notebooks" / f"{arguments.notebook}.ipynb"
        execute(path, arguments.output, parameters)
    except PapermillExecutionError as error:
        sys.exit(
            f"{arguments.notebook}: cell {error.exec_count} failed with "
            f"{error.ename}: {error.evalue}\nThe run so far: "
            f"{arguments.output.with_suffix('.failed.ipynb')}"
        )
    except (ValueError, RuntimeError, OSError) as error:
        sys.exit(f"{arguments.notebook}: {error}")


if __name__ == "__main__":
    main()

"""Run one notebook through papermill, refusing what papermill lets pass.

python -m reproduce.execute vib/mnist OUT.ipynb --profile laptop
"""

import argparse
import difflib
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import papermill
from nbclient.exceptions import DeadKernelError
from papermill.exceptions import PapermillExecutionError
from traitlets.config import Config

from reproduce import budget, notebooks
from reproduce.fingerprint import of_run, refresh

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


def stop(notebook: str, profile: str, output: Path, why: str) -> None:
    """End a run whose budget is spent: well, but not as a complete one.

    Snakemake wants the output of a job that ends well, so it gets the copy so far. It runs the job
    again when the fingerprint that the output follows from is another, which it will be.

    Args:
        notebook: ``"<part>/<name>"``.
        profile: Its profile.
        output: Where the executed notebook belongs.
        why: What is left.
    """
    os.replace(output.with_suffix(".failed.ipynb"), output)
    refresh(of_run(Path.cwd(), notebook, profile), f"not complete: {why}")
    print(f"{notebook}: {why}")


def main() -> None:
    """Run the notebook named on the command line at a profile."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("notebook", help="<part>/<name>")
    parser.add_argument("output", type=Path)
    parser.add_argument("--profile", default="smoke")
    until = "when the budget is spent, as reproduce.budget prints it"
    parser.add_argument("--until", type=float, help=until)
    arguments = parser.parse_args()
    name, profile, output = arguments.notebook, arguments.profile, arguments.output
    root, unfinished = Path.cwd(), output.with_suffix(".failed.ipynb")
    if not (root / "notebooks").is_dir():
        sys.exit(f"run this in the root of the project, which {root} is not")
    if data := os.environ.get("IBUTILS_DATA"):  # the kernel runs in the notebook's folder
        os.environ["IBUTILS_DATA"] = str(Path(data).expanduser().absolute())
    if arguments.until:
        os.environ[budget.UNTIL] = str(arguments.until)
    try:
        file = notebooks.parameter_file(root, name, profile)
        parameters = notebooks.parameters(file) if file else {}
        path = root / "notebooks" / f"{name}.ipynb"
        said = parameters.get("profile", "smoke")
        if said != profile and "profile" in papermill.inspect_notebook(str(path)):
            raise ValueError(f"{file} must say profile: {profile}")  # else nothing is recorded
        if budget.left() <= 0:
            output.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, unfinished)
            return stop(name, profile, output, "the budget was spent before it began")
        execute(path, output, parameters)
    except PapermillExecutionError as error:
        if error.ename == budget.BudgetSpentError.__name__:
            return stop(name, profile, output, error.evalue)
        sys.exit(
            f"{name}: cell {error.exec_count} failed with "
            f"{error.ename}: {error.evalue}\nThe run so far: {unfinished}"
        )
    except (ValueError, RuntimeError, OSError) as error:
        sys.exit(f"{name}: {error}")


if __name__ == "__main__":
    main()

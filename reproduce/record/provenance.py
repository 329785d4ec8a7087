"""Where a number comes from: project root, commit, versions, machine."""

import os
import platform
import re
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch

import ibutils
from ibutils import checks
from ibutils.project import project_root

COMMIT = "IBUTILS_COMMIT"
CODE = ("ibutils", "experiments", "reproduce", "notebooks", "pyproject.toml", "constraints.txt")


def notebook_path(notebook: str) -> Path:
    """Return the file of a notebook, ``"<part>/<name>"``.

    Raises:
        TypeError: It is no string.
        ValueError: There is no such notebook.
    """
    checks.instance("notebook", notebook, str)
    path = project_root() / "notebooks" / f"{notebook}.ipynb"
    if not re.fullmatch(r"[\w-]+/[\w-]+", notebook) or not path.exists():
        raise ValueError(
            f"notebook must be one in notebooks/, such as vib/mnist, got {notebook!r}"
        )
    return path


def machine(device: str) -> dict[str, Any]:
    """Return device, processor, threads, versions and peak memory of this process."""
    import torchvision  # slow to import

    on_gpu = device.startswith("cuda")
    peak = (
        torch.cuda.max_memory_allocated()
        if on_gpu
        else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        * (1 if sys.platform == "darwin" else 1024)
    )
    return {
        "device": torch.cuda.get_device_name() if on_gpu else _processor(),
        "processor": _generation(),
        "threads": torch.get_num_threads(),
        "versions": {
            "python": platform.python_version(),
            **{m.__name__: m.__version__ for m in (torch, torchvision, np, ibutils)},
        },
        "peak_memory_mb": round(peak / 1e6),
    }


def _processor() -> str:
    """Return the processor's name without decoration."""
    name = _described("model name") or platform.processor() or platform.machine()
    return f"CPU ({name})"


def _generation() -> str:
    """Return what libraries choose kernels by: machines of one name compute other last digits."""
    numbers = [_described(name) for name in ("cpu family", "model", "stepping")]
    known = "-".join(number for number in numbers if number)
    return " ".join(filter(None, [known, torch.backends.cpu.get_cpu_capability()]))


def _described(name: str) -> str:
    """Return what the kernel says of the processor, where it does."""
    try:
        found = re.search(rf"^{name}\s*: (.+)$", Path("/proc/cpuinfo").read_text(), re.M)
    except OSError:
        found = None
    return found[1].strip() if found else ""


def git(*words: str) -> str:
    """Return what git prints, of the project.

    Raises:
        OSError: There is no git.
        CalledProcessError: It fails.
    """
    command = ["git", "-C", str(project_root()), *words]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def need_history() -> None:
    """Stop with the cure where git does not hold the whole history of the project.

    Raises:
        SystemExit: There is no git, no repository, or one that is cut.
    """
    try:
        shallow = git("rev-parse", "--is-shallow-repository").strip() == "true"
    except (OSError, subprocess.CalledProcessError):
        sys.exit("this needs the history of git, which is not here: clone the project with git")
    if shallow:
        sys.exit("this needs the whole history, which this clone cuts: git fetch --unshallow")


def commit() -> tuple[str | None, bool | None]:
    """Return the git commit of the project and whether its code differs from it.

    Where git does not know, the environment variable ``IBUTILS_COMMIT`` may name the commit that
    this is an unchanged copy of.

    Raises:
        ValueError: The variable names no commit.
    """
    try:
        changed = _uncommitted()
        return git("rev-parse", "HEAD").strip(), bool(changed)
    except (OSError, subprocess.CalledProcessError):
        named = os.environ.get(COMMIT)
        if named and not re.fullmatch("[0-9a-f]{40}", named):
            raise ValueError(f"{COMMIT} must be 40 hexadecimal digits, got {named!r}") from None
        return named, False if named else None


def obstacle() -> str:
    """Return why what is trained now can be no record, and what to do."""
    try:
        changed = _uncommitted()
    except (OSError, subprocess.CalledProcessError) as error:
        said = str(getattr(error, "stderr", None) or error).strip().splitlines()[0]
        return (
            f"git does not tell the commit of this code ({said}): run in a clone of your own, or"
            f" set {COMMIT} to the commit that this is an unchanged copy of"
        )
    return f"commit or remove first what git status lists: {', '.join(changed)}"


def _uncommitted() -> list[str]:
    """Return the files of code that differ from the commit, and those that were never added.

    A notebook that was never added is none of them: papermill may write its output there.
    """
    git("ls-files", "--error-unmatch", "pyproject.toml")  # else it is of a project around this
    lines = git("status", "--porcelain", "--", *CODE).splitlines()
    return [line[3:] for line in lines if not (line[:2] == "??" and line.endswith(".ipynb"))]

"""Where the project is, in a clone of its repository."""

import os
from functools import cache
from pathlib import Path


@cache
def project_root() -> Path:
    """Return the folder of the project: ``$IBUTILS_ROOT``, or the first with its two marks.

    These are ``notebooks/`` and a ``pyproject.toml`` that names ibutils. The search goes up from
    the working directory and then from this file.

    Raises:
        ValueError: No such folder is found, or ``$IBUTILS_ROOT`` is none.
    """
    named = os.environ.get("IBUTILS_ROOT")
    starts = [Path(named).resolve()] if named else [Path.cwd(), Path(__file__).resolve().parent]
    for start in starts:
        for folder in [start] if named else [start, *start.parents]:
            marks = folder / "pyproject.toml", folder / "notebooks"
            if all(mark.exists() for mark in marks) and "ibutils" in marks[0].read_text():
                return folder
    raise ValueError(
        f"no project with pyproject.toml and notebooks/ at or above {', '.join(map(str, starts))};"
        " set IBUTILS_ROOT to its folder"
    )

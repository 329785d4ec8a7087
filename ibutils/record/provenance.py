"""Where a number comes from: project root, code hash, commit, versions, machine."""

import ast
import hashlib
import io
import json
import os
import platform
import re
import resource
import subprocess
import sys
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torchvision

import ibutils

# What reads, tests and draws numbers does not make them: a change there leaves records valid.
_READERS = {"ibutils", "ibutils.record", "ibutils.claims", "ibutils.plots"}


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


def code_hash(notebook: str) -> str:
    """Return the hash of the code that a notebook's numbers follow from.

    It covers the cells tagged ``experiment`` and all modules of ``ibutils`` that these import,
    directly or not, without comments, docstrings and blank lines.

    Args:
        notebook: ``"<part>/<name>"``.
    """
    path = project_root() / "notebooks" / f"{notebook}.ipynb"
    cells = [
        "".join(cell["source"])
        for cell in json.loads(path.read_text())["cells"]
        if "experiment" in cell["metadata"].get("tags", [])
    ]
    sources = {"notebook": "\n".join(cells)}
    pending = list(_imports(sources["notebook"]))
    while pending:
        name = pending.pop()
        if name not in sources:
            sources[name] = _module_path(name).read_text()
            pending += _imports(sources[name])
    digest = hashlib.sha256()
    for name in sorted(sources):
        digest.update(f"{name}\n{_bare(sources[name])}\n".encode())
    return digest.hexdigest()[:16]


def _module_path(name: str) -> Path:
    stem = Path(__file__).parents[2].joinpath(*name.split("."))
    return stem / "__init__.py" if stem.is_dir() else stem.with_suffix(".py")


def _imports(source: str) -> Iterator[str]:
    """Yield the modules of ``ibutils`` that a source imports, readers left out."""
    for node in ast.walk(ast.parse(source)):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        for name in names:
            reader = any(name == r or name.startswith(f"{r}.") for r in _READERS - {"ibutils"})
            if name.startswith("ibutils.") and not reader and _module_path(name).exists():
                yield name


def _bare(source: str) -> str:
    """Return a source without comments, docstrings, blank lines and trailing spaces.

    Works on text, since unparsing a syntax tree differs between versions of Python.
    """
    lines = source.splitlines()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            row, column = token.start
            lines[row - 1] = lines[row - 1][:column]
    for node in ast.walk(ast.parse(source)):
        body = getattr(node, "body", None)
        if isinstance(body, list) and body and isinstance(body[0], ast.Expr):
            first = body[0].value
            if isinstance(first, ast.Constant) and isinstance(first.value, str):
                for row in range(first.lineno - 1, first.end_lineno or first.lineno):
                    lines[row] = ""
    return "\n".join(line.rstrip() for line in lines if line.strip())


def machine(device: str) -> dict[str, Any]:
    """Return device, threads, versions and peak memory of this process."""
    on_gpu = device.startswith("cuda")
    peak = (
        torch.cuda.max_memory_allocated()
        if on_gpu
        else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        * (1 if sys.platform == "darwin" else 1024)
    )
    return {
        "device": torch.cuda.get_device_name() if on_gpu else _processor(),
        "threads": torch.get_num_threads(),
        "versions": {
            "python": platform.python_version(),
            **{m.__name__: m.__version__ for m in (torch, torchvision, np, ibutils)},
        },
        "peak_memory_mb": round(peak / 1e6),
    }


def _processor() -> str:
    """Return the processor's name without decoration."""
    try:
        found = re.search(r"^model name\s*: (.+)$", Path("/proc/cpuinfo").read_text(), re.M)
    except OSError:
        found = None
    name = found[1] if found else platform.processor() or platform.machine()
    return f"CPU ({name.strip()})"


def commit() -> tuple[str | None, bool | None]:
    """Return the git commit of the project and whether tracked files differ from it."""

    def git(*arguments: str) -> str:
        command = ["git", "-C", str(project_root()), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    try:
        return git("rev-parse", "HEAD"), bool(git("status", "--porcelain", "-uno"))
    except (OSError, subprocess.CalledProcessError):
        return None, None

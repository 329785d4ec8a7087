"""Refuse what papermill lets pass: parameters that a notebook does not have."""

import ast
import difflib
import json
from collections.abc import Mapping
from typing import Any

from ibutils import checks
from reproduce.record.provenance import notebook_path

_SHELL = {"In", "Out"}  # the names that IPython adds and that hold values


def check_parameters(notebook: str, namespace: Mapping[str, Any]) -> None:
    """Refuse values that are no parameters of a notebook; call it right after they are set.

    Papermill only warns of a misspelt name, and the run goes on with the default.

    Args:
        notebook: ``"<part>/<name>"``.
        namespace: ``globals()`` of the notebook, with nothing but modules besides parameters.

    Raises:
        ValueError: There is no such notebook; or which name is unknown, and the nearest
            parameter.
    """
    checks.instance("namespace", namespace, Mapping)
    cells = json.loads(notebook_path(notebook).read_text())["cells"]
    tagged = [cell for cell in cells if "parameters" in cell["metadata"].get("tags", [])]
    nodes = [node for cell in tagged for node in ast.walk(ast.parse("".join(cell["source"])))]
    known = {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    for name, value in namespace.items():
        literal = value is None or isinstance(value, bool | int | float | str | list | dict)
        if literal and not name.startswith("_") and name not in known | _SHELL:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"it has {', '.join(sorted(known))}"
            raise ValueError(f"{notebook} has no parameter {name!r}; {hint}")

"""The parameters of a profile, and what a run that calls itself by it may not change."""

import ast
from collections.abc import Mapping
from typing import Any

from ibutils import checks
from ibutils.project import project_root
from reproduce import notebooks
from reproduce.record.provenance import notebook_path

FREE = ("members", "device", "fresh")  # what a profile's run may choose


def check_profile(notebook: str, profile: str, parameters: Mapping[str, Any]) -> None:
    """Refuse parameters that are not those of a profile, in a run that calls itself by it.

    Args:
        notebook: ``"<part>/<name>"``.
        profile: ``smoke``, which may have any, or one with a file beside the notebook.
        parameters: Their values by name; what is no parameter of the notebook is passed over.

    Raises:
        ValueError: The first parameter that differs, both values, and what to do; or the notebook
            has no such profile.
    """
    checks.instance("parameters", parameters, Mapping)
    if profile == "smoke":
        return
    path = notebook_path(notebook).with_suffix(f".{profile}.yaml")
    for name, wanted in of_profile(notebook, profile).items():
        if name in parameters and name not in FREE and _plain(parameters[name]) != wanted:
            raise ValueError(
                f"{name} is {parameters[name]!r}, but {wanted!r} at the profile {profile!r} of"
                f" {notebook}: change {path.name}, or set profile: smoke for other parameters"
            )


def of_profile(notebook: str, profile: str) -> dict[str, Any]:
    """Return the parameters of a notebook at a profile: its defaults, changed by the file.

    Raises:
        ValueError: There is no such notebook, or it has no such profile.
    """
    file = notebooks.parameter_file(project_root(), notebook, profile)
    found = {target.id: ast.literal_eval(value) for target, value in _assigned(notebook)}
    return found | notebooks.parameters(file) if file else found


def _assigned(notebook: str) -> list[tuple[ast.Name, ast.expr]]:
    """Return the names and values that the cell tagged ``parameters`` assigns."""
    tagged = notebooks.cells(notebook_path(notebook), tag="parameters")
    nodes = [node for cell in tagged for node in ast.parse(cell["source"]).body]
    found: list[tuple[ast.Name, ast.expr]] = []
    for node in nodes:
        if isinstance(node, ast.Assign):
            for target in node.targets:
                pairs = (
                    zip(target.elts, node.value.elts, strict=True)
                    if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple)
                    else [(target, node.value)]
                )
                found += [(name, value) for name, value in pairs if isinstance(name, ast.Name)]
    return found


def _plain(value: Any) -> Any:
    """Return a value as YAML has it: tuples are lists."""
    return [_plain(one) for one in value] if isinstance(value, list | tuple) else value

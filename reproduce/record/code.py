"""The hash of the code that recorded numbers follow from."""

import ast
import hashlib
import io
import json
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from reproduce.record.provenance import notebook_path

# What reads, tests and draws numbers does not make them: a change there leaves records valid.
_OURS = ("ibutils.", "experiments.", "reproduce.")
_READERS = ("reproduce.record", "reproduce.claims", "experiments.plots")
# A run names the checksum of what was loaded, so of data sets only their scaling counts.
_DATA, _SCALING = "ibutils.data", "ibutils.data.images"
# Generated sets follow from code, and count like any other.
_GENERATED = ("ibutils.data.clutter", "ibutils.data.occluded")

Definition = tuple[str, str]  # a module and a name at its top level; "*" is all of them


def code_hash(notebook: str) -> str:
    """Return the hash of the code that a notebook's numbers follow from.

    It covers the cells tagged ``experiment`` and the functions, classes and constants of
    ``ibutils`` that these reach by name, directly or not, without comments, docstrings and blank
    lines. What a module holds besides may change, and records stay valid.

    Args:
        notebook: ``"<part>/<name>"``.

    Raises:
        ValueError: There is no such notebook.
    """
    cells = [
        "".join(cell["source"])
        for cell in json.loads(notebook_path(notebook).read_text())["cells"]
        if "experiment" in cell["metadata"].get("tags", [])
    ]
    experiment = bare("\n".join(cells))
    reached: dict[Definition, str] = {}
    pending = [found for node in ast.walk(ast.parse(experiment)) for found in _imported(node)]
    while pending:
        definition = pending.pop()
        if definition not in reached:
            reached[definition], more = _look_up(definition)
            pending += more
    digest = hashlib.sha256(experiment.encode())
    for definition in sorted(reached):
        digest.update(f"\n{definition}\n{reached[definition]}".encode())
    return digest.hexdigest()[:16]


def _look_up(definition: Definition) -> tuple[str, list[Definition]]:
    """Return the bare source of a definition and the definitions that it names."""
    module, wanted = definition
    lines, statements, imported = _parse(_path(module).read_text())
    if wanted in imported:
        return "", [imported[wanted]]
    text, more = [], []
    for name, node in statements:
        if wanted in ("*", name):
            first = min([node, *getattr(node, "decorator_list", [])], key=lambda n: n.lineno)
            text += lines[first.lineno - 1 : node.end_lineno]
            names = {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
            more += [imported[used] for used in names & imported.keys()]
            more += [(module, used) for used, _ in statements if used in names and used != name]
    return "\n".join(line for line in text if line), more


@cache
def _parse(
    source: str,
) -> tuple[list[str], list[tuple[str, ast.stmt]], dict[str, Definition]]:
    """Return a module's lines, its statements by the name they bind, and its imports of ours."""
    statements: list[tuple[str, ast.stmt]] = []
    imported: dict[str, Definition] = {}
    for node in _statements(ast.parse(source).body):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            statements.append((node.name, node))
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names = [
                part.id for t in targets for part in ast.walk(t) if isinstance(part, ast.Name)
            ]
            statements += [(bound, node) for bound in names]
        elif isinstance(node, ast.Import | ast.ImportFrom):
            bound = [alias.asname or alias.name for alias in node.names]
            own = list(_imported(node))
            if own:
                imported |= dict(zip(bound, own, strict=True))
    return _bare_lines(source), statements, imported


def _statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield what stands at top level, or there under ``if`` or ``with``, as lazy imports do."""
    for node in body:
        if isinstance(node, ast.If | ast.With):
            yield from _statements(node.body)
        else:
            yield node


def _imported(node: ast.AST) -> Iterator[Definition]:
    """Yield what an import statement takes from ``ibutils``, readers left out."""
    if isinstance(node, ast.Import):
        found = [(alias.name, "*") for alias in node.names]
    elif isinstance(node, ast.ImportFrom) and node.module:
        found = [(node.module, alias.name) for alias in node.names]
    else:
        return
    for module, name in found:
        if (inner := f"{module}.{name}").startswith(_OURS) and _path(inner).exists():
            module, name = inner, "*"
        if (module == _DATA or module.startswith(f"{_DATA}.")) and module not in _GENERATED:
            module, name = _SCALING, "*"
        if module.startswith(_OURS) and not module.startswith(_READERS):
            yield module, name


def _path(module: str) -> Path:
    stem = Path(__file__).parents[2].joinpath(*module.split("."))
    return stem / "__init__.py" if stem.is_dir() else stem.with_suffix(".py")


def bare(source: str) -> str:
    """Return a source without comments, docstrings, blank lines and trailing spaces."""
    return "\n".join(line for line in _bare_lines(source) if line)


def _bare_lines(source: str) -> list[str]:
    """Return the lines of a source, emptied of comments, docstrings and trailing spaces.

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
    return [line.rstrip() for line in lines]

"""The hash of the code that recorded numbers follow from."""

import ast
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path

from reproduce import notebooks
from reproduce.record.provenance import notebook_path
from reproduce.record.sources import Definition, Module, Sources, Token

TRAIN, LOAD, SETTINGS = "train", "load", "Settings"  # what the numbers of an experiment are from
# A run names the checksum of what was read, so it does not matter how that was read, nor what else
# could have been.
READERS = Definition("ibutils.data", "READERS")
FILLING = ("add", "append", "extend", "insert", "register", "setdefault", "update")  # methods
NAMED = (ast.FunctionDef, ast.ClassDef)
_CELLS = "__cells__"  # the module that the tagged cells of a notebook are


def code_hash(notebook: str) -> str:
    """Return the hash of the code that an experiment's numbers follow from.

    It is made from the texts of ``train``, ``load`` and ``Settings`` of the experiment, and of
    every definition of ``ibutils`` and ``experiments`` that these reach by name: functions,
    classes whole, constants, and what is registered in a table that is reached. Comments,
    docstrings, imports and the form of writing do not count, nor where a definition stands, nor
    the literal defaults of ``Settings``, whose values a run records. Two things count by their
    names only: the table of data readers, since a run records the checksum of what was read, and
    ``reproduce``, which makes no numbers.

    Args:
        notebook: ``"<part>/<name>"``; its experiment is ``experiments.<part>.<name>``, or the
            cells tagged ``experiment`` where that module does not exist.

    Raises:
        TypeError: ``notebook`` is no string.
        ValueError: There is no such notebook.
    """
    path, home = notebook_path(notebook), _home()
    sources = Sources(home)
    files = [path.resolve(), *sources.files]
    return _hashed(
        home, notebook, tuple((f, f.stat().st_mtime_ns, f.stat().st_size) for f in files)
    )


@cache
def _hashed(home: Path, notebook: str, state: tuple[object, ...]) -> str:
    """Return the hash, which is found once for each state of the files."""
    return hash_of(reach(notebook, Sources(home)))


def hash_of(reached: Mapping[Definition, list[Token]]) -> str:
    """Return the hash of the texts of definitions."""
    plain = {one: _digest(_spelt(text, {})) for one, text in reached.items()}
    texts = {_digest(_spelt(text, plain)) for text in reached.values()}
    return _digest("\n".join(sorted(texts)))[:16]


def _home() -> Path:
    """Return the folder of the code that runs."""
    return Path(__file__).parents[2]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _spelt(text: Iterable[Token], plain: dict[Definition, str]) -> str:
    """Return a text in which a definition is its name, and the digest of its own text if known."""
    return "".join(
        f"{one.name}:{plain.get(one, '')}" if isinstance(one, Definition) else one for one in text
    )


def reach(notebook: str, sources: Sources) -> dict[Definition, list[Token]]:
    """Return the text of each definition that the training of an experiment reaches."""
    registered, pending = _registered(sources), _roots(notebook, sources)
    found: dict[Definition, list[Token]] = {}
    while pending:
        one = pending.pop()
        if one in found:
            continue
        if one == READERS:
            found[one] = []
            continue
        module = sources.module(one.module)
        nodes = [(module, node) for node in module.bound.get(one.name, module.done)]
        if one.name == SETTINGS and one in _roots(notebook, sources):
            nodes = [(module, _without_defaults(node)) for _, node in nodes]
        entered = registered.get(one, [])
        nodes += entered
        pending += [Definition(w.name, n.name) for w, n in entered if isinstance(n, NAMED)]
        found[one] = [token for where, node in nodes for token in sources.text(where, node)]
        pending += [token for token in found[one] if isinstance(token, Definition)]
    return found


def _roots(notebook: str, sources: Sources) -> list[Definition]:
    """Return the definitions of an experiment that its numbers follow from."""
    name = "experiments." + notebook.replace("/", ".")
    if sources.has(name) and {TRAIN, SETTINGS} <= (bound := sources.module(name).bound).keys():
        return [Definition(name, root) for root in (TRAIN, LOAD, SETTINGS) if root in bound]
    tagged = notebooks.cells(notebook_path(notebook), tag="experiment")
    sources.add(Module("\n".join(cell["source"] for cell in tagged), _CELLS))
    return [*sources.names(_CELLS), Definition(_CELLS, "")]


def _without_defaults(node: ast.stmt) -> ast.stmt:
    """Return a class of settings without the literals that its fields are by default."""
    assert isinstance(node, ast.ClassDef)
    body = []
    for field in node.body:
        if isinstance(field, ast.AnnAssign) and field.value and _is_literal(field.value):
            field = ast.AnnAssign(target=field.target, annotation=field.annotation, simple=1)
        body.append(field)
    fields = {name: value for name, value in ast.iter_fields(node) if name != "body"}
    return ast.ClassDef(**fields, body=body)


def _is_literal(node: ast.expr) -> bool:
    try:
        ast.literal_eval(node)
    except ValueError:
        return False
    return True


def _registered(sources: Sources) -> dict[Definition, list[tuple[Module, ast.stmt]]]:
    """Return the statements, of any module, that put something into a table of a module.

    A table is a name that an assignment binds. It is filled by entries that are assigned, by
    calls of its methods, and by decorators and calls of functions that do one of these.
    """
    found: dict[Definition, list[tuple[Module, ast.stmt]]] = {}
    for module in sources.all():
        for part, node in _filling(module):
            for table in _tables(module, part, sources):
                if node not in sources.module(table.module).bound[table.name]:
                    found.setdefault(table, []).append((module, node))
    return found


@cache
def _filling(module: Module) -> list[tuple[ast.expr, ast.stmt]]:
    """Return what may fill a table in a module, each with its statement."""
    found: list[tuple[ast.expr, ast.stmt]] = []
    for node in [*module.done, *(one for nodes in module.bound.values() for one in nodes)]:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found += [(part, node) for part in node.decorator_list]
        else:
            found += [(part, node) for part in [*_stores(node), *_calls(node)]]
    return found


def _tables(
    module: Module, node: ast.AST, sources: Sources, seen: tuple[Definition, ...] = ()
) -> Iterator[Definition]:
    """Yield the tables that an expression fills: its own, or those that its function fills."""
    target = _origin(module, node, sources)
    if not isinstance(target, Definition) or target in seen:
        return
    home = sources.module(target.module)
    for statement in home.bound[target.name]:
        if isinstance(statement, ast.FunctionDef):
            parts = [*_stores(statement), *_calls(statement), *_named(home, statement, sources)]
            for part in parts:
                yield from _tables(home, part, sources, (*seen, target))
        elif _is_table(target, sources):
            yield target


def _named(home: Module, node: ast.FunctionDef, sources: Sources) -> Iterator[ast.Name]:
    """Yield the names of functions that a function calls, which may fill tables for it."""
    for part in ast.walk(node):
        if isinstance(part, ast.Call) and isinstance(part.func, ast.Name):
            found = _origin(home, part.func, sources)
            if isinstance(found, Definition) and not _is_table(found, sources):
                yield part.func


def _is_table(one: Definition, sources: Sources) -> bool:
    nodes = sources.module(one.module).bound[one.name]
    return all(isinstance(node, ast.Assign | ast.AnnAssign) for node in nodes)


def _stores(node: ast.AST) -> list[ast.expr]:
    """Return the entries and attributes that are assigned."""
    return [
        part
        for part in ast.walk(node)
        if isinstance(part, ast.Subscript | ast.Attribute) and isinstance(part.ctx, ast.Store)
    ]


def _calls(node: ast.AST) -> list[ast.expr]:
    """Return the functions that are called, of a function's body only methods that fill."""
    found = [part.func for part in ast.walk(node) if isinstance(part, ast.Call)]
    if isinstance(node, ast.FunctionDef):
        return [one for one in found if getattr(one, "attr", None) in FILLING]
    return found if isinstance(node, ast.Expr | ast.For | ast.If) else []


def _origin(module: Module, node: ast.AST, sources: Sources) -> Definition | str | None:
    """Return what the name stands for that an expression starts from."""
    attributes: list[str] = []
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Call):
        attributes = [node.attr, *attributes] if isinstance(node, ast.Attribute) else []
        node = node.func if isinstance(node, ast.Call) else node.value
    if not isinstance(node, ast.Name):
        return None
    path = f"{module.name}.{node.id}" if node.id in module.bound else module.imported.get(node.id)
    return path and sources.resolve(".".join([path, *attributes]))[0]

"""What the source of the project defines, and the text of a definition that its meaning has.

The text is made from the syntax tree by a writer of our own, since what ``ast.dump`` and
``ast.unparse`` return differs between versions of Python.
"""

import ast
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOMS = ("ibutils", "experiments")  # whose definitions count; those of other packages are names
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_SCOPES = (*_FUNCTIONS, *_COMPREHENSIONS, ast.ClassDef)
_IMPORTS = (ast.Import, ast.ImportFrom)
_UNSEEN = ("ctx", "kind", "type_comment")  # fields that say nothing, or not in every version

Scope = Mapping[str, str | None]  # names bound in functions: where imported from, None: variables


class Definition(NamedTuple):
    """A name at the top level of a module."""

    module: str
    name: str


class Reference(NamedTuple):
    """A dotted path that stands for something outside the functions of a module."""

    path: str


Token = str | Definition  # a text is made of pieces and of references to definitions


class Module:
    """What a module binds at its top level, imports, and does besides.

    Attributes:
        bound: The statements that bind each name.
        imported: The dotted path that each imported name stands for.
        done: Statements that bind no name, such as calls that register something.
    """

    def __init__(self, source: str, name: str, *, package: bool = False) -> None:
        self.name = name
        self.bound: dict[str, list[ast.stmt]] = {}
        self.imported: dict[str, str] = {}
        self.done: list[ast.stmt] = []
        self._texts: dict[ast.AST, list[str | Reference]] = {}
        parent = name if package else name.rpartition(".")[0]
        for node in ast.parse(source).body:
            self.imported |= imports(node, parent)
            names = [bound for bound in bindings(node) if bound not in self.imported]
            for bound in names:
                self.bound.setdefault(bound, []).append(node)
            if not names and not isinstance(node, _IMPORTS) and not _is_text(node):
                self.done.append(node)

    def text(self, node: ast.AST) -> list[str | Reference]:
        """Return the text of a statement, which is written once."""
        if node not in self._texts:
            self._texts[node] = list(_Writer(self).write(node, {}))
        return self._texts[node]


@cache
def parsed(source: str, name: str, package: bool) -> Module:
    """Return a module; each text is parsed once."""
    return Module(source, name, package=package)


def _is_text(node: ast.AST) -> bool:
    """Say whether a statement is a docstring."""
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def _inside(node: ast.AST) -> Iterator[ast.AST]:
    """Yield a node and what it holds, without what nested functions and classes hold."""
    yield node
    if not isinstance(node, _SCOPES):
        for child in ast.iter_child_nodes(node):
            yield from _inside(child)


def bindings(node: ast.stmt) -> list[str]:
    """Return the names that a statement binds where it stands, imports included."""
    found: dict[str, None] = {}
    for part in _inside(node):
        if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found[part.name] = None
        elif isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
            found[part.id] = None
        elif isinstance(part, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and part.name:
            found[part.name] = None
        elif isinstance(part, _IMPORTS):
            found |= dict.fromkeys(imports(part, ""))
    return list(found)


def imports(node: ast.AST, parent: str) -> dict[str, str]:
    """Return the dotted path of each name that a statement imports where it stands."""
    found = {}
    for part in _inside(node):
        if isinstance(part, ast.Import):
            for alias in part.names:
                first = alias.name.partition(".")[0]
                found[alias.asname or first] = alias.name if alias.asname else first
        elif isinstance(part, ast.ImportFrom):
            above = parent.split(".")[: len(parent.split(".")) - part.level + 1]
            module = ".".join([*above, part.module or ""] if part.level else [part.module or ""])
            for alias in part.names:
                found[alias.asname or alias.name] = f"{module.strip('.')}.{alias.name}"
    return found


class Sources:
    """The modules of a project.

    Args:
        home: Its folder.
    """

    def __init__(self, home: Path) -> None:
        self.home = home
        self._modules: dict[str, Module] = {}
        self.files = sorted(path for room in ROOMS for path in (home / room).rglob("*.py"))
        self._known = {self._dotted(path): path for path in self.files}

    def _dotted(self, path: Path) -> str:
        parts = path.relative_to(self.home).with_suffix("").parts
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    def all(self) -> Iterator[Module]:
        """Yield every module."""
        yield from map(self.module, self._known)

    def add(self, module: Module) -> None:
        """Add a module that stands in no file, such as the cells of a notebook."""
        self._modules[module.name] = module

    def module(self, name: str) -> Module:
        """Return a module by its dotted name."""
        if name not in self._modules:
            path = self._known[name]
            found = parsed(path.read_text(), name, path.name == "__init__.py")
            self._modules[name] = found
        return self._modules[name]

    def has(self, name: str) -> bool:
        """Say whether there is such a module."""
        return name in self._known or name in self._modules

    def resolve(self, path: str) -> tuple[Definition | str, str]:
        """Return the definition that a dotted path leads to, and the attributes that follow.

        It goes through the names that packages import for others. What is not ours, and a module
        as such, is returned as its path.
        """
        parts = path.split(".")
        cut = next((n for n in range(len(parts), 0, -1) if self.has(".".join(parts[:n]))), 0)
        module, rest = ".".join(parts[:cut]), parts[cut:]
        if cut and not rest:  # a package may import a function that is named as its module
            package, _, name = module.rpartition(".")
            other = self.module(package).imported.get(name, path) if self.has(package) else path
            return (path, "") if other == path else self.resolve(other)
        if not cut:
            return path, ""
        name, after = rest[0], "".join(f".{part}" for part in rest[1:])
        found = self.module(module)
        if name in found.bound:
            return Definition(module, name), after
        if name in found.imported and found.imported[name] != f"{module}.{name}":
            return self.resolve(found.imported[name] + after)
        return path, ""

    def text(self, module: Module, node: ast.AST) -> list[Token]:
        """Return the text of a statement of a module, with references to definitions of ours."""
        found: list[Token] = []
        for token in module.text(node):
            if isinstance(token, Reference):
                found += self._referred(token.path)
            else:
                found.append(token)
        return found

    def _referred(self, path: str) -> list[Token]:
        found, after = self.resolve(path)
        if isinstance(found, str) and self.has(found):  # a module that is handed on
            return ["(module", *sorted(self.names(found)), ")"]
        return ["<", found, f"{after}>"]

    def names(self, module: str) -> list[Definition]:
        """Return all that a module binds."""
        return [Definition(module, name) for name in self.module(module).bound]


class _Writer:
    """Write the tree of a statement: no docstrings, imports, positions or forms of writing."""

    def __init__(self, module: Module) -> None:
        self.module = module

    def write(self, node: ast.AST, scope: Scope) -> Iterator[str | Reference]:
        """Yield the pieces of a node, within the functions that bind the names of ``scope``."""
        if isinstance(node, ast.Name | ast.Attribute) and (path := self._path(node, scope)):
            yield Reference(path)
            return
        yield f"({type(node).__name__}"
        for name, value in ast.iter_fields(node):
            inner = scope
            if isinstance(node, ast.JoinedStr):  # its empty pieces depend on the version
                value = [one for one in value if getattr(one, "value", None) != ""]
            if name == "body" and isinstance(node, _FUNCTIONS):
                inner = {**scope, **self._bound(node)}
            elif isinstance(node, _COMPREHENSIONS):
                inner = {**scope, **dict.fromkeys(_stored(node))}
            if name not in _UNSEEN:
                yield from self._field(name, value, inner)
        yield ")"

    def _field(self, name: str, value: object, scope: Scope) -> Iterator[str | Reference]:
        values = value if isinstance(value, list) else [] if value is None else [value]
        if kept := [one for one in values if not _says_nothing(one)]:
            yield f" {name}="
        for one in kept:
            if isinstance(one, ast.AST):
                yield from self.write(one, scope)
            else:
                yield f"{type(one).__name__}:{one!r};"

    def _path(self, node: ast.AST, scope: Scope) -> str | None:
        """Return the dotted path that a name with attributes stands for, if it is no variable."""
        attributes: list[str] = []
        while isinstance(node, ast.Attribute):
            attributes.insert(0, node.attr)
            node = node.value
        if not isinstance(node, ast.Name):
            return None
        name = node.id
        start = scope[name] if name in scope else self._global(name)
        return None if start is None else ".".join([start, *attributes])

    def _global(self, name: str) -> str | None:
        if name in self.module.bound:
            return f"{self.module.name}.{name}"
        return self.module.imported.get(name)

    def _bound(self, node: ast.AST) -> dict[str, str | None]:
        """Return what the body of a function binds: its parameters, variables and imports."""
        assert isinstance(node, _FUNCTIONS)
        arguments = node.args
        named = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
        named += [one for one in (arguments.vararg, arguments.kwarg) if one]
        found: dict[str, str | None] = {one.arg: None for one in named}
        parent = self.module.name.rpartition(".")[0]
        body = [node.body] if isinstance(node, ast.Lambda) else node.body
        shared: set[str] = set()
        for statement in body:
            if not isinstance(statement, ast.stmt):
                continue
            found |= dict.fromkeys(bindings(statement))
            found |= imports(statement, parent)
            for part in _inside(statement):
                if isinstance(part, ast.Global):
                    shared |= set(part.names)
        return {name: path for name, path in found.items() if name not in shared}


def _stored(node: ast.AST) -> list[str]:
    """Return the variables of a comprehension."""
    return [
        part.id
        for one in getattr(node, "generators", [])
        for part in ast.walk(one.target)
        if isinstance(part, ast.Name)
    ]


def _says_nothing(node: object) -> bool:
    """Say whether a statement is a docstring or an import."""
    return isinstance(node, ast.AST) and (_is_text(node) or isinstance(node, _IMPORTS))

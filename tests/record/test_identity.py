"""The hash of an experiment changes with what its training reaches, and with nothing else."""

import ast
import functools
import json
import random
import subprocess
import sys

import pytest
from copies import ROOT

from reproduce.record import code_hash, identity
from reproduce.record.sources import Definition, Module, Sources

MUTANTS = 4  # of each experiment, and as many of the loop
LOOP = ("ibutils.train.", "ibutils.ensemble")


def experiments():
    """Return every notebook whose experiment trains."""
    home, found = Sources(ROOT), []
    for path in sorted((ROOT / "notebooks").glob("*/*.ipynb")):
        name = f"experiments.{path.parent.name}.{path.stem}"
        if home.has(name) and {"train", "Settings"} <= home.module(name).bound.keys():
            found.append(f"{path.parent.name}/{path.stem}")
    return found


EXPERIMENTS = experiments()


@functools.cache
def reached(notebook):
    return identity.reach(notebook, Sources(ROOT))


def source(name):
    """Return the text of a module and whether it is a package."""
    stem = ROOT.joinpath(*name.split("."))
    package = stem.is_dir()
    return (stem / "__init__.py" if package else stem.with_suffix(".py")).read_text(), package


def hash_with(notebook, **texts):
    """Return the hash after modules have got other texts."""
    home = Sources(ROOT)
    for name, text in texts.items():
        home.add(Module(text, name, package=ROOT.joinpath(*name.split(".")).is_dir()))
    return identity.hash_of(identity.reach(notebook, home))


def functions(notebook):
    """Return module, name and statement of each function that training reaches, methods too."""
    found = []
    for module, name in sorted(reached(notebook)):
        if (module, name) == identity.READERS:
            continue
        for node in ast.parse(source(module)[0]).body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name == name:
                inner = [part for part in ast.walk(node) if isinstance(part, ast.FunctionDef)]
                found += [(module, place) for place in (part.lineno for part in inner)]
    return found


def mutated(module, line, rng):
    """Return the text of a module in which one statement of the function at a line is gone."""
    tree = ast.parse(source(module)[0])
    (function,) = (
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and node.lineno == line
    )
    docstring = isinstance(function.body[0], ast.Expr) and isinstance(
        function.body[0].value, ast.Constant
    )
    body = range(int(docstring), len(function.body))
    place = rng.choice(body) if body else 0
    lost = ast.parse("raise SystemExit").body[0]
    function.body[place] = lost
    return ast.unparse(tree)


@pytest.mark.parametrize("notebook", EXPERIMENTS)
class TestEveryExperiment:
    def test_a_mutated_statement_of_any_function_that_is_reached_changes_the_hash(self, notebook):
        before, rng = identity.hash_of(reached(notebook)), random.Random(notebook)
        assert before == code_hash(notebook)
        everything = functions(notebook)
        loop = [one for one in everything if one[0].startswith(LOOP)]
        chosen = rng.sample(everything, min(MUTANTS, len(everything)))
        chosen += rng.sample(loop, min(MUTANTS, len(loop)))
        for module, line in chosen:
            changed = hash_with(notebook, **{module: mutated(module, line, rng)})
            assert changed != before, f"{module}, line {line}"

    def test_moving_a_definition_leaves_the_hash(self, notebook):
        before, rng = identity.hash_of(reached(notebook)), random.Random(notebook)
        movable = [
            one
            for one in sorted(reached(notebook))
            if one.module.startswith("ibutils") and one != identity.READERS
        ]
        for module, name in rng.sample(movable, min(MUTANTS, len(movable))):
            tree = ast.parse(source(module)[0])
            moved = [
                node
                for node in tree.body
                if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name == name
            ]
            others = [
                other for other in Module(*source(module)[:1], module).bound if other != name
            ]
            kinds = ast.Import | ast.ImportFrom | ast.With  # the last of optional packages
            imports = [n for n in tree.body if isinstance(n, kinds)]
            if not moved or not others:
                continue
            back = ast.parse(f"from {module} import {', '.join(others)}").body
            there = ast.unparse(ast.Module([*imports, *back, *moved], []))
            away = ast.parse(f"from ibutils.elsewhere import {name}").body
            here = [*away, *(node for node in tree.body if node not in moved)]
            texts = {module: ast.unparse(ast.Module(here, [])), "ibutils.elsewhere": there}
            assert hash_with(notebook, **texts) == before, f"{module}.{name}"

    def test_another_data_set_leaves_the_hash(self, notebook):
        text, _ = source(identity.READERS.module)
        more = f"{text}\nREADERS['another'] = READERS['mnist']\n"
        less = text.replace('    "celeba": celeba.read,\n', "")
        assert less != text
        for changed in (more, less):
            texts = {identity.READERS.module: changed}
            assert hash_with(notebook, **texts) == identity.hash_of(reached(notebook))

    def test_comments_docstrings_and_the_form_of_writing_leave_the_hash(self, notebook):
        texts = {}
        for module in {one.module for one in reached(notebook)}:
            tree = ast.parse(source(module)[0])
            for node in ast.walk(tree):
                if isinstance(node, ast.FunctionDef | ast.ClassDef):
                    node.body = [*ast.parse("'another docstring'").body, *node.body]
            texts[module] = f"# why\n\n{ast.unparse(tree)}  # so\n"
        assert hash_with(notebook, **texts) == identity.hash_of(reached(notebook))

    @pytest.mark.slow
    def test_every_function_that_training_executes_is_reached(self, notebook):
        read = _readers()
        missed = {
            one
            for one in map(lambda names: Definition(*names), executed(notebook))
            if one not in reached(notebook)
            and one.module != "ibutils.lazy"  # which imports
            and one not in read
        }
        assert not missed


def _readers():
    """Return what the table of readers reaches: a run has the checksum of what it yields."""
    home, found, pending = Sources(ROOT), set(), [identity.READERS]
    while pending:
        one = pending.pop()
        if one not in found:
            found.add(one)
            module = home.module(one.module)
            texts = (home.text(module, node) for node in module.bound[one.name])
            pending += [token for text in texts for token in text if isinstance(token, Definition)]
    return found


TRACE = """
import ast, importlib, json, sys, tempfile
from pathlib import Path

root, notebook, out = Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
module = importlib.import_module("experiments." + notebook.replace("/", "."))
seen = set()

def trace(frame, event, argument):
    code = frame.f_code
    if "/ibutils/" in code.co_filename or "/experiments/" in code.co_filename:
        seen.add((code.co_filename, code.co_firstlineno, code.co_name))

settings = module.Settings()
members = list({str(member): member for member in module.grid(settings)}.values())
sys.settrace(trace)
data = module.load(settings, "cpu") if hasattr(module, "load") else None
sys.settrace(None)
groups = [[member] for member in members]
if hasattr(module, "groups"):
    groups = module.groups(members, settings, data)
sys.settrace(trace)
with tempfile.TemporaryDirectory() as folder:
    for place, group in enumerate(groups):
        path = Path(folder) / f"{place}.pt"
        for result in module.train(group, settings, data, checkpoint=path):
            list(result.rows)
sys.settrace(None)
found = set()
for name, line, called in seen:
    path = Path(name)
    if called == "<module>" or root not in path.parents:
        continue
    parts = path.relative_to(root).with_suffix("").parts
    dotted = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
    for node in ast.parse(path.read_text()).body:
        first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))])
        if first <= line <= node.end_lineno:
            targets = getattr(node, "targets", [getattr(node, "target", None)])
            found.add((dotted, getattr(node, "name", None) or ast.unparse(targets[0])))
out.write_text(json.dumps(sorted(found)))
"""


def executed(notebook):
    """Return the definitions that the smoke training executes, found once for each hash."""
    path = ROOT / "_build/executed_functions" / f"{code_hash(notebook)}.json"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-c", TRACE, str(ROOT), notebook, str(path)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    return json.loads(path.read_text())


LIBRARY = {
    "ibutils.tables": """
TABLE = {}
USUAL = 3
def register(name):
    def keep(function):
        TABLE[name] = function
        return function
    return keep
def find(name):
    return TABLE[name]
class Base:
    def helper(self):
        return 1
class Model(Base):
    rate = USUAL
    def __init__(self, size=2):
        self.size = size
""",
    "ibutils.entries": """
from ibutils import tables
from ibutils.tables import register, TABLE
@register("one")
def one(x):
    return x
def two(x):
    return x + 1
TABLE["two"] = two
def three(x):
    return x + 5
def enter(name, function):
    register(name)(function)
enter("three", three)
""",
    "ibutils.other": "def unused():\n    return 1\n",
    "experiments.vib.made_up": """
import numpy as np
from dataclasses import dataclass
from ibutils import tables as t
from ibutils.tables import Model
@dataclass(frozen=True)
class Settings:
    epochs: int = 3
    seeds: tuple[int, ...] = (0, 1)
    def total(self):
        return self.epochs
def load(settings, device):
    return None
def draw(rows):
    return rows
def train(members, settings, data, *, checkpoint):
    from ibutils.tables import find as f
    draw = 1
    yield f("one")(np.mean(members)), Model(), t.find, "a#b", [""]
""",
}


def made_up(**changes):
    """Return the hash of a small experiment, after texts of modules were replaced."""
    home = Sources(ROOT)
    for name, text in LIBRARY.items():
        for old, new in changes.get(name.rpartition(".")[2], ()):
            assert old in text
            text = text.replace(old, new)
        home.add(Module(text, name))
        home._known.setdefault(name, ROOT)
    return identity.hash_of(identity.reach("vib/made_up", home))


@pytest.mark.parametrize(
    ("module", "old", "new"),
    [
        ("tables", "USUAL = 3", "USUAL = 4"),
        ("tables", "return 1", "return 2"),  # a method of a base
        ("tables", "size=2", "size=3"),
        ("entries", "return x\n", "return 2 * x\n"),  # registered by a decorator
        ("entries", "x + 1", "x + 2"),  # assigned into the table
        ("entries", "x + 5", "x + 6"),  # by a function that calls the one that registers
        ("entries", 'TABLE["two"] = two', 'TABLE["three"] = two'),
        ("made_up", "np.mean", "np.median"),
        ("made_up", "import numpy as np", "import torch as np"),
        ("made_up", '"a#b"', '"a#c"'),
        ("made_up", '[""]', "[]"),
        ("made_up", "return self.epochs", "return 2 * self.epochs"),
        ("made_up", "return None", "return device"),
        ("made_up", "*, checkpoint", "*, checkpoint=None"),
        ("made_up", "    yield", "    if settings:\n        yield"),
        ("made_up", "find as f", "register as f"),
    ],
)
def test_what_training_reaches_counts(module, old, new):
    assert made_up(**{module: [(old, new)]}) != made_up()


@pytest.mark.parametrize(
    ("module", "old", "new"),
    [
        ("other", "return 1", "return 2"),
        ("made_up", "return rows", "return 2 * rows"),
        ("made_up", "epochs: int = 3", "epochs: int = 4"),  # a run records the values of settings
        ("made_up", "(0, 1)", "(0, 1, 2)"),
        ("made_up", "import numpy as np", "import numpy.linalg\nimport numpy as np"),
        ("made_up", "    draw = 1", "    # why\n    draw = (1)"),
        ("made_up", "find as f", "find as f  # one"),
    ],
)
def test_what_training_does_not_reach_does_not_count(module, old, new):
    assert made_up(**{module: [(old, new)]}) == made_up()


def test_how_a_definition_is_imported_does_not_count():
    paths = [("from ibutils import tables as t", "import ibutils.tables as t")]
    assert made_up(made_up=paths) == made_up()
    names = [("import find as f", "import find as g"), ('f("one")', 'g("one")')]
    assert made_up(made_up=names) == made_up()
    assert made_up(made_up=[("t.find", "tables.find"), ("tables as t", "tables")]) == made_up()


def test_two_definitions_of_one_name_are_told_apart():
    """The set of texts is the same whichever of the two a function names."""
    home, found = Sources(ROOT), []
    home.add(Module("def f():\n    return 1\n", "ibutils.a"))
    home.add(Module("def f():\n    return 2\n", "ibutils.b"))
    for first, second in (("a", "b"), ("b", "a")):
        text = f"""
from ibutils.{first} import f
from ibutils.{second} import f as g
class Settings: ...
def train():
    return f(), 2 * g()
"""
        home.add(Module(text, "experiments.vib.two"))
        found.append(identity.hash_of(identity.reach("vib/two", home)))
    assert found[0] != found[1]

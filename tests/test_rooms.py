"""The rooms of the project: imports go down, and a name is one thing."""

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parent.parent

# A tree imports itself and what stands before it; ``reproduce`` opens experiments by their names.
TREES = ("ibutils", "reproduce", "experiments")
# Rooms of the library from the ground up. A room imports what lies on lower floors: networks no
# objective, a paper no other paper.
FLOORS = (
    "checks extras lazy progress project",
    "information inputs modes whitening",
    "nets tasks train",
    "critics data ensemble prior_matching",
    "bounds exact",
    "estimators",
    "information_dropout information_plane infomax vib",
    "probes",
    "baselines",
    "evaluation",
    "attacks",
    "__init__",
    "command_line",
    "__main__",
)
LEVELS = {room: level for level, floor in enumerate(FLOORS) for room in floor.split()}
FORM = {"Settings"}  # what every experiment has


class Import(NamedTuple):
    """A statement in a file that imports a room.

    Args:
        place: File and line.
        source: Tree and room that import.
        target: Tree and room that are imported.
    """

    place: str
    source: tuple[str, str]
    target: tuple[str, str]

    def __str__(self) -> str:
        return f"{self.place}: {'/'.join(self.source)} imports {'/'.join(self.target)}"


def modules(root: Path, *trees: str) -> list[Path]:
    """Return the modules of some trees, relative to the root."""
    return sorted(path.relative_to(root) for t in trees for path in (root / t).rglob("*.py"))


def imports(root: Path) -> list[Import]:
    """Return every import of one room by another."""
    return [
        found
        for path in modules(root, *TREES)
        for node in ast.walk(ast.parse((root / path).read_text()))
        for found in _imports_of(root, path, node)
        if found.source != found.target
    ]


def _imports_of(root: Path, path: Path, node: ast.AST) -> Iterator[Import]:
    if isinstance(node, ast.Import):
        names = [alias.name for alias in node.names]
    elif isinstance(node, ast.ImportFrom):
        assert node.level == 0, f"{path}:{node.lineno}: write the whole name of what is imported"
        names = [f"{node.module}.{alias.name}" for alias in node.names]
    else:
        return
    for name in names:
        tree, *rest = name.split(".")
        if tree in TREES:
            yield Import(
                f"{path}:{node.lineno}", _room(path), (tree, _room_named(root, tree, rest))
            )


def _room(path: Path) -> tuple[str, str]:
    """Return tree and room of a module: a package within the tree, or a module beside them."""
    return path.parts[0], path.parts[1].removesuffix(".py")


def _room_named(root: Path, tree: str, rest: list[str]) -> str:
    """Return the room of a name; what is no room is a name that the tree itself offers."""
    here = root / tree / (rest[0] if rest else "__init__")
    return here.name if here.is_dir() or here.with_suffix(".py").exists() else "__init__"


def upward(found: list[Import]) -> list[str]:
    """Return what is wrong with imports, and what to do."""
    said = []
    for one in found:
        (tree, room), (other, imported) = one.source, one.target
        if TREES.index(other) > TREES.index(tree):
            said.append(f"{one}, but {tree} may not know of {other}: move what is needed down")
        if tree == other == "ibutils":
            missing = sorted({room, imported} - LEVELS.keys())
            if missing:
                said.append(f"{one}, but {missing} have no floor: enter them in FLOORS")
            elif LEVELS[imported] >= LEVELS[room]:
                said.append(
                    f"{one}, which lies no lower: move what is needed to a room below both"
                )
    return said


def circles(found: list[Import]) -> set[frozenset[tuple[str, str]]]:
    """Return the sets of rooms that import each other, directly or through others."""
    below: dict[tuple[str, str], set[tuple[str, str]]] = defaultdict(set)
    for one in found:
        if "__init__" not in (one.source[1], one.target[1]):
            below[one.source].add(one.target)
    reached = {room: _reached(below, room) for room in list(below)}
    return {
        frozenset(other for other in reached[room] if room in reached.get(other, ()))
        for room in reached
        if room in reached[room]
    }


def _reached(below: dict[tuple[str, str], set[tuple[str, str]]], room: tuple[str, str]) -> set:
    found: set[tuple[str, str]] = set()
    left = [room]
    while left:
        new = below.get(left.pop(), set()) - found
        found |= new
        left += new
    return found


def named_for_a_chapter(root: Path, path: Path) -> bool:
    """Say whether a module is the experiment of the chapter of its name."""
    return (root / "notebooks" / path.relative_to("experiments").with_suffix(".ipynb")).exists()


def clashes(root: Path) -> dict[str, list[str]]:
    """Return the files and the public classes that share a name, with their places."""
    places: dict[str, list[str]] = defaultdict(list)
    for path in modules(root, *TREES):
        chapter = path.parts[0] == "experiments" and named_for_a_chapter(root, path)
        if path.name not in ("__init__.py", "__main__.py") and not chapter:
            places[path.name].append(str(path))
        for node in ast.parse((root / path).read_text()).body:
            if isinstance(node, ast.ClassDef) and node.name[0] != "_" and node.name not in FORM:
                places[node.name].append(f"{path}:{node.lineno}")
    return {name: where for name, where in places.items() if len(where) > 1}


def test_imports_go_down():
    said = upward(imports(ROOT))
    assert not said, "\n".join(said)


def test_no_two_rooms_import_each_other():
    found = imports(ROOT)
    for circle in circles(found):
        between = [str(one) for one in found if {one.source, one.target} <= circle]
        pytest.fail("Break this circle where it is thinnest:\n" + "\n".join(between))


def test_every_floor_is_of_rooms_that_are_there():
    rooms = {_room(path)[1] for path in modules(ROOT, "ibutils")}
    assert rooms == LEVELS.keys(), "FLOORS names each room of ibutils once"
    assert len(LEVELS) == sum(len(floor.split()) for floor in FLOORS)


def test_a_name_is_one_thing():
    said = [
        f"{name} is at {' and '.join(places)}: rename one after what only it holds"
        for name, places in clashes(ROOT).items()
    ]
    assert not said, "\n".join(said)


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """Return a project of four rooms without any wrong import."""
    for name, text in {
        "ibutils/nets/layers.py": "class Layer: ...",
        "ibutils/vib/bottleneck.py": "from ibutils.nets import layers",
        "reproduce/claims.py": "import ibutils.vib.bottleneck",
        "experiments/vib/mnist.py": "from reproduce import claims\nfrom ibutils import vib",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def test_a_good_house_passes(house):
    found = imports(house)
    assert len(found) == 4
    assert not upward(found) and not circles(found) and not clashes(house)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        (
            "ibutils/nets/x.py",
            "def f():\n    from ibutils import vib",
            "nets/x.py:2: .* below both",
        ),
        ("ibutils/infomax/x.py", "from ibutils.vib import VIB", "x.py:1: .* no lower"),
        ("ibutils/nets/x.py", "from ibutils import VIB", "ibutils/__init__, which lies no lower"),
        ("ibutils/new.py", "from ibutils import nets", r"\['new'\] have no floor"),
        ("ibutils/nets/x.py", "import reproduce.claims", "ibutils may not know of reproduce"),
        ("reproduce/x.py", "from experiments.vib import mnist", "may not know of experiments"),
    ],
)
def test_an_import_upward_is_named(house, name, text, message):
    (house / name).parent.mkdir(exist_ok=True)
    (house / name).write_text(text)
    (said,) = upward(imports(house))
    with pytest.raises(ValueError, match=message):
        raise ValueError(said)


def test_a_circle_through_a_third_room_is_found(house):
    (house / "reproduce/pages.py").write_text("from reproduce import claims")
    (house / "reproduce/links.py").write_text("from reproduce import pages")
    assert not circles(imports(house))
    (house / "reproduce/claims.py").write_text("from reproduce.links import link")
    rooms = {("reproduce", name) for name in ("claims", "links", "pages")}
    assert circles(imports(house)) == {frozenset(rooms)}


def test_two_things_of_one_name_are_found(house):
    (house / "ibutils/vib/layers.py").write_text("class Layer: ...\nclass _Hidden: ...")
    assert clashes(house) == {
        "layers.py": ["ibutils/nets/layers.py", "ibutils/vib/layers.py"],
        "Layer": ["ibutils/nets/layers.py:1", "ibutils/vib/layers.py:1"],
    }


def test_an_experiment_may_have_the_name_of_its_chapter(house):
    (house / "ibutils/nets/mnist.py").write_text("")
    assert set(clashes(house)) == {"mnist.py"}
    (house / "notebooks/vib").mkdir(parents=True)
    (house / "notebooks/vib/mnist.ipynb").write_text("")
    assert not clashes(house)

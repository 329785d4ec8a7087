"""Parameter files: pinned by digest with a reason, named right, and those of what is recorded."""

import ast
import csv
import hashlib
import importlib
import json
import re
from dataclasses import replace

import papermill
import pytest
import yaml
from copies import ROOT, code_cells

from experiments.vib import mnist
from reproduce import record, settings
from reproduce.record.parameters import of_profile

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*/*.ipynb"))
FILES = sorted((ROOT / "notebooks").glob("*/*.yaml"))
RUNS = record.runs(ROOT / "results")
LIMIT = 2_000_000  # bytes of a recorded file
PINNED = {
    row["file"]: row
    for row in csv.DictReader((ROOT / "tests/profiles.csv").read_text().splitlines())
}


def name(path):
    return f"{path.parent.name}/{path.name}"


def notebook_of(file):
    return file.with_name(file.name.split(".")[0] + ".ipynb")


def literals(notebook):
    """Return the parameters of a notebook by the literals of its cell."""
    (source,) = [source for tags, source in code_cells(notebook) if "parameters" in tags]
    found = {}
    for statement in ast.parse(source).body:
        assert isinstance(statement, ast.Assign), ast.unparse(statement)
        (target,) = statement.targets
        found[target.id] = ast.literal_eval(statement.value)
    return found


def digest(file):
    """Return the SHA-256 of what a parameter file says, whatever its comments."""
    content = json.dumps(yaml.safe_load(file.read_text()), sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()


def experiment(notebook):
    """Return the module whose ``Settings`` a notebook's parameters are, or None."""
    code = "\n".join(source for _, source in code_cells(notebook))
    if not (opened := re.search(r"reproduce\.(?:open|read)\((\w+), globals\(\)", code)):
        return None
    lines = "\n".join(line for line in code.splitlines() if not line.startswith(("%", "!")))
    imports = [one for one in ast.walk(ast.parse(lines)) if isinstance(one, ast.ImportFrom)]
    names = {n.asname or n.name: f"{one.module}.{n.name}" for one in imports for n in one.names}
    return importlib.import_module(names[opened[1]])


@pytest.mark.parametrize("path", [*NOTEBOOKS, *FILES], ids=name)
def test_all_parameters_of_a_profile_are_read(path):
    """Without a training, so that a check that is too strict is seen at once."""
    chapter, profile = [*path.stem.split("."), "smoke"][:2]
    if module := experiment(notebook_of(path)):
        settings.read(module.Settings, of_profile(f"{path.parent.name}/{chapter}", profile))


@pytest.mark.parametrize("file", FILES, ids=name)
def test_a_parameter_file_changes_with_a_reason_only(file):
    """So that a recorded profile cannot shrink unnoticed."""
    line = f"{name(file)},{digest(file)},<why it is what it is>"
    own = PINNED.get(name(file))
    assert own and own["sha256"] == digest(file), f"put into tests/profiles.csv: {line}"
    assert own["why"].strip(), f"tests/profiles.csv gives no reason for {name(file)}"


def test_every_reason_has_its_parameter_file():
    gone = set(PINNED) - {name(file) for file in FILES}
    assert not gone, f"take out of tests/profiles.csv, or restore under notebooks/: {sorted(gone)}"


@pytest.mark.parametrize("file", FILES, ids=name)
def test_parameter_file_names_its_profile_and_parameters_of_its_notebook(file):
    given, known = yaml.safe_load(file.read_text()), literals(notebook_of(file))
    assert set(given) <= set(known)
    assert given["profile"] == file.name.split(".")[1]
    for parameter, value in given.items():
        kinds = (int, float) if isinstance(known[parameter], float) else type(known[parameter])
        assert isinstance(value, kinds), f"{parameter} is {value!r}"
        if isinstance(value, list):
            assert len(set(value)) == len(value), f"{parameter} repeats a value"


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=name)
def test_papermill_finds_every_parameter(notebook):
    found = papermill.inspect_notebook(str(notebook))
    known = literals(notebook)
    assert {key: ast.literal_eval(entry["default"]) for key, entry in found.items()} == known


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=name)
def test_defaults_are_the_smoke_run(notebook):
    known = literals(notebook)
    assert known.get("profile", "smoke") == "smoke" and known.get("data", "digits") == "digits"


def test_networks_have_the_published_numbers_of_weights():
    """Deep VIB: 2,380,810 weights at K = 256 and 1,859,620 at K = 2, by the experiment's code."""
    settings = replace(mnist.Settings(), hidden=1024)
    for bottleneck, expected in ((256, 2_380_810), (2, 1_859_620)):
        member = {"method": "vib", "bottleneck": bottleneck, "beta": 1e-3, "seed": 0}
        model = mnist.build(member, settings, inputs=784)
        assert sum(p.numel() for p in model.parameters()) == expected


class TestRecorded:
    """Each committed run against the parameter file of its profile."""

    pytestmark = pytest.mark.skipif(not RUNS, reason="nothing is recorded")
    each = pytest.mark.parametrize("run", RUNS, ids=lambda run: run["folder"].name)

    @each
    def test_settings_are_those_of_the_parameter_file(self, run):
        notebook = ROOT / "notebooks" / f"{run['notebook']}.ipynb"
        file = notebook.with_suffix(f".{run['profile']}.yaml")
        expected = literals(notebook) | yaml.safe_load(file.read_text())
        assert run["settings"] == {setting: expected[setting] for setting in run["settings"]}

    @each
    def test_members_belong_to_the_grid(self, run):
        file = ROOT / "notebooks" / f"{run['notebook']}.{run['profile']}.yaml"
        given = yaml.safe_load(file.read_text())
        for entry in run["members"]:
            member = entry["member"]
            if "bottleneck" in member:  # of Deep VIB
                assert member["beta"] in [None, *given["betas"]]
                assert member["bottleneck"] in (None, 2, given["wide"])
                assert member["seed"] in {*given["seeds"], *given.get("wide_seeds", [])}

    @each
    def test_comes_from_a_commit(self, run):
        assert run["dirty"] is False and len(run["commit"]) == 40

    @each
    def test_files_are_small_and_nothing_is_left_over(self, run):
        files = list(run["folder"].iterdir())
        assert all(file.stat().st_size < LIMIT for file in files)
        assert all(file.suffix in (".json", ".csv", ".npz") for file in files)
        assert not any(file.name.startswith(".") for file in files)
        text = (run["folder"] / "run.json").read_text()
        assert json.loads(text)["members"] and str(ROOT) not in text

    def test_nothing_is_damaged_and_no_member_is_recorded_twice(self):
        assert not record.problems(ROOT / "results")

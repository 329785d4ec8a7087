"""Rehearse the runs that want a GPU on a CPU: the same script, with tiny networks and images.

python -m tests.rehearsal [OUT]

A copy of the project, without git and without a record, has files for the profiles with tiny
values. :mod:`reproduce.gpu_runs` is called there with short budgets, as on a machine that is lent
for minutes, until nothing is left. Then what it brought back is unpacked and collected.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

from reproduce import gpu_runs
from reproduce.record.integrity import key
from reproduce.record.parameters import of_profile
from tests.copies import ROOT, copy_project

COMMIT = "0" * 40
BUDGETS = [40 * 2**n for n in range(6)]  # seconds; a loaded machine needs the longer ones
# What differs from the smoke run, by notebook: all that the patterns name has to be there.
TINY: dict[str, dict[str, Any]] = {
    "infomax/classification": {
        "methods": ["supervised", "dim_global", "dim_local"],
        "losses": ["dv", "jsd", "infonce"],
        "images": 100,
        "test_images": 60,
        "epochs": 1,
        "seeds": [0, 1],
        "detail_seeds": [],
    },
    "vib/mnist": {"epochs": 2},
    "information_dropout/width": {
        "images": 50,
        "units": [8],
        "shares": [0.03125, 1.0],
        "methods": ["information"],
        "betas": [1.0],
    },
}


def lay_out(folder: Path) -> Path:
    """Return a copy of the project whose profiles are tiny."""
    copy_project(folder)
    shutil.copytree(ROOT / "tests", folder / "tests", ignore=shutil.ignore_patterns("__pycache__"))
    for step in gpu_runs.steps():
        values = of_profile(step.notebook, "smoke") | TINY[step.notebook]
        file = folder / "notebooks" / f"{step.notebook}.{step.profile}.yaml"
        file.write_text(json.dumps(values | {"profile": step.profile}))  # which is YAML as well
    return folder


def call(project: Path, out: Path, seconds: int) -> str:
    """Call the script once with a budget and return its report."""
    own = {"PYTHONPATH": str(project), "IBUTILS_ROOT": str(project), "TQDM_DISABLE": "1"}
    command = ["-m", "reproduce.gpu_runs", str(out), "--budget", f"{seconds}s"]
    command += ["--commit", COMMIT]
    subprocess.run([sys.executable, *command], cwd=project, env=os.environ | own, check=True)
    return (out / "report.txt").read_text()


def collect(project: Path, out: Path) -> dict[str, list[str]]:
    """Unpack and collect what was brought back; return the members of each notebook."""
    shutil.rmtree(project / "_build" / "runs")
    with tarfile.open(out / "runs.tar.gz") as packed:
        packed.extractall(project / "_build", filter="data")
    command = "from reproduce import record; assert record.collect(); assert not record.problems()"
    environment = os.environ | {"PYTHONPATH": str(project), "IBUTILS_ROOT": str(project)}
    subprocess.run([sys.executable, "-c", command], cwd=project, env=environment, check=True)
    found: dict[str, list[str]] = {}
    for path in sorted(project.glob("results/*/*/*/*/run.json")):
        run = json.loads(path.read_text())
        assert run["commit"] == COMMIT and run["dirty"] is False
        found.setdefault(run["notebook"], []).extend(key(one["member"]) for one in run["members"])
    return found


def main() -> None:
    """Rehearse; a failed rehearsal keeps its folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path, nargs="?", help="a temporary folder by default")
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="rehearsal-"))
    out = (arguments.out or folder / "out").resolve()
    project = lay_out(folder / "project")
    for seconds in BUDGETS:
        print(f"a call of {seconds} s", flush=True)
        report = call(project, out, seconds)
        if report.count(f": {gpu_runs.DONE}\n") == 1 + len(gpu_runs.steps()):  # and the tests
            break
    else:
        sys.exit(f"not done after {len(BUDGETS)} calls; all is in {folder}")
    for notebook, members in collect(project, out).items():
        if len(members) != len(set(members)):
            sys.exit(f"{notebook}: a member is on record twice; all is in {folder}")
        print(f"{notebook}: {len(members)} members, each once")
    print("brought back:", ", ".join(sorted(path.name for path in out.iterdir())))
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()

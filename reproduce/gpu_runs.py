"""Run what wants a GPU, in the order of ``gpu_runs.yaml``, as far as a budget goes.

python -m reproduce.gpu_runs OUT --budget 9m --commit "$(git rev-parse HEAD)"

It runs in a copy of the project on a machine that is lent for minutes, may have no network and no
git, and keeps ``_build`` from call to call. First come the GPU tests, once, then the members of
each step. The same call goes on where the last one ended: at a member's end, or at the last
checkpoint of a member that outlasts the call. After each member ``OUT`` holds

- ``runs.tar.gz``, all runs so far: ``tar -xf OUT/runs.tar.gz -C _build``, then ``make record``;
- ``tests.log``, what pytest said;
- ``report.txt``, how each step stands.

It needs the packages of ``pyproject.toml`` for the library with its extras ``data``, ``plots`` and
``probes``, and statsmodels, PyYAML, tqdm and IPython, with pytest, hypothesis and beartype
for the tests. Neither Jupyter nor papermill nor Snakemake is used. Versions may be others than the
pinned ones, which ``run.json`` names. ``$IBUTILS_DATA`` has to hold MNIST and CIFAR-10.
"""

import argparse
import os
import re
import subprocess
import sys
import tarfile
import time
import traceback
from collections.abc import Mapping, Sequence
from contextlib import suppress
from fnmatch import fnmatchcase
from pathlib import Path
from typing import NamedTuple

import yaml

from ibutils.project import project_root
from reproduce import budget
from reproduce.notebooks import PROFILES
from reproduce.record import provenance
from reproduce.record.integrity import Member, key

GRACE = 20.0  # seconds after the budget until a member that outlasts it is ended
PAUSE = 2.0  # seconds between looks at what is written
DONE, FAILED = "done", "failed"  # how a step stands


class Step(NamedTuple):
    """Members of an experiment that are trained one after the other.

    Attributes:
        notebook: ``"<part>/<chapter>"``.
        profile: Whose parameters they are trained at.
        members: Patterns of their names, in order.
    """

    notebook: str
    profile: str
    members: Sequence[str]


def steps() -> list[Step]:
    """Return what is to be trained."""
    text = Path(__file__).with_suffix(".yaml").read_text()
    return [Step(**one) for one in yaml.safe_load(text)]


def named(step: Step) -> str:
    """Return how the report names a step."""
    return f"{step.notebook} at {step.profile}"


def ordered(grid: Sequence[Member], patterns: Sequence[str]) -> list[Member]:
    """Return the members of a grid that patterns name, in the order of the patterns.

    Raises:
        ValueError: A pattern names nothing that the grid has.

    Example:
        >>> grid = [{"method": m, "seed": s} for m in ("a", "b") for s in (0, 1)]
        >>> [key(one) for one in ordered(grid, ["*,seed=0", "method=b,*"])]
        ['method=a,seed=0', 'method=b,seed=0', 'method=b,seed=1']
    """
    found: dict[str, Member] = {}
    for pattern in patterns:
        own = {key(member): member for member in grid if fnmatchcase(key(member), pattern)}
        if not own:
            raise ValueError(f"no member of {', '.join(map(key, grid))} is like {pattern}")
        found |= {name: member for name, member in own.items() if name not in found}
    return list(found.values())


def train(step: Step) -> str:
    """Train the members of a step as far as there is time, and return how they stand."""
    from reproduce import experiment, status  # which take seconds to import, here and not above
    from reproduce.record.parameters import of_profile

    module = status.experiment_of(step.notebook)
    if module is None:
        raise ValueError(f"{step.notebook} has no experiment")
    own = experiment.open(module, of_profile(step.notebook, step.profile))
    own.members = ordered(own.members, step.members)
    with suppress(budget.BudgetSpentError):
        own.run()
    left = len(own.missing())
    return f"{left} of {len(own.members)} members are left" if left else DONE


def train_all(report: Path) -> None:
    """Train all steps, first the members that fit into the budget, then the others.

    Those are ended with the call, and go on in the next one from their checkpoints: else one that
    takes longer than a call would never begin. A step that fails does not stop the others.
    """
    stands = dict.fromkeys(map(named, steps()), "not begun")
    for whole in (False, True):
        if whole and budget.left() > 0:
            del os.environ[budget.UNTIL]
        for step in steps():
            if budget.left() > 0 and not stands[named(step)].startswith((DONE, FAILED)):
                stands[named(step)] = "begun"
                write(report, stands)
                try:
                    stands[named(step)] = train(step)
                except Exception as error:
                    traceback.print_exc()
                    stands[named(step)] = f"{FAILED}: {type(error).__name__}: {error}"
            write(report, stands)
    sys.exit(any(how.startswith(FAILED) for how in stands.values()))


def write(report: Path, stands: Mapping[str, str]) -> None:
    """Write how steps stand."""
    report.write_text("".join(f"{one}: {how}\n" for one, how in stands.items()))


def test(out: Path) -> str:
    """Run the GPU tests unless they have passed at this commit, and return how they stand.

    They get half of the time, so that training begins whatever they do.
    """
    log, commit = out / "tests.log", os.environ.get(provenance.COMMIT)
    earlier = project_root() / "_build" / f"gpu_tests.{commit}.log"
    if commit and earlier.exists():
        log.write_text(earlier.read_text())
        return DONE
    mark = "pytest.mark.gpu"  # other files may need packages that are not here
    files = [str(f) for f in Path("tests").rglob("test_*.py") if mark in f.read_text()]
    options = ["-m", "gpu", "-q", "-W", "default", "-p", "no:cacheprovider"]
    command = [sys.executable, "-m", "pytest", *options, *sorted(files)]
    try:
        with log.open("w") as said:
            done = subprocess.run(command, stdout=said, stderr=said, timeout=budget.left() / 2)
    except subprocess.TimeoutExpired:
        return "not ended"
    if done.returncode:
        return f"{FAILED}, see tests.log"
    earlier.parent.mkdir(exist_ok=True)
    earlier.write_text(log.read_text())
    return DONE


def pack(out: Path) -> None:
    """Write all runs into one file, the smoke runs left out."""
    live, part = project_root() / "_build" / "runs", out / ".runs.part"
    with suppress(FileNotFoundError):  # a file took its place meanwhile: the next look has it
        with tarfile.open(part, "w:gz") as packed:
            for profile in PROFILES[1:]:
                if (live / profile).exists():
                    packed.add(live / profile, f"runs/{profile}")
        part.replace(out / "runs.tar.gz")


def watch(child: subprocess.Popen[bytes], out: Path) -> int:
    """Pack runs as they grow until a process ends, or is ended; return how it ended."""
    live, seen = project_root() / "_build" / "runs", 0.0
    while child.poll() is None:
        time.sleep(PAUSE)
        now = max((path.stat().st_mtime for path in live.glob("*/*/*/*/run.json")), default=0.0)
        if now > seen:
            pack(out)
            seen = now
        if budget.left() < -GRACE:
            print("the last member outlasts the call, and goes on from its checkpoint")
            child.kill()
            child.wait()
            return 0
    pack(out)
    return child.returncode


def main() -> None:
    """Test and train as far as the budget goes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path, help="folder for what is brought back")
    parser.add_argument("--budget", default="9m", help="of this call")
    parser.add_argument("--commit", help="that this copy is of, if it is of one without changes")
    parser.add_argument("--train", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    out: Path = arguments.out.resolve()
    report = out / "report.txt"
    if arguments.train:
        train_all(report)
    try:
        os.environ[budget.UNTIL] = str(time.time() + budget.seconds(arguments.budget))
    except ValueError as error:
        parser.error(str(error))
    if arguments.commit is not None:
        if not re.fullmatch("[0-9a-f]{40}", arguments.commit):
            parser.error(f"--commit must be 40 hexadecimal digits, got {arguments.commit!r}")
        os.environ[provenance.COMMIT] = arguments.commit
    out.mkdir(parents=True, exist_ok=True)
    report.unlink(missing_ok=True)  # of an earlier call
    tests = test(out)
    command = [sys.executable, "-m", "reproduce.gpu_runs", str(out), "--train"]
    ended = watch(subprocess.Popen(command), out)
    steps_said = report.read_text() if report.exists() else "no step was begun\n"
    report.write_text(f"GPU tests: {tests}\n{steps_said}")
    print(report.read_text(), end="")
    sys.exit(ended or tests.startswith(FAILED))


if __name__ == "__main__":
    main()

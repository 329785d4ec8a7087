"""Keep a record current over a change of the code that changes no number.

python -m reproduce.renew [--only vib/mnist]

A record belongs to the code whose hash it carries. Where that hash is another now, the members on
record, one seed of each, are trained at the small settings of the smoke run: once by the committed
code of the record and once by that of now, each in a checkout of its own and with one thread.
Where all rows and arrays are equal to the last digit, ``reproduce/same_numbers.csv`` gets a line,
and the record counts as one of the present code. Otherwise it stays stale, until
``make reproduce`` trains its members again.
"""

import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from reproduce import record
from reproduce.record import equivalence, identity
from reproduce.record.integrity import Description, Member
from reproduce.record.provenance import git, need_history
from reproduce.record.sources import Sources

# It runs in the checkout of either code, and so calls only what experiments have always had. What
# a row or an array is, the comparison does not ask.
TRAIN = """
import hashlib, importlib, json, sys, tempfile
from pathlib import Path
import numpy as np
from reproduce import experiment, record
asked = json.load(sys.stdin)
module = importlib.import_module("experiments." + asked["notebook"].replace("/", "."))
chosen = module.Settings()
data = module.load(chosen, "cpu") if hasattr(module, "load") else experiment.NOTHING
small = module.grid(chosen)[0]  # its data are those of the smoke run
members = [{**one, "data": small["data"]} if "data" in one else one for one in asked["members"]]
split = getattr(module, "groups", lambda all, *_: [[one] for one in all])
plain = lambda value: repr(value.item() if hasattr(value, "item") else value)
digest = lambda array: hashlib.sha256(np.ascontiguousarray(array)).hexdigest()
found = {}
for group in split(members, chosen, data):
    with tempfile.TemporaryDirectory() as folder:
        made = module.train(group, chosen, data, checkpoint=Path(folder) / "checkpoint")
        for member, result in zip(group, map(lambda one: experiment.Result(*one), made)):
            found[record.key(member)] = [
                sorted(repr(sorted((k, plain(v)) for k, v in row.items())) for row in result.rows),
                {f"{target}|{name}": [str(array.dtype), array.shape, digest(array)]
                 for target, arrays in result.arrays.items() for name, array in arrays.items()},
            ]
print(json.dumps(found))
"""


def representatives(runs: Iterable[Description]) -> list[Member]:
    """Return one recorded member of all that differ by their seed or data, the first."""
    found: dict[str, Member] = {}
    for run in runs:
        for member in (entry["member"] for entry in run["members"]):
            kind = {name: value for name, value in member.items() if name not in ("data", "seed")}
            found.setdefault(record.key(kind), member)
    return list(found.values())


@contextmanager
def checkout(commit: str) -> Iterator[Path]:
    """Yield a folder with the files of a commit, which is removed afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "code"
        git("worktree", "add", "--quiet", "--detach", str(root), commit)
        try:
            yield root
        finally:
            git("worktree", "remove", "--force", str(root))


def trained(commit: str, notebook: str, members: list[Member]) -> dict[str, Any]:
    """Return what the code of a commit computes for members at the settings of the smoke run.

    Returns:
        ``code``, its hash, and ``found``: rows and checksums of arrays by member.

    Raises:
        ValueError: That code cannot train these members; the last line of what it said.
    """
    with checkout(commit) as root:
        # By the rules of now: what counts as code has changed before, and records with it.
        code = identity.hash_of(identity.reach(notebook, Sources(root)))
        own = {"PYTHONPATH": str(root), "IBUTILS_ROOT": str(root), "OMP_NUM_THREADS": "1"}
        done = subprocess.run(
            [sys.executable, "-c", TRAIN],
            input=json.dumps({"notebook": notebook, "members": members}),
            env=os.environ | own,
            cwd=root,
            capture_output=True,
            text=True,
        )
    if done.returncode:
        raise ValueError(f"the code of {commit[:8]} fails: {done.stderr.strip().splitlines()[-1]}")
    return {"code": code, "found": json.loads(done.stdout.splitlines()[-1])}


def different(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """Return the members whose rows or arrays are not equal in both."""
    return sorted(name for name in old.keys() | new if old.get(name) != new.get(name))


def renew(notebook: str) -> Iterator[str]:
    """Compare the code of each stale record of a notebook with that of now.

    Yields:
        A sentence for each; where nothing differs the table has got a line.
    """
    now = record.code_hash(notebook)
    stale: dict[str, list[Description]] = {}
    for run in record.runs(notebook=notebook):
        if not equivalence.same_code(notebook, run["code_hash"], now):
            stale.setdefault(run["code_hash"], []).append(run)
    for code, runs in stale.items():
        members = representatives(runs)
        try:
            commit = _commit_of(runs[-1])
            old = trained(commit, notebook, members)
            new = trained("HEAD", notebook, members)
        except ValueError as error:
            yield f"{notebook}: stale, {error}"
            continue
        if (old["code"], new["code"]) != (code, now):
            yield f"{notebook}: stale, {commit[:8]} or HEAD has not the code that is compared"
        elif names := different(old["found"], new["found"]):
            some = f"{len(names)} of {len(members)} members, the first {names[0]}"
            yield f"{notebook}: stale, other numbers for {some}"
        else:
            values = sum(len(rows) + len(arrays) for rows, arrays in new["found"].values())
            head = git("rev-parse", "HEAD").strip()
            _enter(notebook, code, now, str(len(members)), str(values), commit, head)
            yield f"{notebook}: the same {values} rows and arrays of {len(members)} members"


def _commit_of(run: Description) -> str:
    """Return the commit of a run, or the one before its start where a history was rewritten.

    Raises:
        ValueError: There is neither.
    """
    try:
        return git("rev-parse", "--verify", f"{run['commit']}^{{commit}}").strip()
    except subprocess.CalledProcessError:
        found = git("rev-list", "-1", f"--before={run['started']}", "HEAD").strip()
    if not found:
        raise ValueError("its commit is not in this history")
    return found


def _enter(*line: str) -> None:
    with equivalence.TABLE.open("a", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerow(line)


def main() -> None:
    """Compare for every stale record, or that of one notebook."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="<part>/<chapter>")
    arguments = parser.parse_args()
    need_history()
    recorded = {run["notebook"] for run in record.runs()}
    if arguments.only and arguments.only not in recorded:
        sys.exit(f"no member of {arguments.only} is on record")
    for notebook in sorted(recorded & {arguments.only} if arguments.only else recorded):
        for sentence in renew(notebook):
            print(sentence, flush=True)


if __name__ == "__main__":
    main()

"""Train randomly chosen recorded members again and compare with the record.

python -m reproduce.verify --profile laptop --rows 2
"""

import argparse
import os
import random
import shutil
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from reproduce import record
from reproduce.execute import execute
from reproduce.notebooks import parameter_file
from reproduce.record.store import read_table

# Libraries choose kernels by the processor, also within one name: then rounding differs, and a
# long training ends as another seed would.
ABSOLUTE, RELATIVE = 2e-3, 0.1
NO_KEYS = ("value", "unit", "profile", "device", "run")


def choose(profile: str, rows: int) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Return randomly chosen recorded members, each with its run.

    Raises:
        ValueError: Fewer members are on record at the profile.
    """
    recorded = [
        (run, entry["member"])
        for run in record.runs()
        if run["profile"] == profile
        for entry in run["members"]
    ]
    if len(recorded) < rows:
        raise ValueError(f"{len(recorded)} members are on record at {profile!r}, not {rows}")
    return random.sample(recorded, rows)


def scratch(root: Path) -> Path:
    """Return a project whose runs go nowhere near the record, all else linked to the real one."""
    folder = root / "_build" / "verify"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name in ("pyproject.toml", "notebooks", "book", "benchmarks", "data", "results"):
        if (root / name).exists():
            (folder / name).symlink_to(root / name)
    return folder


def retrain(root: Path, run: dict[str, Any], member: dict[str, Any]) -> dict[str, Any]:
    """Train one member with the threads it was recorded with and return the new run."""
    folder = scratch(root)
    os.environ |= {"IBUTILS_ROOT": str(folder), "OMP_NUM_THREADS": str(run["threads"])}
    notebook, profile = run["notebook"], run["profile"]
    file = parameter_file(root, notebook, profile)
    parameters = yaml.safe_load(file.read_text()) if file else {}
    parameters |= {"members": [record.key(member)], "fresh": True}
    output = folder / "executed.ipynb"
    execute(root / "notebooks" / f"{notebook}.ipynb", output, parameters)
    (new,) = record.runs(folder / "_build" / "runs")
    return new


def rows_of(run: dict[str, Any], member: dict[str, Any]) -> pd.DataFrame:
    """Return the rows of one member of a run, over all its targets."""
    tables = [read_table(run, path.stem) for path in sorted(run["folder"].glob("*.csv"))]
    rows = pd.concat(tables, ignore_index=True)
    factors = rows[list(member)].astype(object).itertuples(index=False, name=None)
    names = [record.key(dict(zip(member, values, strict=True))) for values in factors]
    return rows[[name == record.key(member) for name in names]]


def compare(old: pd.DataFrame, new: pd.DataFrame) -> pd.DataFrame:
    """Return both values of each recorded row, whether they are identical and whether they agree.

    Args:
        old: Recorded rows of a member.
        new: Its rows trained now; what is measured only since the record is left out.

    Raises:
        ValueError: A recorded row has no value now, or several.
    """
    keys = [column for column in old if column not in NO_KEYS]
    both = old.merge(new, on=keys, how="left", suffixes=("_recorded", "_now"))
    both = both[[*keys, "value_recorded", "value_now"]]
    if both[["value_recorded", "value_now"]].isna().any(axis=None) or len(both) != len(old):
        raise ValueError(f"the record and the new run have different rows:\n{both}")
    difference = (both["value_now"] - both["value_recorded"]).abs()
    size = both["value_recorded"].abs()
    return both.assign(
        identical=difference <= 1e-9 * size,  # the last digit written may differ
        agrees=difference <= ABSOLUTE + RELATIVE * size,
    )


def main() -> None:
    """Retrain and compare as many members as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--profile", default="laptop")
    parser.add_argument("--rows", type=int, default=2)
    arguments = parser.parse_args()
    agreed = True
    try:
        for run, member in choose(arguments.profile, arguments.rows):
            print(f"{run['notebook']} at {run['profile']}: {record.key(member)}", flush=True)
            new = retrain(Path.cwd(), run, member)
            result = compare(rows_of(run, member), rows_of(new, member))
            agreed = agreed and bool(result["agrees"].all())
            print(result.to_string(index=False))
            print(f"{result['identical'].sum()} of {len(result)} values are identical", flush=True)
    except (ValueError, RuntimeError) as error:
        sys.exit(str(error))
    sys.exit(None if agreed else "The record does not repeat.")


if __name__ == "__main__":
    main()

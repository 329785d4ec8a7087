"""Train recorded members again and compare with the record.

python -m reproduce.verify [--profile laptop] [--rows 1] [--only vib/mnist]

Of every recorded notebook the cheapest members are trained. With the threads, versions and
processor of the record all numbers must be equal to rounding. Elsewhere, and in a group of other
members, kernels round otherwise, and training goes on with that. Where the drift was measured and
is less than a tenth of what another seed changes, a larger one is refused; where it was not, or is
as large as that of another seed (``reproduce/drifts.yaml``), a larger one cannot be told from it.
"""

import argparse
import math
import multiprocessing
import os
import shutil
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from ibutils.project import project_root
from reproduce import record, settings, status
from reproduce.experiment import Experiment
from reproduce.record.integrity import Description, Member
from reproduce.record.parameters import of_profile
from reproduce.record.recorded import join, read_table
from reproduce.record.rows import keys
from reproduce.record.supersede import changed

ROUNDING = 1e-9  # relative; the last digit written may differ
SHARE = 0.1  # of the standard deviation over seeds
DRIFTS = Path(__file__).with_name("drifts.yaml")
MACHINE = ("device", "processor", "threads", "python", "torch", "numpy")
VERDICTS = ("refused", "cannot tell", "agrees", "same")  # the worst first


def choose(profile: str, rows: int, only: str = "") -> list[tuple[Description, Member]]:
    """Return the cheapest recorded members of each notebook, each with its run.

    Raises:
        ValueError: Nothing is on record.
    """
    found: dict[str, list[tuple[float, Description, Member]]] = {}
    for run in record.runs(profile=profile, notebook=only or "*/*"):
        own = [
            (one["seconds"], {**run, "threads": one.get("threads", run["threads"])}, one["member"])
            for one in run["members"]
            if not one.get("resumed")  # whose seconds are those of a part of its training
        ]
        found.setdefault(run["notebook"], []).extend(own)
    if not found:
        raise ValueError(f"no member of {only or 'any notebook'} is on record at {profile!r}")
    cheapest = (sorted(own, key=lambda one: one[0])[:rows] for own in found.values())
    return [(run, member) for own in cheapest for _, run, member in own]


def scratch(root: Path) -> Path:
    """Return a project whose runs go nowhere near the record, all else linked to the real one."""
    (root / "_build").mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="verify-", dir=root / "_build"))
    for name in ("pyproject.toml", "notebooks", "experiments", "data"):
        if (root / name).exists():
            (folder / name).symlink_to(root / name)
    return folder


def retrain(run: Description, member: Member) -> Description:
    """Return the run of one member, trained now in a process with the threads of the record.

    Raises:
        ValueError: The grid has no such member any more, or the notebook no such profile.
        RuntimeError: The process was killed.
    """
    folder = scratch(project_root())
    os.environ |= {"IBUTILS_ROOT": str(folder), "OMP_NUM_THREADS": str(run["threads"])}
    fresh = multiprocessing.get_context("spawn")  # which reads both variables
    try:
        with ProcessPoolExecutor(1, mp_context=fresh) as pool:
            pool.submit(train, run["notebook"], run["profile"], record.key(member)).result()
        (new,) = record.runs(folder / "_build" / "runs")
        return new
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def train(notebook: str, profile: str, member: str) -> None:
    """Train one member of an experiment as its chapter does, whatever is on record."""
    module = status.experiment_of(notebook)
    if module is None:
        raise ValueError(f"{notebook} has no experiment that trains")
    chosen = settings.read(module.Settings, of_profile(notebook, profile))
    Experiment(module, chosen, profile=profile, members=[member], fresh=True).run()


def rows_of(run: Description, member: Member) -> pd.DataFrame:
    """Return the rows of one member of a run, over all its targets."""
    name = record.key(member)
    own = [entry for entry in run["members"] if record.key(entry["member"]) == name]
    return join([read_table({**run, "members": own}, target) for target in _targets(own)])


def spread(run: Description, rows: pd.DataFrame) -> pd.Series:
    """Return the standard deviation over seeds behind each row; NaN of a single seed."""
    alike = record.runs(notebook=run["notebook"], profile=run["profile"])
    every = join([read_table(one, target) for one in alike for target in _targets(one["members"])])
    names = [name for name in _keys(rows) if name != "seed"]
    deviations = every.groupby(names, dropna=False)["value"].std().rename("spread").reset_index()
    return rows[names].merge(deviations, on=names, how="left")["spread"]


def _targets(entries: list[dict[str, Any]]) -> list[str]:
    """Return the targets that members have rows for."""
    names = {name for entry in entries for name in entry["rows"]}
    return sorted(name.removesuffix(".csv") for name in names if name.endswith(".csv"))


def _keys(rows: pd.DataFrame) -> list[str]:
    """Return the columns that tell rows of a member apart."""
    return [name for name in keys(rows) if rows[name].notna().any()]


def compare(
    old: pd.DataFrame, new: pd.DataFrame, deviations: pd.Series, *, drift: float | None
) -> pd.DataFrame:
    """Return both values of each recorded row and what they say.

    Args:
        old: Recorded rows of a member.
        new: Its rows trained now; what is measured only since the record is left out.
        deviations: Over seeds, of each recorded row.
        drift: Where threads, versions, processor or group may not be those of the record, what
            that is known to change, in standard deviations over seeds; infinite if not known.

    Returns:
        The keys of the rows, ``recorded``, ``now``, ``spread`` and ``verdict``.

    Raises:
        ValueError: A recorded row has no value now, or several.
    """
    names = _keys(old)
    if missing := set(names) - set(new):
        raise ValueError(f"rows have no {', '.join(sorted(missing))} any more")
    both = old[[*names, "value"]].merge(new[[*names, "value"]], on=names, how="left")
    both = both.set_axis([*names, "recorded", "now"], axis=1)
    if both["now"].isna().any() or len(both) != len(old):
        raise ValueError(f"the record and the new run have different rows:\n{both}")
    difference = (both["now"] - both["recorded"]).abs().to_numpy()
    allowed, own = ROUNDING * both["recorded"].abs().to_numpy(), deviations.to_numpy()
    beyond = "refused" if drift is None or drift <= SHARE else "cannot tell"
    verdict = np.full(len(both), beyond, object)
    if drift is not None:
        verdict[np.isnan(own)] = "cannot tell"
        verdict[difference <= SHARE * own] = "agrees"
    return both.assign(spread=own, verdict=np.where(difference <= allowed, "same", verdict))


def outcome(compared: pd.DataFrame) -> str:
    """Return what the rows of a member say together: the worst of their verdicts."""
    return min(compared["verdict"], key=VERDICTS.index)


def elsewhere(run: Description, new: Description) -> list[str]:
    """Return in words what may round otherwise now than when a run was recorded."""
    old, now = ({**one.get("versions", {}), **one} for one in (run, new))
    found = [
        f"{name} {old.get(name)} was recorded, {now.get(name)} is here"
        for name in MACHINE
        if old.get(name) != now.get(name)
    ]
    if hasattr(status.experiment_of(run["notebook"]), "groups"):
        found.append("alone now, perhaps recorded together with others")
    return found


def verify(run: Description, member: Member) -> str:
    """Train a member again, print what differs, and return the outcome."""
    print(f"{run['notebook']} at {run['profile']}: {record.key(member)}", flush=True)
    try:
        new = retrain(run, member)
        return _compared(run, new, member)
    except Exception as error:  # whatever breaks one training, the others are compared
        print(f"  refused: {type(error).__name__}: {error}", flush=True)
        return "refused"


def _compared(run: Description, new: Description, member: Member) -> str:
    old, other = rows_of(run, member), elsewhere(run, new)
    known = _drifts().get(run["notebook"])
    drift = (math.inf if known is None else known) if other else None
    found = compare(old, rows_of(new, member), spread(run, old), drift=drift)
    if stale := changed(run, new):
        print(f"  stale, recorded with another {' and '.join(stale)}")
    for difference in other:
        print(f"  {difference}")
    if other:
        told = "never measured" if known is None else f"{known:g} when it was measured"
        print(f"  drift of {_drift(found):.2g} standard deviations over seeds; {told}")
    print(f"  {_counted(found['verdict'])} of {len(found)} values", flush=True)
    worst = found[found["verdict"].isin(VERDICTS[:2])]
    if len(worst):
        print(worst.drop(columns=list(member), errors="ignore").to_string(index=False))
    return outcome(found)


def _drifts() -> dict[str, float]:
    """Return the measured drift of experiments, by notebook."""
    found = yaml.safe_load(DRIFTS.read_text(encoding="utf-8"))
    return {name: float(drift) for name, drift in found.items()}


def _drift(found: pd.DataFrame) -> float:
    """Return the largest change of a value, in standard deviations over seeds."""
    change = (found["now"] - found["recorded"]).abs()
    change[found["verdict"] == "same"] = 0.0
    return float((change[change > 0] / found["spread"]).max()) if change.any() else 0.0


def _counted(verdicts: pd.Series) -> str:
    """Return how often each verdict was found, the worst first."""
    found = list(verdicts)
    return ", ".join(f"{found.count(word)} {word}" for word in VERDICTS if word in found)


def main() -> None:
    """Retrain and compare as many members of each notebook as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--profile", choices=record.PROFILES[1:], default="laptop")
    parser.add_argument("--rows", type=int, default=1)
    parser.add_argument("--only", default="", help="<part>/<chapter>")
    arguments = parser.parse_args()
    if arguments.rows < 1:
        parser.error(f"--rows must be at least 1, got {arguments.rows}")
    project_root()  # the real one, before the variable names the scratch
    try:
        chosen = choose(arguments.profile, arguments.rows, arguments.only)
    except ValueError as error:
        sys.exit(str(error))
    found = pd.Series([verify(run, member) for run, member in chosen])
    print(f"{_counted(found)} of {len(found)} members")
    sys.exit("The record does not repeat." if "refused" in set(found) else None)


if __name__ == "__main__":
    main()

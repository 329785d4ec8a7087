"""Which members of each experiment are on record, running, stale or to do, and what is left.

python -m reproduce.status [--profile laptop] [--only vib/mnist] [--jobs 2]

Members that are done but lie in ``_build/runs`` until ``make record`` are counted as done, and
named unrecorded. Hours are those of the cores that training takes, from what the same member or
one that differs by its seed took; running members count whole.
"""

import argparse
import importlib
import sys
from datetime import datetime, timedelta
from types import ModuleType
from typing import Any, NamedTuple

import pandas as pd
import torch

from ibutils.project import project_root
from reproduce import record, settings
from reproduce.notebooks import PROFILES, names
from reproduce.record import given, leftovers, store
from reproduce.record.costs import Costs
from reproduce.record.equivalence import same_code
from reproduce.record.integrity import Description, Member, key
from reproduce.record.parameters import of_profile
from reproduce.view import View


class Condition(NamedTuple):
    """The members of an experiment at a profile: done, running, stale and missing are all.

    Attributes:
        notebook: ``"<part>/<chapter>"``.
        profile: The profile.
        members: How many there are in the grid.
        done: Recorded with the settings that are here now, by this code or code of its effect.
        unrecorded: Those of them that are not in ``results`` yet.
        running: Neither, but a process is training them.
        stale: Recorded by other code or with other settings, and not running.
        missing: Not on record, or in a damaged run, and not running.
        damaged: Runs whose files do not hold what was written.
        hours: Core-hours that are left, as far as members on record tell.
        unknown: Members among those that are left of which they do not.
    """

    notebook: str
    profile: str
    members: int
    done: int
    unrecorded: int
    running: int
    stale: int
    missing: int
    damaged: int
    hours: float
    unknown: int

    def __str__(self) -> str:
        """Say what is not as it should be, and what mends it; nothing where all is well."""
        parts = [
            f"{count} of {self.members} members {'is' if count == 1 else 'are'} {what}"
            for count, what in (
                (self.stale, "from an earlier version of the code"),
                (self.missing, "not on record yet"),
            )
            if count
        ]
        if self.damaged:
            parts.append(f"{self.damaged} damaged runs do not count")
        if not parts:
            return ""
        command = f"make reproduce PROFILE={self.profile} ONLY={self.notebook}"
        now = "numbers and verdicts are those on record"
        return f"{', '.join(parts)}: {now} until `{command}` has run"

    def row(self) -> dict[str, Any]:
        """Return what the table shows."""
        shown = "notebook", "profile", "members", "done", "unrecorded", "running", "stale"
        counts = {name: getattr(self, name) for name in shown}
        left = self.members - self.done
        known = f"{self.hours:.1f}" if left > self.unknown or not left else ""
        hours = " + ".join(filter(None, [known, "?" if self.unknown else ""]))
        return {**counts, "to do": self.missing, "core-hours": hours}


def experiment_of(notebook: str) -> ModuleType | None:
    """Return the experiment of a chapter, if it has one that trains."""
    path = project_root() / "experiments" / f"{notebook}.py"
    if not path.exists():
        return None
    module = importlib.import_module(f"experiments.{notebook.replace('/', '.')}")
    return module if hasattr(module, "train") and hasattr(module, "Settings") else None


def condition(module: ModuleType, profile: str, *, live: bool = False) -> Condition:
    """Return the condition of an experiment's record at a profile.

    Args:
        module: The experiment.
        profile: The profile.
        live: Whether runs that are not recorded yet count, and members that are being trained.
            What a page says depends on neither.

    Raises:
        ValueError: The chapter has no such profile.
    """
    notebook = settings.notebook_of(module)
    chosen = settings.read(module.Settings, of_profile(notebook, profile))
    wanted = {key(member): member for member in module.grid(chosen)}
    now: dict[str, Any] = {"settings": given.settings(settings.identity(module, chosen))}
    now |= {"code_hash": record.code_hash(notebook)}
    recorded = record.runs(notebook=notebook, profile=profile)
    runs = store.both(notebook, profile) if live else recorded
    found = _same(runs, now)
    done = {name for name in wanted if found.get(name)}
    left = {name: member for name, member in wanted.items() if name not in done}
    running = {
        name
        for name, member in left.items()
        if live and leftovers.claim(profile, notebook, member).held()
    }
    hours, unknown = _needed(list(left.values()), runs)
    return Condition(
        notebook=notebook,
        profile=profile,
        members=len(wanted),
        done=len(done),
        unrecorded=len(done - {name for name, same in _same(recorded, now).items() if same}),
        running=len(running),
        stale=len(left.keys() & found.keys() - running),
        missing=len(left.keys() - found.keys() - running),
        damaged=len(record.damaged(notebook=notebook, profile=profile)),
        hours=hours,
        unknown=unknown,
    )


def _same(runs: list[Description], now: dict[str, Any]) -> dict[str, bool]:
    """Return of each member on record whether what is here now would make it."""
    return {
        key(entry["member"]): run["settings"] == now["settings"]
        and same_code(run["notebook"], run["code_hash"], now["code_hash"])
        for run in runs
        for entry in run["members"]
    }


def _needed(members: list[Member], runs: list[Description]) -> tuple[float, int]:
    """Return the core-hours that members need, and of how many nothing is known."""
    costs = Costs(runs, gpu=torch.cuda.is_available(), cores=True)
    needed = pd.Series([costs.of(member) for member in members], dtype=float)
    return float(needed.sum()) / 3600, int(needed.isna().sum())


def of_figure(view: View) -> str:
    """Return what is not as it should be with the record that a figure was drawn from."""
    runs = {name for target in view.asked for name in view.rows(target).get("run", ())}
    places = {
        (run["notebook"], run["profile"]) for run in record.runs() if run["folder"].name in runs
    }
    modules = [(experiment_of(notebook), profile) for notebook, profile in sorted(places)]
    found = [str(condition(module, profile)) for module, profile in modules if module]
    return "; ".join(filter(None, found))


def conditions(profiles: tuple[str, ...] = PROFILES[1:], only: str = "") -> list[Condition]:
    """Return how every experiment stands now at each of its profiles.

    Raises:
        ValueError: A file of parameters, by its name, says what the chapter refuses.
    """
    root = project_root()
    found = []
    for name in [one for one in names(root) if one == only or not only]:
        if (module := experiment_of(name)) is None:
            continue
        for profile in profiles:
            file = root / "notebooks" / f"{name}.{profile}.yaml"
            try:
                found += [condition(module, profile, live=True)] if file.exists() else []
            except (TypeError, ValueError) as error:
                raise ValueError(f"{file}: {error}") from error
    return found


def total(profile: str, found: list[Condition], jobs: int, now: datetime) -> str:
    """Return what is left at a profile, and when some processes will have done it.

    Args:
        profile: The profile.
        found: The conditions of experiments at this and other profiles.
        jobs: How many processes there are, of one thread each.
        now: When they begin.
    """
    own = [one for one in found if one.profile == profile]
    members, left = sum(one.members for one in own), sum(one.members - one.done for one in own)
    hours, unknown = sum(one.hours for one in own), sum(one.unknown for one in own)
    if not left:
        return f"{profile}: all {members} members are done"
    if unknown == left:
        return f"{profile}: {left} of {members} members are left, of unknown cost"
    least = f" and those of {unknown} members of unknown cost" if unknown else ""
    when = f"{'not before' if unknown else 'about'} {now + timedelta(hours=hours / jobs):%F %H:%M}"
    return (
        f"{profile}: {left} of {members} members are left, {hours:.1f} core-hours{least};"
        f" {jobs} process{'es' if jobs > 1 else ''} end{'s' if jobs == 1 else ''} {when}"
    )


def main() -> None:
    """Print a row for each experiment and profile, and what is left."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--profile", choices=PROFILES[1:], nargs="+", default=PROFILES[1:])
    parser.add_argument("--only", default="", help="<part>/<chapter>")
    parser.add_argument("--jobs", type=int, default=2, help="processes, for the expected end")
    arguments = parser.parse_args()
    if arguments.jobs < 1:
        parser.error(f"--jobs must be at least 1, got {arguments.jobs}")
    try:
        found = conditions(tuple(arguments.profile), arguments.only)
    except ValueError as error:
        sys.exit(str(error))
    if not found:
        sys.exit(
            f"{arguments.only or 'no chapter'} trains at none of {', '.join(arguments.profile)}:"
            " is its name <part>/<chapter>, and is there a file of the profile beside it?"
        )
    print(pd.DataFrame([one.row() for one in found]).to_string(index=False))
    for profile in arguments.profile:
        if any(one.profile == profile for one in found):
            print(total(profile, found, arguments.jobs, datetime.now()))
    for problem in record.problems():
        print(problem)


if __name__ == "__main__":
    main()

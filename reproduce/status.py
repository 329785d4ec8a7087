"""Which members of each experiment are on record, stale, damaged or missing.

python -m reproduce.status [--profile laptop] [--only vib/mnist]
"""

import argparse
import importlib
from types import ModuleType
from typing import Any, NamedTuple

import pandas as pd

from ibutils.project import project_root
from reproduce import record, settings
from reproduce.notebooks import PROFILES, names
from reproduce.record import given
from reproduce.record.integrity import key
from reproduce.record.parameters import of_profile
from reproduce.view import View


class Condition(NamedTuple):
    """The members of an experiment at a profile.

    Attributes:
        notebook: ``"<part>/<chapter>"``.
        profile: The profile.
        members: How many there are in the grid.
        stale: Recorded by other code or with other settings than are here now.
        missing: Not on record.
        damaged: Runs whose files do not hold what was written.
        hours: Core-hours that training the stale and the missing takes, as far as members on
            record tell; NaN where none is.
    """

    notebook: str
    profile: str
    members: int
    stale: int
    missing: int
    damaged: int
    hours: float

    def __str__(self) -> str:
        """Say what is not as it should be, and what mends it; nothing where all is well."""
        parts = [
            f"{count} of {self.members} members {'is' if count == 1 else 'are'} {what}"
            for count, what in (
                (self.stale, "stale (recorded by earlier code)"),
                (self.missing, "not on record"),
            )
            if count
        ]
        if self.damaged:
            parts.append(f"{self.damaged} damaged runs do not count")
        if not parts:
            return ""
        command = f"make reproduce PROFILE={self.profile} ONLY={self.notebook}"
        return f"{', '.join(parts)}; `{command}` trains them again"


def experiment_of(notebook: str) -> ModuleType | None:
    """Return the experiment of a chapter, if it has one that trains."""
    path = project_root() / "experiments" / f"{notebook}.py"
    if not path.exists():
        return None
    module = importlib.import_module(f"experiments.{notebook.replace('/', '.')}")
    return module if hasattr(module, "train") and hasattr(module, "Settings") else None


def condition(module: ModuleType, profile: str) -> Condition:
    """Return the condition of an experiment's record at a profile.

    Raises:
        ValueError: The chapter has no such profile.
    """
    notebook = settings.notebook_of(module)
    chosen = settings.read(module.Settings, of_profile(notebook, profile))
    wanted = {key(member): member for member in module.grid(chosen)}
    now: dict[str, Any] = {"settings": given.settings(settings.identity(module, chosen))}
    now |= {"code_hash": record.code_hash(notebook)}
    found, seconds = {}, []
    for run in record.runs(notebook=notebook, profile=profile):
        same = all(run[name] == value for name, value in now.items())
        for entry in run["members"]:
            seconds.append(entry["seconds"] * run["threads"])
            found[key(entry["member"])] = same
    stale = sum(not found[name] for name in wanted if name in found)
    missing = sum(name not in found for name in wanted)
    damaged = len(record.damaged(notebook=notebook, profile=profile))
    mean = sum(seconds) / len(seconds) if seconds else float("nan")
    hours = (stale + missing) * mean / 3600 if stale + missing else 0.0
    return Condition(notebook, profile, len(wanted), stale, missing, damaged, hours)


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
    """Return the condition of every experiment at each of its profiles."""
    root = project_root()
    return [
        condition(module, profile)
        for name in ([only] if only else names(root))
        if (module := experiment_of(name)) is not None
        for profile in profiles
        if (root / "notebooks" / f"{name}.{profile}.yaml").exists()
    ]


def main() -> None:
    """Print a row for each experiment and profile, and the hours that are left."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--profile", choices=PROFILES[1:], nargs="*", default=PROFILES[1:])
    parser.add_argument("--only", default="", help="<part>/<chapter>")
    arguments = parser.parse_args()
    found = conditions(tuple(arguments.profile), arguments.only)
    table = pd.DataFrame(found)
    done = table["members"] - table["stale"] - table["missing"]
    table.insert(3, "done", done)
    print(table.to_string(index=False, float_format="{:.1f}".format, na_rep="?"))
    for problem in record.problems():
        print(problem)


if __name__ == "__main__":
    main()

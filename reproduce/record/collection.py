"""Bring finished runs into the record, in the place of what they supersede."""

import argparse
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from reproduce.record import integrity, store, supersede
from reproduce.record.files import write_together
from reproduce.record.integrity import Description, key

HELD = ("folder", "contents")  # what a run that was read has beside its description


def collect() -> list[Path]:
    """Copy the finished runs of ``_build/runs`` to ``results``, the smoke profile left out.

    A later recording of a member supersedes an earlier one of other code, settings or data, and
    any if its run was ``fresh``. The earlier run loses the member, and its folder with the last
    one, while git keeps both; the later run says what it supersedes.

    Returns:
        The folders that were written or removed.

    Raises:
        ValueError: A run comes from code that was not committed, is damaged, or records a member
            once more with other values; what to do.
    """
    recorded = _sound(store.results_root(), "*")
    live: dict[str, Description] = {}
    for profile in store.PROFILES[1:]:
        live |= _sound(store.live_root(), profile)
    if unknown := [str(run["folder"]) for run in live.values() if run["dirty"] is not False]:
        raise ValueError(
            "run with uncommitted changes or outside git, and so no record: remove what follows,"
            " commit, and train again\n" + "\n".join(unknown)
        )
    everything = recorded | live  # a run that was collected may have gone on
    counting, doubts = supersede.resolved(everything.values())
    if doubts:
        raise ValueError("\n".join(doubts))
    written = []
    for run in reversed(counting):  # what supersedes is there before the superseded goes
        name = run["folder"].name
        gone = {key(entry["member"]) for entry in everything[name]["members"]}
        gone -= {key(entry["member"]) for entry in run["members"]}
        wanted = supersede.without(everything[name], gone) if gone else run
        earlier = recorded.get(name, {}).get("supersedes", [])
        if replaced := _merged(earlier, supersede.replaced(run, everything)):
            wanted = {**wanted, "supersedes": replaced}
        if folder := _bring(wanted, recorded.get(name)):
            written.append(folder)
    return written[::-1]


def _sound(root: Path, profile: str) -> dict[str, Description]:
    """Return all runs of a profile by name, with all their members.

    Raises:
        ValueError: One is damaged.
    """
    if bad := store.damaged(root, profile=profile):
        raise ValueError("\n".join(map(str, bad)))
    return {run["folder"].name: run for run in store.whole(root, profile=profile)}


def _merged(
    earlier: list[dict[str, object]], now: list[dict[str, object]]
) -> list[dict[str, object]]:
    """Return what was superseded before and is now, each once."""
    return [*earlier, *(one for one in now if one not in earlier)]


def _bring(run: Description, recorded: Mapping[str, object] | None) -> Path | None:
    """Write a run into the record, or remove it there; return its folder if that changed it."""
    folder = store.results_root() / run["profile"] / run["notebook"] / run["folder"].name
    if not run["members"]:
        if recorded is not None:
            shutil.rmtree(folder)
        return folder if recorded is not None else None
    contents = run["contents"]
    rest = {name: value for name, value in run.items() if name not in HELD}
    description = integrity.sealed(rest, contents)
    if recorded is not None and {**recorded, **description} == recorded:
        return None
    write_together(folder, contents, ("run.json", integrity.text(description)))
    for path in folder.iterdir():
        if path.name not in {*contents, "run.json"}:
            path.unlink()
    return folder


def main() -> None:
    """Collect what is finished, and say what was written or why not."""
    argparse.ArgumentParser(description=str(__doc__).partition("\n")[0]).parse_args()
    try:
        print(*collect() or ("nothing new to collect",), sep="\n")
    except ValueError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()

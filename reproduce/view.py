"""What a figure is drawn from: tables and arrays of one source, and what the paper printed."""

from collections.abc import Sized
from contextlib import suppress
from functools import cache
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from ibutils.project import project_root
from reproduce import claims, record
from reproduce.record import Run
from reproduce.record.rows import keys

T = TypeVar("T", bound=Sized)


@cache
def paper_table(part: str) -> pd.DataFrame:
    """Return what the papers of a part print, ``book/paper_values/<part>.csv``, by ``id``."""
    return pd.read_csv(project_root() / "book" / "paper_values" / f"{part}.csv").set_index("id")


def seeds_in_words(rows: pd.DataFrame) -> str:
    """Return how many seeds stand behind each value of tidy rows, least and most.

    Example:
        >>> rows = pd.DataFrame({"method": ["vib", "vib", "plain"], "seed": [0, 1, 0]})
        >>> seeds_in_words(rows), seeds_in_words(rows[:2]), seeds_in_words(rows[2:])
        ('1 to 2 seeds', '2 seeds', '1 seed')
    """
    if "seed" not in rows or not rows["seed"].nunique():
        return ""
    names = [column for column in keys(rows) if column not in ("seed", "target")]
    groups = rows.groupby(names, dropna=False)["seed"].nunique() if names else None
    few, many = (rows["seed"].nunique(),) * 2 if groups is None else (groups.min(), groups.max())
    if few < many:
        return f"{few} to {many} seeds"
    return f"{many} seed{'s' if many > 1 else ''}"


def _factors(name: str) -> dict[str, Any]:
    """Return the factors of a member by its name in the record, numbers as numbers.

    Example:
        >>> _factors("method=vib,beta=0.001,seed=0")
        {'method': 'vib', 'beta': 0.001, 'seed': 0}
    """
    return {factor: _level(text) for factor, text in record.parse_key(name).items()}


def _level(text: str) -> float | int | str:
    for kind in (int, float):
        with suppress(ValueError):
            return kind(text)
    return text


class NotRecordedError(ValueError):
    """Nothing is on record of a target."""


class View:
    """The recorded runs that cover a target best, or the run of this page.

    It notes the targets that it was asked for, so that a figure names its own sources.

    Args:
        part: The part of the book, such as ``"vib"``.
        run: The run of this page.
        live: Whether its rows come first; otherwise they stand in where nothing is on record.
        profile: The one profile to read; by default the one that covers a target best.
        chosen: The ``Settings`` of this page.
    """

    def __init__(
        self,
        part: str,
        run: Run | None,
        *,
        live: bool = False,
        profile: str | None = None,
        chosen: Any = None,
    ) -> None:
        self.part, self.run, self.live, self.profile = part, run, live, profile
        self.chosen = chosen
        self.asked: list[str] = []
        self._chosen_rows: dict[str, pd.DataFrame] = {}

    def at(self, profile: str) -> "View":
        """Return what is on record at one profile, without the run of this page."""
        other = View(self.part, None, profile=profile, chosen=self.chosen)
        other.asked = self.asked  # a figure names all of its sources
        return other

    def restrict(self, profile: str) -> None:
        """Read the record at one profile from here on, which a caption then names."""
        self.profile = profile

    def rows(self, target: str) -> pd.DataFrame:
        """Return the tidy rows of a target, with the columns ``profile`` and ``run``."""
        self._note(target)
        recorded = record.table(target, profile=self.profile)
        own = self.run.table(target) if self.run else pd.DataFrame()
        if len(own):
            assert self.run is not None
            own = own.assign(profile=self.run.description["profile"], run=self.run.folder.name)
        first, second = (own, recorded) if self.live else (recorded, own)
        return self._some(target, first if len(first) else second)

    def arrays(self, target: str) -> dict[str, dict[str, np.ndarray]]:
        """Return the arrays of a target by member and name."""
        self._note(target)
        recorded = record.arrays(target, profile=self.profile)
        own = self.run.arrays(target) if self.run else {}
        return self._some(target, (own or recorded) if self.live else (recorded or own))

    def members(
        self, target: str, *, first: bool = False
    ) -> list[tuple[dict[str, Any], dict[str, np.ndarray]]]:
        """Return the factors of each member that has arrays of a target, and these by name.

        Args:
            target: For example ``"VIB-F2"``.
            first: Whether to leave out all seeds but the first.
        """
        found = [(_factors(name), own) for name, own in self.arrays(target).items()]
        seed = min((member["seed"] for member, _ in found), default=0) if first else None
        return [one for one in found if not first or one[0]["seed"] == seed]

    @property
    def paper(self) -> pd.DataFrame:
        """What the papers of this part print, by ``id``."""
        return paper_table(self.part)

    def settings(self, target: str) -> dict[str, Any]:
        """Return the settings of the run that the rows of a target come from."""
        name = self.rows(target)["run"].iloc[0]
        if self.run is not None and name == self.run.folder.name:
            return dict(self.run.description["settings"])
        return next(run["settings"] for run in record.runs() if run["folder"].name == name)

    def drawn(self, target: str, rows: pd.DataFrame) -> pd.DataFrame:
        """Return rows, and note that a figure draws these alone of a target.

        The number of seeds in :meth:`source` is then theirs.
        """
        self._chosen_rows[target] = rows
        return rows

    def source(self, target: str) -> str:
        """Return profile, data and number of seeds of a target, as a caption has them.

        Where some values have fewer seeds than others both numbers are named.
        """
        rows = self.rows(target)
        if not len(rows):
            return "nothing on record"
        setting = claims.targets(self.part)[target].data
        data = rows["data"].unique() if "data" in rows else [self.settings(target).get(setting)]
        words = [f"{rows['profile'].iloc[0]} profile", *data]
        words.append(seeds_in_words(self._chosen_rows.get(target, rows)))
        return ", ".join(filter(None, words))

    def _some(self, target: str, found: T) -> T:
        """Return what was found; a page that trains nothing needs something on record."""
        if self.run is None and self.profile is None and not len(found):
            raise NotRecordedError(f"there is no record of {target}: `make reproduce` makes it")
        return found

    def _note(self, target: str) -> None:
        if target not in self.asked:
            self.asked.append(target)

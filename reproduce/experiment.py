"""An experiment in its chapter: parameters, members, training, figures, verdicts, numbers."""

import math
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType, ModuleType, SimpleNamespace
from typing import Any, NamedTuple, Protocol, cast, runtime_checkable

import numpy as np
import torch
from IPython.display import Markdown, display
from tqdm.auto import tqdm

from ibutils import checks
from reproduce import budget, cell_outputs, record, settings
from reproduce.reading import Reader
from reproduce.record import Finished
from reproduce.record.integrity import Member
from reproduce.record.provenance import obstacle
from reproduce.record.sharing import claimed
from reproduce.view import View


@runtime_checkable
class Data(Protocol):
    """What an experiment loads: anything that knows the checksums of what it was read from."""

    checksums: Mapping[str, str]


NOTHING = cast(Data, SimpleNamespace(checksums={}))


class Result(NamedTuple):
    """What training a member yields: tidy rows, and arrays by target and name."""

    rows: Iterable[Mapping[str, Any]]
    arrays: Mapping[str, Mapping[str, np.ndarray]] = MappingProxyType({})


class Form(Protocol):
    """The form of an experiment, a module ``experiments.<part>.<chapter>``.

    ``Settings`` is a frozen dataclass. Its fields are the parameters of the chapter, and their
    defaults its smoke run. The fields that ``CHOICES`` names say which members there are, or what
    the page shows besides; the others are part of what each member is. ``FIGURES`` holds functions
    of a :class:`reproduce.view.View`. A module may also have ``groups(members, settings, data)``,
    members that train together, and ``numbers(view)``, what prose quotes; one whose members need
    no data has no ``load``.
    """

    Settings: type
    CHOICES: Sequence[str]
    FIGURES: Mapping[str, Any]

    def grid(self, settings: Any) -> list[Member]:
        """Return all members: method, factors and seed of each."""

    def load(self, settings: Any, device: str) -> Data:
        """Return the data on a device."""

    def train(
        self, members: list[Member], settings: Any, data: Any, *, checkpoint: Path
    ) -> Iterable[Result]:
        """Return rows and arrays of each member of a group, in their order."""


def open(module: ModuleType, namespace: Mapping[str, Any]) -> "Experiment":
    """Return the experiment of a chapter with the parameters of its notebook.

    Args:
        module: The experiment, ``experiments.<part>.<chapter>``; see :class:`Form`.
        namespace: ``globals()`` of the notebook.

    Raises:
        TypeError: A parameter has the wrong type.
        ValueError: A parameter is unknown or out of range, ``members`` names none of the grid,
            or a profile's run has other parameters than its file.
    """
    read = settings.read(module.Settings, namespace)
    common = {
        name: settings.convert(name, namespace[name], kind)
        for name, kind in settings.COMMON.items()
        if name in namespace
    }
    record.check_profile(settings.notebook_of(module), common.get("profile", "smoke"), namespace)
    experiment = Experiment(module, read, **common)
    if not experiment.record.may_be_recorded() and experiment.missing():
        print(f"what is trained now can be no record: {obstacle()}", file=sys.stderr)
    return experiment


class Experiment(Reader):
    """An experiment at the settings of one run.

    Args:
        module: See :class:`Form`.
        chosen: Its ``Settings``.
        profile: One of ``smoke``, ``laptop``, ``gpu``, ``paper``.
        members: Train only these, named as in the record; none: the whole grid.
        fresh: Whether to train again what is on record.
        device: Where to train; ``"auto"`` is a GPU if there is one.
    """

    def __init__(
        self,
        module: ModuleType,
        chosen: Any,
        *,
        profile: str = "smoke",
        members: Sequence[str] = (),
        fresh: bool = False,
        device: str = "auto",
    ) -> None:
        checks.choice("profile", profile, record.PROFILES)
        if device == "auto":
            device = "cuda" if torch.cuda.is_available() else "cpu"
        checks.device(device)  # before any data is read
        kind, gpu = torch.device(device).type, torch.cuda.is_available()
        if kind == "cuda" and not gpu:
            raise ValueError(f"device is {device!r}, but PyTorch sees no GPU; write device: auto")
        if kind not in ("cpu", "cuda"):
            raise ValueError(f"device must be cpu, cuda or auto, got {device!r}")
        super().__init__(module, chosen)
        self.device, self.notebook = device, settings.notebook_of(module)
        if not (grid := module.grid(chosen)):
            empty = [name for name in module.CHOICES if getattr(chosen, name) == ()]
            raise ValueError(f"{', '.join(empty)} leave no member to train: name a value of each")
        self.members = _chosen(grid, members)
        self.data: Data = module.load(chosen, device) if hasattr(module, "load") else NOTHING
        self.record = record.Run(
            self.notebook,
            profile=profile,
            settings=settings.identity(module, chosen),
            fresh=fresh,
            device=device,
            data=self.data.checksums,
        )

    def run(self) -> None:
        """Train the members that are not on record, group by group, and record them.

        Raises:
            BudgetSpentError: Members are left for which there is no time; see
                :mod:`reproduce.budget`.
        """
        todo = self.missing()
        known, older = len(self.members) - len(todo), len(self.record.older(todo))
        again = f"; {older} of these were recorded by earlier code" if older else ""
        print(
            f"{known} members are on record, {len(todo)} are trained now on {self.device}{again}"
        )
        threads = torch.get_num_threads()
        groups = self._groups(todo)
        for group in tqdm(
            claimed(self.record, groups, self._fits), total=len(groups), unit="group"
        ):
            torch.set_num_threads(threads)  # the last checkpoint may have been begun with others
            start, checkpoint = time.perf_counter(), self.record.checkpoint(group)
            resumed = checkpoint.exists()
            made = self.module.train(group, self.settings, self.data, checkpoint=checkpoint)
            results = [Result(list(one.rows), one.arrays) for one in made]
            seconds = (time.perf_counter() - start) / len(group)
            self.record.extend(
                Finished(member, one.rows, seconds, one.arrays, resumed)
                for member, one in zip(group, results, strict=True)
            )
            checkpoint.unlink(missing_ok=True)
        if left := self.missing():
            raise budget.BudgetSpentError(self._left(left))
        if not self.record.missing(self.module.grid(self.settings)):
            self.record.forget_checkpoints()  # a kill between the two lines above left one

    def _fits(self, group: list[Member]) -> bool:
        """Say whether the budget leaves the time that the members are expected to take."""
        if (left := budget.left()) == math.inf:
            return True
        costs = self.record.costs()
        expected = sum(costs.of(member, costs.longest()) for member in group)
        return left > 0 and left >= expected

    def _left(self, members: list[Member]) -> str:
        """Say how many members are left, and what they are expected to take."""
        costs = self.record.costs(cores=True)
        hours = sum(costs.of(member, costs.longest()) for member in members) / 3600
        needed = f"about {hours:.1f} core-hours" if costs.known() else "of unknown cost"
        return (
            f"the budget is spent: {len(members)} of {len(self.members)} members are left,"
            f" {needed}; the same command goes on with them"
        )

    def _groups(self, todo: list[Member]) -> list[list[Member]]:
        if todo and hasattr(self.module, "groups"):
            return self.module.groups(todo, self.settings, self.data)
        return [[member] for member in todo]

    def missing(self) -> list[Member]:
        """Return the members without a record, here or committed."""
        return self.record.missing(self.members)

    def view(self, *, live: bool = False) -> View:
        """Return what is on record, or the run of this page where nothing is."""
        return View(self.part, self.record, live=live, chosen=self.settings)

    def _show_live(self, name: str, targets: Sequence[str]) -> None:
        """Show a figure from the run of this page, folded, if that has all it is drawn from."""
        if all(len(self.record.table(target)) for target in targets):
            live = self.view(live=True)
            drawn = self.module.FIGURES[name](live)
            if isinstance(drawn, Markdown):  # words, which quote the record
                return
            summary = f"The same from the run of this page: {live.source(targets[0])}"
            display(cell_outputs.folded(drawn, summary))


def _chosen(grid: list[Member], names: Sequence[str]) -> list[Member]:
    """Return the members of a grid, each once, or those that are named."""
    found = {record.key(member): member for member in grid}
    if unknown := set(names) - found.keys():
        raise ValueError(f"members must be of the grid {', '.join(found)}, got {sorted(unknown)}")
    return [member for name, member in found.items() if not names or name in names]

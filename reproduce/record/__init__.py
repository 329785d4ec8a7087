"""Recorded runs: tidy tables and arrays of trained members, with where they come from."""

from typing import TYPE_CHECKING

from ibutils.lazy import lazy

if TYPE_CHECKING:
    from ibutils.project import project_root
    from reproduce.record.code import code_hash
    from reproduce.record.parameters import check_parameters
    from reproduce.record.run import Finished, Run, collect
    from reproduce.record.store import PROFILES, arrays, covering, key, profiles, runs, table

__all__ = [
    "PROFILES",
    "Finished",
    "Run",
    "arrays",
    "check_parameters",
    "code_hash",
    "collect",
    "covering",
    "key",
    "profiles",
    "project_root",
    "runs",
    "table",
]

__getattr__, __dir__ = lazy(__name__)

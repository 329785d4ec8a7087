"""Recorded runs: tidy tables and arrays of trained members, with where they come from."""

from typing import TYPE_CHECKING

from ibutils.lazy import lazy

if TYPE_CHECKING:
    from ibutils.record.code import code_hash
    from ibutils.record.parameters import check_parameters
    from ibutils.record.provenance import project_root
    from ibutils.record.run import Finished, Run, collect
    from ibutils.record.store import PROFILES, arrays, covering, key, profiles, runs, table

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

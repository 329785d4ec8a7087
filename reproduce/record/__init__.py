"""Recorded runs: tidy tables and arrays of trained members, with where they come from."""

from typing import TYPE_CHECKING

from ibutils.lazy import lazy

if TYPE_CHECKING:
    from reproduce.record.collection import collect
    from reproduce.record.identity import code_hash
    from reproduce.record.integrity import key, parse_key
    from reproduce.record.parameters import check_profile
    from reproduce.record.recorded import arrays, covering, profiles, table
    from reproduce.record.run import Finished, Run
    from reproduce.record.store import PROFILES, RecordWarning, damaged, problems, runs

__all__ = [
    "PROFILES",
    "Finished",
    "RecordWarning",
    "Run",
    "arrays",
    "check_profile",
    "code_hash",
    "collect",
    "covering",
    "damaged",
    "key",
    "parse_key",
    "problems",
    "profiles",
    "runs",
    "table",
]

__getattr__, __dir__ = lazy(__name__)

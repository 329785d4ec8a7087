"""Calls of the record and of claims, in a folder of their own."""

import numpy as np
import pandas as pd

from reproduce import claims, record

from ..registry import call, given

MEMBER = {"method": "vib", "bottleneck": 256.0, "beta": 1e-3, "seed": 0}


def run() -> record.Run:
    return record.Run("vib/mnist", profile="smoke", settings={"data": "mnist"})


def rows(target: str = "VIB-T1", **columns: object) -> list[dict[str, object]]:
    row = dict(target=target, split="test", metric="error", value=0.01, unit="1")
    return [row | columns]


def finished(own: list[dict[str, object]], arrays: object = None) -> record.Finished:
    return record.Finished(MEMBER, own, 1.0, {} if arrays is None else arrays)


WRONG_ROWS = {
    "a target that leads out of the run": rows("../../evil"),
    "a target with a separator": rows("VIB/T1"),
    "no value": [{k: v for k, v in rows()[0].items() if k != "value"}],
    "a value that is NaN": rows(value=float("nan")),
    "a value that is a word": rows(value="low"),
}
WRONG_ARRAYS = {
    "a target of arrays that leads out": {"../evil": {"mean": np.zeros(2)}},
    "arrays of objects": {"VIB-T1": {"mean": np.array([object()])}},
    "lists for arrays": {"VIB-T1": {"mean": [1.0]}},
}
call(
    record.Run,
    lambda: given("vib/mnist", profile="laptop", settings={"data": "mnist"}, fresh=True),
    wrong={
        "notebook": {"a notebook that leads out": "../mnist", "none of its name": "vib/unheard"},
        "settings": {"what JSON cannot hold": {"data": object()}},
    },
)
call(
    record.Run.extend,
    lambda: given(run(), [finished(rows(), {"VIB-T1": {"mean": np.zeros(2)}})]),
    wrong={
        "finished": {
            **{words: [finished(wrong)] for words, wrong in WRONG_ROWS.items()},
            **{words: [finished(rows(), wrong)] for words, wrong in WRONG_ARRAYS.items()},
        }
    },
)
call(record.Run.missing, lambda: given(run(), [MEMBER]))
call(record.Run.checkpoint, lambda: given(run(), [MEMBER]))
call(record.Run.table, lambda: given(run(), "VIB-T1"))
call(record.Run.arrays, lambda: given(run(), "VIB-F2"))
for read in (record.table, record.arrays):
    call(read, lambda: given("VIB-F2", profile="laptop"))
for read in (record.profiles, record.covering):
    call(read, lambda: given("VIB-T1"))
call(record.key, lambda: given(MEMBER))
call(
    record.parse_key,
    lambda: given("method=vib,seed=0"),
    wrong={"key": {"no factor": "vib", "two signs": "beta=1=2"}},
)
call(record.runs, given)
call(record.collect, given)
call(record.code_hash, lambda: given("vib/mnist"))

SAMPLES = np.array([3.0, 5.0, 4.0, 4.5])
OTHERS = np.array([1.0, 2.0, 0.5, 1.5])


def groups() -> dict[object, np.ndarray]:
    return {0.1: SAMPLES, 0.2: OTHERS, 0.3: OTHERS - 0.5}


def claim() -> claims.Claim:
    test = {"kind": "difference", "metric": "error", "split": "test", "first": {"method": "vib"}}
    return claims.Claim(
        "VIB-1", "It is low.", "Table 1", "VIB-T1", test, ("laptop",), "vib", "network", 2
    )


def table() -> pd.DataFrame:
    found = [
        dict(target="VIB-T1", method=method, seed=seed, value=0.01 * (1 + seed))
        for method in ("vib", "plain")
        for seed in range(3)
    ]
    fixed = dict(split="test", metric="error", unit="1", profile="laptop")
    return pd.DataFrame(found).assign(**fixed)


call(claims.difference, lambda: given(SAMPLES, OTHERS, margin=0.5, alternative="greater"))
call(claims.equivalence, lambda: given(SAMPLES, low=0.0, high=9.0))
call(claims.ordering, lambda: given(groups(), order=[0.1, 0.2], scale="linear"))
call(claims.extremum, lambda: given(groups(), low=0.25, high=0.4))
call(claims.superiority, lambda: given(groups(), over=[0.1], under=[0.2], margin=0.5))
call(claims.closeness, lambda: given(groups(), arms=[0.1, 0.2], margin=2.0))
call(claims.correlation, lambda: given(np.arange(6.0), np.arange(6.0) ** 2, sign=1))
call(
    claims.correlation,
    lambda: given(
        np.tile([1.0, 2.0, 3.0], 5), np.arange(15.0) % 7, cluster=np.repeat(np.arange(5), 3)
    ),
)
call(
    claims.uncorrelated,
    lambda: given(np.arange(8.0), np.arange(8.0) % 3, margin=0.5, within=np.arange(8) % 2),
)
call(claims.corrected, lambda: given([0.01, 0.2], [True, False]))
call(claims.families, given)
call(claims.parts, given)
call(claims.load, lambda: given("vib"))
call(claims.targets, lambda: given("vib"))
call(claims.paper_values, lambda: given("vib"))
call(
    claims.verdict,
    lambda: given(claim(), {"VIB-T1": table()}),
    wrong={
        "tables": {
            f"without {column}": {"VIB-T1": table().drop(columns=column)}
            for column in ("value", "seed", "metric", "split", "unit", "profile")
        }
        | {
            "a NaN": {"VIB-T1": table().assign(value=float("nan"))},
            "words": {"VIB-T1": table().assign(value="low")},
            "no frame": {"VIB-T1": [1.0]},
        }
    },
)
call(claims.verdicts, lambda: given("vib", profile="laptop"))
call(claims.report, lambda: given("vib", "VIB-T1"))

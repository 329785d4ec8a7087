"""Recorded runs with numbers made up to be told apart."""

import itertools
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import numpy as np
import pandas as pd

from reproduce.record import integrity, store

T1 = {
    "vib": 0.0120,
    "baseline": 0.0140,
    "deterministic": 0.0142,
    "dropout": 0.0136,
    "confidence_penalty": 0.0138,
    "label_smoothing": 0.0134,
}
BETAS = (0.0, 1e-8, 1e-6, 1e-4, 1e-3, 1e-2, 1e-1, 1.0)
PLACES = (0, 0.5, 1, 2, 3, 4, 5, 6)  # along the curves
ERRORS = (0.0150, 0.0149, 0.0148, 0.0135, 0.0120, 0.0130, 0.0250, 0.3000)
RATES = (300.0, 200.0, 120.0, 50.0, 15.4, 7.5, 1.5, 0.2)  # nats


def members(seeds: int) -> list[dict]:
    """Return the members of Table 1 and of both sweeps over beta."""
    found = [
        {"method": m, "bottleneck": 256.0 if m == "deterministic" else None, "beta": None}
        for m in T1
        if m != "vib"
    ]
    found += [
        {"method": "vib", "bottleneck": float(k), "beta": beta}
        for k, beta in itertools.product((256, 2), BETAS)
    ]
    return [{**member, "seed": seed} for member in found for seed in range(seeds)]


def tidy(**columns) -> pd.DataFrame:
    """Return a row for each combination of levels, with values from 0.01 to 0.2."""
    rows = pd.MultiIndex.from_product(columns.values(), names=columns).to_frame(index=False)
    return rows.assign(value=np.linspace(0.01, 0.2, len(rows)))


def rows(member: dict, noise: np.random.Generator) -> list[dict]:
    """Return the tidy rows of a member."""
    found: list[dict] = []

    def add(target: str, metric: str, value: float, split: str = "test") -> None:
        unit = "nat" if metric in ("rate", "cross_entropy") else "1"
        row = {"target": target, **member, "epoch": None, "split": split, "metric": metric}
        found.append({**row, "value": value * (1 + 0.01 * noise.normal()), "unit": unit})

    if member["method"] != "vib":
        for metric in ("error", "error_12"):
            add("VIB-T1", metric, T1[member["method"]])
        return found
    level, wide = BETAS.index(member["beta"]), member["bottleneck"] == 256
    i = PLACES[level]
    error = ERRORS[level] + (0 if wide else 0.02)
    gain = 0.12 * ERRORS[level] * (i if i < 6 or not wide else 0)
    targets = ["VIB-F1a"] if wide else ["VIB-F1b"]
    targets += ["VIB-T1"] * (wide and i == 3) + ["VIB-F2"] * (not wide and i in (3, 5, 6))
    for target in targets:
        add(target, "error_12", error)
        add(target, "error", error + gain)
        if target.startswith("VIB-F1"):
            add(target, "error_12", error * i / 6, split="train")
            add(target, "error", error * i / 6 + gain, split="train")
    for split, least in (("test", 3), ("train", 0)) if wide else ():
        add("VIB-F1c", "cross_entropy", 0.1 + 0.05 * abs(i - least), split)
        add("VIB-F1c", "rate", RATES[level], split)
        add("VIB-F1d", "rate", RATES[level], split)
    return found


def picture(member: dict) -> dict[str, np.ndarray]:
    """Return codes around ten centres on a circle, wider for larger beta."""
    spread = 1 + 0.01 * member["seed"]
    angle = 2 * np.pi * np.arange(10) / 10
    centres = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    label = np.arange(50) % 10
    return {
        "mean": 5 * centres[label],
        "cholesky": np.stack([0.1 * spread * (1 + 9 * member["beta"]) * np.eye(2)] * 50),
        "label": label,
        "weight": 4 * spread * centres,
        "bias": np.zeros(10),
    }


def write_record(root: Path, profile: str, *, seeds: int) -> Path:
    """Write one run of a profile below ``root``, as ``make record`` would leave it."""
    noise = np.random.default_rng(seeds)
    done = members(seeds)
    folder = root / profile / "vib" / "mnist" / f"20260101T000000Z-{profile}"
    folder.mkdir(parents=True)
    table = pd.DataFrame([row for member in done for row in rows(member, noise)])
    for target, own in table.groupby("target"):
        own.to_csv(folder / f"{target}.csv", index=False)
    arrays = {}
    for member in done:
        if member["bottleneck"] == 2 and member["beta"] in (1e-3, 1e-1, 1.0):
            name = f"method=vib,bottleneck=2,beta={member['beta']},seed={member['seed']}"
            named = picture(member).items()
            arrays |= {f"VIB-F2|{name}|{label}": array for label, array in named}
    np.savez_compressed(folder / "arrays.npz", **arrays)
    run = {
        "notebook": "vib/mnist",
        "profile": profile,
        "settings": {"data": "mnist"},
        "members": [{"member": member, "seconds": 120.0} for member in done],
        "code_hash": "0" * 16,
        "device": "CPU (made up)",
        "threads": 2,
        "started": "2026-01-01T00:00:00+00:00",
    }
    return seal(folder, run)


@contextmanager
def read_from(root):
    """Let runs below a folder be the record."""
    with mock.patch.object(store, "results_root", lambda: root):
        yield


def seal(folder: Path, run: dict) -> Path:
    """Describe the files that lie in a folder as those of a run, as they are."""
    files = (path for path in sorted(folder.iterdir()) if path.name != "run.json")
    contents = {path.name: path.read_bytes() for path in files}
    (folder / "run.json").write_bytes(integrity.text(integrity.sealed(run, contents)))
    return folder


def write_calibration(root: Path, profile: str, *, seeds: int) -> Path:
    """Write a run of the calibration: estimates 0.02 nats below a truth of 1 nat."""
    noise = np.random.default_rng(seeds)
    done = [
        {"task": task, "samples": samples, "seed": seed}
        for task in ("normal-1x1-0.9", "student-2x2-1")
        for samples in (5000, 500)
        for seed in range(seeds)
    ]
    table = []
    for member in done:
        values = [("exact", "all", "estimate", 1.0)]
        for method, split in (("ksg", "all"), ("info_nce", "test")):
            values.append((method, split, "estimate", 0.98 + 1e-4 * noise.normal()))
            values.append((method, split, "stderr", 0.01 + 1e-4 * noise.normal()))
            values.append((method, split, "warnings", 0.0))
        for method, split, metric, value in values:
            unit = "1" if metric == "warnings" else "nat"
            row = {"target": "FND-CAL", **member, "method": method, "split": split}
            table.append({**row, "metric": metric, "value": value, "unit": unit})
    folder = root / profile / "foundations" / "calibration" / f"20260101T000000Z-{profile}"
    folder.mkdir(parents=True)
    pd.DataFrame(table).to_csv(folder / "FND-CAL.csv", index=False)
    run = {
        "notebook": "foundations/calibration",
        "profile": profile,
        "settings": {"samples": 5000},
        "members": [{"member": member, "seconds": 10.0} for member in done],
        "code_hash": "0" * 16,
        "device": "CPU (made up)",
        "threads": 1,
        "started": "2026-01-01T00:00:00+00:00",
    }
    return seal(folder, run)

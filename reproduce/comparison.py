"""What a paper prints beside what the recorded runs hold."""

from typing import Any

import numpy as np

from reproduce import claims, record

# Of the two plain networks the paper describes, Table 1 has one row; we list the other as well.
UNNAMED = {"deterministic": "VIB network, code at its mean"}
FACTORS = ("method", "bottleneck", "beta", "seed")


def cells(target: str, part: str) -> list[dict[str, Any]]:
    """Return the errors of a target: the paper's and, for each profile that has them, ours.

    Args:
        target: ``"VIB-T1"`` or another target whose paper values are errors.
        part: The part it belongs to.

    Returns:
        One entry for each paper value and profile, or with ``profile=None`` where no profile
        has it: ``item``, ``paper`` (text, percent), ``errors`` (fractions over seeds),
        ``binomial`` (fraction), ``device`` and ``seconds`` (a member).
    """
    values = claims.paper_values(part)
    images = int(values["test-images"]["value"])
    wanted = [
        row
        for row in values.values()
        if row["target"] == target
        and row["metric"] in ("error", "error_12")
        and row["tag"] in ("paper", "earlier")
    ]
    if target == "VIB-T1":
        wanted += [_own_row(method, name) for method, name in UNNAMED.items()]
    wanted.sort(key=lambda row: not row["method"])  # what is only quoted comes last
    costs = _costs()
    found = []
    for row in wanted:
        entry = {"item": row["item"], "paper": row["value"], "quoted": not row["method"]}
        ours = [] if entry["quoted"] else _recorded(target, row, images, costs)
        found += [entry | own for own in ours] or [entry | {"profile": None}]
    return found


def _own_row(method: str, name: str) -> dict[str, str]:
    factors = {"method": method, "bottleneck": "", "beta": "", "metric": "error_12"}
    return {"item": name, "value": "", **factors}


def _recorded(
    target: str, row: dict[str, str], images: int, costs: dict[tuple[str, str], float]
) -> list[dict[str, Any]]:
    """Return what each profile, the most faithful first, has for a row of the paper."""
    found = []
    for profile in reversed(claims.JUDGED):
        table = record.table(target, profile=profile)
        if not len(table):
            continue
        same = (table.metric == row["metric"]) & (table.split == "test")
        same &= table.method == row["method"]
        for factor in ("bottleneck", "beta"):
            if row[factor]:
                same &= np.isclose(table[factor].astype(float), float(row[factor]))
        rows = table[same]
        if len(rows):
            mean = rows["value"].mean()
            members = rows[["run", *FACTORS]].itertuples(index=False, name=None)
            found.append(
                {
                    "profile": profile,
                    "errors": rows["value"].to_numpy(),
                    "binomial": (mean * (1 - mean) / images) ** 0.5,
                    "device": ", ".join(sorted({device_name(d) for d in rows["device"]})),
                    "seconds": np.mean([costs[run, _name(factors)] for run, *factors in members]),
                }
            )
    return found


def _costs() -> dict[tuple[str, str], float]:
    """Return the seconds that each recorded member took, by run and name."""
    return {
        (run["folder"].name, record.key(entry["member"])): entry["seconds"]
        for run in record.runs()
        for entry in run["members"]
    }


def _name(factors: list[Any]) -> str:
    return record.key(dict(zip(FACTORS, factors, strict=True)))


def device_name(device: str) -> str:
    """Return ``CPU`` or the short name of a GPU.

    Example:
        >>> device_name("CPU (Some Model 1234)"), device_name("NVIDIA H200")
        ('CPU', 'H200')
    """
    return "CPU" if device.startswith("CPU") else device.removeprefix("NVIDIA ")

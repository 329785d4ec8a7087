"""Whether kernels see the last hidden layer compress where bins do."""

import numpy as np
import pandas as pd
from scipy.stats import t

from experiments.information_plane.plane_record import in_bits, member_key
from experiments.style import ACTIVATIONS
from reproduce.claims import ALPHA
from reproduce.view import View

KERNELS = {
    "akde": "c = 0.001",
    "akde-0.01": "c = 0.01",
    "akde-0.1": "c = 0.1",
    "akde-deviation": "deviation",
}


def kernels_and_bins(view: View) -> pd.DataFrame:
    """Return the mean change in layer 5 by bins and by kernels with its standard error, bits."""
    names = {"bins": "adaptive bins", "deviation": "kernels, deviation follows activity"}
    names |= {title: f"kernels, {title}" for title in KERNELS.values() if title not in names}
    measured = measured_by_both(view)
    table = pd.DataFrame(
        {
            names[way]: found["mean"].map("{:z.2f} ± ".format)
            + found["error"].map("{:.2f}".format)
            for way, found in measured.items()
        }
    )
    title = "change in layer 5, bits"
    if counts := sorted(set(measured["bins"]["networks"])):  # of one seed none is measured
        title += f", of {' to '.join(f'{count:g}' for count in counts)} networks"
    return table.rename(index=ACTIVATIONS).rename_axis(columns=title)


def measured_by_both(view: View) -> dict[str, pd.DataFrame]:
    """Return the change in layer 5 by way and activation: mean, standard error, sign, number.

    All are of the networks that kernels have measured; a sign is 0 where a t interval of 95 %
    holds zero.
    """
    scores, ways = view.arrays("AE-F9"), {"ebab": "bins"} | KERNELS
    found: dict[str, dict[str, list[float]]] = {title: {} for title in ways.values()}
    for name in ACTIVATIONS:
        held = scores.get(member_key(name), {})
        changes = [_changes(held.get(f"scores {way}")) for way in ways]
        seeds = min(len(own) for own in changes)
        for title, own in zip(ways.values(), changes, strict=True):
            if seeds > 1:
                found[title][name] = _mean_and_sign(own[:seeds])
    columns = ["mean", "error", "sign", "networks"]
    return {
        title: pd.DataFrame.from_dict(own, orient="index", columns=columns)
        for title, own in found.items()
    }


def _changes(scores: np.ndarray | None) -> np.ndarray:
    """Return the change of the last hidden layer of each network in bits."""
    if scores is None:
        return np.empty(0)
    first, _, last = in_bits(scores)[:, 4].T
    return last - first


def _mean_and_sign(changes: np.ndarray) -> list[float]:
    mean, error = float(changes.mean()), float(changes.std(ddof=1) / len(changes) ** 0.5)
    half = error * float(t.ppf(0.5 + (1 - ALPHA) / 2, len(changes) - 1))
    return [mean, error, float(np.sign(mean)) if abs(mean) > half else 0.0, float(len(changes))]


def agreements(view: View) -> dict[str, int]:
    """Return for how many activations kernels see the sign that bins see, and the other one."""
    signs = {way: own["sign"] for way, own in measured_by_both(view).items()}
    found = {"kernels-of": len(signs["bins"])}
    for title in KERNELS.values():
        products = signs["bins"] * signs[title]
        found[f"agree {title}"] = int((products > 0).sum())
        found[f"against {title}"] = int((products < 0).sum())
    return found

"""Means over networks that the chapter on earlier work shows and quotes."""

import numpy as np
import pandas as pd

from experiments.information_plane import gradient
from experiments.information_plane.plane_record import USUAL, member_key
from ibutils.information import nats_to_bits
from reproduce.view import View

FULL, SMALL = 3277, 256  # words in a batch
TANH, RELU = member_key("tanh"), member_key("relu")
BOTH = {"tanh": TANH, "ReLU": RELU}
SHARES = {0.05: "least", 0.3: "few", 0.8: "most"}  # of the words
DEPTHS = (1, 3, 5)
LEVELS = (0.8, 0.9, 0.95)  # of test accuracy
KINDS = {"tanh": "tanh", "ReLU": "relu", "softsign": "softsign", "softplus": "softplus"}
VARIANCES = {"0.1": "wide", "0.001": "narrow"}  # of kernels
ENTROPIES = {
    "before, bits": "entropy_initial",
    "after, bits": "entropy_final",
    "after with an offset of 1e-8, bits": "entropy_final_coarse",
    "repeated words, %": "repeated",
}


def mean_of(
    view: View, target: str, metric: str, by: str | list[str], *, layer: int | None = None
) -> pd.Series:
    """Return the mean of a metric in the layer of the chapter by a factor, in bits for nats."""
    own = view.rows(target).query("metric == @metric")
    own = own[own["layer"].isna() | (own["layer"] == (layer or view.chosen.layer))]
    means = own.groupby(by)["value"].mean()
    return nats_to_bits(means) if own["unit"].iloc[0] == "nat" else means


def accuracy_in_test(view: View, target: str, by: str | list[str]) -> pd.Series:
    """Return the mean test accuracy in percent by a factor."""
    ends = view.rows(target).query("metric == 'accuracy' and split == 'test'")
    return 100 * ends.groupby(by)["value"].mean()


def needed(view: View, count: int, level: float) -> int | None:
    """Return the first logged epoch at which the mean test accuracy is at a level."""
    own = view.arrays("AE-F7" if count == USUAL["hidden"] else "SZT-F5")
    course = own[member_key("tanh", hidden=count)]
    reached = course["accuracy"][:, 1] >= level
    return int(course["epochs"][reached.argmax()]) if reached.any() else None


def entropies_by_neighbours(view: View) -> pd.DataFrame:
    """Return entropies before and after training in bits, and repeated words in percent."""
    found = {
        title: mean_of(view, "SX-F12", metric, "activation") for title, metric in ENTROPIES.items()
    }
    table = pd.DataFrame(found)
    return table.assign(**{"repeated words, %": 100 * table["repeated words, %"]})


def numbers(view: View) -> dict[str, float | None]:
    """Return what the prose quotes."""
    found: dict[str, float | None] = {}
    found |= _of_batches(view) | _of_saturation(view) | _of_shares(view)
    for count in DEPTHS:
        for level in LEVELS:
            found[f"epochs-{count}-{100 * level:.0f}"] = needed(view, count, level)
    for variance, short in VARIANCES.items():
        drop = mean_of(view, "SX-F8", f"drop_kde-{variance}", "activation")
        found |= {f"kernel-{short}-{kind}": float(drop[kind]) for kind in KINDS.values()}
    table = entropies_by_neighbours(view)
    for title, short in zip(ENTROPIES, ("before", "after", "coarse", "repeated"), strict=True):
        found |= {
            f"entropy-{name}-{short}": float(table[title][name]) for name in ("tanh", "relu")
        }
    steps = gradient.measure(view.rows("SX-F20"), view.arrays("SX-F20"))
    steps = steps[steps["layer"] == view.chosen.layer]
    for name, own in steps.groupby("activation")["value"]:
        found[f"signal-{name}"] = float(np.exp(np.log(own).mean()))
    return found


def _of_batches(view: View) -> dict[str, float]:
    """Return drops and accuracies by even bins, and with full batches."""
    even = mean_of(view, "SX-F1AB", "drop", "activation")
    tests = accuracy_in_test(view, "SX-F1AB", "activation")
    factors = ["activation", "batch"]
    drop = mean_of(view, "SX-F5", "drop", factors)
    before = mean_of(view, "SX-F5", "drop", factors, layer=view.chosen.layer - 1)
    found = {"full-accuracy": float(accuracy_in_test(view, "SX-F5", factors)["tanh", FULL])}
    for short, batch in (("full", FULL), ("small", SMALL)):
        found[f"{short}-before"] = float(before["tanh", batch])
        found |= {f"{short}-{name}": float(drop[name, batch]) for name in ("tanh", "relu")}
    for name in ("tanh", "relu"):
        found |= {f"even-{name}": float(even[name]), f"test-{name}": float(tests[name])}
    return found


def _of_saturation(view: View) -> dict[str, float]:
    """Return shares of saturated activity, and the drop by bins even in net input."""
    by_input = mean_of(view, "SX-F14", "drop_even-input", "activation")
    last = view.arrays("SX-F16")[RELU]["histograms"][-1]
    found = {
        f"saturated-{end}": 100 * mean_of(view, "SX-F16", f"saturated_{end}", "activation")["tanh"]
        for end in ("initial", "final")
    }
    beyond = {"beyond-first": 100 * float(last[0, -1]), "beyond-last": 100 * float(last[4, -1])}
    return found | beyond | {"input-drop": float(by_input["tanh"])}


def _of_shares(view: View) -> dict[str, float]:
    """Return drops and ends by the share of words, and accuracies with 30 %."""
    gaps = view.rows("SX-F4CD").query("metric == 'accuracy' and fraction == 0.3")
    gap = 100 * gaps.groupby("split")["value"].mean()
    found = {f"gap-{split}": float(gap[split]) for split in ("train", "test")}
    names = {"share-drop": ("SZT-F3", "drop"), "label-drop": ("SZT-F3", "labels_drop")}
    names["label-end"] = "SZT-F7", "labels_final"
    for name, (target, metric) in names.items():
        values = mean_of(view, target, metric, "fraction")
        found |= {f"{name}-{short}": float(values[share]) for share, short in SHARES.items()}
    return found

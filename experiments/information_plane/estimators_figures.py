"""The figures and tables of the chapter on estimators, from its record."""

import math

import numpy as np
import pandas as pd
import torch
from matplotlib.figure import Figure

from experiments.information_plane import estimator_panels as panels
from experiments.information_plane import plane_panels, shared_signs
from experiments.information_plane.observers import (
    HIDDEN,
    NOISES,
    RESOLUTIONS,
    kernel_epochs,
)
from experiments.style import ACTIVATIONS
from ibutils.data import icosahedral
from ibutils.estimators import binning
from ibutils.information import entropy, nats_to_bits
from ibutils.information_plane import log_spaced_epochs
from ibutils.nets.narrow import LOWS
from reproduce.view import View

TRAINED = ("tanh", "relu")
OBSERVERS = {
    "global": "one range",
    "epoch": "range of the epoch",
    "layer": "range of the layer",
    "ebab": "EBAB",
    "kde": "KDE",
    "akde": "aKDE",
}
PLAIN = 0.05 * math.log(2)  # nats, from which on a change is plain
EDGES = 10  # bins whose edges are drawn


def largest_activity(view: View) -> Figure:
    """Draw the largest activity of each hidden layer while training."""
    found = _by_activation(view, "AE-F1")
    reach = {
        ACTIVATIONS[kind]: np.stack([values["reach"][:, :HIDDEN] for values in seeds])
        for kind, seeds in found.items()
    }
    return panels.largest_activity(_logged(view, "AE-F1"), reach)


def edges(view: View) -> Figure:
    """Draw the edges of two rules under the distinct activities of one layer."""
    layers, cut = {}, {}
    for kind, seeds in _by_activation(view, "AE-F1").items():
        title = f"{ACTIVATIONS[kind]}, layer 4"
        one = next(values for values in seeds if "layer" in values)
        h, low = torch.from_numpy(one["layer"]), LOWS[kind]
        others = h.where(h != low, h.max())
        ends = (float(end) for end in one["span"])
        layers[title] = h.unique().numpy()
        cut[title] = {
            "one range": binning.uniform_edges(*ends, bins=EDGES).numpy(),
            "EBAB": binning.equal_distinct_edges(others, bins=EDGES).numpy(),
        }
    return panels.edges_over_activity(layers, cut)


def planes(view: View) -> Figure:
    """Draw one training of each activation as the six estimators see it."""
    logged, every = _logged(view, "AE-F3"), view.settings("AE-F3")["kernel_every"]
    epochs = logged[kernel_epochs(len(logged), every=every)]
    drawn = {
        f"{ACTIVATIONS[kind]},\n{title}": np.moveaxis(nats_to_bits(own[name]), 0, -1)
        for kind, (own,) in _by_activation(view, "AE-F3", first=True).items()
        for name, title in OBSERVERS.items()
    }
    ceilings = _ceiling(view, "AE-F3"), label_entropy()
    return plane_panels.planes(drawn, epochs, ceilings=ceilings)


def label_entropy() -> float:
    """Return the entropy of the labels of all words, in bits."""
    labels = icosahedral.read()[1]
    return nats_to_bits(float(entropy(labels.bincount().double() / len(labels))))


def change_table(view: View) -> pd.DataFrame:
    """Return fall and change by activation and estimator."""
    means, kept = _means(view), {}
    for kind in TRAINED:
        for name, title in OBSERVERS.items():
            kept[ACTIVATIONS[kind], title] = {
                "fall, bits": f"{nats_to_bits(means[kind, f'{name}_hidden_drop']):z.2f}",
                "change, bits": f"{nats_to_bits(means[kind, f'{name}_hidden_change']):z.2f}",
            }
    return pd.DataFrame.from_dict(kept, orient="index")


def resolutions(view: View) -> Figure:
    """Draw the information of the last hidden layer at each resolution."""
    drawn = {}
    for kind, (own,) in _by_activation(view, "AE-RES", first=True).items():
        one = {name: nats_to_bits(values) for name, values in own.items()}
        by_bins = {name: one[name] for name in ("equal width", "EBAB")}
        by_noise = {f"KDE, {side} bound": one[side] for side in ("upper", "lower")}
        drawn[f"{ACTIVATIONS[kind]}, bins"] = np.array(RESOLUTIONS), by_bins
        drawn[f"{ACTIVATIONS[kind]}, noise"] = np.array(NOISES), by_noise
    names = ["bins", "variance of the noise"] * (len(drawn) // 2)
    ceiling = _ceiling(view, "AE-RES")
    return panels.information_against_resolution(drawn, axes_names=names, ceiling=ceiling)


FIGURES = {
    "AE-F1": largest_activity,
    "AE-F1 edges": edges,
    "AE-F3": planes,
    "AE-F3 changes": change_table,
    "AE-RES": resolutions,
}


def numbers(view: View) -> dict[str, float]:
    """Return what the prose quotes: ratios, changes in bits, and shares in percent."""
    means = _means(view)
    of_tanh = view.rows("AE-RES").query("activation == 'tanh'").groupby("metric")["value"]
    single, double = (
        of_tanh.get_group(f"change_all_bins{precision}") for precision in ("", "_double")
    )
    found = {
        "plane-bins": float(view.settings("AE-F3")["bins"]),
        "plane-finest": nats_to_bits(float(single.mean())),
        "plane-untied": int((double.abs() < PLAIN).sum()),
        "plane-networks": len(double),
        "plane-tied": nats_to_bits(float(double.min())),
    }
    for name in ("ebab", "epoch", "global"):
        found[f"relu-{name}-change"] = nats_to_bits(float(means["relu", f"{name}_hidden_change"]))
    for kind in TRAINED:
        found[f"plane-agree-{kind}"] = 100 * float(means[kind, "sign_agreement"])
    relu = view.rows("AE-F3").query("activation == 'relu'")
    changes = relu.pivot_table("value", "seed", "metric")
    living = changes[changes["ebab_hidden_change"] != 0]
    found["relu-living"] = len(living)
    found["relu-ebab-falls"] = int((living["ebab_hidden_change"] < 0).sum())
    found["relu-epoch-rises"] = int((living["epoch_hidden_change"] > 0).sum())
    return found | _shared_falls(view) | _ratios(view)


def _shared_falls(view: View) -> dict[str, float]:
    """Return how many ReLU layers adaptive bins see fall, and how many of these kernels do."""
    seen = shared_signs.changes(view.rows("AE-F3"), view.arrays("AE-F3"))
    falls = seen[(seen["activation"] == "relu") & (seen["ebab"] < -PLAIN)]
    return {"plane-falls": len(falls), "plane-falls-shared": int((falls["akde"] < 0).sum())}


def _ratios(view: View) -> dict[str, float]:
    """Return how far the last hidden ReLU layer outgrows the first, here and in the planes."""
    rows = view.rows("AE-F1").query("activation == 'relu'")
    spanned = rows.query("metric == 'bins_spanned'")["value"]
    ratio = own = rows.query("metric == 'maximum_ratio'")["value"]
    larger = view.rows("AE-F8")  # the same training, trained for the planes with more seeds
    ordered = 0
    if len(larger):
        largest = larger.query("metric == 'largest' and l2 == 0")
        by_layer = largest.pivot_table("value", "seed", "layer")
        ratio = by_layer[5] / by_layer[1]
        ordered = int((by_layer[[1, 2, 3, 4, 5]].diff(axis=1).iloc[:, 1:] > 0).all(axis=1).sum())
    return {
        "plane-ratio-own": float(own.mean()),
        "plane-ratio-own-n": len(own),
        "plane-ratio": float(ratio.mean()),
        "plane-ratio-sem": float(np.asarray(ratio.sem())),
        "plane-ratio-median": float(ratio.median()),
        "plane-ratio-n": len(ratio),
        "plane-ordered": ordered,
        "plane-span": float(spanned.median()),
    }


def _means(view: View) -> pd.Series:
    return view.rows("AE-F3").groupby(["activation", "metric"])["value"].mean()


def _by_activation(
    view: View, target: str, *, first: bool = False
) -> dict[str, list[dict[str, np.ndarray]]]:
    """Return recorded arrays of each seed by activation."""
    members = view.members(target, first=first)
    found = {kind: [own for m, own in members if m["activation"] == kind] for kind in TRAINED}
    return {kind: seeds for kind, seeds in found.items() if seeds}


def _logged(view: View, target: str) -> np.ndarray:
    settings = view.settings(target)
    return np.array(log_spaced_epochs(settings["epochs"], points=settings["points"]))


def _ceiling(view: View, target: str) -> float:
    """Return the information that tells all measured words apart, in bits."""
    return math.log2(view.settings(target)["measured"])

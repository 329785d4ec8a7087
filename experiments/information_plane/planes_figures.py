"""The figures and tables of the chapter on planes of eight activations, from its record."""

import math
from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd
import torch
from IPython.display import HTML
from matplotlib.figure import Figure

from experiments.information_plane import phases
from experiments.information_plane.kernels_and_bins import agreements, kernels_and_bins
from experiments.information_plane.layer_courses import both_informations
from experiments.information_plane.plane_animation import plane_animation
from experiments.information_plane.plane_panels import (
    any_of,
    changes,
    information_change,
    mean_planes,
    planes,
)
from experiments.information_plane.plane_record import in_bits, member_key
from experiments.style import ACTIVATIONS
from reproduce.view import View

MEMBERS = {title: member_key(name) for name, title in ACTIVATIONS.items()}
TANH, RELU = member_key("tanh"), member_key("relu")
SINGLES = 8  # networks whose planes are drawn
LOST = 0.005  # bits that a mean loses at least where it is said to fall
EARLY = 100  # epochs
PHASES = {  # what a table calls what is said of two phases
    "start": "before training",
    "rise": "largest rise",
    "while fitting": "change while fitting",
    "after": "change after fitting",
    "peak at epoch": "epoch of the peak",
    "fitted at epoch": "epoch when fitted",
}


def averaged(view: View) -> Figure:
    """Draw planes averaged over initialisations, and say which rule the bins follow."""
    arrays = view.arrays("AE-F7")
    figure = planes(mean_planes(arrays, MEMBERS), any_of(arrays, "epochs"))
    rule = rule_of_bins(arrays, view.arrays("AE-F9"))
    figure.suptitle(f"adaptive bins {rule}", fontsize="medium")
    return figure


def rule_of_bins(drawn: Iterable[str], scores: Mapping[str, Iterable[str]]) -> str:
    """Return whose adaptive bins are the published ones, of the members that are drawn.

    Args:
        drawn: Their names on record.
        scores: The names of the scores that are on record, by member.
    """
    # Earlier records have as the main rule what is recorded beside the published one now.
    earlier = [
        title
        for title, name in MEMBERS.items()
        if name in drawn and "scores ebab-own-ends" not in scores.get(name, {})
    ]
    return f"as published, but for {', '.join(earlier)}" if earlier else "as published"


def by_epoch(view: View) -> HTML:
    """Show the averaged planes with a slider over epochs."""
    arrays = view.arrays("AE-F7")
    name = "live-planes-by-epoch" if view.live else "planes-by-epoch"
    panels = mean_planes(arrays, MEMBERS, name="planes")
    return HTML(plane_animation(panels, any_of(arrays, "kept"), name=name, opens=EARLY))


def change_summary(view: View) -> pd.DataFrame:
    """Return mean change and its standard error by activation and layer, in bits."""
    table = _summary(view.rows("AE-F7"))
    layers = table.columns.get_level_values("layer").unique()
    shown = {f"layer {layer:g}": table[layer].apply(_with_error, axis=1) for layer in layers}
    table = pd.DataFrame(shown).rename(index=ACTIVATIONS)
    return table.rename_axis(index=None, columns="change, bits")


def _with_error(row: pd.Series) -> str:
    """Return a mean with its standard error, if there is one."""
    error = "" if math.isnan(row["sem"]) else f" ± {row['sem']:.2f}"
    return f"{row['mean']:z.2f}{error}"


def _summary(rows: pd.DataFrame) -> pd.DataFrame:
    grouped = information_change(rows, "activation").groupby(["activation", "layer"])["change"]
    table = pd.DataFrame(grouped.agg(["mean", "sem"]).unstack("layer")).swaplevel(axis=1)
    return table.sort_index(axis=1).reindex([name for name in ACTIVATIONS if name in table.index])


def change_by_activation(view: View) -> Figure:
    """Draw the change of information of each network, by activation and layer."""
    table = information_change(view.rows("AE-F7"), "activation")
    return changes(
        table, "activation", [name for name in ACTIVATIONS if name in set(table["activation"])]
    )


def fitting_and_compression(view: View) -> Figure:
    """Draw the mean courses of the tanh networks by both kinds of bins."""
    arrays = view.arrays("AE-F7")
    title, name = ("tanh", TANH) if TANH in arrays else (next(iter(arrays)),) * 2
    own = arrays[name]
    panels = {
        f"{title}, adaptive bins (EBAB)": (own["epochs"], in_bits(own["mean"])),
        f"{title}, even bins": (own["kept"], in_bits(own["even"])),
    }
    return both_informations(panels, layers=(3, 4, 5, 6))


def two_phases(view: View) -> pd.DataFrame:
    """Return what the mean course of layer 5 says of two phases, in bits."""
    table = _two_phases(view.arrays("AE-F7"))
    epochs = pd.Index([name for name in PHASES if name.endswith("epoch")])
    shown = table.map("{:z.2f}".format)
    shown[epochs] = table[epochs].map("{:,.0f}".format)
    return shown.rename(columns=PHASES).rename(index={"EBAB": "adaptive"})


def _two_phases(arrays: Mapping[str, Mapping[str, np.ndarray]]) -> pd.DataFrame:
    found = {}
    for title, own in ((title, arrays.get(name)) for title, name in MEMBERS.items()):
        if own:
            found[title, "EBAB"] = _phases_of(own["epochs"], in_bits(own["mean"])[:, 4])
            found[title, "even"] = _phases_of(own["kept"], in_bits(own["even"])[:, 4])
    return pd.DataFrame.from_dict(found, orient="index").rename_axis(["layer 5 of", "bins"])


def _phases_of(epochs: np.ndarray, course: np.ndarray) -> dict[str, float]:
    """Return what the mean course of one layer, ``[epochs, 2]`` in bits, says of two phases."""
    about_input, about_labels = torch.from_numpy(course).T
    return {
        "start": float(about_input[0]),
        "rise": float(phases.rise(about_input)),
        "while fitting": float(phases.change_while_fitting(about_input, about_labels)),
        "after": float(phases.change_after_fitting(about_input, about_labels)),
        "peak at epoch": int(epochs[about_input.argmax()]),
        "fitted at epoch": int(epochs[phases.fitting_end(about_labels)]),
    }


def early_losses(view: View) -> pd.DataFrame:
    """Return the layers whose mean information about the label falls for a hundred epochs.

    They fall by more than two standard errors over networks.
    """
    arrays, lost = view.arrays("AE-F7"), {}
    for title, own in ((title, arrays.get(name)) for title, name in MEMBERS.items()):
        if own:
            about_labels = in_bits(own["planes"])[..., 1]  # [epochs, networks, layers]
            change = about_labels[_hundred(own["kept"])] - about_labels[0]
            errors = change.std(0, ddof=1) / len(change) ** 0.5 if len(change) > 1 else np.inf
            means = change.mean(0)
            falls = means < np.minimum(-LOST, -2 * errors)
            pairs = zip(means, np.broadcast_to(errors, means.shape), falls, strict=True)
            lost[title] = [f"{m:.3f} ± {error:.3f}" if fell else "-" for m, error, fell in pairs]
    layers = [f"layer {layer}" for layer in range(1, 7)]
    table = pd.DataFrame.from_dict(lost, orient="index", columns=layers)
    shown = table[(table != "-").any(axis=1)]
    return shown.rename_axis(columns=f"change of I(T;Y) by epoch {EARLY}, bits")


def _hundred(epochs: np.ndarray) -> int:
    """Return the position of epoch 100 among the logged ones, or of the last."""
    return min(int(np.searchsorted(epochs, EARLY)), len(epochs) - 1)


def singles(view: View) -> Figure:
    """Draw the planes of the first ReLU networks."""
    view.rows("AE-F5")
    arrays = view.arrays("AE-F7")
    own = arrays.get(RELU) or next(iter(arrays.values()))
    shown = in_bits(own["planes"])[:, :SINGLES]
    return planes({f"seed {seed}": shown[:, seed] for seed in range(shown.shape[1])}, own["kept"])


def kernel_planes(view: View) -> Figure:
    """Draw mean planes by adaptive kernels."""
    arrays = view.arrays("AE-A")
    return planes(mean_planes(arrays, MEMBERS, name="planes"), any_of(arrays, "kept"))


FIGURES = {
    "AE-F7": averaged,
    "AE-F7 by epoch": by_epoch,
    "AE-F7 changes": change_summary,
    "AE-F7 changes of networks": change_by_activation,
    "AE-F7 courses": fitting_and_compression,
    "AE-F7 phases": two_phases,
    "AE-F7 early losses": early_losses,
    "AE-F5": singles,
    "AE-A": kernel_planes,
    "AE-A and bins": kernels_and_bins,
}


def numbers(view: View) -> dict[str, float]:
    """Return what the prose quotes."""
    arrays = view.arrays("AE-F7")
    ceiling = [plane[:, 0, 0].min() for plane in mean_planes(arrays, MEMBERS).values()]
    found = {"ceiling-least": float(min(ceiling))}
    return found | agreements(view) | _of_tanh(arrays) | _of_relu(view)


def _of_tanh(arrays: Mapping[str, Mapping[str, np.ndarray]]) -> dict[str, float]:
    """Return when the last hidden tanh layer fits, and when it compresses."""
    table, found = _two_phases(arrays), {}
    for kind in ("EBAB", "even"):
        for name in table.columns:
            value = float(table[name]["tanh", kind])
            found[f"tanh-{kind}-{name.replace(' ', '-')}"] = value
    own = arrays[TANH]
    first, then = in_bits(own["mean"])[[0, _hundred(own["epochs"])], 4]
    per_seed = torch.from_numpy(in_bits(own["planes"]))[:, :, 4].unbind(-1)
    falls = phases.change_while_fitting(*per_seed) < 0
    evenly = torch.from_numpy(in_bits(own["planes even"]))[:, :, 4].unbind(-1)
    after = phases.change_after_fitting(*evenly)
    both = (phases.change_while_fitting(*evenly) > 0) & (after < 0)
    whole = evenly[0].amax(0) - evenly[0][-1]
    return found | {
        "tanh-even-both": int(both.sum()),
        "tanh-even-after-share": 100 * float((-after / whole).mean()),
        "tanh-EBAB-rise-half": int((phases.rise(per_seed[0]) > 0.5).sum()),
        "tanh-networks": len(falls),
        "tanh-early-input": float(first[0] - then[0]),
        "tanh-early-from": float(first[1]),
        "tanh-early-to": float(then[1]),
        "tanh-falls-fitting": 100 * float(falls.double().mean()),
    }


def _of_relu(view: View) -> dict[str, float]:
    """Return how single ReLU networks differ."""
    found: dict[str, float] = {}
    relu = information_change(view.rows("AE-F5"), "activation")
    for layer, own in relu.groupby("layer"):
        found[f"relu-share-{layer:g}"] = 100 * float((own["change"] < 0).mean())
        found[f"relu-sd-{layer:g}"] = float(own["change"].std())
    units = view.rows("AE-F6").query("metric == 'dead_units' and layer == 5")["value"]
    course = in_bits(view.arrays("AE-F7")[RELU]["mean"])[:, :5, 0]
    return found | {
        "relu-dead": int((units == 3).sum()),
        "relu-seeds": len(units),
        "relu-excursion": float((course - course[0]).max()),
    }
